//! Bookings in the table, parsed as the code parses them.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use shared::domain::marketplace::booking::Booking;
use shared::domain::marketplace::booking_record::BookingRecord;
use shared::domain::marketplace::payout::TransferRequest;
use shared::domain::platform::effect::{Effect, EffectStatus, Request};

use super::invariant::Moment;
use super::rows::{Row, Rows};

pub struct Booked<'a> {
    /// The projected row with its list keys and times.
    pub projected: &'a Row,
    pub row: BookingRecord,
    /// The booking computed from its facts; `None` before the request.
    pub booking: Option<Booking>,
    pub effects: Vec<Effect>,
}

impl Rows {
    pub fn bookings(&self) -> impl Iterator<Item = Booked<'_>> {
        self.of("BOOKING#").filter(|row| row.text("sk") == "BOOKING").map(|row| Booked::of(row, self))
    }
}

impl Moment<'_> {
    /// The bookings that the last call changed.
    pub fn changed_bookings(&self) -> Vec<Booked<'_>> {
        let rows = self.changes().filter_map(|(before, after)| after.or(before));
        let changed: BTreeSet<&str> = rows.map(|row| row.text("pk")).collect();
        let changed = changed.into_iter().filter(|pk| pk.starts_with("BOOKING#"));
        let key = |pk: &str| (pk.to_owned(), "BOOKING".to_owned());
        changed.filter_map(|pk| self.after.0.get(&key(pk))).map(|row| Booked::of(row, self.after)).collect()
    }
}

impl<'a> Booked<'a> {
    fn of(projected: &'a Row, rows: &'a Rows) -> Self {
        let row: BookingRecord = projected.read();
        let actions = rows.of(projected.text("pk")).filter(|row| row.text("sk").starts_with("ACTION#"));
        Self { projected, booking: row.booking(), row, effects: actions.map(Row::read).collect() }
    }

    /// Its transfers with their stored requests.
    pub fn transfers(&self) -> impl Iterator<Item = (&Effect, &TransferRequest)> {
        self.effects.iter().filter_map(|effect| match &effect.request {
            Request::Transfer(request) => Some((effect, request)),
            _ => None,
        })
    }

    /// The transfers that exist or may still be made.
    pub fn live_transfers(&self) -> impl Iterator<Item = (&Effect, &TransferRequest)> {
        self.transfers().filter(|(effect, _)| effect.status != EffectStatus::Rejected)
    }
}

impl Row {
    /// The row, parsed as the code does.
    pub fn read<T: DeserializeOwned>(&self) -> T {
        let fields = self.0.as_object().into_iter().flatten();
        let fields: Map<String, Value> = fields.map(|(name, value)| (name.clone(), plain(value))).collect();
        serde_json::from_value(Value::Object(fields)).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

/// A DynamoDB value without its type letter.
fn plain(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|value| value.iter().next()) else {
        return Value::Null;
    };
    match (kind.as_str(), inner) {
        ("N", Value::String(digits)) => serde_json::from_str(digits).unwrap_or_default(),
        ("M", Value::Object(fields)) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), plain(value))).collect())
        }
        ("L", Value::Array(values)) => values.iter().map(plain).collect(),
        ("S" | "BOOL", inner) => inner.clone(),
        _ => Value::Null,
    }
}
