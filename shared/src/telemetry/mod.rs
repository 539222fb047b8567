//! External monitoring: Sentry receives errors and check-ins of jobs, Better Stack the log.
//!
//! Both are sent at the end of an invocation, because a platform may freeze the process after the answer. Sending
//! takes at most a second, never fails an invocation and is not retried: the log on stdout is complete. A service
//! that is not configured costs nothing.

mod better_stack;
mod check_in;
mod dsn;
mod sentry;
mod sink;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use crate::domain::platform::job::{Job, Occurrence};
use crate::logs::{BufferedLines, Lines, Wanted, buffering};

use better_stack::BetterStack;
pub use better_stack::Drain;
use check_in::{CheckIn, RunningCheckIn, Status};
pub use dsn::{Dsn, DsnError};
pub use sentry::Release;
use sentry::Sentry;

/// The time limit for all services together, per invocation.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The clients of the monitoring services; clones share their backoff.
#[derive(Debug, Clone, Default)]
pub struct Telemetry(Option<Arc<Watchers>>);

#[derive(Debug)]
struct Watchers {
    sentry: Option<Sentry>,
    better_stack: Option<BetterStack>,
}

/// One request or one run of a job, from arrival to answer.
#[derive(Debug, Clone, Default)]
pub struct Invocation(Option<Arc<Open>>);

#[derive(Debug)]
struct Open {
    watchers: Arc<Watchers>,
    buffered: Arc<BufferedLines>,
    begun: Mutex<Option<RunningCheckIn>>,
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
    ) -> Self {
        let sentry = sentry.map(|(dsn, deployment)| Sentry::new(http.clone(), dsn, deployment));
        let better_stack = better_stack.map(|drain| BetterStack::new(http.clone(), drain));
        let anybody = sentry.is_some() || better_stack.is_some();
        Self(anybody.then(|| Arc::new(Watchers { sentry, better_stack })))
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
            let wanted = Wanted { lines: watchers.better_stack.is_some(), errors: watchers.sentry.is_some() };
            let (buffered, begun) = (Arc::new(BufferedLines::new(wanted)), Mutex::default());
            Arc::new(Open { watchers: Arc::clone(watchers), buffered, begun })
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
        let Lines { lines, lines_dropped, errors, errors_dropped, .. } = open.buffered.take();
        let begun = open.begun.lock().unwrap_or_else(PoisonError::into_inner).take();
        let until = Instant::now() + TIMEOUT;
        let Watchers { sentry, better_stack } = &*open.watchers;
        let check_out = async {
            if let (Some(sentry), Some(begun)) = (sentry, begun) {
                let status = if is_ok { Status::Ok } else { Status::Error };
                let check_in = begun.ended(until).await;
                sentry.check_in(&check_in, status, until).await;
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

/// Sends the first check-in of a job, in parallel with the job. The end of the invocation sends the last one;
/// Sentry reports a job without it as missed.
pub fn check_in(job: Job, occurrence: &Occurrence, payout_zone: &str) {
    let Ok(open) = OPEN.try_with(Arc::clone) else { return };
    let Some(sentry) = &open.watchers.sentry else { return };
    let check_in = CheckIn::of(job, occurrence, payout_zone, sentry.environment());
    let begun = RunningCheckIn::of(check_in, sentry.clone());
    *open.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
}

/// Wraps work for `spawn`, because a spawned task does not inherit the invocation.
pub fn in_invocation<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let invocation = Invocation(OPEN.try_with(Arc::clone).ok());
    async move { invocation.around(work).await }
}
