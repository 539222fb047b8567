//! Stripe's events through their own endpoint: signed, and delivered repeatedly.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use chrono::Duration;
use shared::domain::kernel::money::{Currency, Money};
use shared::providers::call::CallError;
use shared::providers::stripe::payment::{CancellationReason, NewPaymentIntent};

use support::world::World;

#[tokio::test]
async fn what_happens_at_stripe_is_delivered_until_it_is_taken_and_may_come_twice() {
    let world = World::start().await;
    let (stripe, sandbox) = (world.service.app.stripe.clone().unwrap(), &world.service.sandbox.stripe);
    let new = NewPaymentIntent {
        money: Money { amount: 10_000, currency: Currency::parse("usd").unwrap() },
        metadata: BTreeMap::from([("booking_id".to_owned(), "booking_1".to_owned())]),
        transfer_group: "booking_1".to_owned(),
    };
    let intent = stripe.create_payment_intent("hold:booking_1", &new).await.unwrap();
    sandbox.authorize(&intent.id);
    let waiting = sandbox.undelivered_events();
    assert_eq!(world.service.deliver_stripe_events().await, waiting.len());
    assert_eq!(world.service.deliver_stripe_events().await, 0);
    for event in waiting.iter().rev() {
        assert_eq!(world.service.deliver_stripe(&event.body).await.status(), StatusCode::OK);
    }

    world.advance(Duration::days(7));
    let late = stripe.cancel("decline:booking_1", &intent.id, CancellationReason::Abandoned).await;
    assert_eq!(late, Err(CallError::WrongState { state: "canceled".to_owned() }));
    assert_eq!(world.service.deliver_stripe_events().await, 3, "the hold lapsed by itself");
}
