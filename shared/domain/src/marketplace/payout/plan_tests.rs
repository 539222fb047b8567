#[path = "plan_properties.rs"]
mod properties;

use super::*;
use crate::kernel::party::{ChargeId, StripeAccountId};
use crate::marketplace::booking::sample::*;
use crate::marketplace::booking::{BookingFact, DisputeStatus, Policy};

fn money(amount: i64, currency: &str) -> Money {
    Money { amount, currency: Currency::parse(currency).unwrap() }
}

fn candidate(n: u32, payee_number: u32, amount: i64, hours: f64) -> Candidate {
    Candidate {
        booked_at: hour(0.0),
        booking_id: booking_id(n),
        professional_id: professional(payee_number),
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

fn payee(payee_number: u32, carried: i64) -> (ProfessionalId, Payee) {
    let id = StripeAccountId::parse(&format!("acct_{payee_number}")).unwrap();
    let currency = usd(0).currency;
    let account =
        PayeeAccount { id, charges_enabled: true, payouts_enabled: true, currency: currency.clone() };
    (
        professional(payee_number),
        Payee { account: Some(account), carried: BTreeMap::from([(currency, carried)]) },
    )
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

/// The result of each booking: the transferred amount, or the reason for none.
fn results(input: &PlanInput) -> Vec<String> {
    let plan = plan(input);
    let result = |candidate: &Candidate| {
        let id = candidate.booking_id;
        let sent =
            plan.transfers.iter().find(|it| it.booking_id == id).map(|it| it.request.amount.to_string());
        let settled = plan.settled.iter().find(|it| it.booking_id == id).map(|_| "settled".to_owned());
        let skip = plan.skips.iter().find(|it| it.booking_id == id).map(|it| it.reason.as_str().to_owned());
        sent.or(settled).or(skip).unwrap_or_default()
    };
    input.bookings.iter().map(result).collect()
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
    assert_eq!(results(&input), ["350", "settled", "900"]);
    let plan = plan(&input);
    let line = &plan.carried[0];
    assert_eq!((line.before_amount, line.used_amount, line.after_amount), (450, 450, 0));
    assert_eq!(plan.transfers[0].request.metadata.carried_amount, 150);
    input.payees.extend([payee(1, 5_000)]);
    assert_eq!(results(&input), ["settled"; 3]);
    let line = &super::plan(&input).carried[0];
    assert_eq!((line.before_amount, line.used_amount, line.after_amount), (5_000, 1_700, 3_300));
}

#[test]
fn shares_below_the_minimum_roll_forward_together_with_the_debt() {
    let mut input = input(vec![candidate(1, 1, 500, 60.0), candidate(2, 1, 300, 50.0)]);
    input.rules.minimum.insert(usd(0).currency, 801);
    assert_eq!(results(&input), ["below_minimum"; 2]);
    input.rules.minimum.insert(usd(0).currency, 800);
    assert_eq!(results(&input), ["500", "300"]);
    input.payees.extend([payee(1, 1)]);
    assert_eq!(results(&input), ["below_minimum"; 2]);
    assert_eq!(plan(&input).carried[0].after_amount, 1);
    input.payees.extend([payee(1, 800)]);
    assert_eq!(results(&input), ["settled"; 2], "nothing is not too little");
}

#[test]
fn so_much_money_needs_a_second_person_for_just_that_much() {
    let mut input =
        input(vec![candidate(1, 1, 500, 60.0), candidate(2, 1, 300, 50.0), candidate(3, 2, 600, 1.0)]);
    input.rules.approval_above.insert(usd(0).currency, 600);
    assert_eq!(results(&input), ["awaiting_approval", "awaiting_approval", "600"]);
    input.rules.approved.insert((professional(1), usd(0).currency), 800);
    assert_eq!(results(&input), ["500", "300", "600"]);
    input.bookings.push(candidate(4, 1, 1, 70.0));
    assert_eq!(results(&input)[..2], ["awaiting_approval"; 2], "it has grown since");
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
    assert_eq!(results(&input), ["platform_balance_low", "300", "100", "platform_balance_low"]);
    input.available.insert(usd(0).currency, 350);
    let oldest = ["platform_balance_low", "platform_balance_low", "100", "platform_balance_low"];
    assert_eq!(results(&input), oldest, "between professionals too");
    input.available.insert(usd(0).currency, 450);
    input.rules.minimum.insert(usd(0).currency, 200);
    let short = ["platform_balance_low", "300", "platform_balance_low", "platform_balance_low"];
    assert_eq!(results(&input), short, "no part of it below the minimum");
    input.available.clear();
    assert_eq!(results(&input), ["platform_balance_low"; 4]);
    input.available.insert(usd(0).currency, -700);
    assert_eq!(results(&input), ["platform_balance_low"; 4]);
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
    assert_eq!(results(&input), ["500", "platform_balance_low", "platform_balance_low", "100"]);
    input.available.insert(usd(0).currency, 250);
    assert_eq!(results(&input)[1..3], ["platform_balance_low"; 2], "the longest waiting comes first");
    input.available.insert(usd(0).currency, 300);
    assert_eq!(results(&input)[1..3], ["300", "platform_balance_low"]);
}

#[test]
fn the_limits_apply_to_the_whole_batch_over_all_turns() {
    let mut input = input(vec![candidate(1, 1, 500, 60.0)]);
    input.rules.minimum.insert(usd(0).currency, 900);
    input.rules.approval_above.insert(usd(0).currency, 1_000);
    assert_eq!(results(&input), ["below_minimum"]);
    let mut planned = |amount| {
        input.rules.planned.insert((professional(1), usd(0).currency), amount);
        results(&input)
    };
    assert_eq!(planned(400), ["500"]);
    assert_eq!(planned(501), ["awaiting_approval"]);
    input.rules.approved.insert((professional(1), usd(0).currency), 1_001);
    assert_eq!(results(&input), ["500"]);
}

#[test]
fn skip_reasons_that_a_professional_can_fix_say_how() {
    let mut input = input(vec![candidate(1, 1, 500, 60.0)]);
    let with = |input: &mut PlanInput, change: fn(&mut PayeeAccount)| {
        let (id, mut payee) = payee(1, 0);
        payee.account.iter_mut().for_each(change);
        input.payees.insert(id, payee);
        results(input).remove(0)
    };
    assert_eq!(with(&mut input, |account| account.charges_enabled = false), "stripe_account_restricted");
    assert_eq!(with(&mut input, |account| account.payouts_enabled = false), "stripe_account_restricted");
    assert_eq!(with(&mut input, |account| account.currency = money(0, "cop").currency), "currency_mismatch");
    input.payees.insert(professional(1), Payee::default());
    assert_eq!(results(&input), ["stripe_account_missing"]);
    input.payees.clear();
    assert_eq!(results(&input), ["stripe_account_missing"]);
}

#[test]
fn every_skipped_booking_has_a_reason() {
    let result = |facts: &[BookingFact], in_progress| {
        let booking = booking(facts);
        results(&input(vec![Candidate::of(booking_id(1), &booking, &Policy::default(), 1, in_progress)]))
            .remove(0)
    };
    let with = |more: BookingFact| result(&[&done()[..], &[more]].concat(), false);
    assert_eq!(result(&done(), false), "8500");
    assert_eq!(result(&done(), true), "in_progress");
    assert_eq!(result(&done()[..4], false), "not_completed");
    let uncaptured: Vec<BookingFact> = done().into_iter().filter(|fact| *fact != done()[3]).collect();
    assert_eq!(result(&uncaptured, false), "not_captured");
    assert_eq!(with(refunded(50.0, 4_000)), "5100");
    assert_eq!(with(refunded(50.0, 10_000)), "refunded");
    assert_eq!(with(paid_out(80.0, "a", 8_500, 0)), "already_paid");
    assert_eq!(with(disputed(50.0, DisputeStatus::WarningNeedsResponse, 10_000)), "disputed");
    assert_eq!(with(disputed(50.0, DisputeStatus::Won, 10_000)), "8500");
    assert_eq!(with(disputed(50.0, DisputeStatus::Lost, 4_000)), "5100");
    assert_eq!(with(disputed(50.0, DisputeStatus::Lost, 10_000)), "dispute_lost");
    let policy = Policy { hold_back: chrono::Duration::hours(53), ..Policy::default() };
    let late = Candidate::of(booking_id(1), &booking(&done()), &policy, 1, false);
    assert_eq!(results(&input(vec![late.clone()])), ["held_back"]);
    assert_eq!(
        results(&PlanInput { now: hour(101.0), ..input(vec![late]) }),
        ["8500"],
        "at the very end of it"
    );
}

#[test]
fn a_booking_read_twice_is_paid_once_and_one_that_changes_waits() {
    let one = candidate(1, 1, 500, 60.0);
    assert_eq!(plan(&input(vec![one.clone(), one.clone()])).transfers.len(), 1);
    let changed = Candidate { payable: usd(400), ..one.clone() };
    assert_eq!(results(&input(vec![one.clone(), changed.clone(), one.clone()])), ["in_progress"; 3]);
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
