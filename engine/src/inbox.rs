//! The log's way into a shard: a queue bounded by the commands in it, not by messages. (A feeder that finds little sends
//! little chunks; bounded by messages, a shard that commits slowly would then get small batches and commit slowly for ever.)

use crate::log::{FromLog, InboxError, ShardInbox};
use crate::shard::MOST_COMMANDS;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The log's end.
pub(crate) struct Inbox(Arc<Queue>);

/// The shard's end; when it is dropped the inbox is closed.
pub(crate) struct Arrivals(Arc<Queue>);

#[derive(Default)]
struct Queue {
    content: Mutex<Content>,
    arrived: Notify,
    left: Condvar,
}

#[derive(Default)]
struct Content {
    messages: VecDeque<FromLog>,
    commands: usize,
    closed: bool,
}

/// A new inbox.
pub(crate) fn inbox() -> (Inbox, Arrivals) {
    let queue = Arc::new(Queue::default());
    (Inbox(Arc::clone(&queue)), Arrivals(queue))
}

impl ShardInbox for Inbox {
    fn try_send(&self, message: FromLog) -> Result<(), InboxError> {
        let mut content = self.0.lock();
        match message {
            _ if content.closed => Err(InboxError::Closed),
            message if content.has_room_for(&message) => {
                content.push(message);
                self.0.arrived.notify_one();
                Ok(())
            }
            message => Err(InboxError::Full(message)),
        }
    }

    fn send_blocking(&self, message: FromLog) -> Result<(), InboxError> {
        let content = self.0.lock();
        let full = |content: &mut Content| !content.closed && !content.has_room_for(&message);
        let mut content = self.0.left.wait_while(content, full).unwrap_or_else(PoisonError::into_inner);
        if content.closed {
            return Err(InboxError::Closed);
        }
        content.push(message);
        self.0.arrived.notify_one();
        Ok(())
    }
}

impl Arrivals {
    /// The next message, as soon as there is one.
    pub(crate) async fn recv(&mut self) -> FromLog {
        loop {
            if let Some(message) = self.try_recv() {
                return message;
            }
            self.0.arrived.notified().await;
        }
    }

    /// The next message, if there is one.
    pub(crate) fn try_recv(&mut self) -> Option<FromLog> {
        let mut content = self.0.lock();
        let message = content.messages.pop_front()?;
        content.commands -= commands(&message);
        drop(content);
        self.0.left.notify_one();
        Some(message)
    }

    /// The message taken last, or what is left of it: it will be the next one again.
    pub(crate) fn put_back(&mut self, message: FromLog) {
        let mut content = self.0.lock();
        content.commands += commands(&message);
        content.messages.push_front(message);
    }
}

impl Drop for Arrivals {
    fn drop(&mut self) {
        let mut content = self.0.lock();
        content.closed = true;
        content.messages.clear();
        drop(content);
        self.0.left.notify_all();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Content> {
        // Nothing panics while it is held, so what it guards is whole.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    /// Ownership changes always find room; commands while fewer than a full batch wait.
    fn has_room_for(&self, message: &FromLog) -> bool {
        commands(message) == 0 || self.commands < MOST_COMMANDS
    }

    fn push(&mut self, message: FromLog) {
        self.commands += commands(&message);
        self.messages.push_back(message);
    }
}

fn commands(message: &FromLog) -> usize {
    match message {
        FromLog::Commands { records, .. } => records.len(),
        FromLog::Take { .. } | FromLog::Drop { .. } => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Forward, Incoming, IncomingKind};

    fn chunk(records: usize) -> FromLog {
        let record = |offset| {
            let forward = Forward { topic: String::new(), partition: 0, key: Vec::new(), value: Vec::new() };
            Incoming {
                topic: 0,
                offset,
                kind: IncomingKind::Misplaced(Box::new(forward)),
                raw: Box::default(),
            }
        };
        FromLog::Commands { partition: 0, epoch: 0, records: (0..).take(records).map(record).collect() }
    }

    #[test]
    fn it_is_full_by_commands_and_has_room_again_when_they_are_taken() {
        let (inbox, mut arrivals) = inbox();
        for _ in 0..MOST_COMMANDS {
            inbox.try_send(chunk(1)).expect("room");
        }
        assert!(matches!(inbox.try_send(chunk(1)), Err(InboxError::Full(_))));
        assert!(inbox.try_send(FromLog::Take { partition: 0, epoch: 1, goal: 0 }).is_ok());
        arrivals.try_recv().expect("a chunk");
        inbox.try_send(chunk(1)).expect("room");
    }

    #[test]
    fn what_is_put_back_is_the_next_and_takes_room() {
        let (inbox, mut arrivals) = inbox();
        inbox.try_send(chunk(MOST_COMMANDS)).expect("room");
        inbox.try_send(FromLog::Take { partition: 7, epoch: 1, goal: 0 }).expect("room");
        drop(arrivals.try_recv());
        arrivals.put_back(chunk(MOST_COMMANDS));
        assert!(matches!(inbox.try_send(chunk(1)), Err(InboxError::Full(_))));
        assert!(matches!(arrivals.try_recv(), Some(FromLog::Commands { .. })));
        assert!(matches!(arrivals.try_recv(), Some(FromLog::Take { partition: 7, .. })));
    }

    #[test]
    fn who_waits_for_room_in_a_closed_inbox_is_told() {
        let (inbox, arrivals) = inbox();
        inbox.try_send(chunk(MOST_COMMANDS)).expect("room");
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| inbox.send_blocking(chunk(1)));
            drop(arrivals);
            let told = waiting.join().expect("no panic");
            assert!(matches!(told, Err(InboxError::Closed)));
        });
    }
}
