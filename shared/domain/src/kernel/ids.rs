//! A generator of random ids that is passed as an argument.

use std::sync::Arc;

use uuid::Uuid;

/// Generates random ids for rows, claims and transactions.
#[derive(Clone)]
pub struct Ids(Arc<dyn Fn() -> Uuid + Send + Sync>);

impl Ids {
    /// Ids from the system's randomness; the only place that uses it.
    #[expect(clippy::disallowed_methods, reason = "everything else gets these ids handed in")]
    pub fn system() -> Self {
        Self(Arc::new(Uuid::new_v4))
    }

    /// Ids from another source, so that tests are reproducible.
    pub fn from_fn(next: impl Fn() -> Uuid + Send + Sync + 'static) -> Self {
        Self(Arc::new(next))
    }

    pub fn next(&self) -> Uuid {
        (self.0)()
    }
}
