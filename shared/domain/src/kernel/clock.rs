//! A clock that is passed as an argument.

use std::sync::Arc;

use chrono::{DateTime, Utc};

/// Returns the current time. The entry points pass it in; the local server and tests can set it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// The system clock; the only place that reads it.
    #[expect(clippy::disallowed_methods, reason = "everything else gets this clock handed in")]
    pub fn system() -> Self {
        Self(Arc::new(Utc::now))
    }

    pub fn from_fn(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time in whole milliseconds, the precision of stored times.
    pub fn now(&self) -> DateTime<Utc> {
        let now = (self.0)();
        DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now)
    }
}
