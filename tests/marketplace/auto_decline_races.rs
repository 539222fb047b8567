//! Races between a decline and an accept, a capture at Stripe, or another run: the first wins, and nothing
//! happens twice.

use chrono::Duration;
use serde_json::{Value, json};
use shared::domain::marketplace::booking::{BookingCommand, BookingStatus, Refusal};
use shared::domain::marketplace::booking_record::BookingChange;
use shared::domain::platform::effect::EffectStatus;
use shared::due::{RowOutcome, SweepLimits};
use shared::store::StoreError;
use shared::store::due::SWEEP;
use stand_ins::fault::Operation;
use stand_ins::outbox::{Kind, Provider};
use stand_ins::stripe::IntentStatus;

use support::unanswered::{Market, NewBooking};
use support::world::COMPANY;

/// The professional accepts, as far as the booking that was read allows it.
async fn accept(market: &Market, id: shared::domain::kernel::party::BookingId) -> Result<(), Refusal> {
    let app = &market.world.service.app;
    let company = market.company(COMPANY);
    loop {
        let row = company.booking(id).await.unwrap();
        let fact =
            row.booking().unwrap().apply_command(BookingCommand::Accept, "accept:1", market.world.now())?;
        let change =
            BookingChange { facts: vec![fact], cause: "accept:1".to_owned(), ..BookingChange::default() };
        let booking_config = &app.config.marketplace.booking_config;
        let recording = company.record_booking(row, change, booking_config, market.world.now()).unwrap();
        match company.store().commit(app.ids.next(), recording.writes).await {
            Ok(()) => {
                market.execute_steps(COMPANY, id, recording.steps).await;
                return Ok(());
            }
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn an_accept_in_the_last_minute_wins_and_nothing_is_left_to_sweep() {
    let market = Market::open().await;
    let id = market.held(1, NewBooking::default()).await;
    market.world.advance(Duration::hours(24));
    accept(&market, id).await.unwrap();
    assert_eq!(market.sweep().await["due"], 0);
    assert_eq!((market.status(id).await, market.counted()), (BookingStatus::Accepted, (0, 0)));
    assert_eq!((market.at_stripe(id).await.0.as_str(), market.left(Kind::Capture).len()), ("succeeded", 1));
}

#[tokio::test]
async fn an_accept_and_a_sweep_at_the_same_moment_have_one_winner() {
    let mut wins = [0, 0];
    for head_start in 0..40 {
        let market = Market::open().await;
        let id = market.held(1, NewBooking::default()).await;
        market.world.advance(Duration::hours(24));
        let late_accept = async {
            for _ in 0..head_start {
                tokio::task::yield_now().await;
            }
            accept(&market, id).await
        };
        let (accepted, report) = tokio::join!(late_accept, market.sweep());
        let context = format!("head start {head_start}: {accepted:?} {report}");
        let captured = market.left(Kind::Capture).len();
        match accepted {
            Ok(()) => {
                assert_eq!(market.status(id).await, BookingStatus::Accepted, "{context}");
                assert_eq!((captured, market.counted()), (1, (0, 0)), "{context}");
                assert_eq!(report["declined"], 0, "{context}");
            }
            Err(refusal) => {
                assert_eq!(refusal, Refusal::AlreadyDeclined, "{context}");
                assert_eq!(market.status(id).await, BookingStatus::Declined, "{context}");
                assert_eq!((captured, market.counted()), (0, (1, 1)), "{context}");
            }
        }
        wins[usize::from(accepted.is_ok())] += 1;
        assert!(market.is_at_rest().await, "{context}");
    }
    assert!(wins[0] > 0 && wins[1] > 0, "both must happen: {wins:?}");
}

#[tokio::test]
async fn a_capture_elsewhere_wins_over_the_decline() {
    let market = Market::open().await;
    let id = market.held(1, NewBooking::default()).await;
    market.world.advance(Duration::hours(24));
    // The event of it is not delivered yet.
    let payment = market.payment_of(COMPANY, id).await;
    market.world.service.sandbox.stripe.capture_outside(payment.as_str());
    let report = market.sweep().await;
    assert_eq!((&report["done"], &report["declined"]), (&json!(1), &json!(0)), "{report}");
    let booking = market.booking(id).await;
    assert_eq!((booking.status, booking.amounts.captured), (BookingStatus::Accepted, 10_000));
    assert_eq!((booking.decline, market.counted()), (None, (0, 0)));
    let steps = market.steps(id).await;
    let release = steps.iter().find(|step| step.action.operation.starts_with("release:")).unwrap();
    assert_eq!(
        (release.status, release.reason.as_deref()),
        (EffectStatus::Rejected, Some("payment_captured"))
    );
    assert!(market.is_at_rest().await);
}

#[tokio::test]
async fn a_payment_in_processing_is_retried_later() {
    let market = Market::open().await;
    let id = market.held(1, NewBooking::default()).await;
    let payment = market.payment_of(COMPANY, id).await;
    let stripe = &market.world.service.sandbox.stripe;
    stripe.set_status(payment.as_str(), IntentStatus::Processing);
    market.world.advance(Duration::hours(24));
    let report = market.sweep().await;
    assert_eq!((&report["failed"], market.counted()), (&json!(1), (0, 0)), "{report}");
    stripe.reset_requests();
    for _ in 0..3 {
        assert_eq!(market.sweep().await["due"], 0, "not before its time");
    }
    assert_eq!(stripe.requests().len(), 0);
    market.tick_for(Duration::hours(2), Duration::minutes(5)).await;
    assert_eq!(market.counted(), (0, 0), "no mail while the payment may still be captured");
    assert!(stripe.requests().values().sum::<u64>() < 30, "{:?}", stripe.requests());

    // Stripe stores its refusal under the key for a day; the authorization is voided all the same.
    stripe.set_status(payment.as_str(), IntentStatus::RequiresCapture);
    market.tick_for(Duration::hours(2), Duration::minutes(5)).await;
    assert_eq!((market.status(id).await, market.counted()), (BookingStatus::Declined, (1, 1)));
    assert!(market.is_at_rest().await);
}

#[tokio::test]
async fn a_payment_voided_elsewhere_is_not_voided_again_and_its_customer_notified_once() {
    let market = Market::open().await;
    let id = market.held(1, NewBooking::default()).await;
    let payment = market.payment_of(COMPANY, id).await;
    market.world.advance(Duration::hours(24));
    market.world.service.sandbox.stripe.cancel_outside(payment.as_str());
    let report = market.sweep().await;
    assert_eq!((&report["done"], &report["declined"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!((market.status(id).await, market.counted()), (BookingStatus::Declined, (0, 1)));
    assert!(market.is_at_rest().await);
}

#[tokio::test]
async fn runs_at_the_same_moment_decline_each_booking_once() {
    for kept_waiting in 0..12 {
        let market = Market::open().await;
        let ids = market.many_held(COMPANY, 0..6).await;
        market.world.advance(Duration::hours(24));
        let second = async {
            for _ in 0..kept_waiting * 3 {
                tokio::task::yield_now().await;
            }
            market.sweep().await
        };
        let reports: [Value; 3] = tokio::join!(market.sweep(), second, market.world.tick()).into();
        market.sweep().await;
        let declined: u64 = reports.iter().map(|report| report["declined"].as_u64().unwrap()).sum();
        assert_eq!((declined, market.counted()), (6, (6, 6)), "{reports:#?}");
        for id in ids {
            assert_eq!(market.status(id).await, BookingStatus::Declined);
        }
        // A booking claimed by one run is processed by another once the claim has expired.
        market.world.advance(Duration::minutes(3));
        market.world.tick().await;
        assert!(market.is_at_rest().await);
        assert_eq!(market.counted(), (6, 6));
    }
}

#[tokio::test]
async fn a_stale_index_repeats_nothing_and_causes_few_requests() {
    let market = Market::open().await;
    market.many_held(COMPANY, 0..3).await;
    market.world.advance(Duration::hours(24));
    let app = &market.world.service.app;
    let store = app.store().unwrap();
    let look = || shared::due::collect(store, SWEEP, SweepLimits::default(), market.world.now());
    let stale = look().await.unwrap();
    let stripe = &market.world.service.sandbox.stripe;
    market.inject_fault(Provider::Stripe, Operation::CancelPaymentIntent, "status:429", Some(3), None);
    market.sweep().await;
    market.world.advance(Duration::minutes(1));
    let waiting = look().await.unwrap();
    market.inject_fault(Provider::Stripe, Operation::CancelPaymentIntent, "status:429", Some(3), None);
    market.sweep().await;
    stripe.reset_requests();
    let rows = || stale.queues.iter().chain(&waiting.queues).flat_map(|queue| &queue.rows);
    assert_eq!(rows().count(), 6);
    for row in rows() {
        let ended = app.bookings(store).work_on(row).await;
        assert_eq!((ended.worked, ended.declined), (RowOutcome::Skipped, false), "{row:?}");
    }
    assert!(stripe.requests().is_empty(), "each waits for its next try");
    market.world.advance(Duration::minutes(2));
    market.sweep().await;
    for row in rows() {
        assert_eq!(app.bookings(store).work_on(row).await.worked, RowOutcome::Skipped);
    }
    assert_eq!(market.counted(), (3, 3));
}
