//! The event bus: EventBridge, as the one function sees it that tells it anything.
//!
//! Nothing is sent twice from here: whatever was not taken is due again, which is the retry.
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

/// Entries of one request.
pub const MAX_ENTRIES: usize = 10;

/// Bytes of one request, as AWS counts them.
pub const MAX_BYTES: usize = 256 * 1024;

/// What a time counts for, however it is written.
const TIME_BYTES: usize = 14;

/// Who speaks, to those who choose what to hear.
pub const SOURCE: &str = "justonce";

#[derive(Debug, Clone)]
pub struct Bus {
    client: Client,
    name: String,
}

/// An announcement in the words of the bus.
#[derive(Debug, Clone)]
pub struct BusEntry {
    kind: String,
    detail: String,
    at_ms: i64,
}

/// What the bus says of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutEventResult {
    Accepted,
    /// It has not, for this reason.
    Refused(String),
}

/// Why the bus says nothing of any entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PutError {
    /// It takes offence at what it was sent: another request may fare better.
    #[error("the bus refuses the request: {0}")]
    Refused(String),
    /// It is not there for us, or nobody knows what it took.
    #[error("the bus does not answer: {0}")]
    Silent(String),
}

impl BusEntry {
    /// The entry for an announcement.
    pub fn of(announcement: &Announcement) -> Result<Self, serde_json::Error> {
        let detail = serde_json::to_string(announcement)?;
        let at_ms = announcement.occurred_at.timestamp_millis();
        Ok(Self { kind: announcement.kind.clone(), detail, at_ms })
    }

    /// What it takes of a request.
    pub fn bytes(&self) -> usize {
        SOURCE.len() + self.kind.len() + self.detail.len() + TIME_BYTES
    }

    fn addressed_to(&self, bus: &str) -> PutEventsRequestEntry {
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
    /// The bus of that name, or that ARN; `endpoint` is where EventBridge answers, if not at its usual place.
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

    /// Sends entries, ten at the most, and says what became of each, in their order.
    pub async fn put(&self, entries: &[BusEntry]) -> Result<Vec<PutEventResult>, PutError> {
        let addressed = entries.iter().map(|entry| entry.addressed_to(&self.name)).collect();
        let answer = self.client.put_events().set_entries(Some(addressed)).send().await.map_err(silence)?;
        let mut results: Vec<PutEventResult> = answer.entries().iter().map(put_event_result).collect();
        // What the answer leaves out is not known to have been taken.
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

/// Only the code is told: a message may quote what was sent.
fn silence(error: SdkError<PutEventsError>) -> PutError {
    let code = error.code().map(str::to_owned);
    let status = error.raw_response().map(|response| response.status().as_u16());
    match (code.as_deref(), status) {
        (Some(code @ ("ValidationException" | "SerializationException")), _) => {
            PutError::Refused(code.to_owned())
        }
        (_, Some(413)) => PutError::Refused("too_large".to_owned()),
        (Some(code), _) => PutError::Silent(code.to_owned()),
        (None, Some(status)) => PutError::Silent(format!("status {status}")),
        (None, None) => PutError::Silent("no answer".to_owned()),
    }
}
