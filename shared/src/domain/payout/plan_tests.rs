use std::collections::HashSet;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::domain::booking::sample::*;
use crate::domain::booking::{DisputeStatus, Fact, Policy};
use crate::domain::party::{ChargeId, StripeAccountId};

fn money(amount: i64, currency: &str) -> Money {
    Money { amount, currency: Currency::parse(currency).unwrap() }
}

fn candidate(n: u32, whose: u32, amount: i64, hours: f64) -> Candidate {
    Candidate {
        booking_id: booking_id(n),
        professional_id: professional(whose),
        payable: usd(amount),
        charge: ChargeId::parse(&format!("ch_{n}")).ok(),
        hold_back_ends_at: Some(hour(hours)),
        obstacle: None,
        version: 1,
    }
}

fn without_charge(candidate: Candidate) -> Candidate {
    Candidate { charge: None, ..candidate }
}

fn payee(whose: u32, carried: i64) -> (ProfessionalId, Payee) {
    let id = StripeAccountId::parse(&format!("acct_{whose}")).unwrap();
    let currency = usd(0).currency;
    let account =
        PayeeAccount { id, charges_enabled: true, payouts_enabled: true, currency: currency.clone() };
    (professional(whose), Payee { account: Some(account), carried: BTreeMap::from([(currency, carried)]) })
}

fn input(bookings: Vec<Candidate>) -> PlanInput {
    PlanInput {
        company_id: CompanyId::parse("biz_1").unwrap(),
        batch: batch("payout-2025-11-18-tue"),
        now: hour(100.0),
        bookings,
        payees: BTreeMap::from([payee(1, 0), payee(2, 0)]),
        rules: Rules::default(),
        available: BTreeMap::from([(usd(0).currency, 1_000_000)]),
    }
}

/// What became of each booking: the amount transferred, or the word.
fn told(input: &PlanInput) -> Vec<String> {
    let plan = plan(input);
    let fate = |candidate: &Candidate| {
        let id = candidate.booking_id;
        let sent =
            plan.transfers.iter().find(|it| it.booking_id == id).map(|it| it.request.amount.to_string());
        let settled = plan.settled.iter().find(|it| it.booking_id == id).map(|_| "settled".to_owned());
        let skip = plan.skips.iter().find(|it| it.booking_id == id).map(|it| it.reason.as_str().to_owned());
        sent.or(settled).or(skip).unwrap_or_default()
    };
    input.bookings.iter().map(fate).collect()
}

#[test]
fn one_transfer_per_booking_bears_all_that_finds_it_again() {
    let plan = plan(&input(vec![candidate(1, 1, 8_500, 50.0)]));
    let request = &plan.transfers[0].request;
    let id = booking_id(1);
    assert_eq!(request.idempotency_key, format!("payout:{id}:v1"));
    assert_eq!(request.transfer_group, format!("booking_{id}"));
    assert_eq!((request.amount, request.currency.as_str()), (8_500, "usd"));
    assert_eq!(request.destination.as_str(), "acct_1");
    assert_eq!(request.source_transaction, ChargeId::parse("ch_1").ok());
    let batch_id = batch("payout-2025-11-18-tue");
    assert_eq!(
        request.metadata,
        TransferMetadata {
            company_id: CompanyId::parse("biz_1").unwrap(),
            booking_id: id,
            batch_id,
            carried_amount: 0,
        }
    );
}

#[test]
fn a_debt_is_kept_back_of_the_oldest_first_as_a_line_of_its_own() {
    let mut input =
        input(vec![candidate(1, 1, 500, 60.0), candidate(2, 1, 300, 50.0), candidate(3, 1, 900, 70.0)]);
    input.payees.extend([payee(1, 450)]);
    assert_eq!(told(&input), ["350", "settled", "900"]);
    let plan = plan(&input);
    let line = &plan.carried[0];
    assert_eq!((line.before_amount, line.used_amount, line.after_amount), (450, 450, 0));
    assert_eq!(plan.transfers[0].request.metadata.carried_amount, 150);
    input.payees.extend([payee(1, 5_000)]);
    assert_eq!(told(&input), ["settled"; 3]);
    let line = &super::plan(&input).carried[0];
    assert_eq!((line.before_amount, line.used_amount, line.after_amount), (5_000, 1_700, 3_300));
}

#[test]
fn shares_below_the_minimum_roll_forward_together_with_the_debt() {
    let mut input = input(vec![candidate(1, 1, 500, 60.0), candidate(2, 1, 300, 50.0)]);
    input.rules.minimum.insert(usd(0).currency, 801);
    assert_eq!(told(&input), ["below_minimum"; 2]);
    input.rules.minimum.insert(usd(0).currency, 800);
    assert_eq!(told(&input), ["500", "300"]);
    input.payees.extend([payee(1, 1)]);
    assert_eq!(told(&input), ["below_minimum"; 2]);
    assert_eq!(plan(&input).carried[0].after_amount, 1);
    input.payees.extend([payee(1, 800)]);
    assert_eq!(told(&input), ["settled"; 2], "nothing is not too little");
}

#[test]
fn so_much_money_needs_a_second_person_for_just_that_much() {
    let mut input =
        input(vec![candidate(1, 1, 500, 60.0), candidate(2, 1, 300, 50.0), candidate(3, 2, 600, 1.0)]);
    input.rules.approval_above.insert(usd(0).currency, 600);
    assert_eq!(told(&input), ["awaiting_approval", "awaiting_approval", "600"]);
    input.rules.approved.insert((professional(1), usd(0).currency), 800);
    assert_eq!(told(&input), ["500", "300", "600"]);
    input.bookings.push(candidate(4, 1, 1, 70.0));
    assert_eq!(told(&input)[..2], ["awaiting_approval"; 2], "it has grown since");
}

#[test]
fn a_low_balance_pays_who_has_waited_longest() {
    let mut input = input(vec![
        without_charge(candidate(1, 1, 500, 60.0)),
        without_charge(candidate(2, 1, 300, 50.0)),
        without_charge(candidate(3, 2, 100, 40.0)),
        without_charge(candidate(4, 2, 900, 41.0)),
    ]);
    input.available.insert(usd(0).currency, 450);
    assert_eq!(told(&input), ["platform_balance_low", "300", "100", "platform_balance_low"]);
    input.available.insert(usd(0).currency, 350);
    let oldest = ["platform_balance_low", "platform_balance_low", "100", "platform_balance_low"];
    assert_eq!(told(&input), oldest, "between professionals too");
    input.available.insert(usd(0).currency, 450);
    input.rules.minimum.insert(usd(0).currency, 200);
    let short = ["platform_balance_low", "300", "platform_balance_low", "platform_balance_low"];
    assert_eq!(told(&input), short, "no part of it below the minimum");
    input.available.clear();
    assert_eq!(told(&input), ["platform_balance_low"; 4]);
    input.available.insert(usd(0).currency, -700);
    assert_eq!(told(&input), ["platform_balance_low"; 4]);
}

#[test]
fn a_share_whose_charge_is_known_needs_nothing_of_the_balance() {
    let mut input = input(vec![
        candidate(1, 1, 500, 60.0),
        without_charge(candidate(2, 1, 300, 50.0)),
        without_charge(candidate(3, 1, 200, 51.0)),
        candidate(4, 1, 100, 70.0),
    ]);
    input.available.insert(usd(0).currency, -700);
    assert_eq!(told(&input), ["500", "platform_balance_low", "platform_balance_low", "100"]);
    input.available.insert(usd(0).currency, 250);
    assert_eq!(told(&input)[1..3], ["platform_balance_low"; 2], "who has waited longest comes first");
    input.available.insert(usd(0).currency, 300);
    assert_eq!(told(&input)[1..3], ["300", "platform_balance_low"]);
}

#[test]
fn the_limits_are_those_of_the_whole_batch_however_many_looks_it_takes() {
    let mut input = input(vec![candidate(1, 1, 500, 60.0)]);
    input.rules.minimum.insert(usd(0).currency, 900);
    input.rules.approval_above.insert(usd(0).currency, 1_000);
    assert_eq!(told(&input), ["below_minimum"]);
    let mut planned = |amount| {
        input.rules.planned.insert((professional(1), usd(0).currency), amount);
        told(&input)
    };
    assert_eq!(planned(400), ["500"]);
    assert_eq!(planned(501), ["awaiting_approval"]);
    input.rules.approved.insert((professional(1), usd(0).currency), 1_001);
    assert_eq!(told(&input), ["500"]);
}

#[test]
fn what_a_professional_can_mend_is_said() {
    let mut input = input(vec![candidate(1, 1, 500, 60.0)]);
    let with = |input: &mut PlanInput, change: fn(&mut PayeeAccount)| {
        let (id, mut payee) = payee(1, 0);
        payee.account.iter_mut().for_each(change);
        input.payees.insert(id, payee);
        told(input).remove(0)
    };
    assert_eq!(with(&mut input, |account| account.charges_enabled = false), "stripe_account_restricted");
    assert_eq!(with(&mut input, |account| account.payouts_enabled = false), "stripe_account_restricted");
    assert_eq!(with(&mut input, |account| account.currency = money(0, "cop").currency), "currency_mismatch");
    input.payees.insert(professional(1), Payee::default());
    assert_eq!(told(&input), ["stripe_account_missing"]);
    input.payees.clear();
    assert_eq!(told(&input), ["stripe_account_missing"]);
}

#[test]
fn a_booking_says_itself_why_it_waits() {
    let fate = |facts: &[Fact], in_progress| {
        let booking = booking(facts);
        told(&input(vec![Candidate::of(booking_id(1), &booking, &Policy::default(), 1, in_progress)]))
            .remove(0)
    };
    let with = |more: Fact| fate(&[&done()[..], &[more]].concat(), false);
    assert_eq!(fate(&done(), false), "8500");
    assert_eq!(fate(&done(), true), "in_progress");
    assert_eq!(fate(&done()[..4], false), "not_completed");
    let uncaptured: Vec<Fact> = done().into_iter().filter(|fact| *fact != done()[3]).collect();
    assert_eq!(fate(&uncaptured, false), "not_captured");
    assert_eq!(with(refunded(50.0, 4_000)), "5100");
    assert_eq!(with(refunded(50.0, 10_000)), "refunded");
    assert_eq!(with(paid_out(80.0, "a", 8_500, 0)), "already_paid");
    assert_eq!(with(disputed(50.0, DisputeStatus::WarningNeedsResponse, 10_000)), "disputed");
    assert_eq!(with(disputed(50.0, DisputeStatus::Won, 10_000)), "8500");
    assert_eq!(with(disputed(50.0, DisputeStatus::Lost, 4_000)), "5100");
    assert_eq!(with(disputed(50.0, DisputeStatus::Lost, 10_000)), "dispute_lost");
    let policy = Policy { hold_back: chrono::Duration::hours(53), ..Policy::default() };
    let late = Candidate::of(booking_id(1), &booking(&done()), &policy, 1, false);
    assert_eq!(told(&input(vec![late.clone()])), ["held_back"]);
    assert_eq!(told(&PlanInput { now: hour(101.0), ..input(vec![late]) }), ["8500"], "at the very end of it");
}

#[test]
fn a_booking_read_twice_is_paid_once_and_one_that_changes_waits() {
    let one = candidate(1, 1, 500, 60.0);
    assert_eq!(plan(&input(vec![one.clone(), one.clone()])).transfers.len(), 1);
    let changed = Candidate { payable: usd(400), ..one.clone() };
    assert_eq!(told(&input(vec![one.clone(), changed.clone(), one.clone()])), ["in_progress"; 3]);
    assert_eq!(plan(&input(vec![one.clone(), changed.clone()])), plan(&input(vec![changed, one])));
}

#[test]
fn a_new_version_of_the_operation_is_a_new_key() {
    let again = Candidate { version: 2, ..candidate(1, 1, 500, 60.0) };
    assert!(plan(&input(vec![again])).transfers[0].request.idempotency_key.ends_with(":v2"));
}

#[test]
fn a_plan_reads_as_it_is_written() {
    let mut input = input(vec![candidate(1, 1, 500, 60.0), candidate(2, 3, 300, 50.0)]);
    input.payees.extend([payee(1, 7)]);
    let plan = plan(&input);
    assert_eq!(serde_json::from_str::<Plan>(&serde_json::to_string(&plan).unwrap()).unwrap(), plan);
}

fn any_candidate() -> impl Strategy<Value = Candidate> {
    let amount = prop_oneof![9 => 1i64..2_000, 1 => select(vec![0, -5, i64::MAX, i64::MAX - 1])];
    let obstacle = prop_oneof![6 => Just(None), 1 => Just(Some(SkipReason::Disputed))];
    let charged = any::<bool>();
    (0..30u32, 1..5u32, amount, select(vec!["usd", "usd", "cop"]), 0..110u8, obstacle, charged).prop_map(
        |(n, whose, amount, currency, hours, obstacle, charged)| {
            let candidate = candidate(n, whose, amount, f64::from(hours));
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
            let payees = (1..4).zip(debts).map(|(whose, debt)| payee(whose, debt)).collect();
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
    fn nobody_is_paid_less_than_the_minimum_or_more_than_was_approved(input in any_input()) {
        let mut sums: BTreeMap<(ProfessionalId, Currency), i128> = BTreeMap::new();
        for it in plan(&input).transfers {
            *sums.entry((it.professional_id, it.payable.currency)).or_default() += i128::from(it.request.amount);
        }
        for ((who, currency), sum) in sums {
            prop_assert!(!input.rules.is_below_minimum(&who, &currency, sum));
            prop_assert!(!input.rules.needs_approval(&who, &currency, sum));
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
