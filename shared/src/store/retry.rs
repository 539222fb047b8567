//! Deciding anew where another process changed the same rows meanwhile.

use super::{Store, StoreError, Write};
use crate::domain::kernel::ids::Ids;

/// An error that may be a conflict with another process, after which a new attempt may succeed.
pub trait MayConflict {
    fn is_conflict(&self) -> bool;
}

impl MayConflict for StoreError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }
}

/// Calls `attempt` again while it ends with a conflict, `tries` times at most; after that the conflict is returned.
/// An attempt reads the rows it decides about, and is given its number, from 0.
pub async fn retry<T, E, Attempt>(tries: u32, attempt: impl Fn(u32) -> Attempt) -> Result<T, E>
where
    E: MayConflict,
    Attempt: Future<Output = Result<T, E>>,
{
    let mut number = 0;
    loop {
        let result = attempt(number).await;
        number += 1;
        match result {
            Err(error) if error.is_conflict() && number < tries => {}
            result => return result,
        }
    }
}

impl Store {
    /// Calls `decide`, commits the writes it returns, and returns its value. Where a row changed between its read
    /// and the commit it decides anew, `tries` times at most; after that the conflict is returned.
    ///
    /// `decide` is given the number of the attempt, from 0. A value without writes is returned as it is.
    pub async fn retry_on_conflict<T, E, Decided>(
        &self,
        ids: &Ids,
        tries: u32,
        decide: impl Fn(u32) -> Decided,
    ) -> Result<T, E>
    where
        E: From<StoreError>,
        Decided: Future<Output = Result<(Vec<Write>, T), E>>,
    {
        let decide = &decide;
        let decided = retry(tries, |number| async move {
            let (writes, value) = decide(number).await.map_err(Failed::Decision)?;
            self.commit(ids.next(), writes).await.map_err(Failed::Commit)?;
            Ok(value)
        });
        decided.await.map_err(|failed| match failed {
            Failed::Decision(error) => error,
            Failed::Commit(error) => error.into(),
        })
    }
}

/// Only a commit is repeated: an error of the decision is an answer.
enum Failed<E> {
    Decision(E),
    Commit(StoreError),
}

impl<E> MayConflict for Failed<E> {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Commit(error) if error.is_conflict())
    }
}
