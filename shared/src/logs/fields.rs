//! The fields of an event or a span, as JSON values.

use std::error::Error;
use std::fmt::{self, Debug, Write};

use serde_json::{Number, Value};
use tracing::field::{Field, Visit};

/// Named values in the order of writing; a later one of the same name wins.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(&'static str, Value)>);

/// Longer texts are cut: lines are for reading, and CloudWatch refuses events beyond 256 KiB.
pub(super) const MAX_TEXT_BYTES: usize = 2048;

/// Names that only the logging layer may set.
const RESERVED: [&str; 8] =
    ["timestamp", "level", "service", "message", "request_id", "cron", "_aws", "metrics_ignored"];

impl Fields {
    /// Adds other fields, which replace those of the same name.
    pub(super) fn absorb(&mut self, others: Self) {
        for (name, value) in others {
            self.set(name, value);
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Value> {
        let index = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.remove(index).1)
    }

    /// Removes fields whose names only the logging layer may set.
    pub(super) fn drop_reserved(&mut self) {
        self.0.retain(|(name, _)| !RESERVED.contains(name));
    }

    pub(super) fn set(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    fn set_text(&mut self, field: &Field, text: fmt::Arguments<'_>) {
        let mut short = ShortText::default();
        // `ShortText` returns an error when it is full.
        let _ = short.write_fmt(text);
        self.set(field.name(), Value::from(short.0));
    }

    fn set_number(&mut self, field: &Field, number: Option<Number>, text: fmt::Arguments<'_>) {
        match number {
            Some(number) => self.set(field.name(), Value::Number(number)),
            None => self.set_text(field, text),
        }
    }
}

impl IntoIterator for Fields {
    type Item = (&'static str, Value);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set_number(field, Number::from_f64(value), format_args!("{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), Value::from(value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.set_number(field, Number::from_i128(value), format_args!("{value}"));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.set_number(field, Number::from_u128(value), format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), Value::from(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set_text(field, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.set_text(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set_text(field, format_args!("{value:?}"));
    }
}

/// Collects text up to the limit, so that even an endless one costs no more.
#[derive(Default)]
struct ShortText(String);

impl Write for ShortText {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let room = MAX_TEXT_BYTES.saturating_sub(self.0.len());
        if more.len() <= room {
            self.0.push_str(more);
            return Ok(());
        }
        self.0.push_str(&more[..more.floor_char_boundary(room)]);
        self.0.push('…');
        Err(fmt::Error)
    }
}
