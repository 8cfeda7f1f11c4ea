//! Dates in any country's order. `3/4/2026` may be two days: the whole file decides which.

use centime_domain::{Date, Refusal};

/// Which of day and month comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    DayFirst,
    MonthFirst,
}

/// A date as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Clear(u32, u32, u32),
    /// Two numbers, of which either may be the month, and the year.
    Open(u32, u32, u32),
}

/// The order for all dates of a file: the one in which all of them are days. Where both will do: the one in which they
/// follow one after the other, as banks list them; else `otherwise`.
pub(crate) fn order<'a>(texts: impl Iterator<Item = &'a str>, otherwise: Order) -> Order {
    let written: Vec<Written> = texts.filter_map(parts).collect();
    let score = |order| {
        let dates: Vec<Option<Date>> = written.iter().map(|written| date(*written, order)).collect();
        let known: Vec<Date> = dates.iter().flatten().copied().collect();
        let sorted = known.is_sorted() || known.is_sorted_by(|a, b| a >= b);
        (known.len(), sorted, order == otherwise)
    };
    let (day_first, month_first) = (score(Order::DayFirst), score(Order::MonthFirst));
    if day_first > month_first { Order::DayFirst } else { Order::MonthFirst }
}

/// Reads a date; a time after it is left out. Refuses with `invalid_date`, field `date`.
pub(crate) fn read(text: &str, order: Order) -> Result<Date, Refusal> {
    parts(text).and_then(|written| date(written, order)).ok_or_else(|| {
        Refusal::new("invalid_date", "date", "this is no date on the calendar from 1900 to 2200")
    })
}

fn date(written: Written, order: Order) -> Option<Date> {
    let (year, month, day) = match (written, order) {
        (Written::Clear(year, month, day), _) => (year, month, day),
        (Written::Open(first, second, year), Order::DayFirst) => (year, second, first),
        (Written::Open(first, second, year), Order::MonthFirst) => (year, first, second),
    };
    Date::read(&format!("{year:04}-{month:02}-{day:02}")).ok()
}

fn parts(text: &str) -> Option<Written> {
    let text = text.trim();
    if text.len() >= 8 && text.bytes().take(8).all(|b| b.is_ascii_digit()) {
        // 20260303, perhaps with a time right after it.
        let number = |range: std::ops::Range<usize>| text[range].parse().ok();
        return Some(Written::Clear(number(0..4)?, number(4..6)?, number(6..8)?));
    }
    let mut pieces = text.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty());
    let (first, second) = (pieces.next()?, pieces.next()?);
    // In 2026-03-03T12:00 the time clings to the day.
    let third = pieces.next()?.split(['T', 't']).next()?;
    let number = |piece: &str| piece.parse::<u32>().ok().filter(|_| piece.len() <= 4);
    match (number(first), month(first), number(second), month(second)) {
        (Some(year), _, Some(month), _) if first.len() == 4 => {
            Some(Written::Clear(year, month, number(third)?))
        }
        (Some(year), _, _, Some(month)) if first.len() == 4 => {
            Some(Written::Clear(year, month, number(third)?))
        }
        (Some(day), _, _, Some(month)) | (_, Some(month), Some(day), _) => {
            Some(Written::Clear(full_year(third)?, month, day))
        }
        (Some(first), _, Some(second), _) => Some(Written::Open(first, second, full_year(third)?)),
        _ => None,
    }
}

/// Two digits mean 1970 to 2069.
fn full_year(text: &str) -> Option<u32> {
    let year: u32 = text.parse().ok()?;
    match text.len() {
        4 => Some(year),
        2 if year >= 70 => Some(1900 + year),
        1 | 2 => Some(2000 + year),
        _ => None,
    }
}

/// A month's name by how it begins, in the languages of most banks.
fn month(text: &str) -> Option<u32> {
    const NAMES: [&[&str]; 12] = [
        &["jan", "ene", "gen", "jän"],
        &["feb", "fév", "fev"],
        &["mar", "mär", "mrz", "maa"],
        &["apr", "avr", "abr"],
        &["may", "mai", "mei", "mag"],
        &["jun", "juin", "giu"],
        &["jul", "juil", "lug"],
        &["aug", "aoû", "aou", "ago"],
        &["sep", "set"],
        &["oct", "okt", "ott", "out"],
        &["nov"],
        &["dec", "dez", "déc", "dic"],
    ];
    let text = text.to_lowercase();
    let place = NAMES.iter().position(|names| names.iter().any(|name| text.starts_with(name)))?;
    u32::try_from(place + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(texts: &[&str], otherwise: Order) -> Vec<String> {
        let order = order(texts.iter().copied(), otherwise);
        texts
            .iter()
            .map(|text| read(text, order).map_or_else(|no| no.code.into_owned(), |date| date.to_string()))
            .collect()
    }

    #[test]
    fn what_is_clear_is_read_in_any_order() {
        let texts = [
            "2026-03-04",
            "2026/03/04",
            "2026.03.04",
            "20260304",
            "20260304120000",
            "2026-03-04T23:59:59Z",
            "2026-03-04 10:00",
            "4 Mar 2026",
            "Mar 4, 2026",
            "04-Mar-26",
            "4. März 2026",
            "March 4 2026",
            "2026 mars 4",
        ];
        for otherwise in [Order::DayFirst, Order::MonthFirst] {
            for text in texts {
                assert_eq!(all(&[text], otherwise), ["2026-03-04"], "{text}");
            }
        }
    }

    #[test]
    fn one_clear_date_decides_for_all() {
        assert_eq!(all(&["03/04/2026", "13/04/2026"], Order::MonthFirst), ["2026-04-03", "2026-04-13"]);
        assert_eq!(all(&["03/04/2026", "03/13/2026"], Order::DayFirst), ["2026-03-04", "2026-03-13"]);
        assert_eq!(all(&["2/10'2020", "2/14'20"], Order::DayFirst), ["2020-02-10", "2020-02-14"]);
    }

    #[test]
    fn dates_that_follow_each_other_decide_else_the_custom_does() {
        let rising = ["01/02/2026", "02/02/2026", "03/02/2026", "01/03/2026"];
        assert_eq!(all(&rising, Order::MonthFirst)[3], "2026-03-01");
        assert_eq!(all(&["03/04/2026"], Order::MonthFirst), ["2026-03-04"]);
        assert_eq!(all(&["03/04/2026"], Order::DayFirst), ["2026-04-03"]);
    }

    #[test]
    fn what_is_no_date_is_named() {
        for text in ["", "today", "31.02.2026", "2026-13-01", "1/2", "99999999", "1/2/3456789"] {
            assert_eq!(all(&[text], Order::DayFirst), ["invalid_date"], "{text}");
        }
        assert_eq!(all(&["32/01/2026", "01/02/2026", "13/02/2026"], Order::MonthFirst)[0], "invalid_date");
    }
}
