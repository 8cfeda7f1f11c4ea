//! What happened, held against what must have: every event exactly once, in its user's order, nothing besides.

use super::feed::Told;
use super::oracle::line;
use super::story::{Step, Story};
use super::topics::Record;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What one command came to.
type Consequence = (String, Vec<String>);

fn expected(steps: &[Step], keep: impl Fn(&str) -> bool) -> Vec<Consequence> {
    let lines = |step: &Step| step.lines.iter().filter(|line| keep(line)).cloned().collect::<Vec<_>>();
    steps.iter().map(|step| (step.id.clone(), lines(step))).filter(|(_, lines)| !lines.is_empty()).collect()
}

/// Events in order, gathered by the command that caused them.
fn actual<'a>(envelopes: impl Iterator<Item = &'a Value>) -> Vec<Consequence> {
    let mut all: Vec<Consequence> = Vec::new();
    for envelope in envelopes {
        let text = |field: &str| {
            envelope[field].as_str().unwrap_or_else(|| panic!("no {field}: {envelope}")).to_owned()
        };
        let (cause, line) = (text("causationid"), line(&text("type"), &envelope["data"]));
        match all.last_mut() {
            Some((last, lines)) if *last == cause => lines.push(line),
            _ => all.push((cause, vec![line])),
        }
    }
    for (_, lines) in &mut all {
        lines.sort();
    }
    all
}

#[track_caller]
fn same(who: &str, actual: &[Consequence], expected: &[Consequence]) {
    if let Some(at) = (0..actual.len().max(expected.len())).find(|at| actual.get(*at) != expected.get(*at)) {
        let (is, must) = (actual.get(at), expected.get(at));
        let counts = (actual.len(), expected.len());
        panic!("{who}: at {at} of {counts:?} (are, must be)\n  is      {is:?}\n  must be {must:?}");
    }
}

/// A user's feed from its beginning tells the whole story and nothing else.
#[track_caller]
pub(crate) fn feed_tells(told: &[Told], story: &Story) {
    let ids: BTreeSet<&str> = told.iter().map(|told| told.id.as_str()).collect();
    assert_eq!(ids.len(), told.len(), "{}: an event was told twice", story.user);
    for told in told {
        assert_eq!(told.envelope["subject"], story.user.as_str(), "another user's event");
        assert_eq!(told.envelope["sequence"], told.id.as_str(), "an SSE id is the event's sequence");
        assert_eq!(told.envelope["type"], told.kind.as_str(), "an SSE name is the event's type");
    }
    same(&story.user, &actual(told.iter().map(|told| &told.envelope)), &expected(&story.steps, |_| true));
}

/// A command's answer lists its events.
#[track_caller]
pub(crate) fn answer_tells(body: &Value, step: &Step) {
    let mut lines: Vec<String> = match body["events"].as_array() {
        Some(events) => {
            events.iter().map(|event| line(event["type"].as_str().expect("a type"), &event["data"])).collect()
        }
        None => vec![line("command_rejected", body)],
    };
    lines.sort();
    assert_eq!(lines, step.lines, "{} {} was answered {body}", step.kind, step.id);
}

/// The topics `events.<kind>` hold these stories' events of that kind, exactly once, each user's in order.
#[track_caller]
pub(crate) fn topic_tells(kind: &str, records: &[Record], stories: &[Story]) {
    let envelopes: Vec<Value> = records.iter().map(Record::envelope).collect();
    let mut ids = BTreeSet::new();
    let mut by_user: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for (record, envelope) in records.iter().zip(&envelopes) {
        let user = envelope["subject"].as_str().expect("an event has a subject");
        assert_eq!(record.key.as_deref(), Some(user.as_bytes()), "an event's key is its user");
        assert_eq!(envelope["type"], kind, "an event on another type's topic");
        assert!(
            ids.insert(envelope["id"].as_str().expect("an event has an id")),
            "published twice: {envelope}"
        );
        by_user.entry(user).or_default().push(envelope);
    }
    let mut count = 0;
    for story in stories {
        let own = by_user.remove(story.user.as_str()).unwrap_or_default();
        let must = expected(&story.steps, |line| line.split(' ').next() == Some(kind));
        count += must.iter().map(|(_, lines)| lines.len()).sum::<usize>();
        same(&format!("{kind} of {}", story.user), &actual(own.into_iter()), &must);
    }
    assert_eq!(
        by_user.keys().collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "{kind}: events of users that did nothing"
    );
    assert_eq!(records.len(), count, "{kind}: all events");
}
