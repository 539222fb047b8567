//! Runs one router on AWS Lambda, on Vercel, or as a plain local server.
//!
//! The platforms' modules only convert requests and answers; `answer` does the rest. Every error and panic
//! becomes an HTTP answer, with one exception: a failed scheduled invocation on Lambda must fail, so that it is
//! retried.

mod answer;
#[cfg(feature = "aws")]
mod lambda;
#[cfg(any(feature = "vercel", not(feature = "aws")))]
mod plain;
mod platform;
mod problem;
mod request;
#[cfg(feature = "vercel")]
mod vercel;

use crate::environment::read_variable;
use std::error::Error;
use std::io;

use platform::Platform;

pub use crate::http::extension::{ClientIp, RequestId, ScheduledEvent, Trigger};

/// A function with its name, its routes and the path of its job.
pub struct Service {
    /// The name in logs and metrics.
    pub name: &'static str,
    /// All routes of the function.
    pub router: axum::Router,
    /// The route that a direct invocation by the scheduler is posted to; `None` for a function without a job.
    pub job_path: Option<&'static str>,
}

/// Why a function cannot start or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The environment is invalid.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// The binary was built for another platform; running as something else would hide that.
    #[error("this is {platform}, but the binary was built without the cargo feature `{feature}`")]
    NotCompiledIn {
        /// The platform of the environment.
        platform: &'static str,
        /// The crate's feature that this platform needs.
        feature: &'static str,
    },
    /// `AWS_LAMBDA_RUNTIME_API` is set, but other variables of Lambda are not.
    #[error("variables of Lambda's environment are missing: {}", .0.join(", "))]
    Missing(Vec<&'static str>),
    #[error("PORT is not a port number")]
    Port,
    #[error("cannot listen on 127.0.0.1")]
    Listen(#[source] io::Error),
    /// The platform's runtime library returned an error.
    #[error("the runtime of {platform} stopped")]
    Runtime { platform: &'static str, source: Box<dyn Error + Send + Sync> },
}

/// Starts logging, reads the environment, and serves until the platform ends the process.
pub async fn serve(service: Service) -> Result<(), ServeError> {
    crate::logs::init(service.name);
    let ended = start(service).await;
    if let Err(error) = &ended {
        tracing::error!(%error, cause = ?error.source(), "cannot serve");
    }
    ended
}

async fn start(service: Service) -> Result<(), ServeError> {
    match Platform::from_env(read_variable)? {
        #[cfg(feature = "vercel")]
        Platform::Vercel => vercel::serve(service).await,
        #[cfg(not(feature = "vercel"))]
        Platform::Vercel => Err(ServeError::NotCompiledIn { platform: "Vercel", feature: "vercel" }),
        #[cfg(feature = "aws")]
        Platform::Lambda => lambda::serve(service).await,
        #[cfg(not(feature = "aws"))]
        Platform::Lambda => Err(ServeError::NotCompiledIn { platform: "AWS Lambda", feature: "aws" }),
        #[cfg(any(feature = "vercel", not(feature = "aws")))]
        Platform::Plain { port } => plain::serve(service, port).await,
        // A binary for Lambda only contains no local server.
        #[cfg(all(feature = "aws", not(feature = "vercel")))]
        Platform::Plain { .. } => {
            Err(ServeError::NotCompiledIn { platform: "neither AWS Lambda nor Vercel", feature: "vercel" })
        }
    }
}
