//! Faults at every request of every job, and workers that are held up at every request.

use stand_ins::fault::Operation;

use super::booking_requests::BookingRequest;
use super::fault::{ERRORS_OF_PROVIDERS, FAULTS_AT_TABLE, Fault};
use super::fault_sweep::{sweep, sweep_faults, sweep_second_deaths};
use super::outside::Happening;
use super::payout_scenario::{self, CLAIMS, Payouts};
use super::reminder_end::CaseEnd;
use super::reminder_scenario::{Act, Reminders, Start};
use super::scheduler::ClockJump;
use support::exactly_once::LEASES;

const EXHAUSTED: CaseEnd = CaseEnd::of("exhausted", 5);

#[test]
fn a_tick_survives_a_fault_at_every_request() {
    sweep_faults(&Reminders::of_whole_case(Start::Reported, &[Act::Tick], EXHAUSTED));
}

#[test]
fn a_tick_survives_an_error_of_whop_at_every_call() {
    sweep(&Reminders::of_whole_case(Start::Reported, &[Act::Tick], EXHAUSTED), &ERRORS_OF_PROVIDERS);
}

#[test]
fn a_reported_failure_survives_a_fault_at_every_request() {
    sweep(&Reminders::of_whole_case(Start::Unreported, &[Act::Failed(1)], EXHAUSTED), &FAULTS_AT_TABLE);
}

#[test]
fn a_reported_payment_survives_a_fault_at_every_request() {
    let recovered = CaseEnd::of("recovered", 3);
    sweep(&Reminders::of_whole_case(Start::PaidAtWhop, &[Act::Paid(1)], recovered), &FAULTS_AT_TABLE);
}

#[test]
fn a_nudge_survives_a_fault_at_every_request() {
    sweep_faults(&Reminders::of_whole_case(Start::Reminded, &[Act::Nudge], CaseEnd::of("exhausted", 6)));
}

#[test]
fn the_end_of_a_membership_survives_a_fault_at_every_request() {
    for act in [Act::CancelMembership, Act::Terminate] {
        sweep_faults(&Reminders::of_whole_case(Start::Reminded, &[act], CaseEnd::of("cancelled", 4)));
    }
}

#[test]
fn a_second_death_in_the_recovery_of_a_tick_changes_nothing() {
    sweep_second_deaths(&Reminders::of_whole_case(Start::Reported, &[Act::Tick, Act::Tick], EXHAUSTED));
}

#[test]
fn a_tick_that_is_overtaken_at_every_request_repeats_nothing() {
    let pauses = [ClockJump::zero(), LEASES].map(Fault::HoldUp);
    sweep(&Reminders::of_whole_case(Start::Reported, &[Act::Tick, Act::Tick], EXHAUSTED), &pauses);
}

#[test]
fn a_member_who_pays_while_free_days_are_in_doubt_is_not_looked_at_again() {
    let acts = [Act::Tick, Act::Paid(1)];
    let scenario = Reminders::of_whole_case(Start::Reported, &acts, CaseEnd::PAID);
    let scenario = Reminders { lost: Some(Operation::Extend), ..scenario };
    sweep(&scenario, &[Fault::HoldUp(ClockJump::zero())]);
}

#[test]
fn a_reminder_day_added_during_a_tick_counts_for_the_case_that_it_moves() {
    let acts = [Act::Tick, Act::AddReminderDay, Act::Tick];
    let scenario = Reminders::of_whole_case(Start::Reported, &acts, CaseEnd::of("exhausted", 7));
    sweep(&scenario, &[Fault::HoldUp(ClockJump::zero())]);
}

#[test]
fn a_request_for_a_booking_survives_a_fault_at_every_request() {
    sweep_faults(&BookingRequest::Request);
}

#[test]
fn an_acceptance_survives_a_fault_at_every_request() {
    sweep_faults(&BookingRequest::Accept);
}

#[test]
fn a_decline_survives_a_fault_at_every_request() {
    sweep_faults(&BookingRequest::Decline);
}

#[test]
fn a_cancellation_survives_a_fault_at_every_request() {
    sweep_faults(&BookingRequest::Cancel);
}

/// Two professionals, of whom one has a debt that takes one share and a part of another.
fn payout_day() -> Payouts {
    let prices = &[500, 2_000, 700, 900];
    Payouts { debt: 1_000, prices, ..Payouts::of(&[3, 1], &[payout_scenario::Act::Tick]) }
}

#[test]
fn a_payout_run_survives_a_fault_at_every_request() {
    sweep_faults(&payout_day());
}

#[test]
fn a_payout_run_survives_an_error_of_stripe_at_every_call() {
    sweep(&payout_day(), &ERRORS_OF_PROVIDERS);
}

#[test]
fn a_second_death_in_the_recovery_of_a_payout_run_pays_once() {
    sweep_second_deaths(&Payouts::of(&[1], &[payout_scenario::Act::Tick; 2]));
}

#[test]
fn a_payout_run_that_is_overtaken_at_every_request_pays_once() {
    // At once, after its claims on transfers have lapsed, and after its claim on the professional has.
    let pauses = [ClockJump::zero(), LEASES, CLAIMS].map(Fault::HoldUp);
    let scenario = Payouts { debt: 500, ..Payouts::of(&[2], &[payout_scenario::Act::Tick; 2]) };
    sweep(&scenario, &pauses);
}

#[test]
fn a_booking_disputed_at_every_request_of_a_payout_run_is_paid_once_the_dispute_is_won() {
    let acts = [payout_scenario::Act::Tick, payout_scenario::Act::AtStripe(Happening::Dispute(0))];
    let scenario = Payouts { wins: true, ..Payouts::of(&[1], &acts) };
    sweep(&scenario, &[Fault::HoldUp(ClockJump::zero())]);
}
