//! A user's transactions, page by page, the newest date first; within a day the last created first.

use super::list;
use crate::state::page_of;
use crate::transaction::Transaction;
use crate::{Date, PageKey, PageRange, Refusal, UserState};
use serde_json::{Value, json};
use std::cmp::Reverse;

/// Which transactions, and how many at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionsQuery {
    /// `next_cursor` of the answer before.
    pub cursor: Option<String>,
    /// How many at most, 1..=500. With a category, an answer may hold fewer though more follow: go by `next_cursor`.
    pub limit: usize,
    /// The first date, inclusive.
    pub from: Option<Date>,
    /// The last date, inclusive.
    pub to: Option<Date>,
    /// Only this category's, the parts of splits included.
    pub category: Option<String>,
}

impl Default for TransactionsQuery {
    fn default() -> Self {
        Self { cursor: None, limit: 50, from: None, to: None, category: None }
    }
}

/// A transaction's place in the list.
type Place = (Date, u64);

impl TransactionsQuery {
    const MOST: usize = 500;

    pub(super) fn range(&self, state: &UserState) -> Option<PageRange> {
        let limit = self.scanned();
        let from = state.stored_key(PageKey::ByDate(self.from.unwrap_or(Date::FIRST), 0));
        // No transaction has the greatest number.
        let end = (self.to.unwrap_or(Date::LAST), u64::MAX);
        let (date, ordinal) = self.after().ok()?.map_or(end, |after| after.min(end));
        let to = state.stored_key(PageKey::ByDate(date, ordinal));
        let useful = state.has_spilled_transactions() && from < to;
        useful.then_some(PageRange { from, to, descending: true, limit })
    }

    pub(super) fn answer(&self, state: &UserState, rows: &[(Vec<u8>, Vec<u8>)]) -> Result<Value, Refusal> {
        let after = self.after()?;
        if !(1..=Self::MOST).contains(&self.limit) {
            return Err(Refusal::new("invalid_limit", "limit", format!("from 1 to {}", Self::MOST)));
        }
        if self.from.zip(self.to).is_some_and(|(from, to)| to < from) {
            return Err(Refusal::new("invalid_range", "to", "`to` may not be before `from`"));
        }
        let mut found = rows.iter().map(read_row).collect::<Result<Vec<_>, _>>()?;
        // Beyond the last row of a full range there may be more rows: what is in memory has to wait for them.
        let horizon = found.last().filter(|_| rows.len() >= self.scanned()).map(|(place, _)| *place);
        let tail = state.tail().map(|(ordinal, transaction)| ((transaction.date, ordinal), transaction));
        let wanted = |place: Place| {
            after.is_none_or(|after| place < after)
                && horizon.is_none_or(|horizon| place > horizon)
                && self.from.is_none_or(|from| place.0 >= from)
                && self.to.is_none_or(|to| place.0 <= to)
        };
        found.extend(tail.filter(|(place, _)| wanted(*place)));
        found.sort_by_key(|(place, _)| Reverse(*place));
        Ok(self.page(found, horizon))
    }

    fn page(&self, found: Vec<(Place, Transaction)>, horizon: Option<Place>) -> Value {
        let mut items = Vec::new();
        let mut last = None;
        let mut rest = found.into_iter();
        for (place, transaction) in rest.by_ref() {
            last = Some(place);
            if self.has_category(&transaction) {
                items.push(json!(transaction));
            }
            if items.len() == self.limit {
                break;
            }
        }
        let more = horizon.is_some() || rest.any(|(_, transaction)| self.has_category(&transaction));
        let next = last.filter(|_| more).map(|(date, ordinal)| format!("{date}.{ordinal}"));
        list(&items, next.as_deref())
    }

    fn has_category(&self, transaction: &Transaction) -> bool {
        self.category.as_deref().is_none_or(|category| {
            if transaction.splits.is_empty() {
                transaction.category.as_deref() == Some(category)
            } else {
                transaction.splits.iter().any(|split| &*split.category == category)
            }
        })
    }

    /// One more than wanted tells whether more follow. With a category most rows may be others'.
    fn scanned(&self) -> usize {
        if self.category.is_some() { Self::MOST } else { self.limit.min(Self::MOST) + 1 }
    }

    fn after(&self) -> Result<Option<Place>, Refusal> {
        let read = |cursor: &String| {
            let (date, ordinal) = cursor.split_once('.')?;
            Some((Date::read(date).ok()?, ordinal.parse().ok()?))
        };
        let invalid =
            || Refusal::new("invalid_cursor", "cursor", "use `next_cursor` of the answer before as it is");
        self.cursor.as_ref().map(|cursor| read(cursor).ok_or_else(invalid)).transpose()
    }
}

pub(super) fn read_row((key, value): &(Vec<u8>, Vec<u8>)) -> Result<(Place, Transaction), Refusal> {
    let broken = || Refusal::plain("invalid_page", "a stored transaction can't be read");
    let Some(PageKey::ByDate(date, ordinal)) = page_of(key) else {
        return Err(broken());
    };
    let transaction = postcard::from_bytes(value).map_err(|_| broken())?;
    Ok(((date, ordinal), transaction))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Query;
    use crate::story::Story;

    #[test]
    fn a_list_is_asked_for_with_a_cursor_it_gave_and_a_sensible_limit() {
        let refused = |query: TransactionsQuery| {
            let refusal = Story::new().ask(&Query::Transactions(query)).expect_err("refused");
            (refusal.code, refusal.field.expect("a field"))
        };
        for cursor in ["", "2026-01-01", "2026-02-30.1", "2026-01-01.x", "1.2026-01-01"] {
            let query = TransactionsQuery { cursor: Some(cursor.to_owned()), ..TransactionsQuery::default() };
            assert_eq!(refused(query), ("invalid_cursor".into(), "cursor".into()), "{cursor}");
        }
        for limit in [0, TransactionsQuery::MOST + 1, usize::MAX] {
            let query = TransactionsQuery { limit, ..TransactionsQuery::default() };
            assert_eq!(refused(query), ("invalid_limit".into(), "limit".into()), "{limit}");
        }
        let dates = |from, to| TransactionsQuery {
            from: Date::read(from).ok(),
            to: Date::read(to).ok(),
            ..TransactionsQuery::default()
        };
        assert_eq!(refused(dates("2025-05-01", "2025-01-01")), ("invalid_range".into(), "to".into()));
        let day = Query::Transactions(dates("2025-05-01", "2025-05-01"));
        assert!(Story::new().ask(&day).is_ok(), "a single day");
    }

    #[test]
    fn a_damaged_row_is_named() {
        let key = UserState::default().stored_key(PageKey::ByDate(Date::FIRST, 1));
        for row in [(key, vec![0xff]), (b"no key".to_vec(), Vec::new())] {
            assert_eq!(read_row(&row).expect_err("damaged").code, "invalid_page");
        }
    }
}
