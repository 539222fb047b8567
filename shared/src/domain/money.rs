//! Money: integer minor units and a lower-case ISO 4217 currency, never a float.

use serde::{Deserialize, Serialize};

/// An amount in the minor unit of its currency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units: cents for `usd`, yen for `jpy`.
    pub amount: i64,
    /// Which currency the amount is in.
    pub currency: Currency,
}

/// A lower-case ISO 4217 code, such as `usd`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(String);

/// Why a text is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMoney {
    /// Not three letters.
    #[error("a currency is three letters such as usd")]
    Currency,
    /// Not a decimal number.
    #[error("an amount is a decimal number such as 19.99")]
    Amount,
    /// More decimals than the currency has.
    #[error("the amount has more decimals than its currency")]
    Precision,
    /// Larger than any charge, so that sums of charges cannot overflow.
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

/// The largest amount in minor units: far beyond every charge in every currency, and nine thousand of
/// it still add up in an `i64`. A single larger one would falsify a company's figures for ever.
const MAX_AMOUNT: i64 = 1_000_000_000_000_000;

impl Currency {
    /// Reads a code in either case.
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

    /// How many decimals the major unit has.
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
    /// Reads a major-unit decimal as providers write it: `19.99`, `19.9`, `1.9e1`, `-5`.
    ///
    /// Trailing zeros beyond the currency's decimals are harmless; other digits there are an error,
    /// because rounding somebody's money is not ours to decide.
    pub fn from_major(text: &str, currency: Currency) -> Result<Self, InvalidMoney> {
        let (mantissa, power) = match text.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, power.parse::<i32>().map_err(|_| InvalidMoney::Amount)?),
            None => (text, 0),
        };
        let (negative, digits) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(InvalidMoney::Amount);
        }
        if digits.len() > 40 || power.unsigned_abs() > 40 {
            return Err(InvalidMoney::Range);
        }
        let shift = power + currency.exponent() as i32 - fraction.len() as i32;
        let amount = scale(&format!("{whole}{fraction}"), shift)?;
        Ok(Self { amount: if negative { -amount } else { amount }, currency })
    }
}

impl Money {
    /// Reads a major-unit decimal of a provider that calculates in binary floating point: `29.990000000000002`
    /// is 29.99. What differs from a whole number of minor units by less than a millionth of one is such
    /// noise; a true fraction, as in `29.999`, is an error here too.
    pub fn from_provider_float(text: &str, currency: Currency) -> Result<Self, InvalidMoney> {
        match Self::from_major(text, currency.clone()) {
            Err(InvalidMoney::Precision) => {
                let nearest = nearest_minor_unit(text, &currency).ok_or(InvalidMoney::Precision)?;
                Ok(Self { amount: nearest, currency })
            }
            other => other,
        }
    }
}

/// How many digits beyond the minor unit are compared: six, a millionth of it.
const NOISE_DIGITS: u32 = 6;

/// The whole number of minor units that a decimal means but for noise. It is read once more with six digits
/// more, the rest cut off: all zeros or all nines there is noise.
fn nearest_minor_unit(text: &str, currency: &Currency) -> Option<i64> {
    // Only plain decimals are read here: with an exponent the digits would have to be moved first.
    let (whole, fraction) = text.split_once('.').filter(|_| !text.contains(['e', 'E']))?;
    let digits = (currency.exponent() + NOISE_DIGITS) as usize;
    let cut = fraction.get(..digits)?;
    let millionths: i64 = format!("{whole}{cut}").parse().ok()?;
    let unit = 10_i64.pow(NOISE_DIGITS);
    let (floor, rest) = (millionths.div_euclid(unit), millionths.rem_euclid(unit));
    let amount = match rest {
        0 => floor,
        rest if rest == unit - 1 => floor + 1,
        _ => return None,
    };
    (amount.abs() <= MAX_AMOUNT).then_some(amount)
}

/// `digits` times ten to the power `shift`, exactly.
fn scale(digits: &str, shift: i32) -> Result<i64, InvalidMoney> {
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    let scaled = if shift >= 0 {
        format!("{significant}{}", "0".repeat(shift as usize))
    } else {
        let cut = significant.len().saturating_sub(shift.unsigned_abs() as usize);
        let (kept, dropped) = significant.split_at(cut);
        if dropped.bytes().any(|b| b != b'0') {
            return Err(InvalidMoney::Precision);
        }
        if kept.is_empty() { "0".to_owned() } else { kept.to_owned() }
    };
    let amount: i64 = scaled.parse().map_err(|_| InvalidMoney::Range)?;
    if amount > MAX_AMOUNT { Err(InvalidMoney::Range) } else { Ok(amount) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(text: &str, currency: &str) -> Result<i64, InvalidMoney> {
        Money::from_major(text, Currency::parse(currency)?).map(|money| money.amount)
    }

    #[test]
    fn major_units_become_minor_units_by_the_currency() {
        assert_eq!(minor("19.99", "USD"), Ok(1999));
        assert_eq!(minor("19.9", "usd"), Ok(1990));
        assert_eq!(minor("19", "usd"), Ok(1900));
        assert_eq!(minor("19.990", "usd"), Ok(1999));
        assert_eq!(minor("1900", "jpy"), Ok(1900));
        assert_eq!(minor("1900.0", "jpy"), Ok(1900));
        assert_eq!(minor("1.234", "kwd"), Ok(1234));
        assert_eq!(minor("10000", "cop"), Ok(1_000_000));
        assert_eq!(minor("-5", "usd"), Ok(-500));
        assert_eq!(minor("0", "usd"), Ok(0));
        assert_eq!(minor("0.00", "jpy"), Ok(0));
        assert_eq!(minor("1.9e1", "usd"), Ok(1900));
        assert_eq!(minor("0.07", "usd"), Ok(7));
    }

    #[test]
    fn noise_of_binary_floats_is_told_from_a_true_fraction() {
        let read = |text: &str, currency: &str| {
            Money::from_provider_float(text, Currency::parse(currency).unwrap()).map(|money| money.amount)
        };
        for (text, currency, expected) in [
            ("29.990000000000002", "usd", 2999),
            ("29.989999999999998", "usd", 2999),
            ("0.30000000000000004", "usd", 30),
            ("17.000000000000004", "jpy", 17),
            ("1.2339999999999998", "kwd", 1234),
            ("123456789.98999999", "usd", 12_345_678_999),
            ("29.99", "usd", 2999),
        ] {
            assert_eq!(read(text, currency), Ok(expected), "{text} {currency}");
        }
        for text in
            ["29.999", "29.995", "29.9901", "0.001", "29.99999", "1.00000000e-16", "1.1102230246251565e-16"]
        {
            assert_eq!(read(text, "usd"), Err(InvalidMoney::Precision), "{text}");
        }
        assert_eq!(read("0.5", "jpy"), Err(InvalidMoney::Precision));
    }

    #[test]
    fn absurd_amounts_are_refused_and_never_rounded() {
        assert_eq!(minor("19.999", "usd"), Err(InvalidMoney::Precision));
        assert_eq!(minor("0.5", "jpy"), Err(InvalidMoney::Precision));
        assert_eq!(minor("92233720368547758.08", "usd"), Err(InvalidMoney::Range));
        assert_eq!(minor("10000000000000.01", "usd"), Err(InvalidMoney::Range));
        assert_eq!(minor("10000000000000", "usd"), Ok(MAX_AMOUNT));
        for wrong in ["1e400", "1e-2147483648", "1e2147483647"] {
            assert_eq!(minor(wrong, "usd"), Err(InvalidMoney::Range), "{wrong}");
        }
        for wrong in ["", ".", "-", "1,5", "NaN", "1.2.3", "0x10", " 1", "1e", "e5", "--1", "١"] {
            assert_eq!(minor(wrong, "usd"), Err(InvalidMoney::Amount), "{wrong}");
        }
        for wrong in ["", "us", "usdt", "u$d", "üsd"] {
            assert_eq!(Currency::parse(wrong), Err(InvalidMoney::Currency), "{wrong}");
        }
    }
}
