//! Property tests: what holds for every plan.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn any_candidate() -> impl Strategy<Value = Candidate> {
    let amount = prop_oneof![9 => 1i64..2_000, 1 => select(vec![0, -5, i64::MAX, i64::MAX - 1])];
    let obstacle = prop_oneof![6 => Just(None), 1 => Just(Some(SkipReason::Disputed))];
    let charged = any::<bool>();
    (0..30u32, 1..5u32, amount, select(vec!["usd", "usd", "cop"]), 0..110u8, obstacle, charged).prop_map(
        |(n, payee_number, amount, currency, hours, obstacle, charged)| {
            let candidate = candidate(n, payee_number, amount, f64::from(hours));
            let charge = candidate.charge.clone().filter(|_| charged);
            Candidate { payable: money(amount, currency), obstacle, charge, ..candidate }
        },
    )
}

fn any_input() -> impl Strategy<Value = PlanInput> {
    let amount = || prop_oneof![5 => 0i64..5_000, 1 => Just(i64::MAX), 1 => Just(-9)];
    let bookings = proptest::collection::vec(any_candidate(), 0..24);
    (bookings, [amount(), amount(), amount()], [amount(), amount(), amount()], amount()).prop_map(
        |(bookings, [minimum, approval, approved], debts, available)| {
            let usd = usd(0).currency;
            let payees = (1..4).zip(debts).map(|(payee_number, debt)| payee(payee_number, debt)).collect();
            let rules = Rules {
                minimum: BTreeMap::from([(usd.clone(), minimum / 4)]),
                approval_above: BTreeMap::from([(usd.clone(), approval)]),
                approved: BTreeMap::from([((professional(1), usd.clone()), approved)]),
                planned: BTreeMap::new(),
            };
            PlanInput { payees, rules, available: BTreeMap::from([(usd, available)]), ..input(bookings) }
        },
    )
}

proptest! {
    #[test]
    fn every_cent_is_transferred_kept_back_or_skipped(input in any_input()) {
        let plan = plan(&input);
        let mut payable: BTreeMap<&Currency, i128> = BTreeMap::new();
        let settled = plan.settled.iter().map(|it| (&it.payable, it.payable.amount, 0));
        let transfers = plan.transfers.iter().map(|it| (&it.payable, it.carried_amount, it.request.amount));
        let skips = plan.skips.iter().map(|it| (&it.money, 0, it.money.amount));
        for (share, carried, rest) in settled.chain(transfers).chain(skips) {
            prop_assert_eq!(share.amount, carried + rest);
            *payable.entry(&share.currency).or_default() += i128::from(share.amount);
        }
        for (currency, totals) in &plan.totals {
            let parts = totals.transferred_amount + totals.carried_amount + totals.skipped_amount;
            prop_assert_eq!((parts, totals.payable_amount), (totals.payable_amount, payable[currency]));
        }
        let used: i128 = plan.carried.iter().map(|line| i128::from(line.used_amount)).sum();
        prop_assert_eq!(used, plan.totals.values().map(|totals| totals.carried_amount).sum::<i128>());
    }

    #[test]
    fn a_plan_joined_to_nothing_is_itself(input in any_input()) {
        let plan = plan(&input);
        let mut joined = Plan::default();
        joined.join(plan.clone());
        joined.totals.retain(|_, totals| *totals != Totals::default());
        let totals = plan.totals.iter().filter(|(_, totals)| **totals != Totals::default());
        prop_assert_eq!(&joined.totals, &totals.map(|(currency, it)| (currency.clone(), *it)).collect());
        prop_assert_eq!((joined.transfers, joined.settled), (plan.transfers, plan.settled));
        prop_assert_eq!((joined.skips.len(), joined.carried), (plan.skips.len(), plan.carried));
    }

    #[test]
    fn every_booking_is_in_the_plan_once(input in any_input()) {
        let plan = plan(&input);
        let transfers = plan.transfers.iter().map(|it| it.booking_id);
        let ids: Vec<_> = transfers
            .chain(plan.settled.iter().map(|it| it.booking_id))
            .chain(plan.skips.iter().map(|it| it.booking_id))
            .collect();
        let wanted: HashSet<_> = input.bookings.iter().map(|candidate| candidate.booking_id).collect();
        prop_assert_eq!(ids.len(), wanted.len());
        prop_assert_eq!(ids.into_iter().collect::<HashSet<_>>(), wanted);
    }

    #[test]
    fn transfers_are_above_nothing_and_those_without_a_charge_within_the_balance(input in any_input()) {
        let plan = plan(&input);
        prop_assert!(plan.transfers.iter().all(|it| it.request.amount > 0 && it.carried_amount >= 0));
        let mut drawn: BTreeMap<&Currency, i128> = BTreeMap::new();
        for request in plan.transfers.iter().map(|it| &it.request).filter(|it| it.source_transaction.is_none()) {
            *drawn.entry(&request.currency).or_default() += i128::from(request.amount);
        }
        for (currency, drawn) in drawn {
            let available = input.available.get(currency).copied().unwrap_or_default().max(0);
            prop_assert!(drawn <= i128::from(available));
        }
        for line in &plan.carried {
            prop_assert!(line.used_amount >= 0 && line.after_amount >= 0);
            prop_assert_eq!(line.before_amount, line.used_amount + line.after_amount);
        }
    }

    #[test]
    fn the_order_of_the_input_leaves_no_trace(input in any_input(), turn in any::<proptest::sample::Index>()) {
        let mut other = input.clone();
        other.bookings.reverse();
        if !other.bookings.is_empty() {
            other.bookings.rotate_left(turn.index(input.bookings.len()));
            other.bookings.extend(input.bookings.iter().take(3).cloned());
        }
        prop_assert_eq!(plan(&input), plan(&other));
    }

    #[test]
    fn no_payout_is_below_the_minimum_or_above_the_approval(input in any_input()) {
        let mut sums: BTreeMap<(ProfessionalId, Currency), i128> = BTreeMap::new();
        for it in plan(&input).transfers {
            *sums.entry((it.professional_id, it.payable.currency)).or_default() += i128::from(it.request.amount);
        }
        for ((payee, currency), sum) in sums {
        prop_assert!(!input.rules.is_below_minimum(&payee, &currency, sum));
        prop_assert!(!input.rules.needs_approval(&payee, &currency, sum));
        }
    }

    #[test]
    fn what_was_paid_is_not_planned_again(input in any_input()) {
        let done: HashSet<_> = plan(&input).transfers.into_iter().map(|it| it.booking_id).collect();
        let mut next = input;
        for candidate in next.bookings.iter_mut().filter(|candidate| done.contains(&candidate.booking_id)) {
            candidate.obstacle = Some(SkipReason::AlreadyPaid);
        }
        prop_assert!(plan(&next).transfers.iter().all(|it| !done.contains(&it.booking_id)));
    }
}
