//! centime's HTTP/JSON edge: thin on purpose. It turns requests into commands and queries, and answers into JSON; what is
//! right or wrong about money is decided in the domain.
//!
//! Map: [`Server`] (bind, run, drain) · [`HttpConfig`] · `routes` (the table: every path there is) · `router` (matching)
//! · `dispatch` (one request's way: guard, route, limits, handler) · `guard` (browsers on loopback) · `request`, `query`,
//! `body` (what came in) · `reply`, `problem`, `failure` (what goes out) · `commands`, `queries`, `reports`, `events`,
//! `websocket`, `service`, `calculate`, `export`, `restore` with `restore_file`, `imports` with `imports_answer` (the handlers) · `forward` (users of other nodes) · `backend` (the engine as seen
//! from here).
//!
//! Not here: sign-in (until it exists the binary refuses to listen beyond loopback), TLS, request logs.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod backend;
mod body;
mod calculate;
mod commands;
mod config;
mod dispatch;
mod edge;
mod events;
mod export;
mod failure;
mod forward;
mod guard;
mod imports;
mod imports_answer;
mod problem;
mod queries;
mod query;
mod reply;
mod reports;
mod request;
mod restore;
mod restore_file;
mod router;
mod routes;
mod server;
mod service;
#[cfg(test)]
mod tests;
mod websocket;

pub use config::HttpConfig;
pub use server::{HttpError, Server};
