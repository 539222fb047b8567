//! When a kept event happened, from a row of any version.
//!
//! Beside the payload it stands in `occurred_at`, with where it is known from. Rows from before that lack it;
//! there it is what the payload says, or else when the event came. Whoever reads a row and the migration that fills
//! it in go by the same rule, so that an event means the same before and after.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use super::StoredEvent;
use crate::domain::kernel::time;
use crate::domain::platform::event::{Occurred, TimeSource, is_plausible};
use crate::store::write::{Item, text};
use crate::store::{StoreError, attribute_text, read_row};

pub const AT: &str = "occurred_at";
/// Where that is known from.
pub const SOURCE: &str = "occurred_at_source";

const PAYLOAD: &str = "payload_min";
const ARRIVAL: &str = "received_at";

/// What must be read of a row to know when its event happened.
pub const READ_OF: [&str; 4] = [AT, SOURCE, PAYLOAD, ARRIVAL];

/// As it stands beside the payload; `None` where it does not, or cannot be read.
pub fn stands(row: &Item) -> Option<Occurred> {
    let at = time::parse(attribute_text(row, AT)?)?;
    // The version that first wrote the time did not say from where: it was the event's own.
    let source = match attribute_text(row, SOURCE) {
        Some("arrival") => TimeSource::Arrival,
        _ => TimeSource::Payload,
    };
    Some(Occurred { at, source })
}

/// What is to stand there: the payload's time, or else that of the arrival. `None` where the row has neither.
pub fn follows(row: &Item) -> Option<Occurred> {
    let arrived_at = attribute_text(row, ARRIVAL).and_then(time::parse);
    let arrived_at = arrived_at.filter(|at| is_plausible(*at, *at))?;
    let told = row.get(PAYLOAD).and_then(|payload| payload.as_m().ok()).and_then(told);
    Some(match told.filter(|at| is_plausible(*at, arrived_at)) {
        Some(at) => Occurred { at, source: TimeSource::Payload },
        None => Occurred { at: arrived_at, source: TimeSource::Arrival },
    })
}

/// Reads a kept event, whichever version wrote it.
pub(super) fn read_event(mut row: Item) -> Result<StoredEvent, StoreError> {
    let occurred = stands(&row).or_else(|| follows(&row));
    if let (Some(occurred), Some(AttributeValue::M(payload))) = (occurred, row.get_mut(PAYLOAD)) {
        let at = time::format(occurred.at);
        // The payload may tell the moment more finely than it stands beside it.
        if told(payload).map(time::format) != Some(at.clone()) {
            payload.insert(AT.to_owned(), text(at));
        }
        payload.insert(SOURCE.to_owned(), text(occurred.source.as_str()));
    }
    read_row(row)
}

fn told(payload: &HashMap<String, AttributeValue>) -> Option<DateTime<Utc>> {
    time::parse(payload.get(AT)?.as_s().ok()?)
}
