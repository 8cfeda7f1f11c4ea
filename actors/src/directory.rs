//! The directory of one shard: finds a user's actor, makes it on demand, lets go of the least recently used.

use crate::source::{PageSource, Row};
use crate::turn::{Outside, Turn};
use crate::user::{ActorError, Applied, Apply, Ask, Decide, Decided, Ring, Rung, TakePages, UserActor, Wake};
use actix::{Handler, Message, MessageResult};
use centime_domain::{Query, Refusal, UserId};
use jiff::Timestamp;
use lru::LruCache;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// What a user takes besides the state: a name, a place in the directory and in its table.
const OVERHEAD: usize = 120;

#[derive(Default)]
struct Resident {
    actor: UserActor,
    partition: u16,
    /// Bytes it was last counted with. In four bytes: with its neighbours in the table it takes 320 then, one of the
    /// allocator's sizes, and the next is 384.
    weight: u32,
}

/// A user whose changed pages were taken.
#[derive(Debug)]
pub struct Passivated {
    /// Whose.
    pub user: UserId,
    /// Where they belong.
    pub partition: u16,
    /// The changed pages.
    pub rows: Vec<Row>,
}

/// The actors of one shard.
pub struct Directory {
    residents: LruCache<UserId, Resident, foldhash::fast::RandomState>,
    outside: Rc<Outside>,
    /// All residents' weights.
    weight: usize,
    budget: usize,
}

impl Directory {
    /// How many users are worth announcing: a processor waits for a dozen places in memory at a time.
    pub const AT_ONCE: usize = 16;

    /// An empty directory. `budget`: most bytes its users may take (an estimate). `panic_id`: test hook, commands whose
    /// id starts with this panic.
    pub fn new(source: Rc<dyn PageSource>, budget: usize, panic_id: Option<&str>) -> Self {
        Self {
            residents: LruCache::unbounded_with_hasher(foldhash::fast::RandomState::default()),
            outside: Rc::new(Outside { source, panic_id: panic_id.map(Into::into) }),
            weight: 0,
            budget,
        }
    }

    /// Users in memory.
    pub fn len(&self) -> usize {
        self.residents.len()
    }

    /// True when nobody is in memory.
    pub fn is_empty(&self) -> bool {
        self.residents.is_empty()
    }

    /// Bytes they take (an estimate).
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Memory is over the budget.
    pub fn over_budget(&self) -> bool {
        self.weight > self.budget
    }

    /// Says whose turn comes next, so that the memory of the first [`Directory::AT_ONCE`] of them is on its way to the
    /// processor: with many users it is not in the caches, and would be waited for one after the other.
    pub fn announce<'a>(&self, users: impl IntoIterator<Item = &'a UserId>) {
        let residents = users.into_iter().take(Self::AT_ONCE).filter_map(|user| self.residents.peek(user));
        // First where they are, then what they hold: what is asked for together arrives together.
        let residents: Vec<&Resident> = residents.collect();
        for resident in residents {
            black_box(resident.actor.touch());
        }
    }

    /// Has a user decide on their slice of a batch.
    pub fn decide(&mut self, user: &UserId, partition: u16, message: Decide) -> Result<Decided, ActorError> {
        self.tell(user, partition, message)?
    }

    /// Reads a user's root page, unless they are in memory: a command is on its way.
    pub fn wake(&mut self, user: &UserId, partition: u16) {
        if !self.residents.contains(user) {
            // What hinders it hinders the command, too, which can say so.
            let _ = self.tell(user, partition, Wake);
        }
    }

    /// Has a user apply journal entries.
    pub fn apply(&mut self, user: &UserId, partition: u16, message: Apply) -> Result<Applied, ActorError> {
        self.tell(user, partition, message)?
    }

    /// Asks a user whose alarm's time has come whether a command would tell anything.
    pub fn ring(&mut self, user: &UserId, partition: u16, now: Timestamp) -> Result<Rung, ActorError> {
        self.tell(user, partition, Ring { now })?
    }

    /// Asks a user.
    pub fn ask(
        &mut self,
        user: &UserId,
        partition: u16,
        query: Query,
        committed: TakePages,
    ) -> Result<Result<serde_json::Value, Refusal>, ActorError> {
        self.tell(user, partition, Ask { query, committed })?
    }

    /// Takes the changed pages of these users, as far as they are in memory and changed.
    pub fn take_pages(
        &mut self,
        users: &[UserId],
        committed: impl Fn(u16) -> TakePages,
    ) -> Result<Vec<Passivated>, ActorError> {
        let mut taken = Vec::with_capacity(users.len());
        for users in users.chunks(Self::AT_ONCE) {
            self.announce(users);
            for user in users {
                if let Some(resident) = self.residents.peek_mut(user) {
                    taken.extend(resident.take_pages(user, &self.outside, &mut self.weight, &committed)?);
                }
            }
        }
        Ok(taken)
    }

    /// Lets the least recently used go until memory is within the budget, at most `most` of them.
    pub fn passivate(
        &mut self,
        most: usize,
        committed: impl Fn(u16) -> TakePages,
    ) -> Result<Vec<Passivated>, ActorError> {
        let mut gone = Vec::new();
        for _ in 0..most {
            if !self.over_budget() {
                break;
            }
            let Some((user, mut resident)) = self.residents.pop_lru() else { break };
            let taken = resident.take_pages(&user, &self.outside, &mut self.weight, &committed);
            self.weight -= resident.weight as usize;
            gone.extend(taken?);
        }
        Ok(gone)
    }

    /// Forgets everybody of a partition, changed or not.
    pub fn forget(&mut self, partition: u16) {
        let gone: Vec<UserId> =
            self.residents.iter().filter(|(_, r)| r.partition == partition).map(|(u, _)| u.clone()).collect();
        for user in gone {
            if let Some(resident) = self.residents.pop(&user) {
                self.weight -= resident.weight as usize;
            }
        }
    }

    /// Gives a user their turn, making them first if need be.
    fn tell<M>(&mut self, user: &UserId, partition: u16, message: M) -> Result<M::Result, ActorError>
    where
        M: Message,
        UserActor: Handler<M, Result = MessageResult<M>>,
    {
        let resident =
            self.residents.get_or_insert_mut_ref(user, || Resident { partition, ..Resident::default() });
        resident.handle(user, &self.outside, &mut self.weight, message)
    }
}

impl Resident {
    /// Has the actor handle a message, and counts it anew. A panic is an error like any other: the shard, which forgets
    /// its actors after one, lives.
    fn handle<M>(
        &mut self,
        user: &UserId,
        outside: &Rc<Outside>,
        total: &mut usize,
        message: M,
    ) -> Result<M::Result, ActorError>
    where
        M: Message,
        UserActor: Handler<M, Result = MessageResult<M>>,
    {
        let mut turn = Turn::new(user, self.partition, outside);
        // After a panic the actor is not looked at any more.
        let handled = catch_unwind(AssertUnwindSafe(|| self.actor.handle(message, &mut turn)));
        let MessageResult(answer) = handled.map_err(|_| turn.error(&"the actor panicked"))?;
        let weight = u32::try_from(OVERHEAD + self.actor.weight()).unwrap_or(u32::MAX);
        *total = *total + weight as usize - std::mem::replace(&mut self.weight, weight) as usize;
        Ok(answer)
    }

    /// The changed pages, if there are any.
    fn take_pages(
        &mut self,
        user: &UserId,
        outside: &Rc<Outside>,
        total: &mut usize,
        committed: impl Fn(u16) -> TakePages,
    ) -> Result<Option<Passivated>, ActorError> {
        if !self.actor.is_dirty() {
            return Ok(None);
        }
        let partition = self.partition;
        let rows = self.handle(user, outside, total, committed(partition))?;
        Ok(Some(Passivated { user: user.clone(), partition, rows }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceError, Stored};
    use centime_domain::{PageRange, UserState};

    /// A store in which nobody is; to look for `panic` there is a bug.
    struct Nobody;

    impl PageSource for Nobody {
        fn get(&self, _: u16, user: &UserId, _: &[u8]) -> Result<Option<Vec<u8>>, SourceError> {
            assert!(user.as_str() != "panic", "on purpose");
            Ok(None)
        }

        fn range(&self, _: u16, _: &UserId, _: &PageRange) -> Result<Vec<Stored>, SourceError> {
            Ok(Vec::new())
        }

        fn put(&self, _: u16, _: &UserId, _: Vec<Row>) {}

        fn sweep(&self, _: u16, _: &UserId, _: &PageRange) {}
    }

    #[test]
    fn a_place_in_the_directory_takes_320_bytes() {
        // Besides the resident: the key, and the neighbours on both sides.
        assert_eq!(size_of::<Resident>() + size_of::<UserId>() + 2 * size_of::<usize>(), 320);
    }

    fn user(name: &str) -> UserId {
        UserId::parse(name).expect("a name")
    }

    fn directory(budget: usize) -> Directory {
        let mut directory = Directory::new(Rc::new(Nobody), budget, None);
        for (name, partition) in [("a", 1), ("b", 2), ("c", 1)] {
            directory.wake(&user(name), partition);
        }
        directory
    }

    #[test]
    fn everybody_in_memory_is_counted_and_who_is_forgotten_is_not() {
        let mut directory = directory(usize::MAX);
        assert!(directory.weight() >= 3 * size_of::<UserState>());
        directory.wake(&user("a"), 1);
        let three = directory.weight();
        directory.forget(1);
        assert_eq!((directory.len(), directory.weight()), (1, three / 3));
        directory.forget(2);
        assert_eq!((directory.is_empty(), directory.weight()), (true, 0));
    }

    #[test]
    fn the_least_recently_used_leave_until_memory_is_within_the_budget() {
        let committed = |_| TakePages { sequence: 1, hash: 1 };
        let mut directory = directory(2 * (OVERHEAD + size_of::<UserState>()));
        assert!(directory.over_budget());
        let gone = directory.passivate(10, committed).expect("nothing is in the way");
        assert!(gone.is_empty(), "an unchanged user leaves without a trace");
        assert!(
            (directory.len(), directory.over_budget()) == (2, false)
                && !directory.residents.contains(&user("a"))
        );
    }

    #[test]
    fn a_panic_outside_of_a_decision_is_an_error_and_the_others_go_on() {
        let mut directory = directory(usize::MAX);
        let decide = || Decide { inputs: Vec::new(), sequence: 1 };
        let three = directory.weight();
        directory.wake(&user("panic"), 1);
        let applied = directory.apply(&user("panic"), 1, Apply { entries: Vec::new() });
        let error = applied.expect_err("it panics again");
        assert_eq!(error.to_string(), "user panic: the actor panicked");
        assert_eq!(directory.weight(), three);
        directory.decide(&user("a"), 1, decide()).expect("as ever");
        directory.forget(1);
        assert_eq!((directory.len(), directory.weight()), (1, three / 3));
    }
}
