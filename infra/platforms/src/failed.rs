//! Why a function could not be started or called.

use std::io;

/// The error, with the function's output as explanation.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error("the function cannot be run: {0}")]
    Io(#[from] io::Error),
    /// The process ended before it was ready or during a request.
    #[error("the function ended ({status}):\n{}", log.join("\n"))]
    Ended { status: String, log: Vec<String> },
    /// The process runs but did not get ready or answer in time.
    #[error("the function did not {what} in time:\n{}", log.join("\n"))]
    TimedOut { what: &'static str, log: Vec<String> },
    /// It reported a failed invocation in Lambda's format.
    #[error("the invocation failed: {0}")]
    Invocation(serde_json::Value),
    #[error("the answer violates the protocol: {0}")]
    Protocol(String),
}

impl From<hyper::Error> for Failed {
    fn from(error: hyper::Error) -> Self {
        Self::Protocol(error.to_string())
    }
}
