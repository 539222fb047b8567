//! A decimal number as text, processed digit by digit and never as a float.

use super::{InvalidMoney, MAX_AMOUNT};

/// More digits, and a larger exponent, than any amount has.
const MAX_DIGITS: usize = 40;

/// Digits times a power of ten.
pub(super) struct Decimal {
    is_negative: bool,
    digits: String,
    power: i32,
}

impl Decimal {
    /// Parses `19.99`, `19.9`, `1.9e1`, `-5`.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidMoney> {
        let (mantissa, power) = match text.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, power.parse::<i32>().map_err(|_| InvalidMoney::Amount)?),
            None => (text, 0),
        };
        let (is_negative, digits) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(InvalidMoney::Amount);
        }
        if digits.len() > MAX_DIGITS || power.unsigned_abs() > MAX_DIGITS as u32 {
            return Err(InvalidMoney::Range);
        }
        Ok(Self { is_negative, digits: format!("{whole}{fraction}"), power: power - fraction.len() as i32 })
    }

    /// The amount in units of `10^-exponent`, if it differs from a whole number of them only by the noise of a
    /// binary float.
    pub(super) fn without_noise(&self, exponent: u32) -> Result<i64, InvalidMoney> {
        let (units, rest) = self.split(exponent);
        let (units, unit) = (units?, 10_i64.pow(COMPARED_DIGITS as u32));
        let billionths: i64 = format!("{rest:0<COMPARED_DIGITS$}")[..COMPARED_DIGITS]
            .parse()
            .map_err(|_| InvalidMoney::Amount)?;
        let noise = noise_billionths(units);
        match billionths {
            above if above < noise => self.signed(units),
            below if unit - below < noise => self.signed(units + 1),
            _ => Err(InvalidMoney::Precision),
        }
    }

    /// The whole units of `10^-exponent`, and the digits after them.
    fn split(&self, exponent: u32) -> (Result<i64, InvalidMoney>, String) {
        let shift = self.power + exponent as i32;
        let significant = self.digits.trim_start_matches('0');
        if significant.is_empty() {
            return (Ok(0), String::new());
        }
        let (whole, rest) = if shift >= 0 {
            (format!("{significant}{}", "0".repeat(shift as usize)), String::new())
        } else {
            let behind = shift.unsigned_abs() as usize;
            let padded = format!("{significant:0>behind$}");
            let (whole, rest) = padded.split_at(padded.len() - behind);
            (format!("0{whole}"), rest.to_owned())
        };
        let units = whole.parse().ok().filter(|units| *units <= MAX_AMOUNT);
        (units.ok_or(InvalidMoney::Range), rest)
    }

    fn signed(&self, units: i64) -> Result<i64, InvalidMoney> {
        if units > MAX_AMOUNT {
            return Err(InvalidMoney::Range);
        }
        Ok(if self.is_negative { -units } else { units })
    }
}

/// The number of compared digits after the unit: to a billionth of it.
const COMPARED_DIGITS: usize = 9;

/// The largest difference from a whole number of minor units that counts as noise, in billionths of a unit.
///
/// Single precision is the coarsest float that providers were seen to use. Its error is at most `2^-24` of the
/// amount, rounded up here to 60 billionths. Less than a thousandth of a minor unit is always noise, because no
/// price has such a small fraction. More than a twentieth is never noise; single precision reaches that at
/// 833,333 minor units, and from there on a real fraction could be hidden, so the amount is refused.
fn noise_billionths(units: i64) -> i64 {
    (units + 1).saturating_mul(60).clamp(1_000_000, 50_000_000)
}
