//! Seeded defects: a rule is disabled, and the checker must find the error.
//!
//! If both lines of defence cover a defect, one of them is disabled first, because the other would make it
//! harmless.

use model::properties::{ENDS, FENCED, PAID_IS_TRUE, PAID_ONCE, REJECTED_IS_FINAL};
use model::{Protocol, Rule, Rules, World};

use super::{fails, holds};

fn under(rules: Rules) -> Protocol {
    Protocol { rules, ..Protocol::WHOLE }
}

#[test]
fn a_settlement_without_the_fence_is_noticed() {
    let rules = Rules::BOTH_LINES.without(Rule::SettleUnderFence);
    fails("unfenced settlement", under(rules), FENCED);
    fails("unfenced settlement", under(rules), PAID_ONCE);
}

#[test]
fn a_key_sent_again_after_a_day_without_a_look_up_is_noticed() {
    let rules = Rules::BOTH_LINES.without(Rule::OldKeyIsLookedUp).without(Rule::HorizonBeforeCall);
    fails("old key", under(rules), PAID_ONCE);
}

#[test]
fn an_expired_key_without_a_look_up_is_detected() {
    fails("stuck", under(Rules::BOTH_LINES.without(Rule::OldKeyIsLookedUp)), ENDS);
}

#[test]
fn a_claim_without_a_condition_is_noticed() {
    fails("read-then-write claim", under(Rules::BOTH_LINES.without(Rule::ClaimUnderCondition)), PAID_ONCE);
}

#[test]
fn a_preparation_without_a_condition_is_noticed() {
    let rules = Rules::BOTH_LINES.without(Rule::PrepareUnderCondition);
    fails("read-then-write preparation", under(rules), PAID_IS_TRUE);
    fails("read-then-write preparation", under(rules), PAID_ONCE);
}

#[test]
fn a_clock_that_is_read_at_the_claim_and_not_before_the_call_is_noticed() {
    let rules = Rules::BOTH_LINES.without(Rule::LeaseBeforeCall).without(Rule::HorizonBeforeCall);
    fails("clock read at the claim only", under(rules), PAID_ONCE);
}

#[test]
fn a_new_version_without_a_look_up_is_detected_and_one_is_enough() {
    let blind =
        Rules::LEASE_LINE.without(Rule::RefusedRepetitionIsLookedUp).without(Rule::NewVersionIsLookedUp);
    fails("new version without a look-up", under(blind), PAID_ONCE);
    holds("looked up when refused", under(Rules::LEASE_LINE.without(Rule::NewVersionIsLookedUp)));
}

#[test]
fn a_refused_retry_without_a_look_up_is_detected() {
    let rules = Rules::BOTH_LINES.without(Rule::RefusedRepetitionIsLookedUp);
    fails("refused repetition", under(rules), REJECTED_IS_FINAL);
}

#[test]
fn a_429_that_makes_a_doubtful_payout_look_unsent_is_noticed() {
    fails("429 after a doubt", under(Rules::BOTH_LINES.without(Rule::BusyKeepsDoubt)), PAID_ONCE);
}

#[test]
fn an_immediate_look_up_after_a_time_out_is_detected_unless_an_empty_one_waits() {
    let hasty = Rule::DoubtIsLeftAlone;
    fails("hasty look-up", under(Rules::LEASE_LINE.without(hasty)), PAID_ONCE);
    holds("hasty look-up, waiting", under(Rules::BOTH_LINES.without(hasty)));
}

#[test]
fn a_time_out_that_shortens_the_lease_is_noticed() {
    fails("shortened lease", under(Rules::LEASE_LINE.without(Rule::DoubtKeepsLease)), PAID_ONCE);
}

#[test]
fn a_doubt_resolved_by_hand_while_a_call_is_on_its_way_is_noticed() {
    fails("hasty hand", under(Rules::BOTH_LINES.without(Rule::HandWaits)), PAID_ONCE);
}

#[test]
fn a_restored_table_that_pays_without_a_look_up_is_noticed() {
    let rules = Rules::BOTH_LINES.without(Rule::RestoredIsLookedUp);
    let world = World { restores: true, ..World::DOCUMENTED };
    fails("restored without a look-up", Protocol { rules, world, ..Protocol::WHOLE }, PAID_ONCE);
}
