//! Mails about final refusals of Stripe: both sides of a booking are notified of a refused capture, the
//! customer of a refused refund or void, and each once when it succeeds later.

use chrono::Duration;
use http::Method;
use local::embedded::EmbeddedDynamo;
use serde_json::{Value, json};
use shared::store::keys::AccountKey;
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;
use stand_ins::resend::MailOutcome;

use support::browser::PASSWORD;
use support::parties::{path_of, payment_of};
use support::world::{COMPANY, World};

const CUSTOMER: &str = "customer@example.com";
pub const PROFESSIONAL: &str = "professional@example.com";

const REFUSED: &str = "refused:402:card_declined";

/// A world whose accounts belong to the company of its bookings.
pub async fn with_accounts() -> World {
    let lookup = |name: &str| (name == "PLATFORM_COMPANY_ID").then(|| COMPANY.to_owned());
    World::with(EmbeddedDynamo::memory(), lookup).await
}

/// The account of an address, as bookings name it.
pub fn key_of(email: &str) -> String {
    AccountKey::of_name(email).to_string()
}

#[easy_ext::ext(RefusalMailsSteps)]
pub impl World {
    /// Signs up in a role, and confirms the address if so.
    async fn open_account(&self, email: &str, role: &str, is_confirmed: bool) {
        let body = json!({"email": email, "password": PASSWORD, "role": role});
        assert_eq!(self.post_without_session("/api/auth/sign-up", body).await.status, 202);
        if is_confirmed {
            let body = json!({"token": self.newest_mail().token(), "password": PASSWORD});
            self.post_without_session("/api/auth/confirm", body).await.ok();
        }
    }

    /// The kinds of the booking mails to an address, oldest first.
    fn booking_mails(&self, to: &str) -> Vec<String> {
        let entries = self.service.sandbox.outbox.entries().into_iter();
        let is_about_booking =
            |key: &Option<String>| !key.as_deref().unwrap_or_default().starts_with("link:");
        entries
            .filter(|entry| {
                entry.kind == Kind::Mail && entry.to == to && is_about_booking(&entry.idempotency_key)
            })
            .map(|entry| entry.detail["text"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The consequences of the listed refusals.
    async fn consequences(&self) -> Vec<String> {
        let refused = self.refused().await;
        refused.iter().map(|effect| effect["consequence"].as_str().unwrap().to_owned()).collect()
    }

    /// Advances the clock and runs the sweep.
    async fn wait(&self, minutes: i64) {
        self.advance(Duration::minutes(minutes));
        self.settle().await;
    }
}

#[tokio::test]
async fn both_sides_get_mails_about_a_later_refused_capture_and_its_success() {
    let world = with_accounts().await;
    world.open_account(PROFESSIONAL, "professional", true).await;
    let booking = world.authorized_booking_for(&key_of(PROFESSIONAL), "key-1").await;
    world.inject_stripe_fault(Operation::Capture, "status:503", Some(1));
    assert_eq!(world.decide(&booking, "accept", "key-2").await.status, 202);
    assert_eq!(world.booking_mails(PROFESSIONAL), Vec::<String>::new(), "nothing is decided yet");
    world.inject_stripe_fault(Operation::Capture, REFUSED, Some(1));
    world.wait(10).await;
    assert_eq!(world.seen(&booking).await["payment_status"], "capture_refused");
    let (customer, professional) = (world.booking_mails(CUSTOMER), world.booking_mails(PROFESSIONAL));
    assert!(customer.len() == 1 && customer[0].contains("could not be taken"), "{customer:?}");
    let id = booking["booking_id"].as_str().unwrap();
    assert!(professional.len() == 1 && professional[0].ends_with(id), "{professional:?}");
    assert!(professional[0].contains("is not confirmed") && !professional[0].contains(CUSTOMER));
    assert_eq!(world.consequences().await, ["payment_not_captured"]);

    let listed = world.refused_one().await;
    world.resolve_refusal(&listed, "try_again").await.ok();
    world.wait(10).await;
    let (customer, professional) = (world.booking_mails(CUSTOMER), world.booking_mails(PROFESSIONAL));
    assert!(customer.len() == 2 && customer[1].contains("is confirmed"), "{customer:?}");
    assert!(professional.len() == 2 && professional[1].contains("is confirmed"), "{professional:?}");
    assert_eq!((world.consequences().await.len(), world.sent(Kind::Capture)), (0, 1));
}

#[tokio::test]
async fn a_professional_whose_acceptance_was_refused_at_once_has_it_in_writing_too() {
    let world = with_accounts().await;
    world.open_account(PROFESSIONAL, "professional", true).await;
    let booking = world.authorized_booking_for(&key_of(PROFESSIONAL), "key-1").await;
    world.inject_stripe_fault(Operation::Capture, REFUSED, Some(1));
    assert_eq!(world.decide(&booking, "accept", "key-2").await.status, 409);
    assert_eq!(world.booking_mails(PROFESSIONAL).len(), 1, "the owner may have accepted for them");
    world.service.sandbox.stripe.cancel_outside(payment_of(&booking));
    world.service.deliver_stripe_events().await;
    world.wait(10).await;
    assert_eq!(world.booking_mails(PROFESSIONAL).len(), 1, "one mail, however it ends");
}

#[tokio::test]
async fn a_professional_who_accepted_gets_a_mail_when_the_authorization_expires_uncaptured() {
    let world = with_accounts().await;
    world.open_account(PROFESSIONAL, "professional", true).await;
    let booking = world.authorized_booking_for(&key_of(PROFESSIONAL), "key-1").await;
    world.inject_stripe_fault(Operation::Capture, "status:429", Some(1));
    assert_eq!(world.decide(&booking, "accept", "key-2").await.status, 202);
    // No sweep for a week: the deployment was stopped.
    world.advance(Duration::days(7));
    world.service.deliver_stripe_events().await;
    world.wait(10).await;
    let seen = world.seen(&booking).await;
    assert_eq!((&seen["status"], &seen["declined_reason"]), (&json!("declined"), &json!("hold_expired")));
    assert_eq!([CUSTOMER, PROFESSIONAL].map(|to| world.booking_mails(to).len()), [1, 1]);
    assert_eq!((world.consequences().await.len(), world.sent(Kind::Capture)), (0, 0));
}

#[tokio::test]
async fn a_professional_without_an_address_gets_no_mail_and_booking_and_event_bus_report_it() {
    for (role, is_confirmed) in [("customer", true), ("professional", false)] {
        let world = with_accounts().await;
        world.open_account(PROFESSIONAL, role, is_confirmed).await;
        let booking = world.authorized_booking_for(&key_of(PROFESSIONAL), "key-1").await;
        world.inject_stripe_fault(Operation::Capture, REFUSED, Some(1));
        world.decide(&booking, "accept", "key-2").await;
        let mails = [CUSTOMER, PROFESSIONAL].map(|to| world.booking_mails(to).len());
        assert_eq!(mails, [1, 0], "{role}");
        assert_eq!(world.seen(&booking).await["refused"][0]["step"], "capture");
        let audits = world.rows_of("AUDIT#").await;
        assert!(audits.iter().any(|entry| entry["kind"] == "booking.declined"), "{role}");
    }
}

#[tokio::test]
async fn a_mail_to_a_professional_that_is_refused_is_listed_until_it_is_sent_or_closed() {
    for (fault, reason) in [
        (Some("refused:422:validation_error"), "validation_error"),
        (Some("refused:400:invalid_parameter"), "invalid_parameter"),
        (Some("status:404"), "not_found"),
        (None, "address_bounced"),
    ] {
        let world = with_accounts().await;
        world.open_account(PROFESSIONAL, "professional", true).await;
        let booking = world.authorized_booking_for(&key_of(PROFESSIONAL), "key-1").await;
        world.inject_stripe_fault(Operation::Capture, REFUSED, Some(1));
        match fault {
            Some(kind) => world.inject_mail_fault(kind, Some(2)),
            None => {
                world.service.sandbox.resend.report(PROFESSIONAL, MailOutcome::Bounced);
                world.service.deliver_resend_events().await;
            }
        }
        world.decide(&booking, "accept", "key-2").await;
        let refused = world.refused().await;
        let of_professional: Vec<&Value> =
            refused.iter().filter(|effect| effect["consequence"] == "professional_not_notified").collect();
        assert_eq!(of_professional.len(), 1, "{reason}: {refused:#?}");
        assert_eq!(of_professional[0]["kind"], "professional_declined_mail");
        assert_eq!(of_professional[0]["reason"].as_str().unwrap().split(':').next(), Some(reason));
        assert!(!json!(refused).to_string().contains('@'), "no address is shown");
        let outcome = if fault.is_some() { "try_again" } else { "closed" };
        world.resolve_refusal(of_professional[0], outcome).await.ok();
        assert!(!world.consequences().await.contains(&"professional_not_notified".to_owned()), "{reason}");
        assert_eq!(world.booking_mails(PROFESSIONAL).len(), usize::from(fault.is_some()), "{reason}");
    }
}

#[tokio::test]
async fn the_customer_gets_mails_about_a_refused_refund_and_its_success() {
    for (is_late, by_hand) in [(false, false), (false, true), (true, false)] {
        let world = World::start().await;
        let booking = world.accepted_booking("key-1").await;
        if is_late {
            world.inject_stripe_fault(Operation::CreateRefund, "status:429", Some(1));
            world.decide(&booking, "cancel", "key-2").await.ok();
            assert_eq!(world.booking_mails(CUSTOMER).len(), 0, "it is tried again");
            world.inject_stripe_fault(Operation::CreateRefund, "refused:400:insufficient_funds", Some(1));
            world.wait(10).await;
        } else {
            world.inject_stripe_fault(Operation::CreateRefund, "refused:400:insufficient_funds", Some(1));
            world.decide(&booking, "cancel", "key-2").await.ok();
        }
        assert_eq!(world.consequences().await, ["payment_not_refunded"]);
        let mails = world.booking_mails(CUSTOMER);
        assert!(mails.len() == 1 && mails[0].contains("has not gone through yet"), "{mails:?}");
        world.wait(60).await;
        assert_eq!(world.booking_mails(CUSTOMER).len(), 1, "once");

        if by_hand {
            world.service.sandbox.stripe.refund(payment_of(&booking), support::parties::PRICE);
            world.service.deliver_stripe_events().await;
        } else {
            world.decide(&booking, "cancel", "key-3").await.ok();
        }
        world.wait(10).await;
        let mails = world.booking_mails(CUSTOMER);
        assert!(mails.len() == 2 && mails[1].contains("gone through after all"), "{mails:?}");
        assert_eq!(world.consequences().await.len(), 0, "late: {is_late}, by hand: {by_hand}");
    }
}

#[tokio::test]
async fn a_refund_that_is_made_at_once_needs_no_mail() {
    let world = World::start().await;
    let booking = world.accepted_booking("key-1").await;
    world.decide(&booking, "cancel", "key-2").await.ok();
    world.wait(10).await;
    assert_eq!((world.sent(Kind::Refund), world.booking_mails(CUSTOMER).len()), (1, 0));
}

#[tokio::test]
async fn the_customer_of_a_cancellation_gets_a_mail_about_a_refused_void() {
    let world = World::start().await;
    let booking = world.held("key-1").await;
    world.inject_stripe_fault(Operation::CancelPaymentIntent, "refused:400:resource_missing", Some(1));
    let cancelled = world.decide(&booking, "cancel", "key-2").await.ok();
    assert_eq!(cancelled["payment_status"], "release_refused");
    let mails = world.booking_mails(CUSTOMER);
    assert!(mails.len() == 1 && mails[0].contains("may stay reserved"), "{mails:?}");
    assert_eq!(world.consequences().await, ["hold_not_released"]);
    world.decide(&booking, "cancel", "key-3").await.ok();
    world.wait(10).await;
    assert_eq!((world.consequences().await.len(), world.booking_mails(CUSTOMER).len()), (0, 1));
}

#[tokio::test]
async fn a_customer_who_cancels_gets_a_mail_only_about_a_later_refusal() {
    let customer = ("customer", "customer-1");
    for is_late in [false, true] {
        let world = World::start().await;
        let mut job = world.job();
        job.as_object_mut().unwrap().remove("customer_id");
        let booking = world.as_party(customer, Method::POST, "/api/bookings", Some(("key-1", job))).await;
        let booking = booking.json();
        world.authorize(&booking).await;
        if is_late {
            world.inject_stripe_fault(Operation::CancelPaymentIntent, "status:429", Some(1));
        }
        let refused = "refused:400:resource_missing";
        world.inject_stripe_fault(Operation::CancelPaymentIntent, refused, Some(1));
        let cancel = format!("{}/cancel", path_of(&booking));
        let answer = world.as_party(customer, Method::POST, &cancel, Some(("key-2", json!({})))).await.ok();
        let status = if is_late { "release_pending" } else { "release_refused" };
        assert_eq!(answer["payment_status"], status);
        world.wait(10).await;
        assert_eq!(world.consequences().await, ["hold_not_released"], "late: {is_late}");
        assert_eq!(world.booking_mails(CUSTOMER).len(), usize::from(is_late), "late: {is_late}");
    }
}

#[tokio::test]
async fn a_refund_that_fails_after_days_is_listed_and_the_customer_gets_a_mail() {
    let world = with_accounts().await;
    let booking = world.accepted_booking("key-1").await;
    world.decide(&booking, "cancel", "key-2").await.ok();
    world.service.deliver_stripe_events().await;
    world.wait(10).await;
    assert_eq!(world.seen(&booking).await["payment_status"], "refunded");
    let amount = booking["amount"].as_i64().unwrap();

    world.advance(Duration::days(3));
    world.service.sandbox.stripe.fail_refund(payment_of(&booking), amount);
    world.advance(Duration::minutes(1));
    world.service.deliver_stripe_events().await;
    world.wait(10).await;
    assert_eq!(world.seen(&booking).await["payment_status"], "refund_refused");
    let listed = world.refused_one().await;
    assert_eq!(
        (&listed["consequence"], &listed["reason"]),
        (&json!("payment_not_refunded"), &json!("refund_returned"))
    );
    assert_eq!((&listed["amount"], &listed["code"]), (&json!(amount), &Value::Null), "{listed}");
    assert_eq!(world.booking_mails(CUSTOMER).len(), 1, "{:?}", world.booking_mails(CUSTOMER));
    world.service.deliver_stripe_events().await;
    world.wait(10).await;
    assert_eq!((world.consequences().await.len(), world.booking_mails(CUSTOMER).len()), (1, 1), "told again");

    world.resolve_refusal(&listed, "try_again").await.ok();
    world.wait(10).await;
    world.service.deliver_stripe_events().await;
    world.wait(10).await;
    assert_eq!(world.seen(&booking).await["payment_status"], "refunded");
    assert_eq!((world.consequences().await.len(), world.booking_mails(CUSTOMER).len()), (0, 2));
}

#[tokio::test]
async fn a_refund_that_failed_and_was_never_reported_is_listed_by_the_reconciliation() {
    // Stripe lists events for thirty days; after that only the line of the balance is left.
    for days in [1, 31] {
        let world = with_accounts().await;
        let booking = world.accepted_booking("key-1").await;
        world.decide(&booking, "cancel", "key-2").await.ok();
        world.service.deliver_stripe_events().await;
        world.reconcile().await;
        assert_eq!(world.seen(&booking).await["payment_status"], "refunded", "{days}");
        let amount = booking["amount"].as_i64().unwrap();
        world.service.sandbox.stripe.fail_refund(payment_of(&booking), amount);
        world.advance(Duration::days(days));
        world.reconcile().await;
        world.wait(10).await;
        assert_eq!(world.seen(&booking).await["payment_status"], "refund_refused", "{days}");
        assert_eq!(world.refused_one().await["reason"], "refund_returned", "{days}");
        assert_eq!(world.booking_mails(CUSTOMER).len(), 1, "{days}");
        world.reconcile().await;
        assert_eq!((world.consequences().await.len(), world.booking_mails(CUSTOMER).len()), (1, 1), "{days}");
        assert_eq!(world.finding_totals().await, [], "{days}");
    }
}
