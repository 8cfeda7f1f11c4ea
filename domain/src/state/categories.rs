//! A user's category names, numbered.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Numbers stand for names in totals and budgets: a name is kept once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Categories {
    /// By number.
    names: Vec<Box<str>>,
    /// The numbers, in the order of their names: finds a name in a few comparisons.
    order: Vec<u16>,
}

impl Categories {
    /// More than any person keeps apart; it bounds the size of the root page.
    pub(crate) const MOST: usize = 10_000;

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn find(&self, name: &str) -> Option<u16> {
        self.place(name).ok().map(|place| self.order[place])
    }

    pub(crate) fn name(&self, number: u16) -> &str {
        &self.names[usize::from(number)]
    }

    /// The name's number, a new one if need be.
    pub(crate) fn intern(&mut self, name: &str) -> u16 {
        match self.place(name) {
            Ok(place) => self.order[place],
            Err(place) => {
                let number =
                    u16::try_from(self.names.len()).expect("decide refuses more than MOST categories");
                self.names.push(name.into());
                self.order.insert(place, number);
                number
            }
        }
    }

    /// About how many bytes of heap they take.
    pub(crate) fn weight(&self) -> usize {
        let text: usize = self.names.iter().map(|name| name.len()).sum();
        text + self.names.capacity() * size_of::<Box<str>>() + self.order.capacity() * size_of::<u16>()
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.order.binary_search_by(|number| self.name(*number).cmp(name))
    }
}

impl Serialize for Categories {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.names.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Categories {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<Box<str>>::deserialize(deserializer)?;
        let mut order: Vec<u16> =
            (0..u16::try_from(names.len()).map_err(serde::de::Error::custom)?).collect();
        order.sort_unstable_by(|a, b| names[usize::from(*a)].cmp(&names[usize::from(*b)]));
        Ok(Self { names, order })
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
