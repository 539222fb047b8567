//! The switches: what people turn off while something is wrong.

use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};
use shared::domain::kernel::id::CompanyId;
use shared::views::ListView;
use shared::views::platform::switch::{SwitchView, TurnedSwitchView};
use shared::views::schema::Note;

use crate::input::never_null;
use crate::operation::{Operation, get, put, with};

pub(super) fn list_switches() -> Operation {
    get("/api/operations/switches", "listSwitches")
        .summary("Staff, owner: list the switches.")
        .about(
            "Lists every switch of the deployment and of the caller's company, with who turned it, when and why. \
             The platform's own company also sees the switches of other companies that are off. The list is \
             not paged and has at most 100 entries.",
        )
        .answer::<ListView<SwitchView>>(
            200,
            "The switches.",
            json!({"data": [turned_off(), with(never_turned(), json!({"switch": "reminders"}))], "next_cursor": null}),
        )
}

pub(super) fn turn_switch() -> Operation {
    put("/api/operations/switches/{switch}", "turnSwitch")
        .summary("Provider, accountant, owner: turn a switch off or on.")
        .about(
            "While a switch is off, nothing that it governs is sent: everything stays due, no attempt is used up, and \
             the next run after it is on again continues. Runs that have begun stop within seconds; what was sent \
             stays sent. `payouts`: transfers, those of manual runs too, which are refused with 409. `reminders`: \
             everything that the schedule does to open cases, and reminders by hand, which are refused with 409. \
             `incentives`: free days; reminders are sent without them. `auto_decline`: bookings that are not answered \
             or not paid in time keep their status; an authorization may expire at Stripe meanwhile. Without \
             `company_id`, staff of the platform's own company turn the switch of the whole deployment, and any other \
             caller that of its own company. Owners may turn `reminders` and `incentives`, and not turn on what staff \
             turned off. The switch is stored in one transaction with its audit entry.",
        )
        .twice(
            "With the same `Idempotency-Key`, the first response is returned again. If the switch is already turned \
             this way, nothing changes: `changed` is `false`, the response shows who turned it first and why, and \
             there is no second audit entry.",
        )
        .bodies::<TurnInput>([
            ("off", "Turn off", json!({"is_on": false, "note": "Stripe refuses every transfer."})),
            ("on", "Turn on for one company", json!({"is_on": true, "company_id": "biz_q7Rn2"})),
        ])
        .answers::<TurnedSwitchView>(200, "The switch.", [
            ("turned", "The switch was turned", with(turned_off(), json!({"changed": true}))),
            ("known", "It was turned off already", with(turned_off(), json!({"changed": false}))),
        ])
        .fails(&["InvalidSwitch", "SwitchForbidden", "SwitchConflict"])
}

/// A switch that is off, with what it holds back.
pub(super) fn switched_off() -> Value {
    with(
        turned_off(),
        json!({
            "held": {
                "count": 12, "more": false, "oldest_due_at": "2026-07-22T14:00:00.000Z", "booking_ids": [],
            },
        }),
    )
}

fn turned_off() -> Value {
    json!({
        "switch": "payouts", "scope": "deployment", "company_id": null, "is_on": false,
        "note": "Stripe refuses every transfer.", "by": "provider", "at": "2026-07-22T13:52:00.000Z",
    })
}

fn never_turned() -> Value {
    with(turned_off(), json!({"is_on": true, "note": null, "by": null, "at": null}))
}

/// How a switch is turned.
#[derive(JsonSchema)]
#[schemars(transform = never_null, transform = note_of_off)]
pub struct TurnInput {
    /// Whether the work goes on.
    pub is_on: bool,
    /// Why the switch is turned, for the audit log and for everybody who sees it. Required to turn it off.
    pub note: Option<Note>,
    /// The company whose switch is turned. Only staff of the platform's own company may name another one than their
    /// own.
    pub company_id: Option<CompanyId>,
}

fn note_of_off(schema: &mut Schema) {
    let ways = json!([
        {"title": "Turn on", "properties": {"is_on": {"const": true}}},
        {"title": "Turn off", "required": ["note"], "properties": {"is_on": {"const": false}}},
    ]);
    schema.insert("oneOf".to_owned(), ways);
}
