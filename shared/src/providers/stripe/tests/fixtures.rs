//! Events of Stripe's version 2025-04-30.basil, reduced to the fields that may be read.

use serde_json::{Value, json};

pub const COMPANY: &str = "biz_1";
pub const BOOKING: &str = "5a0d1a4e-93ab-5f9d-8d3e-7a51c6a4a8a1";

/// The creation time of every event here.
pub const CREATED: i64 = 1_784_710_800;

/// An event of our own account.
pub fn event(name: &str, object: Value) -> Value {
    json!({
        "id": "evt_3RfKq2LkdIwHu7ix0a1b2c3d", "object": "event", "api_version": "2025-04-30.basil",
        "created": CREATED, "data": {"object": object}, "livemode": true, "pending_webhooks": 1,
        "request": {"id": "req_1", "idempotency_key": "capture:1"}, "type": name,
    })
}

/// An event of a connected account.
pub fn connected(name: &str, account: &str, object: Value) -> Value {
    let mut event = event(name, object);
    event["account"] = json!(account);
    event
}

pub fn metadata() -> Value {
    json!({"booking_id": BOOKING, "company_id": COMPANY})
}

pub fn intent(status: &str) -> Value {
    let (held, taken) = match status {
        "requires_capture" => (10_000, 0),
        "succeeded" => (0, 10_000),
        _ => (0, 0),
    };
    json!({
        "id": "pi_3RfKq2", "object": "payment_intent", "amount": 10_000, "amount_capturable": held,
        "amount_details": {"tip": {}}, "amount_received": taken, "application": null,
        "canceled_at": null, "cancellation_reason": null, "capture_method": "manual",
        "client_secret": "pi_3RfKq2_secret_canary", "created": 1_784_710_000, "currency": "usd",
        "latest_charge": "ch_3RfKq2", "livemode": true, "metadata": metadata(), "status": status,
        "transfer_group": format!("booking_{BOOKING}"),
    })
}

pub fn charge(captured: bool) -> Value {
    json!({
        "id": "ch_3RfKq2", "object": "charge", "amount": 10_000,
        "amount_captured": if captured { 10_000 } else { 0 }, "amount_refunded": 0,
        "billing_details": {"email": "canary@example.com", "name": "Canary"}, "captured": captured,
        "created": 1_784_710_000, "currency": "usd", "disputed": false, "metadata": metadata(),
        "outcome": {"network_status": "approved_by_network", "type": "authorized"}, "paid": true,
        "payment_intent": "pi_3RfKq2",
        "payment_method_details": {
            "card": {"brand": "visa", "capture_before": 1_785_314_800, "last4": "4242"}, "type": "card",
        },
        "refunded": false, "status": "succeeded",
    })
}

pub fn refund(status: &str) -> Value {
    json!({
        "id": "re_3RfKq2", "object": "refund", "amount": 2_500, "balance_transaction": "txn_1",
        "charge": "ch_3RfKq2", "created": CREATED, "currency": "usd", "destination_details": {"type": "card"},
        "metadata": {}, "payment_intent": "pi_3RfKq2", "reason": "requested_by_customer", "status": status,
    })
}

pub fn dispute(status: &str) -> Value {
    json!({
        "id": "du_1RfKq2", "object": "dispute", "amount": 10_000, "balance_transactions": [],
        "charge": "ch_3RfKq2", "created": CREATED, "currency": "usd", "enhanced_eligibility_types": [],
        "evidence": {"customer_name": "Canary"}, "is_charge_refundable": false, "livemode": true,
        "metadata": {}, "payment_intent": "pi_3RfKq2", "reason": "product_not_received", "status": status,
    })
}

pub fn transfer(amount_reversed: i64) -> Value {
    json!({
        "id": "tr_3RfKq2", "object": "transfer", "amount": 8_500, "amount_reversed": amount_reversed,
        "created": CREATED, "currency": "usd", "destination": "acct_1RfKq2", "metadata": metadata(),
        "reversed": amount_reversed == 8_500, "source_transaction": "ch_3RfKq2", "source_type": "card",
    })
}

pub fn account(transfers: &str) -> Value {
    json!({
        "id": "acct_1RfKq2", "object": "account", "business_type": "individual",
        "capabilities": {"card_payments": "inactive", "transfers": transfers}, "charges_enabled": false,
        "country": "CO", "default_currency": "cop", "email": "canary@example.com", "payouts_enabled": true,
        "requirements": {"currently_due": [], "disabled_reason": null, "eventually_due": []},
        "type": "express",
    })
}

pub fn payout() -> Value {
    json!({
        "id": "po_1RfKq2", "object": "payout", "amount": 14_000_000, "arrival_date": CREATED,
        "created": CREATED, "currency": "cop", "destination": "ba_1", "failure_code": "account_closed",
        "failure_message": "The bank account has been closed", "method": "standard", "status": "failed",
    })
}
