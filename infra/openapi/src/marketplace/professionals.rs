//! The professionals' Stripe accounts, their balances, and the ledger.

use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::views::marketplace::books::BooksView;
use shared::views::marketplace::payee::PayeeView;
use shared::views::marketplace::statement::StatementView;

use crate::operation::{Function, get, put, with};

pub(super) fn function() -> Function {
    Function {
        name: "professionals",
        about: "Where professionals' money goes, what they are owed, and the books.",
        unavailable: Some("BookingUnavailable"),
        operations: vec![
            get("/api/admin/professionals/{professional_id}", "readProfessional")
                .summary("Owner, provider: get a professional's Stripe account.")
                .about("The Stripe account as of its last report.")
                .answer::<PayeeView>(200, "The professional.", payee()),
            put("/api/admin/professionals/{professional_id}", "connectProfessional")
                .summary("Owner, provider: set a professional's Stripe account.")
                .about("Stripe is asked about the account first; what it says is kept, and kept fresh by its events.")
                .twice("the same account again; nothing else changes.")
                .body::<PayeeInput>(json!({"stripe_account_id": "acct_1PqW8r"}))
                .answer::<PayeeView>(
                    200,
                    "The professional as it stands.",
                    with(payee(), json!({"due_at": "2026-07-20T09:00:00.000Z"})),
                )
                .fails(&["InvalidPayee", "PayeeConflict"]),
            get("/api/professionals/{professional_id}/statement", "readStatement")
                .summary("Professional, owner, provider, accountant: get a professional's statement.")
                .about("A professional sees its own; another's is absent. `balances` stand over all lines there \
                     ever were; `data` is a page of them, the newest first. A page may hold fewer than `limit` and \
                     still have a next one.")
                .parameters(&["OfCurrency", "Limit", "Cursor"])
                .answer::<StatementView>(
                    200,
                    "A page of the statement.",
                    json!({
                        "professional_id": "email:3b6f5a0c9d",
                        "balances": [
                            {
                                "currency": "cop", "owed_amount": 10200000, "carried_amount": 0, "paid_amount": 0,
                                "reversed_amount": 0,
                            },
                        ],
                        "data": [
                            {
                                "at": "2026-07-24T17:00:00.000Z", "entry_id": "c1b7f3f2-2f0a-5d0e-9a55-0d7e1f2a3b4c",
                                "booking_id": "5f0c2a1e-7d3b-5a9c-8e11-90b1c2d3e4f5", "cause": "completed",
                                "currency": "cop", "owed_amount": 10200000, "carried_amount": 0, "paid_amount": 0,
                                "reversed_amount": 0,
                            },
                        ],
                        "next_cursor": null,
                    }),
                ),
            get("/api/ledger/balances", "readBalances")
                .summary("Owner, accountant, provider: get the balances of the company's ledger.")
                .about("Double entry: debits are positive, credits negative, and in every currency all accounts \
                     together are nothing.")
                .answer::<BooksView>(
                    200,
                    "The balances, by currency.",
                    json!({
                        "data": [
                            {
                                "currency": "cop",
                                "accounts": {
                                    "received": 12000000, "refunded": 0, "disputed": 0, "paid": 0, "reversed": 0,
                                    "contested": 0, "carried": 0, "held": 0, "owed": -10200000, "fees": -1800000,
                                },
                                "cash_amount": 12000000, "sums_to_zero": true,
                            },
                        ],
                        "sums_to_zero": true,
                    }),
                ),
        ],
    }
}

fn payee() -> Value {
    json!({
        "professional_id": "email:3b6f5a0c9d", "stripe_account_id": "acct_1PqW8r", "charges_enabled": true,
        "payouts_enabled": true, "disabled_reason": null, "currency": "cop",
        "account_reported_at": "2026-07-20T09:00:00.000Z", "due_at": "2026-07-25T17:00:00.000Z",
    })
}

/// The Stripe account of a professional.
#[derive(JsonSchema)]
pub struct PayeeInput {
    /// A connected account at Stripe.
    #[schemars(length(max = 64), regex(pattern = r"^acct_[A-Za-z0-9_]+$"))]
    pub stripe_account_id: String,
}
