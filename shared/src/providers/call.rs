//! The errors of a provider call, classified by what the caller may do next.

use std::time::Duration;

use crate::domain::kernel::provider::Provider;

/// Providers' error codes are short; longer texts are not copied into logs, rows and answers.
const MAX_CODE_BYTES: usize = 64;

/// How a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// The call had no effect; it may be repeated, but not before `retry_after`.
    NotSent { reason: String, retry_after: Option<Duration> },
    /// The provider refused the call; a repetition would be refused too.
    Rejected { reason: String },
    /// The provider refused the call because of the object's current state; it had no effect.
    WrongState {
        /// The state as the provider names it, such as `succeeded`.
        state: String,
    },
    /// The object does not exist.
    Absent,
    /// It is unknown whether the call had an effect. If the provider supports idempotency keys, the same request
    /// with the same key resolves the doubt.
    InDoubt { reason: String },
    /// It is unknown whether the call had an effect, and the same request with the same key would return the same
    /// answer: look the object up.
    LookUp { reason: String },
}

impl CallError {
    /// A short code for the reason: never a provider's message, which may name a person.
    pub fn reason(&self) -> &str {
        match self {
            Self::NotSent { reason, .. }
            | Self::Rejected { reason }
            | Self::InDoubt { reason }
            | Self::LookUp { reason } => reason,
            Self::WrongState { .. } => "wrong_state",
            Self::Absent => "not_found",
        }
    }

    /// Whether the provider understood the request and refused it, because the object does not exist or is not
    /// ours. A repetition does not help, so a caller that can go on without the answer does.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Rejected { .. } | Self::WrongState { .. } | Self::Absent)
    }

    /// The failure of a read-only call: without effect there is no doubt, so it can be repeated.
    pub(super) fn of_reading(self) -> Self {
        match self {
            Self::InDoubt { reason } | Self::LookUp { reason } => Self::NotSent { reason, retry_after: None },
            other => other,
        }
    }

    /// Adds the provider's name, without which people would look at the wrong provider.
    pub fn of(self, provider: Provider) -> ProviderError {
        ProviderError { provider, error: self }
    }

    /// The failure of a look-up: a refused look-up says nothing about the object, so it is repeated later.
    pub(crate) fn of_look_up(self) -> Self {
        match self {
            Self::Rejected { .. } | Self::WrongState { .. } | Self::Absent => {
                let reason = format!("look_up:{}", self.reason());
                Self::NotSent { reason, retry_after: None }
            }
            other => other.of_reading(),
        }
    }

    /// Classifies the status of a changing call; `code` is the provider's error code.
    ///
    /// A 401 concerns our key: the call had no effect and succeeds once the key is corrected. A 403 concerns the
    /// object and is final for it.
    pub(super) fn from_answer(status: u16, code: Option<String>, retry_after: Option<Duration>) -> Self {
        let reason = code.unwrap_or_else(|| format!("status_{status}"));
        match status {
            429 | 401 | 300..=399 => Self::NotSent { reason, retry_after },
            404 | 410 => Self::Absent,
            408 | 409 | 500.. => Self::InDoubt { reason },
            _ => Self::Rejected { reason },
        }
    }

    /// Classifies the status of a read-only call. Only "does not exist" and "not ours" are answers about the
    /// object; any other 4xx is about our request.
    pub(super) fn from_read_answer(status: u16, code: Option<String>, retry_after: Option<Duration>) -> Self {
        match status {
            403 | 404 | 410 => Self::from_answer(status, code, retry_after),
            400..=499 => {
                let reason = code.unwrap_or_else(|| format!("status_{status}"));
                Self::NotSent { reason, retry_after }
            }
            _ => Self::from_answer(status, code, retry_after).of_reading(),
        }
    }

    /// Classifies a transport error: before the connection was established nothing was sent; afterwards it is
    /// unknown.
    pub(super) fn from_transport(error: &reqwest::Error) -> Self {
        if error.is_connect() || error.is_builder() {
            return Self::NotSent { reason: "no_connection".to_owned(), retry_after: None };
        }
        let reason = if error.is_timeout() { "no_answer_in_time" } else { "connection_lost" };
        Self::InDoubt { reason: reason.to_owned() }
    }
}

/// A provider's error code, if it is short and plain. Free text may name a person.
pub(super) fn error_code(text: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_word = !text.is_empty() && text.len() <= MAX_CODE_BYTES && text.bytes().all(is_plain);
    is_word.then(|| text.to_owned())
}

/// A failed call with the name of the provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{provider}: {error}")]
pub struct ProviderError {
    pub provider: Provider,
    pub error: CallError,
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for CallError {}

/// Parses `Retry-After` in seconds; the date form counts as a minute.
pub(super) fn retry_after(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let text = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?;
    Some(
        text.trim()
            .parse()
            .map_or(Duration::from_secs(60), Duration::from_secs)
            .min(Duration::from_secs(3_600)),
    )
}
