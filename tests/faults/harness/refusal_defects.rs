//! Seeded defects with refusing providers, events of another shop, and a restored older copy of the table.

use std::sync::OnceLock;

use super::declines::{self, Declines};
use super::defect::Defect;
use super::defects::found;
use super::explorer::ExploreLimits;
use super::fault::REFUSALS;
use super::outside::Happening;
use super::reconciliation::{self, Missed};
use super::restores::Restored;
use super::scenario::Scenario;
use super::stripe_events::{Deliveries, OF_OTHER_SHOP, OF_TAKEN_BACK, OF_UNDELIVERED, Story};
use super::sweep_defects::found_by;

/// Like `found`, with every call refused in turn.
fn found_when_refused(defects: &'static [Defect], scenario: impl Scenario, words: &str) {
    found_by(&REFUSALS, defects, scenario, words);
}

#[test]
fn a_refused_capture_taken_for_success_is_found() {
    let scenario = Declines::of_one(&[declines::Act::Accept(0)]);
    found_when_refused(&[Defect::RefusalTakenForDone], scenario, "is Some(RequiresCapture)");
}

#[test]
fn a_refusal_that_is_on_no_list_is_found() {
    let scenario = Declines::of_one(&[declines::Act::Accept(0)]);
    found_when_refused(&[Defect::RefusalNotListed], scenario, "is refused and not listed");
}

#[test]
fn a_refund_that_failed_after_stripe_made_it_and_is_on_no_list_is_found() {
    let (end, hands) = (OnceLock::new(), vec![OF_TAKEN_BACK.to_vec()]);
    let scenario = Deliveries { story: Story::TakenBack, hands, end: &end };
    let words = "is refused and not listed";
    found(&[Defect::RefusalNotListed], scenario, ExploreLimits::default(), words);
}

/// Two people act on one booking whose professional gets mail.
fn written_to(acts: &[declines::Act]) -> Declines {
    Declines { is_written_to: true, ..Declines::of_one(acts) }
}

#[test]
fn a_refused_capture_of_which_the_professional_does_not_hear_is_found() {
    let scenario = written_to(&[declines::Act::Accept(0)]);
    let words = "ProfessionalDeclinedMail is wanted and has not begun";
    found_when_refused(&[Defect::RefusalMailForgotten], scenario, words);
}

#[test]
fn a_refused_refund_or_release_of_which_the_customer_does_not_hear_is_found() {
    let (accept, cancel) = (declines::Act::Accept(0), declines::Act::Cancel(0));
    for (acts, mail) in [(vec![accept, cancel], "RefundRefusedMail"), (vec![cancel], "ReleaseRefusedMail")] {
        let words = format!("{mail} is wanted and has not begun");
        found_when_refused(&[Defect::RefusalMailForgotten], Declines::of_one(&acts), &words);
    }
}

#[test]
fn a_mail_about_a_refusal_that_is_begun_twice_is_found() {
    let scenario = written_to(&[declines::Act::Accept(0)]);
    let words = "ProfessionalDeclinedMail has begun 1 times and has 2 effects";
    found_when_refused(&[Defect::RefusalMailBegunTwice], scenario, words);
}

#[test]
fn a_refused_look_up_of_lines_taken_for_an_empty_list_is_found() {
    let scenario = Missed::of_one(&[Happening::Refund(0)], &[reconciliation::Act::Reconcile]);
    found_when_refused(&[Defect::RefusedLookUpTakenForNothing], scenario, "left something unexplained");
}

#[test]
fn a_refused_look_up_of_an_owner_taken_for_a_strangers_payment_is_found() {
    let (end, hands) = (OnceLock::new(), vec![OF_UNDELIVERED.to_vec()]);
    let scenario = Deliveries { story: Story::Undelivered, hands, end: &end };
    found_when_refused(&[Defect::RefusedLookUpTakenForNothing], scenario, "another end than before");
}

#[test]
fn a_dispute_of_another_shop_taken_for_one_of_ours_is_found() {
    let (end, hands) = (OnceLock::new(), vec![OF_OTHER_SHOP.to_vec()]);
    let scenario = Deliveries { story: Story::OtherShop, hands, end: &end };
    found(
        &[Defect::StrangerTakenForOurs],
        scenario,
        ExploreLimits::default(),
        "of another shop is not ignored",
    );
}

#[test]
fn a_restored_table_that_pays_without_a_look_is_found() {
    found(&[Defect::LookUpBlind], Restored::of_one(), ExploreLimits::default(), "paid twice");
}
