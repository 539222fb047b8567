//! The push of a step that was taken while Whop did not say whether a push reaches the member: the other
//! channels did not wait for it.

use chrono::{DateTime, Utc};
use shared::domain::platform::action::Channel;
use shared::domain::recovery::case::Case;
use shared::domain::recovery::contact::ContactDecision;
use shared::due::Worked;
use shared::recovery::{AssessError, Assessment};
use shared::store::StoreError;

use crate::case::Ended;
use crate::run::{CompanyView, Run};

impl Run<'_> {
    /// Asks again, and sends the push where it reaches. It bears the name of its step, so that there is one for a
    /// step, however often it was asked for. From the next step on it is that step's business.
    pub(crate) async fn push_late(
        &self,
        view: &CompanyView,
        case: Case,
        offset_days: u8,
        next_step_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Ended, StoreError> {
        if !view.settings.settings.channels().contains(&Channel::Push) {
            return self.give_up_push(view, case, next_step_at, now).await;
        }
        let Assessment { decision, channels } = match self.assess(view, &case, &[Channel::Push]).await {
            Ok(assessment) => assessment,
            // The step itself was taken: it must not hold back what the company's other members wait for.
            Err(AssessError::Unanswered(unanswered)) => {
                self.note_unanswered(view, &unanswered);
                let (_, reason) = self.fail(view, case, &unanswered.error, now).await?;
                return Ok((Worked::FailedAlone, reason));
            }
            Err(AssessError::Store(error)) => return Err(error),
        };
        self.note_channels(view, &channels);
        let case = Case { push_pending: false, ..case };
        match decision {
            ContactDecision::End(reason) => self.end(view, &case, &reason, now).await,
            // A mail stands in for a step on which nothing was sent, which this is not.
            ContactDecision::Write(chosen) if chosen == [Channel::Push] => {
                let facts = (&channels, case.incentive_days);
                let effects = self.messages(view, &case, offset_days, &chosen, facts, now);
                self.take_step(view, case, offset_days, effects, None, now).await
            }
            ContactDecision::Write(_) | ContactDecision::Hold(_) => {
                self.give_up_push(view, case, next_step_at, now).await
            }
        }
    }

    /// The step stays without a push, and the next one begins without its failures.
    async fn give_up_push(
        &self,
        view: &CompanyView,
        case: Case,
        next_step_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Ended, StoreError> {
        let case = Case { push_pending: false, failed_tries: 0, last_error: None, ..case };
        self.postpone(view, &case, next_step_at, now).await?;
        Ok((Worked::Skipped, None))
    }
}
