//! The providers refuse every call of a job, one call at a time: each payment operation happens once or is listed
//! as unresolved, and no status contradicts that.

use std::sync::OnceLock;

use super::declines::{Act, Declines};
use super::fault::REFUSALS;
use super::fault_sweep::sweep;
use super::outside::Happening;
use super::payout_scenario::{self, Payouts};
use super::reconciliation::{self, Missed};
use super::reminder_scenario::{self, Reminders, Step};
use super::scenario::Scenario;
use super::stripe_events::{
    self, OF_OTHER_SHOP, OF_RESTRICTED, OF_RETURNED, OF_TAKEN_BACK, OF_UNDELIVERED, Story,
};
use super::webhooks::{self, Delivery};

/// Lets a provider refuse each call of the scenario in turn.
fn refused_at_every_call(scenario: &impl Scenario) {
    sweep(scenario, &REFUSALS);
}

#[test]
fn a_decline_an_acceptance_or_a_cancellation_that_is_refused_anywhere_is_done_or_listed() {
    let (accept, cancel) = (Act::Accept(0), Act::Cancel(0));
    let capture = Act::AtStripe(Happening::Capture(0));
    for acts in [vec![Act::Sweep], vec![accept], vec![cancel], vec![accept, cancel], vec![capture, cancel]] {
        refused_at_every_call(&Declines::of_one(&acts));
    }
}

#[test]
fn an_acceptance_or_a_cancellation_that_is_refused_anywhere_is_heard_of_by_both_sides() {
    let (accept, cancel) = (Act::Accept(0), Act::Cancel(0));
    for acts in [vec![accept], vec![accept, cancel]] {
        let scenario = Declines { is_written_to: true, ..Declines::of_one(&acts) };
        refused_at_every_call(&scenario);
    }
}

#[test]
fn a_payout_that_is_refused_anywhere_is_made_once_on_a_later_day() {
    refused_at_every_call(&Payouts::of(&[2], &[payout_scenario::Act::Tick]));
    refused_at_every_call(&Payouts {
        balance: Some(100_000),
        ..Payouts::of(&[1], &[payout_scenario::Act::Tick])
    });
}

#[test]
fn a_reminder_that_is_refused_anywhere_is_sent_once_or_listed() {
    for step in [Step::Message, Step::Grant, Step::All] {
        refused_at_every_call(&Reminders::of_one(step, &[reminder_scenario::Act::Tick]));
    }
}

/// The events of one member, and earlier ones.
fn told_of_one(early: &[Delivery], hand: &[Delivery]) {
    let end = OnceLock::new();
    let (early, hands) = (early.to_vec(), vec![hand.to_vec()]);
    refused_at_every_call(&webhooks::Deliveries { hands, early, end: &end });
}

#[test]
fn an_event_of_whops_of_which_a_look_up_is_refused_ends_as_it_would_have() {
    let (unnamed, paid) = (Delivery::Unnamed(1), Delivery::Paid(1, 5));
    told_of_one(&[], &[unnamed]);
    told_of_one(&[], &[unnamed, paid, Delivery::Disputed(1)]);
    told_of_one(&[unnamed], &[Delivery::Tick, paid]);
}

#[test]
fn an_event_of_stripes_of_which_a_look_up_is_refused_ends_in_one_set_of_books() {
    let stories: [(Story, &[stripe_events::Delivery]); 5] = [
        (Story::OtherShop, &OF_OTHER_SHOP),
        (Story::Undelivered, &OF_UNDELIVERED),
        (Story::Returned, &OF_RETURNED),
        (Story::TakenBack, &OF_TAKEN_BACK),
        (Story::Restricted, &OF_RESTRICTED),
    ];
    for (story, deliveries) in stories {
        let (end, hands) = (OnceLock::new(), vec![deliveries.to_vec()]);
        refused_at_every_call(&stripe_events::Deliveries { story, hands, end: &end });
    }
}

#[test]
fn what_follows_from_an_event_of_stripes_and_is_refused_is_done_or_listed() {
    for happening in [Happening::Capture(0), Happening::Cancel(0)] {
        for act in [Act::Tick, Act::Sweep, Act::Cancel(0)] {
            refused_at_every_call(&Declines::of_one(&[Act::AtStripe(happening), act]));
        }
    }
}

#[test]
fn a_reconciliation_of_which_a_look_up_is_refused_explains_every_cent_in_a_later_run() {
    use reconciliation::Act::{Payouts, Reconcile, Webhooks};
    let missed = [Happening::Refund(0), Happening::Reverse(0)];
    refused_at_every_call(&Missed::of_one(&missed, &[Reconcile]));
    refused_at_every_call(&Missed::of_one(
        &[Happening::Dispute(0), Happening::Won(0)],
        &[Reconcile, Webhooks],
    ));
    refused_at_every_call(&Missed { unpaid: 1, ..Missed::of_one(&missed, &[Reconcile, Payouts]) });
}
