//! Grants the free days of a case.

use chrono::{DateTime, Utc};

use super::{RecoverySweep, RowResult};
use crate::domain::platform::action::{Action, ActionKind, Actor};
use crate::domain::platform::effect::{Effect, Request};
use crate::domain::platform::switch::SwitchName;
use crate::domain::recovery::case::Case;
use crate::domain::recovery::operation::INCENTIVE_OPERATION;
use crate::domain::recovery::timeline::CaseStatus;
use crate::due::RowOutcome;
use crate::effects;
use crate::providers::call::CallError;
use crate::recovery::Recoveries;
use crate::recovery::company_view::CompanyView;
use crate::recovery::member_channels::MemberChannels;
use crate::store::StoreError;

/// The result of granting the incentive.
pub(super) enum Granted {
    /// The current case, and the days that a message may mention.
    Settled(Box<Case>, u16),
    /// Nothing more is to be done for this case in this run.
    Later(RowResult),
}

impl RecoverySweep<'_> {
    /// Grants the incentive before the first message, so that messages only mention granted days.
    pub(super) async fn grant(
        &self,
        view: &CompanyView,
        case: Case,
        channels: &MemberChannels,
        now: DateTime<Utc>,
    ) -> Result<Granted, StoreError> {
        let days = view.settings.settings.incentive_days;
        if case.incentive_days > 0 || days == 0 {
            let granted = case.incentive_days;
            return Ok(Granted::Settled(Box::new(case), granted));
        }
        let company = &view.company;
        // The next step grants the days if the switch is on by then.
        let Recoveries { store, effect_clients, .. } = &self.recovery;
        let (switch, at) = (SwitchName::Incentives, self.recovery.now());
        if effect_clients.switches.is_off(store, switch, Some(company.id()), at).await? {
            return Ok(Granted::Settled(Box::new(case), 0));
        }
        let effect = match company.action(case.case_id, INCENTIVE_OPERATION).await? {
            Some(effect) => effect,
            None => {
                let effect = incentive(&case, days, channels, now);
                let advance = company.advance_case(&case, case.due_at, now);
                let writes = vec![advance, company.add_action(case.case_id, &effect, Some(now))?];
                company.store().commit(self.recovery.ids.next(), writes).await?;
                effect
            }
        };
        // Claimed by another worker, or waiting for its retry: postpone the case until then.
        if let Some(until) = effect.lease_until.filter(|until| *until > now) {
            self.postpone(view, &case, until, now).await?;
            return Ok(Granted::Later((RowOutcome::Skipped, None)));
        }
        let result = if effect.status.is_final() {
            (RowOutcome::Done, None)
        } else {
            self.perform(view, case.case_id, effect).await?
        };
        // Read again: granting has changed the case's version.
        let Some(case) = company.case(case.case_id).await? else {
            return Ok(Granted::Later((RowOutcome::Skipped, None)));
        };
        match result.0 {
            // The member has paid meanwhile, so there is nothing to retry.
            RowOutcome::Failed | RowOutcome::FailedAlone if case.status != CaseStatus::Open => {
                Ok(Granted::Later(result))
            }
            RowOutcome::Failed | RowOutcome::FailedAlone => {
                let reason = result.1.clone().unwrap_or_default();
                let error = CallError::NotSent { reason, retry_after: None };
                Ok(Granted::Later(self.fail(view, case, &error, now).await?))
            }
            // Another worker is granting right now and will continue with the case; or the incentives were switched
            // off this moment, and the next run reminds without them.
            RowOutcome::Skipped | RowOutcome::SwitchedOff => Ok(Granted::Later(result)),
            RowOutcome::Done | RowOutcome::InDoubt if case.status != CaseStatus::Open => {
                Ok(Granted::Later((RowOutcome::Skipped, None)))
            }
            RowOutcome::Done | RowOutcome::InDoubt => {
                let granted = case.incentive_days;
                Ok(Granted::Settled(Box::new(case), granted))
            }
        }
    }
}

fn incentive(case: &Case, days: u16, channels: &MemberChannels, now: DateTime<Utc>) -> Effect {
    let key = effects::downstream_key(case.case_id, INCENTIVE_OPERATION);
    let action = Action {
        operation: INCENTIVE_OPERATION.to_owned(),
        kind: ActionKind::IncentiveApplied,
        attempt_number: None,
        channel: None,
        offset_days: None,
        template_version: None,
        days: Some(days),
        manual: false,
        actor: Actor::Schedule,
        at: now,
        planned_at: None,
    };
    let request = Request::Extend {
        membership_id: case.membership_id.clone(),
        days,
        renewal_period_end_before: channels.period_ends_at(),
    };
    Effect::prepared(action, request, key)
}
