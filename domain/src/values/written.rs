//! Amounts as banks and people write them: `-1.006,60`, `(1,234.50)`, `CHF 1'234.–`, `12,50 DR`.
//!
//! What is certain is read as it is. A lone point or comma before exactly three digits (`1.234`) may mean two things;
//! [`Marks`] says what the rest of the file showed.

use crate::{Amount, Currency, Refusal};

/// What is known about the decimal mark of the file a text is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Marks {
    /// Nothing. A lone point is a decimal mark; a lone comma before exactly three digits groups them.
    #[default]
    Unknown,
    /// Other amounts of the file have this decimal mark.
    Decimal(char),
    /// The format knows no grouping (OFX, camt, MT940): a lone mark is the decimal mark.
    Ungrouped,
}

/// An amount with its sign, and its currency if that was written with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// How much; below zero: it went.
    pub amount: Amount,
    /// In what, if a code or an unmistakable symbol says so.
    pub currency: Option<Currency>,
    /// A sign, brackets, CR or DR said which way it went.
    pub signed: bool,
}

impl Written {
    /// Reads a text. Refuses, without a field, with `amount_not_a_number`, `amount_sign_unclear`, `amount_too_large`,
    /// `amount_too_many_digits`.
    pub fn read(text: &str, marks: Marks) -> Result<Self, Refusal> {
        let Dressed { body, negative, positive, currency } = Dressed::read(text)?;
        let (whole, fraction) = split(&body, marks)?;
        let amount = Amount::imported(&whole, &fraction)?;
        let turned = negative && !amount.is_zero();
        Ok(Self {
            amount: if turned { amount.negated() } else { amount },
            currency,
            signed: negative || positive,
        })
    }

    /// The decimal mark that a text proves, if it does.
    pub fn proves(text: &str) -> Option<char> {
        let body = Dressed::read(text).ok()?.body;
        // Read both ways: where only one of them can be read, or both come to the same, there is no doubt.
        let with = |mark| split(&body, Marks::Decimal(mark)).ok();
        let (point, comma) = (with('.'), with(','));
        let mark = body.rfind(['.', ','])?;
        match (point, comma) {
            (Some(one), Some(other)) if one != other => None,
            (Some((_, fraction)), _) if !fraction.is_empty() => body[mark..].chars().next(),
            // `1.234.567` has no decimal mark, but its points are none.
            _ if body.matches(['.', ',']).count() > 1 => {
                Some(if body[mark..].starts_with('.') { ',' } else { '.' })
            }
            _ => None,
        }
    }
}

/// The digits with their marks, and what was around them.
struct Dressed {
    body: String,
    negative: bool,
    positive: bool,
    currency: Option<Currency>,
}

impl Dressed {
    /// Takes signs, brackets, currencies, CR and DR off both ends.
    fn read(text: &str) -> Result<Self, Refusal> {
        let mut rest = text.trim_matches(is_space);
        let mut dressed = Self { body: String::new(), negative: false, positive: false, currency: None };
        let mut signs = 0;
        loop {
            let before = rest;
            rest = rest.trim_matches(is_space);
            if let Some(inner) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
                (rest, dressed.negative, signs) = (inner, true, signs + 1);
            }
            if let Some(inner) = rest.strip_prefix(is_minus) {
                (rest, dressed.negative, signs) = (inner, true, signs + 1);
            } else if let Some(inner) = rest.strip_prefix('+') {
                (rest, dressed.positive, signs) = (inner, true, signs + 1);
            }
            if let Some(inner) = without_cents(rest) {
                rest = inner;
            } else if let Some(inner) = rest.strip_suffix(is_minus) {
                (rest, dressed.negative, signs) = (inner, true, signs + 1);
            } else if let Some(inner) = rest.strip_suffix('+') {
                (rest, dressed.positive, signs) = (inner, true, signs + 1);
            }
            rest = dressed.word(rest)?;
            if rest == before {
                break;
            }
        }
        if signs > 1 || (dressed.negative && dressed.positive) {
            let why = "one sign says which way the money went; this has several";
            return Err(Refusal::plain("amount_sign_unclear", why));
        }
        rest.clone_into(&mut dressed.body);
        Ok(dressed)
    }

    /// Takes one word off either end: CR, DR, or a currency.
    fn word<'a>(&mut self, text: &'a str) -> Result<&'a str, Refusal> {
        let head = text.find(|c| !is_word(c)).unwrap_or(text.len());
        let dotted =
            text.strip_suffix('.').filter(|text| text.ends_with(char::is_alphabetic)).unwrap_or(text);
        let tail = dotted
            .rfind(|c| !is_word(c))
            .map_or(0, |at| at + dotted[at..].chars().next().map_or(0, char::len_utf8));
        let (word, rest) = if head > 0 {
            let rest = &text[head..];
            let abbreviated = text[..head].ends_with(char::is_alphabetic);
            (&text[..head], if abbreviated { rest.strip_prefix('.').unwrap_or(rest) } else { rest })
        } else {
            (&dotted[tail..], &dotted[..tail])
        };
        if word.is_empty() {
            return Ok(text);
        }
        match word.to_uppercase().as_str() {
            "CR" | "CREDIT" => self.positive = true,
            "DR" | "DB" | "DEBIT" => self.negative = true,
            _ => self.currency = self.currency.or(currency(word)?),
        }
        Ok(rest)
    }
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{feff}')
}

/// Hyphens, dashes and the minus sign.
fn is_minus(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn is_word(c: char) -> bool {
    c.is_alphabetic() || is_symbol(c)
}

fn is_symbol(c: char) -> bool {
    matches!(c, '$' | '£' | '¥' | '¢' | '¤' | '\u{20a0}'..='\u{20cf}' | '฿' | '៛' | '﷼')
}

/// `120.–` and `5,-` are whole numbers: the dash stands for the cents.
fn without_cents(text: &str) -> Option<&str> {
    let dashless = text.trim_end_matches(is_minus);
    let marked = dashless.strip_suffix(['.', ','])?;
    (dashless.len() < text.len() && marked.ends_with(|c: char| c.is_ascii_digit())).then_some(marked)
}

/// A code or symbol beside an amount; `None` for one that several currencies use.
fn currency(word: &str) -> Result<Option<Currency>, Refusal> {
    let code = match word.to_lowercase().as_str() {
        "€" | "euro" | "euros" => "EUR",
        "£" => "GBP",
        "₹" => "INR",
        "₽" => "RUB",
        "₺" => "TRY",
        "₴" => "UAH",
        "₩" => "KRW",
        "₪" => "ILS",
        "₫" => "VND",
        "฿" => "THB",
        "zł" => "PLN",
        "kč" => "CZK",
        "ft" => "HUF",
        "us$" => "USD",
        "r$" => "BRL",
        "a$" | "au$" => "AUD",
        "c$" | "ca$" => "CAD",
        "nz$" => "NZD",
        "hk$" => "HKD",
        "$" | "¥" | "¤" | "kr" | "rs" | "fr" | "lei" | "лв" => return Ok(None),
        _ => word,
    };
    Currency::read(code).map(Some).map_err(|_| not_a_number())
}

fn not_a_number() -> Refusal {
    Refusal::plain(
        "amount_not_a_number",
        "an amount is digits, with a sign, a decimal mark, grouping and a currency if need be",
    )
}

/// The digits before and after the decimal mark.
fn split(body: &str, marks: Marks) -> Result<(String, String), Refusal> {
    let mark = decimal_mark(body, marks)?;
    let (whole, fraction) = mark.map_or((body, ""), |at| (&body[..at], &body[at + 1..]));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) || (whole.is_empty() && fraction.is_empty()) {
        return Err(not_a_number());
    }
    let whole = if whole.is_empty() { "0".to_owned() } else { ungrouped(whole).ok_or_else(not_a_number)? };
    Ok((whole, fraction.to_owned()))
}

/// Where the decimal mark is: the one that stands last and once, unless all there is groups digits.
fn decimal_mark(body: &str, marks: Marks) -> Result<Option<usize>, Refusal> {
    let points = body.matches('.').count();
    let commas = body.matches(',').count();
    let Some(last) = body.rfind(['.', ',']) else { return Ok(None) };
    let is_point = body[last..].starts_with('.');
    let (same, other) = if is_point { (points, commas) } else { (commas, points) };
    match (same, other) {
        (1, 0) => Ok(lone_is_decimal(body, last, marks).then_some(last)),
        (1, _) => Ok(Some(last)),
        (_, 0) => Ok(None),
        _ => Err(not_a_number()),
    }
}

/// Whether the only point or comma is a decimal mark.
fn lone_is_decimal(body: &str, at: usize, marks: Marks) -> bool {
    let (whole, fraction) = (&body[..at], &body[at + 1..]);
    let could_group = fraction.len() == 3
        && (1..=3).contains(&whole.len())
        && !whole.starts_with('0')
        && whole.bytes().all(|b| b.is_ascii_digit());
    let is_point = body[at..].starts_with('.');
    !could_group
        || match marks {
            Marks::Ungrouped => true,
            Marks::Decimal(mark) => is_point == (mark == '.'),
            Marks::Unknown => is_point,
        }
}

/// Digits without what groups them: one kind of mark, before three digits each (two further left, as in India).
fn ungrouped(whole: &str) -> Option<String> {
    let is_apostrophe = |c: char| matches!(c, '\'' | '\u{2019}' | '\u{b4}' | '`');
    let is_mark = |c: char| matches!(c, '.' | ',') || is_space(c) || is_apostrophe(c);
    let mut kinds = whole.chars().filter(|c| is_mark(*c)).map(|c| if is_space(c) { ' ' } else { c });
    let first = kinds.next();
    if kinds.any(|kind| Some(kind) != first) {
        return None;
    }
    let groups: Vec<&str> = whole.split(is_mark).collect();
    let digits = groups.iter().all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
    let fits = match &groups[..] {
        [_] => true,
        [first, middle @ .., last] => {
            first.len() <= 3 && last.len() == 3 && middle.iter().all(|group| (2..=3).contains(&group.len()))
        }
        [] => false,
    };
    (digits && fits).then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match Written::read(text, Marks::Unknown) {
            Ok(written) => written.amount.to_string(),
            Err(refusal) => refusal.code.into_owned(),
        }
    }

    #[test]
    fn every_countrys_spelling_is_the_same_amount() {
        let spellings = [
            "-1.006,60",
            "-1,006.60",
            "-1006.60",
            "-1006,60",
            "- 1 006,60",
            "-1\u{a0}006,60",
            "-1\u{202f}006,60",
            "-1'006.60",
            "-1’006.60",
            "1.006,60-",
            "1,006.60-",
            "(1,006.60)",
            "(1.006,60 €)",
            "-€1,006.60",
            "€-1,006.60",
            "€ (1,006.60)",
            "-1.006,60 EUR",
            "EUR -1.006,60",
            "1,006.60 DR",
            "1.006,60 Dr.",
            "\u{2212}1006,60",
            "–1006.60",
            "-$1,006.60",
            "$-1006.60",
            "Rs. -1,006.60",
            "-1006,60 kr.",
            " -1006.60 ",
            "\"-1006.60\"",
        ];
        for text in spellings {
            assert_eq!(read(text.trim_matches('"')), "-1006.60", "{text}");
        }
    }

    #[test]
    fn what_is_written_is_kept() {
        let kept = [
            ("1006.60", "1006.60"),
            ("+1006,60", "1006.60"),
            ("1.006,60 CR", "1006.60"),
            ("0.00", "0.00"),
            ("-0,00", "0.00"),
            (".50", "0.50"),
            (",50", "0.50"),
            ("5.", "5"),
            ("120.–", "120"),
            ("5,-", "5"),
            ("CHF 1'234.-", "1234"),
            ("12,5", "12.5"),
            ("1,23,45,678.90", "12345678.90"),
            ("1.234.567", "1234567"),
            ("1,234,567", "1234567"),
            ("1 234", "1234"),
            ("12.345", "12.345"),
            ("12,345", "12345"),
            ("0,345", "0.345"),
            ("1234,567", "1234.567"),
            ("1,2345", "1.2345"),
            ("0.1234567", "0.1234567"),
            ("007", "7"),
            ("1000000000000000", "1000000000000000"),
        ];
        for (text, amount) in kept {
            assert_eq!(read(text), amount, "{text}");
        }
    }

    #[test]
    fn the_file_decides_what_one_text_leaves_open() {
        let with = |text, marks| Written::read(text, marks).expect(text).amount.to_string();
        for (text, point, comma, ungrouped) in [
            ("1.234", "1.234", "1234", "1.234"),
            ("1,234", "1234", "1.234", "1.234"),
            ("-12,345", "-12345", "-12.345", "-12.345"),
        ] {
            assert_eq!(with(text, Marks::Decimal('.')), point);
            assert_eq!(with(text, Marks::Decimal(',')), comma);
            assert_eq!(with(text, Marks::Ungrouped), ungrouped);
        }
        let proofs = [
            ("1.234,50", Some(',')),
            ("1,234.50", Some('.')),
            ("1,5", Some(',')),
            ("1.50", Some('.')),
            ("1.234.567", Some(',')),
            ("1,234,567", Some('.')),
            ("1.234", None),
            ("1,234", None),
            ("1234", None),
            ("", None),
            ("x", None),
        ];
        for (text, mark) in proofs {
            assert_eq!(Written::proves(text), mark, "{text}");
        }
    }

    #[test]
    fn a_currency_beside_it_is_read_if_there_is_only_one_it_can_be() {
        let currency = |text| Written::read(text, Marks::Unknown).expect(text).currency.map(Currency::code);
        for (text, code) in [
            ("€5", Some("EUR")),
            ("5 CHF", Some("CHF")),
            ("R$ 5,00", Some("BRL")),
            ("5 zł", Some("PLN")),
            ("$5", None),
            ("5 kr", None),
            ("5", None),
        ] {
            assert_eq!(currency(text), code, "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_by_name() {
        for text in [
            "",
            " ",
            "-",
            "()",
            "abc",
            "1.2.3",
            "1,23.45",
            "1,234,56",
            "10,00.00",
            "1.234,56.7",
            "1e5",
            "1.23E+03",
            "NaN",
            "12 34",
            "1 2345",
            "١٢",
            "5 XYZ",
            "5%",
            ".",
            ",",
            "1,234 567,89",
            "'5",
        ] {
            assert_eq!(read(text), "amount_not_a_number", "{text:?}");
        }
        for text in ["-5-", "--5", "(-5)", "-5 CR", "+5 DR", "+5-"] {
            assert_eq!(read(text), "amount_sign_unclear", "{text}");
        }
        assert_eq!(read("0.12345678"), "amount_too_many_digits");
        assert_eq!(read("999999999999999.12345"), "amount_too_many_digits");
        assert_eq!(read(&"9".repeat(5_000)), "amount_too_large");
    }
}
