//! The alerts there must be, recomputed from scratch after every command.

use crate::{
    Amount, BudgetSet, CommandId, Currency, Event, Month, Policy, Transaction, TransactionCreated,
    TransactionDeleted, TransactionType,
};
use std::collections::{BTreeMap, BTreeSet};

/// What was spent, by month and category; of all categories together by currency, see [`line`].
pub(super) type Spending = BTreeMap<(Month, String), Amount>;

/// The transactions there are, and the budgets by category and first month, from accepted events alone.
#[derive(Default)]
pub(super) struct Model {
    transactions: BTreeMap<CommandId, Transaction>,
    budgets: BTreeMap<String, BTreeMap<Month, BudgetSet>>,
    /// How often each level was crossed, and in which currency it stands.
    crossings: BTreeMap<(Month, String, u32), (u32, Option<Currency>)>,
}

/// What a budget's spending is called in [`Spending`].
fn line(category: &str, currency: Currency) -> String {
    if category == "all" { format!("all, in {currency:?}") } else { category.to_owned() }
}

/// What a transaction adds to the spending of all categories, in its own currency.
fn of_all(transaction: &Transaction) -> Option<Amount> {
    let named = transaction.category.is_some() || !transaction.splits.is_empty();
    match transaction.transaction_type {
        _ if transaction.excluded => None,
        TransactionType::Expense => Some(transaction.amount),
        TransactionType::Income if transaction.refund && named => Some(transaction.amount.negated()),
        TransactionType::Income | TransactionType::Transfer => None,
    }
}

impl Model {
    pub(super) fn spent(&self) -> Spending {
        let mut spent = Spending::new();
        for transaction in self.transactions.values() {
            for (name, amount) in transaction.spending() {
                let sum = spent.entry((transaction.date.month(), name.to_owned())).or_default();
                *sum = sum.plus(amount);
            }
            if let Some(amount) = of_all(transaction) {
                let name = line("all", transaction.currency);
                let sum = spent.entry((transaction.date.month(), name)).or_default();
                *sum = sum.plus(amount);
            }
        }
        spent
    }

    pub(super) fn categories(&self) -> impl Iterator<Item = &String> {
        self.budgets.keys()
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
            Event::UserErased(_) => *self = Self::default(),
            _ => {}
        }
    }

    fn put(&mut self, transaction: &Transaction) {
        self.transactions.insert(transaction.id.clone(), transaction.clone());
    }

    /// All months a category's budget is valid in, as far as dates go here, one after the other: the version, what the
    /// limit comes to, and what was spent.
    pub(super) fn months(
        &self,
        category: &str,
        spending: &Spending,
    ) -> BTreeMap<Month, (&BudgetSet, Amount, Amount)> {
        let versions = &self.budgets[category];
        let mut months = BTreeMap::new();
        let mut month = versions.first_key_value().map(|(from, _)| *from);
        let mut before: Option<(&BudgetSet, Amount, Amount)> = None;
        while let Some(this) = month.filter(|month| month.year() <= 2026) {
            let (_, version) = versions.range(..=this).next_back().expect("the first is valid");
            let left = before
                .filter(|(budget, ..)| budget.currency == version.currency)
                .map_or(Amount::ZERO, |(_, limit, spent)| limit.minus(spent));
            let limit = match version.policy {
                Policy::Rollover if left > Amount::ZERO => version.limit.plus(left),
                Policy::Reset | Policy::Rollover => version.limit,
                Policy::Carry => version.limit.plus(left),
            };
            let line = line(category, version.currency);
            let spent = spending.get(&(this, line)).copied().unwrap_or_default();
            before = Some((version, limit, spent));
            months.insert(this, (version, limit, spent));
            month = this.next();
        }
        months
    }

    /// A month's limit and spending; `None` without a budget then.
    pub(super) fn limit_and_spent(
        &self,
        category: &str,
        month: Month,
        spending: &Spending,
    ) -> Option<(Amount, Amount)> {
        self.budgets.get(category)?;
        self.months(category, spending).get(&month).map(|(_, limit, spent)| (*limit, *spent))
    }

    /// A month's spending up to a day, and after it, in the currency of the budget; `None` if no transaction counts there.
    pub(super) fn cut(
        &self,
        category: &str,
        currency: Currency,
        (month, day): (Month, u16),
    ) -> Option<(Amount, Amount)> {
        let mut cut = None;
        for transaction in self.transactions.values().filter(|transaction| transaction.date.month() == month)
        {
            let named =
                transaction.spending().filter(|(name, _)| *name == category).map(|(_, amount)| amount);
            let parts: Vec<Amount> = match category {
                "all" => {
                    of_all(transaction).filter(|_| transaction.currency == currency).into_iter().collect()
                }
                _ => named.collect(),
            };
            for amount in parts {
                let (before, after) = cut.get_or_insert((Amount::ZERO, Amount::ZERO));
                let part = if transaction.date.day_of_month() <= day { before } else { after };
                *part = part.plus(amount);
            }
        }
        cut
    }

    /// Every level that should stand now, recomputed from nothing but transactions and budgets; silently forgets
    /// levels that no budget has any more. Answers the alerts that must have been raised, unordered.
    pub(super) fn judge(&mut self) -> BTreeSet<String> {
        let mut standing = BTreeMap::new();
        let mut lines = BTreeSet::new();
        let spending = self.spent();
        for category in self.budgets.keys() {
            for (month, (budget, limit, spent)) in self.months(category, &spending) {
                let percents = budget.thresholds.iter().map(|percent| u32::from(*percent));
                for level in percents.chain([0]) {
                    let decimal = rust_decimal::Decimal::from;
                    let hundredfold = (spent.decimal() * decimal(100), limit.decimal() * decimal(level));
                    let reached = if level == 0 { spent > limit } else { hundredfold.0 >= hundredfold.1 };
                    let stands = reached && spent > Amount::ZERO;
                    let name = if level == 0 { "exceeded".to_owned() } else { level.to_string() };
                    let key = (month, category.clone(), level);
                    let stands = stands.then_some(budget.currency);
                    standing.insert(key, (stands, budget.currency, name, format!("{spent} of {limit}")));
                }
            }
        }
        for (key, state) in &mut self.crossings {
            // In another currency it is another limit, and other spending.
            state.1 =
                state.1.filter(|stood| standing.get(key).is_some_and(|(_, currency, ..)| currency == stood));
        }
        for (key, (stands, _, name, figures)) in standing {
            let state = self.crossings.entry(key.clone()).or_default();
            if stands != state.1 {
                state.0 += u32::from(stands.is_some());
                state.1 = stands;
                let verb = match (stands.is_some(), key.2) {
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
