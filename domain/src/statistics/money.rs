//! Amounts become floats to be estimated with, and estimates become amounts.

use crate::Amount;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use rust_decimal::{Decimal, RoundingStrategy};

/// The nearest float.
pub(crate) fn to_float(amount: Amount) -> f64 {
    amount.decimal().to_f64().unwrap_or_default()
}

/// The estimate, rounded half away from zero to as many digits as its currency has. `None` for what no amount can hold.
pub(crate) fn from_float(estimate: f64, digits: u32) -> Option<Amount> {
    let mut decimal =
        Decimal::from_f64(estimate)?.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
    decimal.rescale(digits);
    Some(Amount::estimated(decimal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_becomes_an_amount_of_its_currency() {
        let text = |estimate, digits| from_float(estimate, digits).map(|amount| amount.to_string());
        assert_eq!(text(12.345, 2).as_deref(), Some("12.35"));
        assert_eq!(text(0.1 + 0.2, 2).as_deref(), Some("0.30"));
        assert_eq!(text(1.5, 0).as_deref(), Some("2"));
        assert_eq!(text(100.0, 2).as_deref(), Some("100.00"));
        assert_eq!((text(f64::NAN, 2), text(1e40, 2)), (None, None));
    }

    #[test]
    fn an_amount_becomes_the_nearest_float() {
        let amount = Amount::read("12.50").expect("an amount");
        assert_eq!((to_float(amount), to_float(amount.negated())), (12.5, -12.5));
    }
}
