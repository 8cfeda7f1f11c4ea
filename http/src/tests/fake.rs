//! An engine that does what a user's name asks for; behind the user `real` is a true state.

use crate::backend::Backend;
use centime_domain::{BudgetRemoved, Event, Handled, Input, Outcome, Query, Refusal, UserId, UserState};
use centime_engine::{
    Answer, Clock, EngineError, EventPosition, Export, Feed, FeedEvent, NewCommand, Position, Reply,
};
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, StreamExt};
use serde_json::json;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub(super) const POSITION: Position = Position { partition: 3, sequence: 9 };

#[derive(Default)]
pub(super) struct Fake {
    pub(super) commands: Mutex<Vec<NewCommand>>,
    pub(super) positions: Mutex<Vec<Option<Position>>>,
    pub(super) subscribed: Mutex<Vec<Option<EventPosition>>>,
    pub(super) ready: AtomicBool,
    pub(super) clock: Clock,
    /// Where the user `elsewhere` is.
    pub(super) other: String,
    /// The user `real`.
    pub(super) real: Mutex<UserState>,
}

impl Fake {
    /// A small user's state needs no pages.
    fn decide(&self, command: &NewCommand) -> Outcome {
        let time = "2026-02-10T12:00:00Z".parse().unwrap();
        let input = Input::read(command.id.clone(), time, &command.kind, &command.data);
        match self.real.lock().unwrap().handle(&input, POSITION.sequence) {
            Handled::Decided(outcome) => outcome,
            Handled::Repeated { .. } => panic!("{:?} is not new", command.id),
        }
    }

    fn turned_away(&self, user: &UserId) -> Result<(), EngineError> {
        match user.as_str() {
            "elsewhere" if !self.other.is_empty() => {
                Err(EngineError::Elsewhere { address: self.other.clone() })
            }
            "busy" => Err(EngineError::Busy { retry_after: Duration::from_millis(2_500) }),
            _ => Ok(()),
        }
    }
}

impl Backend for Arc<Fake> {
    fn submit(&self, command: NewCommand) -> BoxFuture<'_, Result<Reply, EngineError>> {
        async move {
            self.turned_away(&command.user)?;
            let outcome = match command.user.as_str() {
                "nobody" => Outcome::Refused(Refusal::new("not_found", "id", "there is no such transaction")),
                "poor" => {
                    Outcome::Refused(Refusal::new("amount_not_positive", "amount", "must be above zero"))
                }
                "seer" => {
                    Outcome::Accepted(vec![Event::BudgetRemoved(BudgetRemoved { category: "Food".into() })])
                }
                "real" => self.decide(&command),
                _ => Outcome::Accepted(vec![]),
            };
            if command.user.as_str() == "slow" {
                tokio::time::sleep(Duration::from_millis(400)).await;
            }
            let id = command.id.clone();
            let mut commands = self.commands.lock().unwrap();
            let repeated = commands.iter().any(|earlier| earlier.id == id);
            commands.push(command);
            let time = jiff::Timestamp::UNIX_EPOCH;
            Ok(Reply { id, position: POSITION, outcome, first_index: 0, time, repeated })
        }
        .boxed()
    }

    fn query(
        &self,
        user: UserId,
        query: Query,
        at_least: Option<Position>,
    ) -> BoxFuture<'_, Result<Answer, EngineError>> {
        async move {
            self.turned_away(&user)?;
            self.positions.lock().unwrap().push(at_least);
            let body = match user.as_str() {
                "nobody" => Err(Refusal::new("not_found", "id", "there is no such transaction")),
                "real" => query.answer(&self.real.lock().unwrap(), &[]),
                _ => Ok(json!({"asked": format!("{query:?}")})),
            };
            Ok(Answer { body, position: POSITION })
        }
        .boxed()
    }

    fn query_at(
        &self,
        user: UserId,
        query: Query,
        at: Position,
        at_least: Option<Position>,
    ) -> BoxFuture<'_, Result<Answer, EngineError>> {
        async move {
            if at.partition != POSITION.partition || at.sequence > POSITION.sequence {
                let refusal = Refusal::new("unknown_position", "position", "there is no such position");
                return Ok(Answer { body: Err(refusal), position: POSITION });
            }
            Ok(Answer { position: at, ..self.query(user, query, at_least).await? })
        }
        .boxed()
    }

    fn subscribe(
        &self,
        user: UserId,
        after: Option<EventPosition>,
    ) -> BoxFuture<'_, Result<Feed, EngineError>> {
        async move {
            self.turned_away(&user)?;
            self.subscribed.lock().unwrap().push(after);
            let event = |(index, kind): (u32, &'static str)| FeedEvent {
                position: EventPosition { partition: 3, sequence: 9, index },
                kind,
                envelope: format!(r#"{{"type":"{kind}"}}"#).into_bytes().into(),
            };
            let events = stream::iter([(0, "transaction_created"), (1, "budget_exceeded")]).map(event);
            Ok(match user.as_str() {
                "laggard" => events.boxed(),
                _ => events.chain(stream::pending()).boxed(),
            })
        }
        .boxed()
    }

    fn export(
        &self,
        user: UserId,
        at_least: Option<Position>,
    ) -> BoxFuture<'_, Result<(Position, Export), EngineError>> {
        async move {
            self.turned_away(&user)?;
            self.positions.lock().unwrap().push(at_least);
            let kinds = ["user_erased", "transaction_created", "command_rejected", "budget_exceeded"];
            let event = |(index, kind): (u32, &'static str)| FeedEvent {
                position: EventPosition { partition: 3, sequence: 9, index },
                kind,
                envelope: format!(r#"{{"type":"{kind}"}}"#).into_bytes().into(),
            };
            let events = stream::iter((0..).zip(kinds)).map(event).map(Ok);
            Ok((
                POSITION,
                match user.as_str() {
                    "broken" => events.chain(stream::iter([Err(EngineError::NotReady)])).boxed(),
                    "endless" => events.chain(stream::pending()).boxed(),
                    _ => events.boxed(),
                },
            ))
        }
        .boxed()
    }

    fn ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }
}
