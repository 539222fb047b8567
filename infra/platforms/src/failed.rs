//! Why a function could not be started or asked.

use std::io;

/// What went wrong, with what the function wrote meanwhile: its own words are the best explanation.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The binary cannot be run, or a socket cannot be had.
    #[error("the function cannot be run: {0}")]
    Io(#[from] io::Error),
    /// It ended before it was ready, or while it was asked.
    #[error("the function ended ({status}):\n{}", log.join("\n"))]
    Ended {
        status: String,
        /// What it wrote, line by line.
        log: Vec<String>,
    },
    /// It runs, and neither got ready nor answered.
    #[error("the function did not {what} in time:\n{}", log.join("\n"))]
    Silent {
        /// What was waited for.
        what: &'static str,
        /// What it wrote, line by line.
        log: Vec<String>,
    },
    /// It reported that the invocation failed, as Lambda would write it down.
    #[error("the invocation failed: {0}")]
    Invocation(serde_json::Value),
    /// What it said is not what the platform understands.
    #[error("the answer does not keep the protocol: {0}")]
    Protocol(String),
}

impl From<hyper::Error> for Failed {
    fn from(error: hyper::Error) -> Self {
        Self::Protocol(error.to_string())
    }
}
