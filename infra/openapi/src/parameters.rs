//! The parameters of paths, queries and headers, each described once.

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};
use shared::domain::kernel::id::{CaseId, MembershipId};
use shared::domain::kernel::party::{BookingId, ProfessionalId};
use shared::domain::marketplace::booking::BookingStatus;
use shared::domain::marketplace::payout::BatchId;
use shared::domain::recovery::timeline::CaseStatus;
use shared::views::schema::EventId;

use crate::operation::MakeSchema;
use crate::schemas::Schemas;

/// A parameter: its name in the document, its place and name in a request, its description, its form, and an
/// example.
struct Parameter(&'static str, Place, &'static str, &'static str, Form, &'static str);

/// The place of a parameter. Path parameters are always required.
#[derive(PartialEq)]
enum Place {
    Path,
    Query,
    Header { is_required: bool },
}

/// The form of a parameter.
enum Form {
    Typed(MakeSchema),
    Plain(Value),
}

#[rustfmt::skip]
fn table() -> Vec<Parameter> {
    use Form::{Plain, Typed};
    use Place::{Header, Path, Query};
    vec![
        Parameter(
            "CsrfToken", Header { is_required: true }, "x-csrf-token",
            "The `csrf_token` of the session.",
            Plain(json!({"type": "string"})), "m9Yq1cM4vK0s7pVb3nTzQwXe5rUo8iLhDfGjKaSzC2E",
        ),
        Parameter(
            "RequiredIdempotencyKey", Header { is_required: true }, "Idempotency-Key",
            "Names this request, so that it may be sent again: 1 to 255 visible ASCII characters, once, bare or \
             in double quotes. Without one the request is refused with 400, because it moves money. The first \
             answer, success or refusal (4xx), is kept for 35 days and given again with `Idempotency-Replayed: \
             true`. While the first request runs: 409 with `Retry-After`. With another body: 422. Our own errors \
             (5xx) are not kept. A key counts for one company, caller, method and path.",
            Plain(json!({"type": "string", "pattern": "^(\"[!-~]{1,255}\"|(?!\"\"$)[!-~]{1,255})$"})), "3f2b7c1e-9d54-4a0b-8a57-5b1d2c6e7f80",
        ),
        Parameter(
            "IdempotencyKey", Header { is_required: false }, "Idempotency-Key",
            "Names this request, so that it may be sent again: 1 to 255 visible ASCII characters, once, bare or \
             in double quotes. The first answer, success or refusal (4xx), is kept for 24 hours and given again \
             with `Idempotency-Replayed: true`. While the first request runs: 409 with `Retry-After`. With \
             another body: 422. Our own errors (5xx) are not kept. A key counts for one company, caller, method \
             and path.",
            Plain(json!({"type": "string", "pattern": "^(\"[!-~]{1,255}\"|(?!\"\"$)[!-~]{1,255})$"})), "3f2b7c1e-9d54-4a0b-8a57-5b1d2c6e7f80",
        ),
        Parameter(
            "CaseId", Path, "case_id",
            "The case.",
            Typed(SchemaGenerator::subschema_for::<CaseId>), "0b0e5c1c-6b1f-5c84-9c1e-2a7f5f0f6d11",
        ),
        Parameter(
            "BatchId", Path, "batch_id",
            "The batch.",
            Typed(SchemaGenerator::subschema_for::<BatchId>), "payout-2026-07-21-tue",
        ),
        Parameter(
            "BookingId", Path, "booking_id",
            "The booking.",
            Typed(SchemaGenerator::subschema_for::<BookingId>), "5f0c2a1e-7d3b-5a9c-8e11-90b1c2d3e4f5",
        ),
        Parameter(
            "ProfessionalId", Path, "professional_id",
            "The professional.",
            Typed(SchemaGenerator::subschema_for::<ProfessionalId>), "email:3b6f5a0c9d",
        ),
        Parameter(
            "BookingStatus", Query, "status",
            "Only bookings that stand there; all where it is left out.",
            Typed(SchemaGenerator::subschema_for::<BookingStatus>), "authorized",
        ),
        Parameter(
            "OfProfessional", Query, "professional_id",
            "Only this professional's; not beside `customer_id`. A professional sees its own in any case.",
            Typed(SchemaGenerator::subschema_for::<ProfessionalId>), "email:3b6f5a0c9d",
        ),
        Parameter(
            "OfCustomer", Query, "customer_id",
            "Only this customer's; not beside `professional_id`. A customer sees its own in any case.",
            Typed(SchemaGenerator::subschema_for::<ProfessionalId>), "user_k4Tz9",
        ),
        Parameter(
            "OfCurrency", Query, "currency",
            "Only in this currency; all where it is left out.",
            Plain(json!({"type": "string", "pattern": "^[A-Za-z]{3}$"})), "cop",
        ),
        Parameter(
            "MembershipId", Path, "membership_id",
            "The membership.",
            Typed(SchemaGenerator::subschema_for::<MembershipId>), "mem_q7Rn2",
        ),
        Parameter(
            "FindingId", Path, "finding_id",
            "The finding.",
            Plain(json!({"type": "string", "minLength": 1})), "tr_1Q2w3E",
        ),
        Parameter(
            "EventId", Path, "event_id",
            "The event.",
            Typed(SchemaGenerator::subschema_for::<EventId>), "msg_v1Failed01",
        ),
        Parameter(
            "Limit", Query, "limit",
            "How many to give at most.",
            Plain(json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 50})), "50",
        ),
        Parameter(
            "Cursor", Query, "cursor",
            "Where to go on: the `next_cursor` of the page before. Nothing else is accepted.",
            Plain(json!({"type": "string", "minLength": 1})), "MjAyNi0wNy0xOFQxMDowMDowMC4wMDBaIzBiMGU1YzFjLTZiMWYtNWM4NC05YzFlLTJhN2Y1ZjBmNmQxMQ",
        ),
        Parameter(
            "Status", Query, "status",
            "Only cases that stand there; all where it is left out.",
            Typed(SchemaGenerator::subschema_for::<CaseStatus>), "open",
        ),
        Parameter(
            "Window", Query, "window",
            "How many days to look back, today (UTC) included.",
            Plain(json!({"type": "integer", "minimum": 1, "maximum": 365, "default": 30})), "30",
        ),
        Parameter(
            "CheckType", Query, "type",
            "What to check.",
            Plain(json!({"type": "string", "enum": ["application", "database", "webhooks", "crons"], "default": "application"})), "application",
        ),
        Parameter(
            "Source", Path, "source",
            "The source's name, as its keys were configured.",
            Plain(json!({"type": "string", "minLength": 1})), "billing",
        ),
        Parameter(
            "WebhookId", Header { is_required: false }, "webhook-id",
            "Standard Webhooks: the id of the event, the same for every delivery of it; `svix-id` in its place \
             where all three headers bear Svix's names. Required with `webhook-signature`. Sources but Whop: 1 to \
             128 printable ASCII characters without a space.",
            Plain(json!({"type": "string", "minLength": 1, "maxLength": 4096})), "msg_v1Failed01",
        ),
        Parameter(
            "WebhookTimestamp", Header { is_required: false }, "webhook-timestamp",
            "Standard Webhooks: unix seconds of the signature, at most 300 seconds from now in either direction. \
             Required with `webhook-signature`.",
            Plain(json!({"type": "string", "pattern": "^[0-9]{1,12}$"})), "1784541604",
        ),
    ]
}

/// All parameters, under their names.
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

/// A reference to a parameter, by its name in the document, or in the path.
pub fn reference(name: &str) -> Result<Value, String> {
    let is_meant = |it: &&Parameter| it.0 == name || (it.1 == Place::Path && it.2 == name);
    let table = table();
    let Parameter(key, ..) =
        table.iter().find(is_meant).ok_or_else(|| format!("no parameter is called {name}"))?;
    Ok(json!({"$ref": format!("#/components/parameters/{key}")}))
}
