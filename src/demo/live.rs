//! What the demo user does while you watch.

use super::deal::Deal;
use super::random::Random;
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeSet;

/// Category, payee, cents from, to.
const HABITS: [(&str, &str, u32, u32); 7] = [
    ("groceries", "Green Market", 900, 8_900),
    ("groceries", "Mill Bakery", 300, 1_900),
    ("dining", "Noodle House", 800, 4_200),
    ("dining", "Cafe Anna", 300, 1_400),
    ("transport", "Night Cab", 700, 2_600),
    ("shopping", "Volt Electronics", 1_900, 14_900),
    ("leisure", "Jazz Cellar", 1_200, 5_800),
];

/// Someone who spends, and brings things back once a budget is exceeded.
pub(super) struct Live {
    chance: Random,
    /// Category and month (`2026-02`).
    exceeded: BTreeSet<(String, String)>,
}

#[derive(Deserialize)]
struct Alert {
    #[serde(rename = "type")]
    kind: String,
    data: AlertData,
}

#[derive(Deserialize)]
struct AlertData {
    category: String,
    month: String,
    threshold: Option<u16>,
}

impl Live {
    pub(super) fn new(seed: u64) -> Self {
        Self { chance: Random::new(seed), exceeded: BTreeSet::new() }
    }

    /// The next thing to happen.
    pub(super) fn next(&mut self, date: Date) -> Deal {
        let (category, payee, from, to) = self.chance.pick(&HABITS);
        let month = date.strftime("%Y-%m").to_string();
        if self.exceeded.contains(&(category.to_owned(), month)) && self.chance.percent(60) {
            return Deal::expense(date, category, payee, self.chance.within(to..=to * 2)).refunded(date);
        }
        Deal::expense(date, category, payee, self.chance.within(from..=to))
    }

    /// Takes note of an alert (an envelope).
    pub(super) fn hear(&mut self, envelope: &str) {
        let Ok(Alert { kind, data }) = serde_json::from_str(envelope) else { return };
        match (kind.as_str(), data.threshold) {
            ("budget_exceeded", _) => drop(self.exceeded.insert((data.category, data.month))),
            ("budget_recovered", Some(80)) => drop(self.exceeded.remove(&(data.category, data.month))),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_go_back_only_once_a_budget_is_exceeded() {
        let date = jiff::civil::date(2026, 2, 14);
        let refunds = |live: &mut Live| (0..200).filter(|_| live.next(date).refund).count();
        let mut live = Live::new(7);
        assert_eq!(refunds(&mut live), 0);
        live.hear(r#"{"type":"budget_exceeded","data":{"category":"dining","month":"2026-01"}}"#);
        assert_eq!(refunds(&mut live), 0);
        live.hear(r#"{"type":"budget_exceeded","data":{"category":"dining","month":"2026-02"}}"#);
        assert!(refunds(&mut live) > 0);
        live.hear(
            r#"{"type":"budget_recovered","data":{"category":"dining","month":"2026-02","threshold":80}}"#,
        );
        assert_eq!(refunds(&mut live), 0);
    }
}
