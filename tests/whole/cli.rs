//! The command line, as somebody types it: what each command prints, what it refuses, how it ends.

use crate::support::http::Client;
use crate::support::server::{CENTIME, Server, centime, free_port, run};
use crate::support::wait_until;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

const TABLE: &str = "Date;Amount;Category;User;Id\n\
    2026-03-02;-60.00;dining;ann;a1\n\
    2026-03-03;-50.00;dining;ann;a2\n\
    2026-03-04;-10.00;dining;bob;b1\n\
    2026-03-05;1,5;dining;bob;b2\n";

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn alerts(printed: &str) -> Vec<(String, Value)> {
    let one = |line: &str| {
        let envelope: Value = serde_json::from_str(line).expect("an envelope a line");
        (envelope["type"].as_str().expect("a type").to_owned(), envelope["data"].clone())
    };
    printed.lines().map(one).collect()
}

#[test]
fn a_table_is_replayed_alike_into_a_folder_and_into_a_running_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let (table, data) = (folder.path().join("table.csv"), folder.path().join("own"));
    std::fs::write(&table, TABLE).expect("written");
    let usual = ["replay", text(&table), "--format", "csv", "--budget", "dining=100", "--json"];
    let (fine, own, said) = run(&[&usual[..], &["--data-dir", text(&data)]].concat());
    assert!(fine, "{said}");
    let server = Server::start(&folder.path().join("served"), &[]);
    let url = format!("http://{}", server.address);
    let (fine, theirs, said) = run(&[&usual[..], &["--url", &url]].concat());
    assert!(fine, "{said}");
    assert_eq!(alerts(&theirs), alerts(&own));
    let types: Vec<String> = alerts(&own).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(types, ["budget_threshold_reached", "budget_threshold_reached", "budget_exceeded"]);
    let bobs = server.client().get("/v1/users/bob/transactions").expect(200).body;
    assert_eq!(bobs["items"].as_array().map(Vec::len), Some(1), "1,5 is no amount: {bobs}");
    let (fine, again, _) = run(&[&usual[..], &["--url", &url]].concat());
    assert!(fine && again.is_empty(), "repeated, it changes nothing: {again}");
}

#[test]
fn the_demo_raises_alerts_and_serves_the_user_it_tells_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = format!("127.0.0.1:{}", free_port());
    let data = folder.path().join("demo");
    let args = ["demo", "--listen", &address, "--demo-data-dir", text(&data), "--pace", "100ms"];
    let mut child = centime(&args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let printed = BufReader::new(child.stdout.take().expect("piped"));
    let mut lines = printed.lines().map(|line| line.expect("UTF-8"));
    let mut said = String::new();
    // What has happened, the invitation, and then what is happening.
    while !said.contains("Live, one transaction every") {
        said.push_str(&lines.next().unwrap_or_else(|| panic!("it ended: {said}")));
        said.push('\n');
    }
    assert!(said.contains("EXCEEDED"), "{said}");
    let live = lines.next().expect("a live transaction");
    let user = said.split("/v1/users/").nth(1).and_then(|rest| rest.split('/').next()).expect("its user");
    let found = Client::new(&[&address]).get(&format!("/v1/users/{user}/transactions?limit=500")).expect(200);
    assert!(found.body["items"].as_array().map_or(0, Vec::len) > 300, "a year of them; live: {live}");
    child.kill().expect("it runs");
    child.wait().expect("it has ended");
}

#[test]
fn a_journal_is_verified_and_printed_and_damage_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut server = Server::start(&data, &[]);
    let expense = json!({"transaction_type": "Expense", "amount": "60.00", "category": "dining"});
    server.client().command("ann", "create_transaction", "lunch", &expense).expect(201);
    server.client().command("bob", "create_transaction", "dinner", &expense).expect(201);
    assert!(server.terminate().success(), "{}", server.log_tail());
    // Flags of all commands may come first.
    let (whole, said, _) = run(&["--log", "warn", "journal", "verify", "--data-dir", text(&data)]);
    assert!(whole && said.contains("the journal is whole"), "{said}");
    let (fine, printed, _) = run(&["journal", "dump", "--data-dir", text(&data), "--user", "ann"]);
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(fine && lines.len() == 1 && lines[0]["id"] == "lunch", "{printed}");
    assert_eq!(lines[0]["events"][0]["data"]["amount"], "60.00");

    let segment =
        std::fs::read_dir(data.join("journal")).expect("a journal").map(|e| e.expect("an entry").path());
    let segment =
        segment.into_iter().find(|path| path.extension().is_some_and(|e| e == "seg")).expect("a segment");
    let mut bytes = std::fs::read(&segment).expect("it can be read");
    let first = bytes.len() - 200;
    bytes[first] ^= 1;
    std::fs::write(&segment, bytes).expect("written");
    let (whole, said, _) = run(&["journal", "verify", "--data-dir", text(&data)]);
    assert!(!whole && said.contains("DAMAGED") && said.contains(text(&segment)), "{said}");
    let (started, _, error) = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", text(&data)]);
    assert!(!started && error.contains("restore the journal folder from a backup"), "{error}");
}

#[test]
fn a_folder_is_for_one_process_and_the_second_is_told_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let _first = Server::start(&data, &[]);
    let (started, _, error) = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", text(&data)]);
    assert!(
        !started && error.contains("in use by another centime") && error.contains("--data-dir"),
        "{error}"
    );
}

#[test]
fn the_usual_variables_choose_the_bus_and_its_brokers() {
    let folder = tempfile::tempdir().expect("a folder");
    let serve = |bus: &str, flags: &[&str]| {
        let args = [&["serve", "--listen", "127.0.0.1:0", "--data-dir", text(folder.path())], flags].concat();
        let mut command = centime(&args);
        // Nobody listens there: it says where it has looked.
        command.env("MESSAGE_BUS_TYPE", bus).env("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9");
        let output = command.stdin(Stdio::null()).output().expect("the binary runs");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(serve("kafka", &[]).contains("127.0.0.1:9"), "{}", serve("kafka", &[]));
    let flagged = serve("kafka", &["--bootstrap-servers", "127.0.0.1:10"]);
    assert!(flagged.contains("127.0.0.1:10"), "a flag wins: {flagged}");
    let wrong = serve("pigeon", &[]);
    assert!(wrong.contains("pigeon") && wrong.contains("embedded"), "{wrong}");
}

/// Somebody listens to a feed, somebody has sent half a request: neither may hold it up.
#[test]
fn a_sigterm_ends_it_within_ten_seconds_whoever_is_connected() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&folder.path().join("data"), &[]);
    let connect = |request: &str| {
        let mut stream = TcpStream::connect(&server.address).expect("it listens");
        stream.write_all(request.as_bytes()).expect("sent");
        stream
    };
    let _feed = connect("GET /v1/users/ann/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let _half = connect(
        "POST /v1/users/ann/transactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: 100\r\n\r\n{\"transaction_type\":",
    );
    wait_until("both to be taken in", || server.client().get("/health/live").status == 200);
    let began = Instant::now();
    assert!(server.terminate().success(), "{}", server.log_tail());
    assert!(began.elapsed() < Duration::from_secs(10), "it took {:?}", began.elapsed());
}

#[test]
fn help_tells_every_command_and_flag() {
    for args in [
        &["--help"][..],
        &["serve", "--help"],
        &["replay", "--help"],
        &["demo", "--help"],
        &["journal", "--help"],
    ] {
        let (fine, said, _) = run(args);
        assert!(fine && said.contains("Usage"), "{CENTIME} {args:?}: {said}");
    }
    let (_, said, _) = run(&["serve", "--help"]);
    for flag in ["--listen", "--data-dir", "--bus", "--kafka", "--auth", "--clock"] {
        assert!(said.contains(flag), "{flag} in {said}");
    }
}
