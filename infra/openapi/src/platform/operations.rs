//! The status of the jobs, and everything that needs a person.

use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::views::ListView;
use shared::views::platform::effect::EffectView;
use shared::views::platform::finding::FindingView;
use shared::views::platform::operations::OperationsView;

use super::resolution::ResolutionInput;
use crate::operation::{Function, get, post, with};

pub(super) fn function() -> Function {
    Function {
        name: "operations",
        about: "How the jobs are doing, and what needs a person.",
        unavailable: Some("Unavailable"),
        operations: vec![
            get("/api/operations", "showOperations")
                .summary("Staff: get the status of the jobs, and everything that needs a person.")
                .about("The newest run and the last 24 hours of every job, what was declined in the last 24 \
                     hours, what is in doubt, what waits for long, what the reconciliation lists, and what no person has \
                     come round to.")
                .answer::<OperationsView>(
                    200,
                    "How it stands.",
                    json!({
                        "at": "2026-07-22T15:00:00.000Z",
                        "jobs": [
                            {
                                "job": "payouts", "status": "ok", "last_run_at": "2026-07-21T14:00:09.000Z",
                                "last_report": {
                                    "job": "payouts", "occurrence": "2026-07-21T14:00:00.000Z", "due": 1, "done": 0,
                                    "skipped": 0, "failed": 0, "in_doubt": 1, "duration_ms": 9000, "more": false,
                                },
                                "last_24_hours": {"done": 0, "failed": 0, "error_rate": 0.0},
                            },
                        ],
                        "declined_last_24_hours": {
                            "count": 1, "more": false,
                            "data": [
                                {
                                    "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b12",
                                    "at": "2026-07-22T09:00:00.000Z", "cause": "auto_decline",
                                },
                            ],
                        },
                        "in_doubt": {
                            "count": 1, "more": false,
                            "data": [
                                {
                                    "case_id": null, "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11",
                                    "operation": "payout:7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11:v1",
                                    "kind": "share_transferred", "status": "unknown", "reason": "several_transfers",
                                    "amount": 10200000, "currency": "cop", "tries": 3,
                                    "decided_at": "2026-07-21T14:00:00.000Z",
                                    "first_sent_at": "2026-07-21T14:00:01.000Z", "next_try_at": null,
                                    "ended_at": "2026-07-22T14:00:01.000Z",
                                },
                            ],
                        },
                        "waiting": {"count": 0, "more": false, "data": []},
                        "unread_events": {"count": 0, "more": false, "data": []}, "channel_error": null,
                        "refused": {
                            "count": 1, "more": false,
                            "data": [
                                {
                                    "case_id": null, "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b13",
                                    "operation": "refund:7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b13:v1",
                                    "kind": "payment_refunded", "provider": "stripe", "code": "insufficient_funds",
                                    "reason": "insufficient_funds", "consequence": "payment_not_refunded",
                                    "amount": 12000000, "currency": "cop", "tries": 1,
                                    "refused_at": "2026-07-22T10:00:00.000Z",
                                },
                            ],
                        },
                        "findings": {"count": 1, "more": false, "data": [finding()]},
                        "reconciliation": {
                            "open_findings": 1,
                            "amounts": [{"currency": "usd", "open_amount": -700, "accepted_amount": 0}],
                            "runs": [
                                {
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
                                },
                            ],
                        },
                        "mail": {
                            "since": "2026-07-15T15:00:00.000Z", "bounced": 2, "complained": 0, "blocked": 0,
                            "lifted": 0, "bounced_for_now": 1, "delayed": 3, "failed": 0, "refused": 0, "more": false,
                        },
                        "batches": [
                            {
                                "batch_id": "payout-2026-07-21-tue", "status": "processing", "reason": null,
                                "done": 0, "rejected": 0, "in_doubt": 1, "changed_at": "2026-07-21T14:00:09.000Z",
                            },
                        ],
                        "overdue": {"count": 0, "more": false, "oldest_due_at": null},
                    }),
                ),
            post("/api/operations/resolve", "resolveEffect")
                .summary("Provider, accountant: resolve an effect that is in doubt or was refused.")
                .about("The word is held against what Stripe says: a transfer that happened is named and looked \
                     at, one that did not is looked for by its group, a payment is asked how it stands. A refused \
                     step of a booking is tried again as a new version of its operation, and so under a new key, \
                     after its payment was read: what happened after all is recorded instead. `closed` leaves it as \
                     it is, with a note; of a refused capture the hold is released. Written with its audit entry \
                     beside what follows from it for the booking and the books.")
                .twice("with the same `Idempotency-Key` the first answer again; a second word on an effect is \
                     refused with 409.")
                .bodies::<ResolutionInput>([
                    ("happened", "The transfer was made", json!({
                        "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11",
                        "operation": "payout:7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11:v1", "outcome": "happened",
                        "reference": "tr_1Q2w3E",
                    })),
                    ("did_not_happen", "It was not", json!({
                        "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11",
                        "operation": "payout:7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11:v1", "outcome": "did_not_happen",
                    })),
                    ("try_again", "A refused refund is retried", json!({
                        "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11",
                        "operation": "refund:7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11:v1", "outcome": "try_again",
                    })),
                ])
                .answer::<EffectView>(
                    200,
                    "The effect as it stands.",
                    json!({
                        "case_id": null, "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11",
                        "operation": "payout:7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11:v1", "kind": "share_transferred",
                        "status": "done", "reason": "tr_1Q2w3E", "amount": 10200000, "currency": "cop", "tries": 3,
                        "decided_at": "2026-07-21T14:00:00.000Z", "first_sent_at": "2026-07-21T14:00:01.000Z",
                        "next_try_at": null, "ended_at": "2026-07-22T14:00:01.000Z",
                    }),
                )
                .fails(&["ResolutionConflict"]),
            get("/api/operations/findings", "listFindings")
                .summary("Staff: list the differences between Stripe and the ledger.")
                .about("What is open, the oldest first. A company sees what is in its own books; the platform's \
                     own company also what has no owner.")
                .parameters(&["Limit", "Cursor"])
                .answer::<ListView<FindingView>>(
                    200,
                    "A page of findings. It may hold fewer than were asked for although there are more: `next_cursor` \
                     tells.",
                    json!({"data": [finding()], "next_cursor": null}),
                ),
            post("/api/operations/findings/{finding_id}/resolve", "resolveFinding")
                .summary("Provider, accountant: close a difference between Stripe and the ledger.")
                .about("For what a person has looked at and can explain. It moves no money and changes no books: \
                     the difference is counted as accepted from now on. Written with its audit entry, in one \
                     transaction. Later reconciliations leave it closed unless it then differs by something else.")
                .twice("with the same `Idempotency-Key` the first answer again; the same person with the same \
                     note gets the finding as it stands; any other word on a closed one is refused with 409.")
                .body::<FindingNote>(json!({"note": "A bonus, paid by hand in the dashboard of Stripe."}))
                .answer::<FindingView>(
                    200,
                    "The finding as it stands.",
                    with(finding(), json!({
                        "status": "accepted",
                        "closing": {
                            "at": "2026-07-22T15:00:00.000Z", "by": "accountant",
                            "note": "A bonus, paid by hand in the dashboard of Stripe.",
                        },
                    })),
                )
                .fails(&["FindingConflict"]),
        ],
    }
}

fn finding() -> Value {
    json!({
        "finding_id": "tr_1Q2w3E", "kind": "transfer_unknown",
        "message": "A transfer or reversal that is not in the ledger.", "booking_id": null,
        "line_id": "txn_1Q2w3E", "stripe_amount": -700, "books_amount": 0, "difference_amount": -700,
        "currency": "usd", "found_at": "2026-07-22T03:40:02.000Z", "status": "open", "closing": null,
    })
}

/// Why a finding is closed as it is.
#[derive(JsonSchema)]
pub struct FindingNote {
    /// The person's note. It is stored with the finding and in the audit log.
    #[schemars(length(min = 1, max = 500), regex(pattern = r"\S"))]
    pub note: String,
}
