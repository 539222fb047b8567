//! Effects that have not reached their end: sent now, found out about, or withdrawn.

use shared::domain::action::ActionKind;
use shared::domain::contact::HoldReason;
use shared::domain::effect::{Effect, EffectState};
use shared::domain::id::CaseId;
use shared::domain::timeline::CaseState;
use shared::due::Worked;
use shared::effects::{self, Outcome};
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
        if effect.state.is_final() {
            return Ok((Worked::Skipped, None));
        }
        if let Some(reason) = self.moot(view, case_id, &effect).await? {
            let (effect_clients, now) = (self.app.effect_clients(), self.app.clock.now());
            effects::withdraw(&view.company, case_id, &effect, reason, effect_clients, now).await?;
            return Ok((Worked::Done, None));
        }
        self.perform(view, case_id, effect).await
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
        Ok(match effect.state {
            EffectState::Done | EffectState::Rejected => (Worked::Done, None),
            EffectState::Unknown => (Worked::InDoubt, effect.reason),
            EffectState::Prepared | EffectState::Sending => (Worked::Failed, effect.reason),
        })
    }

    /// Why a decided effect need not leave any more. Only one that was never sent can be withdrawn,
    /// and the end of a membership that a person asked for always goes on.
    async fn moot(
        &self,
        view: &CompanyView,
        case_id: CaseId,
        effect: &Effect,
    ) -> Result<Option<&'static str>, StoreError> {
        let for_the_case = effect.request.is_message() || effect.action.kind == ActionKind::IncentiveApplied;
        if effect.state != EffectState::Prepared || !for_the_case {
            return Ok(None);
        }
        let Some(case) = view.company.case(case_id).await? else { return Ok(Some("case_absent")) };
        if case.state != CaseState::Open {
            return Ok(Some("case_closed"));
        }
        if case.collection_paused {
            return Ok(Some(HoldReason::CollectionPaused.as_str()));
        }
        let newer =
            effect.action.offset_days.zip(case.last_offset_days).is_some_and(|(own, last)| own < last);
        Ok(newer.then_some("newer_step_taken"))
    }
}
