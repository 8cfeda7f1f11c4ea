//! The feed: committed events to whoever follows them.

use crate::api::{EventPosition, FeedEvent};
use crate::envelope::{EventPlace, write_event, write_exported, write_rejected};
use crate::record::CommitRecord;
use centime_domain::{Entry, Event, Outcome, Refusal, UserId};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Events a subscriber may lag behind before it is let go (it resumes from the journal).
const LAG: usize = 4_096;

/// Who follows what. Shared by all shards and the edge.
#[derive(Default)]
pub(crate) struct FeedHub {
    followers: Mutex<Followers>,
    /// So that nobody following costs nothing.
    count: AtomicUsize,
    next_id: AtomicU64,
}

#[derive(Default)]
struct Followers {
    users: HashMap<UserId, Vec<Follower>, foldhash::fast::RandomState>,
    all: Vec<Follower>,
}

struct Follower {
    id: u64,
    partition: Option<u16>,
    events: mpsc::Sender<FeedEvent>,
}

/// One subscription; ends with this value.
pub(crate) struct Subscription {
    hub: Arc<FeedHub>,
    user: Option<UserId>,
    id: u64,
    pub(crate) events: mpsc::Receiver<FeedEvent>,
}

impl FeedHub {
    /// Follows one user (of `partition`), or everybody, from now on.
    pub(crate) fn follow(self: &Arc<Self>, user: Option<(UserId, u16)>) -> Subscription {
        let (sender, events) = mpsc::channel(LAG);
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let follower = Follower { id, partition: user.as_ref().map(|(_, p)| *p), events: sender };
        let mut followers = self.lock();
        match &user {
            Some((user, _)) => followers.users.entry(user.clone()).or_default().push(follower),
            None => followers.all.push(follower),
        }
        self.count.fetch_add(1, Ordering::SeqCst);
        Subscription { hub: Arc::clone(self), user: user.map(|(user, _)| user), id, events }
    }

    /// Tells the followers of a commit.
    pub(crate) fn publish(&self, record: &CommitRecord) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        let mut followers = self.lock();
        let Followers { users, all } = &mut *followers;
        for_each_event(record, &mut |place, index, entry, event| {
            let of_user = users.get_mut(&entry.user);
            if all.is_empty() && of_user.is_none() {
                return;
            }
            let told = encode(&place, index, event);
            // Who is full or gone is let go: their stream ends, they resume where they were.
            let tell = |f: &mut Follower| f.events.try_send(told.clone()).is_ok();
            all.retain_mut(tell);
            if let Some(list) = of_user {
                list.retain_mut(tell);
            }
        });
    }

    /// The partition has left this node: its followers go where it went.
    pub(crate) fn end_partition(&self, partition: u16) {
        let mut followers = self.lock();
        followers.users.retain(|_, list| {
            list.retain(|f| f.partition != Some(partition));
            !list.is_empty()
        });
    }

    /// The engine stops: every stream ends.
    pub(crate) fn end_all(&self) {
        *self.lock() = Followers::default();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Followers> {
        self.followers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut followers = self.hub.lock();
        match &self.user {
            None => followers.all.retain(|f| f.id != self.id),
            Some(user) => {
                if let Some(list) = followers.users.get_mut(user) {
                    list.retain(|f| f.id != self.id);
                    if list.is_empty() {
                        followers.users.remove(user);
                    }
                }
            }
        }
        self.hub.count.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What happened: a domain event, or a refusal.
#[derive(Clone, Copy)]
pub(crate) enum Happened<'a> {
    Event(&'a Event),
    Rejected(&'a Refusal),
}

/// Visits a record's public events with their index: the numbering that all logs, feeds and replays share.
pub(crate) fn for_each_event<'a>(
    record: &'a CommitRecord,
    each: &mut dyn FnMut(EventPlace<'a>, u32, &'a Entry, Happened<'a>),
) {
    let mut index = 0;
    for entry in &record.entries {
        let place = |index, nth| EventPlace {
            user: &entry.user,
            command_id: &entry.command_id,
            time_us: entry.time_us,
            sequence: (record.partition, record.sequence, index),
            nth,
        };
        match &entry.outcome {
            Outcome::Refused(refusal) => {
                each(place(index, 0), index, entry, Happened::Rejected(refusal));
                index += 1;
            }
            Outcome::Accepted(events) => {
                for (nth, event) in (0..).zip(events) {
                    each(place(index, nth), index, entry, Happened::Event(event));
                    index += numbers(event);
                }
            }
        }
    }
}

/// How many of a record's numbers an event takes.
pub(crate) fn numbers(event: &Event) -> u32 {
    u32::try_from(event.numbers()).unwrap_or(u32::MAX)
}

/// One of a record's events as an export has it. What was restored is told as it was first told, under numbers of its own.
pub(crate) fn for_each_exported(
    place: &EventPlace<'_>,
    entry: &Entry,
    event: &Event,
    each: &mut dyn FnMut(FeedEvent),
) {
    let Event::UserRestored(restored) = event else {
        return each(exported(place, entry.body_hash, event));
    };
    let (partition, sequence, mut index) = place.sequence;
    for past in &restored.commands {
        for (nth, event) in (0..).zip(&past.events) {
            index += 1;
            let sequence = (partition, sequence, index);
            let (command_id, time_us) = (&past.id, past.time_us);
            let place = EventPlace { user: place.user, command_id, time_us, sequence, nth };
            each(exported(&place, past.body_hash, event));
        }
    }
}

fn exported(place: &EventPlace<'_>, body_hash: u64, event: &Event) -> FeedEvent {
    let mut bytes = Vec::with_capacity(512);
    write_exported(&mut bytes, place, body_hash, event);
    let (partition, sequence, index) = place.sequence;
    let position = EventPosition { partition, sequence, index };
    FeedEvent { position, kind: event.type_name(), envelope: bytes.into() }
}

/// One event as subscribers get it.
pub(crate) fn encode(place: &EventPlace<'_>, index: u32, happened: Happened<'_>) -> FeedEvent {
    let mut bytes = Vec::with_capacity(512);
    write_happened(&mut bytes, place, happened);
    let (partition, sequence, _) = place.sequence;
    let kind = match happened {
        Happened::Event(event) => event.type_name(),
        Happened::Rejected(_) => "command_rejected",
    };
    FeedEvent { position: EventPosition { partition, sequence, index }, kind, envelope: bytes.into() }
}

/// Appends the envelope of what happened.
pub(crate) fn write_happened(out: &mut Vec<u8>, place: &EventPlace<'_>, happened: Happened<'_>) {
    match happened {
        Happened::Event(event) => write_event(out, place, event),
        Happened::Rejected(refusal) => write_rejected(out, place, refusal),
    }
}
