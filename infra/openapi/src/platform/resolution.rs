//! A person's resolution of an effect in doubt or of a refused one.

use schemars::{JsonSchema, Schema};
use serde_json::json;
use shared::domain::kernel::id::CaseId;
use shared::domain::kernel::party::BookingId;

use crate::input::never_null;

/// The outcome of an effect in doubt, or the resolution of a refused one. Exactly one of `case_id` and
/// `booking_id`.
#[derive(JsonSchema)]
#[schemars(transform = never_null, transform = choices)]
pub struct ResolutionInput {
    /// The case it belongs to.
    pub case_id: Option<CaseId>,
    /// The booking it belongs to.
    pub booking_id: Option<BookingId>,
    /// Its name within its case or booking.
    #[schemars(length(min = 1, max = 256))]
    pub operation: String,
    /// For an effect in doubt: the outcome that a person found. For a refused one: `try_again` under a new
    /// key, which is possible for steps of bookings, or `closed`.
    #[schemars(extend("enum" = ["happened", "did_not_happen", "try_again", "closed"]))]
    pub outcome: String,
    /// Of a refused effect: why it is closed or tried again, for the audit log. Needed to close.
    #[schemars(length(min = 1, max = 500), regex(pattern = r"\S"))]
    pub note: Option<String>,
    /// Of a transfer that happened: its id at Stripe.
    #[schemars(length(min = 1, max = 256))]
    pub reference: Option<String>,
}

/// The fields that belong to each outcome and subject. Others may also be null.
fn choices(schema: &mut Schema) {
    for field in ["note", "reference"] {
        if let Some(field) = schema.get_mut("properties").and_then(|properties| properties.get_mut(field)) {
            field["type"] = json!(["string", "null"]);
        }
    }
    let absent = json!({"type": "null"});
    let outcomes = json!([
        {"title": "It happened", "properties": {"outcome": {"const": "happened"}, "note": absent}},
        {
            "title": "It did not happen",
            "properties": {"outcome": {"const": "did_not_happen"}, "note": absent, "reference": absent},
        },
        {"title": "Try it again", "properties": {"outcome": {"const": "try_again"}, "reference": absent}},
        {
            "title": "Close it",
            "required": ["note"],
            "properties": {"outcome": {"const": "closed"}, "note": {"type": "string"}, "reference": absent},
        },
    ]);
    let subjects = json!([{"required": ["case_id"]}, {"required": ["booking_id"]}]);
    schema.insert("allOf".to_owned(), json!([{"oneOf": subjects}, {"oneOf": outcomes}]));
}
