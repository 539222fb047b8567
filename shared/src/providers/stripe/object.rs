//! Reads the fields of an event's object; an invalid field is named in the error.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::kernel::id::InvalidId;
use crate::domain::kernel::money::{Currency, Money};
use crate::domain::kernel::party::ChargeId;
use crate::domain::marketplace::booking::is_chargeable;
use crate::domain::platform::event::Part;
use crate::providers::signed::body::is_plain_id;

/// The object of an event.
#[derive(Clone, Copy)]
pub(super) struct Object<'a>(&'a Value);

/// The last second of the year 9999; later times cannot be formatted.
const LATEST_S: i64 = 253_402_300_799;

impl<'a> Object<'a> {
    pub(super) fn new(value: &'a Value) -> Self {
        Self(value)
    }

    /// The card details of a charge.
    pub(super) fn card(self) -> Self {
        Self(&self.0["payment_method_details"]["card"])
    }

    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.0[name].as_str()
    }

    pub(super) fn metadata(self, name: &str) -> Option<&'a str> {
        self.0["metadata"][name].as_str()
    }

    /// The newest charge of a PaymentIntent and the end of its authorization, if the charge has one.
    /// `latest_charge` holds its id or the expanded charge; before version 2022-11-15 it is the first one in the
    /// list `charges`.
    pub(super) fn latest_charge(self) -> Result<(Option<ChargeId>, Option<DateTime<Utc>>), Part> {
        let charge = match &self.0["latest_charge"] {
            Value::Null => Self(&self.0["charges"]["data"][0]),
            charge @ Value::Object(_) => Self(charge),
            _ => return Ok((self.id("latest_charge", ChargeId::parse)?, None)),
        };
        Ok((charge.own_charge_id()?, charge.card().time("capture_before")?))
    }

    pub(super) fn own_charge_id(self) -> Result<Option<ChargeId>, Part> {
        self.id("id", ChargeId::parse)
    }

    /// An id, or the id of an expanded object; `None` if there is none.
    pub(super) fn id<T>(
        self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, InvalidId>,
    ) -> Result<Option<T>, Part> {
        match &self.0[name] {
            Value::Null => Ok(None),
            Value::String(id) => parse(id).map(Some).map_err(|_| Part::Id),
            object => object["id"].as_str().and_then(|id| parse(id).ok()).map(Some).ok_or(Part::Id),
        }
    }

    /// An id that is only compared and not parsed.
    pub(super) fn plain_id(self, name: &str) -> Result<String, Part> {
        self.text(name).filter(|id| is_plain_id(id)).map(str::to_owned).ok_or(Part::Id)
    }

    pub(super) fn flag(self, name: &str) -> Result<bool, Part> {
        self.0[name].as_bool().ok_or(Part::Flag)
    }

    /// An amount in minor units; fractions and negative numbers are invalid.
    pub(super) fn amount(self, name: &str) -> Result<i64, Part> {
        self.0[name].as_i64().filter(|amount| *amount >= 0).ok_or(Part::Amount)
    }

    pub(super) fn money(self, name: &str) -> Result<Money, Part> {
        let currency = self.text("currency").and_then(|code| Currency::parse(code).ok());
        let currency = currency.filter(is_chargeable).ok_or(Part::Currency)?;
        Ok(Money { amount: self.amount(name)?, currency })
    }

    /// A time in unix seconds; `None` if there is none.
    pub(super) fn time(self, name: &str) -> Result<Option<DateTime<Utc>>, Part> {
        if self.0[name].is_null() {
            return Ok(None);
        }
        let seconds = self.0[name].as_i64().filter(|seconds| (0..=LATEST_S).contains(seconds));
        seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).map(Some).ok_or(Part::Time)
    }

    /// Deserializes the whole object.
    pub(super) fn read<T: DeserializeOwned>(self) -> Option<T> {
        serde_json::from_value(self.0.clone()).ok()
    }
}
