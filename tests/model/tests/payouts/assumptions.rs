//! The assumptions of the protocol, and the consequences of their violation.

use model::properties::PAID_ONCE;
use model::{Clock, Protocol, Rule, Rules, World};

use super::{fails, holds};

/// The finer clock has two ticks between the horizon and the expiry of a key, which represent the hour from
/// 23 h to 24 h, and two more in a lease than a call is assumed to take.
fn with_calls_of(call_ticks: u8, rules: Rules) -> Protocol {
    let world = World { call_ticks, ..World::DOCUMENTED };
    Protocol { clock: Clock::FINE, world, rules, ..Protocol::WHOLE }
}

#[test]
fn a_call_longer_than_it_was_taken_for_breaks_the_lease_line_and_not_the_day_line() {
    fails("call outlives its lease", with_calls_of(2, Rules::LEASE_LINE), PAID_ONCE);
    holds("call outlives its lease, both lines", with_calls_of(2, Rules::BOTH_LINES));
    holds("call outlives its lease, day line", with_calls_of(2, Rules::DAY_LINE));
}

#[test]
fn a_call_that_is_executed_an_hour_after_the_look_at_the_clock_pays_twice_under_any_rules() {
    fails("call outlives its key", with_calls_of(3, Rules::BOTH_LINES), PAID_ONCE);
}

#[test]
fn the_horizon_before_the_call_follows_from_the_lease_before_the_call() {
    let rules = Rules::LEASE_LINE.without(Rule::HorizonBeforeCall);
    holds("lease before the call only", Protocol { rules, ..Protocol::WHOLE });
}

#[test]
fn only_refusals_that_are_not_kept_make_the_look_up_after_a_refusal_necessary() {
    let world = World { every_refusal_is_kept: true, ..World::DOCUMENTED };
    let blind =
        Rules::LEASE_LINE.without(Rule::RefusedRepetitionIsLookedUp).without(Rule::NewVersionIsLookedUp);
    holds("every refusal kept", Protocol { world, rules: blind, ..Protocol::WHOLE });
}
