//! A difference that the ledger does not explain is listed once, until a person or a later fact explains it.

use std::collections::BTreeMap;

use chrono::Duration;
use serde_json::json;
use shared::domain::kernel::party::BookingId;
use shared::domain::marketplace::booking::{Anomaly, BookingStatus};
use shared::providers::stripe::payment::NewPaymentIntent;
use shared::providers::stripe::transfer::NewTransfer;
use shared::store::marketplace::reconciliation::{CloseOutcome, FindingCursor, FindingKind, FindingStatus};

use support::jobs_done::{ACCOUNT, Job, usd};
use support::world::{COMPANY, World};

#[easy_ext::ext(ReconciliationFindingsSteps)]
pub impl World {
    /// Nothing is in neither the books nor a finding.
    async fn every_cent_is_listed(&self) {
        let cash = self.cash().await;
        assert_eq!(cash.unexplained_amount(), 0, "{cash:?}");
    }

    /// A transfer that names a booking and was not made by a payout.
    async fn transfer_by_hand(&self, job: &Job, key: &str, amount: i64) -> String {
        let names = [("booking_id", job.id.to_string()), ("company_id", COMPANY.to_owned())];
        let new = NewTransfer {
            money: usd(amount),
            destination: ACCOUNT.to_owned(),
            transfer_group: "by_hand".to_owned(),
            source_transaction: None,
            metadata: names.map(|(name, value)| (name.to_owned(), value)).into(),
            description: None,
        };
        self.service.app.stripe.as_ref().unwrap().create_transfer(key, &new).await.unwrap().id
    }

    async fn close(&self, finding_id: &str, note: &str) -> CloseOutcome {
        let (app, now) = (&self.service.app, self.now());
        let company = self.its_company();
        let finding_scope = company.finding_scope(Some(company.id()));
        finding_scope.close(finding_id, "user_accountant", note, now, &app.ids).await.unwrap()
    }
}

#[tokio::test]
async fn a_transfer_made_by_hand_is_listed_once_and_closed_by_a_person_with_a_note() {
    let world = World::with_an_account().await;
    let by_hand = world.service.sandbox.stripe.transfer_outside(ACCOUNT, 700, "usd");
    let report = world.reconcile().await;
    assert_eq!(report["failed"], 1, "{report}");
    assert_eq!(world.finding_totals().await, [(FindingKind::TransferUnknown, -700)]);
    world.every_cent_is_listed().await;
    assert_eq!(world.reconcile().await["failed"], 0, "it is new only once");
    assert_eq!(world.finding_totals().await.len(), 1);

    let closed = world.close(&by_hand, "A bonus, agreed on by mail.").await;
    let CloseOutcome::Now(finding) = closed else { panic!("{closed:?}") };
    assert_eq!(finding.status, FindingStatus::Accepted);
    assert!(matches!(world.close(&by_hand, "again").await, CloseOutcome::NotOpen(_)));
    assert_eq!(world.close("tr_none", "what?").await, CloseOutcome::Absent);
    let audit = world.rows_of(&format!("AUDIT#{COMPANY}")).await;
    let entry = audit.iter().find(|row| row["kind"] == "finding.closed").unwrap();
    assert_eq!((&entry["subject"], &entry["cause"]), (&json!(by_hand), &json!("user_accountant")));
    assert_eq!(world.reconcile().await["failed"], 0);
    assert_eq!(world.finding_totals().await, []);
    assert_eq!(world.cash().await.accepted_amount, -700);
    world.every_cent_is_listed().await;

    // Its reversal is another difference that a person has to check.
    world.service.sandbox.stripe.reverse_transfer(&by_hand, 200);
    world.reconcile().await;
    assert_eq!(world.finding_totals().await, [(FindingKind::TransferUnknown, 200)]);
    world.every_cent_is_listed().await;
}

#[tokio::test]
async fn a_transfer_that_names_an_unknown_booking_has_no_owner() {
    let world = World::with_an_account().await;
    let mut job = world.done_job("1", 10_000).await;
    job.id = BookingId::parse("00000000-0000-4000-8000-000000000000").unwrap();
    world.transfer_by_hand(&job, "by-hand", 8_500).await;
    world.reconcile().await;
    let open = world.open().await;
    assert_eq!(open.iter().map(|finding| finding.kind).collect::<Vec<_>>(), [FindingKind::TransferUnknown]);
    assert_eq!((&open[0].company_id, open[0].booking_id), (&None, Some(job.id)));
}

#[tokio::test]
async fn a_second_transfer_of_one_booking_is_listed() {
    let world = World::with_an_account().await;
    let job = world.done_job("1", 10_000).await;
    world.transfer_share(&job, 8_500).await;
    world.transfer_by_hand(&job, "by-hand", 8_500).await;
    world.reconcile().await;
    assert_eq!(world.finding_totals().await, [(FindingKind::SecondTransfer, -8_500)]);
    world.every_cent_is_listed().await;
}

#[tokio::test]
async fn a_transfer_that_only_the_books_have_is_listed() {
    let world = World::with_an_account().await;
    let job = world.done_job("1", 10_000).await;
    world.note_payout(&job, "tr_none", 8_500).await;
    world.reconcile().await;
    assert_eq!(world.finding_totals().await, [(FindingKind::TransferMissing, 8_500)]);
    world.every_cent_is_listed().await;
    world.reconcile().await;
    assert_eq!(world.finding_totals().await.len(), 1, "it is still missing");
}

#[tokio::test]
async fn a_transfer_of_another_amount_than_the_books_have_is_listed_with_the_difference() {
    let world = World::with_an_account().await;
    let job = world.done_job("1", 10_000).await;
    let transfer = world.transfer_by_hand(&job, "by-hand", 8_000).await;
    world.note_payout(&job, &transfer, 8_500).await;
    world.reconcile().await;
    assert_eq!(world.finding_totals().await, [(FindingKind::AmountDiffers, 500)]);
    world.every_cent_is_listed().await;
}

#[tokio::test]
async fn an_unknown_transfer_is_closed_by_the_next_run_once_it_is_recorded() {
    let world = World::with_an_account().await;
    let job = world.done_job("1", 10_000).await;
    let transfer = world.transfer_by_hand(&job, "by-hand", 8_500).await;
    world.reconcile().await;
    assert_eq!(world.finding_totals().await, [(FindingKind::TransferUnknown, -8_500)]);
    world.note_payout(&job, &transfer, 8_500).await;
    world.reconcile().await;
    assert_eq!((world.finding_totals().await, world.newest_run().await.closed), (vec![], 1));
    let finding = world.store().finding(&transfer).await.unwrap().unwrap();
    assert_eq!(
        (finding.status, finding.closing.unwrap().by.as_str()),
        (FindingStatus::Explained, "reconciliation")
    );
    world.every_cent_is_listed().await;
}

#[tokio::test]
async fn payments_without_a_booking_and_second_payments_are_listed_with_their_refunds() {
    let world = World::with_an_account().await;
    let job = world.done_job("1", 10_000).await;
    let second = world.payment(job.id, "second", 10_000).await;
    let new =
        NewPaymentIntent { money: usd(300), metadata: BTreeMap::new(), transfer_group: "none".to_owned() };
    let strange =
        world.service.app.stripe.as_ref().unwrap().create_payment_intent("strange", &new).await.unwrap();
    world.service.sandbox.stripe.authorize(&strange.id);
    world.service.sandbox.stripe.capture_outside(&strange.id);
    world.reconcile().await;
    let mut finding_totals = world.finding_totals().await;
    finding_totals.sort();
    assert_eq!(finding_totals, [(FindingKind::ChargeUnknown, 300), (FindingKind::ChargeUnknown, 10_000)]);
    world.every_cent_is_listed().await;

    for amount in [4_000, 6_000] {
        world.advance(Duration::hours(1));
        world.service.sandbox.stripe.refund(&second, amount);
    }
    world.reconcile().await;
    let mut finding_totals = world.finding_totals().await;
    finding_totals.sort();
    let unknown = |amount| (FindingKind::ChargeUnknown, amount);
    assert_eq!(finding_totals, [unknown(-10_000), unknown(300), unknown(10_000)]);
    world.every_cent_is_listed().await;
    let booking = world.booking_behind(&job).await;
    assert_eq!((booking.amounts.captured, booking.amounts.refunded), (10_000, 0));
    assert_eq!(booking.anomalies.into_iter().collect::<Vec<_>>(), [Anomaly::SecondPayment]);
}

#[tokio::test]
async fn what_a_bank_takes_of_a_second_payment_is_listed_and_no_dispute_of_the_booking() {
    for days in [1, 32] {
        let world = World::with_an_account().await;
        world.reconcile().await;
        let job = world.done_job("1", 10_000).await;
        let second = world.payment(job.id, "second", 12_000).await;
        world.service.sandbox.stripe.open_dispute(&second);
        // Reported by Stripe's events, or only by its balance transactions.
        world.advance(Duration::days(days));
        world.reconcile().await;
        let mut finding_totals = world.finding_totals().await;
        finding_totals.sort();
        let unknown = |amount| (FindingKind::ChargeUnknown, amount);
        assert_eq!(finding_totals, [unknown(-12_000), unknown(12_000)]);
        world.every_cent_is_listed().await;
        let booking = world.booking_behind(&job).await;
        assert_eq!((booking.status, booking.amounts.captured), (BookingStatus::Completed, 10_000));
    }
}

#[tokio::test]
async fn a_line_of_nothing_we_know_is_listed() {
    let world = World::with_an_account().await;
    world.service.sandbox.stripe.adjust_balance("usd", -77);
    world.service.sandbox.stripe.adjust_balance("cop", 12);
    world.reconcile().await;
    let mut finding_totals = world.finding_totals().await;
    finding_totals.sort();
    assert_eq!(finding_totals, [(FindingKind::LineUnknown, -77), (FindingKind::LineUnknown, 12)]);
    world.every_cent_is_listed().await;
    assert_eq!(world.newest_run().await.cash["cop"].open_amount, 12);
}

#[tokio::test]
async fn findings_are_listed_by_page_and_rechecked_in_turn() {
    let world = World::with_an_account().await;
    for amount in 1..=5 {
        world.service.sandbox.stripe.adjust_balance("usd", amount);
    }
    world.reconcile().await;
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let (page, next) = world.store().open_findings(2, after.as_ref()).await.unwrap();
        seen.extend(page.iter().map(|finding| finding.stripe_amount));
        after = next.map(|place| FindingCursor::parse(&place.to_string()).unwrap());
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    assert_eq!(world.store().finding_totals().await.unwrap().open_findings, 5);
}
