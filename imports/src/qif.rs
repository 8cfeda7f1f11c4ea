//! QIF: a letter and a value a line, `^` after each record.

use crate::dates::{self, Order};
use crate::file::{File, LineError, Row, Statement, invalid_file, line, line_number};
use centime_domain::{Amount, Marks, Refusal, Written};

/// What the records of a section are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Transactions,
    Account,
    Investments,
    /// Categories, classes, securities, …: no transactions.
    List,
}

/// A record: its lines, each its letter and value.
struct Record<'a> {
    line: u32,
    section: Section,
    fields: Vec<(char, &'a str)>,
}

/// Reads a QIF file.
pub(crate) fn read(text: &str) -> Result<File, Refusal> {
    let records = records(text)?;
    let mut file = File::default();
    let of = |letter| {
        records.iter().filter(|r| r.section == Section::Transactions).filter_map(move |r| r.first(letter))
    };
    let order = dates::order(of('D'), Order::MonthFirst);
    let mut proofs = of('T').filter_map(Written::proves);
    let marks = match proofs.next() {
        Some(mark) if proofs.all(|other| other == mark) => Marks::Decimal(mark),
        _ => Marks::Unknown,
    };
    for record in &records {
        match record.section {
            Section::List => {}
            Section::Account => {
                let account = record.first('N').and_then(line);
                file.statements.push(Statement { account, ..Statement::default() });
            }
            Section::Investments => {
                let reason =
                    Refusal::plain("investment_not_imported", "investment transactions are not imported");
                file.errors.push(LineError { line: record.line, reason });
            }
            Section::Transactions => {
                if file.statements.is_empty() {
                    file.statements.push(Statement::default());
                }
                let statement = file.statements.last_mut().expect("made if there was none");
                match record.rows(marks, order) {
                    Ok(rows) => {
                        record.name_account(statement);
                        statement.rows.extend(rows);
                    }
                    Err(reason) => file.errors.push(LineError { line: record.line, reason }),
                }
            }
        }
    }
    file.statements.retain(|statement| !statement.rows.is_empty());
    if file.statements.is_empty() {
        file.statements.push(Statement::default());
    }
    Ok(file)
}

fn records(text: &str) -> Result<Vec<Record<'_>>, Refusal> {
    let mut section = None;
    let mut records = Vec::new();
    let mut fields: Vec<(char, &str)> = Vec::new();
    let mut first = 0;
    for (number, text) in (1..).zip(text.lines().map(str::trim_end).chain(["^"])) {
        let mut letters = text.trim_start().chars();
        match (letters.next(), section) {
            (None | Some('#'), _) => {}
            (Some('!'), _) => {
                section = header(letters.as_str()).or(section);
                fields.clear();
            }
            (Some('^'), Some(section)) => {
                if !fields.is_empty() {
                    records.push(Record {
                        line: line_number(first),
                        section,
                        fields: std::mem::take(&mut fields),
                    });
                }
            }
            (Some(letter), Some(_)) => {
                if fields.is_empty() {
                    first = number;
                }
                fields.push((letter, letters.as_str().trim()));
            }
            (Some(_), None) if number > 100 => break,
            (Some(_), None) => {}
        }
    }
    if section.is_none() {
        return Err(invalid_file("there is no !Type: line in it"));
    }
    Ok(records)
}

/// What follows a line with `!`; `None`: what was before.
fn header(text: &str) -> Option<Section> {
    let text = text.trim().to_lowercase();
    if text == "account" {
        return Some(Section::Account);
    }
    Some(match text.strip_prefix("type:")?.trim() {
        "bank" | "cash" | "ccard" | "oth a" | "oth l" => Section::Transactions,
        "invst" => Section::Investments,
        _ => Section::List,
    })
}

impl<'a> Record<'a> {
    fn first(&self, letter: char) -> Option<&'a str> {
        self.fields.iter().find(|(found, _)| *found == letter).map(|(_, value)| *value)
    }

    /// The first record of an account, its opening balance, names it where a transfer would name the other one.
    fn name_account(&self, statement: &mut Statement) {
        let opening = self.first('P').is_some_and(|payee| payee.eq_ignore_ascii_case("opening balance"));
        if opening && statement.account.is_none() {
            statement.account = self.first('L').and_then(transfer).map(str::to_owned);
        }
    }

    /// A record is a row; what of it went to another account is one of its own, as it is no spending.
    fn rows(&self, marks: Marks, order: Order) -> Result<Vec<Row>, Refusal> {
        let date = dates::read(self.first('D').unwrap_or_default(), order)?;
        let total = self.first('T').or(self.first('U')).unwrap_or_default();
        let amount = amount(total, marks)?;
        let mut row = Row::new(self.line, date, amount);
        let number = self.first('N').map(|number| format!("No. {number}"));
        let notes: Vec<&str> = self.first('M').into_iter().chain(number.as_deref()).collect();
        row.describe(self.first('P'), &notes);
        let written = self.first('L').unwrap_or_default();
        let parts = self.parts(marks)?;
        let sum = total_of(&parts);
        let (moved, kept): (Vec<_>, Vec<_>) =
            parts.into_iter().partition(|(name, _)| sum == row.amount && transfer(name).is_some());
        if moved.is_empty() {
            row.mark(written);
            row.splits = kept.into_iter().map(named).collect();
            return Ok(vec![row]);
        }
        let mut rows = Vec::new();
        if !kept.is_empty() {
            let mut rest = Row { amount: total_of(&kept), ..row.clone() };
            match &kept[..] {
                [(name, _)] => rest.mark(name),
                // The record's own category is often that of its first part.
                _ if transfer(written).is_none() => rest.mark(written),
                _ => {}
            }
            if kept.len() > 1 {
                rest.splits = kept.into_iter().map(named).collect();
            }
            rows.push(rest);
        }
        for (name, amount) in moved {
            let mut part = Row { amount, ..row.clone() };
            part.mark(name);
            rows.push(part);
        }
        Ok(rows)
    }

    /// `S` begins a part, and names its category or account; `$` is its amount.
    fn parts(&self, marks: Marks) -> Result<Vec<(&'a str, Amount)>, Refusal> {
        let mut parts: Vec<(&str, Option<Amount>)> = Vec::new();
        for (letter, value) in &self.fields {
            match (letter, parts.last_mut()) {
                ('S', _) => parts.push((value, None)),
                ('$', Some(last)) => last.1 = Some(amount(value, marks)?),
                _ => {}
            }
        }
        let missing = || Refusal::new("missing_field", "splits", "a part has no amount");
        parts.into_iter().map(|(name, amount)| Ok((name, amount.ok_or_else(missing)?))).collect()
    }
}

impl Row {
    /// Says what it was for, or that it only moved between accounts.
    fn mark(&mut self, written: &str) {
        self.transfer = transfer(written).is_some();
        if self.transfer {
            self.tags.push("transfer".to_owned());
        } else {
            let (category, class) = classified(written);
            (self.category, self.tags) = (category, class.into_iter().collect());
        }
    }
}

fn total_of(parts: &[(&str, Amount)]) -> Amount {
    parts.iter().fold(Amount::ZERO, |sum, (_, amount)| sum.plus(*amount))
}

/// A part, by its category.
fn named((name, amount): (&str, Amount)) -> (String, Amount) {
    (classified(name).0.unwrap_or_else(|| "Uncategorised".to_owned()), amount)
}

/// The other account of `[Savings]`.
fn transfer(category: &str) -> Option<&str> {
    let inside = category.split('/').next()?.strip_prefix('[')?.strip_suffix(']')?;
    Some(inside).filter(|name| !name.trim().is_empty())
}

/// `Category:Subcategory/Class`.
fn classified(text: &str) -> (Option<String>, Option<String>) {
    let (category, class) = text.split_once('/').unwrap_or((text, ""));
    (line(category), line(class))
}

fn amount(text: &str, marks: Marks) -> Result<Amount, Refusal> {
    Ok(Written::read(text, marks).map_err(|no| no.at("amount"))?.amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_accounts_transfers_and_investments_are_told_apart() {
        let text = "!Account\nNGiro\nTBank\n^\n!Type:Bank\nD31/12/97\nT-1.234,50\nPRent\nLHome:Rent/2026\n^\nD1/1/98\nT5,00\nL[Savings]\n^\n!Account\nNDepot\n^\n!Type:Invst\nD1/1/98\nNBuy\n^\n";
        let file = read(text).expect("a file");
        let [giro] = &file.statements[..] else { panic!("{file:?}") };
        assert_eq!((giro.account.as_deref(), giro.rows.len()), (Some("Giro"), 2));
        let (rent, saved) = (&giro.rows[0], &giro.rows[1]);
        assert_eq!(
            (rent.date.to_string().as_str(), rent.amount.to_string().as_str()),
            ("1997-12-31", "-1234.50")
        );
        assert_eq!((rent.category.as_deref(), &rent.tags[..]), (Some("Home:Rent"), &["2026".to_owned()][..]));
        assert!(saved.transfer && saved.category.is_none());
        assert_eq!((file.errors[0].line, &*file.errors[0].reason.code), (19, "investment_not_imported"));
    }

    /// `amount category transfer` and the parts of each row.
    fn shown(text: &str) -> Vec<String> {
        let rows = read(&format!("!Type:Bank\n{text}^\n")).expect("a file").statements.remove(0).rows;
        let parts = |row: &Row| {
            row.splits.iter().map(|(name, part)| format!(" {name} {part}")).collect::<Vec<_>>().concat()
        };
        let row = |row: &Row| {
            let category = row.category.as_deref().unwrap_or("-");
            let tags = row.tags.join(",");
            format!("{} {category} {} [{tags}]{}", row.amount, row.transfer, parts(row))
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn what_of_a_split_went_to_another_account_is_a_row_of_its_own() {
        let two = "D1/1/26\nT-100\nPShop\nLFood\nSFood\n$-60\nS[Savings]\n$-40\n";
        assert_eq!(shown(two), ["-60 Food false []", "-40 - true [transfer]"]);
        let first = "D1/1/26\nT-100\nL[Savings]\nS[Savings]\n$-40\nSFood/2026\n$-25\nSFun\n$-35\n";
        assert_eq!(shown(first), ["-60 - false [] Food -25 Fun -35", "-40 - true [transfer]"]);
        let only = "D1/1/26\nT-100\nL[Savings]\nS[Savings]\n$-40\nS[Cash]\n$-60\n";
        assert_eq!(shown(only), ["-40 - true [transfer]", "-60 - true [transfer]"]);
        let plain = "D1/1/26\nT-100\nLFood\nSFood\n$-60\nSFun\n$-40\n";
        assert_eq!(shown(plain), ["-100 Food false [] Food -60 Fun -40"]);
        let wrong = "D1/1/26\nT-100\nLFood\nSFood\n$-60\nS[Savings]\n$-30\n";
        assert_eq!(shown(wrong), ["-100 Food false [] Food -60 [Savings] -30"], "it is refused as it is");
    }

    #[test]
    fn what_can_not_be_read_is_named() {
        let file = read("!Type:Bank\nDtoday\nT5\n^\nD1/1/26\n^\nD1/1/26\nT5\nSFood\n^\nD1/1/26\nT5")
            .expect("a file");
        let codes: Vec<_> = file.errors.iter().map(|error| (error.line, &*error.reason.code)).collect();
        assert_eq!(codes, [(2, "invalid_date"), (5, "amount_not_a_number"), (7, "missing_field")]);
        assert_eq!(file.statements[0].rows.len(), 1, "the last record needs no ^");
        assert_eq!(read("hello").expect_err("refused").code, "invalid_file");
    }
}
