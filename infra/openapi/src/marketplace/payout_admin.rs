//! Manual payouts, payout batches and approvals.

use schemars::JsonSchema;
use serde_json::json;
use shared::domain::kernel::party::ProfessionalId;
use shared::domain::marketplace::booking::MAX_PRICE;
use shared::views::ListView;
use shared::views::marketplace::approval::ApprovalView;
use shared::views::marketplace::batch::{BatchSummaryView, BatchView};
use shared::views::marketplace::plan::PayoutPlanView;

use crate::operation::{Function, Operation, get, post};

pub(super) fn function() -> Function {
    Function {
        name: "payout-admin",
        about: "Manual payouts, payout batches and approvals.",
        unavailable: Some("Unavailable"),
        operations: vec![process_payouts(), list_batches(), read_batch(), approve_payout()],
    }
}

fn process_payouts() -> Operation {
    post("/api/admin/payouts/process", "processPayouts")
        .summary("Provider, accountant: run the payouts, or a dry run of them.")
        .about(
            "Plans today's batch for every professional of the company who is due today, whatever the day of \
             the week. A run stores the plan, makes the transfers and returns the plan; the batch contains \
             the outcome of each transfer. A dry run returns the plan that a run would make, and stores \
             nothing. A request processes about 300 bookings; with `more`, send another request to continue.",
        )
        .twice(
            "With the same `Idempotency-Key`, the first response is returned again. With another key, the \
             second run only processes what the first has left.",
        )
        .bodies::<ProcessInput>([
            ("dry", "A dry run", json!({"dry_run": true})),
            ("real", "A run that pays", json!({"dry_run": false})),
        ])
        .answer::<PayoutPlanView>(
            200,
            "The plan of the run or dry run.",
            json!({
                "batch_id": "payout-2026-07-21-tue", "dry_run": true,
                "transfers": [
                    {
                        "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11", "professional_id": "user_k4Tz9",
                        "amount": 8000, "currency": "usd", "carried_amount": 500,
                        "operation": "payout:7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11:v1",
                    },
                ],
                "settled": [
                    {
                        "booking_id": "1c9c4f0e-2b7a-5c1d-8f64-6a3e9d2b7c55", "professional_id": "user_k4Tz9",
                        "carried_amount": 1200, "currency": "usd",
                    },
                ],
                "skips": [
                    {
                        "booking_id": "3f1a2b4c-7d8e-5f90-9a1b-2c3d4e5f6a7b", "professional_id": "user_m7Qp1",
                        "amount": 4200, "currency": "usd", "reason": "stripe_account_missing",
                        "message": "Connect an account at Stripe, and this booking is paid on the next payout day.",
                    },
                ],
                "carried": [
                    {
                        "professional_id": "user_k4Tz9", "currency": "usd", "before_amount": 1700,
                        "used_amount": 1700, "after_amount": 0,
                    },
                ],
                "totals": [
                    {
                        "currency": "usd", "payable_amount": 13900, "transferred_amount": 8000,
                        "carried_amount": 1700, "skipped_amount": 4200,
                    },
                ],
                "awaiting_approval": [], "more": false,
            }),
        )
        .fails(&["PayoutConflict"])
}

fn list_batches() -> Operation {
    get("/api/admin/payouts/batches", "listBatches")
        .summary("Provider, accountant: list payout batches.")
        .about("Lists the company's payout batches, most recent day first.")
        .parameters(&["Limit", "Cursor"])
        .answer::<ListView<BatchSummaryView>>(
            200,
            "A page of batches, most recent day first.",
            json!({
                "data": [
                    {
                        "batch_id": "payout-2026-07-21-tue", "status": "completed", "professionals_left": 0,
                        "started_by": {"kind": "schedule"}, "created_at": "2026-07-21T14:00:01.000Z",
                        "changed_at": "2026-07-21T14:00:09.000Z",
                        "counts": {
                            "transfers": 2, "done": 1, "rejected": 1, "in_doubt": 0, "settled": 1,
                            "skipped": 1,
                        },
                        "totals": [
                            {
                                "currency": "usd", "transferred_amount": 8000, "open_amount": 0,
                                "rejected_amount": 3000, "carried_amount": 1700, "skipped_amount": 4200,
                            },
                        ],
                        "reason": null,
                    },
                ],
                "next_cursor": null,
            }),
        )
}

fn read_batch() -> Operation {
    get("/api/admin/payouts/batches/{batch_id}", "readBatch")
        .summary("Provider, accountant: read a payout batch.")
        .about(
            "Returns the batch with a page of its bookings, by professional and currency. Each booking has \
             its transfer, or the reason why it waits as a sentence for the professional. `carried` lists \
             the debts of the professionals on the page.",
        )
        .parameters(&["Limit", "Cursor"])
        .answer::<BatchView>(
            200,
            "The payout batch.",
            json!({
                "batch_id": "payout-2026-07-21-tue", "status": "completed", "professionals_left": 0,
                "started_by": {"kind": "schedule"}, "created_at": "2026-07-21T14:00:01.000Z",
                "changed_at": "2026-07-21T14:00:09.000Z",
                "counts": {
                    "transfers": 2, "done": 1, "rejected": 1, "in_doubt": 0, "settled": 1, "skipped": 1,
                },
                "totals": [
                    {
                        "currency": "usd", "transferred_amount": 8000, "open_amount": 0,
                        "rejected_amount": 3000, "carried_amount": 1700, "skipped_amount": 4200,
                    },
                ],
                "reason": null,
                "data": [
                    {
                        "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11", "professional_id": "user_k4Tz9",
                        "currency": "usd", "status": "done", "payable_amount": 8500, "amount": 8000,
                        "carried_amount": 500, "operation": "payout:7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11:v1",
                        "transfer_id": "tr_1Q2w3E", "reason": null, "message": null, "tries": null,
                        "at": "2026-07-21T14:00:01.000Z",
                    },
                    {
                        "booking_id": "1c9c4f0e-2b7a-5c1d-8f64-6a3e9d2b7c55", "professional_id": "user_k4Tz9",
                        "currency": "usd", "status": "settled", "payable_amount": 1200, "amount": 0,
                        "carried_amount": 1200, "operation": null, "transfer_id": null, "reason": null,
                        "message": "All of it was kept back for what you owed.", "tries": null,
                        "at": "2026-07-21T14:00:01.000Z",
                    },
                    {
                        "booking_id": "3f1a2b4c-7d8e-5f90-9a1b-2c3d4e5f6a7b", "professional_id": "user_m7Qp1",
                        "currency": "usd", "status": "skipped", "payable_amount": 4200, "amount": 0,
                        "carried_amount": 0, "operation": null, "transfer_id": null,
                        "reason": "stripe_account_missing",
                        "message": "Connect an account at Stripe, and this booking is paid on the next payout day.",
                        "tries": null, "at": "2026-07-21T14:00:01.000Z",
                    },
                ],
                "carried": [
                    {
                        "professional_id": "user_k4Tz9", "currency": "usd", "before_amount": 1700,
                        "used_amount": 1700, "after_amount": 0,
                    },
                ],
                "next_cursor": null,
            }),
        )
}

fn approve_payout() -> Operation {
    post("/api/admin/payouts/approvals", "approvePayout")
        .summary("Provider, accountant: approve a large payout.")
        .about(
            "A payout above `PAYOUT_APPROVAL_ABOVE` needs the approval of a second person. The approval \
             allows one batch to pay the professional at most this amount, and expires after a week. It does \
             not apply to a run that the same person starts, and the person who started today's batch is \
             refused with 403. The approval is recorded in the audit log.",
        )
        .twice(
            "With the same `Idempotency-Key`, the first response is returned again. With another key, the \
             newest approval applies.",
        )
        .body::<ApprovalInput>(json!({"professional_id": "user_k4Tz9", "currency": "usd", "amount": 750000}))
        .answer::<ApprovalView>(
            200,
            "The new approval.",
            json!({
                "professional_id": "user_k4Tz9", "currency": "usd", "amount": 750000,
                "approved_by": "email:0a1b2c", "approved_at": "2026-07-21T14:10:00.000Z",
                "valid_until": "2026-07-28T14:10:00.000Z",
            }),
        )
        .fails(&["ApprovalConflict"])
}

/// Whether to pay. The field is required, so that no money moves because it was forgotten.
#[derive(JsonSchema)]
pub struct ProcessInput {
    /// `true` for a dry run, which stores nothing and makes no transfer.
    pub dry_run: bool,
}

/// The payout to approve.
#[derive(JsonSchema)]
pub struct ApprovalInput {
    /// The professional who is paid.
    pub professional_id: ProfessionalId,
    /// The currency: ISO 4217, lower case.
    #[schemars(regex(pattern = r"^[a-z]{3}$"))]
    pub currency: String,
    /// The highest amount that one batch may pay, in minor units of `currency`.
    #[schemars(range(min = 1, max = MAX_PRICE))]
    pub amount: i64,
}
