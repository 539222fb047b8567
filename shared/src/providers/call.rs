//! What became of a call to a provider, told apart by what may be done next.

use std::time::Duration;

use crate::domain::kernel::provider::Provider;

/// A provider's machine words are short; anything else is not repeated in logs, rows and answers.
const MAX_WORD_BYTES: usize = 64;

/// The end of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// It certainly did not happen; it may be tried again, not before the time named.
    NotSent {
        /// Why, in one of our own words.
        reason: String,
        /// How long the provider asks us to wait.
        retry_after: Option<Duration>,
    },
    /// The provider refused it, and will again.
    Rejected {
        /// Why, in one of our own words.
        reason: String,
    },
    /// The provider refused it because of the state the thing is in now; nothing happened.
    WrongState {
        /// The state, in the provider's own word, such as `succeeded`.
        state: String,
    },
    /// The thing asked for is not there.
    Absent,
    /// Nobody knows whether it happened; where the provider honours keys, the same request under the
    /// same key settles it.
    InDoubt {
        /// Why, in one of our own words.
        reason: String,
    },
    /// Nobody knows whether it happened, and the same request under the same key would only bring this
    /// answer again: look it up.
    LookUp {
        /// Why, in one of our own words.
        reason: String,
    },
}

impl CallError {
    /// The reason, in one of our own words: never a provider's text, which may name a person.
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

    /// Whether the provider understood the question and will not answer it: it is not there, or not ours to
    /// ask. Asking again changes nothing, so a caller that can do without the answer goes on without it.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Rejected { .. } | Self::WrongState { .. } | Self::Absent)
    }

    /// The same failure of a call that changes nothing: what cannot have happened is in no doubt.
    pub(super) fn of_reading(self) -> Self {
        match self {
            Self::InDoubt { reason } | Self::LookUp { reason } => Self::NotSent { reason, retry_after: None },
            other => other,
        }
    }

    /// The same failure with the provider that was called, to be passed on: an answer or a log
    /// entry that names none sends people to look at the wrong provider.
    pub fn of(self, provider: Provider) -> ProviderError {
        ProviderError { provider, error: self }
    }

    /// The same failure of a call that only looks something up: that the look-up was refused says nothing
    /// about what it would have found, so it is asked again later.
    pub(crate) fn of_look_up(self) -> Self {
        match self {
            Self::Rejected { .. } | Self::WrongState { .. } | Self::Absent => {
                let reason = format!("look_up:{}", self.reason());
                Self::NotSent { reason, retry_after: None }
            }
            other => other.of_reading(),
        }
    }

    /// What an answer's status says about a call that changes something; `word` is the provider's own
    /// machine word for the error.
    ///
    /// A 401 is about our key: the call was turned away before it began and succeeds once the key is
    /// corrected. A 403 is about the object that was named, and is final for that object.
    pub(super) fn from_answer(status: u16, word: Option<String>, retry_after: Option<Duration>) -> Self {
        let reason = word.unwrap_or_else(|| format!("status_{status}"));
        match status {
            429 | 401 | 300..=399 => Self::NotSent { reason, retry_after },
            404 | 410 => Self::Absent,
            408 | 409 | 500.. => Self::InDoubt { reason },
            _ => Self::Rejected { reason },
        }
    }

    /// What an answer's status says about a call that only reads. Only what is not there, or not ours to read, is
    /// an answer to the question; any other 4xx finds fault with how we ask, and says nothing about the object.
    pub(super) fn from_read_answer(status: u16, word: Option<String>, retry_after: Option<Duration>) -> Self {
        match status {
            403 | 404 | 410 => Self::from_answer(status, word, retry_after),
            400..=499 => {
                let reason = word.unwrap_or_else(|| format!("status_{status}"));
                Self::NotSent { reason, retry_after }
            }
            _ => Self::from_answer(status, word, retry_after).of_reading(),
        }
    }

    /// What a failure of the connection says: before it stood nothing was sent, after that nobody knows.
    pub(super) fn from_transport(error: &reqwest::Error) -> Self {
        if error.is_connect() || error.is_builder() {
            return Self::NotSent { reason: "no_connection".to_owned(), retry_after: None };
        }
        let reason = if error.is_timeout() { "no_answer_in_time" } else { "connection_lost" };
        Self::InDoubt { reason: reason.to_owned() }
    }
}

/// A provider's error code, if it is a short word of plain characters. Free text may name a person.
pub(super) fn machine_word(text: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_word = !text.is_empty() && text.len() <= MAX_WORD_BYTES && text.bytes().all(is_plain);
    is_word.then(|| text.to_owned())
}

/// A failed call and the provider that was called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{provider}: {error}")]
pub struct ProviderError {
    /// Which provider was called.
    pub provider: Provider,
    /// How the call ended.
    pub error: CallError,
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for CallError {}

/// Reads `Retry-After` in seconds; the other form, a date, is read as "a minute".
pub(super) fn retry_after(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let text = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?;
    Some(
        text.trim()
            .parse()
            .map_or(Duration::from_secs(60), Duration::from_secs)
            .min(Duration::from_secs(3_600)),
    )
}
