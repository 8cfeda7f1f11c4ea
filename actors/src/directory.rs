//! The directory of one shard: finds a user's actor, starts it on demand, lets go of the least recently used.

use crate::source::{PageSource, Row};
use crate::user::{ActorError, Apply, Ask, Decide, Decided, TakePages, UserActor};
use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, Message};
use centime_domain::{Query, Refusal, UserId};
use lru::LruCache;
use std::future::Future;
use std::rc::Rc;

/// What an actor costs besides its state: mailbox, task, directory entry (measured with actix 0.13: 0.8–0.9 KB).
const ACTOR_OVERHEAD: usize = 1_000;

struct Resident {
    addr: Addr<UserActor>,
    partition: u16,
    weight: usize,
    dirty: bool,
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
    source: Rc<dyn PageSource>,
    weight: usize,
    budget: usize,
    panic_id: Option<Rc<str>>,
}

impl Directory {
    /// An empty directory. `budget`: most bytes its users may take (an estimate). `panic_id`: test hook, commands whose
    /// id starts with this panic.
    pub fn new(source: Rc<dyn PageSource>, budget: usize, panic_id: Option<&str>) -> Self {
        Self {
            residents: LruCache::unbounded_with_hasher(foldhash::fast::RandomState::default()),
            source,
            weight: 0,
            budget,
            panic_id: panic_id.map(Into::into),
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

    /// Sends a slice of a batch to its user. The message is in the mailbox when this returns.
    pub fn decide(
        &mut self,
        user: &UserId,
        partition: u16,
        message: Decide,
    ) -> impl Future<Output = Result<Decided, ActorError>> + use<> {
        let request = self.find(user, partition).send(message);
        async move { request.await.unwrap_or_else(|e| Err(ended(e))) }
    }

    /// Sends journal entries to their user. Resolves to the user's weight.
    pub fn apply(
        &mut self,
        user: &UserId,
        partition: u16,
        message: Apply,
    ) -> impl Future<Output = Result<usize, ActorError>> + use<> {
        let request = self.find(user, partition).send(message);
        async move { request.await.unwrap_or_else(|e| Err(ended(e))) }
    }

    /// Asks a user.
    pub fn ask(
        &mut self,
        user: &UserId,
        partition: u16,
        query: Query,
        committed: TakePages,
    ) -> impl Future<Output = Result<Result<serde_json::Value, Refusal>, ActorError>> + use<> {
        let request = self.find(user, partition).send(Ask { query, committed });
        async move { request.await.unwrap_or_else(|e| Err(ended(e))) }
    }

    /// Notes a user's new weight and that it changed. True if it was clean before.
    pub fn changed(&mut self, user: &UserId, weight: usize) -> bool {
        let Some(resident) = self.residents.peek_mut(user) else { return false };
        self.weight = self.weight + weight + ACTOR_OVERHEAD - resident.weight;
        resident.weight = weight + ACTOR_OVERHEAD;
        !std::mem::replace(&mut resident.dirty, true)
    }

    /// Takes the changed pages of these users, as far as they are in memory and changed.
    pub async fn take_pages(
        &mut self,
        users: &[UserId],
        committed: impl Fn(u16) -> TakePages,
    ) -> Result<Vec<Passivated>, ActorError> {
        let mut asked = Vec::with_capacity(users.len());
        for user in users {
            if let Some(resident) = self.residents.peek_mut(user)
                && std::mem::take(&mut resident.dirty)
            {
                let partition = resident.partition;
                asked.push((user.clone(), partition, resident.addr.send(committed(partition))));
            }
        }
        collect(asked).await
    }

    /// Lets the least recently used go until memory is within the budget, at most `most` of them.
    pub async fn passivate(
        &mut self,
        most: usize,
        committed: impl Fn(u16) -> TakePages,
    ) -> Result<Vec<Passivated>, ActorError> {
        let mut asked = Vec::new();
        for _ in 0..most {
            if !self.over_budget() {
                break;
            }
            let Some((user, resident)) = self.residents.pop_lru() else { break };
            self.weight -= resident.weight;
            if resident.dirty {
                let request = resident.addr.send(committed(resident.partition));
                asked.push((user, resident.partition, request));
            }
        }
        collect(asked).await
    }

    /// Forgets everybody of a partition, changed or not.
    pub fn forget(&mut self, partition: u16) {
        let gone: Vec<UserId> =
            self.residents.iter().filter(|(_, r)| r.partition == partition).map(|(u, _)| u.clone()).collect();
        for user in gone {
            if let Some(resident) = self.residents.pop(&user) {
                self.weight -= resident.weight;
            }
        }
    }

    fn find(&mut self, user: &UserId, partition: u16) -> &Addr<UserActor> {
        let weight = &mut self.weight;
        let (source, panic_id) = (&self.source, &self.panic_id);
        let resident = self.residents.get_or_insert_ref(user, || {
            *weight += ACTOR_OVERHEAD;
            let actor = UserActor::new(user.clone(), partition, Rc::clone(source), panic_id.clone());
            Resident { addr: actor.start(), partition, weight: ACTOR_OVERHEAD, dirty: false }
        });
        &resident.addr
    }
}

/// Waits for pages asked of many users at once.
async fn collect<M>(
    asked: Vec<(UserId, u16, actix::dev::Request<UserActor, M>)>,
) -> Result<Vec<Passivated>, ActorError>
where
    M: Message<Result = Vec<Row>> + Send + 'static,
    UserActor: Handler<M>,
    <UserActor as Actor>::Context: ToEnvelope<UserActor, M>,
{
    let mut taken = Vec::with_capacity(asked.len());
    for (user, partition, request) in asked {
        let rows = request.await.map_err(ended)?;
        taken.push(Passivated { user, partition, rows });
    }
    Ok(taken)
}

fn ended(error: actix::MailboxError) -> ActorError {
    ActorError::Pages { user: "?".to_owned(), reason: format!("the actor has ended: {error}") }
}
