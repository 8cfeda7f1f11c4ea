//! Exchange rates, wherever they are: a page for each pair of currencies and year, and in the root page which of them there are.

use super::UserState;
use super::pages::Page;
use crate::events::ExchangeRateRecorded;
use crate::memory::{make_room, vec_heap};
use crate::values::Rate;
use crate::{Currency, Date, PageKey};
use serde::{Deserialize, Serialize};

/// A year's rates of a pair, ascending by date.
pub(crate) type YearOfRates = Vec<(Date, Rate)>;

/// Which pairs have rates, and in which years, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct RateYears(Vec<((Currency, Currency), Vec<u16>)>);

impl RateYears {
    /// More pairs than any person deals in; it bounds the size of the root page.
    pub(crate) const MOST: usize = 200;

    pub(crate) fn of(&self, pair: (Currency, Currency)) -> &[u16] {
        self.0.binary_search_by_key(&pair, |(known, _)| *known).map_or(&[], |place| &self.0[place].1)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn add(&mut self, pair: (Currency, Currency), year: u16) {
        let place = self.0.binary_search_by_key(&pair, |(known, _)| *known).unwrap_or_else(|place| {
            make_room(&mut self.0, 1);
            self.0.insert(place, (pair, Vec::new()));
            place
        });
        let years = &mut self.0[place].1;
        if let Err(place) = years.binary_search(&year) {
            make_room(years, 1);
            years.insert(place, year);
        }
    }

    /// Heap bytes.
    pub(crate) fn weight(&self) -> usize {
        vec_heap(&self.0) + self.0.iter().map(|(_, years)| vec_heap(years)).sum::<usize>()
    }
}

fn page((from, to): (Currency, Currency), year: u16) -> PageKey {
    PageKey::Rates { from, to, year }
}

impl UserState {
    /// Which rates there are; `None`: none at all.
    pub(crate) fn rate_years(&self) -> Option<&RateYears> {
        self.root.extras.as_ref().map(|extras| &extras.rates).filter(|rates| rates.len() > 0)
    }

    /// The last rate known on a date: of the pair, or of the pair the other way around, turned, where that is of a later day.
    pub(crate) fn rate(&self, from: Currency, to: Currency, date: Date) -> Option<Rate> {
        if from == to {
            return Some(Rate::ONE);
        }
        let direct = self.last_rate((from, to), date).ok().flatten();
        let turned = self.last_rate((to, from), date).ok().flatten();
        match (direct, turned) {
            (Some((day, _)), Some((later, rate))) if later > day => rate.turned(),
            (Some((_, rate)), _) => Some(rate),
            (None, turned) => turned?.1.turned(),
        }
    }

    /// The pages that [`UserState::rate`] still needs.
    pub(crate) fn add_rates(&self, from: Currency, to: Currency, date: Date, keys: &mut Vec<PageKey>) {
        for pair in [(from, to), (to, from)] {
            if let Err(page) = self.last_rate(pair, date) {
                self.add(page, keys);
            }
        }
    }

    /// Looks into the year of the date, and where that has only later rates into the last one before; fails with the page it lacks.
    fn last_rate(&self, pair: (Currency, Currency), date: Date) -> Result<Option<(Date, Rate)>, PageKey> {
        let years = self.rate_years().map_or(&[][..], |rates| rates.of(pair));
        let until = years.partition_point(|year| *year <= date.year());
        for year in years[..until].iter().rev() {
            let rates = self.year_of_rates(page(pair, *year))?;
            let known = rates.partition_point(|(day, _)| *day <= date);
            if let Some(last) = known.checked_sub(1) {
                return Ok(Some(rates[last]));
            }
        }
        Ok(None)
    }

    fn year_of_rates(&self, key: PageKey) -> Result<&YearOfRates, PageKey> {
        match self.pages.get(key) {
            Some(Page::Rates(rates)) => Ok(rates),
            _ => Err(key),
        }
    }

    /// Whether exactly this was recorded.
    pub(crate) fn has_rate(&self, new: &ExchangeRateRecorded) -> bool {
        let rates = self.year_of_rates(page((new.from, new.to), new.date.year()));
        rates.is_ok_and(|rates| rates.contains(&(new.date, new.rate)))
    }

    /// The page that a new rate will be in, if there is one.
    pub(crate) fn add_rate_page(&self, from: Currency, to: Currency, date: Date, keys: &mut Vec<PageKey>) {
        let year = date.year();
        if self.rate_years().is_some_and(|rates| rates.of((from, to)).contains(&year)) {
            self.add(page((from, to), year), keys);
        }
    }

    pub(super) fn record_rate(&mut self, event: &ExchangeRateRecorded) {
        let (pair, year) = ((event.from, event.to), event.date.year());
        let mut rates = self.year_of_rates(page(pair, year)).cloned().unwrap_or_default();
        match rates.binary_search_by_key(&event.date, |(day, _)| *day) {
            Ok(place) => rates[place].1 = event.rate,
            Err(place) => rates.insert(place, (event.date, event.rate)),
        }
        self.pages.put(page(pair, year), Some(Page::Rates(rates)));
        self.root.extras_mut().rates.add(pair, year);
    }
}
