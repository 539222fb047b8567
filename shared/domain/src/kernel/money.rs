//! Money: an integer number of minor units and a lower-case ISO 4217 currency, never a float.

mod decimal;

use decimal::Decimal;
use serde::{Deserialize, Serialize};

/// An amount in the minor unit of its currency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units: cents for `usd`, yen for `jpy`.
    pub amount: i64,
    pub currency: Currency,
}

/// A lower-case ISO 4217 code, such as `usd`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(String);

/// Why a text is not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMoney {
    #[error("a currency is three letters such as usd")]
    Currency,
    /// Not a decimal number.
    #[error("an amount is a decimal number such as 19.99")]
    Amount,
    /// More decimals than the currency has.
    #[error("the amount has more decimals than its currency")]
    Precision,
    /// Larger than any charge; the limit prevents overflow of sums.
    #[error("the amount is larger than any charge")]
    Range,
}

/// Stripe's zero-decimal currencies; Whop charges through the same card networks.
/// Source: docs.stripe.com/currencies. COP is not among them: it has two decimals.
const ZERO_DECIMAL: [&str; 16] = [
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof",
    "xpf",
];
const THREE_DECIMAL: [&str; 6] = ["bhd", "iqd", "jod", "kwd", "omr", "tnd"];

/// The largest amount in minor units: far above every real charge, while nine thousand of them still fit into an
/// `i64`. A single larger one would falsify a company's figures permanently.
const MAX_AMOUNT: i64 = 1_000_000_000_000_000;

impl Currency {
    /// Parses a code in either case.
    pub fn parse(text: &str) -> Result<Self, InvalidMoney> {
        if text.len() != 3 || !text.bytes().all(|b| b.is_ascii_alphabetic()) {
            return Err(InvalidMoney::Currency);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The code, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number of decimals of the major unit.
    pub fn exponent(&self) -> u32 {
        match self.0.as_str() {
            code if ZERO_DECIMAL.contains(&code) => 0,
            code if THREE_DECIMAL.contains(&code) => 3,
            _ => 2,
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = InvalidMoney;
    fn try_from(text: String) -> Result<Self, InvalidMoney> {
        Self::parse(&text)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.0
    }
}

impl Money {
    /// Parses a decimal of major units as providers write it: `19.99`, `19.9`, `1.9e1`, `-5`.
    ///
    /// Some providers calculate in binary floating point: `29.990000000000002` and `29.989999771118164` mean
    /// 29.99. A difference from a whole number of minor units of less than a thousandth of a unit, or within
    /// single precision, is such noise and is removed. A real fraction, as in `29.999` or `29.9901`, is an
    /// error, because an amount of money must not be guessed.
    pub fn from_provider_float(text: &str, currency: Currency) -> Result<Self, InvalidMoney> {
        let amount = Decimal::parse(text)?.without_noise(currency.exponent())?;
        Ok(Self { amount, currency })
    }
}

#[cfg(test)]
#[path = "money_tests.rs"]
mod tests;
