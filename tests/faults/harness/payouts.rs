//! Payouts: concurrent runs, runs by hand, and events at Stripe.

use super::campaign::{campaign, explored, repeats};
use super::explorer::ExploreLimits;
use super::fault::Fault;
use super::fault_sweep::sweep;
use super::outside::Happening;
use super::payout_scenario::{Act, CLAIMS, FORGOTTEN, Payouts, STALE};
use super::random_run::FaultRates;
use super::seeded_random::SeededRandom;

fn of_one(acts: &[Act], limits: ExploreLimits) {
    explored(&Payouts::of(&[1], acts), limits);
}

fn in_turns(interruptions: usize) -> ExploreLimits {
    ExploreLimits { interruptions: Some(interruptions), ..ExploreLimits::default() }
}

/// Every event at Stripe for the first booking and its professional.
const HAPPENINGS: [Happening; 4] =
    [Happening::Refund(0), Happening::Dispute(0), Happening::Reverse(0), Happening::Restrict(0)];

#[test]
fn two_ticks_over_one_booking_pay_once_in_every_order() {
    of_one(&[Act::Tick, Act::Tick], ExploreLimits::default());
}

#[test]
fn a_tick_that_dies_anywhere_beside_another_pays_once() {
    of_one(&[Act::Tick, Act::Tick], ExploreLimits { deaths: 2, ..in_turns(1) });
}

#[test]
fn what_a_dead_tick_left_is_paid_once_however_much_later_somebody_comes() {
    for pause in [CLAIMS, STALE, FORGOTTEN] {
        let scenario = Payouts { debt: 1_000, pause, ..Payouts::of(&[2], &[Act::Tick]) };
        explored(&scenario, ExploreLimits { deaths: 1, ..ExploreLimits::default() });
    }
}

#[test]
fn a_tick_that_stops_anywhere_for_a_day_pays_once() {
    let scenario = Payouts::of(&[1], &[Act::Tick]).in_clock_jumps(&[CLAIMS, STALE, FORGOTTEN]);
    explored(&scenario, ExploreLimits { jumps: 1, ..ExploreLimits::default() });
}

#[test]
fn a_tick_over_a_person_pays_once() {
    of_one(&[Act::Tick, Act::ByHand], in_turns(1));
}

#[test]
fn whatever_happens_at_stripe_during_a_tick_is_paid_once_or_not_at_all() {
    for happening in HAPPENINGS {
        of_one(&[Act::Tick, Act::AtStripe(happening)], in_turns(1));
    }
}

#[test]
fn a_dispute_that_is_won_during_a_tick_is_paid_once() {
    let scenario =
        Payouts { disputed: true, ..Payouts::of(&[1], &[Act::Tick, Act::AtStripe(Happening::Won(0))]) };
    explored(&scenario, in_turns(1));
}

/// An index that still answers as before the dispute was won.
#[test]
fn a_dispute_won_where_the_lists_lag_behind_is_paid_on_the_next_day_of_payouts() {
    let acts = [Act::Tick, Act::AtStripe(Happening::Won(0)), Act::Tick];
    let scenario = Payouts { disputed: true, ..Payouts::of(&[1], &acts) };
    sweep(&scenario, &[Fault::StaleIndex]);
}

#[test]
fn a_person_over_a_refund_touches_no_other_company() {
    of_one(&[Act::ByHand, Act::AtStripe(Happening::Refund(0))], in_turns(1));
}

#[test]
#[ignore = "minutes"]
fn two_ticks_over_two_bookings_of_one_professional_pay_each_once() {
    explored(&Payouts::of(&[2], &[Act::Tick, Act::Tick]), in_turns(1));
}

#[test]
#[ignore = "minutes"]
fn two_ticks_over_one_booking_pay_once_in_every_order_after_any_deaths() {
    of_one(&[Act::Tick, Act::Tick], ExploreLimits { deaths: 2, ..ExploreLimits::default() });
}

#[test]
#[ignore = "minutes"]
fn two_ticks_of_which_one_stops_anywhere_for_a_day_pay_once() {
    let scenario = Payouts::of(&[1], &[Act::Tick, Act::Tick]).in_clock_jumps(&[CLAIMS, STALE, FORGOTTEN]);
    explored(&scenario, ExploreLimits { deaths: 1, jumps: 1, ..in_turns(1) });
}

#[test]
#[ignore = "minutes"]
fn a_sweep_over_a_tick_that_stops_anywhere_pays_once() {
    let scenario = Payouts::of(&[1], &[Act::Tick, Act::Sweep]).in_clock_jumps(&[CLAIMS]);
    explored(&scenario, ExploreLimits { deaths: 1, jumps: 1, ..in_turns(2) });
}

#[test]
#[ignore = "minutes"]
fn whatever_happens_at_stripe_during_a_tick_in_every_order_and_after_a_death_anywhere() {
    for happening in HAPPENINGS {
        of_one(
            &[Act::Tick, Act::AtStripe(happening)],
            ExploreLimits { deaths: 1, ..ExploreLimits::default() },
        );
    }
}

#[test]
#[ignore = "minutes"]
fn two_ticks_and_whatever_happens_at_stripe_pay_once_or_not_at_all() {
    for happening in HAPPENINGS {
        of_one(&[Act::Tick, Act::Tick, Act::AtStripe(happening)], ExploreLimits { deaths: 1, ..in_turns(1) });
    }
}

#[test]
#[ignore = "minutes"]
fn three_ticks_over_one_booking_pay_once_wherever_they_are_interrupted_twice() {
    of_one(&[Act::Tick, Act::Tick, Act::Tick], in_turns(2));
}

/// Up to six jobs of up to three professionals, with random events at Stripe.
pub(super) fn of_chance(seed: u64) -> Payouts {
    let mut random = SeededRandom::of(seed);
    let jobs: Vec<usize> = (0..1 + random.below(3)).map(|_| 1 + random.below(2)).collect();
    let all: usize = jobs.iter().sum();
    let mut acts = vec![Act::Tick, Act::Tick];
    for _ in 0..random.below(3) {
        let (booking, payee) = (random.below(all), random.below(jobs.len()));
        acts.push(random.one_of(&[
            Act::Sweep,
            Act::AtStripe(Happening::Refund(booking)),
            Act::AtStripe(Happening::Dispute(booking)),
            Act::AtStripe(Happening::Won(0)),
            Act::AtStripe(Happening::Reverse(booking)),
            Act::AtStripe(Happening::Restrict(payee)),
        ]));
    }
    let (debt, disputed) = (random.one_of(&[0, 0, 1_000, 9_000]), random.happens(300));
    let balance = random.one_of(&[None, None, Some(9_000), Some(50_000)]);
    Payouts {
        debt,
        disputed,
        balance,
        ..Payouts::of(&jobs, &acts).in_clock_jumps(&[CLAIMS, STALE, FORGOTTEN])
    }
}

#[test]
fn payouts_with_random_faults_pay_once() {
    campaign("payouts with random faults", 12, FaultRates::default(), of_chance);
}

#[test]
fn a_seed_repeats_the_same_payouts_call_by_call() {
    repeats(1, FaultRates::default(), of_chance);
}
