use chrono::Duration;
use serde_json::{Value, json};

use super::stripe::{hold, json_of, metadata, transfer};
use super::{Sandbox, noon};

/// Asserts the values of an event's object, by paths such as `/latest_charge`.
fn holds(object: &Value, expected: Value) {
    for (path, value) in expected.as_object().unwrap() {
        assert_eq!(object.pointer(path).unwrap_or(&Value::Null), value, "{path} in {object}");
    }
}

impl Sandbox {
    fn last_event_of_kind(&self, kind: &str) -> Value {
        self.events_of_kind(kind).pop().unwrap_or_else(|| panic!("{kind} never happened"))
    }
}

#[tokio::test]
async fn the_events_of_a_payment_have_its_metadata_and_the_end_of_its_authorization() {
    let sandbox = Sandbox::start().await;
    let made = sandbox.client().create_payment_intent("hold:1", &hold("1", 10_000)).await.unwrap();
    assert!(made.client_secret.is_some_and(|secret| secret.starts_with(&made.id)));
    let until = noon() + Duration::hours(4 * 24 + 18);
    sandbox.stripe.authorize_until(&made.id, until);
    let charge = sandbox.stripe.charge_of(&made.id).unwrap().id;
    let held = sandbox.last_event_of_kind("payment_intent.amount_capturable_updated");
    holds(
        &held,
        json!({
            "/id": made.id, "/status": "requires_capture", "/amount_capturable": 10_000,
            "/latest_charge": charge, "/metadata": metadata("1"), "/transfer_group": "booking_1",
        }),
    );
    let whose = json!({
        "/id": charge, "/payment_intent": made.id, "/metadata": metadata("1"),
        "/transfer_group": "booking_1", "/currency": "usd", "/amount": 10_000,
    });
    let succeeded = sandbox.last_event_of_kind("charge.succeeded");
    holds(&succeeded, whose.clone());
    holds(
        &succeeded,
        json!({
            "/captured": false, "/amount_captured": 0, "/refunded": false, "/amount_refunded": 0,
            "/payment_method_details/card/capture_before": until.timestamp(),
        }),
    );
    sandbox.client().capture("capture:1", &made.id).await.unwrap();
    let captured = sandbox.last_event_of_kind("charge.captured");
    holds(&captured, whose.clone());
    holds(&captured, json!({"/captured": true, "/amount_captured": 10_000, "/amount_refunded": 0}));
    let taken = sandbox.last_event_of_kind("payment_intent.succeeded");
    holds(&taken, json!({"/latest_charge": charge, "/amount_received": 10_000, "/metadata": metadata("1")}));
    sandbox.stripe.refund(&made.id, 10_000);
    let refunded = sandbox.last_event_of_kind("charge.refunded");
    holds(&refunded, whose);
    holds(&refunded, json!({"/captured": true, "/refunded": true, "/amount_refunded": 10_000}));
}

#[tokio::test]
async fn the_events_of_a_dispute_have_its_charge_and_its_status() {
    let sandbox = Sandbox::start().await;
    for (booking, won, outcome) in [("1", true, "won"), ("2", false, "lost")] {
        let paid = sandbox.paid(booking, 10_000).await;
        let about = json!({
            "/charge": paid.charge_id(), "/payment_intent": paid.id, "/amount": 10_000, "/currency": "usd",
        });
        sandbox.stripe.open_dispute(&paid.id);
        for kind in ["charge.dispute.created", "charge.dispute.funds_withdrawn"] {
            holds(&sandbox.last_event_of_kind(kind), about.clone());
            holds(&sandbox.last_event_of_kind(kind), json!({"/status": "needs_response"}));
        }
        sandbox.stripe.close_dispute(&paid.id, won);
        let closed = sandbox.last_event_of_kind("charge.dispute.closed");
        holds(&closed, about);
        holds(&closed, json!({"/status": outcome, "/created": noon().timestamp()}));
        assert_eq!(closed["id"], sandbox.last_event_of_kind("charge.dispute.created")["id"]);
    }
    assert_eq!(sandbox.events_of_kind("charge.dispute.funds_reinstated").len(), 1, "only what was won");
}

#[tokio::test]
async fn the_events_of_a_transfer_have_its_metadata_and_the_reversed_amount() {
    let sandbox = Sandbox::funded().await;
    let made = sandbox.client().create_transfer("a", &transfer("1", 9_000)).await.unwrap();
    sandbox.stripe.reverse_transfer(&made.id, 1_000);
    sandbox.stripe.reverse_transfer(&made.id, 8_000);
    let whose = json!({
        "/id": made.id, "/metadata": metadata("1"), "/transfer_group": "booking_1",
        "/destination": "acct_1", "/amount": 9_000, "/currency": "usd",
    });
    let created = sandbox.last_event_of_kind("transfer.created");
    holds(&created, whose.clone());
    holds(&created, json!({"/amount_reversed": 0, "/reversed": false}));
    let reversed = sandbox.events_of_kind("transfer.reversed");
    for (event, total, all) in [(&reversed[0], 1_000, false), (&reversed[1], 9_000, true)] {
        holds(event, whose.clone());
        holds(event, json!({"/amount_reversed": total, "/reversed": all}));
    }
}

#[tokio::test]
async fn the_events_of_an_account_have_its_id_and_capabilities() {
    let sandbox = Sandbox::start().await;
    sandbox.stripe.add_account("acct_1", "cop");
    let well = json!({"/charges_enabled": true, "/payouts_enabled": true, "/default_currency": "cop"});
    let past_due = json!({
        "/charges_enabled": false, "/payouts_enabled": false, "/default_currency": "cop",
        "/requirements/disabled_reason": "requirements.past_due",
    });
    for (reason, expected) in [(Some("requirements.past_due"), past_due), (None, well)] {
        sandbox.stripe.restrict_account("acct_1", reason);
        holds(&sandbox.last_event_of_kind("account.updated"), expected);
    }
    sandbox.stripe.fail_payout("acct_1", 14_000_000, "cop");
    holds(&sandbox.last_event_of_kind("payout.failed"), json!({"/amount": 14_000_000, "/currency": "cop"}));
    for event in sandbox.stripe.events() {
        assert_eq!(json_of(&event.body)["account"], "acct_1", "{}", event.kind);
    }
}
