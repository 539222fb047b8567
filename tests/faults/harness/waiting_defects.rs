//! Seeded defects: something waits and no gauge counts it.

use super::declines::{self, Declines};
use super::defect::Defect;
use super::fault::{ERRORS_OF_PROVIDERS, REFUSALS};
use super::reminder_end::CaseEnd;
use super::reminder_scenario::{Act, Reminders, Start};
use super::sweep_defects::found_by;

const UNCOUNTED: &[Defect] = &[Defect::WaitingNotCounted];

#[test]
fn a_refusal_that_no_gauge_counts_is_found() {
    let scenario = Declines::of_one(&[declines::Act::Accept(0)]);
    found_by(&REFUSALS, UNCOUNTED, scenario, "waits and is not listed");
}

#[test]
fn a_reminder_that_waits_for_a_provider_and_that_no_gauge_counts_is_found() {
    let scenario = Reminders::of_whole_case(Start::Reported, &[Act::Tick], CaseEnd::of("exhausted", 5));
    found_by(&ERRORS_OF_PROVIDERS, UNCOUNTED, scenario, "waits and is not listed");
}
