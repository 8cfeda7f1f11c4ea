//! How long, and made of what, a text may be.

use crate::Refusal;

/// What one kind of text may be.
pub(crate) struct TextRule {
    most_characters: usize,
    most_bytes: usize,
    line_breaks: bool,
}

pub(crate) const CATEGORY: TextRule = TextRule::line(100);
pub(crate) const PAYEE: TextRule = TextRule::line(200);
pub(crate) const ACCOUNT: TextRule = TextRule::line(100);
pub(crate) const TAG: TextRule = TextRule::line(100);
pub(crate) const NOTE: TextRule = TextRule { most_characters: 4_096, most_bytes: 4_096, line_breaks: true };

/// Whether there is nothing to be seen in a text.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

/// Takes up no room, or only that of a blank: Unicode's white space and `Default_Ignorable_Code_Point`, and the empty Braille cell.
fn is_invisible(c: char) -> bool {
    let ignorable = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    c.is_whitespace() || ignorable
}

impl TextRule {
    /// A line of a kind that one place alone uses.
    pub(crate) const fn name(most_characters: usize) -> Self {
        Self::line(most_characters)
    }

    /// One line of so many characters; a character is at most four bytes.
    const fn line(most_characters: usize) -> Self {
        Self { most_characters, most_bytes: most_characters * 4, line_breaks: false }
    }

    /// Refuses with `text_empty`, `text_too_long` or `text_has_control_characters`, naming the field.
    pub(crate) fn check(&self, text: String, field: &'static str) -> Result<Box<str>, Refusal> {
        if is_blank(&text) {
            return Err(Refusal::new("text_empty", field, "leave it out, or write something"));
        }
        // Most texts are shorter in bytes than they may be in characters: no need to count.
        let long = text.len() > self.most_characters
            && (text.len() > self.most_bytes || text.chars().count() > self.most_characters);
        if long {
            let unit = if self.line_breaks { "bytes" } else { "characters" };
            return Err(Refusal::new(
                "text_too_long",
                field,
                format!("at most {} {unit}", self.most_characters),
            ));
        }
        let refused = |c: char| c.is_control() && !(self.line_breaks && matches!(c, '\n' | '\r' | '\t'));
        if text.chars().any(refused) {
            return Err(Refusal::new(
                "text_has_control_characters",
                field,
                "control characters are not text",
            ));
        }
        Ok(text.into_boxed_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(rule: &TextRule, text: &str) -> Option<String> {
        rule.check(text.to_owned(), "x").err().map(|refusal| refusal.code.into_owned())
    }

    #[test]
    fn emoji_are_text() {
        assert_eq!(code(&CATEGORY, &"🍕".repeat(100)), None);
        assert_eq!(code(&CATEGORY, &"🍕".repeat(101)).as_deref(), Some("text_too_long"));
    }

    #[test]
    fn only_a_note_has_lines() {
        assert_eq!(code(&NOTE, "a\nb"), None);
        assert_eq!(code(&CATEGORY, "a\nb").as_deref(), Some("text_has_control_characters"));
        assert_eq!(code(&NOTE, "a\0b").as_deref(), Some("text_has_control_characters"));
        assert_eq!(code(&NOTE, &"é".repeat(2_049)).as_deref(), Some("text_too_long"));
    }

    #[test]
    fn nothing_is_not_a_name() {
        assert_eq!(code(&CATEGORY, "").as_deref(), Some("text_empty"));
        for text in [" ", "\u{200b}", "\u{202e}", " \u{2060}\u{feff}\u{ad} ", "\u{3164}", "\u{2800}"] {
            assert_eq!(code(&CATEGORY, text).as_deref(), Some("text_empty"), "{text:?}");
            assert_eq!(code(&CATEGORY, &format!("{text}a")), None);
        }
    }
}
