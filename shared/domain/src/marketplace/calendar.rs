//! The days on which professionals are paid.
//!
//! A day is a day of the deployment's time zone: nine in the evening of a Tuesday in Bogotá is a
//! Wednesday in UTC, and still a payout day.

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

use super::payout::BatchId;

/// When professionals are paid.
const PAYOUT_DAYS: [Weekday; 2] = [Weekday::Tue, Weekday::Fri];

/// Midnights that a change of the clocks skips last hours; a day that a zone skipped altogether
/// (Apia, 2011) is over after this many.
const MAX_GAP_HOURS: i64 = 25;

/// The payout days in a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayoutCalendar {
    zone: Tz,
}

/// A text that names no time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time zone is an IANA name such as America/Bogota")]
pub struct UnknownZone;

impl PayoutCalendar {
    /// The calendar of an IANA time zone.
    pub fn new(zone: &str) -> Result<Self, UnknownZone> {
        zone.parse().map(|zone| Self { zone }).map_err(|_| UnknownZone)
    }

    /// The calendar of UTC.
    pub fn utc() -> Self {
        Self { zone: Tz::UTC }
    }

    /// The name of the zone.
    pub fn zone_name(&self) -> &'static str {
        self.zone.name()
    }

    /// The batch of an instant, or of a planned time; `None` where that is no payout day.
    pub fn batch_at(&self, at: DateTime<Utc>) -> Option<BatchId> {
        let day = at.with_timezone(&self.zone).date_naive();
        PAYOUT_DAYS.contains(&day.weekday()).then(|| BatchId::new(day).ok()).flatten()
    }

    /// The batch of the day of an instant, whatever day of the week it is: a person may ask on any.
    pub fn batch_of_day(&self, at: DateTime<Utc>) -> Option<BatchId> {
        BatchId::new(at.with_timezone(&self.zone).date_naive()).ok()
    }

    /// The batch on whose day a booking can be paid at the earliest, given the end of its hold-back:
    /// that day's own, or the next.
    pub fn first_batch_from(&self, at: DateTime<Utc>) -> Option<BatchId> {
        let day = at.with_timezone(&self.zone).date_naive();
        let days = (0..7).filter_map(|ahead| day.checked_add_days(Days::new(ahead)));
        days.filter(|day| PAYOUT_DAYS.contains(&day.weekday())).find_map(|day| BatchId::new(day).ok())
    }

    /// When the day of a batch begins.
    pub fn starts_at(&self, batch: BatchId) -> DateTime<Utc> {
        self.begins(batch.day())
    }

    /// When the day of a batch is over.
    pub fn ends_at(&self, batch: BatchId) -> DateTime<Utc> {
        batch.day().succ_opt().map_or(DateTime::<Utc>::MAX_UTC, |day| self.begins(day))
    }

    /// The first instant of a day. Where the clocks skip midnight it is the first one after; where
    /// they show it twice, the first of the two.
    fn begins(&self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.and_time(NaiveTime::MIN);
        // Zones lie on whole quarters of an hour since their clocks agree at all.
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
