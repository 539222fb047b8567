//! The protocol as a whole, and each of its two lines of defence without the other.

use model::{Clock, Protocol, Rules, World};

use super::holds;

#[test]
fn two_workers_pay_once_in_every_schedule() {
    holds("two workers", Protocol::WHOLE);
    holds("two workers, finer time", Protocol { clock: Clock::FINE, ..Protocol::WHOLE });
}

#[test]
fn two_workers_pay_once_through_three_versions() {
    holds("two workers, three versions", Protocol { versions: 3, ..Protocol::WHOLE });
}

#[test]
fn three_workers_pay_once_in_every_schedule() {
    holds("three workers", Protocol { workers: 3, ..Protocol::WHOLE });
}

#[test]
fn a_call_that_ends_within_its_lease_is_enough_to_pay_once() {
    holds("lease line", Protocol { rules: Rules::LEASE_LINE, ..Protocol::WHOLE });
    holds(
        "lease line, finer time",
        Protocol { rules: Rules::LEASE_LINE, clock: Clock::FINE, ..Protocol::WHOLE },
    );
}

#[test]
fn keys_within_a_day_and_look_ups_after_it_suffice_to_pay_once() {
    holds("day line", Protocol { rules: Rules::DAY_LINE, ..Protocol::WHOLE });
    holds("day line, finer time", Protocol { rules: Rules::DAY_LINE, clock: Clock::FINE, ..Protocol::WHOLE });
}

#[test]
fn a_restored_table_pays_once() {
    let world = World { restores: true, ..World::DOCUMENTED };
    holds("two workers, restored", Protocol { world, ..Protocol::WHOLE });
}

#[test]
#[ignore = "takes a minute; `cargo test -p model -- --ignored`"]
fn three_workers_pay_once_in_finer_time_and_through_three_versions() {
    let three = Protocol { workers: 3, ..Protocol::WHOLE };
    holds("three workers, finer time", Protocol { clock: Clock::FINE, ..three });
    holds("three workers, three versions", Protocol { versions: 3, ..three });
    for rules in [Rules::LEASE_LINE, Rules::DAY_LINE] {
        holds("three workers, one line", Protocol { rules, ..three });
    }
}
