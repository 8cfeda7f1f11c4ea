//! `erase_user`: nothing of the user is left.

use super::{Context, Decide};
use crate::events::UserErased;
use crate::read::from_json;
use crate::{Event, Refusal, UserState};
use serde::Deserialize;

/// Erases all that is known of the user. What comes after it starts afresh.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EraseUser {}

impl Decide for EraseUser {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        from_json(data)
    }

    fn decide(&self, _state: &UserState, _context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        Ok(vec![Event::UserErased(UserErased {})])
    }
}

#[cfg(test)]
mod tests {
    use crate::story::Story;
    use crate::{Handled, Month, Query, TransactionsQuery};
    use serde_json::{Value, json};

    fn expense(n: u32) -> Value {
        json!({"transaction_type": "Expense", "amount": "30", "category": "Food", "date": format!("2026-02-{:02}", n % 28 + 1)})
    }

    /// A user with a past, in memory or mostly in pages.
    fn user(tiny: bool) -> Story {
        let mut story = if tiny { Story::tiny() } else { Story::new() };
        story = story.when("set_budget", json!({"category": "Food", "limit": "100", "from": "2025-01"}));
        for n in 0..9 {
            story = story.when_as(&format!("t{n}"), "create_transaction", expense(n));
            story.flush();
        }
        story
    }

    /// Everything a user may ask.
    fn answers(story: &mut Story) -> Vec<Value> {
        let month = Month::read("2026-02").expect("a month");
        let list = Query::Transactions(TransactionsQuery::default());
        let queries = [Query::Budgets { month }, Query::Balance, list];
        queries.iter().map(|query| story.ask(query).expect("answered")).collect()
    }

    #[test]
    fn after_it_a_user_is_as_if_never_seen() {
        for tiny in [false, true] {
            let mut story =
                user(tiny).when_as("erase", "erase_user", json!({})).then_events(&["user_erased"]);
            assert_eq!(answers(&mut story), answers(&mut Story::new()));
            story.sweep();
            assert_eq!(story.store.len(), 1, "only a new root page is left: {:?}", story.store.keys());
            let page = story.store.values().next().expect("a root page");
            assert!(!page.windows(4).any(|bytes| bytes == b"Food"), "{page:?}");
        }
    }

    #[test]
    fn commands_after_it_start_afresh_even_with_ids_from_before() {
        for tiny in [false, true] {
            let mut story = user(tiny).when_as("erase", "erase_user", json!({}));
            let mut fresh = if tiny { Story::tiny() } else { Story::new() };
            // Whether what was is swept away at once, late or never makes no difference.
            for n in 0..9 {
                story = story.when_as(&format!("t{n}"), "create_transaction", expense(n));
                fresh = fresh.when_as(&format!("t{n}"), "create_transaction", expense(n));
                assert_eq!(answers(&mut story), answers(&mut fresh));
                if n == 5 {
                    story.sweep();
                    story.reload();
                }
            }
        }
    }

    #[test]
    fn the_same_erase_again_erases_nothing_more() {
        let mut story = user(true).when_as("erase", "erase_user", json!({})).when_as(
            "new",
            "create_transaction",
            expense(1),
        );
        assert_eq!(story.send("erase", "erase_user", &json!({})), Handled::Repeated { sequence: 11 });
        assert_eq!(answers(&mut story)[1]["items"][0]["balance"], "-30");
        story
            .when_as("again", "erase_user", json!({}))
            .then_events(&["user_erased"])
            .when("erase_user", json!({"sure": true}))
            .then_refused("unknown_field", "sure");
    }
}
