//! Schemas that the type of a field does not determine: IDs that are plain strings, and parts of an enum.

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

/// The ID of a webhook event.
#[derive(Debug)]
pub struct EventId;

/// The note of a person.
#[derive(Debug)]
pub struct Note;

/// The names of missing settings.
#[derive(Debug)]
pub struct MissingConfiguration;

named!(Timestamp, "Time", {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
    "description": "A point in time: RFC 3339 in UTC with milliseconds.",
    "examples": ["2026-07-20T10:00:00.000Z"],
});
named!(EventId, "EventId", {
    "type": "string",
    "pattern": "^[!-~]{1,128}$",
    "description": "The provider's ID of an event, or an ID derived from its content if the provider sends none.",
    "examples": ["msg_v1Failed01"],
});
named!(Note, "Note", {
    "type": "string",
    "minLength": 1,
    "maxLength": 500,
    "pattern": r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
    "description": "Why a person does something: not blank, and in one line. Everybody who sees the object reads it.",
    "examples": ["Stripe refuses every transfer."],
});
named!(MissingConfiguration, "MissingConfiguration", {
    "type": "array",
    "uniqueItems": true,
    "items": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"},
    "description": "The environment variables that are not set. Their values are never shown.",
});

/// A string schema that allows exactly these values.
pub fn string_enum<T: Serialize>(values: &[T]) -> Schema {
    json_schema!({"type": "string", "enum": values})
}

/// The kinds of actions that a case can have.
pub fn kinds_of_cases(_: &mut SchemaGenerator) -> Schema {
    use ActionKind::{
        CaseCancelled, IncentiveApplied, MembershipCancelled, MembershipTerminated, NudgeDm, NudgeMail,
        NudgePush,
    };
    string_enum(&[
        NudgePush,
        NudgeDm,
        NudgeMail,
        IncentiveApplied,
        CaseCancelled,
        MembershipCancelled,
        MembershipTerminated,
    ])
}

/// The kinds of messages that a manual reminder can be.
pub fn kinds_of_nudges(_: &mut SchemaGenerator) -> Schema {
    string_enum(&[ActionKind::NudgePush, ActionKind::NudgeDm])
}

/// The channels that a manual reminder can use.
pub fn channels_of_nudges(_: &mut SchemaGenerator) -> Schema {
    string_enum(&[Channel::Push, Channel::Dm])
}

/// The kinds of actions with which a person ends a recovery.
pub fn kinds_of_endings(_: &mut SchemaGenerator) -> Schema {
    string_enum(&[
        ActionKind::CaseCancelled,
        ActionKind::MembershipCancelled,
        ActionKind::MembershipTerminated,
    ])
}

/// The statuses of a booking's payment.
pub fn payment_status(_: &mut SchemaGenerator) -> Schema {
    string_enum(&[
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

/// The names of all scheduled jobs.
pub fn job_name(_: &mut SchemaGenerator) -> Schema {
    string_enum(&JOBS.map(|job| job.name))
}

/// An object with one property per provider whose API is called, each of type `T`.
pub fn by_provider<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let names = ["resend", "stripe", "whop"];
    let of_provider = |name: &str| (name.to_owned(), generator.subschema_for::<T>().to_value());
    let properties: serde_json::Map<_, _> = names.map(of_provider).into_iter().collect();
    json_schema!({"type": "object", "properties": properties, "required": names})
}

/// An object with one property per job, each of type `T`.
pub fn by_job<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let of_job = |job: crate::domain::platform::job::Job| {
        (job.name.to_owned(), generator.subschema_for::<T>().to_value())
    };
    let properties: serde_json::Map<_, _> = JOBS.map(of_job).into_iter().collect();
    json_schema!({"type": "object", "properties": properties, "required": JOBS.map(|job| job.name)})
}
