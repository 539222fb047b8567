//! A token bucket as arithmetic: the generic cell rate algorithm, exact in whole numbers.
//!
//! A bucket is one number, `tat`: the time at which it will be whole again. A token costs an interval
//! of window / quota, and may be taken while `tat` is then no further away than the window. Times are
//! counted in parts of a millisecond, as many to each as the quota: so the interval is a whole number
//! of parts whatever the quota, and nothing is ever rounded.

use chrono::{DateTime, Utc};

use crate::store::platform::limit::BucketForm;

/// The numbers of one bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    quota: i128,
    window_ms: i128,
}

impl Bucket {
    /// A bucket of `quota` tokens that fills in a window; without at least one token and a second, it
    /// would be none.
    pub(super) fn new(quota: u32, window_seconds: u32) -> Self {
        Self { quota: quota.max(1).into(), window_ms: i128::from(window_seconds.max(1)) * 1_000 }
    }

    /// When it is whole again: not before now, and now if `tat` lies further ahead than any honest clock
    /// could have written it.
    pub(super) fn tat(&self, tat: Option<i128>, now: DateTime<Utc>) -> i128 {
        let now = self.parts(now);
        tat.filter(|tat| *tat <= self.absurd(now)).map_or(now, |tat| tat.max(now))
    }

    /// The write that takes a token from a bucket of this `tat`; `None` when there is no token.
    pub(super) fn step(&self, tat: Option<i128>, now: DateTime<Utc>) -> Option<BucketForm> {
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

    /// How many tokens there are.
    pub(super) fn remaining(&self, tat: Option<i128>, now: DateTime<Utc>) -> u32 {
        let left = self.parts(now) + self.window() - self.tat(tat, now);
        u32::try_from(left.max(0) / self.interval()).unwrap_or(u32::MAX)
    }

    /// How long until it is whole, in seconds begun.
    pub(super) fn reset_seconds(&self, tat: Option<i128>, now: DateTime<Utc>) -> u32 {
        self.seconds(self.tat(tat, now) - self.parts(now))
    }

    /// How long until there is a token, in seconds begun.
    pub(super) fn wait_seconds(&self, tat: Option<i128>, now: DateTime<Utc>) -> u32 {
        self.seconds(self.taken(tat, now) - self.window() - self.parts(now))
    }

    /// The first millisecond at which it is whole.
    pub(super) fn whole_at_ms(&self, tat: i128) -> i64 {
        i64::try_from(tat.div_euclid(self.quota) + 1).unwrap_or(i64::MAX)
    }

    fn parts(&self, time: DateTime<Utc>) -> i128 {
        i128::from(time.timestamp_millis()) * self.quota
    }

    fn interval(&self) -> i128 {
        self.window_ms
    }

    /// The interval, as a row's number is written.
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
