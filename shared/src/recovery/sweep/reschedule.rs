//! Reschedules the company's open cases after a change of settings, so that new offsets apply to them.

use super::RecoverySweep;
use crate::domain::recovery::case::Case;
use crate::domain::recovery::schedule::{ReminderStep, step};
use crate::domain::recovery::timeline::{CaseStatus, window_ends_at};
use crate::due::RowOutcome;
use crate::recovery::company_view::CompanyView;
use crate::store::StoreError;
use crate::store::company::CaseCursor;

const PAGE: u16 = 100;

impl RecoverySweep<'_> {
    pub(super) async fn work_on_settings(&self, view: &CompanyView) -> Result<RowOutcome, StoreError> {
        let company = &view.company;
        let mut after: Option<CaseCursor> = None;
        loop {
            let (cases, next) = company.cases(Some(CaseStatus::Open), PAGE, after.as_ref()).await?;
            for case in cases {
                self.reschedule(view, &case).await?;
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
        // Fails if the settings have changed again: that change has made them due again.
        company
            .store()
            .commit(
                self.recovery.ids.next(),
                vec![company.mark_settings_applied(view.settings.version, None)],
            )
            .await?;
        Ok(RowOutcome::Done)
    }

    /// Writes a case only if its due time changes, so that an interrupted run continues where it was.
    async fn reschedule(&self, view: &CompanyView, case: &Case) -> Result<(), StoreError> {
        let now = self.recovery.now();
        let offsets = &view.settings.settings.reminder_offsets_days;
        let due_at = match step(offsets, case.first_failure_at, case.last_offset_days, now) {
            ReminderStep::Remind { .. } => now,
            ReminderStep::Wait { until } => until,
            ReminderStep::Close => window_ends_at(case.first_failure_at),
        };
        let as_it_is = case.due_at.is_some_and(|at| at == due_at || (at <= now && due_at <= now));
        if as_it_is {
            return Ok(());
        }
        let write = view.company.advance_case(case, Some(due_at), now);
        match view.company.store().commit(self.recovery.ids.next(), vec![write]).await {
            // Another process changed the case: it knew the new settings, or the case will be rescheduled again.
            Ok(()) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
