//! Cases, which are failed renewals, and the actions on them.

use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::views::ListView;
use shared::views::recovery::action::ActionView;
use shared::views::recovery::case::CaseView;

use crate::operation::{Function, Operation, get, with};

pub(super) fn function() -> Function {
    Function {
        name: "cases",
        about: "Cases, which are failed renewals, and the actions on them.",
        unavailable: Some("Unavailable"),
        operations: vec![list_cases(), export_cases(), read_case(), list_actions()],
    }
}

fn list_cases() -> Operation {
    get("/api/dashboard/cases", "listCases")
        .summary("Owner, staff: list cases.")
        .about(
            "Lists the failed renewals, most recent first failure first. A page may contain fewer than \
             `limit` items although there is another page.",
        )
        .parameters(&["Status", "Limit", "Cursor"])
        .answer::<ListView<CaseView>>(
            200,
            "A page of cases, most recent first failure first.",
            json!({
                "data": [
                    case(),
                    with(case(), json!({
                        "status": "recovered", "recovered_at": "2026-07-21T08:30:00.000Z",
                        "recovered_amount": 1900, "recovered_currency": "usd", "due_at": null,
                        "updated_at": "2026-07-21T08:30:02.100Z",
                    })),
                ],
                "next_cursor": "MjAyNi0wNy0xOFQxMDowMDowMC4wMDBaIzBiMGU1YzFjLTZiMWYtNWM4NC05YzFlLTJhN2Y1ZjBmNmQxMQ",
            }),
        )
}

fn export_cases() -> Operation {
    get("/api/cases/export", "exportCases")
        .summary("Owner: export all cases for a spreadsheet.")
        .about(
            "Streams the cases as CSV. Amounts are in minor units. If an error occurs, the connection is \
             closed before the end, so that an incomplete file is not mistaken for a complete one.",
        )
        .parameters(&["Status"])
        .answer::<CaseExport>(
            200,
            "The cases as CSV.",
            json!("case_id,membership_id,user_id,status,first_failure_at,last_failure_at,failures,amount,currency,recovered_at,recovered_amount,recovered_currency,returned_amount,attempts,incentive_days\r\n0b0e5c1c-6b1f-5c84-9c1e-2a7f5f0f6d11,mem_q7Rn2,user_k4Tz9,open,2026-07-18T10:00:00.000Z,2026-07-20T10:00:00.000Z,2,1900,usd,,,,0,2,3\r\n"),
        )
        .sent_as("text/csv; charset=utf-8")
        .with_header("Content-Disposition", "ContentDisposition")
}

fn read_case() -> Operation {
    get("/api/cases/{case_id}", "readCase")
        .summary("Owner, staff: read a case.")
        .about("Returns the status of a failed renewal, and when it is processed next.")
        .answer::<CaseView>(200, "The case.", case())
}

fn list_actions() -> Operation {
    get("/api/cases/{case_id}/actions", "listActions")
        .summary("Owner, staff: list the actions on a case.")
        .about(
            "Lists all audited actions with their outcome, in the order in which they were decided. The text \
             of messages is not included.",
        )
        .parameters(&["Limit", "Cursor"])
        .answer::<ListView<ActionView>>(
            200,
            "A page of actions, in the order in which they were decided.",
            json!({
                "data": [
                    {
                        "operation": "incentive", "kind": "incentive_applied", "status": "done",
                        "reason": "extended", "attempt_number": null, "channel": null, "offset_days": null,
                        "template_version": null, "days": 3, "manual": false, "actor": {"kind": "schedule"},
                        "tries": 1, "at": "2026-07-18T10:05:00.100Z", "ended_at": "2026-07-18T10:05:00.480Z",
                    },
                    {
                        "operation": "reminder:00:push", "kind": "nudge_push", "status": "done",
                        "reason": "queued", "attempt_number": 1, "channel": "push", "offset_days": 0,
                        "template_version": 1, "days": null, "manual": false, "actor": {"kind": "schedule"},
                        "tries": 1, "at": "2026-07-18T10:05:00.900Z", "ended_at": "2026-07-18T10:05:01.250Z",
                    },
                    {
                        "operation": "case_cancelled", "kind": "case_cancelled", "status": "done",
                        "reason": null, "attempt_number": null, "channel": null, "offset_days": null,
                        "template_version": null, "days": null, "manual": true,
                        "actor": {"kind": "owner", "user_id": "user_w8Pm1"}, "tries": 0,
                        "at": "2026-07-19T12:00:00.000Z", "ended_at": "2026-07-19T12:00:00.000Z",
                    },
                ],
                "next_cursor": null,
            }),
        )
}

fn case() -> Value {
    json!({
        "case_id": "0b0e5c1c-6b1f-5c84-9c1e-2a7f5f0f6d11", "company_id": "biz_a1B2c3",
        "membership_id": "mem_q7Rn2", "user_id": "user_k4Tz9", "status": "open",
        "first_failure_at": "2026-07-18T10:00:00.000Z", "last_failure_at": "2026-07-20T10:00:00.000Z",
        "failures": 2, "payment_id": "pay_3nEw0ld", "amount": 1900, "currency": "usd", "recovered_at": null,
        "recovered_amount": null, "recovered_currency": null, "returned_amount": 0, "ended_by": null,
        "other_payments": [], "hold": null, "attempts": 2, "last_offset_days": 2, "incentive_days": 3,
        "due_at": "2026-07-22T10:00:00.000Z", "last_error": null, "updated_at": "2026-07-20T10:05:01.250Z",
    })
}

/// CSV (RFC 4180): a header line, then one line per case, most recent first failure first. A field that a
/// spreadsheet would interpret as a formula begins with an apostrophe.
#[derive(JsonSchema)]
pub struct CaseExport(
    #[schemars(regex(
        pattern = r"^case_id,membership_id,user_id,status,first_failure_at,last_failure_at,failures,amount,currency,recovered_at,recovered_amount,recovered_currency,returned_amount,attempts,incentive_days\r\n"
    ))]
    pub String,
);
