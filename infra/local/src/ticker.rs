//! The schedules of the deployment files on the sandbox's clock.
//!
//! Moving the clock fires the occurrences that are passed, each at its own planned time; of a job that runs
//! every minute only a few.

use std::sync::Arc;

use axum::body::Body;
use chrono::{DateTime, Duration, Utc};
use http::StatusCode;
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde_json::Value;
use shared::json::read_trusted;
use tokio::sync::Mutex;

use crate::service::Service;
use stacks::schedule::Schedule;

/// The farthest the clock can be moved at once: a year of five-minute ticks takes minutes.
pub const MAX_STEP_DAYS: i64 = 92;

/// How far apart the occurrences of a job are at least that are fired while the clock is moved. Those that
/// are left out are as lost ticks, which harm nothing; to wait for them all would take minutes for a week.
const PASSED_MINUTES: i64 = 5;

/// Fires schedules when their time comes.
pub struct Ticker {
    service: Arc<Service>,
    schedules: Vec<Schedule>,
    fired_until: Mutex<DateTime<Utc>>,
}

/// The result of moving the clock.
#[derive(Debug, Default, Serialize)]
pub struct ClockMove {
    /// The current time of the sandbox.
    pub now: String,
    /// How many occurrences were fired.
    pub fired: u64,
    /// The total of completed rows.
    pub done: u64,
    /// The total of failed rows.
    pub failed: u64,
    /// The total of effects in doubt.
    pub in_doubt: u64,
}

impl Ticker {
    /// Fires `schedules` from now on.
    pub fn new(service: Arc<Service>, schedules: Vec<Schedule>) -> Self {
        let fired_until = Mutex::new(service.sandbox.clock.now());
        Self { service, schedules, fired_until }
    }

    /// Moves the clock to `target` and fires the occurrences in between. Moving back is allowed and fires
    /// nothing.
    pub async fn move_to(&self, target: DateTime<Utc>) -> ClockMove {
        let mut fired_until = self.fired_until.lock().await;
        let clock = &self.service.sandbox.clock;
        let mut moved = ClockMove::default();
        for (at, schedule) in self.occurrences(*fired_until, target, Duration::minutes(PASSED_MINUTES)) {
            if at > clock.now() {
                clock.pass(at);
            }
            self.deliver_events().await;
            let done_before = moved.done + moved.failed;
            self.fire(schedule, at, &mut moved).await;
            *fired_until = at;
            // The results are dated, so a process that dies now must not continue before that date.
            if moved.done + moved.failed > done_before {
                clock.set(clock.now());
            }
        }
        clock.set(target);
        self.deliver_events().await;
        *fired_until = target;
        moved.now = shared::domain::kernel::time::format(target);
        moved
    }

    /// Fires what has become due on a running clock.
    pub async fn catch_up(&self) {
        let mut fired_until = self.fired_until.lock().await;
        let now = self.service.sandbox.clock.now();
        for (at, schedule) in self.occurrences(*fired_until, now, Duration::zero()) {
            self.fire(schedule, at, &mut ClockMove::default()).await;
        }
        *fired_until = now.max(*fired_until);
        self.deliver_events().await;
    }

    /// Delivers the providers' webhooks too, which have no schedule.
    async fn deliver_events(&self) {
        self.service.deliver_stripe_events().await;
        self.service.deliver_resend_events().await;
    }

    /// Checks the clock every second, without end.
    pub async fn run(&self) {
        loop {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            self.catch_up().await;
        }
    }

    /// The occurrences after `after` and up to `until`, at the distance that `apart` sets for each job.
    fn occurrences(
        &self,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
        apart: Duration,
    ) -> Vec<(DateTime<Utc>, &Schedule)> {
        let from = after.max(until - Duration::days(MAX_STEP_DAYS));
        let mut all = Vec::new();
        for schedule in &self.schedules {
            let mut last: Option<DateTime<Utc>> = None;
            for at in schedule.between(from, until) {
                if last.is_none_or(|last| at - last >= apart) {
                    last = Some(at);
                    all.push((at, schedule));
                }
            }
        }
        all.sort_by_key(|(at, _)| *at);
        all
    }

    async fn fire(&self, schedule: &Schedule, at: DateTime<Utc>, moved: &mut ClockMove) {
        let response = self.service.fire(&schedule.job, &schedule.path, at).await;
        let status = response.status();
        let report = read(response.into_body()).await;
        if status != StatusCode::OK {
            tracing::warn!(job = schedule.job, status = status.as_u16(), "a scheduled run failed");
        }
        let count = |name: &str| report.get(name).and_then(Value::as_u64).unwrap_or_default();
        moved.fired += 1;
        moved.done += count("done");
        moved.failed += count("failed");
        moved.in_doubt += count("in_doubt");
    }
}

async fn read(body: Body) -> Value {
    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    read_trusted(&bytes).unwrap_or_default()
}
