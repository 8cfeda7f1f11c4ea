//! A user's category names, numbered.

use crate::memory::{heap, make_room, vec_heap};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cell::Cell;

/// Numbers stand for names in totals, budgets and the tail: a name is kept once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Categories {
    /// The names by number, each behind its length in two bytes.
    names: Vec<u8>,
    /// How many there are.
    len: u16,
    /// The one found last: on its way through a state a command asks for the same one half a dozen times.
    last: Cell<u16>,
    /// Nearly everyone has few names: these are looked through.
    index: Option<Box<Index>>,
}

/// With so many names looking through them takes longer than halving.
const MANY: u16 = 32;

/// Finds one of many names.
#[derive(Debug, Clone, Default)]
struct Index {
    /// Where in the names each is, by number.
    starts: Vec<u32>,
    /// The numbers, in the order of their names.
    order: Vec<u16>,
}

impl Categories {
    /// More than any person keeps apart; it bounds the size of the root page.
    pub(crate) const MOST: usize = 10_000;

    pub(crate) fn len(&self) -> usize {
        self.len.into()
    }

    pub(crate) fn find(&self, name: &str) -> Option<u16> {
        let last = self.last.get();
        if last < self.len && self.bytes(last) == name.as_bytes() {
            return Some(last);
        }
        let number = match &self.index {
            Some(index) => index.order[self.place(index, name.as_bytes()).ok()?],
            None => (0..self.len).zip(self.iter()).find(|(_, other)| *other == name.as_bytes())?.0,
        };
        self.last.set(number);
        Some(number)
    }

    pub(crate) fn name(&self, number: u16) -> &str {
        std::str::from_utf8(self.bytes(number)).expect("names come as text")
    }

    /// The name's number, a new one if need be.
    pub(crate) fn intern(&mut self, name: &str) -> u16 {
        self.find(name).unwrap_or_else(|| self.add(name))
    }

    /// Heap bytes.
    pub(crate) fn weight(&self) -> usize {
        let index =
            |index: &Index| heap(size_of::<Index>()) + vec_heap(&index.starts) + vec_heap(&index.order);
        heap(self.names.capacity()) + self.index.as_deref().map_or(0, index)
    }

    /// See `UserState::touch`.
    pub(crate) fn touch(&self) -> u8 {
        self.names.first().copied().unwrap_or_default()
    }

    fn add(&mut self, name: &str) -> u16 {
        let number = self.len;
        let start = u32::try_from(self.names.len()).expect("MOST names of 400 bytes are 4 MB");
        let length = u16::try_from(name.len()).expect("a name has at most 400 bytes");
        make_room(&mut self.names, 2 + name.len());
        self.names.extend_from_slice(&length.to_le_bytes());
        self.names.extend_from_slice(name.as_bytes());
        self.len = number.checked_add(1).expect("decide refuses more than MOST categories");
        if let Some(mut index) = self.index.take() {
            let place = self.place(&index, name.as_bytes()).expect_err("only new names are added");
            make_room(&mut index.starts, 1);
            index.starts.push(start);
            make_room(&mut index.order, 1);
            index.order.insert(place, number);
            self.index = Some(index);
        } else if self.len >= MANY {
            self.index = Some(Box::new(self.indexed()));
        }
        number
    }

    fn indexed(&self) -> Index {
        let mut start = 0;
        let starts = self.iter().map(|name| {
            let this = start;
            start += u32::try_from(2 + name.len()).expect("a name has at most 400 bytes");
            this
        });
        let starts: Vec<u32> = starts.collect();
        let mut order: Vec<u16> = (0..self.len).collect();
        order.sort_unstable_by_key(|number| self.at(&starts, *number));
        Index { starts, order }
    }

    /// All names, by number.
    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &*self.names;
        std::iter::from_fn(move || {
            let name = first(rest)?;
            rest = &rest[2 + name.len()..];
            Some(name)
        })
    }

    fn bytes(&self, number: u16) -> &[u8] {
        match &self.index {
            Some(index) => self.at(&index.starts, number),
            None => self.iter().nth(number.into()).expect("numbers are of names"),
        }
    }

    fn at(&self, starts: &[u32], number: u16) -> &[u8] {
        first(&self.names[starts[usize::from(number)] as usize..]).expect("a name starts there")
    }

    fn place(&self, index: &Index, name: &[u8]) -> Result<usize, usize> {
        index.order.binary_search_by(|number| self.at(&index.starts, *number).cmp(name))
    }
}

/// The name at the beginning.
fn first(names: &[u8]) -> Option<&[u8]> {
    let (length, rest) = names.split_first_chunk()?;
    rest.get(..u16::from_le_bytes(*length).into())
}

/// The names say all.
impl PartialEq for Categories {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names
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
        let mut categories = Self::default();
        categories.names.reserve_exact(names.iter().map(|name| 2 + name.len()).sum());
        for name in names {
            if name.len() > u16::MAX.into() || categories.find(name).is_some() {
                return Err(serde::de::Error::custom("a category twice, or too long"));
            }
            categories.add(name);
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

    #[test]
    fn few_names_are_found_like_many() {
        let name = |number: u16| format!("{}. {}", number * 7 % 100, "é".repeat((number % 50).into()));
        let mut categories = Categories::default();
        for many in 0..100 {
            assert_eq!(categories.index.is_some(), many >= MANY);
            assert_eq!(categories.find(&name(many)), None);
            assert_eq!(categories.intern(&name(many)), many);
            for number in 0..=many {
                assert_eq!(
                    (categories.find(&name(number)), categories.name(number)),
                    (Some(number), &*name(number))
                );
            }
        }
        let bytes = postcard::to_allocvec(&categories).expect("encodes");
        let read: Categories = postcard::from_bytes(&bytes).expect("decodes");
        assert_eq!((read.find(&name(77)), read == categories), (Some(77), true));
    }

    #[test]
    fn the_same_name_twice_is_unreadable() {
        let bytes = postcard::to_allocvec(&["Food", "Rent", "Food"].as_slice()).expect("encodes");
        postcard::from_bytes::<Categories>(&bytes).expect_err("twice");
    }
}
