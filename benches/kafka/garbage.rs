//! Garbage among the commands (`--garbage-every`): what must be set aside or answered while the rest goes on.

use crate::Args;
use crate::cluster::Sender;
use crate::support::load::{open_envelope, user_id};
use crate::system::COMMANDS;
use anyhow::Result;
use jiff::Timestamp;

/// Commands whose id starts so panic in their actor: a test hook.
pub(crate) const POISON: &str = "poison-";
/// Kinds of garbage, all equally many, but for the huge ones: more of those would measure the broker's disk.
const KINDS: u64 = 8;
/// One in so many of the last kind is huge, the others are long.
const HUGE: u64 = 125;
const HUGE_BYTES: usize = 900_000;
const LONG_BYTES: usize = 10_000;

/// How much of it, about whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Garbage {
    /// A piece after every so many commands.
    pub(crate) every: u64,
    users: u64,
}

impl Garbage {
    /// What the options ask for.
    pub(crate) fn asked(args: &Args) -> Option<Self> {
        args.garbage_every.map(|every| Self { every, users: args.users })
    }

    /// Sends the `nth` piece.
    pub(crate) fn send(self, sender: &Sender, nth: u64) -> Result<()> {
        let (key, value) = piece(nth, self.users);
        sender.send(COMMANDS, &key, &value)
    }
}

/// The key and the value of a piece.
fn piece(nth: u64, users: u64) -> (String, String) {
    let user = user_id(nth * 7_919 % users);
    let whole = |id: &str, kind: &str, data: &str| {
        let mut envelope = String::new();
        open_envelope(&mut envelope, &format!("{id}{nth}"), kind, &user, Timestamp::now());
        envelope + data + "}"
    };
    let expense = |amount: &str, note: usize| {
        let note = "x".repeat(note);
        format!(
            r#"{{"transaction_type":"Expense","amount":"{amount}","currency":"EUR","category":"rent","date":"2026-02-03","note":"{note}"}}"#
        )
    };
    let create = "create_transaction";
    let value = match nth % KINDS {
        0 => r#"{"specversion":"1.0","#.to_owned(),
        1 => whole("g", create, &expense("1.00", 0)).replacen("subject", "object", 1),
        2 => whole("g", "print_money", &expense("1.00", 0)),
        3 => return (user_id((nth * 7_919 + 1) % users), whole("g", create, &expense("-1.00", 0))),
        4 => whole("g", create, r#"{"amount":"1.00"}"#),
        5 => whole("g", create, &expense("1e400", 0)),
        6 => whole(POISON, create, &expense("1.00", 0)),
        _ if (nth / KINDS).is_multiple_of(HUGE) => whole("g", create, &expense("1.00", HUGE_BYTES)),
        _ => whole("g", create, &expense("1.00", LONG_BYTES)),
    };
    (user, value)
}
