//! XML as a tree, small and shallow: statements are no deeper.

use crate::file::{invalid_file, line_number};
use centime_domain::Refusal;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// No statement nests deeper.
const DEEPEST: usize = 64;

/// An element, its name without prefix.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    /// The line it begins on.
    pub(crate) line: u32,
    pub(crate) text: String,
    /// `Ccy`, the one attribute that statements need.
    pub(crate) currency: Option<String>,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// Reads a document; answers an element around its root. Refuses with `invalid_file`.
    pub(crate) fn read(text: &str) -> Result<Self, Refusal> {
        let broken = || invalid_file("it is no well-formed XML");
        let mut reader = Reader::from_str(text);
        let mut open = vec![Self::default()];
        let (mut counted, mut lines) = (0, 1);
        loop {
            let event = reader.read_event().map_err(|_| broken())?;
            let at = usize::try_from(reader.buffer_position()).map_err(|_| broken())?;
            lines += text.get(counted..at).ok_or_else(broken)?.matches('\n').count() as u64;
            counted = at;
            match event {
                Event::Start(tag) => {
                    if open.len() > DEEPEST {
                        return Err(invalid_file("its elements are nested deeper than any statement's"));
                    }
                    open.push(Self::opened(&tag, lines));
                }
                Event::Empty(tag) => add(&mut open, Self::opened(&tag, lines)),
                Event::End(_) => {
                    let closed = open.pop().ok_or_else(broken)?;
                    if open.is_empty() {
                        return Err(broken());
                    }
                    add(&mut open, closed);
                }
                Event::Text(text) => append(&mut open, &text),
                Event::CData(text) => append(&mut open, &text),
                Event::GeneralRef(name) => {
                    let entity = format!("&{};", &*name);
                    append(&mut open, &quick_xml::escape::unescape(&entity).map_err(|_| broken())?);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let root = open.pop().filter(|_| open.is_empty());
        root.ok_or_else(broken)
    }

    fn opened(tag: &BytesStart<'_>, line: u64) -> Self {
        let name = tag.local_name().as_ref().to_owned();
        let currency = tag.try_get_attribute("Ccy").ok().flatten();
        let currency = currency.map(|value| value.value.into_owned());
        Self { name, line: line_number(line), currency, ..Self::default() }
    }

    /// The child at the end of a path like `Acct/Id/IBAN`; of several of a name the first.
    pub(crate) fn at(&self, path: &str) -> Option<&Self> {
        path.split('/').try_fold(self, |element, name| element.all(name).next())
    }

    /// The text at the end of a path, if there is any.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        Some(self.at(path)?.text.trim()).filter(|text| !text.is_empty())
    }

    /// The children of a name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

fn add(open: &mut [Element], child: Element) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(child);
    }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::Element;

    #[test]
    fn a_document_becomes_a_tree() {
        let root = Element::read("<?xml version=\"1.0\"?>\n<a:A xmlns:a=\"x\">\n<B Ccy=\"EUR\">1 &amp; <![CDATA[<2>]]></B><B/></a:A>").expect("XML");
        let b = root.at("A/B").expect("an element");
        assert_eq!((b.text.as_str(), b.currency.as_deref(), b.line), ("1 & <2>", Some("EUR"), 3));
        assert_eq!(root.at("A").map(|a| a.all("B").count()), Some(2));
        assert_eq!(root.text("A/C"), None);
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let deep = "<a>".repeat(100_000);
        for text in ["<a>", "<a></b>", "</a>", "<a>&bomb;</a>", "<a", &deep] {
            assert_eq!(Element::read(text).expect_err("refused").code, "invalid_file", "{text:.9}");
        }
    }
}
