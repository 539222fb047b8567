//! Parameters as Stripe reads them: every one known, or the request is refused.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::refusal::Refusal;

/// More digits than Stripe takes for an amount, and few enough that nothing overflows.
const MAX_AMOUNT: i64 = 999_999_999_999;

/// Some of the currencies that Stripe supports; any other is refused.
const CURRENCIES: [&str; 24] = [
    "usd", "eur", "gbp", "cop", "mxn", "brl", "clp", "pen", "ars", "cad", "aud", "nzd", "jpy", "krw", "chf",
    "sek", "nok", "dkk", "pln", "czk", "inr", "sgd", "hkd", "kwd",
];

/// The fields of a form or a query that were not read yet.
#[derive(Debug, Clone)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn read(text: &str) -> Self {
        let url = reqwest::Url::parse("http://localhost").map(|mut url| {
            url.set_query(Some(text));
            url
        });
        Self(url.map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default())
    }

    /// All fields in a canonical order, to compare requests.
    pub(super) fn to_value(&self) -> Value {
        let mut fields = self.0.clone();
        fields.sort();
        json!(fields)
    }

    pub(super) fn peek(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let index = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(index).1)
    }

    pub(super) fn take_all(&mut self, name: &str) -> Vec<String> {
        std::iter::from_fn(|| self.take(name)).collect()
    }

    pub(super) fn required(&mut self, name: &str) -> Result<String, Refusal> {
        let value = self.take(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| {
            Refusal::parameter("parameter_missing", name, format!("Missing required param: {name}."))
        })
    }

    pub(super) fn integer(&mut self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.take(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            Refusal::parameter("parameter_invalid_integer", name, format!("Invalid integer: {text}"))
        })
    }

    pub(super) fn amount(&mut self) -> Result<i64, Refusal> {
        let missing = || Refusal::parameter("parameter_missing", "amount", "Missing required param: amount.");
        match self.integer("amount")?.ok_or_else(missing)? {
            ..1 => Err(Refusal::parameter(
                "parameter_invalid_integer",
                "amount",
                "This value must be greater than or equal to 1.",
            )),
            amount if amount > MAX_AMOUNT => {
                Err(Refusal::parameter("amount_too_large", "amount", "Amount must be no more than that."))
            }
            amount => Ok(amount),
        }
    }

    pub(super) fn currency(&mut self) -> Result<String, Refusal> {
        let currency = self.required("currency")?;
        if CURRENCIES.contains(&currency.as_str()) {
            return Ok(currency);
        }
        Err(Refusal::invalid(Some("currency"), format!("Invalid currency: {currency}.")))
    }

    pub(super) fn metadata(&mut self) -> BTreeMap<String, String> {
        let key_of = |name: &str| Some(name.strip_prefix("metadata[")?.strip_suffix(']')?.to_owned());
        let found = self.0.iter().filter_map(|(name, value)| Some((key_of(name)?, value.clone()))).collect();
        self.0.retain(|(name, _)| key_of(name).is_none());
        found
    }

    /// Whether `created` allows an instant.
    pub(super) fn created(&mut self) -> Result<impl Fn(DateTime<Utc>) -> bool + use<>, Refusal> {
        let (from, after) = (self.integer("created[gte]")?, self.integer("created[gt]")?);
        let (until, before) = (self.integer("created[lte]")?, self.integer("created[lt]")?);
        Ok(move |at: DateTime<Utc>| {
            let at = at.timestamp();
            from.is_none_or(|from| at >= from)
                && after.is_none_or(|after| at > after)
                && until.is_none_or(|until| at <= until)
                && before.is_none_or(|before| at < before)
        })
    }

    /// Whether the charge is to be shown whole; nothing else can be expanded there.
    pub(super) fn expands_charge(&mut self) -> Result<bool, Refusal> {
        self.expands("latest_charge")
    }

    /// Whether the one property that can be is to be shown whole.
    pub(super) fn expands(&mut self, property: &str) -> Result<bool, Refusal> {
        let wanted = self.take_all("expand[]");
        match wanted.iter().find(|wanted| *wanted != property) {
            Some(other) => {
                Err(Refusal::invalid(Some("expand"), format!("This property cannot be expanded ({other}).")))
            }
            None => Ok(!wanted.is_empty()),
        }
    }

    /// A field that was not read is an error of the client.
    pub(super) fn finish(&self) -> Result<(), Refusal> {
        match self.0.first() {
            Some((name, _)) => Err(Refusal::parameter(
                "parameter_unknown",
                name,
                format!("Received unknown parameter: {name}"),
            )),
            None => Ok(()),
        }
    }
}
