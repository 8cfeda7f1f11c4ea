//! What a replay came to.

use crate::submit::{Answer, Outcome};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::time::{Duration, Instant};

/// Counts.
#[derive(Debug)]
pub(crate) struct Summary {
    started: Instant,
    commands: u64,
    accepted: u64,
    repeated: u64,
    poisoned: u64,
    refused: BTreeMap<String, u64>,
    alerts: BTreeMap<String, u64>,
    /// Rows without money.
    pub(crate) notes: u64,
    /// Rows that could not be read.
    pub(crate) unreadable: u64,
    /// Users seen.
    pub(crate) users: HashSet<centime_domain::UserId>,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

impl Summary {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            commands: 0,
            accepted: 0,
            repeated: 0,
            poisoned: 0,
            refused: BTreeMap::new(),
            alerts: BTreeMap::new(),
            notes: 0,
            unreadable: 0,
            users: HashSet::new(),
        }
    }

    /// Counts an answer; gives back the alerts that are new.
    pub(crate) fn count(&mut self, answer: Answer) -> Vec<String> {
        self.commands += 1;
        self.repeated += u64::from(answer.repeated);
        match answer.outcome {
            Outcome::Accepted(alerts) => {
                self.accepted += 1;
                let alerts = if answer.repeated { Vec::new() } else { alerts };
                for alert in &alerts {
                    let kind = serde_json::from_str(alert)
                        .map_or_else(|_| "unknown".to_owned(), |Kind { kind }| kind);
                    *self.alerts.entry(kind).or_default() += 1;
                }
                alerts
            }
            Outcome::Refused { code, text } => {
                tracing::debug!(code, text, "refused");
                *self.refused.entry(code).or_default() += 1;
                Vec::new()
            }
            Outcome::Poisoned => {
                self.poisoned += 1;
                Vec::new()
            }
        }
    }

    /// Something failed that was centime's to do.
    pub(crate) fn failed(&self) -> bool {
        self.poisoned > 0
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elapsed = self.started.elapsed().max(Duration::from_millis(1));
        let seconds = elapsed.as_secs_f64();
        let rate = u128::from(self.commands) * 1000 / elapsed.as_millis();
        let list = |counts: &BTreeMap<String, u64>| {
            let each = counts.iter().map(|(name, count)| format!("{name} {count}"));
            Some(each.collect::<Vec<_>>().join(", "))
                .filter(|list| !list.is_empty())
                .unwrap_or_else(|| "none".to_owned())
        };
        writeln!(
            f,
            "commands      {} in {seconds:.2} s ({rate}/s), users {}",
            self.commands,
            self.users.len()
        )?;
        writeln!(f, "accepted      {}", self.accepted)?;
        writeln!(f, "repeated      {} (decided before, nothing changed)", self.repeated)?;
        writeln!(f, "refused       {}", list(&self.refused))?;
        writeln!(f, "dead letters  {} unreadable, {} failed", self.unreadable, self.poisoned)?;
        writeln!(f, "notes         {} (rows without money, not sent)", self.notes)?;
        write!(f, "alerts        {}", list(&self.alerts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_of_repeated_commands_are_not_raised_again() {
        let mut summary = Summary::new();
        let alert = || vec![r#"{"type":"budget_exceeded"}"#.to_owned()];
        let answer = |repeated| Answer { outcome: Outcome::Accepted(alert()), repeated };
        assert_eq!(summary.count(answer(false)), alert());
        assert!(summary.count(answer(true)).is_empty());
        summary.count(Answer {
            outcome: Outcome::Refused { code: "amount_zero".into(), text: String::new() },
            repeated: false,
        });
        let text = summary.to_string();
        for part in
            ["commands      3", "accepted      2", "repeated      1", "amount_zero 1", "budget_exceeded 1"]
        {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert!(!summary.failed());
    }
}
