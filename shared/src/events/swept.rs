//! Retries events that could not be applied on arrival.

use chrono::{DateTime, Utc};

use super::{Applied, EventIntake};
use crate::due::Worked;
use crate::store::StoreError;
use crate::store::due::DueRow;
use crate::store::platform::inbox::EventStatus;

impl EventIntake<'_> {
    /// Applies the event of one due row.
    pub async fn work_on(&self, row: &DueRow, now: DateTime<Utc>) -> Result<Worked, StoreError> {
        let Some((source, event_id)) = row.key.event_id() else { return Ok(Worked::Skipped) };
        let Some(event) = self.store.inbox().event(source, event_id).await? else {
            return Ok(Worked::Skipped);
        };
        if event.status != EventStatus::Pending {
            return Ok(Worked::Skipped);
        }
        Ok(match self.apply_kept(&event, now).await? {
            Applied::Now | Applied::Ignored => Worked::Done,
            // Not counted as a failure: another event in this queue may name the owner, and a few failures would
            // stop the queue.
            Applied::Later => Worked::Skipped,
            Applied::Never => Worked::Failed,
        })
    }
}
