//! A second payment that names a booking: in whatever order Stripe reports the two, the booking follows its
//! own payment.

use chrono::Duration;
use shared::domain::kernel::party::PaymentIntentId;
use shared::domain::marketplace::booking::{Anomaly, Booking, BookingFactKind, BookingStatus};
use shared::domain::marketplace::payout::transfer_group;
use shared::providers::stripe::payment::NewPaymentIntent;

use support::booked::{booking_id, fact, metadata, requested, usd};
use support::world::{World, beginning};

/// The payment that is opened first in every world here.
const OWN: &str = "pi_0000000001";
/// The other, which names the same booking.
const OTHER: &str = "pi_0000000002";

/// Both payments, of which the other is of another amount.
async fn two_payments() -> World {
    let world = World::start().await;
    let id = booking_id("1");
    assert_eq!(world.open_payment(id, metadata(id)).await.as_str(), OWN);
    let new =
        NewPaymentIntent { money: usd(12_000), metadata: metadata(id), transfer_group: transfer_group(id) };
    let stripe = world.service.app.stripe.clone().unwrap();
    assert_eq!(stripe.create_payment_intent("by hand", &new).await.unwrap().id, OTHER);
    world.advance(Duration::hours(1));
    world
}

/// The events of a world, in the order of creation.
fn deliveries(world: &World) -> Vec<String> {
    world.service.sandbox.stripe.events().into_iter().map(|event| event.body).collect()
}

/// The booking and its ledger after all deliveries; the booking is requested after the given number of them.
async fn deliver_in_order(deliveries: &[&String], asked_after: usize) -> (Booking, Vec<(String, i64)>) {
    let world = World::start().await;
    world.advance(Duration::days(40));
    let (id, own) = (booking_id("1"), PaymentIntentId::parse(OWN).unwrap());
    let facts = || {
        let done = [(2, BookingFactKind::Accepted), (48, BookingFactKind::Completed)];
        let done = done.map(|(hours, what)| fact(beginning() + Duration::hours(hours), what));
        [requested()].into_iter().chain(done).collect()
    };
    for (place, delivery) in deliveries.iter().enumerate() {
        if place == asked_after {
            world.record_facts(id, Some(&own), facts()).await;
        }
        world.deliver_stripe_text(delivery).await;
    }
    if deliveries.len() <= asked_after {
        world.record_facts(id, Some(&own), facts()).await;
    }
    world.apply_what_waits().await;
    for event in world.rows_of("EVENT#stripe#").await {
        assert!(matches!(event["status"].as_str(), Some("applied" | "received")), "{event}");
    }
    let balances = world.balances().await.into_iter().collect();
    (world.booking_row(id).await.booking().unwrap(), balances)
}

/// Delivers in both directions from every position, and returns the common result.
async fn end_of(deliveries: Vec<String>) -> Booking {
    let mut ends = Vec::new();
    for backwards in [false, true] {
        for first in 0..deliveries.len() {
            let mut order: Vec<&String> = deliveries.iter().collect();
            if backwards {
                order.reverse();
            }
            order.rotate_left(first);
            ends.push(deliver_in_order(&order, first).await);
        }
    }
    let (first, others) = ends.split_first().unwrap();
    for other in others {
        assert_eq!(other, first);
    }
    first.0.clone()
}

#[tokio::test]
async fn a_void_of_another_payment_ends_no_booking() {
    let world = two_payments().await;
    let stripe = &world.service.sandbox.stripe;
    stripe.authorize(OTHER);
    world.advance(Duration::hours(1));
    stripe.cancel_outside(OTHER);
    world.advance(Duration::hours(1));
    stripe.authorize(OWN);
    stripe.capture_outside(OWN);
    let booking = end_of(deliveries(&world)).await;
    assert_eq!((booking.stage, booking.amounts.captured), (BookingStatus::Completed, 10_000));
    assert_eq!((booking.payment_intent.unwrap().as_str(), booking.anomalies.len()), (OWN, 0));
}

#[tokio::test]
async fn a_refund_of_another_payment_refunds_no_booking() {
    let world = two_payments().await;
    let stripe = &world.service.sandbox.stripe;
    for payment in [OWN, OTHER] {
        stripe.authorize(payment);
        stripe.capture_outside(payment);
        world.advance(Duration::hours(1));
    }
    stripe.refund(OTHER, 4_000);
    world.advance(Duration::hours(1));
    stripe.open_dispute(OTHER);
    let booking = end_of(deliveries(&world)).await;
    assert_eq!((booking.status, booking.dispute_open), (BookingStatus::Completed, false));
    assert_eq!((booking.amounts.captured, booking.amounts.remaining()), (10_000, 10_000));
    assert_eq!(booking.anomalies.into_iter().collect::<Vec<_>>(), [Anomaly::SecondPayment]);
}

#[tokio::test]
async fn a_hold_that_lapses_ends_no_booking_that_was_paid_otherwise() {
    let world = two_payments().await;
    let stripe = &world.service.sandbox.stripe;
    stripe.authorize(OWN);
    world.advance(Duration::hours(1));
    stripe.authorize(OTHER);
    stripe.capture_outside(OTHER);
    world.advance(Duration::days(7));
    let booking = end_of(deliveries(&world)).await;
    assert_eq!((booking.stage, booking.amounts.captured), (BookingStatus::Completed, 12_000));
    assert_eq!(booking.payment_intent.unwrap().as_str(), OTHER);
    assert_eq!(booking.anomalies.into_iter().collect::<Vec<_>>(), [Anomaly::CapturedAbovePrice]);
}
