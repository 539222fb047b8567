//! A reminder by hand.

use super::assess::{Assessment, WantedChannels};
use super::company_view::CompanyView;
use super::{AssessError, NewMessage, Originator, Recoveries, TRIES, Unanswered, prepare_message};
use crate::domain::kernel::id::CaseId;
use crate::domain::kernel::message::Template;
use crate::domain::platform::action::{Actor, Channel};
use crate::domain::platform::effect::Effect;
use crate::domain::platform::switch::SwitchName;
use crate::domain::recovery::case::{Case, Hold};
use crate::domain::recovery::contact::{ContactDecision, EndReason, HoldReason};
use crate::domain::recovery::timeline::CaseStatus;
use crate::store::error::RecordError;
use crate::store::recovery::case_snapshot::CaseSnapshot;
use crate::store::{Company, StoreError, Write};

/// The most messages about one case: a limit that no reasonable use reaches.
pub const MAX_ATTEMPTS: u32 = 100;

/// A person's request for one message.
#[derive(Debug, Clone)]
pub struct NudgeRequest<'a> {
    pub case_id: CaseId,
    /// `None` for the first channel that reaches the member.
    pub channel: Option<Channel>,
    /// The name of the action, the same for every repetition of the request.
    pub operation: String,
    pub originator: Originator<'a>,
}

/// Why no message is sent.
#[derive(Debug)]
pub enum NudgeError {
    CaseAbsent,
    CaseClosed(CaseStatus),
    TooManyAttempts,
    /// Reminders are switched off.
    SwitchedOff,
    /// Send nothing now; the reason is stored with the case.
    Held(HoldReason),
    /// There was nothing left to recover, and the case is closed now.
    Ended(EndReason),
    Unanswered(Unanswered),
    NotConfigured {
        variable: &'static str,
    },
    Record(RecordError),
}

impl From<StoreError> for NudgeError {
    fn from(error: StoreError) -> Self {
        Self::Record(error.into())
    }
}

impl From<AssessError> for NudgeError {
    fn from(error: AssessError) -> Self {
        match error {
            AssessError::Unanswered(unanswered) => Self::Unanswered(unanswered),
            AssessError::NotConfigured { variable, .. } => Self::NotConfigured { variable },
            AssessError::Store(error) => error.into(),
        }
    }
}

impl Recoveries<'_> {
    /// Sends one message now. A repetition of the request, also after a crash, finds the recorded decision and
    /// continues from there.
    pub async fn nudge(&self, company: &Company, request: &NudgeRequest<'_>) -> Result<Effect, NudgeError> {
        let switched_off = self.effect_clients.switches.refresh(self.store, self.now()).await?;
        if switched_off.is_off(SwitchName::Reminders, Some(company.id())) {
            return Err(NudgeError::SwitchedOff);
        }
        let decide = |_| self.decide_nudge(company, request);
        let effect = company.store().retry_on_conflict(self.ids, TRIES, decide).await?;
        Ok(self.perform_now(company, request.case_id, effect).await?)
    }

    /// Decides on the message; the decision is recorded before anything is sent.
    async fn decide_nudge(
        &self,
        company: &Company,
        request: &NudgeRequest<'_>,
    ) -> Result<(Vec<Write>, Effect), NudgeError> {
        let NudgeRequest { case_id, channel, operation, originator } = request;
        let CaseSnapshot { decided, case, settings, sweep_record } =
            company.case_snapshot(*case_id, operation).await?;
        if let Some(effect) = decided {
            return Ok((Vec::new(), effect));
        }
        let case = case.ok_or(NudgeError::CaseAbsent)?;
        refuse_closed(&case)?;
        let wanted = channel.map_or_else(|| vec![Channel::Push, Channel::Dm], |channel| vec![channel]);
        // Mail is only the fallback of scheduled messages: a person chooses a push or a direct message.
        let wanted = WantedChannels { channels: &wanted, falls_back_to_mail: false };
        let view = CompanyView::new(company.clone(), settings, sweep_record);
        let Assessment { decision, channels } = self.assess(&view, &case, wanted).await?;
        let now = self.now();
        let chosen = match decision {
            ContactDecision::Write(chosen) => chosen.first().copied(),
            ContactDecision::Hold(reason) => return Err(self.hold_nudge(company, &case, reason).await?),
            ContactDecision::End(reason) => {
                return Err(self.end_nudge(company, &case, reason, *originator).await?);
            }
        };
        let template = Template {
            language: view.settings.settings.language,
            incentive_days: case.incentive_days,
            manage_url: channels.manage_url(&case),
        };
        let vault = self.effect_clients.vault;
        let frozen = chosen.and_then(|channel| channels.request(channel, &case, template, vault));
        let (channel, frozen) = chosen.zip(frozen).ok_or(NudgeError::Held(HoldReason::Unreachable))?;
        let message = NewMessage {
            operation: operation.clone(),
            channel,
            attempt_number: case.attempts + 1,
            offset_days: None,
            planned_at: None,
            actor: Actor::Owner { user_id: originator.cause.to_owned() },
        };
        let effect = prepare_message(&case, message, frozen, now);
        let collection_paused = channels.collection_paused(&case);
        let advanced = Case { attempts: case.attempts + 1, hold: None, collection_paused, ..case.clone() };
        let writes = vec![
            company.advance_case(&advanced, case.due_at, now),
            company.add_action(*case_id, &effect, Some(now))?,
        ];
        Ok((writes, effect))
    }

    /// The reason is stored with the case unless the schedule has stored it already.
    async fn hold_nudge(
        &self,
        company: &Company,
        case: &Case,
        reason: HoldReason,
    ) -> Result<NudgeError, StoreError> {
        let now = self.now();
        let hold = Hold::new(case.hold.as_ref(), reason, now);
        // An unreachable channel says nothing about the channels of the schedule.
        if reason != HoldReason::Unreachable && case.hold.as_ref() != Some(&hold) {
            let held = Case { hold: Some(hold), ..case.clone() };
            let write = company.advance_case(&held, case.due_at, now);
            match company.store().commit(self.ids.next(), vec![write]).await {
                // Another process changed the case; the reason is the answer all the same.
                Ok(()) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(NudgeError::Held(reason))
    }

    async fn end_nudge(
        &self,
        company: &Company,
        case: &Case,
        reason: EndReason,
        originator: Originator<'_>,
    ) -> Result<NudgeError, NudgeError> {
        match self.record_end(company, case, &reason, originator).await {
            // Another process changed the case; the reason is the answer all the same.
            Ok(()) | Err(RecordError::Store(StoreError::Conflict { .. })) => Ok(NudgeError::Ended(reason)),
            Err(error) => Err(NudgeError::Record(error)),
        }
    }
}

fn refuse_closed(case: &Case) -> Result<(), NudgeError> {
    if case.status != CaseStatus::Open {
        return Err(NudgeError::CaseClosed(case.status));
    }
    if case.attempts >= MAX_ATTEMPTS {
        return Err(NudgeError::TooManyAttempts);
    }
    Ok(())
}
