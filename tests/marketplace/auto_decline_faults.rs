//! Faults during a decline: at every request, at either provider, once and for hours.

use chrono::Duration;
use serde_json::json;
use shared::domain::marketplace::booking::BookingStatus;
use shared::domain::platform::effect::EffectStatus;
use stand_ins::fault::Operation;
use stand_ins::outbox::{Kind, Provider};

use support::injected_fault::{FAULT_POINTS, InjectedFault};
use support::unanswered::{DAILY, Market, NewBooking};
use support::world::COMPANY;

/// Longer than the lease of any claim.
const LEASES: Duration = Duration::minutes(3);

#[tokio::test]
async fn a_decline_survives_trouble_at_every_request() {
    let (mut runs, mut most_ticks) = (0, 0);
    for fault in FAULT_POINTS {
        for call in 1.. {
            let context = format!("{fault:?} at call {call}");
            let mut market = Market::open().await;
            let id = market.held(1, NewBooking::default()).await;
            market.world.advance(Duration::hours(24));
            let injected_fault = InjectedFault::at(&market.world, fault, call);
            let run = market.world.service.fire("auto-decline", DAILY, market.world.now());
            let was_injected = injected_fault.during(run).await;
            market.restart().await;
            let mut ticks = 0;
            while !market.is_at_rest().await {
                ticks += 1;
                assert!(ticks <= 3, "{context}: not at rest after three ticks");
                market.world.advance(LEASES);
                market.world.tick().await;
            }
            assert_eq!(market.counted(), (1, 1), "{context}");
            let booking = market.booking(id).await;
            assert_eq!(booking.status, BookingStatus::Declined, "{context}");
            for step in market.steps(id).await {
                assert_eq!(step.status, EffectStatus::Done, "{context}: {}", step.action.operation);
            }
            (runs, most_ticks) = (runs + 1, most_ticks.max(ticks));
            if !was_injected {
                break;
            }
        }
    }
    eprintln!("a decline: {runs} runs, at rest after at most {most_ticks} ticks");
}

#[tokio::test]
async fn a_moment_of_trouble_at_either_provider_neither_repeats_nor_forgets() {
    let kinds = [
        "status:429",
        "status:401",
        "status:500",
        "status:503",
        "status:409",
        "drop_before",
        "drop_after",
        "error_after:500",
        "slow:20",
    ];
    let stored = ["stored:500", "stored_after:500"];
    let places = [(Provider::Stripe, Operation::CancelPaymentIntent), (Provider::Resend, Operation::Emails)];
    for (provider, operation) in places {
        for kind in kinds.iter().chain(stored.iter().filter(|_| provider == Provider::Stripe)) {
            for times in [1, 3] {
                let context = format!("{kind} at {operation:?}, {times} times");
                let market = Market::open().await;
                let id = market.held(1, NewBooking::default()).await;
                market.inject_fault(provider, operation, kind, Some(times), None);
                market.world.advance(Duration::hours(24));
                market.sweep().await;
                market.tick_for(Duration::hours(1), Duration::minutes(5)).await;
                assert_eq!(market.counted(), (1, 1), "{context}");
                assert_eq!(market.status(id).await, BookingStatus::Declined, "{context}");
                assert!(market.is_at_rest().await, "{context}");
            }
        }
    }
}

#[tokio::test]
async fn while_no_mail_can_be_sent_bookings_are_declined_on_time_and_their_customers_told_later() {
    for kind in ["status:500", "status:429", "status:401", "drop_before"] {
        let market = Market::open().await;
        market.inject_fault(Provider::Resend, Operation::Emails, kind, None, None);
        market.many_held(COMPANY, 0..20).await;
        market.world.advance(Duration::hours(3));
        let late = market.many_held(COMPANY, 20..30).await;
        market.world.advance(Duration::hours(21));
        let report = market.sweep().await;
        assert_eq!(report["declined"], 20, "{kind}: {report}");
        market.tick_for(Duration::hours(3) - Duration::minutes(5), Duration::minutes(5)).await;
        assert_eq!(market.status(late[0]).await, BookingStatus::Authorized);
        market.tick_for(Duration::minutes(5), Duration::minutes(5)).await;
        assert_eq!(market.counted(), (30, 0), "{kind}: the waiting mails block no other booking");

        market.tick_for(Duration::hours(2), Duration::minutes(5)).await;
        market.world.service.sandbox.faults.clear();
        market.tick_for(Duration::hours(1), Duration::minutes(5)).await;
        assert_eq!(market.counted(), (30, 30), "{kind}");
        assert!(market.is_at_rest().await, "{kind}");
    }
}

#[tokio::test]
async fn a_mail_in_doubt_for_longer_than_its_key_lives_is_shown_and_not_sent_again() {
    for (kind, sent) in [("drop_after", 1), ("drop_before", 0)] {
        let market = Market::open().await;
        let id = market.held(1, NewBooking::default()).await;
        market.world.advance(Duration::hours(24));
        market.inject_fault(Provider::Resend, Operation::Emails, kind, Some(1), None);
        market.sweep().await;
        // No tick for a day: the deployment was stopped.
        market.world.advance(Duration::hours(23) + Duration::minutes(1));
        let report = market.sweep().await;
        assert_eq!(report["in_doubt"], 1, "{kind}: {report}");
        let steps = market.steps(id).await;
        let mail = steps.iter().find(|step| step.action.operation.starts_with("decline_mail:")).unwrap();
        assert_eq!((mail.status, mail.reason.as_deref()), (EffectStatus::Unknown, Some("key_expired")));
        assert_eq!((market.counted(), market.is_at_rest().await), ((1, sent), true), "{kind}");
    }
}

#[tokio::test]
async fn while_stripe_refuses_everybody_few_are_asked_about_and_nobody_is_told_too_early() {
    for kind in ["status:429", "status:500", "status:401", "drop_before"] {
        let market = Market::open().await;
        market.many_held(COMPANY, 0..60).await;
        market.inject_fault(Provider::Stripe, Operation::CancelPaymentIntent, kind, None, None);
        market.world.advance(Duration::hours(24));
        let stripe = &market.world.service.sandbox.stripe;
        stripe.reset_requests();
        let report = market.sweep().await;
        let asked = stripe.requests()["cancel_payment_intent"];
        assert!(asked < 40 && report["more"] == true, "{kind}: asked {asked} times, {report}");
        market.tick_for(Duration::hours(3), Duration::minutes(5)).await;
        assert_eq!(market.counted(), (0, 0), "{kind}");
        market.world.service.sandbox.faults.clear();
        market.tick_for(Duration::hours(2), Duration::minutes(5)).await;
        assert_eq!(market.counted(), (60, 60), "{kind}");
        assert!(market.is_at_rest().await, "{kind}");
    }
}

#[tokio::test]
async fn a_company_whose_bookings_fail_does_not_block_others() {
    for job in ["daily", "tick"] {
        let market = Market::open().await;
        market.world.add_company("biz_loud", "user_loud", true);
        market.many_held("biz_loud", 0..40).await;
        market.world.advance(Duration::minutes(1));
        market.many_held(COMPANY, 40..43).await;
        let cancel = Operation::CancelPaymentIntent;
        market.inject_fault(Provider::Stripe, cancel, "status:500", None, Some("biz_loud"));
        market.world.advance(Duration::hours(24));
        let report = if job == "daily" { market.sweep().await } else { market.world.tick().await };
        assert_eq!(market.counted(), (3, 3), "{job}: {report}");
        assert_eq!(report["more"], true, "{job}: the others wait for the next run: {report}");
    }
}

#[tokio::test]
async fn a_company_whose_app_fails_at_whop_still_has_its_bookings_declined() {
    let market = Market::open().await;
    let world = &market.world;
    world.add_reminding(COMPANY, &[0]).await;
    world.open_cases(COMPANY, 20).await;
    world.inject_fault(Operation::Memberships, "status:500", None, None);
    market.many_held(COMPANY, 0..3).await;
    // Set aside after three failing runs, with its cases still due before its bookings.
    for _ in 0..4 {
        world.tick().await;
        world.advance(Duration::minutes(5));
    }
    world.advance(Duration::hours(24) - Duration::minutes(20));
    let report = world.tick().await;
    assert_eq!((&report["declined"], market.counted()), (&json!(3), (3, 3)), "{report}");
    assert_eq!(world.sent(Kind::Push), 0);
}
