//! A run of a job that has started: what was sent about its start, and what will be sent about its end.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::Watchers;
use super::check_in::{CheckIn, Status};
use super::ended_run::{EndedRun, excerpt};
use super::heartbeat::{Heartbeat, Signal};
use crate::domain::platform::job::{Job, Occurrence};
use crate::logs::BufferedLine;

/// The time limit of the first requests, which are sent beside the job.
const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct StartedRun {
    check_in: Option<CheckIn>,
    heartbeat: Option<Heartbeat>,
    /// The first requests, which may still be on their way.
    sent: JoinHandle<()>,
}

impl StartedRun {
    /// Tells the watchers of jobs that a run starts; `None` if there is no such watcher.
    pub(super) fn of(
        watchers: &Watchers,
        job: Job,
        occurrence: &Occurrence,
        payout_zone: &str,
    ) -> Option<Self> {
        let Watchers { sentry, heartbeats, .. } = watchers;
        let check_in =
            sentry.as_ref().map(|sentry| CheckIn::of(job, occurrence, payout_zone, sentry.environment()));
        let heartbeat = heartbeats.as_ref().map(|_| Heartbeat::of(job, occurrence));
        let sentry = sentry.clone().zip(check_in.clone());
        let heartbeats = heartbeats.clone().zip(heartbeat.clone());
        if sentry.is_none() && heartbeats.is_none() {
            return None;
        }
        let sent = tokio::spawn(async move {
            let until = Instant::now() + TIMEOUT;
            let check_in = async {
                if let Some((sentry, check_in)) = &sentry {
                    sentry.check_in(check_in, Status::InProgress, until).await;
                }
            };
            let heartbeat = async {
                if let Some((heartbeats, heartbeat)) = &heartbeats {
                    heartbeats.send(heartbeat, Signal::Start, until).await;
                }
            };
            tokio::join!(check_in, heartbeat);
        });
        Some(Self { check_in, heartbeat, sent })
    }

    /// Tells the watchers how the run ended. Sentry hears of every failed run and has a threshold of its own; a
    /// heartbeat has none, so it fails with the job. The first requests are awaited, so that the last ones do not
    /// arrive before them.
    pub(super) async fn end(
        mut self,
        watchers: &Watchers,
        is_ok: bool,
        ended: Option<&EndedRun>,
        warnings: &VecDeque<BufferedLine>,
        until: Instant,
    ) {
        if timeout_at(until, &mut self.sent).await.is_err() {
            self.sent.abort();
        }
        let is_failing = !is_ok || ended.is_some_and(|ended| ended.failing);
        let has_failed = is_failing || ended.is_some_and(|ended| ended.failed);
        let check_in = async {
            if let (Some(sentry), Some(check_in)) = (&watchers.sentry, &self.check_in) {
                let status = if has_failed { Status::Error } else { Status::Ok };
                sentry.check_in(check_in, status, until).await;
            }
        };
        let heartbeat = async {
            if let (Some(heartbeats), Some(heartbeat)) = (&watchers.heartbeats, &self.heartbeat) {
                let signal =
                    if is_failing { Signal::Fail(excerpt(ended, warnings)) } else { Signal::Success };
                heartbeats.send(heartbeat, signal, until).await;
            }
        };
        tokio::join!(check_in, heartbeat);
    }
}
