use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::kernel::id::{CompanyId, MembershipId};
use crate::kernel::money::Currency;
use crate::recovery::membership_record::{KnownCase, MembershipChange, MembershipRecord};

fn day(days: f64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_760_000_000, 0).unwrap() + Duration::seconds((days * 86_400.0) as i64)
}

fn usd(amount: i64) -> Option<Money> {
    Some(Money { amount, currency: Currency::parse("usd").unwrap() })
}

fn pay(id: &str) -> Option<PaymentId> {
    Some(PaymentId::parse(&format!("pay_{id}")).unwrap())
}

fn failed(days: f64, id: &str) -> CaseFact {
    CaseFact { at: day(days), what: CaseFactKind::Failed { payment: pay(id), money: usd(1900) } }
}

fn paid(days: f64, id: &str) -> CaseFact {
    CaseFact { at: day(days), what: CaseFactKind::Paid { payment: pay(id), money: usd(1900) } }
}

fn fact(days: f64, what: CaseFactKind) -> CaseFact {
    CaseFact { at: day(days), what }
}

fn returned(days: f64, id: &str, money: Option<Money>) -> CaseFact {
    fact(days, CaseFactKind::Returned { return_id: format!("re_{id}"), payment: pay(id), money })
}

fn episodes(facts: &[CaseFact]) -> Vec<Episode> {
    let mut timeline = Timeline::default();
    for fact in facts {
        timeline.add(fact.clone());
    }
    timeline.episodes()
}

#[test]
fn further_failures_update_the_one_case() {
    let cases = episodes(&[failed(0.0, "1"), failed(1.0, "1"), failed(3.0, "1")]);
    assert_eq!(cases.len(), 1);
    assert_eq!((cases[0].first_failure_at, cases[0].last_failure_at), (day(0.0), day(3.0)));
    assert_eq!(cases[0].failures.len(), 3);
    assert_eq!(cases[0].status, CaseStatus::Open);
}

#[test]
fn a_success_counts_by_its_event_time_up_to_fourteen_days() {
    for (days, status) in
        [(13.9, CaseStatus::Recovered), (14.0, CaseStatus::Recovered), (14.1, CaseStatus::Lost)]
    {
        let cases = episodes(&[failed(0.0, "1"), paid(days, "2")]);
        assert_eq!(cases[0].status, status, "{days}");
    }
}

#[test]
fn a_success_before_the_failure_recovers_nothing() {
    assert_eq!(episodes(&[paid(-1.0, "0"), failed(0.0, "1")])[0].status, CaseStatus::Open);
    assert!(episodes(&[paid(0.0, "0"), fact(0.0, CaseFactKind::Valid)]).is_empty());
}

#[test]
fn a_valid_membership_recovers_the_case_until_a_payment_confirms_it() {
    let valid = fact(2.0, CaseFactKind::Valid);
    let cases = episodes(&[failed(0.0, "1"), valid.clone()]);
    assert_eq!(cases[0].recovery.as_ref().unwrap().kept_amount(), 1900);

    let more = fact(2.1, CaseFactKind::Paid { payment: pay("2"), money: usd(2500) });
    let cases = episodes(&[failed(0.0, "1"), valid, more]);
    let recovery = cases[0].recovery.as_ref().unwrap();
    assert_eq!((recovery.at, recovery.kept_amount()), (day(2.0), 2500));
}

#[test]
fn the_next_failure_after_a_recovery_is_the_next_case() {
    let cases = episodes(&[failed(0.0, "1"), paid(1.0, "1"), failed(5.0, "2")]);
    assert_eq!(
        cases.iter().map(|case| case.status).collect::<Vec<_>>(),
        [CaseStatus::Recovered, CaseStatus::Open]
    );
}

#[test]
fn a_failure_after_the_window_is_the_next_case() {
    let cases = episodes(&[failed(0.0, "1"), failed(14.5, "2")]);
    assert_eq!(
        cases.iter().map(|case| case.status).collect::<Vec<_>>(),
        [CaseStatus::Exhausted, CaseStatus::Open],
        "never two open ones"
    );
    assert_eq!(episodes(&[failed(0.0, "1"), failed(13.5, "2")]).len(), 1);
}

#[test]
fn a_cancelled_case_stays_cancelled_through_retries_and_late_money() {
    let cancel = fact(1.0, CaseFactKind::Cancelled { by: EndedBy::CaseCancelled });
    let cases = episodes(&[failed(0.0, "1"), cancel, failed(2.0, "1"), paid(3.0, "1")]);
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].status, CaseStatus::Cancelled);
    assert!(cases[0].recovery.is_none());
}

fn cancel_scheduled(days: f64, scheduled: bool) -> CaseFact {
    fact(days, CaseFactKind::CancelScheduled { scheduled })
}

#[test]
fn a_member_who_cancels_closes_the_case_and_opens_it_again_by_taking_that_back() {
    let cancelled = [failed(0.0, "1"), cancel_scheduled(1.0, true)];
    let cases = episodes(&cancelled);
    assert_eq!(
        (cases[0].status, cases[0].cancelled),
        (CaseStatus::Cancelled, Some((day(1.0), EndedBy::CancelledByMember)))
    );
    let retried = [&cancelled[..], &[failed(2.0, "1")]].concat();
    assert_eq!(episodes(&retried)[0].status, CaseStatus::Cancelled, "Whop goes on trying");
    let back = [&cancelled[..], &[cancel_scheduled(3.0, false)]].concat();
    assert_eq!((episodes(&back)[0].status, episodes(&back)[0].cancelled), (CaseStatus::Open, None));
    let late = [&cancelled[..], &[cancel_scheduled(15.0, false)]].concat();
    assert_eq!(episodes(&late)[0].status, CaseStatus::Exhausted);
    let paid_after = [&cancelled[..], &[paid(3.0, "1")]].concat();
    assert_eq!(
        (episodes(&paid_after)[0].status, episodes(&paid_after)[0].cancelled),
        (CaseStatus::Recovered, None)
    );
}

#[test]
fn what_the_owner_ended_stays_ended_whatever_the_member_does() {
    let by_owner = fact(1.0, CaseFactKind::Cancelled { by: EndedBy::MembershipCancelled });
    let cases = episodes(&[
        failed(0.0, "1"),
        by_owner,
        cancel_scheduled(1.1, true),
        cancel_scheduled(2.0, false),
        paid(3.0, "1"),
    ]);
    assert_eq!((cases[0].status, cases[0].recovery.is_none()), (CaseStatus::Cancelled, true));
}

#[test]
fn an_older_cancellation_is_carried_by_a_new_case_until_a_renewal_is_paid() {
    let flags = |facts: &[CaseFact]| episodes(facts).last().unwrap().flags.cancel_scheduled;
    assert!(flags(&[cancel_scheduled(-1.0, true), failed(0.0, "1")]));
    assert_eq!(episodes(&[cancel_scheduled(-1.0, true), failed(0.0, "1")])[0].status, CaseStatus::Open);
    assert!(!flags(&[cancel_scheduled(-3.0, true), paid(-1.0, "0"), failed(0.0, "1")]));
}

#[test]
fn another_payment_is_shown_and_recovers_nothing_unless_it_is_the_one_that_failed() {
    let other = |id: &str| fact(1.0, CaseFactKind::PaidOther { payment: pay(id), money: usd(500) });
    let cases = episodes(&[failed(0.0, "1"), other("9")]);
    assert_eq!((cases[0].status, cases[0].other_payments.len()), (CaseStatus::Open, 1));
    let cases = episodes(&[failed(0.0, "1"), other("1")]);
    assert_eq!((cases[0].status, cases[0].other_payments.len()), (CaseStatus::Recovered, 0));
}

#[test]
fn a_second_purchase_closes_the_case_and_the_old_renewal_may_still_come_back() {
    let again = fact(1.0, CaseFactKind::BoughtAgain { membership: MembershipId::parse("mem_2").unwrap() });
    let cases = episodes(&[failed(0.0, "1"), again.clone()]);
    assert_eq!(cases[0].cancelled, Some((day(1.0), EndedBy::BoughtAgain)));
    assert_eq!(episodes(&[failed(0.0, "1"), again, paid(2.0, "1")])[0].status, CaseStatus::Recovered);
}

#[test]
fn an_ended_membership_is_lost_until_it_comes_back_in_time() {
    let ended = fact(5.0, CaseFactKind::Ended);
    assert_eq!(episodes(&[failed(0.0, "1"), ended.clone()])[0].status, CaseStatus::Lost);
    assert_eq!(episodes(&[failed(0.0, "1"), ended.clone(), paid(9.0, "2")])[0].status, CaseStatus::Recovered);
    assert_eq!(episodes(&[failed(0.0, "1"), ended, paid(15.0, "2")])[0].status, CaseStatus::Lost);
}

#[test]
fn an_open_case_is_exhausted_once_its_window_was_seen_to_pass() {
    let early = fact(13.0, CaseFactKind::WindowPassed);
    let late = fact(14.0, CaseFactKind::WindowPassed);
    assert_eq!(episodes(&[failed(0.0, "1"), early])[0].status, CaseStatus::Open);
    assert_eq!(episodes(&[failed(0.0, "1"), late.clone()])[0].status, CaseStatus::Exhausted);
    assert_eq!(episodes(&[failed(0.0, "1"), late, paid(13.0, "2")])[0].status, CaseStatus::Recovered);
}

#[test]
fn a_missed_sweep_makes_no_difference() {
    for (after, status) in [
        (paid(14.5, "2"), CaseStatus::Lost),
        (fact(14.5, CaseFactKind::Valid), CaseStatus::Lost),
        (fact(14.5, CaseFactKind::Ended), CaseStatus::Exhausted),
        (failed(14.5, "2"), CaseStatus::Exhausted),
    ] {
        for seen_at in [14.0, 14.2, 16.0] {
            let seen = fact(seen_at, CaseFactKind::WindowPassed);
            assert_eq!(episodes(&[failed(0.0, "1"), seen, after.clone()])[0].status, status, "{after:?}");
        }
        assert_eq!(episodes(&[failed(0.0, "1"), after.clone()])[0].status, status, "{after:?}");
    }
}

#[test]
fn returned_money_leaves_recovered_revenue_and_never_more_than_came_in() {
    let base = [failed(0.0, "1"), paid(1.0, "2")];
    let kept =
        |more: &[CaseFact]| episodes(&[&base[..], more].concat())[0].recovery.clone().unwrap().kept_amount();
    assert_eq!(kept(&[returned(20.0, "2", usd(900))]), 1000);
    assert_eq!(kept(&[returned(20.0, "2", None)]), 0);
    assert_eq!(kept(&[returned(20.0, "2", usd(99_900))]), 0);
    assert_eq!(kept(&[returned(20.0, "9", usd(900))]), 1900, "another payment's refund");
    let failed_refund = CaseFact { at: day(21.0), ..returned(21.0, "2", usd(0)) };
    assert_eq!(kept(&[returned(20.0, "2", usd(900)), failed_refund]), 1900, "a refund that failed after all");
}

#[test]
fn compaction_keeps_every_case() {
    let mut timeline = Timeline::default();
    for month in 0..80 {
        timeline.add(paid(f64::from(month) * 30.0, &format!("m{month}")));
    }
    timeline.add(failed(1000.0, "f"));
    timeline.add(paid(1001.0, "f"));
    let before = timeline.episodes();
    timeline.compact();
    assert_eq!(timeline.episodes(), before);
    assert!(timeline.len() < 8, "{}", timeline.len());
}

fn any_fact() -> impl Strategy<Value = CaseFact> {
    let what = prop_oneof![
        4 => (0..4u8).prop_map(|n| CaseFactKind::Failed { payment: pay(&n.to_string()), money: usd(100 + i64::from(n)) }),
        3 => (0..6u8).prop_map(|n| CaseFactKind::Paid { payment: pay(&n.to_string()), money: usd(100 + i64::from(n)) }),
        2 => Just(CaseFactKind::Valid),
        1 => Just(CaseFactKind::Ended),
        1 => Just(CaseFactKind::Cancelled { by: EndedBy::CaseCancelled }),
        1 => Just(CaseFactKind::WindowPassed),
        2 => any::<bool>().prop_map(|scheduled| CaseFactKind::CancelScheduled { scheduled }),
        1 => any::<bool>().prop_map(|paused| CaseFactKind::CollectionPaused { paused }),
        1 => Just(CaseFactKind::BoughtAgain { membership: MembershipId::parse("mem_2").unwrap() }),
        2 => (0..6u8).prop_map(|n| CaseFactKind::PaidOther { payment: pay(&n.to_string()), money: usd(500) }),
        2 => (0..6u8, select(vec![None, usd(0), usd(50), usd(900)]))
            .prop_map(|(n, money)| CaseFactKind::Returned { return_id: format!("re_{n}"), payment: pay(&n.to_string()), money }),
    ];
    (0..120u32, what).prop_map(|(half_days, what)| CaseFact { at: day(f64::from(half_days) / 2.0), what })
}

proptest! {
    #[test]
    fn any_order_and_any_number_of_deliveries_give_one_state(
        facts in proptest::collection::vec(any_fact(), 0..24),
        order in any::<proptest::sample::Index>(),
    ) {
        let mut other = facts.clone();
        other.reverse();
        if !facts.is_empty() {
            other.rotate_left(order.index(facts.len()));
            other.extend(facts.iter().take(5).cloned());
        }
        prop_assert_eq!(episodes(&facts), episodes(&other));
    }

    #[test]
    fn two_known_cases_never_become_one(facts in proptest::collection::vec(any_fact(), 1..24), late in any_fact()) {
        let openers: Vec<String> =
            episodes(&facts).iter().map(|case| case.failures.iter().next().unwrap().clone()).collect();
        let after = episodes(&[facts, vec![late]].concat());
        for case in &after {
            let owned = openers.iter().filter(|key| case.failures.contains(*key)).count();
            prop_assert!(owned <= 1, "{:?}", case);
        }
    }

    #[test]
    fn recovered_money_is_never_negative(facts in proptest::collection::vec(any_fact(), 0..24)) {
        for case in episodes(&facts) {
            prop_assert!(case.recovery.is_none_or(|recovery| recovery.kept_amount() >= 0));
        }
    }
}

#[test]
fn compaction_keeps_the_start_of_the_next_case_and_drops_redundant_flags() {
    let mut timeline = Timeline::default();
    timeline.add(fact(0.0, CaseFactKind::CollectionPaused { paused: true }));
    timeline.add(paid(1.0, "1"));
    for day in 0..100 {
        timeline.add(fact(2.0 + f64::from(day), CaseFactKind::CancelScheduled { scheduled: false }));
    }
    timeline.compact();
    assert!(timeline.len() < 70, "{} facts", timeline.len());
    timeline.add(failed(200.0, "2"));
    let opened = timeline.episodes();
    assert_eq!(opened, episodes(&[failed(200.0, "2")]));
}

#[test]
fn a_case_has_the_facts_while_it_lasted_and_late_returns_of_its_payments() {
    let company = CompanyId::parse("biz_1").unwrap();
    let membership = MembershipId::parse("mem_1").unwrap();
    let returned = CaseFactKind::Returned { return_id: "rf_1".to_owned(), payment: pay("1"), money: None };
    let facts = vec![failed(0.0, "1"), paid(1.0, "1"), failed(30.0, "2"), fact(40.0, returned)];
    let change = MembershipChange { facts, ..MembershipChange::default() };
    let record = MembershipRecord::default().apply(&company, &membership, change).unwrap().unwrap().record;
    let names = |case: &KnownCase| -> Vec<&str> {
        record.facts_of(case.case_id).into_iter().map(|fact| fact.what.name()).collect()
    };
    let of_cases: Vec<_> = record.cases.iter().map(names).collect();
    assert_eq!(of_cases, [vec!["failed", "paid", "returned"], vec!["failed"]]);
}
