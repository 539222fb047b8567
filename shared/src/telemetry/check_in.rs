//! Check-ins of jobs. The first one creates the monitor at Sentry, so schedules are defined in one place only.
//!
//! Source: develop.sentry.dev/sdk/telemetry/check-ins

use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use crate::domain::kernel::time;
use crate::domain::platform::job::{Job, JobSchedule, Occurrence};

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
            "failure_issue_threshold": job.failing_after_runs,
            "recovery_threshold": 1,
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
