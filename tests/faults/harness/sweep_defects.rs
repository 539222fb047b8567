//! Seeded defects found by sweeps: most show with one worker and a fault at one of its requests.
//!
//! Each test names the faults that show the defect and the invariant that finds it.

use super::booking_requests::BookingRequest;
use super::defect::Defect;
use super::defective::{Defective, assert_problem, problem};
use super::fault::{DEATHS, ERRORS_OF_PROVIDERS, FAULTS_AT_TABLE, Fault};
use super::fault_sweep::{sweep, sweep_second_deaths};
use super::payout_scenario::{Act as PayoutAct, CLAIMS, FORGOTTEN, Payouts};
use super::reminder_end::CaseEnd;
use super::reminder_scenario::{Act, Reminders, Start};
use super::scenario::Scenario;
use super::scheduler::ClockJump;
use support::exactly_once::LEASES;

/// Sweeps these faults over a scenario with defects; a run must violate an invariant with this text.
pub(super) fn found_by(faults: &[Fault], defects: &'static [Defect], scenario: impl Scenario, words: &str) {
    let scenario = Defective(scenario, defects);
    assert_problem(&scenario.name(), problem(|| drop(sweep(&scenario, faults))), words);
}

const NO_TIME: Fault = Fault::HoldUp(ClockJump::zero());

const EXHAUSTED: CaseEnd = CaseEnd::of("exhausted", 5);

fn ticks(number: usize) -> Reminders {
    Reminders::of_whole_case(Start::Reported, &vec![Act::Tick; number], EXHAUSTED)
}

fn failure() -> Reminders {
    Reminders::of_whole_case(Start::Unreported, &[Act::Failed(1)], EXHAUSTED)
}

#[test]
fn a_next_step_that_is_not_due_is_found_by_a_death() {
    found_by(&DEATHS, &[Defect::NextStepNotDue], ticks(1), "left 0 times");
}

#[test]
fn a_next_step_that_is_not_due_is_found_by_two_deaths() {
    let scenario = Defective(Payouts::of(&[1], &[PayoutAct::Tick; 2]), &[Defect::NextStepNotDue]);
    let problem = problem(|| drop(sweep_second_deaths(&scenario)));
    assert_problem(&scenario.name(), problem, "rows are due after 3 ticks");
}

#[test]
fn a_forgotten_audit_entry_of_a_booking_is_found() {
    found_by(&DEATHS, &[Defect::AuditForgotten], BookingRequest::Accept, "audit entries differ");
}

#[test]
fn a_key_of_the_attempt_is_found_in_a_booking_and_a_payout() {
    let defects = &[Defect::KeyOfTheAttempt];
    found_by(&DEATHS, defects, BookingRequest::Decline, "a row that records it");
    found_by(&DEATHS, defects, Payouts::of(&[1], &[PayoutAct::Tick]), "a row that records it");
}

#[test]
fn a_forgotten_key_is_found_in_a_booking_and_a_payout() {
    found_by(&DEATHS, &[Defect::KeyForgotten], BookingRequest::Cancel, "without a key");
    found_by(&DEATHS, &[Defect::KeyForgotten], Payouts::of(&[1], &[PayoutAct::Tick]), "without a key");
}

#[test]
fn a_doubt_taken_for_a_refusal_is_found_by_an_error_after_the_effect() {
    found_by(&ERRORS_OF_PROVIDERS[1..], &[Defect::DoubtTakenForRefusal], ticks(1), "left 1 times");
}

#[test]
fn a_doubt_taken_for_success_is_found_by_an_error_before_the_effect() {
    found_by(&ERRORS_OF_PROVIDERS, &[Defect::DoubtTakenForDone], ticks(1), "left 0 times");
}

#[test]
fn a_torn_transaction_is_found_in_every_job() {
    let defects = &[Defect::TransactionTorn];
    found_by(&FAULTS_AT_TABLE, defects, failure(), "recounted");
    found_by(
        &FAULTS_AT_TABLE,
        defects,
        BookingRequest::Accept,
        "Capture has begun 1 times and has 0 effects",
    );
    let payout = Payouts::of(&[1], &[PayoutAct::Tick]);
    found_by(&FAULTS_AT_TABLE, defects, payout, "a transfer is under way");
}

#[test]
fn forgotten_counters_are_found_after_one_event() {
    found_by(&FAULTS_AT_TABLE, &[Defect::CountersForgotten], failure(), "recounted");
}

#[test]
fn an_event_taken_for_new_is_found_by_a_lost_answer() {
    let words = "an applied event was written again";
    found_by(&[Fault::LostAnswers], &[Defect::EventTakenForNew], failure(), words);
}

#[test]
fn a_look_up_that_does_not_look_is_found_by_a_death_a_day_before_the_next_run() {
    // Stripe refuses a second transfer from one charge, so the balance funds the transfer.
    let scenario = Payouts::of(&[1], &[PayoutAct::Tick, PayoutAct::Sweep]).in_clock_jumps(&[FORGOTTEN]);
    let scenario = Payouts { balance: Some(100_000), ..scenario };
    found_by(&DEATHS, &[Defect::LookUpBlind], scenario, "Transfer");
}

#[test]
fn an_effect_begun_twice_is_found_by_a_worker_that_is_held_up_where_the_version_is_ignored() {
    let defects = &[Defect::BegunTwice, Defect::VersionIgnored];
    found_by(&[NO_TIME], defects, ticks(2), "a fence fell");
}

#[test]
fn a_claim_without_a_condition_is_found_by_a_worker_that_is_held_up() {
    found_by(&[NO_TIME], &[Defect::ClaimWithoutCondition], ticks(2), "changed after its end");
}

#[test]
fn a_transfer_claimed_without_a_condition_is_found_by_a_run_that_is_held_up() {
    let scenario = Payouts::of(&[1], &[PayoutAct::Tick, PayoutAct::Sweep]);
    let defects = &[Defect::ClaimWithoutCondition];
    found_by(&[Fault::HoldUp(CLAIMS)], defects, scenario, "changed after its end");
}

#[test]
fn an_end_over_another_end_is_found_by_a_worker_that_is_held_up_past_its_claim() {
    found_by(&[Fault::HoldUp(LEASES)], &[Defect::EndWithoutState], ticks(2), "changed after its end");
}

#[test]
fn an_effect_in_doubt_without_need_is_found_by_one_throttle() {
    found_by(&[Fault::Throttle], &[Defect::ThrottleNotRepeated], ticks(1), "in_doubt: 1");
}
