//! `set_budget`: a category has a limit from a month on.

use super::{Context, Decide};
use crate::budget::Policy;
use crate::events::BudgetSet;
use crate::read::{Field, from_json};
use crate::values::CATEGORY;
use crate::{Amount, Currency, Date, Event, Month, Refusal, UserState};
use serde::Deserialize;

/// What a person wants to be told about who says nothing: nearly there, and there.
const DEFAULT_THRESHOLDS: [u16; 2] = [80, 100];
const MOST_THRESHOLDS: usize = 10;
const HIGHEST_THRESHOLD: u16 = 1_000;

/// A category's limit, valid from a month until changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SetBudget {
    /// The category.
    pub category: Box<str>,
    /// The month's limit; may be zero.
    pub limit: Amount,
    /// In what; the user's base currency if left out.
    pub currency: Option<Currency>,
    /// The first month; the command's, in UTC, if left out.
    pub from: Option<Month>,
    /// Percentages of the limit to be told about, ascending.
    pub thresholds: Box<[u16]>,
    /// What happens to what is left over at a month's end.
    pub policy: Policy,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    category: String,
    limit: Field<Amount>,
    currency: Option<Field<Currency>>,
    from: Option<Field<Month>>,
    thresholds: Option<Vec<i64>>,
    policy: Option<String>,
}

impl Decide for SetBudget {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = from_json(data)?;
        Ok(Self {
            category: CATEGORY.check(raw.category, "category")?,
            limit: raw.limit.at("limit")?,
            currency: raw.currency.map(|currency| currency.at("currency")).transpose()?,
            from: raw.from.map(|from| from.at("from")).transpose()?,
            thresholds: thresholds(raw.thresholds.as_deref())?,
            policy: policy(raw.policy.as_deref())?,
        })
    }

    fn decide(&self, state: &UserState, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        let from = self.from.or_else(|| Date::of(context.time).map(Date::month));
        let event = BudgetSet {
            category: self.category.clone(),
            limit: self.limit,
            currency: self.currency.unwrap_or(state.base_currency()),
            from: from.ok_or_else(|| {
                Refusal::new("invalid_month", "from", "the command's time is outside 1900 to 2200")
            })?,
            thresholds: self.thresholds.clone(),
            policy: self.policy,
        };
        event.limit.check_digits(event.currency.digits()).map_err(|no| no.at("limit"))?;
        state.check_budget(&event)?;
        Ok(if state.has_budget(&event) { Vec::new() } else { vec![Event::BudgetSet(event)] })
    }
}

fn thresholds(raw: Option<&[i64]>) -> Result<Box<[u16]>, Refusal> {
    let Some(raw) = raw else {
        return Ok(DEFAULT_THRESHOLDS.into());
    };
    let refuse = |text: String| Refusal::new("invalid_thresholds", "thresholds", text);
    if raw.len() > MOST_THRESHOLDS {
        return Err(refuse(format!("at most {MOST_THRESHOLDS}")));
    }
    if !raw.is_sorted_by(|a, b| a < b) {
        return Err(refuse("ascending, each only once".to_owned()));
    }
    let percent = |number: &i64| {
        u16::try_from(*number).ok().filter(|percent| (1..=HIGHEST_THRESHOLD).contains(percent))
    };
    raw.iter()
        .map(|number| percent(number).ok_or_else(|| refuse(format!("each from 1 to {HIGHEST_THRESHOLD}"))))
        .collect()
}

fn policy(raw: Option<&str>) -> Result<Policy, Refusal> {
    match raw {
        None | Some("reset") => Ok(Policy::Reset),
        Some(_) => Err(Refusal::new("unsupported_policy", "policy", "the only policy so far is \"reset\"")),
    }
}
