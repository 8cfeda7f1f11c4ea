//! What time alone brings: users whose alarm's time has come are given a `pass_time`.
//!
//! Alarms are rows of the store, under a name that no user can have: by time, to find those that are due, and by user,
//! so that there is one a user. A row is written before the pages that imply it, and the store keeps what was written
//! first: so whoever's pages are there has their alarm, too. A row too many does no harm: the user is asked first.

use super::Shard;
use centime_actors::{ActorError, NewAlarm, Rung};
use centime_domain::{Alarm, PassTime, UserId};
use centime_state::{Span, StateError, WriteBehind};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::oneshot;

/// No user's id has a `!`.
const ALARMS: &str = "!alarms";
/// First byte of keys: alarms by time, then user; values are empty.
const BY_TIME: u8 = 0;
/// First byte of keys: alarms by user; values are the minute.
const BY_USER: u8 = 1;
/// How often due alarms are looked for.
const EVERY: SignedDuration = SignedDuration::from_secs(10);
/// Users of a partition asked in one go: some milliseconds.
const SOME: usize = 64;
/// An alarm set in the past (its command was old, or its time passed while nobody was here) rings so much later: what else
/// was sent meanwhile comes first.
const LATE: SignedDuration = SignedDuration::from_hours(1);
/// What was due longer ago is no news: nobody keeps these books, or they are of another time. A command will tell it.
const ASLEEP: SignedDuration = SignedDuration::from_hours(24 * 100);
/// On a log that others write to, what waits in it comes before any alarm.
const BACKLOG: SignedDuration = SignedDuration::from_mins(1);

impl Shard {
    /// Notes a user's alarm, before any of their pages goes to the store.
    pub(super) fn set_alarm(&self, user: &UserId, partition: u16, NewAlarm(alarm): NewAlarm) {
        let now = Alarm::at_or_after(self.clock.now());
        self.put_alarm(user, partition, alarm.and_then(|alarm| when(alarm, now)));
    }

    fn put_alarm(&self, user: &UserId, partition: u16, alarm: Option<Alarm>) {
        if let Err(error) = put(&mut self.pages.store(), user, partition, alarm) {
            // Without the store no page of the user gets written either: the alarm comes back with the journal.
            tracing::error!(%error, "an alarm could not be set");
        }
    }

    /// Looks for alarms whose time has come, now and then. Between batches.
    pub(super) fn ring(&mut self) {
        let now = self.clock.now();
        if now < self.next_ring {
            return;
        }
        self.next_ring = now.saturating_add(EVERY).unwrap_or(Timestamp::MAX);
        let waits = if self.log.publishes() { BACKLOG } else { SignedDuration::ZERO };
        let awake = self.partitions.iter().filter(|(_, owned)| owned.has_been_ready_for(waits, now));
        for partition in awake.map(|(partition, _)| *partition).collect::<Vec<_>>() {
            match self.ring_partition(partition, now) {
                Ok(more) if more => self.next_ring = now,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "an alarm's user can't be read; starting afresh");
                    return self.start_afresh();
                }
            }
        }
    }

    /// True if there may be more of them.
    fn ring_partition(&mut self, partition: u16, now: Timestamp) -> Result<bool, ActorError> {
        let due = match due(&self.pages.store(), partition, now) {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "alarms can't be read");
                return Ok(false);
            }
        };
        let more = due.len() == SOME;
        for user in due {
            let later = match self.directory.ring(&user, partition, now)? {
                Rung::Later(later) => later,
                Rung::Tells(alarm) => {
                    metrics::counter!("centime_alarms_total").increment(1);
                    self.pass_time(user.clone(), partition, alarm, now);
                    // The commit sets the next one. Should there be none, this one rings again.
                    Some(Alarm::at_or_after(now).plus(LATE))
                }
            };
            self.put_alarm(&user, partition, later);
        }
        Ok(more)
    }

    /// The command joins the next batch, as if somebody had sent it who does not wait for the answer.
    fn pass_time(&mut self, user: UserId, partition: u16, alarm: Alarm, now: Timestamp) {
        let input = PassTime::input(alarm, now);
        let mut raw = Vec::new();
        crate::envelope::write_command(&mut raw, &user, &input.id, "pass_time", now, b"{}");
        let reply = oneshot::channel().0;
        let raw = raw.into();
        self.accept(Some(crate::request::Request::Command { user, partition, input, raw, reply }));
    }
}

/// When an alarm that is set now rings; `None`: not at all.
fn when(alarm: Alarm, now: Alarm) -> Option<Alarm> {
    if alarm >= now { Some(alarm) } else { (alarm.plus(ASLEEP) >= now).then(|| now.plus(LATE)) }
}

/// Sets a user's alarm in the place of the one there is.
fn put(
    store: &mut WriteBehind,
    user: &UserId,
    partition: u16,
    alarm: Option<Alarm>,
) -> Result<(), StateError> {
    let by_user = [&[BY_USER], user.as_str().as_bytes()].concat();
    let before = store.get(partition, ALARMS, &by_user)?.and_then(|minutes| read_minutes(&minutes));
    if before == alarm {
        return Ok(());
    }
    let mut rows = Vec::new();
    rows.extend(before.map(|before| (by_time(before, user), None)));
    rows.extend(alarm.map(|alarm| (by_time(alarm, user), Some(Vec::new()))));
    rows.push((by_user, alarm.map(|alarm| alarm.minutes().to_be_bytes().to_vec())));
    store.put(partition, ALARMS, rows);
    Ok(())
}

/// Users whose alarm's time has come, first come first, at most [`SOME`].
fn due(store: &WriteBehind, partition: u16, now: Timestamp) -> Result<Vec<UserId>, StateError> {
    let past = Alarm::at_or_after(now).minutes();
    let to = [&[BY_TIME], &past.to_be_bytes()[..]].concat();
    let span = Span { from: &[BY_TIME], to: &to, descending: false, limit: SOME };
    let rows = store.range(partition, ALARMS, span)?;
    let user = |key: &[u8]| UserId::parse(std::str::from_utf8(key.get(5..)?).ok()?).ok();
    Ok(rows.iter().filter_map(|(key, _)| user(key)).collect())
}

fn by_time(alarm: Alarm, user: &UserId) -> Vec<u8> {
    [&[BY_TIME], &alarm.minutes().to_be_bytes()[..], user.as_str().as_bytes()].concat()
}

fn read_minutes(bytes: &[u8]) -> Option<Alarm> {
    Alarm::from_minutes(u32::from_be_bytes(*bytes.as_array()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use centime_state::{MemoryStore, Writer};
    use std::sync::Arc;

    fn alarm(minutes: u32) -> Alarm {
        Alarm::from_minutes(minutes).expect("not 0")
    }

    fn user(name: &str) -> UserId {
        UserId::parse(name).expect("a name")
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(minutes * 60).expect("an instant")
    }

    #[test]
    fn an_alarm_of_the_past_rings_later_and_one_of_another_time_never() {
        let now = alarm(1_000_000);
        let ago = |hours: i64| now.plus(SignedDuration::from_hours(-hours));
        assert_eq!(when(now, now), Some(now));
        assert_eq!(when(now.plus(LATE), now), Some(now.plus(LATE)));
        assert_eq!(when(ago(1), now), Some(now.plus(LATE)));
        assert_eq!(when(ago(24 * 100), now), Some(now.plus(LATE)));
        assert_eq!(when(ago(24 * 101), now), None);
    }

    #[test]
    fn a_user_has_one_alarm_which_is_due_when_its_minute_has_begun() {
        let writer = Writer::start(Arc::new(MemoryStore::new())).expect("a writer");
        let mut store = writer.shard();
        let mut set = |name: &str, minutes| put(&mut store, &user(name), 3, minutes).expect("set");
        set("ann", Some(alarm(7)));
        set("bob", Some(alarm(7)));
        set("bob", Some(alarm(5)));
        set("cyd", Some(alarm(6)));
        set("cyd", None);
        let due = |minutes| due(&store, 3, at(minutes)).expect("read");
        assert_eq!(due(5), []);
        assert_eq!(due(6), [user("bob")]);
        assert_eq!(due(8), [user("bob"), user("ann")]);
    }
}
