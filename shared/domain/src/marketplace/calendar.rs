//! The payout calendar.
//!
//! Days are those of the deployment's time zone: nine in the evening of a Tuesday in Bogotá is a Wednesday in
//! UTC, and still a payout day.

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

use super::payout::BatchId;

const PAYOUT_DAYS: [Weekday; 2] = [Weekday::Tue, Weekday::Fri];

/// Clock changes skip at most a whole day (Apia, 2011), so the first instant of a day is found within this many
/// hours.
const MAX_GAP_HOURS: i64 = 25;

/// The payout days in a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayoutCalendar {
    zone: Tz,
}

/// A text that is not the name of a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time zone is an IANA name such as America/Bogota")]
pub struct UnknownZone;

impl PayoutCalendar {
    /// The calendar of an IANA time zone, such as `America/Bogota`.
    pub fn new(zone: &str) -> Result<Self, UnknownZone> {
        zone.parse().map(|zone| Self { zone }).map_err(|_| UnknownZone)
    }

    pub fn utc() -> Self {
        Self { zone: Tz::UTC }
    }

    pub fn zone(&self) -> Tz {
        self.zone
    }

    pub fn zone_name(&self) -> &'static str {
        self.zone.name()
    }

    /// The batch of a time; `None` if it is not on a payout day.
    pub fn batch_at(&self, at: DateTime<Utc>) -> Option<BatchId> {
        let day = at.with_timezone(&self.zone).date_naive();
        PAYOUT_DAYS.contains(&day.weekday()).then(|| BatchId::new(day).ok()).flatten()
    }

    /// The batch of a time's day, on any day of the week: a person may request a run on any day.
    pub fn batch_of_day(&self, at: DateTime<Utc>) -> Option<BatchId> {
        BatchId::new(at.with_timezone(&self.zone).date_naive()).ok()
    }

    /// The earliest batch of a booking, given the end of its hold-back: the batch of that day, or the next one.
    pub fn first_batch_from(&self, at: DateTime<Utc>) -> Option<BatchId> {
        let day = at.with_timezone(&self.zone).date_naive();
        let days = (0..7).filter_map(|ahead| day.checked_add_days(Days::new(ahead)));
        days.filter(|day| PAYOUT_DAYS.contains(&day.weekday())).find_map(|day| BatchId::new(day).ok())
    }

    /// Whether a batch's day is a payout day; a person may start a batch on any day.
    pub fn is_payout_day(&self, batch: BatchId) -> bool {
        PAYOUT_DAYS.contains(&batch.day().weekday())
    }

    /// When the next payout day after a batch begins, whose batch takes over who is left.
    pub fn taken_over_at(&self, batch: BatchId) -> DateTime<Utc> {
        let next = self.first_batch_from(self.ends_at(batch));
        next.map_or(DateTime::<Utc>::MAX_UTC, |next| self.starts_at(next))
    }

    /// The latest payout day that is over at a time.
    pub fn last_day_before(&self, at: DateTime<Utc>) -> Option<BatchId> {
        let day = at.with_timezone(&self.zone).date_naive();
        let days = (1..=7).filter_map(|ago| day.checked_sub_days(Days::new(ago)));
        days.filter(|day| PAYOUT_DAYS.contains(&day.weekday())).find_map(|day| BatchId::new(day).ok())
    }

    /// The last moment of a batch's day: who is due later belongs to another batch.
    pub fn last_moment(&self, batch: BatchId) -> DateTime<Utc> {
        self.ends_at(batch) - Duration::milliseconds(1)
    }

    pub fn starts_at(&self, batch: BatchId) -> DateTime<Utc> {
        self.start_of_day(batch.day())
    }

    pub fn ends_at(&self, batch: BatchId) -> DateTime<Utc> {
        batch.day().succ_opt().map_or(DateTime::<Utc>::MAX_UTC, |day| self.start_of_day(day))
    }

    /// The first instant of a day. If the clocks skip midnight, the first instant after it; if they show
    /// midnight twice, the first of both.
    fn start_of_day(&self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.and_time(NaiveTime::MIN);
        // All zones' offsets are multiples of a quarter of an hour.
        let quarters = (0..=MAX_GAP_HOURS * 4).map(|quarter| midnight + Duration::minutes(15 * quarter));
        let first = quarters.filter_map(|local| self.zone.from_local_datetime(&local).earliest()).next();
        first.map_or_else(|| midnight.and_utc(), |local| local.with_timezone(&Utc))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::time::parse;

    fn calendar(zone: &str) -> PayoutCalendar {
        PayoutCalendar::new(zone).unwrap()
    }

    fn batch(zone: &str, at: &str) -> Option<String> {
        calendar(zone).batch_at(parse(at).unwrap()).map(|batch| batch.to_string())
    }

    fn bounds(zone: &str, id: &str) -> (DateTime<Utc>, DateTime<Utc>) {
        let (calendar, id) = (calendar(zone), BatchId::parse(id).unwrap());
        (calendar.starts_at(id), calendar.ends_at(id))
    }

    #[test]
    fn a_tuesday_in_bogota_that_is_wednesday_in_utc_is_a_payout_day() {
        let late = "2025-11-19T02:00:00Z";
        assert_eq!(batch("America/Bogota", late).as_deref(), Some("payout-2025-11-18-tue"));
        assert_eq!(batch("UTC", late), None);
        assert_eq!(batch("America/Bogota", "2025-11-18T04:59:59.999Z"), None, "still Monday there");
        assert_eq!(batch("America/Bogota", "2025-11-18T05:00:00Z").as_deref(), Some("payout-2025-11-18-tue"));
        assert_eq!(batch("America/Bogota", "2025-11-22T04:59:59Z").as_deref(), Some("payout-2025-11-21-fri"));
        assert_eq!(
            batch("Pacific/Kiritimati", "2025-11-17T10:00:00Z").as_deref(),
            Some("payout-2025-11-18-tue")
        );
    }

    #[test]
    fn a_day_is_as_long_as_the_clocks_make_it() {
        let hours = |zone, id| {
            let (from, to) = bounds(zone, id);
            (to - from).num_hours()
        };
        assert_eq!(hours("America/Bogota", "payout-2025-11-18-tue"), 24);
        assert_eq!(hours("Africa/Cairo", "payout-2025-04-25-fri"), 23, "the clocks skip its midnight");
        assert_eq!(bounds("Africa/Cairo", "payout-2025-04-25-fri").0, parse("2025-04-24T22:00:00Z").unwrap());
        assert_eq!(hours("Asia/Amman", "payout-2021-10-29-fri"), 25, "the clocks show one o'clock twice");
        assert_eq!(hours("Pacific/Apia", "payout-2011-12-30-fri"), 0, "a Friday that never was");
    }

    #[test]
    fn a_hold_back_that_ends_on_a_payout_day_is_paid_on_it() {
        let first = |at| calendar("America/Bogota").first_batch_from(parse(at).unwrap()).unwrap().to_string();
        assert_eq!(first("2025-11-18T15:00:00Z"), "payout-2025-11-18-tue");
        assert_eq!(first("2025-11-19T04:59:59Z"), "payout-2025-11-18-tue");
        assert_eq!(first("2025-11-19T05:00:00Z"), "payout-2025-11-21-fri");
        assert_eq!(first("2025-11-22T12:00:00Z"), "payout-2025-11-25-tue");
    }

    #[test]
    fn only_iana_names_are_time_zones() {
        for wrong in ["", "Bogota", "+05:00", "America/Nowhere", "america/bogota "] {
            assert_eq!(PayoutCalendar::new(wrong), Err(UnknownZone), "{wrong}");
        }
        assert_eq!(calendar("America/Bogota").zone_name(), "America/Bogota");
    }

    proptest! {
        #[test]
        fn an_instant_belongs_to_a_batch_exactly_while_its_day_lasts(
            seconds in 946_684_800i64..4_102_444_800,
            zone in proptest::sample::select(vec!["UTC", "America/Bogota", "Africa/Cairo", "Asia/Beirut",
                "Australia/Lord_Howe", "Pacific/Apia", "America/Santiago", "Europe/Berlin"]),
        ) {
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            let calendar = calendar(zone);
            if let Some(batch) = calendar.batch_at(at) {
                prop_assert!(calendar.starts_at(batch) <= at && at < calendar.ends_at(batch));
                prop_assert_eq!(calendar.first_batch_from(at), Some(batch));
            }
            let next = calendar.first_batch_from(at).unwrap();
            prop_assert!(calendar.ends_at(next) > at);
            prop_assert!(calendar.starts_at(next) - at < Duration::days(5));
        }
    }
}
