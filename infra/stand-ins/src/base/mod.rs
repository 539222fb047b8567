//! The common base of all stand-ins: a state whose changes are journaled before they are applied, counted
//! requests, fault injection, and a shared clock, outbox and journal.

pub mod clock;
pub mod fault;
pub(crate) mod headers;
pub(crate) mod journal;
pub(crate) mod keys;
pub mod outbox;
pub mod server;
pub(crate) mod tokens;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use clock::SandboxClock;
use fault::{Call, Faults, Operation};
use journal::{ForeignRecord, Record};
use outbox::{Entry, Outbox, Provider};

/// A provider, as far as this project uses it; `S` is its state. All clones share one state.
#[derive(Clone)]
pub struct StandIn<S> {
    context: Context,
    state: Arc<Mutex<S>>,
    requests: Arc<Mutex<BTreeMap<String, u64>>>,
}

/// The parts that the stand-ins of one sandbox share.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) clock: SandboxClock,
    pub(crate) outbox: Outbox,
    pub(crate) faults: Faults,
}

/// The state of a provider.
pub trait ProviderState: Default + Send + 'static {
    /// The provider that it belongs to.
    const PROVIDER: Provider;

    /// An error in the provider's own style, with the code that is named.
    fn refuse(status: StatusCode, code: Option<&str>) -> Response;
}

/// A state that outlives the process: it changes only by journal records.
pub(crate) trait JournaledState: ProviderState {
    /// The name of its changes in the journal.
    const NAME: &'static str;

    /// All that one call changed.
    type Changes: Serialize + DeserializeOwned;

    /// Makes the changes: the same ones when they happen and when they are read back.
    fn apply(&mut self, changes: Self::Changes);
}

impl<S: ProviderState> StandIn<S> {
    pub(crate) fn new(context: &Context) -> Self {
        Self::with_state(S::default(), context)
    }

    /// How many requests arrived for each operation, failed ones included.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.counts().clone()
    }

    /// Starts the request counts again.
    pub fn reset_requests(&self) {
        self.counts().clear();
    }

    /// Counts the request, and lets `act` happen as the faults allow.
    pub(crate) async fn answer(
        self,
        operation: Operation,
        company: Option<String>,
        act: impl FnOnce(&Self) -> Response + Send + 'static,
    ) -> Response {
        self.count(operation);
        let faults = self.faults().clone();
        faults.with_faults(Call::to::<S>(operation, company), move || act(&self)).await
    }

    pub(crate) fn count(&self, operation: Operation) {
        *self.counts().entry(operation.name().to_owned()).or_default() += 1;
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.context.faults
    }

    /// The time, by the sandbox's clock.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.context.clock.now()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, S> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_state(state: S, context: &Context) -> Self {
        let (context, state) = (context.clone(), Arc::new(Mutex::new(state)));
        Self { context, state, requests: Arc::default() }
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: ProviderState + Clone> StandIn<S> {
    /// An independent copy of the current state.
    pub(crate) fn copy(&self, context: &Context) -> Self {
        let requests = Arc::new(Mutex::new(self.requests()));
        Self { requests, ..Self::with_state(self.state().clone(), context) }
    }
}

impl<S> StandIn<S> {
    /// The only way to change such a state: the effects and changes of one call are journaled together and
    /// then applied.
    pub(crate) fn commit(&self, state: &mut S, sent: Vec<Entry>, changes: S::Changes)
    where
        S: JournaledState,
    {
        self.context.outbox.commit(sent, S::NAME, &changes);
        state.apply(changes);
    }

    /// Replays a journal record.
    pub(crate) fn replay(&self, record: &mut Record) -> Result<(), ForeignRecord>
    where
        S: JournaledState,
    {
        if let Some(changes) = record.take(S::NAME)? {
            self.state().apply(changes);
        }
        Ok(())
    }
}

impl<S: ProviderState> fmt::Debug for StandIn<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StandIn({:?})", S::PROVIDER)
    }
}

/// Appends to a list that is kept in memory only, and drops its oldest entries beyond `most`.
pub(crate) fn keep_newest<T>(list: &mut Vec<T>, more: impl IntoIterator<Item = T>, most: usize) {
    list.extend(more);
    let beyond = list.len().saturating_sub(most);
    list.drain(..beyond);
}
