//! Following a user's events: the past from the journal, then the feed, without gap or repeat.

use crate::api::{EventPosition, Feed, FeedEvent};
use crate::feed::{FeedHub, encode, for_each_event};
use crate::log::{Cursor, Journal, JournalError};
use crate::shared::Shared;
use centime_domain::UserId;
use futures::{StreamExt, stream};
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Follows everybody from now on.
pub(crate) fn all(hub: &Arc<FeedHub>) -> Feed {
    let live = hub.follow(None);
    stream::unfold(live, |mut live| async move { live.events.recv().await.map(|e| (e, live)) }).boxed()
}

/// Follows one user: everything after `after` (`None`: from now on).
pub(crate) fn user(
    hub: &Arc<FeedHub>,
    journal: Arc<dyn Journal>,
    shared: &Shared,
    user: UserId,
    partition: u16,
    after: Option<EventPosition>,
) -> Feed {
    // The subscription comes first, the look at what is committed second: nothing can fall between.
    let live = hub.follow(Some((user.clone(), partition)));
    let until = shared.committed(partition);
    let live = stream::unfold(live, |mut live| async move { live.events.recv().await.map(|e| (e, live)) });
    // Sequence 0 is before everything, in whatever partition: "from the beginning" for who does not know the partition.
    let beginning = EventPosition { partition, sequence: 0, index: 0 };
    let after = after.map(|a| if a.sequence == 0 { beginning } else { a });
    let Some(after) = after.filter(|a| a.partition == partition && a.sequence <= until) else {
        return live.boxed();
    };
    let (tell, past) = mpsc::channel(256);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = read_past(journal.as_ref(), &user, after, until, &tell) {
            // The stream ends here, so the follower comes back and asks again.
            tracing::error!(%error, partition, "past events can't be read");
            let _ = tell.blocking_send(None);
        }
    });
    let past = stream::unfold(past, |mut past| async move { past.recv().await.map(|e| (e, past)) });
    let live = live.filter(move |e| std::future::ready(e.position.sequence > until)).map(Some);
    past.chain(live).take_while(|e| std::future::ready(e.is_some())).filter_map(std::future::ready).boxed()
}

fn read_past(
    journal: &dyn Journal,
    user: &UserId,
    after: EventPosition,
    until: u64,
    tell: &mpsc::Sender<Option<FeedEvent>>,
) -> Result<(), JournalError> {
    let from = Cursor { sequence: after.sequence.saturating_sub(1), hash: 0, hint: 0 };
    let seen = (after.sequence, after.index);
    journal.read(after.partition, from, until, &mut |record, _| {
        let mut gone = false;
        for_each_event(&record, &mut |place, index, entry, happened| {
            if entry.user == *user && (record.sequence, index) > seen && !gone {
                gone = tell.blocking_send(Some(encode(&place, index, happened))).is_err();
            }
        });
        if gone { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}
