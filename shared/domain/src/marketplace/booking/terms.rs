//! The agreed terms of a booking, frozen at the request.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::currency::{is_chargeable, step_amount};
use crate::kernel::money::Money;
use crate::kernel::party::{CustomerId, ProfessionalId};

/// The largest price in minor units: far above every real charge, and small enough that the sums of all facts
/// of a booking fit into an `i64`.
pub const MAX_PRICE: i64 = 1_000_000_000_000_000;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Terms {
    pub professional_id: ProfessionalId,
    pub customer_id: CustomerId,
    pub price: Money,
    /// The platform's fee rate at the time of the request.
    pub fee: FeeBasisPoints,
    pub scheduled_start: DateTime<Utc>,
}

/// Why terms are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTerms {
    /// Zero, negative, or above every charge.
    #[error("the price is a positive amount no larger than any charge")]
    Price,
    /// Not a currency that cards are charged in.
    #[error("the currency is not one that cards are charged in")]
    Currency,
    /// A price that Stripe refuses in this currency.
    #[error("the last digits of a price in this currency are zeros")]
    Step,
    /// More than 100 percent.
    #[error("the fee is between 0 and 10000 basis points")]
    Fee,
}

impl Terms {
    /// Returns the terms if a card can be charged for them.
    pub fn checked(self) -> Result<Self, InvalidTerms> {
        if !is_chargeable(&self.price.currency) {
            return Err(InvalidTerms::Currency);
        }
        if !(1..=MAX_PRICE).contains(&self.price.amount) {
            return Err(InvalidTerms::Price);
        }
        if self.price.amount % step_amount(&self.price.currency) != 0 {
            return Err(InvalidTerms::Step);
        }
        Ok(self)
    }
}

/// A rate in hundredths of a percent, at most 100 percent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct FeeBasisPoints(u16);

/// 100 percent in basis points.
const WHOLE: u16 = 10_000;

impl FeeBasisPoints {
    /// A rate, unless it is above 100 percent.
    pub fn new(basis_points: u16) -> Result<Self, InvalidTerms> {
        if basis_points <= WHOLE { Ok(Self(basis_points)) } else { Err(InvalidTerms::Fee) }
    }

    pub fn get(self) -> u16 {
        self.0
    }

    /// The fee on an amount in minor units: rounded half up once to the smallest step of the currency at
    /// Stripe, and at most the amount. A negative amount has no fee.
    pub fn of(self, base: &Money) -> i64 {
        let step = i128::from(step_amount(&base.currency));
        let whole = i128::from(WHOLE) * step;
        let exact = i128::from(base.amount.max(0)) * i128::from(self.0);
        let rounded = (exact + whole / 2) / whole * step;
        i64::try_from(rounded).unwrap_or(i64::MAX).min(base.amount.max(0))
    }
}

impl TryFrom<u16> for FeeBasisPoints {
    type Error = InvalidTerms;
    fn try_from(basis_points: u16) -> Result<Self, InvalidTerms> {
        Self::new(basis_points)
    }
}

impl From<FeeBasisPoints> for u16 {
    fn from(fee: FeeBasisPoints) -> u16 {
        fee.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::money::Currency;

    fn money(amount: i64, currency: &str) -> Money {
        Money { amount, currency: Currency::parse(currency).unwrap() }
    }

    fn terms(price: Money) -> Terms {
        Terms {
            professional_id: ProfessionalId::parse("user_1").unwrap(),
            customer_id: CustomerId::parse("user_2").unwrap(),
            price,
            fee: FeeBasisPoints::new(1500).unwrap(),
            scheduled_start: DateTime::UNIX_EPOCH,
        }
    }

    fn fee(basis_points: u16, amount: i64, currency: &str) -> i64 {
        FeeBasisPoints::new(basis_points).unwrap().of(&money(amount, currency))
    }

    #[test]
    fn a_price_is_what_a_card_can_be_charged() {
        for (amount, currency, error) in [
            (0, "usd", InvalidTerms::Price),
            (-5, "usd", InvalidTerms::Price),
            (MAX_PRICE + 1, "usd", InvalidTerms::Price),
            (i64::MAX, "usd", InvalidTerms::Price),
            (100, "xyz", InvalidTerms::Currency),
            (1235, "kwd", InvalidTerms::Step),
            (150, "isk", InvalidTerms::Step),
        ] {
            assert_eq!(terms(money(amount, currency)).checked(), Err(error), "{amount} {currency}");
        }
        for (amount, currency) in [(1, "usd"), (1_000_000, "cop"), (500, "jpy"), (1230, "kwd"), (200, "isk")]
        {
            assert!(terms(money(amount, currency)).checked().is_ok(), "{amount} {currency}");
        }
    }

    #[test]
    fn a_fee_is_rounded_half_up_once() {
        assert_eq!(fee(1500, 10_000, "usd"), 1500);
        assert_eq!(fee(1500, 3, "usd"), 0);
        assert_eq!(fee(5000, 3, "usd"), 2);
        assert_eq!(fee(1000, 5, "usd"), 1);
        assert_eq!(fee(1000, 4, "usd"), 0);
        assert_eq!(fee(10_000, 4, "usd"), 4);
        assert_eq!(fee(0, 4, "usd"), 0);
        assert_eq!(fee(1500, 1_000_000, "cop"), 150_000, "ten thousand pesos");
        assert_eq!(fee(1500, 1230, "kwd"), 180, "in tens of fils, because Stripe moves nothing finer");
        assert_eq!(fee(1500, 100_000_000_000_000_000, "usd"), 15_000_000_000_000_000);
    }

    #[test]
    fn a_fee_above_the_whole_is_refused() {
        assert_eq!(FeeBasisPoints::new(10_001), Err(InvalidTerms::Fee));
        assert!(serde_json::from_str::<FeeBasisPoints>("10001").is_err());
    }

    proptest! {
        #[test]
        fn fee_and_rest_make_the_amount(basis_points in 0u16..=10_000, amount in any::<i64>()) {
            let fee = fee(basis_points, amount, "usd");
            prop_assert!((0..=amount.max(0)).contains(&fee));
            let exact = i128::from(amount.max(0)) * i128::from(basis_points);
            prop_assert!((i128::from(fee) * 10_000 - exact).abs() <= 5_000);
        }
    }
}
