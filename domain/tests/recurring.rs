//! How good the detection of recurring payments is on a real bank's accounts: the Berka data set, 1995 to 1998, which is not
//! part of the repository: it is in the folder `shared` beside the checkout, or where `CENTIME_SHARED` says.
//!
//! A bank's rows become commands on their own days. The payee is the other bank's account and what the payment is for; where there
//! is none, what the bank calls the operation. Standing orders, pensions, the bank's interest and its fees are regular; cash is not.

use centime_domain::{CommandId, Event, Handled, Input, Outcome, UserState};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What payments of a kind came to.
#[derive(Default, Debug)]
struct Tally {
    /// Payees (of one account) with at least four payments.
    payees: u32,
    /// Of these: found at all, found as monthly, found with a price.
    found: u32,
    monthly: u32,
    priced: u32,
    /// What was told afterwards.
    payments: u32,
    missed: u32,
    changed: u32,
}

#[derive(Default)]
struct Seen {
    payments: u32,
    cadences: Vec<(String, bool)>,
    missed: u32,
    changed: u32,
}

#[test]
fn standing_orders_are_found_and_cash_is_not() {
    let path = path();
    let file = std::fs::read_to_string(path).expect("the shared data, beside the checkout: put it there");
    let mut accounts: BTreeMap<&str, Vec<[&str; 4]>> = BTreeMap::new();
    for row in file.lines().skip(1) {
        let fields: Vec<&str> = row.split(';').collect();
        let [_, account, date, kind, ..] = fields[..] else { panic!("not a row: {row}") };
        accounts.entry(account).or_default().push([date, kind, row, fields[5]]);
    }
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for mut rows in accounts.into_values() {
        rows.sort_unstable();
        for ((kind, _), seen) in follow(&rows) {
            let tally = tallies.entry(kind).or_default();
            let regular = seen.payments >= 4;
            tally.payees += u32::from(regular);
            tally.found += u32::from(regular && !seen.cadences.is_empty());
            tally.monthly += u32::from(seen.cadences.iter().any(|(cadence, _)| cadence == "monthly"));
            tally.priced += u32::from(seen.cadences.iter().any(|(_, priced)| *priced));
            tally.payments += seen.payments;
            tally.missed += seen.missed;
            tally.changed += seen.changed;
        }
    }
    let (mut right, mut wrong, mut orders, mut orders_found) = (0, 0, 0, 0);
    for (kind, tally) in &tallies {
        println!("{kind:40} {tally:?}");
        if is_regular(kind) {
            right += tally.found;
            orders += tally.payees;
            orders_found += tally.found;
        } else {
            wrong += tally.found;
        }
    }
    let precision = f64::from(right) / f64::from(right + wrong);
    let recall = f64::from(orders_found) / f64::from(orders);
    println!("precision {precision:.3}, recall {recall:.3}: {right} right, {wrong} wrong");
    assert!(precision >= 0.85 && recall >= 0.89, "{precision} {recall}");
    let orders =
        tallies.iter().filter(|(kind, _)| kind.starts_with("remittance") || kind.starts_with("collection"));
    for (kind, tally) in orders {
        assert!(tally.found * 100 >= tally.payees * 98 && tally.monthly >= tally.found, "{kind}");
        assert!(tally.missed * 100 <= tally.payments, "{kind}");
    }
    let cash = &tallies["withdrawal in cash"];
    assert!(cash.found * 100 <= cash.payees * 8, "{cash:?}");
}

/// What the bank books every month by itself or by order.
fn is_regular(kind: &str) -> bool {
    ["remittance", "collection", "interest credited", "payment for statement"]
        .iter()
        .any(|name| kind.starts_with(name))
}

fn path() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    std::env::var_os("CENTIME_SHARED").map_or(beside, PathBuf::from).join("data/berka/trans.csv")
}

/// What was told of each payee, by the kind of payment.
fn follow(rows: &[[&str; 4]]) -> BTreeMap<(String, String), Seen> {
    let mut state = UserState::default();
    let mut kinds: BTreeMap<String, String> = BTreeMap::new();
    let mut all: BTreeMap<(String, String), Seen> = BTreeMap::new();
    for (number, [date, direction, row, amount]) in rows.iter().enumerate() {
        let fields: Vec<&str> = row.split(';').collect();
        let (operation, symbol, partner) =
            (fields[4], fields[7].trim(), format!("{} {}", fields[8], fields[9]));
        let operation =
            if operation.is_empty() || symbol == "payment for statement" { symbol } else { operation };
        let kind = if operation == symbol {
            symbol.to_owned()
        } else {
            format!("{operation} {symbol}").trim().to_owned()
        };
        let payee = format!("{kind} {}", partner.trim());
        if amount.trim_start_matches(['0', '.']).is_empty() {
            continue;
        }
        let day = format!("19{}-{}-{}", &date[..2], &date[2..4], &date[4..6]);
        let kind_of = if *direction == "credit" { "Income" } else { "Expense" };
        let data = json!({"transaction_type": kind_of, "amount": amount, "currency": "CZK", "payee": payee, "date": day});
        all.entry((kind.clone(), payee.clone())).or_default().payments += 1;
        kinds.insert(payee, kind);
        for event in send(&mut state, number, &data, &day) {
            let (payee, change): (&str, fn(&mut Seen, &Event)) = match &event {
                Event::RecurringDetected(event) => (&event.payee, |seen, event| {
                    let Event::RecurringDetected(event) = event else { return };
                    seen.cadences.push((event.cadence.to_string(), event.amount_max.is_none()));
                }),
                Event::RecurringMissed(event) => (&event.payee, |seen, _| seen.missed += 1),
                Event::RecurringPriceChanged(event) => (&event.payee, |seen, _| seen.changed += 1),
                _ => continue,
            };
            let key = (kinds[payee].clone(), payee.to_owned());
            change(all.get_mut(&key).expect("it was paid"), &event);
        }
    }
    all
}

fn send(state: &mut UserState, number: usize, data: &Value, day: &str) -> Vec<Event> {
    let id = CommandId::parse(&format!("c{number}")).expect("an id");
    let time = format!("{day}T12:00:00Z").parse().expect("an instant");
    let input = Input::read(id, time, "create_transaction", data.to_string().as_bytes());
    // Nothing is ever taken out of memory, so what is missing is new.
    let mut asked = BTreeSet::new();
    while let Some(key) = state.missing(&input).first() {
        assert!(asked.insert(*key));
        state.insert(*key, None).expect("no page");
    }
    match state.handle(&input, number as u64) {
        Handled::Decided(Outcome::Accepted(events)) => events,
        other => panic!("{data}: {other:?}"),
    }
}
