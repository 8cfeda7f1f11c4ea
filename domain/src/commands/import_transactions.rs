//! `import_transactions`: rows of a bank's statement become transactions, each once, however often it is imported; what was pending
//! is posted when a row says so.

use super::import_booked::{booked, is_booked_by};
use super::import_row::{ImportRow, RawRow};
use super::{Context, Decide, fields};
use crate::events::{RejectedRow, TransactionCreated, TransactionUpdated, TransactionsImported};
use crate::read::{Field, Object, from_json};
use crate::transaction::{Status, Transaction};
use crate::values::{ACCOUNT, TextRule};
use crate::{CommandId, Currency, Event, PageKey, Refusal, UserState};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};

const SOURCE: TextRule = TextRule::name(200);

/// Rows to be imported: new ones become transactions, known ones are counted, or post what was pending.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImportTransactions {
    /// The import's name, to undo it by; the command's id if left out.
    pub import_id: Option<CommandId>,
    /// Which part of the import this is, from 1; 1 if left out.
    pub part: u32,
    /// The account all rows are of.
    pub account: Option<Box<str>>,
    /// What amounts are in that do not say so; the user's base currency if left out.
    pub currency: Option<Currency>,
    /// Where the rows are from, in the importer's words: a file's name or hash.
    pub source: Option<Box<str>>,
    /// The rows, in the order of the file.
    pub rows: Box<[ImportRow]>,
    /// The rows' transaction ids, where a restore knows them.
    pub(super) given: Given,
}

/// Ids that do not follow from the rows. No body says them, so they are no part of its hash.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Given(pub Option<Box<[CommandId]>>);

impl Hash for Given {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    import_id: Option<Field<CommandId>>,
    part: Option<u32>,
    account: Option<String>,
    currency: Option<Field<Currency>>,
    source: Option<String>,
    rows: Vec<Object<RawRow>>,
}

impl Decide for ImportTransactions {
    fn parse(data: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = from_json(data)?;
        let most = Self::MOST_ROWS;
        if raw.rows.len() > most {
            let text = format!("at most {most} rows a command: send the rest as further parts");
            return Err(Refusal::new("too_many_rows", "rows", text));
        }
        let part = raw.part.unwrap_or(1);
        if part == 0 {
            return Err(Refusal::new("invalid_part", "part", "parts are counted from 1"));
        }
        Ok(Self {
            import_id: raw.import_id.map(|id| id.at("import_id")).transpose()?,
            part,
            account: fields::text(raw.account, &ACCOUNT, "account")?,
            currency: raw.currency.map(|currency| currency.at("currency")).transpose()?,
            source: fields::text(raw.source, &SOURCE, "source")?,
            rows: raw
                .rows
                .into_iter()
                .enumerate()
                .map(|(i, Object(row))| row.checked(i))
                .collect::<Result<_, _>>()?,
            given: Given::default(),
        })
    }

    fn needs_pages(&self) -> bool {
        true
    }

    fn pages(&self, state: &UserState, context: &Context<'_>, keys: &mut Vec<PageKey>) {
        state.add(PageKey::import(self.import_id(context), self.part), keys);
        for (row, id) in self.rows.iter().zip(self.ids()) {
            // What is pending may be posted by it.
            match row.status {
                Status::Posted => state.add_transaction(&id, keys),
                Status::Pending => state.add_place(&id, keys),
            }
            if state.rate_years().is_some() {
                let transaction = self.transaction(state, row, id);
                let known = state.transaction(&transaction.id).ok();
                let known = known.filter(|known| is_booked_by(known, &transaction));
                let settled = known.as_ref().map(|known| booked(known, transaction.clone()));
                state.add_settled(settled.as_ref().unwrap_or(&transaction), known.as_ref(), keys);
            }
        }
    }

    fn decide(&self, state: &UserState, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        let import_id = self.import_id(context).clone();
        if state.import(&import_id, self.part).is_some() {
            let text = "this part of an import of this id was imported before, by another command";
            return Err(Refusal::new("import_exists", "import_id", text));
        }
        let mut sorted = Sorted::default();
        for (row, id) in self.rows.iter().zip(self.ids()) {
            sorted.add(state, row, self.transaction(state, row, id));
        }
        let Sorted { events, duplicates, rejected, .. } = sorted;
        let mut events: Vec<Event> = events.into_iter().flatten().collect();
        let created = events.iter().filter_map(|event| match event {
            Event::TransactionCreated(event) => Some(event.transaction.id.clone()),
            _ => None,
        });
        let created: Box<[CommandId]> = created.collect();
        let imported = TransactionsImported {
            import_id,
            part: self.part,
            account: self.account.clone(),
            source: self.source.clone(),
            new: count(created.len()),
            duplicates,
            rejected: rejected.into(),
            transactions: created,
        };
        events.push(Event::TransactionsImported(Box::new(imported)));
        Ok(events)
    }
}

impl ImportTransactions {
    /// Rows of one command. A longer file is cut into parts.
    pub const MOST_ROWS: usize = 500;

    fn import_id<'a>(&'a self, context: &Context<'a>) -> &'a CommandId {
        self.import_id.as_ref().unwrap_or(context.id)
    }

    /// The rows' transaction ids: the same row of the same account has the same one in every file.
    fn ids(&self) -> impl Iterator<Item = CommandId> {
        let mut seen: HashMap<String, u32> = HashMap::new();
        self.rows.iter().enumerate().map(move |(place, row)| {
            if let Given(Some(ids)) = &self.given {
                return ids[place].clone();
            }
            let name = row.name(self.account.as_deref());
            if row.bank_id.is_some() {
                return CommandId::derived(&name);
            }
            // Equal rows without an id are told apart by counting them.
            let counted = seen.entry(name.clone()).or_default();
            *counted = row.occurrence.unwrap_or(*counted + 1);
            CommandId::derived(&format!("{name}\n{counted}"))
        })
    }

    fn transaction(&self, state: &UserState, row: &ImportRow, id: CommandId) -> Transaction {
        let currency = row.currency.or(self.currency).unwrap_or(state.base_currency());
        row.transaction(id, currency, self.account.clone())
    }
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).expect("at most MOST_ROWS")
}

/// What becomes of the rows.
#[derive(Default)]
struct Sorted {
    /// In the order of the rows they came of.
    events: Vec<Option<Event>>,
    /// The rows' transactions so far, and which event has them.
    ids: BTreeMap<CommandId, usize>,
    categories: BTreeSet<Box<str>>,
    duplicates: u32,
    rejected: Vec<RejectedRow>,
}

impl Sorted {
    fn add(&mut self, state: &UserState, row: &ImportRow, transaction: Transaction) {
        let decided = if let Some(place) = self.ids.get(&transaction.id) {
            self.duplicates += 1;
            self.repeat(state, *place, transaction)
        } else if !state.knows_transaction(&transaction.id) {
            self.create(state, transaction)
        } else if let Ok(known) = state.transaction(&transaction.id)
            && is_booked_by(&known, &transaction)
        {
            self.post(state, known, transaction)
        } else {
            self.duplicates += 1;
            Ok(())
        };
        if let Err(reason) = decided {
            self.rejected.push(RejectedRow { line: row.line, reason });
        }
    }

    fn create(&mut self, state: &UserState, mut transaction: Transaction) -> Result<(), Refusal> {
        self.settle(state, &mut transaction, None)?;
        self.note(transaction.id.clone(), Event::TransactionCreated(TransactionCreated { transaction }));
        Ok(())
    }

    fn note(&mut self, id: CommandId, event: Event) {
        self.ids.insert(id, self.events.len());
        self.events.push(Some(event));
    }

    /// What was pending is posted.
    fn post(&mut self, state: &UserState, previous: Transaction, row: Transaction) -> Result<(), Refusal> {
        let mut transaction = booked(&previous, row);
        self.settle(state, &mut transaction, Some(&previous))?;
        let event = TransactionUpdated { transaction, previous };
        self.note(event.transaction.id.clone(), Event::TransactionUpdated(Box::new(event)));
        Ok(())
    }

    /// A row that was there before: a file may have both what was announced and what was booked.
    fn repeat(&mut self, state: &UserState, place: usize, row: Transaction) -> Result<(), Refusal> {
        let Some(Event::TransactionCreated(event)) = &self.events[place] else { return Ok(()) };
        if !is_booked_by(&event.transaction, &row) {
            return Ok(());
        }
        let mut transaction = booked(&event.transaction, row);
        self.settle(state, &mut transaction, None)?;
        self.events[place] = None;
        self.note(transaction.id.clone(), Event::TransactionCreated(TransactionCreated { transaction }));
        Ok(())
    }

    /// What a single create would be refused for, but for what banks may write: zero, more digits, parts the other way.
    fn settle(
        &mut self,
        state: &UserState,
        transaction: &mut Transaction,
        previous: Option<&Transaction>,
    ) -> Result<(), Refusal> {
        fields::check_sum(transaction.amount, &transaction.splits)?;
        state.settle(transaction, previous, false)?;
        let names = transaction.figures().filter_map(|(figure, _)| figure.category());
        let is_new = |name: &&str| state.category_number(name).is_none() && !self.categories.contains(*name);
        let new: BTreeSet<Box<str>> = names.filter(is_new).map(Box::from).collect();
        state.check_categories(self.categories.len() + new.len())?;
        self.categories.extend(new);
        Ok(())
    }
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
