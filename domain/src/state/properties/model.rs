//! The alerts there must be, recomputed from scratch after every command.

use crate::{
    Amount, BudgetSet, CommandId, Currency, Event, Month, Policy, Transaction, TransactionCreated,
    TransactionDeleted, TransactionType,
};
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::{BTreeMap, BTreeSet};

/// What was spent, by month and category; `all` is all of them together.
pub(super) type Spending = BTreeMap<(Month, String), Amount>;

/// The transactions there are, and the budgets by category and first month, from accepted events alone.
#[derive(Default)]
pub(super) struct Model {
    transactions: BTreeMap<CommandId, Transaction>,
    budgets: BTreeMap<String, BTreeMap<Month, BudgetSet>>,
    crossings: BTreeMap<(Month, String, u32), (u32, bool)>,
}

/// What a transaction takes from its categories, or from none, in its own currency. Refunds give; without a category they give
/// nobody.
fn parts(transaction: &Transaction) -> Vec<(Option<&str>, Amount)> {
    let sign = |amount: Amount| match (transaction.transaction_type, transaction.refund) {
        (TransactionType::Expense, _) => Some(amount),
        (TransactionType::Income, true) => Some(amount.negated()),
        _ => None,
    };
    if transaction.excluded {
        return Vec::new();
    }
    let whole =
        transaction.splits.is_empty().then_some((transaction.category.as_deref(), transaction.amount));
    let splits = transaction.splits.iter().map(|split| (Some(&*split.category), split.amount));
    let all = whole.into_iter().chain(splits);
    let lowers_nothing = |name: Option<&str>| transaction.refund && name.is_none();
    all.filter_map(|(name, amount)| Some((name, sign(amount)?)))
        .filter(|(name, _)| !lowers_nothing(*name))
        .collect()
}

/// What counts for a budget of a transaction's parts, each in the budget's currency: of a category, or of all, which are what
/// reports have. `None`: it is not known in that currency.
fn counted(transaction: &Transaction, category: &str, currency: Currency) -> Vec<Option<Amount>> {
    let counts_in = transaction.details.as_deref().and_then(|details| details.counted);
    let counts_in = counts_in.map_or(transaction.currency, |counted| counted.currency);
    let mut parts = parts(transaction);
    if category == "all" {
        parts.retain(|_| counts_in == currency);
    } else {
        parts.retain(|(name, _)| *name == Some(category));
    }
    parts.into_iter().map(|(_, amount)| known_in(transaction, currency, amount)).collect()
}

/// An amount of a transaction in a currency, at the rate that the transaction says.
fn known_in(transaction: &Transaction, currency: Currency, amount: Amount) -> Option<Amount> {
    let details = transaction.details.as_deref();
    let counted = details.and_then(|details| details.counted);
    if counted.is_none() && transaction.currency == currency {
        return Some(amount);
    }
    let budgeted = details.map_or(&[][..], |details| &details.budgeted);
    let known = counted.iter().chain(budgeted).find(|known| known.currency == currency)?;
    let rate: Decimal = serde_json::to_value(known.rate).ok()?.as_str()?.parse().ok()?;
    let rounded = (amount.decimal() * rate).round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    Amount::figure(rounded)
}

impl Model {
    pub(super) fn spent(&self) -> Spending {
        let mut spent = Spending::new();
        for transaction in self.transactions.values() {
            let month = transaction.date.month();
            for category in self.budgets.keys() {
                let Some(currency) = self.currency(category, month) else { continue };
                for amount in counted(transaction, category, currency) {
                    let sum = spent.entry((month, category.clone())).or_default();
                    *sum = sum.plus(amount.expect("its spending is known"));
                }
            }
        }
        spent
    }

    /// That of a category's budget in a month.
    fn currency(&self, category: &str, month: Month) -> Option<Currency> {
        let (_, version) = self.budgets.get(category)?.range(..=month).next_back()?;
        Some(version.currency)
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
            let spent = spending.get(&(this, category.to_owned())).copied().unwrap_or_default();
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

    /// A month's spending in the currency a budget has in `budget_month`, up to a day, and after it; `None` if no transaction counts there.
    pub(super) fn cut(
        &self,
        (category, budget_month): (&str, Month),
        month: Month,
        day: u16,
    ) -> Option<(Amount, Amount)> {
        let currency = self.currency(category, budget_month)?;
        let mut cut = None;
        for transaction in self.transactions.values().filter(|transaction| transaction.date.month() == month)
        {
            // What is not known in the budget's currency, from before the budget, is no past to go by.
            for amount in counted(transaction, category, currency).into_iter().flatten() {
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
                    standing.insert(key, (stands, name, format!("{spent} of {limit}")));
                }
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
