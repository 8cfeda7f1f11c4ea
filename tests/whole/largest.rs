//! The largest command there may be, of text that nothing compresses: it goes through Kafka, and so does what restores it.

use crate::support::cluster::Cluster;
use crate::support::random::Random;
use reqwest::Method;
use serde_json::{Value, json};

/// The largest body is 1 MiB; a row is a note of 1,950 bytes and some 80 others, its event a note and some 200 others.
const ROWS: u32 = 500;
const NOTE: u32 = 1_950;
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn rows() -> Vec<Value> {
    let mut random = Random::new(1);
    let mut note = || (0..NOTE).map(|_| char::from(*random.pick(LETTERS))).collect::<String>();
    let row =
        |n: u32| json!({"date": "2026-01-02", "amount": format!("-{n}.25"), "payee": "Shop", "note": note()});
    (1..=ROWS).map(row).collect()
}

#[test]
fn a_command_of_a_megabyte_goes_through_kafka_and_comes_back_from_an_export() {
    let cluster = Cluster::start(1);
    let client = cluster.client();
    let import = json!({"import_id": "all", "source": "csv", "rows": rows()});
    assert!(import.to_string().len() > 1_000_000);
    client.command("ada", "import_transactions", "c1", &import).expect(201);

    let file = client.get("/v1/users/ada/export").expect(200).text;
    assert!(file.len() > 1_048_576, "more than a broker takes by default: {}", file.len());
    let restored = client.send(&Method::POST, "/v1/users/eve/restore", &[], Some(&file)).expect(201);
    let [ada, eve] = ["ada", "eve"].map(|user| client.all_items(&format!("/v1/users/{user}/transactions")));
    assert_eq!(eve, ada, "{}", restored.text);
    assert_eq!(eve.len(), usize::try_from(ROWS).expect("small"));
}
