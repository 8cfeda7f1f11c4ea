//! The plain values everything else is made of. Each reads itself from text and refuses by name what it is not.

mod amount;
mod currency;
mod date;
mod month;
mod text;

pub use amount::Amount;
pub(crate) use amount::PackedAmount;
pub use currency::Currency;
pub use date::Date;
pub use month::Month;
pub(crate) use text::{ACCOUNT, CATEGORY, NOTE, PAYEE, TAG, TextRule};
