//! The engine as seen from here: a trait, so that routes can be tested without one.

use centime_domain::{Query, UserId};
use centime_engine::{
    Answer, Clock, Engine, EngineError, EventPosition, Export, Feed, NewCommand, Position, Reply,
};
use futures::future::{BoxFuture, FutureExt};

/// What the edge asks of the engine; see [`Engine`] for what each means.
pub(crate) trait Backend: Send + Sync + 'static {
    fn submit(&self, command: NewCommand) -> BoxFuture<'_, Result<Reply, EngineError>>;
    fn query(
        &self,
        user: UserId,
        query: Query,
        at_least: Option<Position>,
    ) -> BoxFuture<'_, Result<Answer, EngineError>>;
    fn query_at(
        &self,
        user: UserId,
        query: Query,
        at: Position,
        at_least: Option<Position>,
    ) -> BoxFuture<'_, Result<Answer, EngineError>>;
    fn subscribe(
        &self,
        user: UserId,
        after: Option<EventPosition>,
    ) -> BoxFuture<'_, Result<Feed, EngineError>>;
    fn export(
        &self,
        user: UserId,
        at_least: Option<Position>,
    ) -> BoxFuture<'_, Result<(Position, Export), EngineError>>;
    fn ready(&self) -> bool;
    fn clock(&self) -> &Clock;
}

impl Backend for Engine {
    fn submit(&self, command: NewCommand) -> BoxFuture<'_, Result<Reply, EngineError>> {
        Engine::submit(self, command).boxed()
    }

    fn query(
        &self,
        user: UserId,
        query: Query,
        at_least: Option<Position>,
    ) -> BoxFuture<'_, Result<Answer, EngineError>> {
        Engine::query(self, user, query, at_least).boxed()
    }

    fn query_at(
        &self,
        user: UserId,
        query: Query,
        at: Position,
        at_least: Option<Position>,
    ) -> BoxFuture<'_, Result<Answer, EngineError>> {
        Engine::query_at(self, user, query, at, at_least).boxed()
    }

    fn subscribe(
        &self,
        user: UserId,
        after: Option<EventPosition>,
    ) -> BoxFuture<'_, Result<Feed, EngineError>> {
        Engine::subscribe(self, user, after).boxed()
    }

    fn export(
        &self,
        user: UserId,
        at_least: Option<Position>,
    ) -> BoxFuture<'_, Result<(Position, Export), EngineError>> {
        Engine::export(self, user, at_least).boxed()
    }

    fn ready(&self) -> bool {
        Engine::ready(self)
    }

    fn clock(&self) -> &Clock {
        Engine::clock(self)
    }
}
