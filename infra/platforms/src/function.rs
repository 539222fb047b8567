//! A function's binary, running on one of the platforms.

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

/// Where a binary is told that it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// AWS Lambda behind a function URL.
    Lambda,
    Vercel,
}

/// That a schedule's time has come.
#[derive(Debug, Clone)]
pub struct Occurrence<'a> {
    /// The job, as the payload of a direct invocation names it.
    pub job: &'a str,
    /// The time it was planned for.
    pub scheduled_at: DateTime<Utc>,
    /// The route that Vercel's cron asks.
    pub path: &'a str,
    /// What Vercel's cron proves itself with.
    pub cron_secret: &'a str,
}

/// A running function. Its process ends with this value.
pub struct Function {
    // First, so that it is gone before the sockets are that it would wait at.
    process: Process,
    running: RunningFunction,
}

enum RunningFunction {
    Lambda(RuntimeApi),
    Vercel(Bridge),
}

impl Function {
    /// Starts a binary with these variables and the platform's own, and waits until it is ready: on Lambda
    /// until it polls for the first time, on Vercel until it says so.
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

    /// Asks it, and waits for the answer. An [`std::net::IpAddr`] among the request's extensions is who asks.
    pub async fn ask(&mut self, request: &Request<Bytes>) -> Result<Response<Bytes>, Failed> {
        let answer = async {
            match &mut self.running {
                RunningFunction::Lambda(api) => lambda::reply(&respond(api, lambda::event(request)).await?),
                RunningFunction::Vercel(bridge) => bridge.ask(request).await,
            }
        };
        within(&mut self.process, "answer", answer).await
    }

    /// Fires its job as the platform's schedule does, and returns what it says about the run.
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

    /// What it has used so far.
    pub fn spent(&self) -> io::Result<Spent> {
        self.process.spent()
    }

    /// What it has written so far, line by line.
    pub fn log(&self) -> Vec<String> {
        self.process.log()
    }

    pub const fn id(&self) -> u32 {
        self.process.id()
    }
}

/// One invocation that has to succeed.
async fn respond(api: &mut RuntimeApi, payload: Value) -> Result<Value, Failed> {
    let hung_up = || Failed::Protocol("nobody polls any more".to_owned());
    let outcome = api.invoke(payload).await.ok_or_else(hung_up)?;
    if outcome.kind == "response" { Ok(outcome.body) } else { Err(Failed::Invocation(outcome.body)) }
}

/// What Vercel's cron sends.
///
/// Source: vercel.com/docs/cron-jobs
fn cron(occurrence: &Occurrence<'_>) -> Result<Request<Bytes>, Failed> {
    let request = Request::get(occurrence.path)
        .header("authorization", format!("Bearer {}", occurrence.cron_secret))
        .header("user-agent", "vercel-cron/1.0");
    request.body(Bytes::new()).map_err(|error| Failed::Protocol(error.to_string()))
}

/// Waits for something of a process for as long as it lives, and no longer than anybody would.
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
        // A broken connection is how the end of a process is seen first; its last words say more.
        Ok(Err(Failed::Io(_) | Failed::Protocol(_))) if process.ends_soon().await => {
            Err(process.ended().await)
        }
        Ok(happened) => happened,
        Err(_) => Err(Failed::Silent { what, log: process.log() }),
    }
}
