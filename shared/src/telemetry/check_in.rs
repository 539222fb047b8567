//! Check-ins of jobs. The first one creates the monitor at Sentry, so schedules are defined in one place only.
//!
//! Source: develop.sentry.dev/sdk/telemetry/check-ins

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::sentry::Sentry;
use crate::domain::kernel::time;
use crate::domain::platform::job::{Job, JobSchedule, Occurrence};

/// The time limit of the first check-in, which runs beside the job.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Longer than any platform lets a job run: a run without a final check-in by then has died.
const MAX_RUN_MINUTES: u32 = 6;

/// The status of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    InProgress,
    Ok,
    Error,
}

/// One run of a job, as its monitor shows it.
#[derive(Debug, Clone)]
pub(super) struct CheckIn {
    id: Uuid,
    slug: String,
    config: Value,
    started: Instant,
}

impl CheckIn {
    /// Two starts of the same occurrence are one check-in.
    pub(super) fn of(job: Job, occurrence: &Occurrence, payout_zone: &str, environment: &str) -> Self {
        let planned = time::format(occurrence.scheduled_at);
        let name = format!("check-in:{environment}:{}:{planned}", job.name);
        let (schedule, zone) = match job.schedule {
            JobSchedule::Utc(crontab) => (json!({"type": "crontab", "value": crontab}), "UTC"),
            JobSchedule::PayoutZone(crontab) => (json!({"type": "crontab", "value": crontab}), payout_zone),
            JobSchedule::Daily => (json!({"type": "interval", "value": 1, "unit": "day"}), "UTC"),
        };
        let config = json!({
            "schedule": schedule,
            "timezone": zone,
            "checkin_margin": job.margin_minutes,
            "max_runtime": MAX_RUN_MINUTES,
        });
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes());
        Self { id, slug: format!("justonce-{}", job.name), config, started: Instant::now() }
    }

    /// The payload for Sentry.
    pub(super) fn payload(&self, status: Status, release: &str, environment: &str) -> Value {
        let mut payload = json!({
            "check_in_id": self.id.simple().to_string(),
            "monitor_slug": self.slug,
            "status": status,
            "release": release,
            "environment": environment,
            "monitor_config": self.config,
        });
        if status != Status::InProgress {
            payload["duration"] = json!(self.started.elapsed().as_secs_f64());
        }
        payload
    }
}

/// A started job and its first check-in, which may still be on its way.
#[derive(Debug)]
pub(super) struct RunningCheckIn {
    check_in: CheckIn,
    sent: JoinHandle<()>,
}

impl RunningCheckIn {
    pub(super) fn of(check_in: CheckIn, sentry: Sentry) -> Self {
        let started = check_in.clone();
        let sent = tokio::spawn(async move {
            sentry.check_in(&started, Status::InProgress, Instant::now() + TIMEOUT).await;
        });
        Self { check_in, sent }
    }

    /// Waits for the first check-in, so that the last one does not arrive before it.
    pub(super) async fn ended(mut self, until: Instant) -> CheckIn {
        if timeout_at(until, &mut self.sent).await.is_err() {
            self.sent.abort();
        }
        self.check_in
    }
}
