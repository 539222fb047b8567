//! The event bus: a client for EventBridge, used by the event publisher only.
//!
//! The client does not retry: rejected entries stay in the outbox and are sent with the next batch.
//!
//! Source: docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::config::retry::RetryConfig;
use aws_sdk_eventbridge::config::{BehaviorVersion, Region};
use aws_sdk_eventbridge::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_eventbridge::operation::put_events::PutEventsError;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};

use super::connector::Connector;
use super::{Aws, time_outs};
use crate::domain::platform::announcement::Announcement;

/// The most entries that one request may hold.
pub const MAX_ENTRIES: usize = 10;

/// The most bytes that one request may hold, counted as AWS does ([`BusEntry::bytes`]).
pub const MAX_BYTES: usize = 256 * 1024;

/// What AWS counts for a time, independent of its spelling.
const TIME_BYTES: usize = 14;

/// The `source` of our events, which subscribers filter by.
pub const SOURCE: &str = "justonce";

#[derive(Debug, Clone)]
pub struct Bus {
    client: Client,
    name: String,
}

/// An announcement as an entry of EventBridge.
#[derive(Debug, Clone)]
pub struct BusEntry {
    kind: String,
    detail: String,
    at_ms: i64,
}

/// The bus's result for one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutEventResult {
    Accepted,
    /// Rejected, with the error code.
    Refused(String),
}

/// Why the bus gave no result for any entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PutError {
    /// The bus rejected the request as a whole; a smaller or different one may succeed.
    #[error("the bus rejects the request: {0}")]
    Refused(String),
    /// The bus did not answer, so it is unknown which entries it accepted.
    #[error("the bus does not answer: {0}")]
    Unanswered(String),
}

impl BusEntry {
    pub fn of(announcement: &Announcement) -> Result<Self, serde_json::Error> {
        let detail = serde_json::to_string(announcement)?;
        let at_ms = announcement.occurred_at.timestamp_millis();
        Ok(Self { kind: announcement.kind.clone(), detail, at_ms })
    }

    /// The size that AWS counts for the entry.
    pub fn bytes(&self) -> usize {
        SOURCE.len() + self.kind.len() + self.detail.len() + TIME_BYTES
    }

    fn to_request_entry(&self, bus: &str) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(bus)
            .source(SOURCE)
            .detail_type(&self.kind)
            .detail(&self.detail)
            .time(DateTime::from_millis(self.at_ms))
            .build()
    }
}

impl Bus {
    /// A client for the bus with this name or ARN; `endpoint` overrides EventBridge's usual URL.
    pub fn new(aws: &Aws, http: &reqwest::Client, endpoint: Option<&str>, name: &str) -> Self {
        let mut builder = aws_sdk_eventbridge::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(aws.region.clone()))
            .credentials_provider(aws.credentials(http))
            .http_client(Connector::new(http.clone()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(time_outs());
        builder.set_endpoint_url(endpoint.map(str::to_owned));
        Self { client: Client::from_conf(builder.build()), name: name.to_owned() }
    }

    /// Sends at most [`MAX_ENTRIES`] entries and returns their results in the same order.
    pub async fn put(&self, entries: &[BusEntry]) -> Result<Vec<PutEventResult>, PutError> {
        let addressed = entries.iter().map(|entry| entry.to_request_entry(&self.name)).collect();
        let answer = self.client.put_events().set_entries(Some(addressed)).send().await.map_err(put_error)?;
        let mut results: Vec<PutEventResult> = answer.entries().iter().map(put_event_result).collect();
        // An entry without a result in the answer may not have been accepted.
        results.resize(entries.len(), PutEventResult::Refused("not_in_the_answer".to_owned()));
        Ok(results)
    }
}

fn put_event_result(entry: &PutEventsResultEntry) -> PutEventResult {
    match (entry.event_id(), entry.error_code()) {
        (Some(_), None) => PutEventResult::Accepted,
        (_, code) => PutEventResult::Refused(code.unwrap_or("no_reason").to_owned()),
    }
}

/// Returns only the error code: the message may quote the payload.
fn put_error(error: SdkError<PutEventsError>) -> PutError {
    let code = error.code().map(str::to_owned);
    let status = error.raw_response().map(|response| response.status().as_u16());
    match (code.as_deref(), status) {
        (Some(code @ ("ValidationException" | "SerializationException")), _) => {
            PutError::Refused(code.to_owned())
        }
        (_, Some(413)) => PutError::Refused("too_large".to_owned()),
        (Some(code), _) => PutError::Unanswered(code.to_owned()),
        (None, Some(status)) => PutError::Unanswered(format!("status {status}")),
        (None, None) => PutError::Unanswered("no answer".to_owned()),
    }
}
