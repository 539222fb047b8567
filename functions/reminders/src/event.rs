//! Events that could not be applied when they came.

use shared::due::Worked;
use shared::events::Applied;
use shared::store::StoreError;
use shared::store::due::DueRow;
use shared::store::inbox::EventState;

use crate::run::Run;

impl Run<'_> {
    pub(crate) async fn work_on_event(&self, row: &DueRow) -> Result<Worked, StoreError> {
        let Some((source, event_id)) = row.key.event_id() else { return Ok(Worked::Skipped) };
        let Some(event) = self.store.inbox().event(source, event_id).await? else {
            return Ok(Worked::Skipped);
        };
        if event.state != EventState::Pending {
            return Ok(Worked::Skipped);
        }
        let new_id = || self.app.ids.next();
        let applied = self.app.intake(self.store, &new_id).apply_kept(&event, self.app.clock.now()).await?;
        Ok(match applied {
            Applied::Now => Worked::Done,
            // Nothing went wrong: whose it is may be told by another event in this very queue, which
            // a few failures would end.
            Applied::Later => Worked::Skipped,
            Applied::Never => Worked::Failed,
        })
    }
}
