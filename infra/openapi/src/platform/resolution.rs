//! How a person resolves an effect whose outcome is unknown, or one that was refused.

use schemars::{JsonSchema, Schema};
use serde_json::json;
use shared::domain::kernel::id::CaseId;
use shared::domain::kernel::party::BookingId;

use crate::input::never_null;

/// The resolution of an effect whose outcome is unknown, or of one that was refused. Exactly one of `case_id`
/// and `booking_id` is required.
#[derive(JsonSchema)]
#[schemars(transform = never_null, transform = choices)]
pub struct ResolutionInput {
    /// The case that the effect belongs to.
    pub case_id: Option<CaseId>,
    /// The booking that the effect belongs to.
    pub booking_id: Option<BookingId>,
    /// Identifies the effect within its case or booking.
    #[schemars(length(min = 1, max = 256))]
    pub operation: String,
    /// For an effect whose outcome is unknown: `happened` or `did_not_happen`. For a refused effect:
    /// `try_again` with a new idempotency key, which is possible only for steps of bookings, or `closed`.
    #[schemars(extend("enum" = ["happened", "did_not_happen", "try_again", "closed"]))]
    pub outcome: String,
    /// For a refused effect: why it is closed or tried again, for the audit log. Required with `closed`.
    #[schemars(length(min = 1, max = 500), regex(pattern = r"\S"))]
    pub note: Option<String>,
    /// For a transfer that happened: its ID at Stripe.
    #[schemars(length(min = 1, max = 256))]
    pub reference: Option<String>,
}

/// Which fields each outcome allows. A field that is not needed may also be `null`.
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
