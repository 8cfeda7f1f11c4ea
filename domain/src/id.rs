//! Names of users and commands.

use crate::Refusal;
use crate::memory::heap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;
use uuid::Uuid;

/// A user: 1–128 characters of `[A-Za-z0-9._~-]`, but neither `.` nor `..`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UserId(Arc<str>);

impl UserId {
    /// Checks length and alphabet; refuses with `invalid_user_id`, field `subject`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'-');
        if matches!(text, "." | "..") {
            let why = "in a path `.` and `..` are no names: clients would ask for another one";
            return Err(Refusal::new("invalid_user_id", "subject", why));
        }
        if (1..=128).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(Refusal::new("invalid_user_id", "subject", "a user id is 1 to 128 of A-Z a-z 0-9 . _ ~ -"))
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A command's id (its Idempotency-Key): 1–255 printable ASCII characters.
///
/// Most are UUIDs, and 16 bytes say as much as 36 characters: in memory (with no allocation), in the journal and in pages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommandId(Form<Box<str>>);

/// How an id is kept. What is one is never kept as the other, so equal forms are equal ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Form<T> {
    /// One in its canonical spelling: lower case, with hyphens.
    Uuid([u8; 16]),
    /// Anything else.
    Text(T),
}

/// An id as text: see [`CommandId::text`].
#[derive(Debug)]
pub struct IdText<'a>(Text<'a>);

#[derive(Debug)]
enum Text<'a> {
    Spelled([u8; 36]),
    Kept(&'a str),
}

impl CommandId {
    /// No id takes more bytes in the journal or a page.
    pub(crate) const LONGEST: usize = 258;

    /// What follows an id in the bytes of a page; `None` if there is none.
    pub(crate) fn skip(bytes: &[u8]) -> Option<&[u8]> {
        postcard::take_from_bytes::<Form<&str>>(bytes).ok().map(|(_, rest)| rest)
    }

    /// The id that such a name always gets: a `UUIDv5`.
    pub(crate) fn derived(name: &str) -> Self {
        let uuid = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("centime/import\n{name}").as_bytes());
        Self(Form::Uuid(uuid.into_bytes()))
    }

    /// An id that nobody has: it stands where one was forgotten.
    pub(crate) fn forgotten() -> Self {
        Self(Form::Text(Box::default()))
    }

    /// Whether it is [`CommandId::forgotten`].
    pub(crate) fn is_forgotten(&self) -> bool {
        matches!(&self.0, Form::Text(text) if text.is_empty())
    }

    /// Checks length and printability; refuses with `invalid_command_id`, field `id`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if let Some(uuid) = canonical_uuid(text) {
            Ok(Self(Form::Uuid(uuid.into_bytes())))
        } else if (1..=255).contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            Ok(Self(Form::Text(text.into())))
        } else {
            Err(Refusal::new(
                "invalid_command_id",
                "id",
                "a command id is 1 to 255 printable ASCII characters",
            ))
        }
    }

    /// The id as text, exactly as it was written.
    pub fn text(&self) -> IdText<'_> {
        IdText(match &self.0 {
            Form::Uuid(uuid) => {
                let mut spelled = [0; 36];
                Uuid::from_bytes(*uuid).hyphenated().encode_lower(&mut spelled);
                Text::Spelled(spelled)
            }
            Form::Text(text) => Text::Kept(text),
        })
    }

    /// Heap bytes.
    pub(crate) fn weight(&self) -> usize {
        match &self.0 {
            Form::Uuid(_) => 0,
            Form::Text(text) => heap(text.len()),
        }
    }
}

impl Deref for IdText<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Text::Spelled(digits) => std::str::from_utf8(digits).expect("hexadecimal digits and hyphens"),
            Text::Kept(text) => text,
        }
    }
}

/// Hashes of commands are kept for ever, and they are of the text.
impl Hash for CommandId {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (*self.text()).hash(hasher);
    }
}

/// JSON gets the text, the journal and the pages a [`Form`].
impl Serialize for CommandId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.serialize_str(&self.text());
        }
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for CommandId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Form::deserialize(deserializer).map(Self);
        }
        let text = Box::<str>::deserialize(deserializer)?;
        Ok(Self(canonical_uuid(&text).map_or(Form::Text(text), |uuid| Form::Uuid(uuid.into_bytes()))))
    }
}

/// The UUID that is spelled exactly like this.
fn canonical_uuid(text: &str) -> Option<Uuid> {
    // With 36 characters a parser takes upper case, too; that must come back as it was written.
    let canonical = text.len() == 36 && !text.bytes().any(|b| b.is_ascii_uppercase());
    if canonical { Uuid::try_parse(text).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back_as_it_was_written() {
        let uuid = "019537a0-3f12-7abc-8def-0123456789ab";
        let upper = uuid.to_uppercase();
        let (braced, plain) = (format!("{{{uuid}}}"), uuid.replace('-', ""));
        for (text, bytes) in [(uuid, 17), (&upper, 38), (&braced, 40), (&plain, 34), ("c1", 4)] {
            let id = CommandId::parse(text).expect(text);
            let encoded = postcard::to_allocvec(&id).expect("encodes");
            assert_eq!(encoded.len(), bytes, "{text}");
            assert_eq!(postcard::from_bytes::<CommandId>(&encoded).expect("decodes"), id);
            assert_eq!(serde_json::to_value(&id).expect("JSON"), text);
        }
    }

    #[test]
    fn a_user_is_no_step_in_a_path() {
        for text in [".", "..", "", "a/b", "é"] {
            assert_eq!(UserId::parse(text).expect_err(text).code, "invalid_user_id");
        }
        for text in ["...", ".a", "a", "A-1_~.z"] {
            assert_eq!(UserId::parse(text).expect(text).as_str(), text);
        }
    }
}
