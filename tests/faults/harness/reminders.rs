//! Reminders: concurrent sweeps, payments, and requests of the owner.

use super::campaign::{campaign, explored, repeats};
use super::explorer::ExploreLimits;
use super::random_run::FaultRates;
use super::reminder_scenario::{Act, Reminders, Step};
use super::seeded_random::SeededRandom;

fn ticks(number: usize, step: Step, limits: ExploreLimits) {
    explored(&Reminders::of_one(step, &vec![Act::Tick; number]), limits);
}

#[test]
fn two_ticks_over_one_case_send_one_push_in_every_order_and_after_a_death_anywhere() {
    ticks(2, Step::Push, ExploreLimits { deaths: 1, ..ExploreLimits::default() });
}

#[test]
fn two_ticks_over_one_message_send_it_once_wherever_one_is_interrupted_and_the_clock_jumps() {
    ticks(2, Step::Message, ExploreLimits { jumps: 1, interruptions: Some(1), ..ExploreLimits::default() });
}

#[test]
#[ignore = "minutes"]
fn two_ticks_over_one_message_send_it_once_in_every_order_after_a_jump_anywhere() {
    ticks(2, Step::Message, ExploreLimits { jumps: 1, ..ExploreLimits::default() });
}

#[test]
fn three_ticks_over_one_message_send_it_once_wherever_one_of_them_is_interrupted() {
    ticks(3, Step::Message, ExploreLimits { interruptions: Some(1), ..ExploreLimits::default() });
}

#[test]
fn a_tick_over_a_payment_in_every_order_after_deaths_and_a_jump_anywhere() {
    let limits = ExploreLimits { deaths: 2, jumps: 1, ..ExploreLimits::default() };
    explored(&Reminders::of_one(Step::Push, &[Act::Tick, Act::Paid(1)]), limits);
    let limits = ExploreLimits { deaths: 2, ..ExploreLimits::default() };
    explored(&Reminders::of_one(Step::All, &[Act::Tick, Act::Paid(1)]), limits);
}

#[test]
fn a_tick_over_a_payment_and_a_repeated_failure_in_every_order_and_after_a_death_anywhere() {
    let limits = ExploreLimits { deaths: 1, ..ExploreLimits::default() };
    explored(&Reminders::of_one(Step::Push, &[Act::Tick, Act::Paid(1), Act::Failed(1)]), limits);
}

#[test]
#[ignore = "minutes"]
fn two_ticks_with_free_days_and_two_messages_wherever_one_of_them_is_interrupted() {
    ticks(2, Step::All, ExploreLimits { interruptions: Some(1), ..ExploreLimits::default() });
}

#[test]
#[ignore = "minutes"]
fn two_ticks_send_one_push_in_every_order_after_two_deaths_and_a_jump_anywhere() {
    ticks(2, Step::Push, ExploreLimits { deaths: 2, jumps: 1, ..ExploreLimits::default() });
}

#[test]
#[ignore = "minutes"]
fn three_ticks_send_one_push_wherever_they_are_interrupted_twice() {
    ticks(3, Step::Push, ExploreLimits { interruptions: Some(2), ..ExploreLimits::default() });
}

#[test]
#[ignore = "hours"]
fn two_ticks_with_free_days_in_every_order() {
    ticks(2, Step::Grant, ExploreLimits::default());
}

/// Four members, one of whom pays, and up to four workers.
pub(super) fn of_chance(seed: u64) -> Reminders {
    let mut random = SeededRandom::of(seed);
    let paid = Act::Paid(1 + random.below(4));
    let acts = [Act::Tick, paid, Act::Tick, Act::Failed(1 + random.below(4))];
    let step = random.one_of(&[Step::Push, Step::Grant, Step::All]);
    Reminders { members: 4, ..Reminders::of_one(step, &acts[..2 + random.below(3)]) }
}

#[test]
fn reminders_with_random_faults_leave_once() {
    campaign("reminders with random faults", 24, FaultRates::default(), of_chance);
}

#[test]
fn a_seed_repeats_the_same_reminders_call_by_call() {
    repeats(3, FaultRates::default(), of_chance);
}
