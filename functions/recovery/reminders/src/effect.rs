//! Effects that have not reached their end: sent now, found out about, or withdrawn.

use shared::domain::kernel::id::CaseId;
use shared::domain::platform::action::ActionKind;
use shared::domain::platform::effect::{Effect, EffectStatus};
use shared::domain::recovery::case::Case;
use shared::domain::recovery::contact::{ContactDecision, HoldReason};
use shared::domain::recovery::timeline::CaseStatus;
use shared::due::Worked;
use shared::effects::{self, Outcome};
use shared::recovery::{self, AssessError, Assessment};
use shared::store::StoreError;
use shared::store::due::DueRow;

use crate::run::{CompanyView, Run};

impl Run<'_> {
    pub(crate) async fn work_on_effect(
        &self,
        view: &CompanyView,
        row: &DueRow,
    ) -> Result<(Worked, Option<String>), StoreError> {
        let operation = row.key.sk.split_once('#').map(|(_, operation)| operation);
        let (Some(case_id), Some(operation)) = (row.key.case_id(), operation) else {
            return Ok((Worked::Skipped, None));
        };
        let Some(effect) = view.company.action(case_id, operation).await? else {
            return Ok((Worked::Skipped, None));
        };
        if effect.status.is_final() {
            return Ok((Worked::Skipped, None));
        }
        match self.decide_again(view, case_id, &effect).await? {
            Again::Send => self.perform(view, case_id, effect).await,
            Again::Withdraw(reason) => {
                let (effect_clients, now) = (self.app.effect_clients(), self.app.clock.now());
                effects::withdraw(&view.company, case_id, &effect, reason, effect_clients, now).await?;
                Ok((Worked::Done, None))
            }
            Again::Later(reason) => Ok((Worked::Failed, Some(reason))),
        }
    }

    /// Sends an effect and tells how that ended.
    pub(crate) async fn perform(
        &self,
        view: &CompanyView,
        case_id: CaseId,
        effect: Effect,
    ) -> Result<(Worked, Option<String>), StoreError> {
        let app = self.app;
        let now = app.clock.now();
        let outcome =
            effects::execute(&view.company, case_id, effect, app.effect_clients(), app.ids.next(), now)
                .await?;
        let Outcome::Recorded(effect) = outcome else { return Ok((Worked::Skipped, None)) };
        tracing::info!(%case_id, effect = %effects::describe(&effect), "effect attempted");
        Ok(match effect.status {
            EffectStatus::Done | EffectStatus::Rejected => (Worked::Done, None),
            EffectStatus::Unknown => (Worked::InDoubt, effect.reason),
            EffectStatus::Prepared | EffectStatus::Sending => (Worked::Failed, effect.reason),
        })
    }

    /// Whether an effect that was decided earlier is still to leave: Whop may know meanwhile what no event told.
    /// Only one that was never sent can be withdrawn, and the end of a membership that a person asked for
    /// always goes on.
    async fn decide_again(
        &self,
        view: &CompanyView,
        case_id: CaseId,
        effect: &Effect,
    ) -> Result<Again, StoreError> {
        let for_the_case = effect.request.is_message() || effect.action.kind == ActionKind::IncentiveApplied;
        if effect.status != EffectStatus::Prepared || !for_the_case {
            return Ok(Again::Send);
        }
        let Some(case) = view.company.case(case_id).await? else {
            return Ok(Again::Withdraw("case_absent"));
        };
        if let Some(reason) = moot(&case, effect) {
            return Ok(Again::Withdraw(reason));
        }
        let now = self.app.clock.now();
        let assessed = match self.whop() {
            Ok(whop) => recovery::assess_member(whop, &view.company, &case).await,
            Err(error) => Err(error),
        };
        match assessed {
            Ok(Assessment { decision: ContactDecision::Write(_), .. }) => Ok(Again::Send),
            Ok(Assessment { decision: ContactDecision::Hold(reason), .. }) => {
                Ok(Again::Withdraw(reason.as_str()))
            }
            Ok(Assessment { decision: ContactDecision::End(reason), .. }) => {
                self.end(view, &case, &reason, now).await?;
                Ok(Again::Withdraw("case_closed"))
            }
            Err(AssessError::Unanswered(unanswered)) => {
                self.note_unanswered(view, &unanswered);
                Ok(Again::Later(unanswered.error.reason().to_owned()))
            }
            Err(AssessError::Store(error)) => Err(error),
        }
    }
}

/// What becomes of an effect that was decided earlier.
enum Again {
    Send,
    Withdraw(&'static str),
    /// Whop does not say whether the member still owes.
    Later(String),
}

/// Why a decided effect need not leave any more, by what the case says.
fn moot(case: &Case, effect: &Effect) -> Option<&'static str> {
    if case.status != CaseStatus::Open {
        return Some("case_closed");
    }
    if case.collection_paused {
        return Some(HoldReason::CollectionPaused.as_str());
    }
    let newer = effect.action.offset_days.zip(case.last_offset_days).is_some_and(|(own, last)| own < last);
    newer.then_some("newer_step_taken")
}
