//! What months come to.

use crate::Amount;
use crate::transaction::Figure;
use serde_json::{Value, json};

/// The sums of some months, in one currency.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    /// Incomes that are no refunds.
    pub income: Amount,
    /// Expenses less refunds.
    pub expense: Amount,
    /// Refunds: counted in `expense` already.
    pub refunds: Amount,
}

impl Sums {
    /// Adds a month total.
    pub(super) fn add<C>(&mut self, figure: &Figure<C>, amount: Amount) {
        let sum = match figure {
            Figure::Income(_) => &mut self.income,
            Figure::Spending(_) => &mut self.expense,
            Figure::Refunds => &mut self.refunds,
            Figure::Budgeted(_) => {
                // Counted in `Spending`, and in reports in another currency.
                self.expense = self.expense.minus(amount);
                return;
            }
            // Money in an account came as an income, or from another account; these are in the others.
            Figure::Account(_) | Figure::UnnamedRefunds | Figure::AllSpending => return,
        };
        *sum = sum.plus(amount);
    }

    /// Adds the sums of other months.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            income: self.income.plus(other.income),
            expense: self.expense.plus(other.expense),
            refunds: self.refunds.plus(other.refunds),
        }
    }

    /// What is left, or lacking.
    pub(super) fn net(self) -> Amount {
        self.income.minus(self.expense)
    }

    /// Everything that came in, refunds included.
    pub(super) fn inflow(self) -> Amount {
        self.income.plus(self.refunds)
    }

    /// Everything that went out.
    pub(super) fn outflow(self) -> Amount {
        self.expense.plus(self.refunds)
    }

    /// What is left of each unit of income; `None` where there is no income to save from.
    pub(super) fn savings_rate(self) -> Option<String> {
        self.income.is_positive().then(|| self.net().share_of(self.income))
    }

    /// `{income, expense, net}`
    pub(super) fn json(self) -> Value {
        json!({"income": self.income, "expense": self.expense, "net": self.net()})
    }
}
