//! A switch is turned off at every request of a job: nothing leaves that had not begun, and nothing is lost or repeated
//! once it is on again.

use shared::domain::platform::switch::SwitchName;

use super::campaign::explored;
use super::defect::Defect;
use super::defective::{assert_problem, problem};
use super::explorer::ExploreLimits;
use super::fault::{FAULTS_AT_TABLE, Fault};
use super::fault_sweep::sweep;
use super::payout_scenario::{self, Payouts};
use super::reminder_scenario::{Act, Reminders, Step};
use super::scenario::Scenario;
use super::scheduler::ClockJump;
use super::switch_scenario::{SwitchTime, SwitchedJob};

/// Longer than a run remembers the switches.
const STALE_SWITCHES: Fault = Fault::HoldUp(ClockJump::seconds(6));

fn reminder(turn: SwitchTime) -> SwitchedJob<Reminders> {
    SwitchedJob::of(SwitchName::Reminders, turn, Reminders::of_one(Step::All, &[Act::Tick]))
}

fn payout(turn: SwitchTime, jobs: &[usize]) -> SwitchedJob<Payouts> {
    SwitchedJob::of(SwitchName::Payouts, turn, Payouts::of(jobs, &[payout_scenario::Act::Tick]))
}

#[test]
fn a_run_after_a_switch_was_turned_off_sends_nothing_wherever_either_of_them_fails() {
    // The run calls no provider.
    sweep(&reminder(SwitchTime::Before), &FAULTS_AT_TABLE);
    sweep(&payout(SwitchTime::Before, &[1, 1]), &FAULTS_AT_TABLE);
}

#[test]
fn a_switch_turned_off_at_every_request_of_a_run_lets_one_effect_leave_at_most() {
    sweep(&reminder(SwitchTime::Meanwhile), &[STALE_SWITCHES]);
    sweep(&payout(SwitchTime::Meanwhile, &[1, 1]), &[STALE_SWITCHES]);
}

#[test]
fn a_switch_turned_off_in_every_order_with_a_run_sends_once_in_the_end() {
    let job = Reminders::of_one(Step::Push, &[Act::Tick]);
    let scenario = SwitchedJob::of(SwitchName::Reminders, SwitchTime::Anytime, job);
    explored(&scenario, ExploreLimits { deaths: 1, ..ExploreLimits::default() });
    let limits = ExploreLimits { interruptions: Some(1), ..ExploreLimits::default() };
    explored(&payout(SwitchTime::Anytime, &[1]), limits);
}

#[test]
fn a_switch_that_a_run_ignores_is_found() {
    found(&SwitchedJob { defects: &[Defect::SwitchIgnored], ..reminder(SwitchTime::Before) });
    found(&SwitchedJob { defects: &[Defect::SwitchIgnored], ..payout(SwitchTime::Before, &[1, 1]) });
}

fn found(scenario: &impl Scenario) {
    let problem = problem(|| drop(sweep(scenario, &[Fault::Throttle])));
    assert_problem(&scenario.name(), problem, "left while");
}
