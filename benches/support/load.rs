//! The load: random expenses of many users over eight categories and the twelve months of 2026, the same for every
//! system measured, and the answer to how many budgets they exceed.

use jiff::Timestamp;
use std::fmt::Write as _;

/// The categories, each with a budget.
pub(crate) const CATEGORIES: [&str; 8] =
    ["groceries", "rent", "transport", "dining", "utilities", "health", "leisure", "travel"];

/// The limit of every budget. Kafka Streams' copy of the job has it as a constant.
const LIMIT_CENTS: u32 = 10_000;

/// One random expense.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expense {
    /// Number of its user.
    pub(crate) user: u64,
    /// Amount, 1 to 10,000.
    pub(crate) cents: u32,
    /// Index in [`CATEGORIES`].
    pub(crate) category: usize,
    /// 1 to 12.
    pub(crate) month: u64,
    /// 1 to 28.
    pub(crate) day: u64,
    /// What it was all drawn from.
    random: u64,
    /// Its number within the load.
    nth: u64,
}

/// An endless, repeatable sequence of expenses (xorshift64).
#[derive(Debug, Clone)]
pub(crate) struct Load {
    x: u64,
    nth: u64,
    users: u64,
}

impl Load {
    /// The sequence numbered `seed`, of `users` users.
    pub(crate) fn new(seed: u64, users: u64) -> Self {
        // Odd multiplier: every seed has its own start, none is 0.
        let x = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(2 * seed + 1);
        Self { x, nth: 0, users }
    }
}

impl Iterator for Load {
    type Item = Expense;

    fn next(&mut self) -> Option<Expense> {
        let mut x = self.x;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.x = x;
        self.nth += 1;
        Some(Expense {
            user: x % self.users,
            cents: u32::try_from((x >> 20) % 10_000 + 1).expect("at most 10,000"),
            category: usize::try_from((x >> 40) % 8).expect("below 8"),
            month: (x >> 10) % 12 + 1,
            day: (x >> 33) % 28 + 1,
            random: x,
            nth: self.nth,
        })
    }
}

impl Expense {
    /// The same expense of another amount.
    pub(crate) fn costing(self, cents: u32) -> Self {
        Self { cents, ..self }
    }

    /// A new command id: a `UUIDv7` whose milliseconds are those of `now`.
    pub(crate) fn id(&self, now: Timestamp) -> String {
        uuid_v7(now, self.random, self.nth)
    }

    /// The `data` of `create_transaction`.
    pub(crate) fn write_data(&self, out: &mut String) {
        let Self { cents, month, day, .. } = self;
        let (category, euros, rest) = (CATEGORIES[self.category], cents / 100, cents % 100);
        write!(
            out,
            r#"{{"transaction_type":"Expense","amount":"{euros}.{rest:02}","currency":"EUR","category":"{category}","date":"2026-{month:02}-{day:02}"}}"#
        )
        .expect("writing to a string does not fail");
    }

    /// The whole envelope, as of `now`.
    pub(crate) fn write_envelope(&self, out: &mut String, now: Timestamp) {
        open_envelope(out, &self.id(now), "create_transaction", &user_id(self.user), now);
        self.write_data(out);
        out.push('}');
    }
}

/// Name of the user with this number.
pub(crate) fn user_id(user: u64) -> String {
    format!("user-{user:08}")
}

/// The `data` of `set_budget` for a category: 100.00 EUR from January 2026.
pub(crate) fn write_budget_data(out: &mut String, category: &str) {
    write!(
        out,
        r#"{{"category":"{category}","limit":"100.00","currency":"EUR","from":"2026-01","policy":"reset"}}"#
    )
    .expect("writing to a string does not fail");
}

/// The envelope of `set_budget` for a user's category.
pub(crate) fn write_budget_envelope(out: &mut String, user: u64, category: usize, now: Timestamp) {
    let id = uuid_v7(now, user, category as u64);
    open_envelope(out, &id, "set_budget", &user_id(user), now);
    write_budget_data(out, CATEGORIES[category]);
    out.push('}');
}

/// An envelope up to its `data`, as of `now`.
pub(crate) fn open_envelope(out: &mut String, id: &str, kind: &str, user: &str, now: Timestamp) {
    write!(
        out,
        r#"{{"specversion":"1.0","id":"{id}","source":"/bench","type":"{kind}","subject":"{user}","time":"{now}","datacontenttype":"application/json","data":"#
    )
    .expect("writing to a string does not fail");
}

/// A `UUIDv7` without a system random number: 24 bits of `random`, 48 of `nth`.
fn uuid_v7(now: Timestamp, random: u64, nth: u64) -> String {
    let ms = u64::try_from(now.as_millisecond()).expect("after 1970");
    let (high, low) = (ms >> 16, ms & 0xffff);
    format!("{high:08x}-{low:04x}-7{:03x}-8{:03x}-{nth:012x}", random & 0xfff, (random >> 12) & 0xfff)
}

/// The milliseconds of the `UUIDv7` that `key` (as in `"causationid":"`) leads to in a JSON text.
pub(crate) fn sent_ms(json: &[u8], key: &str) -> Option<i64> {
    let text = std::str::from_utf8(json).ok()?;
    let id = &text[text.find(key)? + key.len()..];
    let high = i64::from_str_radix(id.get(0..8)?, 16).ok()?;
    let low = i64::from_str_radix(id.get(9..13)?, 16).ok()?;
    Some(high << 16 | low)
}

/// What each user has spent by month and category: says how many alerts a load must raise. Amounts are positive, so an
/// order of commands of its own would give the same number.
pub(crate) struct Oracle {
    spent: Vec<u32>,
    /// Budgets exceeded so far.
    pub(crate) exceeded: u64,
}

impl Oracle {
    /// Nobody has spent anything.
    pub(crate) fn new(users: u64) -> Self {
        let cells = usize::try_from(users * 12 * 8).expect("the oracle fits in memory");
        Self { spent: vec![0; cells], exceeded: 0 }
    }

    /// Takes an expense into account.
    pub(crate) fn add(&mut self, expense: &Expense) {
        let cell = (expense.user * 12 + expense.month - 1) * 8 + expense.category as u64;
        let spent = &mut self.spent[usize::try_from(cell).expect("an index of a vector in memory")];
        let before = *spent;
        *spent += expense.cents;
        self.exceeded += u64::from(before <= LIMIT_CENTS && *spent > LIMIT_CENTS);
    }
}
