//! What comes again: `payment` (a transaction, as far as that matters here), `trace` (the last payments of a payee), `schedule` (what is
//! expected of a payee, and which payments meet it), `detect` (regular payments among them).

mod detect;
mod payment;
mod schedule;
mod trace;

pub(crate) use detect::{Found, find};
pub(crate) use payment::{Payment, payee_key};
pub(crate) use schedule::{Schedule, amount_max};
pub(crate) use trace::{Entry, Trace};
