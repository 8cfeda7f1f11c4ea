//! Following a user's events: the past from the journal, then the feed, without gap or repeat.

use crate::api::{EngineError, EventPosition, Export, Feed, FeedEvent, Position};
use crate::envelope::EventPlace;
use crate::feed::{FeedHub, Happened, encode, for_each_event, for_each_exported};
use crate::log::{Cursor, Journal, JournalError};
use crate::record::CommitRecord;
use crate::shared::Shared;
use centime_domain::{Entry, Event, UserId};
use futures::{StreamExt, stream};
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::sync::mpsc;

/// What a follower has missed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Past {
    /// The last event they have.
    pub(crate) after: EventPosition,
    /// The commit record that the user was last erased in: nothing older is told.
    pub(crate) erased: u64,
}

/// One thing that happened, and where it stands.
#[derive(Clone, Copy)]
struct Told<'a> {
    place: EventPlace<'a>,
    index: u32,
    entry: &'a Entry,
    happened: Happened<'a>,
}

impl Told<'_> {
    /// As a feed has it.
    fn to(self, follower: &mpsc::Sender<Option<FeedEvent>>) -> bool {
        follower.blocking_send(Some(encode(&self.place, self.index, self.happened))).is_ok()
    }

    /// As an export has it, without refusals.
    fn export_to(self, follower: &mpsc::Sender<Option<FeedEvent>>) -> bool {
        let mut there = true;
        if let Happened::Event(event) = self.happened {
            for_each_exported(&self.place, self.entry, event, &mut |event| {
                there = there && follower.blocking_send(Some(event)).is_ok();
            });
        }
        there
    }
}

/// Follows everybody from now on.
pub(crate) fn all(hub: &Arc<FeedHub>) -> Feed {
    let live = hub.follow(None);
    stream::unfold(live, |mut live| async move { live.events.recv().await.map(|e| (e, live)) }).boxed()
}

/// Follows one user: all of the past they ask for (`None`: from now on).
pub(crate) fn user(
    hub: &Arc<FeedHub>,
    journal: Arc<dyn Journal>,
    shared: &Shared,
    user: UserId,
    partition: u16,
    past: Option<Past>,
) -> Feed {
    // The subscription comes first, the look at what is committed second: nothing can fall between.
    let live = hub.follow(Some((user.clone(), partition)));
    let until = shared.committed(partition);
    let live = stream::unfold(live, |mut live| async move { live.events.recv().await.map(|e| (e, live)) });
    // Sequence 0 is before everything, in whatever partition: "from the beginning" for who does not know the partition.
    let beginning = EventPosition { partition, sequence: 0, index: 0 };
    let past =
        past.map(|past| if past.after.sequence == 0 { Past { after: beginning, ..past } } else { past });
    let Some(asked) = past.filter(|p| p.after.partition == partition && p.after.sequence <= until) else {
        return live.boxed();
    };
    let (tell, past) = mpsc::channel(256);
    tokio::task::spawn_blocking(move || {
        let read = read_past(journal.as_ref(), &user, asked, until, &mut |told| told.to(&tell));
        if let Err(error) = read {
            // The stream ends here, so the follower comes back and asks again.
            tracing::error!(%error, partition, "past events can't be read");
            let _ = tell.blocking_send(None);
        }
    });
    let past = stream::unfold(past, |mut past| async move { past.recv().await.map(|e| (e, past)) });
    let live = live.filter(move |e| std::future::ready(e.position.sequence > until)).map(Some);
    past.chain(live).take_while(|e| std::future::ready(e.is_some())).filter_map(std::future::ready).boxed()
}

/// All of one user's past up to a position, and nothing after it.
pub(crate) fn export(journal: Arc<dyn Journal>, user: UserId, until: Position, erased: u64) -> Export {
    let Position { partition, sequence: until } = until;
    let all = Past { after: EventPosition { partition, sequence: 0, index: 0 }, erased };
    let (tell, past) = mpsc::channel(256);
    tokio::task::spawn_blocking(move || {
        match read_past(journal.as_ref(), &user, all, until, &mut |told| told.export_to(&tell)) {
            // Told only here: if the reading ends in any other way, the export is not whole.
            Ok(()) => drop(tell.blocking_send(None)),
            Err(error) => tracing::error!(%error, partition, "past events can't be read"),
        }
    });
    stream::unfold(Some(past), |past| async move {
        let mut past = past?;
        match past.recv().await {
            Some(Some(event)) => Some((Ok(event), Some(past))),
            Some(None) => None,
            None => Some((Err(EngineError::NotReady), None)),
        }
    })
    .boxed()
}

/// Tells a user's past, one event after the other, until `tell` says that nobody listens any more.
fn read_past(
    journal: &dyn Journal,
    user: &UserId,
    Past { after, erased }: Past,
    until: u64,
    tell: &mut dyn FnMut(Told<'_>) -> bool,
) -> Result<(), JournalError> {
    let from = Cursor { sequence: after.sequence.max(erased).saturating_sub(1), hash: 0, hint: 0 };
    let seen = (after.sequence, after.index);
    journal.read(after.partition, from, until, &mut |record, _| {
        let mut gone = false;
        let first = if record.sequence == erased { erasure(&record, user) } else { 0 };
        for_each_event(&record, &mut |place, index, entry, happened| {
            if entry.user == *user && index >= first && (record.sequence, index) > seen && !gone {
                gone = !tell(Told { place, index, entry, happened });
            }
        });
        if gone { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}

/// The index of the last erasure of a user in a commit record.
fn erasure(record: &CommitRecord, user: &UserId) -> u32 {
    let mut last = 0;
    for_each_event(record, &mut |_, index, entry, happened| {
        if entry.user == *user && matches!(happened, Happened::Event(Event::UserErased(_))) {
            last = index;
        }
    });
    last
}
