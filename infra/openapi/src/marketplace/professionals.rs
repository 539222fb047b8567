//! Professionals' Stripe accounts and statements, and the ledger.

use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::views::marketplace::books::BooksView;
use shared::views::marketplace::payee::PayeeView;
use shared::views::marketplace::statement::StatementView;

use crate::operation::{Function, Operation, get, put, with};

pub(super) fn function() -> Function {
    Function {
        name: "professionals",
        about: "Professionals' Stripe accounts and statements, and the ledger.",
        unavailable: Some("BookingUnavailable"),
        operations: vec![read_professional(), connect_professional(), read_statement(), read_balances()],
    }
}

fn read_professional() -> Operation {
    get("/api/admin/professionals/{professional_id}", "readProfessional")
        .summary("Owner, provider: read a professional's Stripe account.")
        .about("Returns the connected account in the state that Stripe last reported.")
        .answer::<PayeeView>(200, "The professional and the account.", payee())
}

fn connect_professional() -> Operation {
    put("/api/admin/professionals/{professional_id}", "connectProfessional")
        .summary("Owner, provider: connect a professional to a Stripe account.")
        .about(
            "Reads the account from Stripe and stores its state, which Stripe's events then keep up to date. \
             Payouts to the professional go to this account.",
        )
        .twice("The same account is stored again. Nothing else changes.")
        .body::<PayeeInput>(json!({"stripe_account_id": "acct_1PqW8r"}))
        .answer::<PayeeView>(
            200,
            "The professional and the account.",
            with(payee(), json!({"due_at": "2026-07-20T09:00:00.000Z"})),
        )
        .fails(&["InvalidPayee", "PayeeConflict"])
}

fn read_statement() -> Operation {
    get("/api/professionals/{professional_id}/statement", "readStatement")
        .summary("Professional, owner, provider, accountant: read a professional's statement.")
        .about(
            "Lists earnings, payouts and debts. Professionals can read only their own statement; any other \
             is answered with 404. `balances` are the totals of all lines, and `data` is a page of the \
             lines, newest first. A page may contain fewer than `limit` items although there is another \
             page.",
        )
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
        )
}

fn read_balances() -> Operation {
    get("/api/ledger/balances", "readBalances")
        .summary("Owner, accountant, provider: read the balances of the ledger.")
        .about(
            "Returns the balance of every account of the company. The ledger uses double entry: debits are \
             positive, credits are negative, and all accounts of a currency sum to zero.",
        )
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
        )
}

fn payee() -> Value {
    json!({
        "professional_id": "email:3b6f5a0c9d", "stripe_account_id": "acct_1PqW8r", "charges_enabled": true,
        "payouts_enabled": true, "disabled_reason": null, "currency": "cop",
        "account_reported_at": "2026-07-20T09:00:00.000Z", "due_at": "2026-07-25T17:00:00.000Z",
    })
}

/// The account to which a professional is paid.
#[derive(JsonSchema)]
pub struct PayeeInput {
    /// The ID of the connected account at Stripe.
    #[schemars(length(max = 64), regex(pattern = r"^acct_[A-Za-z0-9_]+$"))]
    pub stripe_account_id: String,
}
