//! Counts the calls of one request to each provider, and those that failed, for the request's log line; and the
//! effects that were done or refused, for the outcome of a job's run.
//!
//! Failed is what an outage looks like: no connection, no answer in time, 429 and 5xx. A refusal is an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::kernel::provider::Provider;

tokio::task_local! {
    static COUNTS: Arc<CallCounts>;
}

/// The calls of one request.
#[derive(Debug, Default)]
pub struct CallCounts {
    whop: CallCount,
    stripe: CallCount,
    resend: CallCount,
    effects_done: AtomicU64,
    effects_refused: AtomicU64,
}

#[derive(Debug, Default)]
struct CallCount {
    calls: AtomicU64,
    failures: AtomicU64,
}

/// Counts what `work` calls. Work that it spawns is not counted.
pub async fn counting<F: Future>(counts: Arc<CallCounts>, work: F) -> F::Output {
    COUNTS.scope(counts, work).await
}

/// Counts an effect that was done, or refused for good.
pub fn count_effect(is_refused: bool) {
    let _ = COUNTS.try_with(|counts| {
        let count = if is_refused { &counts.effects_refused } else { &counts.effects_done };
        count.fetch_add(1, Ordering::Relaxed);
    });
}

/// How many effects the current request has done so far, and how many were refused.
pub fn effects() -> (u64, u64) {
    let load = |counts: &Arc<CallCounts>| {
        (counts.effects_done.load(Ordering::Relaxed), counts.effects_refused.load(Ordering::Relaxed))
    };
    COUNTS.try_with(load).unwrap_or_default()
}

impl CallCounts {
    /// The number of calls; `None` without any, so that no line says so.
    pub fn calls(&self, provider: Provider) -> Option<u64> {
        some(&self.of(provider).calls)
    }

    /// The number of failed calls; `None` without any.
    pub fn failures(&self, provider: Provider) -> Option<u64> {
        some(&self.of(provider).failures)
    }

    fn of(&self, provider: Provider) -> &CallCount {
        match provider {
            Provider::Whop => &self.whop,
            Provider::Stripe => &self.stripe,
            Provider::Resend => &self.resend,
        }
    }
}

fn some(count: &AtomicU64) -> Option<u64> {
    Some(count.load(Ordering::Relaxed)).filter(|count| *count > 0)
}

/// Sends a request of a provider's client and counts it.
pub(super) async fn send(
    provider: Provider,
    request: reqwest::RequestBuilder,
) -> Result<reqwest::Response, reqwest::Error> {
    let answer = request.send().await;
    let failed = match &answer {
        Ok(answer) => answer.status().is_server_error() || answer.status().as_u16() == 429,
        Err(_) => true,
    };
    // Outside of a request nobody reads the counts.
    let _ = COUNTS.try_with(|counts| {
        let count = counts.of(provider);
        count.calls.fetch_add(1, Ordering::Relaxed);
        count.failures.fetch_add(failed.into(), Ordering::Relaxed);
    });
    answer
}
