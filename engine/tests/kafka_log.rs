//! The Kafka log against a real broker. Each test has a group and journal partitions of its own.

#![allow(clippy::unwrap_used)]

mod kafka_support;

use centime_domain::Command;
use centime_engine::log::{CommitError, Cursor, Forward, IncomingKind, JournalError, Log};
use centime_engine::{DeadLetter, partition_of};
use kafka_support::*;
use rdkafka::consumer::Consumer as _;
use rdkafka::message::{Headers, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

const JOURNAL: &str = "centime.journal";

fn sequences(
    node: &Node,
    partition: u16,
    from: Cursor,
    until: u64,
) -> Result<Vec<(u64, Cursor)>, JournalError> {
    let mut seen = Vec::new();
    node.log.journal().read(partition, from, until, &mut |record, cursor| {
        seen.push((record.sequence, cursor));
        ControlFlow::Continue(())
    })?;
    Ok(seen)
}

#[test]
fn a_batch_becomes_true_as_a_whole() {
    let node = Node::start("whole", "a");
    assert_eq!(node.taken(0).1, 0);
    let user = user_of(0);
    let (mut batch, hash) = batch(0, 1, 0);
    add_event(&mut batch, &user, b"whole-event");
    batch.partitions[0].next_offsets = vec![(0, 5)];
    batch.partitions[0].dead_letters.push(DeadLetter {
        topic: "commands.any".to_owned(),
        partition: 0,
        offset: 17,
        reason: "no JSON".to_owned(),
        key: Some(b"whole-key".to_vec()),
        value: vec![0xff; 1_000_000],
    });
    batch.forwards.push(Forward {
        topic: "commands.any".to_owned(),
        partition: 3,
        key: b"whole-forward".to_vec(),
        value: b"{}".to_vec(),
    });
    let hints = node.commit(&mut batch).unwrap();

    let events = read_committed(&event_topic());
    let event = events.iter().find(|m| m.payload() == Some(b"whole-event")).expect("the event");
    assert_eq!(event.key(), Some(user.as_str().as_bytes()));
    assert_eq!(event.partition(), i32::from(partition_of(&user, 3)), "Java's partitioner");
    let letters = read_committed("commands.dead_letter");
    let letter = letters.iter().find(|m| m.key() == Some(b"whole-key")).expect("the dead letter");
    assert_eq!(letter.payload().unwrap().len(), 1_000_000);
    let headers: Vec<_> = letter
        .headers()
        .unwrap()
        .iter()
        .map(|h| format!("{}={}", h.key, String::from_utf8_lossy(h.value.unwrap())))
        .collect();
    assert_eq!(headers, ["topic=commands.any", "partition=0", "offset=17", "reason=no JSON"]);
    let forwarded = read_committed("commands.any");
    let forwarded = forwarded.iter().find(|m| m.key() == Some(b"whole-forward")).expect("the forward");
    assert_eq!(forwarded.partition(), 3);

    let read = sequences(&node, 0, Cursor::default(), 1).unwrap();
    assert_eq!(read, [(1, Cursor { sequence: 1, hash, hint: hints[0] })]);
    node.committer.lock().unwrap().still_owner(&[0]).unwrap();
}

#[test]
fn a_batch_of_many_requests_arrives_whole_and_in_order() {
    let node = Node::start("large", "a");
    node.taken(4);
    let user = user_of(4);
    let (mut batch, hash) = batch(4, 1, 0);
    // More than a broker takes at once for one partition, and an odd one that is nearly as large.
    let body = |n: usize| format!("large-{n:05}-{}", "x".repeat(if n == 17 { 900_000 } else { 1_000 }));
    for n in 0..3_000 {
        add_event(&mut batch, &user, body(n).as_bytes());
    }
    let first = node.commit(&mut batch).unwrap();
    let (mut next, _) = kafka_support::batch(4, 2, hash);
    let second = node.commit(&mut next).unwrap();
    assert!(second[0] > first[0], "behind the first one's record: {first:?} {second:?}");
    let events = values(&read_committed(&event_topic()));
    let events: Vec<_> = events.iter().filter(|value| value.starts_with("large-")).collect();
    assert_eq!(events.len(), 3_000);
    assert!(events.iter().enumerate().all(|(n, value)| **value == body(n)), "in order, and as they were");
}

#[test]
fn the_same_transactional_id_fences_and_nothing_of_the_fenced_batch_is_seen() {
    let node = Node::start("fence", "a");
    let (epoch, _) = node.taken(1);
    let (mut first, hash) = batch(1, 1, 0);
    node.commit(&mut first).unwrap();
    // Both of its producers are fenced.
    for turn in 0..2 {
        let other = open_transaction(&format!("fence-a-0-{turn}"));
        other.abort_transaction(Duration::from_secs(5)).unwrap();
    }
    let (mut second, _) = batch(1, 2, hash);
    add_event(&mut second, &user_of(1), b"fenced-event");
    let error = node.commit(&mut second).unwrap_err();
    assert!(matches!(error, CommitError::Doubt(_)), "{error}");
    assert!(!values(&read_committed(&event_topic())).contains(&"fenced-event".to_owned()));
    // Doubt is followed by a reset: the same partition again, under another epoch, up to what is true.
    node.log.reset(0, &[(1, epoch)]);
    assert_eq!(node.taken_after(1, epoch).1, 1);
    node.commit(&mut second).unwrap();
    assert!(values(&read_committed(&event_topic())).contains(&"fenced-event".to_owned()));
}

#[test]
fn what_was_decided_under_an_older_ownership_is_not_committed() {
    let node = Node::start("stale", "a");
    let (epoch, _) = node.taken(3);
    let (mut first, hash) = batch(3, 1, 0);
    node.commit(&mut first).unwrap();
    node.log.reset(0, &[(3, epoch)]);
    node.taken_after(3, epoch);
    let (mut stale, _) = batch(3, 2, hash);
    stale.partitions[0].epoch = epoch;
    assert!(matches!(node.commit_as_it_is(&stale), Err(CommitError::Doubt(_))));
    node.commit(&mut stale).unwrap();
}

#[test]
fn a_late_reset_leaves_a_newer_ownership_alone() {
    let node = Node::start("late", "a");
    let (epoch, _) = node.taken(3);
    node.log.reset(0, &[(3, epoch)]);
    let (newer, _) = node.taken_after(3, epoch);
    // What was decided meanwhile must not become stale: that would bring the next reset.
    node.log.reset(0, &[(3, epoch)]);
    let (mut batch, _) = batch(3, 1, 0);
    batch.partitions[0].epoch = newer;
    node.commit_as_it_is(&batch).unwrap();
}

#[test]
fn what_is_not_owned_is_not_committed() {
    let a = Node::start("lost", "a");
    a.taken(2);
    let (mut batch, _) = batch(2, 1, 0);
    add_event(&mut batch, &user_of(2), b"lost-event");
    a.log.stop();
    let error = a.commit(&mut batch).unwrap_err();
    assert!(matches!(error, CommitError::Doubt(_)), "{error}");
    assert!(matches!(a.committer.lock().unwrap().still_owner(&[2]), Err(CommitError::Doubt(_))));
    assert!(!values(&read_committed(&event_topic())).contains(&"lost-event".to_owned()));
}

#[test]
fn partitions_move_to_a_second_node_and_back_and_the_first_one_can_no_longer_commit_them() {
    let a = Node::start("moves", "a");
    wait_for("a to own all", || (a.owned().len() == 12).then_some(()));
    let (mut first, hash) = batch(3, 1, 0);
    a.commit(&mut first).unwrap();
    let b = Node::start("moves", "b");
    wait_for("the partitions to be shared", || (a.owned().len() == 6 && b.owned().len() == 6).then_some(()));
    assert!(a.owned().iter().all(|p| !b.owned().contains(p)));
    for partition in 0..12 {
        let (owner, other, name) = if a.owned().contains(&partition) { (&a, &b, "a") } else { (&b, &a, "b") };
        wait_for("the route", || {
            (other.log.owner_elsewhere(partition) == Some(format!("http://{name}:8000"))).then_some(())
        });
        assert_eq!(owner.log.owner_elsewhere(partition), None);
    }
    // Whoever owns 3 continues where a left off; the other is refused, with its own, fresh membership.
    let (owner, other) = if a.owned().contains(&3) { (&a, &b) } else { (&b, &a) };
    let (mut second, _) = batch(3, 2, hash);
    assert!(matches!(other.commit(&mut second), Err(CommitError::Doubt(_))));
    assert_eq!(owner.taken(3).1, 1);
    owner.commit(&mut second).unwrap();
    // A node that stops in good order hands over at once, not after its session has timed out.
    let began = Instant::now();
    b.log.stop();
    wait_for("a to own all again", || (a.owned().len() == 12).then_some(()));
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    if std::ptr::eq(owner, &raw const b) {
        assert_eq!(a.taken(3).1, 2, "up to what the other node committed");
    }
}

#[test]
fn a_takeover_does_not_wait_for_what_a_dead_owner_left_open() {
    let a = Node::start("hung", "a");
    a.taken(4);
    let (mut first, hash) = batch(4, 1, 0);
    a.commit(&mut first).unwrap();
    a.log.stop();
    // a dies in the middle of its next commit: record and anchor are with the broker, the decision is not.
    let dead = open_transaction("hung-a-0-1");
    let (second, _) = frame(4, 2, hash);
    dead.send(BaseRecord::<(), _>::to(JOURNAL).partition(4).payload(&second)).map_err(|(e, _)| e).unwrap();
    dead.flush(Duration::from_secs(5)).unwrap();
    let member: rdkafka::consumer::BaseConsumer = client().set("group.id", "hung").create().unwrap();
    let mut anchor = TopicPartitionList::new();
    let mut element = anchor.add_partition(JOURNAL, 4);
    element.set_offset(Offset::Offset(9)).unwrap();
    element.set_metadata("2,a,0,");
    dead.send_offsets_to_transaction(&anchor, &member.group_metadata().unwrap(), Duration::from_secs(5))
        .unwrap();

    let began = Instant::now();
    let b = Node::start("hung", "b");
    assert_eq!(b.taken(4).1, 1, "the open commit does not count");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert_eq!(sequences(&b, 4, Cursor::default(), 1).unwrap().len(), 1);
    let (mut second, _) = batch(4, 2, hash);
    b.commit(&mut second).unwrap();
    assert_eq!(sequences(&b, 4, Cursor::default(), 2).unwrap().len(), 2);
    assert!(dead.commit_transaction(Duration::from_secs(5)).is_err(), "settled for good");
}

#[test]
fn without_an_anchor_the_journal_says_where_it_ends_once_everything_in_it_is_decided() {
    let a = Node::start("first", "a");
    a.taken(5);
    let (mut hash, mut places) = (0, Vec::new());
    for sequence in 1..=50 {
        let (mut batch, next) = batch(5, sequence, hash);
        places.push(Cursor { sequence, hash: next, hint: a.commit(&mut batch).unwrap()[0] });
        hash = next;
    }
    a.log.stop();
    // Record 51 is there, its decision comes late; an aborted one follows.
    let late = open_transaction("late");
    let (last, _) = frame(5, 51, hash);
    late.send(BaseRecord::<(), _>::to(JOURNAL).partition(5).payload(&last)).map_err(|(e, _)| e).unwrap();
    late.flush(Duration::from_secs(5)).unwrap();
    let aborted = open_transaction("aborted");
    aborted.send(BaseRecord::<(), _>::to(JOURNAL).partition(5).payload(&last)).map_err(|(e, _)| e).unwrap();
    aborted.flush(Duration::from_secs(5)).unwrap();
    aborted.abort_transaction(Duration::from_secs(5)).unwrap();

    let b = Node::start("first-again", "b");
    std::thread::sleep(Duration::from_millis(1500));
    assert!(!b.owned().contains(&5), "taken before record 51 was decided");
    late.commit_transaction(Duration::from_secs(5)).unwrap();
    assert_eq!(b.taken(5).1, 51);
    reading_goes_on_from_any_place(&b, &places);
}

fn reading_goes_on_from_any_place(node: &Node, places: &[Cursor]) {
    assert_eq!(sequences(node, 5, Cursor::default(), 51).unwrap().len(), 51);
    for place in places.iter().step_by(7) {
        let wanted: Vec<u64> = (place.sequence + 1..=51).collect();
        let found = |from| sequences(node, 5, from, 51).unwrap().iter().map(|(s, _)| *s).collect::<Vec<_>>();
        assert_eq!(found(*place), wanted, "at its hint");
        assert_eq!(found(Cursor { hint: 0, hash: 0, ..*place }), wanted, "looked up");
    }
    let wrong = |from| matches!(sequences(node, 5, from, 51), Err(JournalError::NotHere { .. }));
    assert!(wrong(Cursor { hash: 1, ..places[9] }), "another history");
    assert!(wrong(Cursor { sequence: 9, ..places[20] }), "another sequence");
    assert!(wrong(Cursor { hint: 1_000_000, ..places[20] }), "past the end");
    let gone = sequences(node, 5, places[49], 60).unwrap_err();
    assert!(gone.to_string().contains("ends at sequence 51, but 60 was committed"), "{gone}");
}

#[test]
fn commands_are_fed_in_order_and_what_is_none_is_named() {
    let node = Node::start("feed", "a");
    let (epoch, _) = node.taken(6);
    let index = Command::types().iter().position(|t| *t == "set_budget").unwrap() + 1;
    let user = user_of(6);
    let envelope = |i: usize, kind: &str, user: &centime_domain::UserId| {
        format!(
            r#"{{"specversion":"1.0","id":"id-{i}","source":"/t","type":"{kind}","subject":"{}","time":"2026-01-02T03:04:05Z","data":{{"category":"food","limit":"{i}"}}}}"#,
            user.as_str()
        )
    };
    for i in 0..3000 {
        let sent =
            node.log.produce("set_budget", &user, envelope(i, "set_budget", &user).into_bytes()).unwrap();
        if i % 1000 == 0 {
            sent.blocking_recv().unwrap().unwrap();
        }
    }
    let raw: BaseProducer = client().create().unwrap();
    let put = |value: &[u8]| {
        raw.send(BaseRecord::to("commands.set_budget").partition(6).key("k").payload(value))
            .map_err(|(e, _)| e)
            .unwrap();
        raw.flush(Duration::from_secs(5)).unwrap();
    };
    wait_for("all to be there", || (read_committed("commands.set_budget").len() >= 3000).then_some(()));
    put(b"no JSON");
    put(envelope(1, "create_transaction", &user).as_bytes());
    put(envelope(1, "set_budget", &user_of(7)).as_bytes());
    put(&vec![b'x'; 990_000]);

    // An inbox that is full for more than five seconds pauses the partition; nothing is lost, nothing comes twice.
    *node.notes.room.lock().unwrap() = Some(700);
    node.log.resume(6, epoch, &[]);
    std::thread::sleep(Duration::from_millis(5_600));
    *node.notes.room.lock().unwrap() = None;
    wait_for("all records", || (node.notes.records.lock().unwrap().len() >= 3004).then_some(()));
    let records = node.notes.records.lock().unwrap();
    assert!(records.iter().all(|(p, e, r)| (*p, *e, usize::from(r.topic)) == (6, epoch, index)));
    assert!(
        records.iter().enumerate().all(|(i, (.., r))| usize::try_from(r.offset) == Ok(i)),
        "in order, without holes"
    );
    assert!(
        records[..3000].iter().all(|(.., r)| matches!(&r.kind, IncomingKind::Command(u, _) if *u == user))
    );
    let reason = |i: usize| match &records[i].2.kind {
        IncomingKind::Dead(letter) => letter.reason.clone(),
        other => panic!("{other:?}"),
    };
    assert!(reason(3000).contains("not a CloudEvents"), "{}", reason(3000));
    assert!(reason(3001).contains("does not belong on this topic"), "{}", reason(3001));
    let IncomingKind::Misplaced(forward) = &records[3002].2.kind else { panic!("{:?}", records[3002]) };
    assert_eq!((forward.topic.as_str(), forward.partition), ("commands.set_budget", 7));
    assert_eq!(forward.key, user_of(7).as_str().as_bytes());
    assert!(
        matches!(&records[3003].2.kind, IncomingKind::Dead(l) if l.value.len() == 990_000 && l.key.as_deref() == Some(b"k"))
    );
    drop(records);

    // From a given place on, and never what another epoch asks for.
    node.notes.records.lock().unwrap().clear();
    node.log.resume(6, epoch + 1000, &[(u8::try_from(index).unwrap(), 0)]);
    node.log.resume(6, epoch, &[(u8::try_from(index).unwrap(), 2990)]);
    wait_for("the rest", || (node.notes.records.lock().unwrap().len() >= 14).then_some(()));
    assert_eq!(node.notes.records.lock().unwrap()[0].2.offset, 2990);
}

#[test]
fn a_killed_node_that_comes_back_gets_its_partitions_back_at_once() {
    let mut killed = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["child_of_the_test_above", "--nocapture"])
        .env("CENTIME_TEST_CHILD", "yes")
        .env("CENTIME_TEST_BROKER", broker())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(killed.stdout.take().unwrap()));
    assert!(lines.any(|line| line.unwrap().contains("owned")));
    killed.kill().unwrap();
    killed.wait().unwrap();
    let began = Instant::now();
    let again = Node::start("killed", "a");
    wait_for("its partitions", || (again.owned().len() == 12).then_some(()));
    assert!(began.elapsed() < Duration::from_secs(5), "the session timeout is 10 s: {:?}", began.elapsed());
}

#[test]
fn child_of_the_test_above() {
    // The test above runs it in a process of its own, and kills that.
    if std::env::var_os("CENTIME_TEST_CHILD").is_none() {
        return;
    }
    let node = Node::start("killed", "a");
    wait_for("all partitions", || (node.owned().len() == 12).then_some(()));
    println!("owned");
    std::thread::sleep(Duration::from_mins(1));
}
