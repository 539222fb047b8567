//! Manual payouts, their batches, and approvals.

use schemars::JsonSchema;
use serde_json::json;
use shared::domain::kernel::party::ProfessionalId;
use shared::domain::marketplace::booking::MAX_PRICE;
use shared::views::ListView;
use shared::views::marketplace::approval::ApprovalView;
use shared::views::marketplace::batch::{BatchSummaryView, BatchView};
use shared::views::marketplace::plan::PayoutPlanView;

use crate::operation::{Function, get, post};

pub(super) fn function() -> Function {
    Function {
        name: "payout-admin",
        about: "Payouts by hand, their batches, and approvals.",
        unavailable: Some("Unavailable"),
        operations: vec![
            post("/api/admin/payouts/process", "processPayouts")
                .summary("Provider, accountant: run the payouts, or a dry run.")
                .about("Looks at every professional of the company who is due today, whatever day of the week it \
                     is, and plans the batch of today. A dry run claims and writes nothing and says just what the run \
                     would decide; the run writes that down, makes the transfers, and says what was decided. How each \
                     ended stands in the batch. At most about 300 bookings at once: `more` says that another request \
                     goes on.")
                .twice("with the same `Idempotency-Key` the first answer again. Under another key the second run \
                     finds what the first has left.")
                .bodies::<ProcessInput>([
                    ("dry", "See what would be paid", json!({"dry_run": true})),
                    ("real", "Pay it", json!({"dry_run": false})),
                ])
                .answer::<PayoutPlanView>(
                    200,
                    "What was decided, or would be.",
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
                .fails(&["PayoutConflict"]),
            get("/api/admin/payouts/batches", "listBatches")
                .summary("Provider, accountant: see the payout batches.")
                .about("The newest day first.")
                .parameters(&["Limit", "Cursor"])
                .answer::<ListView<BatchSummaryView>>(
                    200,
                    "A page of batches, the newest day first.",
                    json!({
                        "data": [
                            {
                                "batch_id": "payout-2026-07-21-tue", "status": "completed",
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
                ),
            get("/api/admin/payouts/batches/{batch_id}", "readBatch")
                .summary("Provider, accountant: list the bookings of a batch with their results.")
                .about("The record, and a page of its bookings by professional and currency, each with its \
                     transfer or with the reason it waits, in words for the professional. `carried` are the debts of \
                     the professionals on the page.")
                .parameters(&["Limit", "Cursor"])
                .answer::<BatchView>(
                    200,
                    "The batch.",
                    json!({
                        "batch_id": "payout-2026-07-21-tue", "status": "completed",
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
                ),
            post("/api/admin/payouts/approvals", "approvePayout")
                .summary("Provider, accountant: approve a large amount.")
                .about("A second person's yes to paying a professional at most so much in one batch, where that \
                     is more than `PAYOUT_APPROVAL_ABOVE`. It counts for a week and for one batch, and not for a run \
                     that the same person asks for; the person who started today's batch is refused with 403. Audited.")
                .twice("with the same `Idempotency-Key` the first answer again. Under another key the newest \
                     approval counts.")
                .body::<ApprovalInput>(json!({"professional_id": "user_k4Tz9", "currency": "usd", "amount": 750000}))
                .answer::<ApprovalView>(
                    200,
                    "The approval.",
                    json!({
                        "professional_id": "user_k4Tz9", "currency": "usd", "amount": 750000,
                        "approved_by": "email:0a1b2c", "approved_at": "2026-07-21T14:10:00.000Z",
                        "valid_until": "2026-07-28T14:10:00.000Z",
                    }),
                )
                .fails(&["PayoutConflict"]),
        ],
    }
}

/// Required, so that no money moves by omission.
#[derive(JsonSchema)]
pub struct ProcessInput {
    /// Whether nothing is to be claimed and written.
    pub dry_run: bool,
}

/// The approved amount, professional and currency.
#[derive(JsonSchema)]
pub struct ApprovalInput {
    /// The professional who is paid.
    pub professional_id: ProfessionalId,
    /// The currency, in lower case.
    #[schemars(regex(pattern = r"^[a-z]{3}$"))]
    pub currency: String,
    /// At most so much in one batch, in minor units.
    #[schemars(range(min = 1, max = MAX_PRICE))]
    pub amount: i64,
}
