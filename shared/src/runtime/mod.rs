//! One router, three places to run it: AWS Lambda, Vercel, a plain local server.
//!
//! Each place only carries a request in and an answer out; what happens between is `answer`.
//! No handler's error and no panic leaves this module as anything but an HTTP answer, with one exception:
//! a scheduled invocation on Lambda that failed must fail there too, or nobody would retry it.

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

/// A function: what it is called, what it answers, and where its job stands.
pub struct Service {
    /// The name in the log and in the metrics.
    pub name: &'static str,
    /// Everything the function answers.
    pub router: axum::Router,
    /// The route that a direct invocation by the scheduler is posted to; `None` for a function without a job.
    pub job_path: Option<&'static str>,
}

/// Why a function cannot run, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// What is set in the environment cannot be used.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// The binary was built for another platform; running as something else would hide that.
    #[error("this is {platform}, but the binary was built without the cargo feature `{feature}`")]
    NotCompiledIn {
        /// The platform that the environment speaks of.
        platform: &'static str,
        /// The feature of the crate that is needed there.
        feature: &'static str,
    },
    /// The runtime API is there, but not the rest of Lambda's environment.
    #[error("Lambda's environment is not whole, missing: {}", .0.join(", "))]
    Missing(Vec<&'static str>),
    /// `PORT` is set and is no port.
    #[error("PORT is not a port number")]
    Port,
    /// The local server cannot listen.
    #[error("cannot listen on 127.0.0.1")]
    Listen(#[source] io::Error),
    /// The platform's own runtime gave up.
    #[error("the runtime of {platform} ended")]
    Runtime {
        /// Whose runtime it is.
        platform: &'static str,
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Serves until the platform ends the process. Starts the log and reads the environment, once.
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
        // What is made for Lambda alone carries no server that nobody there would ask.
        #[cfg(all(feature = "aws", not(feature = "vercel")))]
        Platform::Plain { .. } => {
            Err(ServeError::NotCompiledIn { platform: "neither AWS Lambda nor Vercel", feature: "vercel" })
        }
    }
}
