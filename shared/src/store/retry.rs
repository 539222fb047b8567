//! Deciding anew where another process changed the same rows meanwhile.

use super::{Store, StoreError, Write};
use crate::domain::kernel::ids::Ids;

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
        let mut attempt = 0;
        loop {
            let (writes, value) = decide(attempt).await?;
            attempt += 1;
            match self.commit(ids.next(), writes).await {
                Err(StoreError::Conflict { .. }) if attempt < tries => {}
                committed => return committed.map(|()| value).map_err(E::from),
            }
        }
    }
}
