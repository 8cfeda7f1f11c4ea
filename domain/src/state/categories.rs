//! A user's category names, numbered.

use crate::memory::{heap, make_room, vec_heap};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cell::Cell;

/// Numbers stand for names in totals, budgets and the tail: a name is kept once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Categories {
    /// All names, one after the other, by number.
    text: String,
    /// Where in `text` each ends, by number.
    ends: Vec<u32>,
    /// The numbers, in the order of their names: finds a name in a few comparisons.
    order: Vec<u16>,
    /// The one found last: on its way through a state a command asks for the same one half a dozen times.
    last: Cell<u16>,
}

impl Categories {
    /// More than any person keeps apart; it bounds the size of the root page.
    pub(crate) const MOST: usize = 10_000;

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn find(&self, name: &str) -> Option<u16> {
        let last = self.last.get();
        if usize::from(last) < self.len() && self.name(last) == name {
            return Some(last);
        }
        let number = self.order[self.place(name).ok()?];
        self.last.set(number);
        Some(number)
    }

    pub(crate) fn name(&self, number: u16) -> &str {
        let number = usize::from(number);
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[number] as usize]
    }

    /// The name's number, a new one if need be.
    pub(crate) fn intern(&mut self, name: &str) -> u16 {
        self.find(name).unwrap_or_else(|| {
            let place = self.place(name).expect_err("it was not found");
            self.add(name, place)
        })
    }

    /// Heap bytes.
    pub(crate) fn weight(&self) -> usize {
        heap(self.text.capacity()) + vec_heap(&self.ends) + vec_heap(&self.order)
    }

    fn add(&mut self, name: &str, place: usize) -> u16 {
        let number = u16::try_from(self.len()).expect("decide refuses more than MOST categories");
        if self.text.capacity() - self.text.len() < name.len() {
            self.text.reserve_exact(heap(self.text.len() + name.len()) - self.text.len());
        }
        self.text.push_str(name);
        make_room(&mut self.ends, 1);
        self.ends.push(u32::try_from(self.text.len()).expect("MOST names of 400 bytes are 4 MB"));
        make_room(&mut self.order, 1);
        self.order.insert(place, number);
        number
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.order.binary_search_by(|number| self.name(*number).cmp(name))
    }
}

/// The names say all.
impl PartialEq for Categories {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, &self.ends) == (&other.text, &other.ends)
    }
}

impl Eq for Categories {}

/// The names, by number.
impl Serialize for Categories {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut names = serializer.serialize_seq(Some(self.len()))?;
        for number in 0..self.len() {
            names.serialize_element(self.name(u16::try_from(number).expect("at most MOST")))?;
        }
        names.end()
    }
}

impl<'de> Deserialize<'de> for Categories {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<&str>::deserialize(deserializer)?;
        if names.len() > Self::MOST {
            return Err(serde::de::Error::custom("too many categories"));
        }
        let mut categories = Self {
            text: String::with_capacity(names.iter().map(|name| name.len()).sum()),
            ends: Vec::with_capacity(names.len()),
            order: Vec::with_capacity(names.len()),
            last: Cell::default(),
        };
        for name in names {
            let Err(place) = categories.place(name) else {
                return Err(serde::de::Error::custom("a category twice"));
            };
            categories.add(name, place);
        }
        Ok(categories)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number() {
        let mut categories = Categories::default();
        for name in ["Rent", "Food", "Zoo", "Food"] {
            categories.intern(name);
        }
        assert_eq!(categories.find("Food"), Some(1));
        assert_eq!(categories.find("food"), None);
        let bytes = postcard::to_allocvec(&categories).expect("encodes");
        assert_eq!(postcard::from_bytes::<Categories>(&bytes).expect("decodes"), categories);
    }
}
