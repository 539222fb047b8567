//! Tests that the invariants find seeded defects.
//!
//! Defects change a worker's requests and answers, so the tested code is the deployed code, as it would behave
//! without one of its precautions. Each test names the invariant that finds the defect.
//!
//! Some defects are harmless alone, because of a second precaution; their tests remove both.

use super::campaign::on_one_thread;
use super::declines::{self, Declines};
use super::defect::Defect;
use super::defective::{Defective, assert_problem, problem};
use super::explorer::{ExploreLimits, explore};
use super::outside::Happening;
use super::payout_scenario::{self, FORGOTTEN, Payouts};
use super::payouts;
use super::random_run::{FaultRates, random_run};
use super::reminder_scenario::{Act, Reminders, Step};
use super::reminders;
use super::scenario::Scenario;
use super::webhooks::{Deliveries, Delivery};

/// Enough seeds for random runs to find every defect.
const SEEDS: u64 = 300;

/// Explores a scenario, one order of which must violate an invariant with this text.
pub(super) fn found(defects: &'static [Defect], scenario: impl Scenario, limits: ExploreLimits, words: &str) {
    let scenario = Defective(scenario, defects);
    let problem = problem(|| drop(on_one_thread(explore(&scenario, limits))));
    assert_problem(&scenario.name(), problem, words);
}

/// Explores a scenario in which a second precaution prevents any violation.
fn harmless(defects: &'static [Defect], scenario: impl Scenario, limits: ExploreLimits) {
    drop(on_one_thread(explore(&Defective(scenario, defects), limits)));
}

/// Like [`found`], with random runs.
fn found_in_storms<S: Scenario>(
    defects: &'static [Defect],
    rates: FaultRates,
    scene_of: impl Fn(u64) -> S,
    words: &str,
) {
    let http = shared::providers::client::client().unwrap();
    for seed in 0..SEEDS {
        let scenario = Defective(scene_of(seed), defects);
        let problem = problem(|| drop(on_one_thread(random_run(&scenario, &http, rates, seed))));
        if problem.is_some() {
            return assert_problem(&scenario.name(), problem, words);
        }
    }
    panic!("{defects:?}: {SEEDS} random runs show nothing");
}

/// One clock jump and one interruption.
const JUMP: ExploreLimits = ExploreLimits { deaths: 0, jumps: 1, interruptions: Some(1), wide_awake: false };

/// Frequent faults at the providers and the table.
const FAULTY: FaultRates = FaultRates { fault: 200, death: 8, jump: 8, ..FaultRates::HARSH };

/// Frequent faults at the providers only.
const UNANSWERED: FaultRates = FaultRates { fault: 500, spares_table: true, ..FaultRates::HARSH };

/// Claims often expire while their holders live.
const LAPSING: FaultRates = FaultRates { jump: 80, ..FaultRates::HARSH };

/// Four sweeps over four members with free days.
fn ticks_over_grants(_: u64) -> Reminders {
    Reminders { members: 4, ..Reminders::of_one(Step::Days, &[Act::Tick; 4]) }
}

fn two_ticks(step: Step) -> Reminders {
    Reminders::of_one(step, &[Act::Tick, Act::Tick])
}

fn delivered(hands: [&[Delivery]; 2]) -> Deliveries<'static> {
    Deliveries {
        hands: hands.map(<[Delivery]>::to_vec).to_vec(),
        early: Vec::new(),
        end: Box::leak(Box::default()),
    }
}

fn delivered_twice() -> Deliveries<'static> {
    delivered([&[Delivery::Failed(1, 0)], &[Delivery::Failed(1, 0)]])
}

/// A dispute that arrived before its owner was known, and two concurrent sweeps that apply it.
fn kept() -> Deliveries<'static> {
    let early = vec![Delivery::Disputed(1), Delivery::Failed(1, 0), Delivery::Paid(1, 5)];
    Deliveries { early, ..delivered([&[Delivery::Tick], &[Delivery::Tick]]) }
}

#[test]
fn what_is_claimed_without_a_condition_is_found() {
    found(
        &[Defect::ClaimWithoutCondition],
        two_ticks(Step::Message),
        ExploreLimits::default(),
        "changed after its end",
    );
}

#[test]
fn a_fence_that_stands_is_found() {
    found_in_storms(&[Defect::FenceStands], LAPSING, ticks_over_grants, "under another's claim");
}

#[test]
fn an_end_without_a_fence_is_found() {
    found_in_storms(&[Defect::EndWithoutFence], LAPSING, ticks_over_grants, "under another's claim");
}

#[test]
fn an_end_over_another_end_is_found() {
    found(&[Defect::EndWithoutState], two_ticks(Step::Message), JUMP, "changed after its end");
}

#[test]
fn a_claim_thought_over_is_found() {
    found(
        &[Defect::ClaimThoughtOver],
        two_ticks(Step::Message),
        ExploreLimits::default(),
        "under another's claim",
    );
}

#[test]
fn a_reading_that_is_out_of_date_is_found() {
    let scenario = delivered([&[Delivery::Failed(1, 0), Delivery::Paid(1, 5)], &[Delivery::Failed(1, 3)]]);
    found(&[Defect::VersionIgnored], scenario, ExploreLimits::default(), "audit entries differ");
}

#[test]
fn an_event_taken_for_new_is_found() {
    found(
        &[Defect::EventTakenForNew],
        delivered_twice(),
        ExploreLimits::default(),
        "applied event was written again",
    );
}

#[test]
fn a_torn_transaction_is_found() {
    found(&[Defect::TransactionTorn], delivered_twice(), ExploreLimits::default(), "recounted");
}

#[test]
fn a_next_step_that_is_not_due_is_found() {
    let limits = ExploreLimits { deaths: 1, ..ExploreLimits::default() };
    found(&[Defect::NextStepNotDue], two_ticks(Step::Push), limits, "left 1 times");
}

#[test]
fn a_forgotten_audit_entry_is_found() {
    found(&[Defect::AuditForgotten], delivered_twice(), ExploreLimits::default(), "audit entries differ");
}

#[test]
fn forgotten_counters_are_found() {
    found(&[Defect::CountersForgotten], delivered_twice(), ExploreLimits::default(), "recounted");
}

#[test]
fn a_forgotten_key_is_found() {
    found(&[Defect::KeyForgotten], two_ticks(Step::Days), JUMP, "without a key");
}

#[test]
fn a_key_of_the_attempt_is_found() {
    found(&[Defect::KeyOfTheAttempt], two_ticks(Step::Days), JUMP, "a row that records it");
}

#[test]
fn a_doubt_taken_for_a_refusal_is_found() {
    found_in_storms(&[Defect::DoubtTakenForRefusal], FAULTY, reminders::of_chance, "left 1 times");
}

#[test]
fn a_doubt_taken_for_success_is_found() {
    found_in_storms(&[Defect::DoubtTakenForDone], FAULTY, reminders::of_chance, "left 0 times");
}

/// One job of one professional, and the given workers.
fn paid(acts: &[payout_scenario::Act]) -> Payouts {
    Payouts::of(&[1], acts)
}

/// A payout run may pause anywhere for longer than Stripe stores a key; the sweep continues its work.
fn stopped_for_a_day() -> Payouts {
    // Stripe refuses a second transfer from one charge, so the balance funds the transfer.
    let scenario =
        paid(&[payout_scenario::Act::Tick, payout_scenario::Act::Sweep]).in_clock_jumps(&[FORGOTTEN]);
    Payouts { balance: Some(100_000), ..scenario }
}

const INTERRUPTED: ExploreLimits =
    ExploreLimits { deaths: 0, jumps: 0, interruptions: Some(1), wide_awake: false };
const DEATH: ExploreLimits = ExploreLimits { deaths: 1, jumps: 0, interruptions: None, wide_awake: false };

#[test]
fn a_torn_payout_is_found() {
    let scenario = paid(&[payout_scenario::Act::Tick]);
    found(&[Defect::TransactionTorn], scenario, ExploreLimits::default(), "a transfer is under way");
}

#[test]
fn a_professional_paid_by_two_at_once_is_found() {
    let scenario = paid(&[payout_scenario::Act::Tick, payout_scenario::Act::Tick]);
    found(&[Defect::PayeeUnfenced], scenario, INTERRUPTED, "under another's claim");
}

#[test]
fn a_booking_written_over_a_refund_is_found() {
    let scenario = paid(&[payout_scenario::Act::Tick, payout_scenario::Act::AtStripe(Happening::Refund(0))]);
    found(&[Defect::VersionIgnored], scenario, INTERRUPTED, "facts went");
}

#[test]
fn a_transfer_without_a_key_is_found() {
    found(&[Defect::KeyForgotten], paid(&[payout_scenario::Act::Tick]), DEATH, "without a key");
}

#[test]
fn a_transfer_under_a_key_of_its_own_is_found() {
    found(&[Defect::KeyOfTheAttempt], paid(&[payout_scenario::Act::Tick]), DEATH, "a row that records it");
}

#[test]
fn a_key_used_again_after_a_day_is_found_where_nobody_looks_before_a_call() {
    // Both possible violations concern the transfer.
    let defects = &[Defect::KeyThoughtYoung, Defect::LookUpBlind];
    found(defects, stopped_for_a_day(), JUMP, "POST /v1/transfers");
}

#[test]
fn a_look_up_that_does_not_look_is_found() {
    found(&[Defect::LookUpBlind], stopped_for_a_day(), JUMP, "Transfer");
}

#[test]
fn a_suppression_that_nobody_asks_for_is_found() {
    let scenario = Declines { bounced: true, ..Declines::of_one(&[declines::Act::Sweep]) };
    found(&[Defect::SuppressionIgnored], scenario, ExploreLimits::default(), "that bounced was written to");
}

#[test]
fn a_capture_that_a_decline_ignores_is_found() {
    let acts = [declines::Act::Sweep, declines::Act::AtStripe(Happening::Capture(0))];
    found(&[Defect::WinnerIgnored], Declines::of_one(&acts), ExploreLimits::default(), "mails for 0");
}

#[test]
fn a_transfer_in_doubt_taken_for_success_is_found() {
    // If the transfer was made after all, the ledger names another one than Stripe.
    found_in_storms(&[Defect::DoubtTakenForDone], UNANSWERED, payouts::of_chance, "at rest: Some(Transfer");
}

#[test]
fn a_transfer_in_doubt_taken_for_a_refusal_is_found_where_nobody_looks_it_up() {
    let defects = &[Defect::DoubtTakenForRefusal, Defect::LookUpBlind];
    found_in_storms(defects, UNANSWERED, payouts::of_chance, "was made, but stands as");
}

#[test]
fn an_effect_begun_twice_is_found_where_the_version_of_its_case_is_ignored() {
    harmless(&[Defect::BegunTwice], two_ticks(Step::Push), INTERRUPTED);
    let defects = &[Defect::BegunTwice, Defect::VersionIgnored];
    found(defects, two_ticks(Step::Push), INTERRUPTED, "a fence fell");
}

#[test]
fn an_event_applied_twice_is_found_where_the_version_of_its_case_is_ignored() {
    harmless(&[Defect::EventAppliedTwice], kept(), INTERRUPTED);
    let defects = &[Defect::EventAppliedTwice, Defect::VersionIgnored];
    found(defects, kept(), INTERRUPTED, "recounted");
}
