//! Counts the calls to all providers; a hook may inject a fault into any of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{FaultKind, Faults, Operation};

/// Decides over one call to any provider; it is given the number of the call, counted from 1.
pub type CallHook = Arc<dyn Fn(u64, Operation) -> Option<FaultKind> + Send + Sync>;

/// The number of calls so far, and the hook.
#[derive(Clone, Default)]
pub(super) struct CallHooks {
    seen: Arc<Mutex<CallState>>,
}

#[derive(Default)]
struct CallState {
    calls: u64,
    now: usize,
    most: usize,
    hook: Option<CallHook>,
}

impl Faults {
    /// Lets `hook` decide over every call from now on, before any rule; numbering starts at 1.
    pub fn intercept(&self, hook: CallHook) {
        self.watch.start_again(Some(hook));
    }

    /// Takes the hook away and starts the numbers again.
    pub fn stop_intercepting(&self) {
        self.watch.start_again(None);
    }

    /// The most calls that were being answered at one moment since the numbers started.
    pub fn most_at_once(&self) -> usize {
        self.watch.seen().most
    }
}

impl CallHooks {
    /// Numbers a call and runs the hook. The call counts as in progress until the guard is dropped.
    pub(super) fn begin(&self, operation: Operation) -> (CallGuard, Option<FaultKind>) {
        let (call, hook) = {
            let mut seen = self.seen();
            seen.calls += 1;
            seen.now += 1;
            seen.most = seen.most.max(seen.now);
            (seen.calls, seen.hook.clone())
        };
        let guard = CallGuard(self.clone());
        (guard, hook.and_then(|hook| hook(call, operation)))
    }

    fn start_again(&self, hook: Option<CallHook>) {
        let mut seen = self.seen();
        *seen = CallState { hook, now: seen.now, ..CallState::default() };
    }

    fn seen(&self) -> MutexGuard<'_, CallState> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that is being answered; a caller that hangs up ends it too.
pub(super) struct CallGuard(CallHooks);

impl Drop for CallGuard {
    fn drop(&mut self) {
        self.0.seen().now -= 1;
    }
}

impl std::fmt::Debug for CallHooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}
