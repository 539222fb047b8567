//! Counts accepted and refused deliveries per source, and those of an unknown name, and judges whether a source is refused as a whole.
//!
//! A process adds its counts up and writes them once a minute at most, so that neither traffic nor a stranger makes it
//! write without bounds. The first refusals of an hour are written at once: a wrong secret shows with the third of
//! them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};

use crate::store::Store;
use crate::store::platform::webhook_counts::WebhookHour;

/// The pause between two writes of a process for one source.
const PAUSE_SECONDS: i64 = 60;

/// So many refusals and unknown names of a source are written at once per process and hour.
const WRITES_AT_ONCE: u32 = 10;

/// So many deliveries in a row have to be refused before the source counts as refused.
const MIN_REFUSED: u64 = 3;

/// A source of which something was accepted within this time is not refused as a whole.
const ACCEPTED_MINUTES: i64 = 5;

/// An older refusal says nothing about now.
const RECENT_MINUTES: i64 = 60;

/// The counts that this process has not written yet.
#[derive(Debug, Default)]
pub struct WebhookCounts {
    sources: Mutex<BTreeMap<String, [Pending; 3]>>,
}

/// What is counted about a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery<'a> {
    /// Its signature was valid.
    Accepted,
    Refused,
    /// It was accepted, and this version does not know the event's name.
    UnknownName(&'a str),
}

#[derive(Debug, Clone, Copy, Default)]
struct Pending {
    count: u32,
    saved_at: Option<DateTime<Utc>>,
    /// Writes within the hour of `saved_at`.
    saved_in_hour: u32,
}

impl WebhookCounts {
    /// Counts one delivery. A failed write is logged and tried again with the next one, because the delivery itself
    /// matters more.
    pub async fn count(&self, store: &Store, source: &str, delivery: Delivery<'_>, now: DateTime<Utc>) {
        let Some(count) = self.take_due(source, delivery, now) else { return };
        let saved = match delivery {
            Delivery::Accepted => store.add_accepted_webhooks(source, count, now).await,
            Delivery::Refused => store.add_refused_webhooks(source, count, now).await,
            Delivery::UnknownName(name) => store.add_unknown_webhook_names(source, name, count, now).await,
        };
        if let Err(error) = saved {
            tracing::warn!(source, %error, "deliveries were not counted");
            self.change(source, delivery, |pending| pending.count += count);
        }
    }

    /// Adds a delivery; the count to write, if one is due.
    fn take_due(&self, source: &str, delivery: Delivery<'_>, now: DateTime<Utc>) -> Option<u32> {
        self.change(source, delivery, |pending| {
            pending.count += 1;
            let hour = |at: DateTime<Utc>| at.timestamp().div_euclid(3_600);
            if pending.saved_at.is_none_or(|at| hour(at) != hour(now)) {
                pending.saved_in_hour = 0;
            }
            let at_once = delivery != Delivery::Accepted && pending.saved_in_hour < WRITES_AT_ONCE;
            let paused = pending.saved_at.is_none_or(|at| now - at >= Duration::seconds(PAUSE_SECONDS));
            if !at_once && !paused {
                return None;
            }
            pending.saved_at = Some(now);
            pending.saved_in_hour += 1;
            Some(std::mem::take(&mut pending.count))
        })
    }

    fn change<T>(&self, source: &str, delivery: Delivery<'_>, change: impl FnOnce(&mut Pending) -> T) -> T {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let [accepted, refused, unknown] = sources.entry(source.to_owned()).or_default();
        change(match delivery {
            Delivery::Accepted => accepted,
            Delivery::Refused => refused,
            Delivery::UnknownName(_) => unknown,
        })
    }
}

/// The deliveries of one source over some hours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceCounts {
    pub accepted: u64,
    pub refused: u64,
    pub last_accepted_at: Option<DateTime<Utc>>,
    pub last_refused_at: Option<DateTime<Utc>>,
    refused_since_accepted: u64,
    pub unknown_names: u64,
    pub last_unknown_name: Option<String>,
}

impl SourceCounts {
    /// Whether everything that comes is refused, as after a wrong secret was set.
    pub fn is_only_refused(&self, now: DateTime<Utc>) -> bool {
        let within = |at: Option<DateTime<Utc>>, minutes: i64| {
            at.is_some_and(|at| now - at < Duration::minutes(minutes))
        };
        self.refused_since_accepted >= MIN_REFUSED
            && within(self.last_refused_at, RECENT_MINUTES)
            && !within(self.last_accepted_at, ACCEPTED_MINUTES)
    }
}

/// Adds up hours, oldest first, by source.
pub fn sum(hours: &[WebhookHour]) -> BTreeMap<String, SourceCounts> {
    let mut sources: BTreeMap<String, SourceCounts> = BTreeMap::new();
    for hour in hours {
        let counts = sources.entry(hour.source.clone()).or_default();
        counts.accepted += hour.accepted;
        counts.refused += hour.refused;
        counts.last_accepted_at = hour.last_accepted_at.or(counts.last_accepted_at);
        counts.last_refused_at = hour.last_refused_at.or(counts.last_refused_at);
        counts.unknown_names += hour.unknown_names;
        if let Some(name) = &hour.last_unknown_name {
            counts.last_unknown_name = Some(name.clone());
        }
        let before = if hour.accepted > 0 { 0 } else { counts.refused_since_accepted };
        counts.refused_since_accepted = before + hour.refused_since_accepted;
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_763_456_400 + seconds, 0).unwrap()
    }

    #[test]
    fn accepted_deliveries_are_written_once_a_minute_and_none_is_left_out() {
        let counts = WebhookCounts::default();
        let due: Vec<u32> =
            (0..150).filter_map(|second| counts.take_due("whop", Delivery::Accepted, at(second))).collect();
        assert_eq!(due, [1, 60, 60]);
        assert_eq!(counts.take_due("stripe", Delivery::Accepted, at(150)), Some(1), "each source for itself");
    }

    #[test]
    fn a_stranger_makes_a_process_write_a_few_times_and_then_once_a_minute() {
        let counts = WebhookCounts::default();
        let writes = |from: i64| {
            let due =
                (0..6_000).filter_map(|n| counts.take_due("whop", Delivery::Refused, at(from + n / 10)));
            due.collect::<Vec<u32>>()
        };
        let first = writes(0);
        assert_eq!((first.len(), first[2], first[9]), (10 + 9, 1, 1), "{first:?}");
        assert!(first.iter().sum::<u32>() > 5_000, "{first:?}");
    }

    #[test]
    fn a_source_is_refused_as_a_whole_until_something_of_it_is_accepted() {
        let hour = |number: i64, accepted: u64, refused: u64| WebhookHour {
            source: "whop".to_owned(),
            hour: at(number * 3_600),
            accepted,
            refused,
            refused_since_accepted: refused,
            last_accepted_at: (accepted > 0).then(|| at(number * 3_600)),
            last_refused_at: (refused > 0).then(|| at(number * 3_600 + 1_800)),
            ..WebhookHour::default()
        };
        let judge =
            |hours: &[WebhookHour], minutes: i64| sum(hours)["whop"].is_only_refused(at(minutes * 60));
        assert!(judge(&[hour(0, 0, 3)], 31));
        assert!(!judge(&[hour(0, 0, 2)], 31), "two may be anything");
        assert!(!judge(&[hour(0, 0, 3)], 91), "an hour later nothing is known any more");
        assert!(judge(&[hour(0, 0, 2), hour(1, 0, 1)], 91), "over the full hour");
        assert!(judge(&[hour(0, 9, 0), hour(1, 0, 3)], 91), "after a rotation");
        assert!(!judge(&[hour(0, 0, 9), hour(1, 1, 0)], 61), "something was accepted");
    }
}
