//! Property tests: what holds for every sequence of facts.

use proptest::prelude::*;

use super::sample::*;
use super::*;

proptest! {
    #[test]
    fn any_order_and_any_number_of_deliveries_give_one_booking(
        facts in proptest::collection::vec(any_fact(), 0..24),
        order in any::<proptest::sample::Index>(),
    ) {
        let facts = [vec![requested()], facts].concat();
        let mut other = facts.clone();
        other.reverse();
        other.rotate_left(order.index(facts.len()));
        other.extend(facts.iter().take(5).cloned());
        prop_assert_eq!(booking(&facts), booking(&other));
    }

    #[test]
    fn merged_sets_of_facts_give_the_same_booking(
        parts in proptest::collection::vec(proptest::collection::vec(any_fact(), 0..8), 3),
    ) {
        let [a, b, c] = [0, 1, 2].map(|n| history(&parts[n]));
        let merged = |mut one: History, other: &History| { one.merge(other.clone()); one };
        prop_assert_eq!(merged(a.clone(), &b), merged(b.clone(), &a));
        prop_assert_eq!(merged(merged(a.clone(), &b), &c), merged(a.clone(), &merged(b.clone(), &c)));
        prop_assert_eq!(merged(a.clone(), &a), a);
    }

    #[test]
    fn no_amount_is_negative_or_larger_than_its_source(
        facts in proptest::collection::vec(any_fact(), 0..40),
    ) {
        let amounts = booking(&[vec![requested()], facts].concat()).amounts;
        let Amounts { captured, refunded, lost, contested, fee, payable, transferred, reversed, carried } = amounts;
        for amount in [captured, refunded, lost, contested, fee, payable, transferred, reversed, carried] {
            prop_assert!(amount >= 0, "{:?}", amounts);
        }
        prop_assert_eq!(refunded + lost + fee + payable, captured);
        prop_assert!(contested <= amounts.remaining() && reversed <= transferred);
    }

    #[test]
    fn captured_money_is_never_declined_away(facts in proptest::collection::vec(any_fact(), 0..24)) {
        let facts = [vec![requested(), captured(30.0, 10_000)], facts].concat();
        prop_assert_ne!(booking(&facts).stage, BookingStatus::Declined);
    }

    #[test]
    fn an_allowed_command_takes_effect(
        steps in proptest::collection::vec((any_fact().prop_filter("Stripe's", is_stripes), 0..5u8, 0..120u8), 0..16),
    ) {
        let mut history = history(&[requested()]);
        for (fact, choice, hours) in steps {
        history.add(fact);
        let (command, stages) = match choice {
                0 => (BookingCommand::Accept, [BookingStatus::Accepted; 2]),
                1 => (BookingCommand::Decline, [BookingStatus::Declined; 2]),
                2 => (BookingCommand::Cancel { by: CancelledBy::Owner }, [BookingStatus::Cancelled; 2]),
                3 => (BookingCommand::Complete, [BookingStatus::Completed, BookingStatus::PaidOut]),
                _ => continue,
            };
            let now = hour(f64::from(hours));
            let Ok(fact) = history.booking().unwrap().apply_command(command, "ask:1", now) else { continue };
            history.add(fact);
            prop_assert!(stages.contains(&history.booking().unwrap().stage), "{:?}", history);
        }
    }
}

fn is_stripes(fact: &BookingFact) -> bool {
    use super::Kind::{Authorized, Captured, Disputed, PaidOut, Refunded, Released, TransferReversed};
    let kinds = [Authorized, Captured, Disputed, PaidOut, Refunded, Released, TransferReversed];
    kinds.contains(&fact.what.kind())
}
