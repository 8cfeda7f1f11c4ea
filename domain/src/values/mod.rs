//! The plain values everything else is made of. Each reads itself from text and refuses by name what it is not.

mod amount;
mod cadence;
mod currency;
mod date;
mod month;
mod month_start;
mod months;
mod rate;
mod recurrence;
mod text;
mod when;
mod written;
mod year;
mod zone;

pub use amount::Amount;
pub(crate) use amount::{PackedAmount, SmallAmount};
pub use cadence::Cadence;
pub use currency::Currency;
pub use date::Date;
pub use month::Month;
pub use month_start::MonthStart;
pub use months::Months;
pub use rate::Rate;
pub(crate) use recurrence::MonthlyRule;
pub use text::is_blank;
pub(crate) use text::{ACCOUNT, CATEGORY, NOTE, PAYEE, TAG, TextRule};
pub use when::When;
pub use written::{Marks, Written};
pub use year::Year;
pub use zone::Zone;
