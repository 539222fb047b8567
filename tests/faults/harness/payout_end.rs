//! The exact end of a payout day: the amount of every transfer, the books, and the batches.

use std::collections::BTreeMap;

use shared::domain::marketplace::payout::{BatchCounts, BatchRecord, BatchStatus};

use super::booked::Booked;
use super::payout_scenario::{Act, Payouts};
use super::rows::{Row, Rows};
use support::payees::{TUESDAY, account_of};
use support::world::{COMPANY, World};

/// The share of a job without a price of its own.
const USUAL_SHARE: i64 = 8_500;

/// What a professional gets for each job, and the debt that is left.
struct Owed {
    amounts: Vec<i64>,
    debt: i64,
}

/// Whether nothing happens to the payments meanwhile, so that the end of every share is known.
fn is_exact(scenario: &Payouts) -> bool {
    let happens = scenario.acts.iter().any(|act| matches!(act, Act::AtStripe(_)));
    scenario.wins || !(happens || scenario.disputed)
}

/// Every share was paid once, less the debt.
pub(super) async fn check_amounts(scenario: &Payouts, world: &World, context: &str) {
    if !is_exact(scenario) {
        return;
    }
    let all_owed = owed(scenario);
    for (number, owed) in all_owed.iter().enumerate() {
        let professional = format!("user_{number}");
        let made = amounts_of(world, &professional);
        let expected: Vec<i64> = owed.amounts.iter().copied().filter(|amount| *amount > 0).collect();
        assert_eq!(made, expected, "{context}\ntransfers to {professional}");
        let left = world.balance(&professional, "usd", "carried").await;
        assert_eq!(left, owed.debt, "{context}\nthe debt of {professional}");
        assert_eq!(world.balance(&professional, "usd", "owed").await, 0, "{context}\nowed to {professional}");
    }
    world.check_books(context).await;
    let rows = Rows::read(&world.service.dynamo);
    let of_company = format!("PAYEE#{COMPANY}");
    let due = rows.of(&of_company).find(|row| !row.text("due_at").is_empty());
    assert!(due.is_none(), "{context}\na professional stays due: {due:?}");
    for booked in rows.bookings().filter(|booked| booked.row.company_id.as_str() == COMPANY) {
        check_booking(scenario, &booked, world, context);
    }
}

/// Nothing is strange about a booking, and one with a price of its own has exactly its transfer.
fn check_booking(scenario: &Payouts, booked: &Booked<'_>, world: &World, context: &str) {
    let (id, booking) = (booked.row.booking_id.to_string(), booked.booking.as_ref().unwrap());
    assert!(booking.anomalies.is_empty(), "{context}\n{:?}", booking.anomalies);
    let of_price = scenario.prices.iter().position(|price| *price == booking.terms.price.amount);
    let Some(number) = of_price else { return };
    let transfers = world.transfers().into_iter().filter(|transfer| transfer.metadata["booking_id"] == id);
    let made: i64 = transfers.map(|transfer| transfer.amount).sum();
    let before: i64 = scenario.prices[..number].iter().sum();
    let debt = if number < scenario.jobs[0] { (scenario.debt - before).max(0) } else { 0 };
    let expected = (scenario.prices[number] - debt).max(0);
    assert_eq!(made, expected, "{context}\nthe transfer for {id}");
}

/// The shares in the order of completion, each reduced by the first professional's debt while there is some.
fn owed(scenario: &Payouts) -> Vec<Owed> {
    let mut prices = scenario.prices.iter().copied();
    let mut debts = std::iter::once(scenario.debt).chain(std::iter::repeat(0));
    let of_professional = |jobs: &usize| {
        let mut debt = debts.next().unwrap_or_default();
        let amounts = (0..*jobs).map(|_| {
            let share = prices.next().unwrap_or(USUAL_SHARE);
            let kept = share.min(debt);
            debt -= kept;
            share - kept
        });
        let mut amounts: Vec<i64> = amounts.collect();
        amounts.sort_unstable();
        Owed { amounts, debt }
    };
    scenario.jobs.iter().map(of_professional).collect()
}

fn amounts_of(world: &World, professional: &str) -> Vec<i64> {
    let account = account_of(professional);
    let transfers = world.transfers().into_iter().filter(|transfer| transfer.destination == account);
    let mut amounts: Vec<i64> = transfers.map(|transfer| transfer.amount).collect();
    amounts.sort_unstable();
    amounts
}

/// The batches count every transfer and every share that the debt took; a refused transfer is made again later.
pub(super) fn check_batches(scenario: &Payouts, world: &World, context: &str) {
    if !is_exact(scenario) {
        return;
    }
    let (all_owed, rows) = (owed(scenario), Rows::read(&world.service.dynamo));
    let batches: BTreeMap<String, BatchRecord> = rows
        .of(&format!("BATCHES#{COMPANY}"))
        .map(|row| (row.text("sk").to_owned(), row.read::<BatchRecord>()))
        .collect();
    let mut counts = BatchCounts::default();
    for batch in batches.values() {
        counts.transfers += batch.counts.transfers;
        counts.done += batch.counts.done;
        counts.rejected += batch.counts.rejected;
        counts.in_doubt += batch.counts.in_doubt;
        counts.settled += batch.counts.settled;
        counts.skipped += batch.counts.skipped;
        let lacks = batch.counts.rejected > 0 || batch.professionals_left > 0;
        let status = if lacks { BatchStatus::Incomplete } else { BatchStatus::Completed };
        assert_eq!(batch.status, status, "{context}\n{batch:#?}");
    }
    let amounts = || all_owed.iter().flat_map(|owed| &owed.amounts);
    let settled = amounts().filter(|amount| **amount == 0).count() as u64;
    let done = amounts().count() as u64 - settled;
    let is_refused = |row: &&Row| row.text("kind") == "share_transferred" && row.text("status") == "rejected";
    let rejected = rows.0.values().filter(is_refused).count() as u64;
    let skipped = if batches.len() > 1 || rejected > 0 { counts.skipped } else { 0 };
    let transfers = done + rejected;
    let expected = BatchCounts { transfers, done, rejected, settled, skipped, ..BatchCounts::default() };
    assert_eq!(counts, expected, "{context}\n{batches:#?}");
    let calendar = &world.service.app.config.marketplace.calendar;
    if calendar.batch_at(world.now()).is_some_and(|batch| batch.to_string() == TUESDAY) {
        assert_eq!(batches.keys().collect::<Vec<_>>(), [TUESDAY], "{context}");
    }
}
