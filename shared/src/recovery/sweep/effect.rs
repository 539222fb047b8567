//! Processes unfinished effects: sends, looks up or withdraws them.

use super::{RecoverySweep, RowResult};
use crate::domain::kernel::id::CaseId;
use crate::domain::platform::action::ActionKind;
use crate::domain::platform::effect::{Effect, EffectStatus};
use crate::domain::recovery::case::Case;
use crate::domain::recovery::contact::{ContactDecision, HoldReason};
use crate::domain::recovery::timeline::CaseStatus;
use crate::due::RowOutcome;
use crate::effects::{self, Outcome};
use crate::recovery::assess::Assessment;
use crate::recovery::company_view::CompanyView;
use crate::store::StoreError;
use crate::store::due::DueRow;

impl RecoverySweep<'_> {
    pub(super) async fn work_on_effect(
        &self,
        view: &CompanyView,
        row: &DueRow,
    ) -> Result<RowResult, StoreError> {
        let operation = row.key.sk.split_once('#').map(|(_, operation)| operation);
        let (Some(case_id), Some(operation)) = (row.key.case_id(), operation) else {
            return Ok((RowOutcome::Skipped, None));
        };
        let Some(effect) = view.company.action(case_id, operation).await? else {
            return Ok((RowOutcome::Skipped, None));
        };
        if effect.status.is_final() {
            return Ok((RowOutcome::Skipped, None));
        }
        match self.decide_again(view, case_id, &effect).await? {
            Redecision::Send => self.perform(view, case_id, effect).await,
            Redecision::Withdraw(reason) => {
                let (clients, now) = (self.recovery.effect_clients, self.recovery.now());
                effects::withdraw(&view.company, case_id, &effect, reason, clients, now).await?;
                Ok((RowOutcome::Done, None))
            }
            Redecision::Later(reason) => Ok((RowOutcome::Failed, Some(reason))),
        }
    }

    /// Sends an effect and returns the outcome.
    pub(super) async fn perform(
        &self,
        view: &CompanyView,
        case_id: CaseId,
        effect: Effect,
    ) -> Result<RowResult, StoreError> {
        let outcome = self.recovery.execute(&view.company, case_id, effect).await?;
        let effect = match outcome {
            Outcome::Recorded(effect) => effect,
            Outcome::HeldByAnother => return Ok((RowOutcome::Skipped, None)),
            Outcome::SwitchedOff => return Ok((RowOutcome::SwitchedOff, None)),
        };
        if let (EffectStatus::Done, Some(planned_at)) = (effect.status, effect.action.planned_at) {
            self.count_delivery(self.recovery.now() - planned_at);
        }
        Ok(match effect.status {
            EffectStatus::Done | EffectStatus::Rejected => (RowOutcome::Done, None),
            EffectStatus::Unknown => (RowOutcome::InDoubt, effect.reason),
            EffectStatus::Prepared | EffectStatus::Sending => (RowOutcome::Failed, effect.reason),
        })
    }

    /// Decides whether an earlier effect is still to be sent: Whop may know what no event has reported. Only
    /// effects that were never sent can be withdrawn. The end of a membership that a person requested is always
    /// sent.
    async fn decide_again(
        &self,
        view: &CompanyView,
        case_id: CaseId,
        effect: &Effect,
    ) -> Result<Redecision, StoreError> {
        let for_the_case = effect.request.is_message() || effect.action.kind == ActionKind::IncentiveApplied;
        if effect.status != EffectStatus::Prepared || !for_the_case {
            return Ok(Redecision::Send);
        }
        let Some(case) = view.company.case(case_id).await? else {
            return Ok(Redecision::Withdraw("case_absent"));
        };
        if let Some(reason) = obsolescence(&case, effect) {
            return Ok(Redecision::Withdraw(reason));
        }
        let now = self.recovery.now();
        match self.recovery.assess_member(&view.company, &case).await {
            Ok(Assessment { decision: ContactDecision::Write(_), .. }) => Ok(Redecision::Send),
            Ok(Assessment { decision: ContactDecision::Hold(reason), .. }) => {
                Ok(Redecision::Withdraw(reason.as_str()))
            }
            Ok(Assessment { decision: ContactDecision::End(reason), .. }) => {
                self.end(view, &case, &reason, now).await?;
                Ok(Redecision::Withdraw("case_closed"))
            }
            Err(error) => {
                let unanswered = error.into_unanswered()?;
                self.record_unanswered(view, &unanswered);
                Ok(Redecision::Later(unanswered.error.reason().to_owned()))
            }
        }
    }
}

/// The decision about an earlier effect.
enum Redecision {
    Send,
    Withdraw(&'static str),
    /// Whop does not answer whether the member still owes.
    Later(String),
}

/// Why the case no longer needs the effect.
fn obsolescence(case: &Case, effect: &Effect) -> Option<&'static str> {
    if case.status != CaseStatus::Open {
        return Some("case_closed");
    }
    if case.collection_paused {
        return Some(HoldReason::CollectionPaused.as_str());
    }
    let newer = effect.action.offset_days.zip(case.last_offset_days).is_some_and(|(own, last)| own < last);
    newer.then_some("newer_step_taken")
}
