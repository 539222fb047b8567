//! Effects in doubt while their provider is down: they stay listed until the provider answers, the answer
//! names that provider, and if nothing can be looked up the decision of a person is enough.

use chrono::Duration;
use serde_json::{Value, json};
use shared::domain::kernel::party::BookingId;
use stand_ins::fault::Operation;
use stand_ins::outbox::Provider;

use support::payees::Job;
use support::payees::TUESDAY;
use support::staff::push_in_doubt;
use support::world::{Answer, COMPANY, World};

#[easy_ext::ext(InDoubtSteps)]
impl World {
    /// A person's resolution of an effect in doubt.
    async fn say(&self, effect: &Value, outcome: &str) -> Answer {
        let mut body = json!({"operation": effect["operation"], "outcome": outcome});
        let subject = if effect["case_id"].is_null() { "booking_id" } else { "case_id" };
        body[subject] = effect[subject].clone();
        self.resolve(body).await
    }

    /// A step of a booking that was sent to Stripe, and whose payment cannot be found afterwards.
    async fn lose_step(&self, step: Operation, decision: &str) -> Value {
        let booking = if decision == "cancel" {
            self.accepted_booking("key-1").await
        } else {
            self.held("key-1").await
        };
        self.inject_stripe_fault(step, "drop_after", Some(1));
        self.inject_stripe_fault(Operation::PaymentIntent, "status:404", None);
        self.decide(&booking, decision, "key-2").await;
        self.advance(Duration::minutes(10));
        self.settle().await;
        self.all_well();
        self.doubtful_one().await
    }
}

#[tokio::test]
async fn a_step_in_doubt_without_a_look_up_answers_that_stripe_does_not_answer() {
    for (step, decision) in [
        (Operation::Capture, "accept"),
        (Operation::CancelPaymentIntent, "decline"),
        (Operation::CreateRefund, "cancel"),
    ] {
        let world = World::start().await;
        let effect = world.lose_step(step, decision).await;
        world.down(Provider::Stripe);
        for outcome in ["happened", "did_not_happen"] {
            let answer = world.say(&effect, outcome).await;
            let answered = (answer.status.as_u16(), answer.json()["detail"].clone());
            assert_eq!(answered, (503, json!("Stripe does not answer. Try again.")), "{decision} {outcome}");
        }
        world.all_well();
        assert_eq!(world.doubtful_one().await["operation"], effect["operation"], "nothing has changed");
        let resolved = world.say(&effect, "happened").await.ok();
        assert_eq!(resolved["status"], "done", "{decision}: {resolved:#}");
    }
}

/// Faults that lose the answer to a transfer, and whether it was created.
const LOST_TRANSFERS: [(&str, bool); 4] =
    [("drop_after", true), ("error_after:500", true), ("drop_before", false), ("status:500", false)];

/// Stripe is down for some hours after a transfer whose outcome is unknown, while processes restart.
async fn outlast_outage(lost: &str, hours: usize) -> (World, BookingId) {
    let mut world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let booking = world.add_job(&Job::of(&world, "user_p")).await;
    world.inject_stripe_fault(Operation::CreateTransfer, lost, Some(1));
    world.pay_day().await;
    world.down(Provider::Stripe);
    for hour in 0..hours {
        world.advance(Duration::hours(1));
        world.restart().await;
        world.pay_day().await;
        world.tick().await;
        let operations = world.read_operations().await;
        let waiting = &operations["waiting"]["data"][0];
        let listed = ["status", "amount", "currency", "booking_id"].map(|name| waiting[name].clone());
        let expected = [json!("sending"), json!(8_500), json!("usd"), json!(booking)];
        assert_eq!(listed, expected, "{lost} after {hour} hours: {operations:#}");
        assert!(waiting["next_try_at"].is_string() && waiting["first_sent_at"].is_string(), "{waiting:#}");
        let batch = world.batch(TUESDAY).await;
        assert_ne!(batch["status"], "completed", "{lost} after {hour} hours: {batch:#}");
    }
    world.all_well();
    (world, booking)
}

#[tokio::test]
async fn a_transfer_in_doubt_while_stripe_is_down_is_listed_with_its_amount_and_paid_once() {
    for (lost, is_made) in LOST_TRANSFERS {
        // As long as Stripe stores the key the same request is sent again; later only a look-up decides.
        for hours in [5, 30] {
            let (world, booking) = outlast_outage(lost, hours).await;
            world.advance(Duration::hours(2));
            world.pay_day().await;
            world.settle().await;
            // The batch is counted every five minutes.
            world.advance(Duration::minutes(6));
            world.tick().await;
            let entry = world.entry(TUESDAY, booking).await;
            let is_known = is_made || hours < 23;
            let status = if is_known { "done" } else { "rejected" };
            assert_eq!(entry["status"], status, "{lost} for {hours} hours: {entry:#}");
            let operations = world.read_operations().await;
            assert_eq!(
                (&operations["waiting"]["count"], &operations["in_doubt"]["count"]),
                (&json!(0), &json!(0)),
                "{lost} for {hours} hours: {operations:#}"
            );
            if !is_known {
                assert_eq!(world.refused_one().await["consequence"], "share_not_transferred", "{lost}");
            }
            // A batch that outlasts its day is finished by the run of the next one.
            world.next_payout_morning();
            world.pay_day().await;
            let end = if is_known { "completed" } else { "incomplete" };
            assert_eq!(world.batch(TUESDAY).await["status"], end, "{lost} for {hours} hours");
            assert_eq!(world.transfers().len(), 1, "{lost} for {hours} hours: paid once");
            assert_eq!(world.refused().await.len(), 0, "{lost} for {hours} hours");
            assert_eq!(world.booking_of(booking).await.status.as_str(), "paid_out");
        }
    }
}

#[tokio::test]
async fn a_message_in_doubt_is_resolved_by_a_person_while_whop_is_down() {
    let (world, effect) = push_in_doubt().await;
    world.down(Provider::Whop);
    let resolved = world.say(&effect, "happened").await.ok();
    assert_eq!((&resolved["status"], &resolved["reason"]), (&json!("done"), &json!("resolved_by_hand")));
}

#[tokio::test]
async fn a_mail_in_doubt_is_resolved_by_a_person_while_resend_is_down() {
    let world = World::start().await;
    let booking = world.held("key-1").await;
    world.inject_mail_fault("drop_after", Some(1));
    world.decide(&booking, "decline", "key-2").await.ok();
    world.inject_mail_fault("status:401", None);
    for _ in 0..30 {
        world.advance(Duration::hours(1));
        world.settle().await;
    }
    let effect = world.doubtful_one().await;
    world.down(Provider::Resend);
    let resolved = world.say(&effect, "happened").await.ok();
    assert_eq!((&resolved["status"], &resolved["reason"]), (&json!("done"), &json!("resolved_by_hand")));
}
