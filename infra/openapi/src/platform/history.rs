//! The history of an object.

use serde_json::json;
use shared::views::ListView;
use shared::views::platform::history::HistoryEntryView;

use crate::operation::{Operation, get};

pub(super) fn show_history() -> Operation {
    get("/api/history/{kind}/{id}", "showHistory")
        .summary("Owner, staff: read what happened to an object.")
        .about(
            "Lists what happened to an object of the company, oldest first: what, who, when and why. It is read \
             from the facts of bookings and memberships, the audit log, the effects, the ledger, and the stored \
             events. A booking and a case have all of these that concern them; a membership and a payment at \
             Whop have their facts and the audit entries of their cases; a payment at Stripe has the history of \
             its booking; a batch, a finding and a job have their current row and their audit entries; a \
             switch has who turned it, when and why, of the deployment and of the company, and for the platform's \
             own staff of every company; a professional and an account have their audit entries; a company has its whole audit log. No entry \
             contains an address, a name or a text of a message. An object without any entry is not found.",
        )
        .parameters(&["From", "Limit", "Cursor"])
        .answer::<ListView<HistoryEntryView>>(
            200,
            "A page of the history, oldest first.",
            json!({
                "data": [
                    {
                        "at": "2026-07-20T10:00:00.000Z", "kind": "fact", "name": "authorized",
                        "actor": "provider", "originator": "webhook", "amount": 12000000, "currency": "cop",
                        "provider": "stripe", "reference": "pi_3Q2w3E",
                        "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11", "event_id": "evt_1Q2w3E",
                    },
                    {
                        "at": "2026-07-20T11:30:00.000Z", "kind": "effect", "name": "payment_captured",
                        "actor": "email:3b6f5a0c9d", "originator": "professional", "status": "done",
                        "reason": "succeeded", "provider": "stripe", "reference": "pi_3Q2w3E", "tries": 1,
                        "operation": "capture:7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11:v1",
                        "ended_at": "2026-07-20T11:30:00.800Z",
                        "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11",
                    },
                    {
                        "at": "2026-07-22T08:00:00.000Z", "kind": "fact", "name": "disputed",
                        "actor": "provider", "originator": "webhook", "status": "needs_response",
                        "amount": 12000000, "currency": "cop", "provider": "stripe", "reference": "du_1Q2w3E",
                        "booking_id": "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11", "event_id": "evt_2Q2w3E",
                    },
                ],
                "next_cursor": null,
            }),
        )
}
