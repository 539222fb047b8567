//! Bookings as they stand in the table, read as the code reads them.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use shared::domain::marketplace::booking::Booking;
use shared::domain::marketplace::payout::TransferRequest;
use shared::domain::platform::effect::{Effect, EffectStatus, Request};
use shared::store::marketplace::booking::BookingRow;

use super::invariant::Moment;
use super::rows::{Row, Rows};

/// A booking with everything in its partition.
pub struct Booked<'a> {
    /// The row with its lists and times.
    pub projected: &'a Row,
    pub row: BookingRow,
    /// What follows from its facts, once somebody asked for it.
    pub booking: Option<Booking>,
    /// Everything that left or is to leave the house for it.
    pub effects: Vec<Effect>,
}

impl Rows {
    pub fn bookings(&self) -> impl Iterator<Item = Booked<'_>> {
        self.of("BOOKING#").filter(|row| row.text("sk") == "BOOKING").map(|row| Booked::of(row, self))
    }
}

impl Moment<'_> {
    /// The bookings of which anything has just changed.
    pub fn changed_bookings(&self) -> Vec<Booked<'_>> {
        let rows = self.before.changes(self.after).filter_map(|(before, after)| after.or(before));
        let changed: BTreeSet<&str> = rows.map(|row| row.text("pk")).collect();
        let changed = changed.into_iter().filter(|pk| pk.starts_with("BOOKING#"));
        let key = |pk: &str| (pk.to_owned(), "BOOKING".to_owned());
        changed.filter_map(|pk| self.after.0.get(&key(pk))).map(|row| Booked::of(row, self.after)).collect()
    }
}

impl<'a> Booked<'a> {
    fn of(projected: &'a Row, rows: &'a Rows) -> Self {
        let row: BookingRow = projected.read();
        let actions = rows.of(projected.text("pk")).filter(|row| row.text("sk").starts_with("ACTION#"));
        Self { projected, booking: row.booking(), row, effects: actions.map(Row::read).collect() }
    }

    /// Its transfers, as they were frozen.
    pub fn transfers(&self) -> impl Iterator<Item = (&Effect, &TransferRequest)> {
        self.effects.iter().filter_map(|effect| match &effect.request {
            Request::Transfer(request) => Some((effect, request)),
            _ => None,
        })
    }

    /// Those that may have been made, or may still be.
    pub fn standing_transfers(&self) -> impl Iterator<Item = (&Effect, &TransferRequest)> {
        self.transfers().filter(|(effect, _)| effect.status != EffectStatus::Rejected)
    }
}

impl Row {
    /// The row as the code reads it.
    pub fn read<T: DeserializeOwned>(&self) -> T {
        let fields = self.0.as_object().into_iter().flatten();
        let fields: Map<String, Value> = fields.map(|(name, value)| (name.clone(), plain(value))).collect();
        serde_json::from_value(Value::Object(fields)).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

/// A value without the letters that tell its type.
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
