//! What the platform reports about a request, as request extensions.
//!
//! They are types and not headers, because a client can send any header but cannot set an extension.

use crate::domain::kernel::ids::Ids;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde_json::Value;

/// The client's address; `None` if the platform does not guarantee one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientIp(pub Option<IpAddr>);

/// Present only on a direct invocation by the scheduler, which IAM has authorized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger(pub ScheduledEvent);

/// The payload of a schedule: `{"job": "reminders", "scheduled_at": "<aws.scheduler.scheduled-time>"}`. A person may
/// also name a window that was missed: `{"job": "payouts", "from": …, "until": …}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledEvent {
    /// The name of the job, such as `auto-decline`.
    pub job: String,
    /// The planned time of this run; `None` if the payload holds no valid one, as when a person invokes the
    /// function.
    pub scheduled_at: Option<DateTime<Utc>>,
    /// The start and end of a window.
    pub window: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// The id of this request in the platform's logs and ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

/// A longer name is no job of ours.
const MAX_JOB_CHARS: usize = 64;

/// Long enough for the ids of both platforms (36 and about 60 characters), short enough for every log line.
const MAX_REQUEST_ID_CHARS: usize = 128;

impl ScheduledEvent {
    /// Parses the payload; `None` if it does not have this form.
    pub fn read(payload: &Value) -> Option<Self> {
        let job = payload.get("job")?.as_str()?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if job.is_empty() || job.len() > MAX_JOB_CHARS || !job.chars().all(plain) {
            return None;
        }
        let at = |name: &str| {
            let text = payload.get(name).and_then(Value::as_str)?;
            DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
        };
        let named_window = payload.get("from").is_some() || payload.get("until").is_some();
        // Half a window is a mistake, and running now would be another thing than what was meant.
        let window = if named_window { Some((at("from")?, at("until")?)) } else { None };
        Some(Self { job: job.to_owned(), scheduled_at: at("scheduled_at"), window })
    }
}

impl RequestId {
    /// Takes the platform's id, or generates one if it is missing or unfit for a log line.
    pub fn from_platform(id: Option<&str>) -> Self {
        let fit = |id: &&str| {
            !id.is_empty() && id.len() <= MAX_REQUEST_ID_CHARS && id.bytes().all(|b| b.is_ascii_graphic())
        };
        Self(id.filter(fit).map_or_else(|| Ids::system().next().to_string(), str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schedule_names_its_job_and_its_time() {
        let event =
            ScheduledEvent::read(&json!({"job": "reminders", "scheduled_at": "2026-11-20T14:05:00Z"}))
                .unwrap();
        assert_eq!(event.job, "reminders");
        assert_eq!(event.scheduled_at.unwrap().to_rfc3339(), "2026-11-20T14:05:00+00:00");
    }

    #[test]
    fn a_person_may_name_a_window() {
        let window =
            json!({"job": "payouts", "from": "2026-11-20T14:05:00Z", "until": "2026-11-21T14:05:00Z"});
        let (from, until) = ScheduledEvent::read(&window).unwrap().window.unwrap();
        assert_eq!((until - from).num_hours(), 24);
    }

    #[test]
    fn an_unreadable_time_is_no_time() {
        for time in [json!(null), json!(5), json!(""), json!("<aws.scheduler.scheduled-time>")] {
            let event = ScheduledEvent::read(&json!({"job": "payouts", "scheduled_at": time})).unwrap();
            assert_eq!(event.scheduled_at, None, "{time}");
        }
        assert!(ScheduledEvent::read(&json!({"job": "payouts"})).is_some());
    }

    #[test]
    fn anything_else_is_no_schedule() {
        let long = "a".repeat(MAX_JOB_CHARS + 1);
        for payload in [
            json!(null),
            json!("reminders"),
            json!(["job"]),
            json!({}),
            json!({"job": 1}),
            json!({"job": ""}),
            json!({"job": "Re minders"}),
            json!({"job": long}),
            json!({"job": "payouts", "from": "2026-11-20T14:05:00Z"}),
            json!({"job": "payouts", "from": "2026-11-20T14:05:00Z", "until": "yesterday"}),
        ] {
            assert_eq!(ScheduledEvent::read(&payload), None, "{payload}");
        }
    }

    #[test]
    fn a_request_id_is_short_and_printable_or_made_anew() {
        assert_eq!(RequestId::from_platform(Some("fra1::iad1::x-1")).0, "fra1::iad1::x-1");
        for unfit in [None, Some(""), Some("a b"), Some("a\n"), Some("é"), Some(&*"x".repeat(129))] {
            let id = RequestId::from_platform(unfit).0;
            assert!(uuid::Uuid::parse_str(&id).is_ok(), "{unfit:?} became {id}");
        }
    }
}
