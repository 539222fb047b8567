//! Schemas that no field's type has: text ids, and subsets of an enum.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::Timestamp;
use crate::domain::platform::action::{ActionKind, Channel};
use crate::domain::platform::job::JOBS;

/// The schema of a type, under the name that it has in the document.
macro_rules! named {
    ($name:ident, $as:literal, $schema:tt) => {
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                $as.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

/// The id of an event.
#[derive(Debug)]
pub struct EventId;

/// Names of settings that are missing.
#[derive(Debug)]
pub struct MissingConfiguration;

named!(Timestamp, "Time", {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
    "description": "An instant: RFC 3339 in UTC, with milliseconds.",
    "examples": ["2026-07-20T10:00:00.000Z"],
});
named!(EventId, "EventId", {
    "type": "string",
    "pattern": "^[!-~]{1,128}$",
    "description": "The provider's id of an event, or one derived from its content where the provider sends none.",
    "examples": ["msg_v1Failed01"],
});
named!(MissingConfiguration, "MissingConfiguration", {
    "type": "array",
    "uniqueItems": true,
    "items": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"},
    "description": "Names of the environment that are not set. Never a value.",
});

/// A text with one of these values.
pub fn words<T: Serialize>(words: &[T]) -> Schema {
    json_schema!({"type": "string", "enum": words})
}

/// The kinds of action of a case.
pub fn kinds_of_cases(_: &mut SchemaGenerator) -> Schema {
    use ActionKind::{
        CaseCancelled, IncentiveApplied, MembershipCancelled, MembershipTerminated, NudgeDm, NudgeMail,
        NudgePush,
    };
    words(&[
        NudgePush,
        NudgeDm,
        NudgeMail,
        IncentiveApplied,
        CaseCancelled,
        MembershipCancelled,
        MembershipTerminated,
    ])
}

/// The kinds of manual reminders.
pub fn kinds_of_nudges(_: &mut SchemaGenerator) -> Schema {
    words(&[ActionKind::NudgePush, ActionKind::NudgeDm])
}

/// The channels of manual reminders.
pub fn channels_of_nudges(_: &mut SchemaGenerator) -> Schema {
    words(&[Channel::Push, Channel::Dm])
}

/// The manual ends of a recovery.
pub fn kinds_of_endings(_: &mut SchemaGenerator) -> Schema {
    words(&[ActionKind::CaseCancelled, ActionKind::MembershipCancelled, ActionKind::MembershipTerminated])
}

/// The status of the customer's payment.
pub fn payment_status(_: &mut SchemaGenerator) -> Schema {
    words(&[
        "unpaid",
        "refused",
        "held",
        "capture_pending",
        "capture_refused",
        "captured",
        "release_pending",
        "release_refused",
        "released",
        "refund_pending",
        "refund_refused",
        "refunded",
    ])
}

/// The name of a job.
pub fn job_name(_: &mut SchemaGenerator) -> Schema {
    words(&JOBS.map(|job| job.name))
}

/// A property for each job, under its name.
pub fn by_job<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let of_job = |job: crate::domain::platform::job::Job| {
        (job.name.to_owned(), generator.subschema_for::<T>().to_value())
    };
    let properties: serde_json::Map<_, _> = JOBS.map(of_job).into_iter().collect();
    json_schema!({"type": "object", "properties": properties, "required": JOBS.map(|job| job.name)})
}
