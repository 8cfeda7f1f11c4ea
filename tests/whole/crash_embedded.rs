//! `kill -9` at any moment, again and again, under load: on the embedded log nothing acknowledged is lost, nothing happens
//! twice, and the cache beside the journal may be damaged in between.

use crate::support;
use crate::support::damage::spoil_sled;
use crate::support::load::{self, Load};
use crate::support::random::Random;
use crate::support::server::Server;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

const FLAGS: [&str; 4] = ["--write-behind", "100ms", "--partitions", "4"];

#[test]
fn whatever_is_killed_whenever_each_command_takes_effect_exactly_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut random = Random::of_this_run();
    let mut server = Server::start(&data, &FLAGS);
    let client = server.client();
    let load = Load::start(&client, "user", 6, 4, random.next());
    for round in 0..support::rounds() {
        load.goes_on(50);
        std::thread::sleep(random.millis(0, 400));
        server.kill();
        spoil_sled(&server, round, &mut random);
        server.restart();
        server.wait_ready();
    }
    load.goes_on(50);
    let mut stories = load.stop();
    load::end_and_check_feeds(&client, &mut stories);
    load::transactions_are_the_oracles(&client, &stories);

    let before = load::everything(&client, &stories);
    assert!(server.terminate().success(), "{}", server.log_tail());
    std::fs::remove_dir_all(data.join("sled")).expect("sled may be deleted");
    server.restart();
    server.wait_ready();
    assert_eq!(load::everything(&client, &stories), before, "rebuilt from the journal alone");
}

#[test]
fn a_torn_tail_of_the_journal_costs_nothing_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut server = Server::start(&data, &FLAGS);
    let client = server.client();
    let load = Load::start(&client, "user", 2, 2, 1);
    load.goes_on(40);
    let mut stories = load.stop();
    server.kill();
    // What a crash in the middle of a write leaves behind: the beginning of a record that was never acknowledged.
    let newest = newest_file(&data.join("journal"));
    OpenOptions::new()
        .append(true)
        .open(&newest)
        .expect("the journal")
        .write_all(&[1, 200, 0, 0, 0, 7, 7])
        .expect("written");
    server.restart();
    server.wait_ready();
    load::transactions_are_the_oracles(&client, &stories);
    for story in &mut stories {
        load::next(&client, story);
    }
    load::end_and_check_feeds(&client, &mut stories);
}

fn newest_file(folder: &Path) -> std::path::PathBuf {
    let files = std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = files.filter(|path| path.is_file()).collect();
    files.sort_by_key(|path| path.metadata().and_then(|meta| meta.modified()).expect("a time"));
    files.pop().expect("the journal has a file")
}
