//! Events of Stripe that are signed and not ours: of another mode, another account, another shop on the same account,
//! or in a format that nothing here reads. Each is kept, acknowledged and counted, and changes nothing.

use std::collections::BTreeMap;

use chrono::Duration;
use http::Method;
use local::embedded::EmbeddedDynamo;
use local::service::Service;
use serde_json::{Value, json};
use stand_ins::fault::Operation;

use support::booked::{PRICE, booking_id, event, metadata, requested};
use support::log::Log;
use support::world::World;

const OTHER_SHOP: &str = "pi_other_shop";

/// A payment of another shop, with or without metadata of its own.
fn intent(id: &str, metadata: Value) -> Value {
    json!({"id": id, "object": "payment_intent", "amount": PRICE, "amount_capturable": PRICE,
        "amount_received": PRICE, "currency": "usd", "latest_charge": "ch_other_shop", "livemode": false,
        "metadata": metadata, "status": "requires_capture"})
}

fn charge(metadata: Value) -> Value {
    json!({"id": "ch_other_shop", "object": "charge", "amount": PRICE, "amount_captured": PRICE,
        "amount_refunded": 100, "captured": true, "currency": "usd", "livemode": false, "metadata": metadata,
        "payment_intent": OTHER_SHOP})
}

fn dispute(payment: &str) -> Value {
    json!({"id": "du_1", "object": "dispute", "amount": PRICE, "currency": "usd", "livemode": false,
        "metadata": {}, "payment_intent": payment, "status": "needs_response"})
}

fn failed_refund(payment: &str) -> Value {
    json!({"id": "re_1", "object": "refund", "amount": 100, "currency": "usd", "metadata": {},
        "payment_intent": payment, "status": "failed"})
}

#[easy_ext::ext(ForeignStripeEventsSteps)]
impl World {
    /// Every row but those of events and of limits.
    async fn effects(&self) -> Vec<Value> {
        let is_effect = |row: &Value| {
            let pk = row["pk"].as_str().unwrap_or_default();
            !pk.starts_with("EVENT#") && !pk.starts_with("LIMIT#")
        };
        self.rows().await.into_iter().filter(is_effect).collect()
    }

    async fn assert_ignored(&self, event_id: &str, reason: &str) {
        let kept = self.stripe_event(event_id).await;
        assert_eq!((&kept["status"], &kept["reason"]), (&json!("received"), &json!(reason)), "{event_id}");
        assert_eq!(
            kept["payload_min"]["meaning"],
            json!({"kind": "ignored", "reason": reason}),
            "{event_id}"
        );
        assert!(kept.get("due_at").is_none() && kept.get("list_status_pk").is_none(), "{kept}");
        assert!(kept["expires_at"].is_string(), "it leaves by itself: {kept}");
    }

    async fn replay(&self, event_id: &str) -> support::world::Answer {
        self.operator(Method::POST, &format!("/api/webhooks/events/{event_id}/replay")).await
    }

    /// The same table and the same Stripe, behind a service with another key.
    async fn change_key(&mut self, key: &str) {
        let (sandbox, dynamo) = (self.service.sandbox.clone(), self.service.dynamo.clone());
        let lookup = |name: &str| (name == "STRIPE_SECRET_KEY").then(|| key.to_owned());
        self.service = Service::start(sandbox, dynamo, lookup).await.unwrap();
    }
}

#[tokio::test]
async fn payments_of_another_shop_on_the_same_account_are_kept_and_quiet_at_once() {
    let (log, _reading) = Log::open();
    let world = World::start().await;
    let before = world.effects().await;
    let mut number = 0;
    for metadata in [
        json!({}),
        json!({"order": "7"}),
        json!({"booking_id": "B-7"}),
        json!({"booking_id": booking_id("1").to_string()}),
        json!({"booking_id": "B-7", "company_id": "acme"}),
    ] {
        for (name, object) in [
            ("payment_intent.amount_capturable_updated", intent(OTHER_SHOP, metadata.clone())),
            ("payment_intent.succeeded", intent(OTHER_SHOP, metadata.clone())),
            ("payment_intent.canceled", intent(OTHER_SHOP, metadata.clone())),
            ("charge.refunded", charge(metadata.clone())),
            ("transfer.reversed", json!({"id": "tr_1", "amount_reversed": 5, "metadata": metadata})),
        ] {
            number += 1;
            let id = format!("evt_{number}");
            let foreign = event(&id, name, world.now(), object);
            assert_eq!(world.deliver_stripe(&foreign).await["outcome"], "kept", "{name} {metadata}");
            world.assert_ignored(&id, "not_ours").await;
            assert_eq!(world.deliver_stripe(&foreign).await["outcome"], "duplicate");
        }
    }
    // An unreadable part of a payment that is not ours is not listed either.
    let unreadable_object =
        json!({"id": OTHER_SHOP, "amount_received": -1, "currency": "xxx", "metadata": {}});
    world
        .deliver_stripe(&event("evt_strange", "payment_intent.succeeded", world.now(), unreadable_object))
        .await;
    world.assert_ignored("evt_strange", "not_ours").await;
    assert_eq!(world.effects().await, before);
    world.advance(Duration::days(3));
    world.settle().await;
    let listed = world.operator(Method::GET, "/api/webhooks/events").await.ok();
    assert_eq!(listed["data"], json!([]), "no person is asked");
    assert_eq!(world.service.sandbox.stripe.requests().get(Operation::PaymentIntent.name()), None);
    let counted = log.lines_with("events_ignored");
    assert_eq!(counted.len(), number + 1, "each once");
    assert!(counted.iter().all(|line| line["reason"] == "not_ours" && line["events_ignored"] == 1));
    assert!(log.lines_with("events_set_aside").is_empty() && log.lines_with("metrics_ignored").is_empty());
}

#[tokio::test]
async fn a_dispute_or_refund_of_another_shop_is_looked_up_once() {
    let world = World::start().await;
    let stripe = &world.service.sandbox.stripe;
    let other = world.open_payment(booking_id("other"), BTreeMap::new()).await;
    let before = world.effects().await;
    for (id, name, object) in [
        ("evt_1", "charge.dispute.created", dispute(other.as_str())),
        ("evt_2", "refund.failed", failed_refund(other.as_str())),
        ("evt_3", "charge.dispute.closed", {
            let mut unreadable_object = dispute(other.as_str());
            unreadable_object["status"] = json!("a_later_status");
            unreadable_object
        }),
    ] {
        stripe.reset_requests();
        let foreign = event(id, name, world.now(), object);
        assert_eq!(world.deliver_stripe(&foreign).await["outcome"], "kept");
        world.assert_ignored(id, "not_ours").await;
        assert_eq!(stripe.requests().get(Operation::PaymentIntent.name()), Some(&1), "{name}");
    }
    assert_eq!(world.effects().await, before);
}

#[tokio::test]
async fn a_dispute_of_our_payment_with_an_unknown_id_finds_its_booking() {
    let world = World::start().await;
    let id = booking_id("1");
    // The answer to its creation was lost: no row has the payment's id, but it has our metadata.
    let payment = world.open_payment(id, metadata(id)).await;
    world.record_facts(id, None, vec![requested()]).await;
    let dispute_event = event("evt_1", "charge.dispute.created", world.now(), dispute(payment.as_str()));
    assert_eq!(world.deliver_stripe(&dispute_event).await["outcome"], "applied");
    assert_eq!(world.booking_status(id).await, "disputed");
    let mut unreadable_object = dispute(payment.as_str());
    unreadable_object["status"] = json!("a_later_status");
    world.deliver_stripe(&event("evt_2", "charge.dispute.updated", world.now(), unreadable_object)).await;
    let kept = world.stripe_event("evt_2").await;
    assert_eq!((&kept["status"], &kept["reason"]), (&json!("set_aside"), &json!("status_unknown")));
}

#[tokio::test]
async fn a_known_payment_is_ours_regardless_of_its_metadata() {
    let world = World::start().await;
    let id = booking_id("1");
    let payment = world.open_payment(id, BTreeMap::new()).await;
    world.service.sandbox.stripe.authorize(payment.as_str());
    let events = world.service.sandbox.stripe.events();
    let held = events.iter().find(|event| event.kind.ends_with("amount_capturable_updated")).unwrap();
    assert_eq!(world.deliver_stripe_text(&held.body).await["outcome"], "kept");
    world.assert_ignored(&held.id, "not_ours").await;
    assert_eq!(world.replay(&held.id).await.ok()["reason"], "not_ours", "nothing has changed");
    world.record_facts(id, Some(&payment), vec![requested()]).await;
    let replayed = world.replay(&held.id).await.ok();
    assert_eq!((&replayed["status"], &replayed["replays"]), (&json!("applied"), &json!(2)));
    assert_eq!(world.booking_status(id).await, "authorized");
    let charged = events.iter().find(|event| event.kind == "charge.succeeded").unwrap();
    assert_eq!(world.deliver_stripe_text(&charged.body).await["outcome"], "applied");
}

#[tokio::test]
async fn an_event_of_another_account_moves_no_booking_in_whichever_spelling_it_names_it() {
    let world = World::start().await;
    let (id, payment) = world.add_booking("1").await;
    let before = world.effects().await;
    for (number, spelling) in [
        json!({"account": "acct_other"}),
        json!({"user_id": "acct_other"}),
        json!({"context": "acct_other"}),
        json!({"context": "org_1/acct_other"}),
        json!({"account": "acct_other", "context": "acct_other"}),
        json!({"account": "acct_other", "user_id": "acct_another"}),
        json!({"account": {}}),
        json!({"user_id": ""}),
    ]
    .into_iter()
    .enumerate()
    {
        let event_id = format!("evt_{number}");
        let held = intent(&payment, json!(metadata(id)));
        let mut foreign = event(&event_id, "payment_intent.amount_capturable_updated", world.now(), held);
        foreign.as_object_mut().unwrap().extend(spelling.as_object().unwrap().clone());
        assert_eq!(world.deliver_stripe(&foreign).await["outcome"], "kept", "{spelling}");
        world.assert_ignored(&event_id, "other_account").await;
        let replayed = world.replay(&event_id).await;
        assert_eq!(replayed.status, 409, "{replayed:?}");
        assert!(replayed.body.contains("other_account"), "{replayed:?}");
    }
    assert_eq!(world.effects().await, before);
    assert_eq!(world.booking_status(id).await, "requested");
}

#[tokio::test]
async fn an_event_of_the_other_mode_has_no_effect_until_the_right_key_is_there() {
    let mut world = World::start().await;
    let (id, payment) = world.add_booking("1").await;
    world.service.sandbox.stripe.authorize(&payment);
    let undelivered = world.service.sandbox.stripe.undelivered_events();
    let held = undelivered.iter().find(|event| event.kind.ends_with("amount_capturable_updated")).unwrap();
    world.change_key("sk_live_by_mistake").await;
    let before = world.effects().await;
    assert_eq!(world.deliver_stripe_text(&held.body).await["outcome"], "kept");
    world.assert_ignored(&held.id, "wrong_mode").await;
    assert_eq!(world.effects().await, before);
    assert_eq!(world.replay(&held.id).await.status, 409);
    world.change_key("sk_test_the_right_one").await;
    assert_eq!(world.replay(&held.id).await.ok()["status"], "applied");
    assert_eq!(world.booking_status(id).await, "authorized");
    assert_eq!(world.replay(&held.id).await.status, 409, "it is applied");
}

#[tokio::test]
async fn without_a_mode_of_our_key_nothing_is_applied_and_nothing_is_lost() {
    let mut world = World::start().await;
    let (id, payment) = world.add_booking("1").await;
    world.service.sandbox.stripe.authorize(&payment);
    let undelivered = world.service.sandbox.stripe.undelivered_events();
    let held = undelivered.iter().find(|event| event.kind.ends_with("amount_capturable_updated")).unwrap();
    for (number, key) in ["", "sk_of_long_ago"].into_iter().enumerate() {
        world.change_key(key).await;
        let mut held: Value = serde_json::from_str(&held.body).unwrap();
        held["id"] = json!(format!("evt_{number}"));
        assert_eq!(world.deliver_stripe(&held).await["outcome"], "kept");
        let kept = world.stripe_event(&format!("evt_{number}")).await;
        assert_eq!((&kept["status"], &kept["reason"]), (&json!("set_aside"), &json!("mode_unknown")));
    }
    assert_eq!(world.booking_status(id).await, "requested");
    world.change_key("rk_test_restricted").await;
    assert_eq!(world.replay("evt_0").await.ok()["status"], "applied");
    assert_eq!(world.booking_status(id).await, "authorized");
}

#[tokio::test]
async fn every_signed_event_with_an_id_is_stored() {
    let world = World::start().await;
    let before = world.effects().await;
    let thin = json!({"id": "evt_thin", "object": "v2.core.event", "livemode": false,
        "type": "v2.core.account[requirements].updated", "created": "2025-11-18T09:00:00.000Z",
        "related_object": {"id": "acct_1", "type": "v2.core.account", "url": "/v2/core/accounts/acct_1"}});
    let ping = json!({"id": "evt_ping", "object": "v2.core.event", "type": "v2.core.event_destination.ping",
        "livemode": true, "context": "acct_1", "related_object": {"id": "ed_1"}});
    for thin_or_ping in [&thin, &ping] {
        assert_eq!(world.deliver_stripe(thin_or_ping).await["outcome"], "kept");
        world.assert_ignored(thin_or_ping["id"].as_str().unwrap(), "thin_event").await;
    }
    let kept = world.stripe_event("evt_thin").await;
    assert_eq!(kept["payload_min"]["name"], "v2.core.account[requirements].updated");
    assert_eq!(kept["occurred_at"], "2025-11-18T09:00:00.000Z");
    for (number, mut foreign) in [
        json!({"type": "x"}),
        json!({}),
        json!({"type": null}),
        json!({"type": "a name with spaces"}),
        json!({"type": "charge.refunded", "data": null}),
        json!({"type": "charge.refunded", "data": {"object": []}}),
        json!({"type": "payment_intent.succeeded"}),
        json!({"type": "payment_intent.succeeded", "created": {}}),
        json!({"type": "payment_intent.succeeded", "created": "soon", "livemode": "false"}),
        json!({"type": "account.updated", "account": 7, "created": [1]}),
        json!({"object": ["event"], "api_version": {}, "pending_webhooks": "many", "request": 1}),
    ]
    .into_iter()
    .enumerate()
    {
        foreign["id"] = json!(format!("msg_{number}"));
        assert_eq!(world.deliver_stripe(&foreign).await["outcome"], "kept", "{foreign}");
    }
    let odd = json!({"id": "an id with spaces, ü and more", "type": "x"});
    let answer = world.deliver_stripe(&odd).await;
    assert!(answer["event_id"].as_str().unwrap().starts_with("sha256:"), "{answer}");
    assert_eq!(world.deliver_stripe(&odd).await["outcome"], "duplicate");
    assert_eq!(world.effects().await, before);
    world.advance(Duration::days(3));
    world.settle().await;
    let listed = world.operator(Method::GET, "/api/webhooks/events").await.ok();
    assert_eq!(listed["data"], json!([]), "no person is asked");
}

#[tokio::test]
async fn the_stand_in_is_of_the_mode_of_the_key() {
    for (key, is_live) in [("sk_test_1", false), ("rk_live_1", true)] {
        let lookup = |name: &str| (name == "STRIPE_SECRET_KEY").then(|| key.to_owned());
        let world = World::with(EmbeddedDynamo::memory(), lookup).await;
        let (id, payment) = world.add_booking("1").await;
        world.service.sandbox.stripe.authorize(&payment);
        for sent in world.service.sandbox.stripe.events() {
            let body: Value = serde_json::from_str(&sent.body).unwrap();
            assert_eq!(body["livemode"], is_live, "{}", sent.kind);
            assert_eq!(body["data"]["object"]["livemode"], is_live, "{}", sent.kind);
        }
        world.service.deliver_stripe_events().await;
        assert_eq!(world.booking_status(id).await, "authorized");
        let other = if is_live { "sk_test_1" } else { "sk_live_1" };
        let base = format!("http://{}", world.service.providers);
        let other =
            shared::providers::stripe::client::Stripe::new(world.service.app.http.clone(), &base, other);
        assert!(other.payment_intent(&payment).await.is_err(), "a key leads to the world of its mode alone");
    }
}
