//! Random ids, as an argument.

use std::sync::Arc;

use uuid::Uuid;

/// Makes random ids: of rows, claims and transactions.
#[derive(Clone)]
pub struct Ids(Arc<dyn Fn() -> Uuid + Send + Sync>);

impl Ids {
    /// From the system's randomness: the only place that draws ids from it.
    #[expect(clippy::disallowed_methods, reason = "everything else gets these ids handed in")]
    pub fn system() -> Self {
        Self(Arc::new(Uuid::new_v4))
    }

    /// From anything else, so that tests run the same twice.
    pub fn from_fn(next: impl Fn() -> Uuid + Send + Sync + 'static) -> Self {
        Self(Arc::new(next))
    }

    pub fn next(&self) -> Uuid {
        (self.0)()
    }
}
