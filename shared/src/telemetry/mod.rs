//! External monitoring: Sentry receives errors and check-ins of jobs, Better Stack the log, and a heartbeat service
//! the start and the end of each job.
//!
//! All of it is sent at the end of an invocation, because a platform may freeze the process after the answer. Sending
//! takes at most a second, never fails an invocation and is not retried: the log on stdout is complete. A service
//! that is not configured costs nothing.

mod better_stack;
mod check_in;
mod dsn;
mod ended_run;
mod heartbeat;
mod sentry;
mod sink;
mod started_run;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use crate::domain::platform::job::{Job, Occurrence};
use crate::logs::{BufferedLines, Lines, Wanted, buffering};

use better_stack::BetterStack;
pub use better_stack::Drain;
pub use dsn::{Dsn, DsnError};
pub use ended_run::EndedRun;
pub use heartbeat::HeartbeatService;
use heartbeat::Heartbeats;
pub use sentry::Release;
use sentry::Sentry;
use started_run::StartedRun;

/// The time limit for all services together, per invocation.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The clients of the monitoring services; clones share their backoff.
#[derive(Debug, Clone, Default)]
pub struct Telemetry(Option<Arc<Watchers>>);

#[derive(Debug)]
struct Watchers {
    sentry: Option<Sentry>,
    better_stack: Option<BetterStack>,
    heartbeats: Option<Heartbeats>,
}

/// One request or one run of a job, from arrival to answer.
#[derive(Debug, Clone, Default)]
pub struct Invocation(Option<Arc<Open>>);

#[derive(Debug)]
struct Open {
    watchers: Arc<Watchers>,
    buffered: Arc<BufferedLines>,
    started: Mutex<Option<StartedRun>>,
    ended: Mutex<Option<EndedRun>>,
}

tokio::task_local! {
    static OPEN: Arc<Open>;
}

static INSTALLED: OnceLock<Telemetry> = OnceLock::new();

impl Telemetry {
    pub fn new(
        http: &reqwest::Client,
        sentry: Option<(&Dsn, Release)>,
        better_stack: Option<&Drain>,
        heartbeat: Option<&HeartbeatService>,
    ) -> Self {
        let sentry = sentry.map(|(dsn, deployment)| Sentry::new(http.clone(), dsn, deployment));
        let better_stack = better_stack.map(|drain| BetterStack::new(http.clone(), drain));
        let heartbeats = heartbeat.map(|service| Heartbeats::new(http.clone(), service));
        let anybody = sentry.is_some() || better_stack.is_some() || heartbeats.is_some();
        Self(anybody.then(|| Arc::new(Watchers { sentry, better_stack, heartbeats })))
    }

    /// Installs them as the process's telemetry, which the runtime uses. Only the first call has an effect.
    pub fn install(&self) {
        let _ = INSTALLED.set(self.clone());
    }

    pub fn installed() -> Self {
        INSTALLED.get().cloned().unwrap_or_default()
    }

    /// Starts to buffer one invocation.
    pub fn begin(&self) -> Invocation {
        Invocation(self.0.as_ref().map(|watchers| {
            let Watchers { sentry, better_stack, heartbeats } = &**watchers;
            let wanted = Wanted {
                lines: better_stack.is_some(),
                errors: sentry.is_some(),
                warnings: heartbeats.is_some(),
            };
            let buffered = Arc::new(BufferedLines::new(wanted));
            let (started, ended) = (Mutex::default(), Mutex::default());
            Arc::new(Open { watchers: Arc::clone(watchers), buffered, started, ended })
        }))
    }
}

impl Invocation {
    /// Runs the work, buffers what it logs, and lets a job check in.
    pub async fn around<F: Future>(&self, work: F) -> F::Output {
        match &self.0 {
            Some(open) => OPEN.scope(Arc::clone(open), buffering(Arc::clone(&open.buffered), work)).await,
            None => work.await,
        }
    }

    /// Sends everything and waits at most a second.
    pub async fn end(self, is_ok: bool) {
        let Some(open) = self.0 else { return };
        let Lines { lines, lines_dropped, errors, errors_dropped, warnings, .. } = open.buffered.take();
        let started = open.started.lock().unwrap_or_else(PoisonError::into_inner).take();
        let ended = open.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        let until = Instant::now() + TIMEOUT;
        let Watchers { sentry, better_stack, .. } = &*open.watchers;
        let check_out = async {
            if let Some(started) = started {
                started.end(&open.watchers, is_ok, ended.as_ref(), &warnings, until).await;
            }
        };
        let report = async {
            if let Some(sentry) = sentry {
                join_all(errors.iter().map(|line| sentry.report(line, errors_dropped, until))).await;
            }
        };
        let ship = async {
            if let Some(better_stack) = better_stack {
                better_stack.ship(lines, lines_dropped, until).await;
            }
        };
        tokio::join!(check_out, report, ship);
    }
}

/// Tells the watchers of jobs that a run starts, in parallel with the run. The end of the invocation tells them the
/// rest; a run without an end is reported by them.
pub fn check_in(job: Job, occurrence: &Occurrence, payout_zone: &str) {
    let Ok(open) = OPEN.try_with(Arc::clone) else { return };
    let started = StartedRun::of(&open.watchers, job, occurrence, payout_zone);
    *open.started.lock().unwrap_or_else(PoisonError::into_inner) = started;
}

/// Keeps how the run of this invocation ended, for its end.
pub fn run_ended(ended: EndedRun) {
    // Outside of an invocation there is nobody to tell.
    let _ = OPEN.try_with(|open| *open.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended));
}

/// Wraps work for `spawn`, because a spawned task does not inherit the invocation.
pub fn in_invocation<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let invocation = Invocation(OPEN.try_with(Arc::clone).ok());
    async move { invocation.around(work).await }
}
