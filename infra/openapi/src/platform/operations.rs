//! The status of the jobs, and everything that needs a person.

use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::domain::kernel::time;
use shared::domain::platform::waiting::WaitingKind;
use shared::views::ListView;
use shared::views::platform::effect::EffectView;
use shared::views::platform::finding::FindingView;
use shared::views::platform::operations::OperationsView;
use shared::views::platform::waiting::WaitingView;
use shared::views::schema::Note;

use super::history;
use super::resolution::ResolutionInput;
use super::switches;
use crate::operation::{Function, Operation, get, post, with};

pub(super) fn function() -> Function {
    Function {
        name: "operations",
        about: "The status of the jobs, everything that needs a person, and what happened to any object.",
        unavailable: Some("Unavailable"),
        operations: vec![
            show_operations(),
            resolve_effect(),
            list_findings(),
            resolve_finding(),
            history::show_history(),
            switches::list_switches(),
            switches::turn_switch(),
        ],
    }
}

fn show_operations() -> Operation {
    get("/api/operations", "showOperations")
        .summary("Staff: read the status of the jobs, and everything that needs a person.")
        .about(
            "Returns the newest run and the last 24 hours of every job, bookings that were declined in the \
             last 24 hours, effects that have an unknown outcome, are retried repeatedly or were refused, \
             the results of the reconciliation, switches that are off, and rows that are overdue.",
        )
        .answer::<OperationsView>(200, "The overview.", overview())
}

fn overview() -> Value {
    json!({
        "at": "2026-07-22T15:00:00.000Z",
        "jobs": [payouts_job()],
        "declined_last_24_hours": excerpt(&[json!({
            "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b12", "at": "2026-07-22T09:00:00.000Z",
            "cause": "auto_decline",
        })]),
        "in_doubt": excerpt(&[in_doubt()]),
        "waiting": excerpt(&[unpaid_professional()]), "unread_events": excerpt(&[]), "channel_error": null,
        "refused": excerpt(&[refused()]),
        "findings": excerpt(&[finding()]),
        "reconciliation": {
            "open_findings": 1,
            "amounts": [{"currency": "usd", "open_amount": -700, "accepted_amount": 0}],
            "runs": [reconciliation()],
        },
        "mail": {
            "since": "2026-07-15T15:00:00.000Z", "bounced": 2, "complained": 0, "blocked": 0, "lifted": 0,
            "bounced_for_now": 1, "delayed": 3, "failed": 0, "refused": 0, "more": false,
        },
        "batches": [
            {
                "batch_id": "payout-2026-07-21-tue", "status": "waiting", "reason": "api_error", "done": 0,
                "rejected": 0, "in_doubt": 1, "professionals_left": 1,
                "changed_at": "2026-07-21T14:00:09.000Z",
            },
        ],
        "objectives": [{
            "objective": "payouts_on_their_day", "target": 0.9999, "good": 412, "total": 412, "share": 1.0,
            "budget_left": 1.0, "burn_rate_1_hour": 0.0, "burn_rate_6_hours": 0.0,
        }],
        "switches": [switches::switched_off()],
        "overdue": {"count": 0, "more": false, "oldest_due_at": null},
    })
}

/// A row of what waits with these fields; the others are null.
fn waiting(what: WaitingKind, fields: Value) -> Value {
    let since = time::parse("2026-07-21T14:00:00.000Z").unwrap_or_default();
    let mut row = serde_json::to_value(WaitingView::new(what, since)).unwrap_or_default();
    if let (Some(row), Value::Object(fields)) = (row.as_object_mut(), fields) {
        row.extend(fields);
    }
    row
}

fn in_doubt() -> Value {
    let fields = json!({
        "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b12",
        "operation": "payout:7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b12:v1", "kind": "share_transferred",
        "status": "unknown", "provider": "stripe", "reason": "key_expired", "amount": 8500,
        "currency": "usd", "tries": 9, "decided_at": "2026-07-21T14:00:00.000Z",
        "first_sent_at": "2026-07-21T14:00:01.000Z", "ended_at": "2026-07-22T13:00:00.000Z",
    });
    waiting(WaitingKind::EffectInDoubt, fields)
}

fn unpaid_professional() -> Value {
    let fields = json!({
        "professional_id": "user_p9", "batch_id": "payout-2026-07-21-tue", "provider": "stripe",
        "code": "api_error", "reason": "api_error", "amount": 8500, "currency": "usd", "tries": 12,
    });
    waiting(WaitingKind::Professional, fields)
}

fn refused() -> Value {
    let fields = json!({
        "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b12",
        "operation": "capture:7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b12:v1", "kind": "payment_captured",
        "status": "rejected", "provider": "stripe", "code": "charge_expired_for_capture",
        "reason": "charge_expired_for_capture", "consequence": "payment_not_captured", "amount": 10000,
        "currency": "usd", "tries": 1, "decided_at": "2026-07-21T14:00:00.000Z",
        "first_sent_at": "2026-07-21T14:00:01.000Z", "ended_at": "2026-07-21T14:00:02.000Z",
        "refused_at": "2026-07-21T14:00:02.000Z",
    });
    waiting(WaitingKind::EffectRefused, fields)
}

fn excerpt(items: &[Value]) -> Value {
    json!({"count": items.len(), "more": false, "data": items})
}

fn payouts_job() -> Value {
    json!({
        "job": "payouts", "status": "ok", "last_run_at": "2026-07-21T14:00:09.000Z",
        "last_report": {
            "job": "payouts", "occurrence": "2026-07-21T14:00:00.000Z", "due": 1, "done": 0,
            "skipped": 0, "failed": 0, "in_doubt": 1, "duration_ms": 9000, "more": false,
        },
        "last_24_hours": {"done": 0, "failed": 0, "error_rate": 0.0},
    })
}

/// An effect whose outcome is unknown.
fn effect() -> Value {
    json!({
        "case_id": null, "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11",
        "operation": "payout:7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11:v1",
        "kind": "share_transferred", "status": "unknown", "reason": "several_transfers",
        "amount": 10200000, "currency": "cop", "tries": 3,
        "decided_at": "2026-07-21T14:00:00.000Z",
        "first_sent_at": "2026-07-21T14:00:01.000Z", "next_try_at": null,
        "ended_at": "2026-07-22T14:00:01.000Z",
    })
}

fn reconciliation() -> Value {
    json!({
        "run_id": "2f1d7c52-8a3e-4a0b-9d55-0d7a0f5c2b13",
        "started_at": "2026-07-22T03:40:00.000Z", "ended_at": "2026-07-22T03:40:03.000Z",
        "events": 8, "events_fetched": 1, "lines": 12, "explained": 11, "backfilled": 0,
        "findings": 1, "closed": 0, "in_doubt": 0,
        "cash": [
            {
                "currency": "usd", "stripe_amount": 800, "books_amount": 1500,
                "open_amount": -700, "accepted_amount": 0, "unexplained_amount": 0,
            },
        ],
        "error": null, "more": false,
    })
}

fn resolve_effect() -> Operation {
    post("/api/operations/resolve", "resolveEffect")
        .summary("Provider, accountant: resolve an effect that was refused or whose outcome is unknown.")
        .about(
            "The resolution is checked with Stripe: a transfer that happened is read by its `reference`, one \
             that did not happen is searched for by its transfer group, and the status of a payment is read. \
             A refused step of a booking is tried again as a new version of its operation, and therefore \
             with a new idempotency key. Its payment is read first: if the step did take effect, that is \
             recorded instead. `closed` leaves the refusal as it is, with a note; if a capture was refused, \
             the authorization is voided. The resolution is stored in one transaction with its audit entry \
             and its consequences for the booking and the ledger.",
        )
        .twice(
            "With the same `Idempotency-Key`, the first response is returned again. A second resolution of \
             an effect is refused with 409.",
        )
        .bodies::<ResolutionInput>([
            ("happened", "The transfer was made", json!({
                "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11",
                "operation": "payout:7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11:v1", "outcome": "happened",
                "reference": "tr_1Q2w3E",
            })),
            ("did_not_happen", "The transfer was not made", json!({
                "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11",
                "operation": "payout:7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11:v1", "outcome": "did_not_happen",
            })),
            ("try_again", "A refused refund is tried again", json!({
                "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11",
                "operation": "refund:7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11:v1", "outcome": "try_again",
            })),
        ])
        .answer::<EffectView>(
            200,
            "The resolved effect.",
            with(effect(), json!({"status": "done", "reason": "tr_1Q2w3E"})),
        )
        .fails(&["ResolutionConflict"])
}

fn list_findings() -> Operation {
    get("/api/operations/findings", "listFindings")
        .summary("Staff: list findings.")
        .about(
            "Lists the open differences between Stripe and the ledger, oldest first. A company sees the \
             findings of its own ledger; the platform's own company also sees findings without an owner.",
        )
        .parameters(&["Limit", "Cursor"])
        .answer::<ListView<FindingView>>(
            200,
            "A page of findings. It may contain fewer than `limit` items although there is another page: use \
             `next_cursor`.",
            json!({"data": [finding()], "next_cursor": null}),
        )
}

fn resolve_finding() -> Operation {
    post("/api/operations/findings/{finding_id}/resolve", "resolveFinding")
        .summary("Provider, accountant: close a finding as it is.")
        .about(
            "For a difference that a person has examined and can explain. Closing moves no money and does \
             not change the ledger: the difference is then counted as accepted. The finding is stored with \
             its audit entry in one transaction. Later reconciliations leave it closed unless the difference \
             changes.",
        )
        .twice(
            "With the same `Idempotency-Key`, the first response is returned again. The same person with the \
             same note gets the closed finding. Any other request to close it again is refused with 409.",
        )
        .body::<FindingNote>(json!({"note": "A bonus, paid by hand in the dashboard of Stripe."}))
        .answer::<FindingView>(
            200,
            "The closed finding.",
            with(
                finding(),
                json!({
                    "status": "accepted",
                    "closing": {
                        "at": "2026-07-22T15:00:00.000Z", "by": "accountant",
                        "note": "A bonus, paid by hand in the dashboard of Stripe.",
                    },
                }),
            ),
        )
        .fails(&["FindingConflict"])
}

fn finding() -> Value {
    json!({
        "finding_id": "tr_1Q2w3E", "kind": "transfer_unknown",
        "message": "A transfer or reversal that is not in the ledger.", "booking_id": null,
        "line_id": "txn_1Q2w3E", "stripe_amount": -700, "books_amount": 0, "difference_amount": -700,
        "currency": "usd", "found_at": "2026-07-22T03:40:02.000Z", "status": "open", "closing": null,
    })
}

/// The reason for closing a finding as it is.
#[derive(JsonSchema)]
pub struct FindingNote {
    /// The explanation. It is stored with the finding and in the audit log.
    pub note: Note,
}
