//! What became of a call to a provider, told apart by what may be done next.

use std::time::Duration;

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
    /// ask. Asking again changes nothing, so whoever can do without the answer goes on without it.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Rejected { .. } | Self::WrongState { .. } | Self::Absent => true,
            Self::NotSent { reason, .. } => reason == "status_403",
            Self::InDoubt { .. } | Self::LookUp { .. } => false,
        }
    }

    /// The same failure of a call that changes nothing: what cannot have happened is in no doubt.
    pub(super) fn of_reading(self) -> Self {
        match self {
            Self::InDoubt { reason } | Self::LookUp { reason } => Self::NotSent { reason, retry_after: None },
            other => other,
        }
    }

    /// What an answer's status says about a call that changes something.
    pub(super) fn from_status(status: u16, retry_after: Option<Duration>) -> Self {
        let reason = format!("status_{status}");
        match status {
            429 | 401 | 403 | 300..=399 => Self::NotSent { reason, retry_after },
            404 | 410 => Self::Absent,
            408 | 409 | 500.. => Self::InDoubt { reason },
            _ => Self::Rejected { reason },
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
