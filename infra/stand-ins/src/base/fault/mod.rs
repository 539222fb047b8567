//! Fault injection: slow answers, errors, and connections that are cut before or after the provider acted.

mod code;
mod http;
mod operation;
mod rule;
mod watch;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

pub use code::ErrorCode;
pub use operation::Operation;
pub use rule::{FaultKind, InvalidFaultKind, Rule};
pub use watch::CallHook;

use super::ProviderState;
use super::journal::{ForeignRecord, Journal, Record};
use super::outbox::Provider;
use super::server::cut_connection;

/// The `Retry-After` of an injected 429.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("2");

/// The name of the current rules in the journal.
const NAME: &str = "faults";

/// The rules in force; the first that matches a request decides it.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    rules: Arc<Mutex<Vec<Rule>>>,
    journal: Journal,
    watch: watch::CallHooks,
}

/// The parts of a request that rules match.
pub(crate) struct Call {
    provider: Provider,
    operation: Operation,
    company: Option<String>,
    /// Writes an error in the provider's own style, with the code that is named.
    refuse: fn(StatusCode, Option<&str>) -> Response,
}

impl Call {
    pub(crate) fn to<S: ProviderState>(operation: Operation, company: Option<String>) -> Self {
        Self { provider: S::PROVIDER, operation, company, refuse: S::refuse }
    }
}

/// An error that the provider keeps under the request's key, whether it acted or not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeptError {
    pub(crate) status: StatusCode,
    pub(crate) acts: bool,
    /// The provider's code; `None` leaves it to the provider.
    pub(crate) code: Option<ErrorCode>,
}

impl Faults {
    /// No rules: every provider is well.
    pub fn new() -> Self {
        Self::default()
    }

    /// No rules, and every change of them is written to `journal`.
    pub(crate) fn kept_in(journal: Journal) -> Self {
        Self { journal, ..Self::default() }
    }

    /// Adds a rule behind those in force.
    pub fn add(&self, rule: Rule) {
        self.change(|rules| rules.push(rule));
    }

    /// The rules in force, with the times they have left.
    pub fn rules(&self) -> Vec<Rule> {
        self.list().clone()
    }

    /// Makes every provider well again.
    pub fn clear(&self) {
        self.change(Vec::clear);
    }

    /// Replays a journal record.
    pub(crate) fn replay(&self, record: &mut Record) -> Result<(), ForeignRecord> {
        if let Some(rules) = record.take(NAME)? {
            *self.list() = rules;
        }
        Ok(())
    }

    /// Runs `act` and answers, unless a rule injects a fault.
    pub(crate) async fn with_faults(
        &self,
        call: Call,
        act: impl FnOnce() -> Response + Send + 'static,
    ) -> Response {
        let refuse = call.refuse;
        let keeps_no_errors = move |kept: Option<KeptError>| match kept {
            None => act(),
            Some(kept) => {
                let _hidden_by_the_error = kept.acts.then(act);
                refuse(kept.status, kept.code.as_ref().map(ErrorCode::as_str))
            }
        };
        self.with_faults_keeping(call, keeps_no_errors).await
    }

    /// Like [`Self::with_faults`] for a provider that stores errors under idempotency keys: `act` receives
    /// the error to store.
    pub(crate) async fn with_faults_keeping(
        &self,
        call: Call,
        act: impl FnOnce(Option<KeptError>) -> Response + Send + 'static,
    ) -> Response {
        let (_guard, chosen) = self.watch.begin(call.operation);
        let chosen = chosen.or_else(|| self.take(&call));
        let kept = |status, acts, code| Some(KeptError { status, acts, code });
        match chosen {
            None => act(None),
            Some(FaultKind::Stored(status)) => act(kept(status, false, None)),
            Some(FaultKind::StoredAfter(status)) => act(kept(status, true, None)),
            Some(FaultKind::Refused(status, code)) => act(kept(status, false, Some(code))),
            Some(FaultKind::Status(status)) => refusal(&call, status),
            Some(FaultKind::ErrorAfter(status)) => {
                let _hidden_by_the_error = act(None);
                refusal(&call, status)
            }
            Some(FaultKind::DropBefore) => cut_connection(),
            Some(FaultKind::DropAfter) => {
                let _never_sent = act(None);
                cut_connection()
            }
            Some(FaultKind::SlowMs(ms)) => after_ms(ms, move || act(None)).await,
        }
    }

    /// Whether a part of a batch request is refused. Only rules that name the part's company apply.
    pub(crate) fn refuses_part(&self, part: &Call) -> bool {
        self.take_where(|rule| rule.company.is_some() && rule.concerns(part)).is_some()
    }

    /// The fault for this call, if any. A rule without remaining uses is removed.
    fn take(&self, call: &Call) -> Option<FaultKind> {
        self.take_where(|rule| rule.concerns(call))
    }

    fn take_where(&self, concerns: impl Fn(&Rule) -> bool) -> Option<FaultKind> {
        let mut rules = self.list();
        let index = rules.iter().position(concerns)?;
        let kind = rules[index].kind;
        if rules[index].times.is_some() {
            self.put(&mut rules, |rules| use_up(rules, index));
        }
        Some(kind)
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Rule>)) {
        self.put(&mut self.list(), change);
    }

    /// Written before it is in force: a fault that is used up stays so after a restart.
    fn put(&self, rules: &mut Vec<Rule>, change: impl FnOnce(&mut Vec<Rule>)) {
        let mut next = rules.clone();
        change(&mut next);
        self.journal.write(|| Record::of(NAME, &next));
        *rules = next;
    }

    fn list(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes one time off a rule that has a number of them.
fn use_up(rules: &mut Vec<Rule>, index: usize) {
    match &mut rules[index].times {
        Some(times @ 2..) => *times -= 1,
        _ => {
            rules.remove(index);
        }
    }
}

/// Acts in its own task, because a client that hangs up must not cancel the effect it requested.
async fn after_ms(ms: u64, act: impl FnOnce() -> Response + Send + 'static) -> Response {
    let task = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        act()
    });
    task.await.unwrap_or_else(|_| cut_connection())
}

fn refusal(call: &Call, status: StatusCode) -> Response {
    let mut response = (call.refuse)(status, None);
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER_S);
    }
    response
}
