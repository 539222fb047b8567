//! Parses amounts from their decimal text. Whop writes major units: numbers, decimal strings, and in its newer
//! dated versions objects with a decimal string.

use std::iter;

use serde_json::Value;

use crate::domain::kernel::money::{Currency, Money};
use crate::domain::platform::event::Part;

/// A parsed amount and whether a present value could not be parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReadAmount {
    pub(super) money: Option<Money>,
    pub(super) unread: Option<Part>,
}

impl From<Result<Money, Part>> for ReadAmount {
    fn from(read: Result<Money, Part>) -> Self {
        Self { unread: read.as_ref().err().copied(), money: read.ok() }
    }
}

/// The amount due of a failed payment: the first positive amount, because `final_amount` is the paid amount,
/// zero.
pub(super) fn due_amount(payment: &Value) -> ReadAmount {
    first_total(payment, |money| money.amount > 0)
}

/// The amount of a successful payment: the first amount, even if it is zero: a payment that a promo code made
/// free has a `subtotal` that was never paid.
pub(super) fn paid_amount(payment: &Value) -> ReadAmount {
    first_total(payment, |_| true)
}

/// The amount of a refund or dispute.
pub(super) fn returned_amount(back: &Value) -> ReadAmount {
    if back["amount"].is_null() {
        return ReadAmount { money: None, unread: None };
    }
    read(&back["amount"], &[&back["currency"], &back["payment"]["currency"]]).into()
}

/// Zero in the currency of the refund or dispute.
pub(super) fn nothing_returned(back: &Value) -> ReadAmount {
    let named = [&back["amount"]["currency"], &back["currency"], &back["payment"]["currency"]];
    let currency = named.iter().find_map(|value| Currency::parse(value.as_str()?).ok());
    // Zero is the same in every currency, while `None` would mean the whole payment.
    let currency = currency.or_else(|| Currency::parse("usd").ok());
    ReadAmount { money: currency.map(|currency| Money { amount: 0, currency }), unread: None }
}

/// Each amount with the fields that may hold its currency.
const TOTALS: [(&str, &[&str]); 5] = [
    ("final_amount", &["currency"]),
    ("total", &["currency"]),
    ("subtotal", &["currency"]),
    ("settlement_amount", &["settlement_currency", "currency"]),
    ("amount", &["currency"]),
];

/// The first present total that `counts`. The totals differ by tax, fees and currency, and each shape has other
/// ones. An absent total is skipped, but one that is present and unreadable is not replaced by another.
fn first_total(payment: &Value, counts: impl Fn(&Money) -> bool) -> ReadAmount {
    for (field, currencies) in TOTALS.iter().filter(|(field, _)| !payment[field].is_null()) {
        let currencies: Vec<&Value> = currencies.iter().map(|key| &payment[key]).collect();
        match read(&payment[field], &currencies) {
            Ok(money) if !counts(&money) => {}
            result => return result.into(),
        }
    }
    ReadAmount { money: None, unread: None }
}

/// Parses an amount; invalid if it is no decimal, negative, too precise or too large. The first present currency
/// counts, beginning with one in the amount itself.
fn read(value: &Value, currencies: &[&Value]) -> Result<Money, Part> {
    let text = decimal(value).ok_or(Part::Amount)?;
    let mut named = iter::once(&value["currency"]).chain(currencies.iter().copied());
    let currency = named.find(|currency| !currency.is_null()).and_then(Value::as_str);
    let currency = currency.and_then(|code| Currency::parse(code).ok()).ok_or(Part::Currency)?;
    let money = Money::from_provider_float(text, currency).map_err(|_| Part::Amount)?;
    if money.amount >= 0 { Ok(money) } else { Err(Part::Amount) }
}

/// Numbers keep their text as sent, so an exponent may have any length; prices need two digits.
const MAX_EXPONENT_CHARS: usize = 3;

fn decimal(value: &Value) -> Option<&str> {
    let text = match value {
        Value::Number(number) => number.as_str(),
        Value::String(text) => text,
        Value::Object(parts) => {
            match ["amount", "value", "decimal"].iter().find_map(|key| parts.get(*key))? {
                Value::Number(number) => number.as_str(),
                Value::String(text) => text,
                _ => return None,
            }
        }
        _ => return None,
    };
    let exponent = text.split_once(['e', 'E']).map_or("", |(_, exponent)| exponent);
    (exponent.len() <= MAX_EXPONENT_CHARS).then_some(text)
}
