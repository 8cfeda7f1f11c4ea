//! Currencies: ISO 4217.

use crate::Refusal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A currency of ISO 4217 that has a minor unit (so not gold, not "no currency"). One byte in memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The euro: every user's base currency until they can choose.
    pub const EUR: Self = Self(iso_currency::Currency::EUR);

    /// Reads a three-letter code. Refuses with `unknown_currency`, without a field.
    pub fn read(code: &str) -> Result<Self, Refusal> {
        iso_currency::Currency::from_code(code)
            .filter(|currency| currency.exponent().is_some())
            .map(Self)
            .ok_or_else(|| {
                Refusal::plain("unknown_currency", "a currency is a code of ISO 4217, as in \"EUR\"")
            })
    }

    /// The three-letter code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many digits its amounts may have after the point.
    pub fn digits(self) -> u32 {
        self.0.exponent().unwrap_or_default().into()
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self::EUR
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Currency {
    /// Its number in ISO 4217, for keys.
    pub(crate) fn number(self) -> u16 {
        self.0.numeric()
    }

    /// The inverse of [`Currency::number`].
    pub(crate) fn numbered(number: u16) -> Option<Self> {
        iso_currency::Currency::from_numeric(number).map(Self)
    }
}

/// By number, not by place in a foreign enum: body hashes are kept for ever.
impl std::hash::Hash for Currency {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u16(self.0.numeric());
    }
}

/// JSON gets the code, the journal and the pages the number.
impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(self.code())
        } else {
            serializer.serialize_u16(self.0.numeric())
        }
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Self::read(&String::deserialize(deserializer)?).map_err(D::Error::custom)
        } else {
            let number = u16::deserialize(deserializer)?;
            Self::numbered(number).ok_or_else(|| D::Error::custom("not a currency's number"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_currency_has_its_own_number_of_digits() {
        for (code, digits) in [("JPY", 0), ("EUR", 2), ("BHD", 3), ("CLF", 4)] {
            assert_eq!(Currency::read(code).expect(code).digits(), digits);
        }
    }

    #[test]
    fn what_is_no_currency_of_account_is_refused() {
        for code in ["", "eur", "EURO", "XXX", "XAU", "ZZZ"] {
            assert_eq!(Currency::read(code).expect_err(code).code, "unknown_currency");
        }
    }
}
