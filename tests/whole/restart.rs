//! Stopping and starting: in good order and without, nothing is lost and little is read again.

use crate::support;
use crate::support::http::Client;
use crate::support::load::{self, Load};
use crate::support::server::Server;
use crate::support::story::Story;

const FLAGS: [&str; 2] = ["--write-behind", "50ms"];

/// So many users with so many commands each.
fn work(client: &Client, commands: usize) -> Vec<Story> {
    let load = Load::start(client, "user", 4, 4, 11);
    load.goes_on(commands);
    load.stop()
}

fn decided(stories: &[Story]) -> f64 {
    let count: usize = stories.iter().map(|story| story.steps.len()).sum();
    f64::from(u32::try_from(count).expect("few"))
}

#[test]
fn a_sigterm_under_load_ends_the_process_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&folder.path().join("data"), &FLAGS);
    let client = server.client();
    let load = Load::start(&client, "user", 4, 4, 5);
    for _ in 0..2 {
        load.goes_on(100);
        assert!(server.terminate().success(), "{}", server.log_tail());
        server.restart();
        server.wait_ready();
    }
    load.goes_on(100);
    let mut stories = load.stop();
    load::end_and_check_feeds(&client, &mut stories);
    load::transactions_are_the_oracles(&client, &stories);
}

#[test]
fn after_a_good_stop_next_to_nothing_is_replayed_and_reads_come_from_the_cache() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&folder.path().join("data"), &FLAGS);
    let client = server.client();
    let stories = work(&client, 800);
    let before = load::everything(&client, &stories);
    assert!(server.terminate().success(), "{}", server.log_tail());
    server.restart();
    server.wait_ready();
    let (replayed, all) = (server.metric("centime_replayed_commands_total"), decided(&stories));
    assert!(
        replayed < all / 5.0,
        "{replayed} of {all} were replayed: more than each partition's last record"
    );
    assert_eq!(load::everything(&client, &stories), before);
    assert!(server.metric("centime_page_reads_total") >= 16.0, "each user's state was read from the cache");
}

#[test]
fn after_a_kill_only_what_the_cache_lacks_is_replayed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&folder.path().join("data"), &FLAGS);
    let client = server.client();
    let stories = work(&client, 800);
    support::wait_until("all changes to be written behind", || server.metric("centime_users_to_write") < 0.5);
    let before = load::everything(&client, &stories);
    // One more command a user is the tail that the cache may lack.
    let mut stories = stories;
    for story in &mut stories {
        load::next(&client, story);
    }
    server.kill();
    server.restart();
    server.wait_ready();
    let (replayed, all) = (server.metric("centime_replayed_commands_total"), decided(&stories));
    assert!(replayed < all / 2.0, "{replayed} of {all} commands were replayed");
    assert_eq!(load::everything(&client, &stories).len(), before.len());
    load::transactions_are_the_oracles(&client, &stories);
    assert!(server.metric("centime_page_reads_total") > 0.0, "states were read from the cache");
    load::end_and_check_feeds(&client, &mut stories);
}

#[test]
fn without_its_cache_everything_is_replayed_and_reads_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut server = Server::start(&data, &FLAGS);
    let client = server.client();
    let stories = work(&client, 400);
    let before = load::everything(&client, &stories);
    assert!(server.terminate().success(), "{}", server.log_tail());
    std::fs::remove_dir_all(data.join("sled")).expect("sled may be deleted");
    server.restart();
    server.wait_ready();
    let (replayed, all) = (server.metric("centime_replayed_commands_total"), decided(&stories));
    assert!((replayed - all).abs() < 0.5, "{replayed} of {all}: every command, once");
    assert_eq!(load::everything(&client, &stories), before);
}
