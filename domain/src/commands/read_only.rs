//! Fields of a transaction that follow from the rest. Answers show them, so a change may repeat them: whoever reads a
//! transaction can give it back as it is.

use crate::read::{Field, Object, Shown};
use crate::transaction::{Details, Transaction};
use crate::values::Rate;
use crate::{Amount, Currency, Refusal};
use serde::Deserialize;
use std::hash::{Hash, Hasher};

/// A field that was shown: `None` if it was left out, an inner `None` if it was `null`.
#[allow(clippy::option_option)]
type Said<T> = Option<Option<T>>;

/// What a change says of such fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ReadOnly {
    counted: Said<(Currency, Rate)>,
    budgeted: Said<Vec<(Currency, Rate)>>,
    account_amount: Said<Amount>,
    to_account_amount: Said<Amount>,
}

/// There were changes before these fields could be said: left out they say nothing.
impl Hash for ReadOnly {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        if let Some(counted) = &self.counted {
            ("counted", counted).hash(hasher);
        }
        if let Some(budgeted) = &self.budgeted {
            ("budgeted", budgeted).hash(hasher);
        }
        for (name, said) in self.amounts() {
            if let Some(amount) = said {
                (name, amount).hash(hasher);
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCounted {
    currency: Field<Currency>,
    rate: Field<Rate>,
}

impl RawCounted {
    fn read(self, field: &str) -> Result<(Currency, Rate), Refusal> {
        Ok((self.currency.at(format!("{field}.currency"))?, self.rate.at(format!("{field}.rate"))?))
    }
}

impl ReadOnly {
    pub(super) fn read(
        counted: Said<Object<RawCounted>>,
        budgeted: Said<Vec<Object<RawCounted>>>,
        account_amount: Said<Field<Shown>>,
        to_account_amount: Said<Field<Shown>>,
    ) -> Result<Self, Refusal> {
        let amount = |said: Said<Field<Shown>>, field: &'static str| {
            let read = |amount: Field<Shown>| amount.at(field).map(|Shown(amount)| amount);
            said.map(|amount| amount.map(read).transpose()).transpose()
        };
        Ok(Self {
            counted: counted.map(|it| it.map(|Object(it)| it.read("counted")).transpose()).transpose()?,
            budgeted: budgeted.map(|all| all.map(read_all).transpose()).transpose()?,
            account_amount: amount(account_amount, "account_amount")?,
            to_account_amount: amount(to_account_amount, "to_account_amount")?,
        })
    }

    /// Whether any of them is said.
    pub(super) fn is_said(&self) -> bool {
        *self != Self::default()
    }

    fn amounts(&self) -> [(&'static str, Said<Amount>); 2] {
        [("account_amount", self.account_amount), ("to_account_amount", self.to_account_amount)]
    }

    /// Refuses with `read_only_field` what is not as it is: nobody should believe to have changed it.
    pub(super) fn check(&self, stored: &Transaction) -> Result<(), Refusal> {
        let none = Details::default();
        let details = stored.details.as_deref().unwrap_or(&none);
        let counted = details.counted.map(|counted| (counted.currency, counted.rate));
        let amounts = [details.account_amount, details.to_account_amount];
        let other = self
            .amounts()
            .into_iter()
            .zip(amounts)
            .find_map(|((name, said), is)| said.is_some_and(|said| said != is).then_some(name))
            .or_else(|| self.counted.is_some_and(|said| said != counted).then_some("counted"))
            .or_else(|| {
                self.budgeted
                    .as_ref()
                    .is_some_and(|said| !is_said(said.as_deref(), details))
                    .then_some("budgeted")
            });
        other.map_or(Ok(()), |field| {
            let text = "this follows from the other fields: leave it out, or repeat it as it is";
            Err(Refusal::new("read_only_field", field, text))
        })
    }
}

fn read_all(all: Vec<Object<RawCounted>>) -> Result<Vec<(Currency, Rate)>, Refusal> {
    all.into_iter().enumerate().map(|(i, Object(it))| it.read(&format!("budgeted[{i}]"))).collect()
}

/// Whether what is said of budgets is as it is stored; where there is nothing, nothing is shown.
fn is_said(said: Option<&[(Currency, Rate)]>, stored: &Details) -> bool {
    let stored = stored.budgeted.iter().map(|counted| (counted.currency, counted.rate));
    said.unwrap_or_default().iter().copied().eq(stored)
}
