//! Sends the push of an earlier step: Whop could not say whether a push reaches the member, and the other
//! channels did not wait.

use chrono::{DateTime, Utc};

use super::{RecoverySweep, RowResult};
use crate::domain::platform::action::Channel;
use crate::domain::recovery::case::Case;
use crate::domain::recovery::contact::ContactDecision;
use crate::due::RowOutcome;
use crate::recovery::assess::Assessment;
use crate::recovery::company_view::CompanyView;
use crate::store::StoreError;

impl RecoverySweep<'_> {
    /// Asks Whop again and sends the push if it reaches the member. The operation is named after the step, so
    /// there is at most one push per step. Once the next step is due, that step decides.
    pub(super) async fn push_late(
        &self,
        view: &CompanyView,
        case: Case,
        offset_days: u8,
        next_step_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<RowResult, StoreError> {
        if !view.settings.settings.channels().contains(&Channel::Push) {
            return self.abandon_push(view, case, next_step_at, now).await;
        }
        let Assessment { decision, channels } = match self.assess(view, &case, &[Channel::Push]).await {
            Ok(assessment) => assessment,
            // The step itself was taken, so this must not delay the company's other members.
            Err(error) => {
                let unanswered = error.into_unanswered()?;
                self.record_unanswered(view, &unanswered);
                let (_, reason) = self.fail(view, case, &unanswered.error, now).await?;
                return Ok((RowOutcome::FailedAlone, reason));
            }
        };
        self.record_channels(view, &channels);
        let case = Case { push_pending: false, ..case };
        match decision {
            ContactDecision::End(reason) => self.end(view, &case, &reason, now).await,
            // Mail is the fallback of a step without any message, which this is not.
            ContactDecision::Write(chosen) if chosen == [Channel::Push] => {
                let facts = (&channels, case.incentive_days);
                let effects = self.messages(view, &case, offset_days, &chosen, facts, now);
                self.take_step(view, case, offset_days, effects, None, now).await
            }
            ContactDecision::Write(_) | ContactDecision::Hold(_) => {
                self.abandon_push(view, case, next_step_at, now).await
            }
        }
    }

    /// Gives up the push; the next step starts without its failures.
    async fn abandon_push(
        &self,
        view: &CompanyView,
        case: Case,
        next_step_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<RowResult, StoreError> {
        let case = Case { push_pending: false, last_error: None, ..case.without_failures() };
        self.postpone(view, &case, next_step_at, now).await?;
        Ok((RowOutcome::Skipped, None))
    }
}
