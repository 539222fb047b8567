//! Fault rules and their text format.

use std::fmt;
use std::str::FromStr;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{Call, ErrorCode, Operation};
use crate::outbox::Provider;

/// Which requests go wrong, how, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The provider that shows the fault.
    pub provider: Provider,
    pub operation: Operation,
    pub kind: FaultKind,
    /// How often; `None` until the rules are cleared.
    #[serde(default)]
    pub times: Option<u32>,
    /// Only for requests about this company.
    #[serde(default)]
    pub company: Option<String>,
}

impl Rule {
    pub(super) fn concerns(&self, call: &Call) -> bool {
        self.provider == call.provider
            && (self.operation == Operation::Any || self.operation == call.operation)
            && (self.company.is_none() || self.company == call.company)
            && self.times != Some(0)
    }
}

/// One kind of fault, written `status:500`, `drop_before`, `drop_after`, `slow:250`, `error_after:500`,
/// `stored:500`, `stored_after:500` or `refused:400:charge_expired_for_capture`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum FaultKind {
    /// Does not act and answers this status.
    Status(StatusCode),
    /// Closes the connection without acting.
    DropBefore,
    /// Acts and closes the connection without an answer: the caller cannot know.
    DropAfter,
    /// Waits this many milliseconds, then acts and answers, even if the client has disconnected.
    SlowMs(u64),
    /// Acts and answers this status all the same.
    ErrorAfter(StatusCode),
    /// Does not act, answers this status, and keeps it under the request's key, where the provider keeps
    /// errors at all.
    Stored(StatusCode),
    /// Acts and keeps this status under the key all the same.
    StoredAfter(StatusCode),
    /// Does not act and refuses for good with this code, in the provider's own shape; kept under the key where
    /// the provider keeps errors at all.
    Refused(StatusCode, ErrorCode),
}

/// A text that names no kind of fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected status:<400-599>, drop_before, drop_after, slow:<ms>, error_after:<400-599>, \
     stored:<400-599>, stored_after:<400-599> or refused:<400-499>:<code>"
)]
pub struct InvalidFaultKind;

impl FromStr for FaultKind {
    type Err = InvalidFaultKind;

    fn from_str(text: &str) -> Result<Self, InvalidFaultKind> {
        match text.split_once(':') {
            None if text == "drop_before" => Ok(Self::DropBefore),
            None if text == "drop_after" => Ok(Self::DropAfter),
            Some(("status", status)) => error_status(status).map(Self::Status),
            Some(("error_after", status)) => error_status(status).map(Self::ErrorAfter),
            Some(("stored", status)) => error_status(status).map(Self::Stored),
            Some(("stored_after", status)) => error_status(status).map(Self::StoredAfter),
            Some(("refused", refusal)) => {
                let (status, code) = refusal.split_once(':').ok_or(InvalidFaultKind)?;
                let status = error_status(status)?;
                let code = ErrorCode::parse(code).filter(|_| status.is_client_error());
                code.map(|code| Self::Refused(status, code)).ok_or(InvalidFaultKind)
            }
            Some(("slow", ms)) => ms.parse().map(Self::SlowMs).map_err(|_| InvalidFaultKind),
            _ => Err(InvalidFaultKind),
        }
    }
}

fn error_status(text: &str) -> Result<StatusCode, InvalidFaultKind> {
    let status = StatusCode::from_str(text).map_err(|_| InvalidFaultKind)?;
    if status.is_client_error() || status.is_server_error() { Ok(status) } else { Err(InvalidFaultKind) }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status:{}", status.as_u16()),
            Self::DropBefore => f.write_str("drop_before"),
            Self::DropAfter => f.write_str("drop_after"),
            Self::SlowMs(ms) => write!(f, "slow:{ms}"),
            Self::ErrorAfter(status) => write!(f, "error_after:{}", status.as_u16()),
            Self::Stored(status) => write!(f, "stored:{}", status.as_u16()),
            Self::StoredAfter(status) => write!(f, "stored_after:{}", status.as_u16()),
            Self::Refused(status, code) => write!(f, "refused:{}:{}", status.as_u16(), code.as_str()),
        }
    }
}

impl TryFrom<String> for FaultKind {
    type Error = InvalidFaultKind;
    fn try_from(text: String) -> Result<Self, InvalidFaultKind> {
        text.parse()
    }
}

impl From<FaultKind> for String {
    fn from(kind: FaultKind) -> String {
        kind.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back_what_it_writes() {
        for text in [
            "status:429",
            "drop_before",
            "drop_after",
            "slow:250",
            "error_after:500",
            "stored:500",
            "stored_after:500",
            "refused:400:charge_expired_for_capture",
        ] {
            let kind: FaultKind = text.parse().unwrap();
            assert_eq!(kind.to_string(), text);
        }
    }

    #[test]
    fn an_unknown_kind_of_fault_is_refused() {
        for text in [
            "",
            "refused:400",
            "refused:500:x",
            "refused:400:a b",
            "status:200",
            "status:abc",
            "slow:",
            "slow:-1",
            "drop",
            "error_after",
            "drop_after:1",
        ] {
            assert_eq!(text.parse::<FaultKind>(), Err(InvalidFaultKind), "{text}");
        }
    }
}
