//! Retries events that could not be applied on arrival.

use chrono::{DateTime, Utc};

use super::{Applied, EventIntake};
use crate::due::RowOutcome;
use crate::store::StoreError;
use crate::store::due::DueRow;
use crate::store::platform::inbox::EventStatus;

impl EventIntake<'_> {
    /// Applies the event of one due row.
    pub async fn work_on(&self, row: &DueRow, now: DateTime<Utc>) -> Result<RowOutcome, StoreError> {
        let Some((source, event_id)) = row.key.event_id() else { return Ok(RowOutcome::Skipped) };
        let Some(event) = self.store.inbox().event(source, event_id).await? else {
            return Ok(RowOutcome::Skipped);
        };
        if event.status != EventStatus::Pending {
            return Ok(RowOutcome::Skipped);
        }
        Ok(match self.apply_kept(&event, now).await? {
            Applied::Now | Applied::Ignored => RowOutcome::Done,
            // Not counted as a failure: another event in this queue may name the owner, and a few failures would
            // stop the queue.
            Applied::Later => RowOutcome::Skipped,
            Applied::Never => RowOutcome::Failed,
        })
    }
}
