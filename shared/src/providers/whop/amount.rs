//! Amounts, read from their decimal text. Whop writes major units: numbers, decimal strings, and in its
//! newer dated versions objects that hold a decimal string.

use serde_json::Value;

use crate::domain::money::{Currency, Money};

/// What a failed payment was to bring. `final_amount` says what was paid, which is nothing, so the first
/// positive amount counts.
pub(super) fn owed(payment: &Value) -> Option<Money> {
    readable_totals(payment).find(|money| money.amount > 0)
}

/// What a successful payment brought. The first readable amount counts even when it is zero: a payment
/// that a promo code made free has a `subtotal` nobody paid.
pub(super) fn paid(payment: &Value) -> Option<Money> {
    readable_totals(payment).next()
}

/// What a refund or dispute takes back.
pub(super) fn returned(back: &Value) -> Option<Money> {
    read(&back["amount"], &back["currency"]).or_else(|| read(&back["amount"], &back["payment"]["currency"]))
}

/// Nothing, in the currency the refund or dispute names.
pub(super) fn nothing_returned(back: &Value) -> Option<Money> {
    let named = [&back["amount"]["currency"], &back["currency"], &back["payment"]["currency"]];
    let currency = named.iter().find_map(|value| Currency::parse(value.as_str()?).ok());
    // Zero is zero in every currency, while `None` would mean the whole payment.
    let currency = currency.or_else(|| Currency::parse("usd").ok());
    currency.map(|currency| Money { amount: 0, currency })
}

/// Beside each amount, where its currency stands.
const TOTALS: [(&str, &[&str]); 5] = [
    ("final_amount", &["currency"]),
    ("total", &["currency"]),
    ("subtotal", &["currency"]),
    ("settlement_amount", &["settlement_currency", "currency"]),
    ("amount", &["currency"]),
];

fn readable_totals(payment: &Value) -> impl Iterator<Item = Money> {
    TOTALS.iter().filter_map(|(field, currencies)| {
        let named = currencies.iter().map(|key| &payment[key]).find(|value| value.is_string());
        read(&payment[field], named.unwrap_or(&Value::Null))
    })
}

/// An amount that is no decimal, negative, too precise or too large is no amount.
fn read(value: &Value, currency: &Value) -> Option<Money> {
    let own = &value["currency"];
    let currency = if own.is_string() { own } else { currency };
    let money = Money::from_major(decimal(value)?, Currency::parse(currency.as_str()?).ok()?).ok()?;
    (money.amount >= 0).then_some(money)
}

/// A number keeps its text as sent, so its exponent may be anything at all; a price needs two digits of it.
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
