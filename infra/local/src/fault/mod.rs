//! Provider trouble on demand: slow, failing, or gone without saying whether it acted.

mod code;
mod http;
mod rule;
mod watch;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

pub use code::ErrorCode;
pub use rule::{FaultKind, InvalidFaultKind, Operation, Rule};
pub use watch::CallHook;

use crate::journal::{Journal, Record};
use crate::outbox::Provider;
use crate::server::severed;

/// What a stand-in asks its caller to wait after a 429.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("2");

/// The rules in force; the first that matches a request decides it.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    rules: Arc<Mutex<Vec<Rule>>>,
    journal: Journal,
    watch: watch::CallHooks,
}

/// A request as far as rules look at it.
pub(crate) struct Call {
    pub(crate) provider: Provider,
    pub(crate) operation: Operation,
    pub(crate) company: Option<String>,
    /// Writes an error in the provider's own style, with the code that is named.
    pub(crate) refuse: fn(StatusCode, Option<&str>) -> Response,
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

    /// Does again what was written.
    pub(crate) fn replay(&self, rules: Vec<Rule>) {
        *self.list() = rules;
    }

    /// Lets `act` happen as the rules allow, and answers, or hangs up, as they say.
    pub(crate) async fn around(
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
        self.around_keeping(call, keeps_no_errors).await
    }

    /// Like [`Self::around`] for a provider that keeps errors under keys: `act` is told which to keep.
    pub(crate) async fn around_keeping(
        &self,
        call: Call,
        act: impl FnOnce(Option<KeptError>) -> Response + Send + 'static,
    ) -> Response {
        let (_answering, chosen) = self.watch.begin(call.operation);
        let chosen = chosen.or_else(|| self.take(&call));
        if let Some(FaultKind::Stored(status) | FaultKind::StoredAfter(status)) = chosen {
            let acts = matches!(chosen, Some(FaultKind::StoredAfter(_)));
            return act(Some(KeptError { status, acts, code: None }));
        }
        if let Some(FaultKind::Refused(status, code)) = chosen {
            return act(Some(KeptError { status, acts: false, code: Some(code) }));
        }
        let act = move || act(None);
        match chosen {
            None | Some(FaultKind::Stored(_) | FaultKind::StoredAfter(_) | FaultKind::Refused(..)) => act(),
            Some(FaultKind::Status(status)) => refusal(&call, status),
            Some(FaultKind::ErrorAfter(status)) => {
                let _hidden_by_the_error = act();
                refusal(&call, status)
            }
            Some(FaultKind::DropBefore) => severed(),
            Some(FaultKind::DropAfter) => {
                let _never_sent = act();
                severed()
            }
            Some(FaultKind::SlowMs(ms)) => after_ms(ms, act).await,
        }
    }

    /// Whether a part of a request with parts of several companies is refused: only a rule that names the
    /// part's company says so.
    pub(crate) fn refuses_part(&self, part: &Call) -> bool {
        self.take_where(|rule| rule.company.is_some() && rule.concerns(part)).is_some()
    }

    /// The fault for this call, if any; a rule with no times left is gone.
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
        self.journal.write(&Record { faults: Some(next.clone()), ..Record::default() });
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

/// Acts in a task of its own: a caller that loses patience must not undo what it asked for.
async fn after_ms(ms: u64, act: impl FnOnce() -> Response + Send + 'static) -> Response {
    let task = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        act()
    });
    task.await.unwrap_or_else(|_| severed())
}

fn refusal(call: &Call, status: StatusCode) -> Response {
    let mut response = (call.refuse)(status, None);
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER_S);
    }
    response
}
