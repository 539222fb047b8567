//! A function's binary, running on one of the emulated platforms.

use std::io;
use std::path::Path;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use http::{Request, Response};
use serde_json::{Value, json};

use crate::lambda::{self, RuntimeApi};
use crate::process::{Process, Spent};
use crate::vercel::Bridge;
use crate::{Failed, PATIENCE};

/// The platform that the binary finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// AWS Lambda behind a function URL.
    Lambda,
    Vercel,
}

/// One occurrence of a schedule.
#[derive(Debug, Clone)]
pub struct Occurrence<'a> {
    /// The job's name in the payload of a direct invocation.
    pub job: &'a str,
    pub scheduled_at: DateTime<Utc>,
    /// The route that Vercel's cron calls.
    pub path: &'a str,
    /// The secret of Vercel's cron.
    pub cron_secret: &'a str,
}

/// A running function. Dropping it ends the process.
pub struct Function {
    // Declared first, so that it is dropped before the sockets that it would wait for.
    process: Process,
    running: RunningFunction,
}

enum RunningFunction {
    Lambda(RuntimeApi),
    Vercel(Bridge),
}

impl Function {
    /// Starts a binary with these variables and the platform's own, and waits until it is ready: on Lambda until
    /// its first poll, on Vercel until it reports it.
    pub async fn start(
        platform: Platform,
        binary: &Path,
        environment: &[(&'static str, String)],
    ) -> Result<Self, Failed> {
        let name = binary.file_stem().unwrap_or_default().to_string_lossy();
        let running = match platform {
            Platform::Lambda => RunningFunction::Lambda(RuntimeApi::start(&name).await?),
            Platform::Vercel => RunningFunction::Vercel(Bridge::start().await?),
        };
        let own = match &running {
            RunningFunction::Lambda(api) => api.environment().to_vec(),
            RunningFunction::Vercel(bridge) => bridge.environment().to_vec(),
        };
        let process = Process::start(binary, environment.iter().cloned().chain(own))?;
        let mut function = Self { process, running };
        let ready = async {
            match &mut function.running {
                RunningFunction::Lambda(api) => {
                    api.polled().await;
                    Ok(())
                }
                RunningFunction::Vercel(bridge) => bridge.started().await,
            }
        };
        within(&mut function.process, "start", ready).await?;
        Ok(function)
    }

    /// Sends a request and waits for the answer. An [`std::net::IpAddr`] among the request's extensions is the
    /// client's address.
    pub async fn ask(&mut self, request: &Request<Bytes>) -> Result<Response<Bytes>, Failed> {
        let answer = async {
            match &mut self.running {
                RunningFunction::Lambda(api) => lambda::reply(&respond(api, lambda::event(request)).await?),
                RunningFunction::Vercel(bridge) => bridge.ask(request).await,
            }
        };
        within(&mut self.process, "answer", answer).await
    }

    /// Runs its job as the platform's schedule does, and returns the job's report.
    pub async fn fire(&mut self, occurrence: &Occurrence<'_>) -> Result<Value, Failed> {
        let said = async {
            match &mut self.running {
                RunningFunction::Lambda(api) => {
                    let scheduled_at = occurrence.scheduled_at.to_rfc3339_opts(SecondsFormat::Secs, true);
                    respond(api, json!({"job": occurrence.job, "scheduled_at": scheduled_at})).await
                }
                RunningFunction::Vercel(bridge) => {
                    let answer = bridge.ask(&cron(occurrence)?).await?;
                    let text = String::from_utf8_lossy(answer.body()).into_owned();
                    let body: Option<Value> = serde_json::from_str(&text).ok();
                    let refused =
                        || Failed::Invocation(json!({"status": answer.status().as_u16(), "body": text}));
                    body.filter(|_| answer.status().is_success()).ok_or_else(refused)
                }
            }
        };
        within(&mut self.process, "end its run", said).await
    }

    /// The resources used so far.
    pub fn spent(&self) -> io::Result<Spent> {
        self.process.spent()
    }

    /// The output so far, line by line.
    pub fn log(&self) -> Vec<String> {
        self.process.log()
    }

    pub const fn id(&self) -> u32 {
        self.process.id()
    }
}

async fn respond(api: &mut RuntimeApi, payload: Value) -> Result<Value, Failed> {
    let hung_up = || Failed::Protocol("the function does not poll any more".to_owned());
    let outcome = api.invoke(payload).await.ok_or_else(hung_up)?;
    if outcome.kind == "response" { Ok(outcome.body) } else { Err(Failed::Invocation(outcome.body)) }
}

/// The request of Vercel's cron.
///
/// Source: vercel.com/docs/cron-jobs
fn cron(occurrence: &Occurrence<'_>) -> Result<Request<Bytes>, Failed> {
    let request = Request::get(occurrence.path)
        .header("authorization", format!("Bearer {}", occurrence.cron_secret))
        .header("user-agent", "vercel-cron/1.0");
    request.body(Bytes::new()).map_err(|error| Failed::Protocol(error.to_string()))
}

/// Waits until the process ends, up to the timeout.
async fn within<T>(
    process: &mut Process,
    what: &'static str,
    happening: impl Future<Output = Result<T, Failed>>,
) -> Result<T, Failed> {
    let happened = tokio::select! {
        biased;
        happened = tokio::time::timeout(PATIENCE, happening) => happened,
        ended = process.ended() => return Err(ended),
    };
    match happened {
        // A broken connection is often the first sign of the end; the process's last output explains more.
        Ok(Err(Failed::Io(_) | Failed::Protocol(_))) if process.ends_soon().await => {
            Err(process.ended().await)
        }
        Ok(happened) => happened,
        Err(_) => Err(Failed::TimedOut { what, log: process.log() }),
    }
}
