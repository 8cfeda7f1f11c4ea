//! The directory of one shard: finds a user's actor, starts it on demand, lets go of the least recently used.

use crate::footprint::Footprint;
use crate::source::{PageSource, Row};
use crate::user::{ActorError, Applied, Apply, Ask, Decide, Decided, TakePages, UserActor, Wake};
use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, Message};
use centime_domain::{Query, Refusal, UserId};
use lru::LruCache;
use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;

struct Resident {
    addr: Addr<UserActor>,
    partition: u16,
    footprint: Rc<Footprint>,
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
    weight: Rc<Cell<usize>>,
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
            weight: Rc::default(),
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
        self.weight.get()
    }

    /// Memory is over the budget.
    pub fn over_budget(&self) -> bool {
        self.weight() > self.budget
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

    /// Has a user's root page read soon, unless they are in memory.
    pub fn wake(&mut self, user: &UserId, partition: u16) {
        if !self.residents.contains(user) {
            self.find(user, partition).do_send(Wake);
        }
    }

    /// Sends journal entries to their user.
    pub fn apply(
        &mut self,
        user: &UserId,
        partition: u16,
        message: Apply,
    ) -> impl Future<Output = Result<Applied, ActorError>> + use<> {
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

    /// Takes the changed pages of these users, as far as they are in memory and changed.
    pub async fn take_pages(
        &mut self,
        users: &[UserId],
        committed: impl Fn(u16) -> TakePages,
    ) -> Result<Vec<Passivated>, ActorError> {
        let mut asked = Vec::with_capacity(users.len());
        for user in users {
            if let Some(resident) = self.residents.peek(user)
                && resident.footprint.take_dirty()
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
            resident.footprint.release();
            if resident.footprint.take_dirty() {
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
                resident.footprint.release();
            }
        }
    }

    fn find(&mut self, user: &UserId, partition: u16) -> &Addr<UserActor> {
        let (source, panic_id, weight) = (&self.source, &self.panic_id, &self.weight);
        let resident = self.residents.get_or_insert_ref(user, || {
            let footprint = Rc::new(Footprint::new(Rc::clone(weight)));
            let shared = (Rc::clone(source), Rc::clone(&footprint));
            let actor = UserActor::new(user.clone(), partition, shared, panic_id.clone());
            Resident { addr: actor.start(), partition, footprint }
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
