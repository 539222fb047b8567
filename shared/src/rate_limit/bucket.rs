//! The arithmetic of a token bucket: the generic cell rate algorithm, exact in integers.
//!
//! A bucket is one number, `tat`: the time at which it is full again. A token adds an interval of window /
//! quota, and may be taken if `tat` is then at most one window in the future. The unit of time is a millisecond
//! divided by the quota, so that the interval is an integer for every quota and nothing is rounded.

use chrono::{DateTime, Utc};

use crate::store::platform::limit::BucketForm;

/// The parameters of one bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    quota: i128,
    window_ms: i128,
}

impl Bucket {
    /// A bucket of `quota` tokens that fills in `window_seconds`; both are at least 1.
    pub(super) fn new(quota: u32, window_seconds: u32) -> Self {
        Self { quota: quota.max(1).into(), window_ms: i128::from(window_seconds.max(1)) * 1_000 }
    }

    /// The time at which it is full again: at least `now`, and `now` if `tat` is further in the future than any
    /// correct clock could have written.
    pub(super) fn tat(&self, tat: Option<i128>, now: DateTime<Utc>) -> i128 {
        let now = self.parts(now);
        tat.filter(|tat| *tat <= self.absurd(now)).map_or(now, |tat| tat.max(now))
    }

    /// The form of the write that takes a token from a bucket with this `tat`; `None` if it is empty.
    pub(super) fn write_form(&self, tat: Option<i128>, now: DateTime<Utc>) -> Option<BucketForm> {
        let tat = self.tat(tat, now);
        let now = self.parts(now);
        let latest = now + self.window() - self.interval();
        if tat == now {
            return Some(BucketForm::Idle { now, absurd: self.absurd(now), tat: now + self.interval() });
        }
        (tat <= latest).then_some(BucketForm::Busy { now, latest, interval: self.interval() })
    }

    /// The `tat` after a token was taken.
    pub(super) fn taken(&self, tat: Option<i128>, now: DateTime<Utc>) -> i128 {
        self.tat(tat, now) + self.interval()
    }

    pub(super) fn remaining(&self, tat: Option<i128>, now: DateTime<Utc>) -> u32 {
        let left = self.parts(now) + self.window() - self.tat(tat, now);
        u32::try_from(left.max(0) / self.interval()).unwrap_or(u32::MAX)
    }

    /// The time until it is full, in seconds, rounded up.
    pub(super) fn reset_seconds(&self, tat: Option<i128>, now: DateTime<Utc>) -> u32 {
        self.seconds(self.tat(tat, now) - self.parts(now))
    }

    /// The time until a token is available, in seconds, rounded up.
    pub(super) fn wait_seconds(&self, tat: Option<i128>, now: DateTime<Utc>) -> u32 {
        self.seconds(self.taken(tat, now) - self.window() - self.parts(now))
    }

    /// The first millisecond at which it is full.
    pub(super) fn full_at_ms(&self, tat: i128) -> i64 {
        i64::try_from(tat.div_euclid(self.quota) + 1).unwrap_or(i64::MAX)
    }

    fn parts(&self, time: DateTime<Utc>) -> i128 {
        i128::from(time.timestamp_millis()) * self.quota
    }

    fn interval(&self) -> i128 {
        self.window_ms
    }

    /// The interval in the unit of a row's `tat`.
    pub(super) fn interval_parts(&self) -> i64 {
        i64::try_from(self.interval()).unwrap_or(i64::MAX)
    }

    fn window(&self) -> i128 {
        self.window_ms * self.quota
    }

    fn absurd(&self, now: i128) -> i128 {
        now + 2 * self.window()
    }

    fn seconds(&self, parts: i128) -> u32 {
        let second = 1_000 * self.quota;
        u32::try_from((parts.max(0) + second - 1) / second).unwrap_or(u32::MAX)
    }
}
