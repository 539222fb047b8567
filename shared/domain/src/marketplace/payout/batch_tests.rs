use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_763_424_000 + seconds, 0).unwrap()
}

fn batch() -> BatchRecord {
    BatchRecord::planned(BatchId::parse("payout-2025-11-18-tue").unwrap(), StartedBy::Schedule, at(0))
}

#[test]
fn a_batch_id_has_one_spelling() {
    let id = BatchId::parse("payout-2025-11-18-tue").unwrap();
    assert_eq!(
        (id.to_string().as_str(), id.day()),
        ("payout-2025-11-18-tue", NaiveDate::from_ymd_opt(2025, 11, 18).unwrap())
    );
    for wrong in [
        "",
        "payout-",
        "payout-2025-11-18",
        "payout-2025-11-18-wed",
        "payout-2025-11-18-TUE",
        "payout-2025-11-18-tue ",
        "payout-2025-1-18-tue",
        "payout-2025-02-30-sun",
        "payout-+2025-11-18-tue",
        "payout-2025-11-1é-tue",
    ] {
        assert!(BatchId::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_ids_of_batches_sort_as_their_days_do() {
    let ids = ["payout-2025-11-18-tue", "payout-2025-11-21-fri", "payout-2026-01-02-fri"];
    let read = ids.map(|id| BatchId::parse(id).unwrap());
    assert!(read.is_sorted() && ids.is_sorted());
}

#[test]
fn a_batch_is_begun_ended_and_reopened() {
    let mut batch = batch();
    batch.begin(at(1));
    batch.begin(at(2));
    assert_eq!(batch.changed_at, at(1), "a repeated step is one step");
    batch.change_to(BatchStatus::Completed, None, at(3));
    batch.change_to(BatchStatus::Completed, None, at(4));
    assert_eq!((batch.status, batch.changed_at), (BatchStatus::Completed, at(3)));
    batch.begin(at(6));
    assert_eq!(batch.status, BatchStatus::Processing, "more became payable on the same day");
}

#[test]
fn a_failed_batch_goes_on_where_it_was() {
    let mut batch = batch();
    batch.change_to(BatchStatus::Failed, Some("transfers_in_doubt".to_owned()), at(1));
    batch.begin(at(2));
    assert_eq!((batch.status, batch.reason), (BatchStatus::Processing, None));
}
