//! Month totals wherever they are: in the root page, or in pages of their own.

use super::UserState;
use super::cells::{Cell, CellKey, Cells};
use super::line::Line;
use super::pages::Page;
use super::thirds::Thirds;
use crate::{Amount, Month, PageKey};

impl UserState {
    /// The page a cell is in; `None`: the root page.
    pub(crate) fn totals_page(&self, month: Month, line: Line) -> Option<PageKey> {
        let year = month.year();
        let spilled = self.root.spilled_years.binary_search(&year).is_ok();
        spilled.then_some(PageKey::Totals { year, block: line.block() })
    }

    /// The total of a month, if there is any.
    pub(crate) fn cell(&self, key: CellKey) -> Option<Cell<'_>> {
        match self.totals_page(key.0, key.1) {
            None => self.root.cells.get(key),
            Some(page) => self.spilled_cells(page)?.get(key),
        }
    }

    /// What a month came to, and how much of it late; `None` without any transaction.
    pub(crate) fn total(&self, key: CellKey) -> Option<(Amount, Thirds)> {
        match self.totals_page(key.0, key.1) {
            None => self.root.cells.total(key),
            Some(page) => self.spilled_cells(page)?.total(key),
        }
    }

    /// The totals of a line from a month on, until another (exclusive).
    pub(crate) fn cells_of(
        &self,
        line: Line,
        from: Month,
        until: Option<Month>,
    ) -> impl Iterator<Item = Cell<'_>> {
        self.cells_in(self.totals_pages(line, from, until), from, until).filter(move |cell| cell.line == line)
    }

    /// The pages besides the root page that [`UserState::cells_of`] looks into.
    pub(crate) fn totals_pages(
        &self,
        line: Line,
        from: Month,
        until: Option<Month>,
    ) -> impl Iterator<Item = PageKey> {
        self.spilled_years(from, until).map(move |year| PageKey::Totals { year, block: line.block() })
    }

    /// The totals of all lines from a month on, until another (exclusive), in no order.
    pub(crate) fn all_cells(&self, from: Month, until: Option<Month>) -> impl Iterator<Item = Cell<'_>> {
        self.cells_in(self.all_totals_pages(from, until), from, until)
    }

    /// The pages besides the root page that [`UserState::all_cells`] looks into.
    pub(crate) fn all_totals_pages(
        &self,
        from: Month,
        until: Option<Month>,
    ) -> impl Iterator<Item = PageKey> {
        let blocks = Line::blocks(self.root.categories.len());
        self.spilled_years(from, until)
            .flat_map(move |year| blocks.clone().map(move |block| PageKey::Totals { year, block }))
    }

    fn cells_in(
        &self,
        pages: impl Iterator<Item = PageKey>,
        from: Month,
        until: Option<Month>,
    ) -> impl Iterator<Item = Cell<'_>> {
        let inside =
            move |cell: &Cell<'_>| cell.month >= from && until.is_none_or(|until| cell.month < until);
        let spilled = pages.filter_map(|page| self.spilled_cells(page));
        spilled.chain([&self.root.cells]).flat_map(Cells::iter).filter(inside)
    }

    fn spilled_cells(&self, page: PageKey) -> Option<&Cells> {
        match self.pages.get(page) {
            Some(Page::Totals(cells)) => Some(cells),
            _ => None,
        }
    }

    fn spilled_years(&self, from: Month, until: Option<Month>) -> impl Iterator<Item = u16> {
        let inside = move |year: &u16| {
            let begins_before = |until| Month::new(*year, 1).is_some_and(|january| january < until);
            *year >= from.year() && until.is_none_or(begins_before)
        };
        self.root.spilled_years.iter().copied().filter(inside)
    }
}
