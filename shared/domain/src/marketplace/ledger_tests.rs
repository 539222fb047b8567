use proptest::prelude::*;

use super::*;
use crate::kernel::money::Currency;
use crate::marketplace::booking::sample::*;
use crate::marketplace::booking::{BookingFact, BookingFactKind, DisputeStatus, History, Kind};

fn usd_code() -> Currency {
    Currency::parse("usd").unwrap()
}

/// The entries of facts that arrive in this order.
fn post(booking: u32, facts: &[BookingFact]) -> Vec<LedgerEntry> {
    let mut history = History::default();
    let mut entries = Vec::new();
    for fact in facts {
        let before = history.booking();
        history.add(fact.clone());
        let after = history.booking();
        entries.extend(entry_of(booking_id(booking), fact, before.as_ref(), after.as_ref()).unwrap());
    }
    entries
}

fn balances(entries: &[LedgerEntry]) -> Vec<(String, i128)> {
    let balances = Balances::of(entries);
    balances.iter().map(|(account, _, sum)| (account.to_string(), sum)).collect()
}

fn after(more: &[BookingFact]) -> Vec<(String, i128)> {
    balances(&post(1, &[&done()[..], more].concat()))
}

fn named(balances: &[(&str, i128)]) -> Vec<(String, i128)> {
    balances.iter().map(|(name, sum)| ((*name).to_owned(), *sum)).collect()
}

#[test]
fn captured_money_is_held_until_the_job_is_done() {
    assert_eq!(balances(&post(1, &done()[..3])), []);
    assert_eq!(balances(&post(1, &done()[..4])), named(&[("received", 10_000), ("held", -10_000)]));
    assert_eq!(after(&[]), named(&[("received", 10_000), ("fees", -1_500), ("owed:user_1", -8_500)]));
}

#[test]
fn a_transfer_settles_what_is_owed() {
    let settled = after(&[paid_out(80.0, "a", 8_500, 0)]);
    assert_eq!(settled, named(&[("received", 10_000), ("fees", -1_500), ("paid:user_1", -8_500)]));
}

#[test]
fn a_refund_after_the_payout_is_what_the_professional_owes() {
    let facts = [paid_out(80.0, "a", 8_500, 0), refunded(90.0, 4_000)];
    let owing = after(&facts);
    let expected = [
        ("received", 10_000),
        ("refunded", -4_000),
        ("fees", -900),
        ("paid:user_1", -8_500),
        ("carried:user_1", 3_400),
    ];
    assert_eq!(owing, named(&expected));
    let back = after(&[&facts[..], &[reversed(91.0, "a", 3_400)]].concat());
    assert!(
        !back.iter().any(|(name, _)| name.starts_with("carried") || name.starts_with("owed")),
        "{back:?}"
    );
}

#[test]
fn a_debt_withheld_in_another_booking_is_settled() {
    let one = [&done()[..], &[paid_out(80.0, "a", 8_500, 0), refunded(90.0, 4_000)]].concat();
    let other = [&done()[..], &[paid_out(176.0, "b", 5_100, 3_400)]].concat();
    let entries = [post(1, &one), post(2, &other)].concat();
    let sums = Balances::of(&entries);
    assert_eq!(sums.on(&LedgerAccount::Carried(professional(1)), &usd_code()), 0);
    assert_eq!(sums.on(&LedgerAccount::Owed(professional(1)), &usd_code()), 0);
    assert_eq!(sums.cash(&usd_code()), 10_000 - 4_000 - 8_500 + 10_000 - 5_100);

    let statement = Statement::of(&professional(1), &usd_code(), entries.iter().rev());
    let totals = (statement.owed_amount, statement.carried_amount, statement.paid_amount);
    assert_eq!(totals, (0, 0, 13_600));
    let kept = statement.lines.iter().find(|line| line.carried_amount < 0).unwrap();
    assert_eq!((kept.cause, kept.paid_amount, kept.carried_amount), (Kind::PaidOut, 5_100, -3_400));
    assert_eq!(statement.lines.last().unwrap().balance_amount, 0);
}

#[test]
fn disputed_money_is_at_the_bank_until_it_decides() {
    let open = disputed(50.0, DisputeStatus::NeedsResponse, 10_000);
    let expected = [
        ("received", 10_000),
        ("disputed", -10_000),
        ("contested", 10_000),
        ("fees", -1_500),
        ("owed:user_1", -8_500),
    ];
    assert_eq!(after(std::slice::from_ref(&open)), named(&expected));
    let lost = disputed(60.0, DisputeStatus::Lost, 10_000);
    assert_eq!(after(&[open.clone(), lost]), named(&[("received", 10_000), ("disputed", -10_000)]));
    assert_eq!(after(&[open, disputed(60.0, DisputeStatus::Won, 10_000)]), after(&[]));
}

#[test]
fn unbalanced_postings_are_refused() {
    let posting = |account: &str, amount, currency: &str| Posting {
        account: LedgerAccount::parse(account).unwrap(),
        amount,
        currency: Currency::parse(currency).unwrap(),
    };
    let entry = |postings: Vec<Posting>| {
        LedgerEntry::new(uuid::Uuid::nil(), hour(0.0), booking_id(1), Kind::Captured, postings).map(drop)
    };
    assert_eq!(entry(vec![posting("received", 5, "usd"), posting("held", -5, "usd")]), Ok(()));
    assert_eq!(entry(vec![]), Err(InvalidEntry::Empty));
    assert_eq!(entry(vec![posting("received", 0, "usd")]), Err(InvalidEntry::Empty));
    let currencies = vec![posting("received", 5, "usd"), posting("held", -5, "cop")];
    assert_eq!(entry(currencies), Err(InvalidEntry::Unbalanced));
    let twice = vec![posting("held", 5, "usd"), posting("held", -5, "usd")];
    assert_eq!(entry(twice), Err(InvalidEntry::Twice));
    let beyond = vec![
        posting("held", i64::MAX, "usd"),
        posting("fees", i64::MAX, "usd"),
        posting("received", 2, "usd"),
    ];
    assert_eq!(entry(beyond), Err(InvalidEntry::Unbalanced), "sums are wider than amounts");
}

#[test]
fn an_entry_that_was_tampered_with_cannot_be_read() {
    let entry = &post(1, &done())[0];
    let text = serde_json::to_string(entry).unwrap();
    assert_eq!(&serde_json::from_str::<LedgerEntry>(&text).unwrap(), entry);
    assert!(serde_json::from_str::<LedgerEntry>(&text.replace("-10000", "-10001")).is_err());
}

#[test]
fn the_same_fact_posts_once_and_another_under_another_id() {
    let twice = [&done()[..], &done()[..]].concat();
    assert_eq!(post(1, &twice), post(1, &done()));
    let ids = |booking| post(booking, &done()).iter().map(LedgerEntry::id).collect::<Vec<_>>();
    assert_eq!(ids(1), ids(1));
    assert!(ids(1).iter().all(|id| !ids(2).contains(id)));
}

#[test]
fn facts_that_differ_in_anything_differ_in_name() {
    let one = refunded(1.0, 5);
    let other_source = BookingFact { source: "evt_2".into(), ..one.clone() };
    let names = [one, refunded(1.0, 6), refunded(2.0, 5), other_source].map(|fact| fact.name());
    assert_eq!(std::collections::BTreeSet::from(names).len(), 4);
}

proptest! {
    #[test]
    fn entries_in_any_order_sum_to_the_position_of_the_facts(
        mut facts in proptest::collection::vec(any_fact(), 0..24),
        late in any::<proptest::sample::Index>(),
    ) {
        facts.insert(late.index(facts.len() + 1), requested());
        let entries = post(1, &facts);
        for entry in &entries {
            let sum: i128 = entry.postings().iter().map(|posting| i128::from(posting.amount)).sum();
            prop_assert_eq!(sum, 0);
        }
        let balances = Balances::of(&entries);
        prop_assert_eq!(balances.total(&usd_code()), 0);
        let booking = history(&facts).booking().unwrap();
        let recomputed: Vec<_> = position(&booking).into_iter().map(|(account, sum)| (account, i128::from(sum))).collect();
        let posted: Vec<_> = balances.iter().map(|(account, _, sum)| (account.clone(), sum)).collect();
        prop_assert_eq!(posted, recomputed);
    }

    #[test]
    fn every_entry_has_its_own_id(facts in proptest::collection::vec(any_fact(), 0..24)) {
        let facts = [vec![requested()], facts].concat();
        let entries = post(1, &facts);
        let ids: std::collections::BTreeSet<_> = entries.iter().map(LedgerEntry::id).collect();
        prop_assert_eq!(ids.len(), entries.len());
    }

    #[test]
    fn cash_is_what_came_in_less_what_went_out(facts in proptest::collection::vec(any_fact(), 0..24)) {
        let facts = [vec![requested()], facts].concat();
        let amounts = booking(&facts).amounts;
        let cash = amounts.remaining() - amounts.contested - amounts.transferred + amounts.reversed;
        prop_assert_eq!(Balances::of(&post(1, &facts)).cash(&usd_code()), i128::from(cash));
    }

    #[test]
    fn a_statement_is_the_books_of_one_professional(facts in proptest::collection::vec(any_fact(), 0..24)) {
        let elsewhere = BookingFactKind::Requested(crate::marketplace::booking::Terms { professional_id: professional(2), ..terms() });
        let other = post(2, &[&[fact(-1.0, elsewhere)], &facts[..]].concat());
        let mine = post(1, &[vec![requested()], facts].concat());
        let statement = Statement::of(&professional(1), &usd_code(), mine.iter().chain(&other).chain(&mine));
        let balances = Balances::of(&mine);
        prop_assert_eq!(statement.owed_amount, -balances.on(&LedgerAccount::Owed(professional(1)), &usd_code()));
        prop_assert_eq!(statement.carried_amount, balances.on(&LedgerAccount::Carried(professional(1)), &usd_code()));
        prop_assert_eq!(statement.paid_amount, -balances.on(&LedgerAccount::Paid(professional(1)), &usd_code()));
        let last = statement.lines.last().map_or(0, |line| line.balance_amount);
        prop_assert_eq!(last, statement.owed_amount - statement.carried_amount);
    }
}
