//! Which figure a month total is of, as one number.

use super::Categories;
use crate::budget::ALL;
use crate::transaction::Figure;
use serde::{Deserialize, Serialize};

/// Lines a page of totals holds: with 12 months and one currency at most 384 cells, about 8 kB.
const BLOCK: u16 = 32;

/// A figure in two bytes. The spending of a category, what nearly all totals are of, has the category's number; all else
/// begins at [`OTHERS`], and so is in pages of its own once it is spilled. The spending of all categories has their number,
/// [`ALL`], right before that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Line(u16);

const OTHERS: u16 = 1 << 14;
const UNCATEGORISED_SPENDING: u16 = OTHERS;
const UNCATEGORISED_INCOME: u16 = OTHERS + 1;
const REFUNDS: u16 = OTHERS + 2;
const UNNAMED_REFUNDS: u16 = OTHERS + 3;
const INCOME: u16 = OTHERS + 4;

/// Accounts begin here.
const ACCOUNTS: u16 = 1 << 15;

/// What counts for budgets only begins here.
const BUDGETED: u16 = ACCOUNTS + OTHERS;

const _: () = assert!(INCOME as usize + Categories::MOST <= ACCOUNTS as usize, "incomes stay below accounts");
const _: () = assert!(Categories::MOST <= ALL as usize, "categories' numbers stay below that of all of them");
const _: () = assert!(ALL < OTHERS, "which stays below the others");
const _: () =
    assert!(BUDGETED as usize + Categories::MOST <= u16::MAX as usize, "budgets' lines are numbers, too");

impl Line {
    /// The line of a category's spending, or of that of [`ALL`].
    pub(crate) fn spending(category: u16) -> Self {
        Self(category)
    }

    /// The line of what moved an account.
    pub(crate) fn account(number: u16) -> Self {
        Self(ACCOUNTS + number)
    }

    /// The line of a category's spending that reports have in another currency.
    pub(crate) fn budgeted(category: u16) -> Self {
        Self(BUDGETED + category)
    }

    /// What it is of, by the category's number.
    pub(crate) fn figure(self) -> Figure<u16> {
        match self.0 {
            UNCATEGORISED_SPENDING => Figure::Spending(None),
            UNCATEGORISED_INCOME => Figure::Income(None),
            REFUNDS => Figure::Refunds,
            UNNAMED_REFUNDS => Figure::UnnamedRefunds,
            ALL => Figure::AllSpending,
            number if number >= BUDGETED => Figure::Budgeted(number - BUDGETED),
            number if number >= ACCOUNTS => Figure::Account(number - ACCOUNTS),
            number if number >= INCOME => Figure::Income(Some(number - INCOME)),
            number => Figure::Spending(Some(number)),
        }
    }

    /// Whose budget it is judged by: a category's number, or [`ALL`].
    pub(crate) fn budget(self) -> Option<u16> {
        (self.0 < OTHERS).then_some(self.0)
    }

    /// Which block of a year's totals it is in. What counts for budgets only is where its category's spending is: who reads one
    /// needs the other, and nearly nobody has any.
    pub(crate) fn block(self) -> u16 {
        self.0.checked_sub(BUDGETED).unwrap_or(self.0) / BLOCK
    }

    /// All blocks that a user with so many categories can have, those of accounts and of [`ALL`] left out: what is in them is
    /// in others, too.
    pub(crate) fn blocks(categories: usize) -> impl Iterator<Item = u16> + Clone {
        let categories = u16::try_from(categories).expect("at most Categories::MOST");
        let spending = 0..categories.div_ceil(BLOCK);
        let others = Self(OTHERS).block()..(INCOME + categories).div_ceil(BLOCK);
        spending.chain(others)
    }
}

impl From<Figure<u16>> for Line {
    fn from(figure: Figure<u16>) -> Self {
        Self(match figure {
            Figure::Spending(Some(category)) => category,
            Figure::Spending(None) => UNCATEGORISED_SPENDING,
            Figure::Income(Some(category)) => INCOME + category,
            Figure::Income(None) => UNCATEGORISED_INCOME,
            Figure::Refunds => REFUNDS,
            Figure::UnnamedRefunds => UNNAMED_REFUNDS,
            Figure::AllSpending => ALL,
            Figure::Budgeted(category) => BUDGETED + category,
            Figure::Account(number) => ACCOUNTS + number,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_knows_its_figure_and_its_block_is_among_all_blocks() {
        let last = u16::try_from(Categories::MOST - 1).expect("small");
        let categories = [0, 27, 28, 29, 31, 32, last];
        let named = categories
            .iter()
            .flat_map(|n| [Figure::Spending(Some(*n)), Figure::Income(Some(*n)), Figure::Budgeted(*n)]);
        let others = [Figure::Spending(None), Figure::Income(None), Figure::Refunds, Figure::UnnamedRefunds];
        for figure in named.chain(others) {
            let line = Line::from(figure);
            assert_eq!(line.figure(), figure);
            let known = usize::from(figure.category().map_or(0, |number| number + 1));
            assert!(Line::blocks(known).any(|block| block == line.block()), "{figure:?}");
        }
    }

    #[test]
    fn the_line_of_an_account_is_in_no_block_of_other_figures() {
        for number in [0, 31, 499] {
            let line = Line::account(number);
            assert_eq!((line.figure(), Line::from(Figure::Account(number))), (Figure::Account(number), line));
            assert!(Line::blocks(Categories::MOST).all(|block| block != line.block()));
        }
    }

    #[test]
    fn the_line_of_all_spending_is_alone_in_its_block() {
        let line = Line::from(Figure::AllSpending);
        assert_eq!(
            (line.figure(), line.budget(), line),
            (Figure::AllSpending, Some(ALL), Line::spending(ALL))
        );
        assert!(Line::blocks(Categories::MOST).all(|block| block != line.block()));
        assert_eq!(Line::from(Figure::Spending(None)).budget(), None);
    }

    #[test]
    fn a_user_of_few_categories_has_two_blocks() {
        assert_eq!(Line::blocks(28).count(), 2);
    }
}
