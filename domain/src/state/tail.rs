//! The newest decided commands, in the root page.

use super::Categories;
use super::rows::{Content, Origin, Row};
use crate::CommandId;
use crate::memory::{make_thin_room, thin_heap};
use serde::{Deserialize, Serialize};
use thin_vec::ThinVec;

/// Decided commands, oldest first, in one buffer: small in memory, written to the root page as it is, and seldom looked
/// into. For each its row's length, as postcard writes it, then the [`Row`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tail {
    #[serde(with = "bytes")]
    bytes: ThinVec<u8>,
    /// How many rows there are.
    rows: u16,
    /// How many of them made a transaction, deleted ones included.
    transactions: u16,
}

/// Where a row is: its length starts at `start`, it itself at `row`.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: usize,
    row: usize,
    end: usize,
}

impl Tail {
    pub(crate) fn len(&self) -> usize {
        self.rows.into()
    }

    /// How many rows made a transaction, deleted ones included.
    pub(crate) fn transactions(&self) -> u64 {
        self.transactions.into()
    }

    /// The rows, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.places().map(|place| self.row(place))
    }

    /// The row of a command.
    pub(crate) fn find(&self, id: &CommandId) -> Option<Row<'_>> {
        self.place(id).map(|place| self.row(place))
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, id: &CommandId, origin: Origin, content: Content<'_>, names: &Categories) {
        let mut buffer = LENGTH;
        let row = Row::write(id, origin, content, names);
        let length = length(&row, &mut buffer);
        make_thin_room(&mut self.bytes, length.len() + row.len());
        self.bytes.extend_from_slice(length);
        self.bytes.extend_from_slice(&row);
        self.rows += 1;
        self.transactions += u16::from(!matches!(content, Content::Nothing));
    }

    /// Puts something else into a transaction's row; false if there is no such row.
    pub(crate) fn replace(&mut self, id: &CommandId, content: Content<'_>, names: &Categories) -> bool {
        let Some(place) = self.place(id) else {
            return false;
        };
        let mut buffer = LENGTH;
        let row = Row::write(id, self.row(place).origin(), content, names);
        let length = length(&row, &mut buffer);
        make_thin_room(&mut self.bytes, length.len() + row.len());
        self.bytes.splice(place.start..place.end, length.iter().chain(&row).copied());
        true
    }

    /// Makes a transaction's row nobody's: its id is free again, its number is not. False if there is no such row.
    pub(crate) fn forget(&mut self, id: &CommandId) -> bool {
        let Some(place) = self.place(id) else {
            return false;
        };
        let mut buffer = LENGTH;
        let origin = self.row(place).origin();
        let row = Row::write(&CommandId::forgotten(), origin, Content::Deleted, &Categories::default());
        let length = length(&row, &mut buffer);
        self.bytes.splice(place.start..place.end, length.iter().chain(&row).copied());
        true
    }

    /// Takes out the oldest rows.
    pub(crate) fn take_oldest(&mut self, count: usize) -> Self {
        let end = self.places().take(count).last().map_or(0, |place| place.end);
        let mut taken = Self { bytes: self.bytes.drain(..end).collect(), ..Self::default() };
        let created: Vec<bool> = taken.iter().map(|row| row.created()).collect();
        for created in created {
            taken.rows += 1;
            taken.transactions += u16::from(created);
        }
        self.rows -= taken.rows;
        self.transactions -= taken.transactions;
        taken
    }

    /// Whether every row can be read: asked once, of bytes from outside.
    pub(crate) fn is_sound(&self, categories: usize) -> bool {
        let (mut rows, mut transactions, mut bytes) = (0, 0, &*self.bytes);
        while !bytes.is_empty() {
            let Some(row) = take_row(&mut bytes).and_then(|row| Row::read(row, categories)) else {
                return false;
            };
            rows += 1;
            transactions += u64::from(row.created());
        }
        (rows, transactions) == (self.len(), self.transactions())
    }

    /// Heap bytes.
    pub(crate) fn weight(&self) -> usize {
        thin_heap(&self.bytes)
    }

    /// See `UserState::touch`.
    pub(crate) fn touch(&self) -> u8 {
        self.bytes.first().copied().unwrap_or_default()
    }

    fn place(&self, id: &CommandId) -> Option<Place> {
        let mut buffer = [0; CommandId::LONGEST];
        let id = postcard::to_slice(id, &mut buffer).expect("the buffer is for the longest id");
        // One id's bytes never begin another's: they say how long they are. The last byte tells most apart.
        let last = id.len() - 1;
        self.places().find(|place| {
            let row = &self.bytes[place.row..place.end];
            row.get(last) == Some(&id[last]) && row.starts_with(id)
        })
    }

    fn places(&self) -> impl Iterator<Item = Place> {
        let mut rest = &*self.bytes;
        std::iter::from_fn(move || {
            let start = self.bytes.len() - rest.len();
            let row = take_row(&mut rest)?.len();
            let end = self.bytes.len() - rest.len();
            Some(Place { start, row: end - row, end })
        })
    }

    fn row(&self, place: Place) -> Row<'_> {
        let row = Row::read(&self.bytes[place.row..place.end], usize::MAX);
        row.expect("written by this process, or found sound when the page was read")
    }
}

/// Room for a row's length.
const LENGTH: [u8; 5] = [0; 5];

fn length<'a>(row: &[u8], buffer: &'a mut [u8; 5]) -> &'a [u8] {
    let length = u32::try_from(row.len()).expect("notes, tags and parts are bounded");
    postcard::to_slice(&length, buffer).expect("a u32 takes at most five bytes")
}

fn take_row<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    // Nearly all rows are short, and say so in one byte.
    let (length, rest) = match **bytes {
        [length @ ..0x80, ref rest @ ..] => (length.into(), rest),
        _ => postcard::take_from_bytes::<u32>(bytes).ok()?,
    };
    let (row, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    Some(row)
}

/// Bytes as bytes: without this serde takes them one by one.
mod bytes {
    use serde::{Deserialize, Deserializer, Serializer};
    use thin_vec::ThinVec;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ThinVec<u8>, D::Error> {
        <&[u8]>::deserialize(deserializer).map(Into::into)
    }
}
