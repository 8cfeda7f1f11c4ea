//! The alerts there must be, recomputed from scratch after every command.

use crate::{
    Amount, BudgetSet, CommandId, Event, Month, Transaction, TransactionCreated, TransactionDeleted,
};
use std::collections::{BTreeMap, BTreeSet};

/// The transactions there are, and the budgets by category and first month, from accepted events alone.
#[derive(Default)]
pub(super) struct Model {
    transactions: BTreeMap<CommandId, Transaction>,
    budgets: BTreeMap<String, BTreeMap<Month, BudgetSet>>,
    crossings: BTreeMap<(Month, String, u32), (u32, bool)>,
}

impl Model {
    fn spent(&self) -> BTreeMap<(Month, String), Amount> {
        let mut spent: BTreeMap<(Month, String), Amount> = BTreeMap::new();
        for transaction in self.transactions.values() {
            for (name, amount) in transaction.spending() {
                let sum = spent.entry((transaction.date.month(), name.to_owned())).or_default();
                *sum = sum.plus(amount);
            }
        }
        spent
    }

    pub(super) fn evolve(&mut self, event: &Event) {
        match event {
            Event::TransactionCreated(TransactionCreated { transaction }) => self.put(transaction),
            Event::TransactionUpdated(event) => self.put(&event.transaction),
            Event::TransactionDeleted(TransactionDeleted { transaction }) => {
                self.transactions.remove(&transaction.id);
            }
            Event::BudgetSet(event) => {
                let versions = self.budgets.entry(event.category.to_string()).or_default();
                versions.insert(event.from, event.clone());
            }
            Event::BudgetRemoved(event) => {
                self.budgets.remove(&*event.category);
            }
            _ => {}
        }
    }

    fn put(&mut self, transaction: &Transaction) {
        self.transactions.insert(transaction.id.clone(), transaction.clone());
    }

    /// Every level that should stand now, recomputed from nothing but transactions and budgets; silently forgets
    /// levels that no budget has any more. Answers the alerts that must have been raised, unordered.
    pub(super) fn judge(&mut self) -> BTreeSet<String> {
        let mut standing = BTreeMap::new();
        let mut lines = BTreeSet::new();
        let mut months = self.spent();
        for (month, category, _) in self.crossings.keys() {
            months.entry((*month, category.clone())).or_default();
        }
        for ((month, category), spent) in months {
            let Some((_, budget)) =
                self.budgets.get(&category).and_then(|all| all.range(..=month).next_back())
            else {
                continue;
            };
            let percents = budget.thresholds.iter().map(|percent| u32::from(*percent));
            for level in percents.chain([0]) {
                let decimal = rust_decimal::Decimal::from;
                let hundredfold = (spent.decimal() * decimal(100), budget.limit.decimal() * decimal(level));
                let reached = if level == 0 { spent > budget.limit } else { hundredfold.0 >= hundredfold.1 };
                let stands = reached && spent > Amount::ZERO;
                let name = if level == 0 { "exceeded".to_owned() } else { level.to_string() };
                standing.insert(
                    (month, category.clone(), level),
                    (stands, name, format!("{spent} of {}", budget.limit)),
                );
            }
        }
        for (key, state) in &mut self.crossings {
            state.1 &= standing.contains_key(key);
        }
        for (key, (stands, name, figures)) in standing {
            let state = self.crossings.entry(key.clone()).or_default();
            if stands != state.1 {
                state.0 += u32::from(stands);
                state.1 = stands;
                let verb = match (stands, key.2) {
                    (true, 0) => "exceeded".to_owned(),
                    (true, _) => format!("reached {name}"),
                    (false, _) => format!("recovered {name}"),
                };
                lines.insert(format!("{verb} {} {} #{}: {figures}", key.1, key.0, state.0));
            }
        }
        lines
    }
}
