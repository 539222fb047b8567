//! The time of a stored event, from a row of any version.
//!
//! It is stored outside the payload in `occurred_at`, with its source. Older rows lack that attribute; their
//! time is the payload's, or else the time of arrival. Reading a row and the migration that fills in the
//! attribute use the same rule, so that an event has the same time before and after.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use super::StoredEvent;
use crate::domain::kernel::time;
use crate::domain::platform::event::{Occurred, TimeSource, is_plausible};
use crate::store::write::{Item, text};
use crate::store::{StoreError, attribute_text, read_row};

pub const AT: &str = "occurred_at";
/// The attribute with the source of the time.
pub const SOURCE: &str = "occurred_at_source";

const PAYLOAD: &str = "payload_min";
const ARRIVAL: &str = "received_at";

/// The attributes from which an event's time is derived.
pub const READ_OF: [&str; 4] = [AT, SOURCE, PAYLOAD, ARRIVAL];

/// The stored time; `None` if it is absent or cannot be parsed.
pub fn stored_time(row: &Item) -> Option<Occurred> {
    let at = time::parse(attribute_text(row, AT)?)?;
    // The first version that stored the time did not store its source: it was the event's own.
    let source = match attribute_text(row, SOURCE) {
        Some("arrival") => TimeSource::Arrival,
        _ => TimeSource::Payload,
    };
    Some(Occurred { at, source })
}

/// The time to store: the payload's, or else that of the arrival. `None` if the row has neither.
pub fn derive_time(row: &Item) -> Option<Occurred> {
    let arrived_at = attribute_text(row, ARRIVAL).and_then(time::parse);
    let arrived_at = arrived_at.filter(|at| is_plausible(*at, *at))?;
    let own = row.get(PAYLOAD).and_then(|payload| payload.as_m().ok()).and_then(payload_time);
    Some(match own.filter(|at| is_plausible(*at, arrived_at)) {
        Some(at) => Occurred { at, source: TimeSource::Payload },
        None => Occurred { at: arrived_at, source: TimeSource::Arrival },
    })
}

/// Reads a stored event of any version.
pub(super) fn read_event(mut row: Item) -> Result<StoredEvent, StoreError> {
    let occurred = stored_time(&row).or_else(|| derive_time(&row));
    if let (Some(occurred), Some(AttributeValue::M(payload))) = (occurred, row.get_mut(PAYLOAD)) {
        let at = time::format(occurred.at);
        // The payload's time may be more precise than the stored one, and is kept then.
        if payload_time(payload).map(time::format) != Some(at.clone()) {
            payload.insert(AT.to_owned(), text(at));
        }
        payload.insert(SOURCE.to_owned(), text(occurred.source.as_str()));
    }
    read_row(row)
}

fn payload_time(payload: &HashMap<String, AttributeValue>) -> Option<DateTime<Utc>> {
    time::parse(payload.get(AT)?.as_s().ok()?)
}
