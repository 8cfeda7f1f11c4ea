//! What comes again: declared and detected.

use crate::UserState;
use crate::recurring::{Entry, Schedule, amount_max};
use serde_json::{Value, json};

/// Missed due dates are shown so far back.
const SHOWN: i32 = 3;

pub(super) fn items(state: &UserState) -> Vec<Value> {
    let Some(recurring) = state.recurring() else {
        return Vec::new();
    };
    recurring.schedules().iter().map(|schedule| item(state, schedule)).collect()
}

fn item(state: &UserState, schedule: &Schedule) -> Value {
    let (met, missed) = state.met_and_missed(schedule, SHOWN);
    let newest = met.last();
    let next = newest.map_or(schedule.next, |(number, _)| schedule.next.max(number + 1));
    let seen = newest.map(|(_, entry)| entry);
    json!({
        "id": schedule.id,
        "origin": if schedule.declared { "declared" } else { "detected" },
        "transaction_type": schedule.transaction_type,
        "payee": schedule.payee,
        "category": schedule.category,
        "account": schedule.account,
        "cadence": schedule.cadence,
        "starts": schedule.anchor,
        "ends": schedule.ends,
        "amount": schedule.least,
        "amount_max": amount_max(schedule.least, schedule.most),
        "currency": schedule.currency,
        "yearly_amount": schedule.yearly(),
        "last_seen": seen.map(|entry| entry.date),
        "last_amount": seen.map(Entry::amount),
        "next_due": schedule.due(next).filter(|_| !schedule.lapsed),
        "missed": missed,
        "lapsed": schedule.lapsed,
    })
}
