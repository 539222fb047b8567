//! Events that could not be applied when they came.

use chrono::{DateTime, Utc};

use super::{Applied, EventIntake};
use crate::due::Worked;
use crate::store::StoreError;
use crate::store::due::DueRow;
use crate::store::platform::inbox::EventStatus;

impl EventIntake<'_> {
    /// Works on one due row of an event.
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
            // Nothing went wrong: whose it is may be told by another event in this very queue, which
            // a few failures would end.
            Applied::Later => Worked::Skipped,
            Applied::Never => Worked::Failed,
        })
    }
}
