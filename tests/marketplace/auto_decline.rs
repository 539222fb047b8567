//! Unanswered bookings: the authorization is voided in time, and the customer is notified.

use chrono::Duration;
use serde_json::json;
use shared::domain::kernel::message::Language;
use shared::domain::marketplace::booking::{BookingFactKind, BookingStatus, CancelledBy, DeclinedReason};
use shared::domain::platform::effect::EffectStatus;
use stand_ins::outbox::Kind;

use support::unanswered::{CONCIERGE, Market, NewBooking};
use support::world::COMPANY;

/// The job that processes the booking.
#[derive(Debug, Clone, Copy)]
enum Job {
    Daily,
    Tick,
}

impl Job {
    async fn run(self, market: &Market) -> serde_json::Value {
        match self {
            Self::Daily => market.sweep().await,
            Self::Tick => market.world.tick().await,
        }
    }
}

#[tokio::test]
async fn an_unanswered_booking_is_declined_after_a_day_and_not_a_minute_before() {
    for job in [Job::Daily, Job::Tick] {
        let market = Market::open().await;
        let id = market.held(1, NewBooking::default()).await;
        market.world.advance(Duration::hours(24) - Duration::minutes(1));
        let report = job.run(&market).await;
        assert_eq!((&report["due"], &report["declined"]), (&json!(0), &json!(0)), "{job:?}: {report}");
        assert_eq!((market.status(id).await, market.counted()), (BookingStatus::Authorized, (0, 0)));

        market.world.advance(Duration::minutes(1));
        let report = job.run(&market).await;
        let counts = ["due", "done", "declined", "failed", "in_doubt"].map(|name| report[name].clone());
        assert_eq!(counts, [1, 1, 1, 0, 0].map(|count| json!(count)), "{job:?}: {report}");
        let booking = market.booking(id).await;
        let decline = booking.decline.unwrap();
        assert_eq!(booking.status, BookingStatus::Declined);
        assert_eq!(
            (decline.reason, decline.processed_by_cron, decline.auto_declined_at()),
            (DeclinedReason::ProfessionalNoResponse, true, Some(market.world.now()))
        );
        assert_eq!(market.at_stripe(id).await, ("canceled".to_owned(), Some(market.world.now())));
        assert_eq!(market.left(Kind::Release)[0].detail["cancellation_reason"], "abandoned");
        let mail = &market.left(Kind::Mail)[0];
        assert_eq!(mail.to, "customer_1@example.com");
        let text = mail.detail["text"].as_str().unwrap();
        assert!(text.contains("did not answer") && text.ends_with(CONCIERGE), "{text}");

        for job in [Job::Daily, Job::Tick] {
            market.world.advance(Duration::hours(1));
            let report = job.run(&market).await;
            assert_eq!((&report["due"], &report["declined"]), (&json!(0), &json!(0)), "{report}");
        }
        assert!(market.is_at_rest().await);
        assert_eq!(market.counted(), (1, 1));
    }
}

#[tokio::test]
async fn an_authorization_is_voided_before_it_expires() {
    let market = Market::open().await;
    let id = market
        .held(1, NewBooking { authorized_booking_for: Duration::hours(10), ..NewBooking::default() })
        .await;
    market.world.advance(Duration::hours(9) - Duration::minutes(1));
    market.sweep().await;
    assert_eq!(market.status(id).await, BookingStatus::Authorized);
    market.world.advance(Duration::minutes(1));
    assert_eq!(market.sweep().await["declined"], 1);
    assert_eq!(market.booking(id).await.decline.unwrap().reason, DeclinedReason::HoldExpired);
    assert!(market.left(Kind::Mail)[0].detail["text"].as_str().unwrap().contains("hold on your card"));
}

#[tokio::test]
async fn a_booking_that_should_begin_within_the_day_is_declined_when_it_should() {
    let market = Market::open().await;
    let id = market.held(1, NewBooking { starts_in: Duration::hours(3), ..NewBooking::default() }).await;
    market.world.advance(Duration::hours(3) - Duration::minutes(1));
    market.sweep().await;
    assert_eq!(market.status(id).await, BookingStatus::Authorized);
    market.world.advance(Duration::minutes(1));
    assert_eq!(market.sweep().await["declined"], 1);
    assert_eq!(market.booking(id).await.decline.unwrap().reason, DeclinedReason::ProfessionalNoResponse);
}

#[tokio::test]
async fn a_customer_is_written_to_in_their_language() {
    let market = Market::open().await;
    market.held(1, NewBooking { language: Language::Es, ..NewBooking::default() }).await;
    market.world.advance(Duration::days(1));
    market.sweep().await;
    let mail = &market.left(Kind::Mail)[0];
    let text = mail.detail["text"].as_str().unwrap();
    assert!(text.contains("no respondió") && text.ends_with(CONCIERGE), "{text}");
}

#[tokio::test]
async fn the_time_to_answer_is_a_setting_and_counts_for_the_bookings_that_wait() {
    let mut market = Market::with(|name| (name == "BOOKING_ANSWER_HOURS").then(|| "2".to_owned())).await;
    let early = market.held(1, NewBooking::default()).await;
    market.world.advance(Duration::hours(2));
    assert_eq!(market.sweep().await["declined"], 1);
    assert_eq!(market.status(early).await, BookingStatus::Declined);

    // The deployment gives more time while a booking waits: it is put off, once, and then declined.
    let late = market.held(2, NewBooking::default()).await;
    market.restart().await;
    market.world.advance(Duration::hours(2));
    let report = market.sweep().await;
    assert_eq!((&report["skipped"], &report["declined"]), (&json!(1), &json!(0)), "{report}");
    assert_eq!(market.sweep().await["due"], 0);
    market.world.advance(Duration::hours(22));
    assert_eq!(market.sweep().await["declined"], 1);
    assert_eq!(market.status(late).await, BookingStatus::Declined);
}

#[tokio::test]
async fn a_booking_nobody_pays_is_called_off_and_its_payment_closed() {
    let market = Market::open().await;
    let id = market.asked(1, NewBooking::default()).await;
    market.world.advance(Duration::hours(24) - Duration::minutes(1));
    market.sweep().await;
    assert_eq!(market.status(id).await, BookingStatus::Requested);
    market.world.advance(Duration::minutes(1));
    let report = market.sweep().await;
    assert_eq!((&report["done"], &report["declined"]), (&json!(1), &json!(0)), "{report}");
    let booking = market.booking(id).await;
    assert_eq!(booking.cancellation, Some((market.world.now(), CancelledBy::Schedule)));
    assert_eq!(market.at_stripe(id).await.0, "canceled");
    assert_eq!(market.counted(), (1, 0), "a customer who did not pay gets no mail");
    assert!(market.is_at_rest().await);
}

#[tokio::test]
async fn a_payment_that_could_not_be_opened_in_time_is_not_opened_after_all() {
    let market = Market::open().await;
    let any = (stand_ins::outbox::Provider::Stripe, stand_ins::fault::Operation::CreatePaymentIntent);
    market.inject_fault(any.0, any.1, "status:429", None, None);
    let id = market.asked(1, NewBooking::default()).await;
    market.world.advance(Duration::hours(24));
    market.world.service.sandbox.faults.clear();
    // The oldest is done first: it would open the payment, had the booking not ended meanwhile.
    market.record_fact(COMPANY, id, BookingFactKind::Cancelled { by: CancelledBy::Customer }).await;
    market.world.service.sandbox.stripe.reset_requests();
    market.sweep().await;
    let steps = market.steps(id).await;
    assert_eq!(
        (steps.len(), steps[0].status, steps[0].reason.as_deref()),
        (1, EffectStatus::Rejected, Some("not_wanted_any_more"))
    );
    assert!(market.world.service.sandbox.stripe.requests().is_empty());
    assert!(market.is_at_rest().await);
}

#[tokio::test]
async fn without_a_key_of_stripe_bookings_are_left_alone() {
    let mut market = Market::open().await;
    let id = market.held(1, NewBooking::default()).await;
    market.world.advance(Duration::days(1));
    let (sandbox, dynamo) = (market.world.service.sandbox.clone(), market.world.service.dynamo.clone());
    let without = |name: &str| (name == "STRIPE_SECRET_KEY").then(String::new);
    let keyless = local::service::Service::start(sandbox, dynamo, without).await.unwrap();
    let keyed = std::mem::replace(&mut market.world.service, keyless);
    for report in [market.sweep().await, market.world.tick().await] {
        let counts = ["due", "skipped", "failed", "declined"].map(|name| report[name].clone());
        assert_eq!(counts, [1, 1, 0, 0].map(|count| json!(count)), "{report}");
    }
    assert_eq!(market.status(id).await, BookingStatus::Authorized);
    market.world.service = keyed;
    assert_eq!(market.sweep().await["declined"], 1, "a key that comes back finds them");
}

#[tokio::test]
async fn the_last_run_shows_in_the_health_of_the_jobs() {
    let market = Market::open().await;
    market.world.tick().await;
    let crons = || async {
        let answer =
            market.world.ask(support::world::bare(http::Method::GET, "/api/health?type=crons")).await;
        (answer.status.as_u16(), answer.json()["checks"]["crons"]["auto-decline"].clone())
    };
    let (status, health) = crons().await;
    assert_eq!((status, &health["status"]), (200, &json!("never_ran")), "a new deployment is not ill");
    market.held(1, NewBooking::default()).await;
    market.world.advance(Duration::days(1));
    let report = market.sweep().await;
    market.world.tick().await;
    assert_eq!(crons().await.0, 503, "the payouts of Tuesday and a reconciliation were missed");
    let (service, tuesday) = (&market.world.service, market.world.now() - Duration::hours(18));
    for (job, path) in [("payouts", "/api/cron/process-payouts"), ("reconciliation", "/api/cron/reconcile")] {
        assert!(service.fire(job, path, tuesday).await.status().is_success(), "{job}");
    }
    let (status, health) = crons().await;
    assert_eq!((status, &health["status"], &health["last_report"]), (200, &json!("ok"), &report));
    market.world.advance(Duration::hours(26) + Duration::seconds(1));
    market.world.tick().await;
    let (status, health) = crons().await;
    assert_eq!((status, &health["status"]), (503, &json!("late")));
}
