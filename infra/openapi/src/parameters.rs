//! Path parameters, query parameters and headers, each described once.

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};
use shared::domain::kernel::id::{CaseId, MembershipId};
use shared::domain::kernel::party::{BookingId, ProfessionalId};
use shared::domain::marketplace::booking::BookingStatus;
use shared::domain::marketplace::payout::BatchId;
use shared::domain::platform::switch::SwitchName;
use shared::domain::recovery::timeline::CaseStatus;
use shared::views::Timestamp;
use shared::views::platform::history::HistorySubject;
use shared::views::schema::EventId;

use crate::operation::MakeSchema;
use crate::schemas::Schemas;
use Form::{Plain, Typed};
use Place::{Header, Path, Query};

/// A parameter: its name in the document, its place, its name in requests, its description, its form and an example.
struct Parameter(&'static str, Place, &'static str, &'static str, Form, &'static str);

/// Where a parameter is sent. Path parameters are always required.
#[derive(PartialEq)]
enum Place {
    Path,
    Query,
    Header { is_required: bool },
}

/// The schema of a parameter: that of a type, or one that is written out.
enum Form {
    Typed(MakeSchema),
    Plain(Value),
}

fn table() -> Vec<Parameter> {
    [path_parameters(), filters(), planned_times(), pages(), keys(), webhooks()]
        .into_iter()
        .flatten()
        .collect()
}

#[rustfmt::skip]
fn path_parameters() -> Vec<Parameter> {
    vec![
        Parameter(
            "CaseId", Path, "case_id",
            "The ID of the case.",
            Typed(SchemaGenerator::subschema_for::<CaseId>), "0b0e5c1c-6b1f-5c84-9c1e-2a7f5f0f6d11",
        ),
        Parameter(
            "BatchId", Path, "batch_id",
            "The ID of the batch.",
            Typed(SchemaGenerator::subschema_for::<BatchId>), "payout-2026-07-21-tue",
        ),
        Parameter(
            "BookingId", Path, "booking_id",
            "The ID of the booking.",
            Typed(SchemaGenerator::subschema_for::<BookingId>), "5f0c2a1e-7d3b-5a9c-8e11-90b1c2d3e4f5",
        ),
        Parameter(
            "ProfessionalId", Path, "professional_id",
            "The ID of the professional.",
            Typed(SchemaGenerator::subschema_for::<ProfessionalId>), "email:3b6f5a0c9d",
        ),
        Parameter(
            "MembershipId", Path, "membership_id",
            "The ID of the membership.",
            Typed(SchemaGenerator::subschema_for::<MembershipId>), "mem_q7Rn2",
        ),
        Parameter(
            "FindingId", Path, "finding_id",
            "The ID of the finding.",
            Plain(json!({"type": "string", "minLength": 1})), "tr_1Q2w3E",
        ),
        Parameter(
            "Switch", Path, "switch",
            "The name of the switch.",
            Typed(SchemaGenerator::subschema_for::<SwitchName>), "payouts",
        ),
        Parameter(
            "EventId", Path, "event_id",
            "The ID of the event.",
            Typed(SchemaGenerator::subschema_for::<EventId>), "msg_v1Failed01",
        ),
        Parameter(
            "HistorySubject", Path, "kind",
            "The kind of the object.",
            Typed(SchemaGenerator::subschema_for::<HistorySubject>), "booking",
        ),
        Parameter(
            "HistoryId", Path, "id",
            "The ID of the object. Of a company: its own; of a payment: `pay_…` at Whop or `pi_…` at Stripe.",
            Plain(json!({"type": "string", "minLength": 1})), "5f0c2a1e-7d3b-5a9c-8e11-90b1c2d3e4f5",
        ),
        Parameter(
            "Source", Path, "source",
            "The name of the source, as in the configuration of its keys.",
            Plain(json!({"type": "string", "minLength": 1})), "billing",
        ),
    ]
}

#[rustfmt::skip]
fn filters() -> Vec<Parameter> {
    vec![
        Parameter(
            "Status", Query, "status",
            "Only cases with this status. If omitted, all cases.",
            Typed(SchemaGenerator::subschema_for::<CaseStatus>), "open",
        ),
        Parameter(
            "BookingStatus", Query, "status",
            "Only bookings with this status. If omitted, all bookings.",
            Typed(SchemaGenerator::subschema_for::<BookingStatus>), "authorized",
        ),
        Parameter(
            "OfProfessional", Query, "professional_id",
            "Only bookings of this professional; not together with `customer_id`. A professional always sees only \
             their own bookings.",
            Typed(SchemaGenerator::subschema_for::<ProfessionalId>), "email:3b6f5a0c9d",
        ),
        Parameter(
            "OfCustomer", Query, "customer_id",
            "Only bookings of this customer; not together with `professional_id`. A customer always sees only their \
             own bookings.",
            Typed(SchemaGenerator::subschema_for::<ProfessionalId>), "user_k4Tz9",
        ),
        Parameter(
            "OfCurrency", Query, "currency",
            "Only balances and lines in this currency. If omitted, all currencies.",
            Plain(json!({"type": "string", "pattern": "^[A-Za-z]{3}$"})), "cop",
        ),
        Parameter(
            "Window", Query, "window",
            "The number of days to look back, including today (UTC).",
            Plain(json!({"type": "integer", "minimum": 1, "maximum": 365, "default": 30})), "30",
        ),
        Parameter(
            "From", Query, "from",
            "Only entries of this time or later. If omitted, all entries.",
            Plain(json!({"type": "string", "format": "date-time"})), "2026-07-20T00:00:00.000Z",
        ),
        Parameter(
            "CheckType", Query, "type",
            "Which check to run.",
            Plain(json!({"type": "string", "enum": ["application", "database", "webhooks", "crons"], "default": "application"})), "application",
        ),
    ]
}

#[rustfmt::skip]
fn planned_times() -> Vec<Parameter> {
    vec![
        Parameter(
            "ScheduledAt", Query, "scheduled_at",
            "The planned time of a run that was missed: not in the future, at most 40 days ago, and a planned time of \
             the job's schedule. For `payouts` a time on a payout day. If omitted, the planned time is now.",
            Typed(SchemaGenerator::subschema_for::<Timestamp>), "2026-07-21T14:00:00.000Z",
        ),
        Parameter(
            "WindowFrom", Query, "from",
            "The start of a window whose runs were missed, at most 40 days ago; together with `until` and without \
             `scheduled_at`.",
            Typed(SchemaGenerator::subschema_for::<Timestamp>), "2026-07-20T00:00:00.000Z",
        ),
        Parameter(
            "WindowUntil", Query, "until",
            "The end of the window, not in the future. A job that processes everything that is due runs once, as the \
             last run of the window; `payouts` runs once for each payout day in it, in their order.",
            Typed(SchemaGenerator::subschema_for::<Timestamp>), "2026-07-22T00:00:00.000Z",
        ),
    ]
}

#[rustfmt::skip]
fn pages() -> Vec<Parameter> {
    vec![
        Parameter(
            "Limit", Query, "limit",
            "The maximum number of items in the response.",
            Plain(json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 50})), "50",
        ),
        Parameter(
            "Cursor", Query, "cursor",
            "Where the page begins: the `next_cursor` of the previous page. Any other value is refused.",
            Plain(json!({"type": "string", "minLength": 1})), "MjAyNi0wNy0xOFQxMDowMDowMC4wMDBaIzBiMGU1YzFjLTZiMWYtNWM4NC05YzFlLTJhN2Y1ZjBmNmQxMQ",
        ),
    ]
}

#[rustfmt::skip]
fn keys() -> Vec<Parameter> {
    vec![
        Parameter(
            "CsrfToken", Header { is_required: true }, "x-csrf-token",
            "The CSRF token of the session: its `csrf_token`.",
            Plain(json!({"type": "string"})), "m9Yq1cM4vK0s7pVb3nTzQwXe5rUo8iLhDfGjKaSzC2E",
        ),
        Parameter(
            "RequiredIdempotencyKey", Header { is_required: true }, "Idempotency-Key",
            "Identifies the request, so that it can be retried safely: 1 to 255 visible ASCII characters, sent once, \
             bare or in double quotes. Because the request moves money, it is refused with 400 without a key. The \
             first response, successful or refused (4xx), is stored for 35 days and returned again with \
             `Idempotency-Replayed: true`. While the first request is running: 409 with `Retry-After`. With another \
             body: 422. Errors of the server (5xx) are not stored. A key applies to one company, caller, method and \
             path.",
            Plain(json!({"type": "string", "pattern": "^(\"[!-~]{1,255}\"|(?!\"\"$)[!-~]{1,255})$"})), "3f2b7c1e-9d54-4a0b-8a57-5b1d2c6e7f80",
        ),
        Parameter(
            "IdempotencyKey", Header { is_required: false }, "Idempotency-Key",
            "Identifies the request, so that it can be retried safely: 1 to 255 visible ASCII characters, sent once, \
             bare or in double quotes. The first response, successful or refused (4xx), is stored for 24 hours and \
             returned again with `Idempotency-Replayed: true`. While the first request is running: 409 with \
             `Retry-After`. With another body: 422. Errors of the server (5xx) are not stored. A key applies to one \
             company, caller, method and path.",
            Plain(json!({"type": "string", "pattern": "^(\"[!-~]{1,255}\"|(?!\"\"$)[!-~]{1,255})$"})), "3f2b7c1e-9d54-4a0b-8a57-5b1d2c6e7f80",
        ),
    ]
}

#[rustfmt::skip]
fn webhooks() -> Vec<Parameter> {
    vec![
        Parameter(
            "WebhookId", Header { is_required: false }, "webhook-id",
            "Standard Webhooks: the ID of the event, which is the same for every delivery of it. Required with \
             `webhook-signature`. If all three headers have Svix's names, `svix-id` takes its place. From sources \
             other than Whop: 1 to 128 printable ASCII characters without spaces.",
            Plain(json!({"type": "string", "minLength": 1, "maxLength": 4096})), "msg_v1Failed01",
        ),
        Parameter(
            "WebhookTimestamp", Header { is_required: false }, "webhook-timestamp",
            "Standard Webhooks: the time of the signature in unix seconds, which may differ from the current time by \
             at most 300 seconds. Required with `webhook-signature`.",
            Plain(json!({"type": "string", "pattern": "^[0-9]{1,12}$"})), "1784541604",
        ),
    ]
}

/// All parameters, by their names in the document.
pub fn parameters(schemas: &mut Schemas) -> Map<String, Value> {
    let describe = |Parameter(key, place, name, description, form, example): Parameter| {
        let schema = match form {
            Form::Typed(make) => schemas.of_answer(make),
            Form::Plain(schema) => schema,
        };
        let (place, is_required) = match place {
            Place::Path => ("path", true),
            Place::Query => ("query", false),
            Place::Header { is_required } => ("header", is_required),
        };
        let number = schema["type"] == "integer";
        let example = if number { serde_json::from_str(example).unwrap_or_default() } else { json!(example) };
        let parameter = json!({
            "name": name, "in": place, "required": is_required, "description": description, "schema": schema,
            "example": example,
        });
        (key.to_owned(), parameter)
    };
    table().into_iter().map(describe).collect()
}

/// A reference to a parameter, by its name in the document or in the path.
pub fn reference(name: &str) -> Result<Value, String> {
    let is_meant = |it: &&Parameter| it.0 == name || (it.1 == Place::Path && it.2 == name);
    let table = table();
    let Parameter(key, ..) =
        table.iter().find(is_meant).ok_or_else(|| format!("no parameter is called {name}"))?;
    Ok(json!({"$ref": format!("#/components/parameters/{key}")}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_parameters_have_the_same_name_in_the_document() {
        let mut names: Vec<&str> = table().iter().map(|parameter| parameter.0).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "the later one would replace the earlier one");
    }
}
