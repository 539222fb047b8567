//! Bookings of a table that was restored from an older copy: what happened at Stripe since then counts, and
//! nobody gets a mail that is false.

use chrono::Duration;
use local::service::TABLE;
use shared::domain::kernel::party::BookingId;
use shared::domain::marketplace::booking::{BookingStatus, CancelledBy};
use stand_ins::fault::Operation;
use stand_ins::outbox::{Kind, Provider};

use support::unanswered::{Market, NewBooking};
use support::world::COMPANY;

/// A market with an unpaid booking, the copy of its table, and the end of the time to pay.
struct Restored {
    market: Market,
    id: BookingId,
    payment: String,
}

impl Restored {
    /// Restores the copy after `meanwhile` has happened at Stripe.
    async fn after(meanwhile: impl AsyncFnOnce(&Self)) -> Self {
        let market = Market::open().await;
        let id = market.asked(1, NewBooking::default()).await;
        let payment = market.payment_of(COMPANY, id).await.as_str().to_owned();
        let copy = market.world.service.dynamo.rows(TABLE);
        let restored = Self { market, id, payment };
        meanwhile(&restored).await;
        restored.market.world.service.dynamo.restore_rows(TABLE, &copy);
        assert_eq!(restored.market.status(id).await, BookingStatus::Requested);
        restored
    }

    async fn pass_deadline(&self) {
        self.market.world.advance(Duration::hours(25));
        self.market.sweep().await;
    }
}

#[tokio::test]
async fn a_payment_that_an_earlier_life_closed_cancels_the_booking_without_a_mail() {
    for is_swept_first in [false, true] {
        let restored = Restored::after(async |it| {
            it.pass_deadline().await;
            assert_eq!(it.market.status(it.id).await, BookingStatus::Cancelled, "the earlier life");
        })
        .await;
        let market = &restored.market;
        if is_swept_first {
            market.sweep().await;
        }
        market.world.service.deliver_stripe_events().await;
        market.world.settle().await;
        let booking = market.booking(restored.id).await;
        assert_eq!(booking.status, BookingStatus::Cancelled, "swept first: {is_swept_first}");
        assert_eq!(booking.cancellation.map(|(_, by)| by), Some(CancelledBy::Schedule));
        assert_eq!(market.counted(), (1, 0), "one void in both lives, and nobody is told of held money");
        assert!(market.is_at_rest().await);
    }
}

#[tokio::test]
async fn a_booking_that_was_paid_meanwhile_is_not_cancelled_and_its_money_is_not_refunded() {
    let restored = Restored::after(async |it| {
        it.market.world.service.sandbox.stripe.authorize(&it.payment);
        it.market.world.service.sandbox.stripe.capture_outside(&it.payment);
    })
    .await;
    restored.pass_deadline().await;
    let market = &restored.market;
    assert_eq!(market.status(restored.id).await, BookingStatus::Accepted);
    assert_eq!(market.at_stripe(restored.id).await.0, "succeeded");
    market.world.service.deliver_stripe_events().await;
    market.world.settle().await;
    assert_eq!(market.status(restored.id).await, BookingStatus::Accepted);
    let moved = [Kind::Refund, Kind::Release, Kind::Mail].map(|kind| market.left(kind).len());
    assert_eq!(moved, [0, 0, 0], "refunds, voids and mails");
}

#[tokio::test]
async fn a_booking_whose_payment_was_authorized_meanwhile_waits_for_its_answer() {
    let restored = Restored::after(async |it| {
        let until = it.market.world.now() + Duration::days(7);
        it.market.world.service.sandbox.stripe.authorize_until(&it.payment, until);
    })
    .await;
    restored.pass_deadline().await;
    let market = &restored.market;
    assert_eq!(market.status(restored.id).await, BookingStatus::Authorized);
    assert_eq!(market.counted(), (0, 0));
    // From then on it is declined like any other, and its mail is true: an amount was set aside.
    market.world.advance(Duration::hours(24));
    market.sweep().await;
    assert_eq!(market.status(restored.id).await, BookingStatus::Declined);
    assert_eq!(market.counted(), (1, 1));
    assert!(market.left(Kind::Mail)[0].detail["text"].as_str().unwrap().contains("free again"));
}

#[tokio::test]
async fn an_unpaid_booking_waits_while_stripe_cannot_be_asked() {
    let restored = Restored::after(async |_| {}).await;
    let market = &restored.market;
    market.inject_fault(Provider::Stripe, Operation::Any, "status:503", None, None);
    restored.pass_deadline().await;
    assert_eq!(market.status(restored.id).await, BookingStatus::Requested);
    market.world.service.sandbox.faults.clear();
    market.world.advance(Duration::minutes(5));
    market.sweep().await;
    assert_eq!(market.status(restored.id).await, BookingStatus::Cancelled);
    assert_eq!(market.counted(), (1, 0));
}
