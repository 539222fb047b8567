//! What time it is, as an argument.

use std::sync::Arc;

use chrono::{DateTime, Utc};

/// Tells the time. Read once, at the entry point, and handed in; the local server's can be moved.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// The system's clock: the only place that reads it.
    #[expect(clippy::disallowed_methods, reason = "everything else gets this clock handed in")]
    pub fn system() -> Self {
        Self(Arc::new(Utc::now))
    }

    pub fn from_fn(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// In whole milliseconds, because that is what is written down.
    pub fn now(&self) -> DateTime<Utc> {
        let now = (self.0)();
        DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now)
    }
}
