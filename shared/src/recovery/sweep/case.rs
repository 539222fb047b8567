//! Processes a due case: determines its step and takes it.

use chrono::{DateTime, Utc};

use super::incentive::Granted;
use super::take_step::planned_at;
use super::{RecoverySweep, RowResult};
use crate::domain::kernel::message::Template;
use crate::domain::platform::action::{Actor, Channel};
use crate::domain::platform::effect::Effect;
use crate::domain::recovery::case::Case;
use crate::domain::recovery::contact::{ContactDecision, HoldReason};
use crate::domain::recovery::operation::reminder_operation;
use crate::domain::recovery::schedule::{ReminderStep, step};
use crate::domain::recovery::timeline::{CaseFactKind, CaseStatus};
use crate::due::RowOutcome;
use crate::recovery::assess::{Assessment, WantedChannels};
use crate::recovery::company_view::CompanyView;
use crate::recovery::member_channels::MemberChannels;
use crate::recovery::{AssessError, NewMessage, prepare_message};
use crate::store::StoreError;
use crate::store::due::DueRow;

impl RecoverySweep<'_> {
    pub(super) async fn work_on_case(
        &self,
        view: &CompanyView,
        row: &DueRow,
    ) -> Result<RowResult, StoreError> {
        let Some(case_id) = row.key.case_id() else { return Ok((RowOutcome::Skipped, None)) };
        let Some(case) = view.company.case(case_id).await? else { return Ok((RowOutcome::Skipped, None)) };
        let now = self.recovery.now();
        // The index may be stale: only the row itself says whether it is due.
        if case.status != CaseStatus::Open || case.due_at.is_none_or(|at| at > now) {
            return Ok((RowOutcome::Skipped, None));
        }
        let offsets = &view.settings.settings.reminder_offsets_days;
        match step(offsets, case.first_failure_at, case.last_offset_days, now) {
            ReminderStep::Remind { offset_days } => self.remind(view, case, offset_days, now).await,
            ReminderStep::Wait { until } => match case.last_offset_days.filter(|_| case.push_pending) {
                Some(offset_days) => self.push_late(view, case, offset_days, until, now).await,
                None => {
                    self.postpone(view, &case.without_failures(), until, now).await?;
                    Ok((RowOutcome::Done, None))
                }
            },
            ReminderStep::Close => self.record(view, &case, CaseFactKind::WindowPassed, now).await,
        }
    }

    async fn remind(
        &self,
        view: &CompanyView,
        case: Case,
        offset_days: u8,
        now: DateTime<Utc>,
    ) -> Result<RowResult, StoreError> {
        let wanted = view.settings.settings.channels();
        let Assessment { decision, channels } = match self.assess(view, &case, &wanted).await {
            Ok(assessment) => assessment,
            Err(error) => {
                let unanswered = error.into_unanswered()?;
                self.record_unanswered(view, &unanswered);
                return self.fail(view, case, &unanswered.error, now).await;
            }
        };
        self.record_channels(view, &channels);
        let (chosen, held) = match decision {
            ContactDecision::End(reason) => return self.end(view, &case, &reason, now).await,
            ContactDecision::Write(chosen) => (chosen, None),
            // The member owes and gets the free days, even if no message can announce them.
            ContactDecision::Hold(reason @ (HoldReason::ChannelsOff | HoldReason::Unreachable)) => {
                (Vec::new(), Some(reason))
            }
            ContactDecision::Hold(reason) => return self.hold(view, case, offset_days, reason, now).await,
        };
        let (case, incentive_days) = match self.grant(view, case, &channels, now).await? {
            Granted::Settled(case, days) => (*case, days),
            Granted::Later(ended) => return Ok(ended),
        };
        if let Some(reason) = held {
            return self.hold(view, case, offset_days, reason, now).await;
        }
        let push_pending = channels.is_push_unanswered();
        let case = Case { push_pending, collection_paused: channels.collection_paused(&case), ..case };
        let effects = self.messages(view, &case, offset_days, &chosen, (&channels, incentive_days), now);
        self.take_step(view, case, offset_days, effects, None, now).await
    }

    /// Loads the member's state and decides; a mail is sent if no wanted channel reaches the member.
    pub(super) async fn assess(
        &self,
        view: &CompanyView,
        case: &Case,
        channels: &[Channel],
    ) -> Result<Assessment, AssessError> {
        let wanted = WantedChannels { channels, falls_back_to_mail: true };
        self.recovery.assess(view, case, wanted).await
    }

    /// The messages of a step, one per chosen channel.
    pub(super) fn messages(
        &self,
        view: &CompanyView,
        case: &Case,
        offset_days: u8,
        chosen: &[Channel],
        (channels, incentive_days): (&MemberChannels, u16),
        now: DateTime<Utc>,
    ) -> Vec<Effect> {
        let manage_url = channels.manage_url(case);
        let template = Template { language: view.settings.settings.language, incentive_days, manage_url };
        let vault = self.recovery.effect_clients.vault;
        let planned_at = Some(planned_at(&view.settings, case, offset_days));
        let requests = chosen.iter().filter_map(|channel| {
            let request = channels.request(*channel, case, template.clone(), vault)?;
            Some((*channel, request))
        });
        let attempts = case.attempts + 1..;
        let messages = requests.zip(attempts).map(|((channel, request), attempt_number)| {
            let message = NewMessage {
                operation: reminder_operation(offset_days, channel),
                channel,
                attempt_number,
                offset_days: Some(offset_days),
                planned_at,
                actor: Actor::Schedule,
            };
            prepare_message(case, message, request, now)
        });
        messages.collect()
    }
}
