//! Processes a due case: determines its step and takes it.

use chrono::{DateTime, Duration, Utc};
use shared::domain::kernel::message::{TEMPLATE_VERSION, Template};
use shared::domain::platform::action::{Action, Actor, Channel, Source};
use shared::domain::platform::effect::{Effect, Request};
use shared::domain::recovery::case::{Case, Hold};
use shared::domain::recovery::contact::{ContactDecision, EndReason, HoldReason};
use shared::domain::recovery::schedule::{ReminderStep, step};
use shared::domain::recovery::timeline::{CaseFactKind, CaseStatus, window_ends_at};
use shared::due::RowOutcome;
use shared::effects::{self, back_off};
use shared::providers::call::CallError;
use shared::providers::whop::client::Whop;
use shared::recovery::{
    self, AssessError, Assessment, EndError, MemberChannels, RecoveryClients, Unanswered,
};
use shared::store::StoreError;
use shared::store::company::SettingsRow;
use shared::store::due::DueRow;
use shared::store::keys::reminder_operation;

use crate::incentive::Granted;
use crate::run::{CompanyView, Run};

/// Whop says that the member has paid, but the event has not arrived or was lost: wait, and check again after
/// this time.
const PAID_RECHECK_MINUTES: i64 = 60;

/// A pause or a status may change without an event, so it is checked four times a day.
const MEMBERSHIP_RECHECK_HOURS: i64 = 6;

/// The longest back-off, so that after an outage of Whop no member waits longer for a reminder.
const LONGEST_PAUSE_MINUTES: i64 = 60;

/// The result for a case, and the reason of a failure.
pub(crate) type WorkResult = (RowOutcome, Option<String>);

impl Run<'_> {
    pub(crate) async fn work_on_case(
        &self,
        view: &CompanyView,
        row: &DueRow,
    ) -> Result<WorkResult, StoreError> {
        let Some(case_id) = row.key.case_id() else { return Ok((RowOutcome::Skipped, None)) };
        let Some(case) = view.company.case(case_id).await? else { return Ok((RowOutcome::Skipped, None)) };
        let now = self.app.clock.now();
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
                    self.postpone(view, &case, until, now).await?;
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
    ) -> Result<WorkResult, StoreError> {
        let wanted = view.settings.settings.channels();
        let Assessment { decision, channels } = match self.assess(view, &case, &wanted).await {
            Ok(assessment) => assessment,
            Err(AssessError::Unanswered(unanswered)) => {
                self.record_unanswered(view, &unanswered);
                return self.fail(view, case, &unanswered.error, now).await;
            }
            Err(AssessError::Store(error)) => return Err(error),
        };
        self.record_channels(view, &channels);
        let chosen = match decision {
            ContactDecision::End(reason) => return self.end(view, &case, &reason, now).await,
            ContactDecision::Hold(reason) => {
                // The member owes and gets the free days, even if no message can announce them.
                let case = match reason {
                    HoldReason::ChannelsOff | HoldReason::Unreachable => {
                        match self.grant(view, case, &channels, now).await? {
                            Granted::Settled(case, _) => *case,
                            Granted::Later(ended) => return Ok(ended),
                        }
                    }
                    _ => case,
                };
                return self.hold(view, case, offset_days, reason, now).await;
            }
            ContactDecision::Write(chosen) => chosen,
        };
        let push_pending = channels.is_push_unanswered();
        let (case, incentive_days) = match self.grant(view, case, &channels, now).await? {
            Granted::Settled(case, days) => (*case, days),
            Granted::Later(ended) => return Ok(ended),
        };
        let case = Case { push_pending, collection_paused: channels.collection_paused(&case), ..case };
        let effects = self.messages(view, &case, offset_days, &chosen, (&channels, incentive_days), now);
        self.take_step(view, case, offset_days, effects, None, now).await
    }

    /// The messages of a step, one per chosen channel.
    pub(crate) fn messages(
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
        let requests = chosen.iter().filter_map(|channel| {
            let request = channels.request(*channel, case, template.clone(), &self.app.config.vault)?;
            Some((*channel, request))
        });
        requests
            .enumerate()
            .map(|(nth, (channel, request))| message(case, offset_days, nth as u32, channel, request, now))
            .collect()
    }

    /// The client for Whop; without it, it is unknown whether a member still owes.
    pub(crate) fn whop(&self) -> Result<&Whop, AssessError> {
        self.app.whop.as_ref().ok_or_else(|| unconfigured("membership", "WHOP_API_KEY"))
    }

    /// Loads the member's state and decides.
    pub(crate) async fn assess(
        &self,
        view: &CompanyView,
        case: &Case,
        wanted: &[Channel],
    ) -> Result<Assessment, AssessError> {
        let whop = self.whop()?;
        let app_id = self.app.config.whop_app_id.as_deref();
        let app_id = app_id.ok_or_else(|| unconfigured("experience", "WHOP_APP_ID"))?;
        let vault = &self.app.config.vault;
        let mail_configured = self.app.resend.is_some() && vault.is_configured();
        let clients = RecoveryClients { whop, vault, mail_configured };
        let experience = view.experience(whop, app_id, &self.app.ids);
        recovery::assess(clients, &view.company, case, wanted, experience).await
    }

    /// Ends the case, because nothing is left to recover.
    pub(crate) async fn end(
        &self,
        view: &CompanyView,
        case: &Case,
        reason: &EndReason,
        now: DateTime<Utc>,
    ) -> Result<WorkResult, StoreError> {
        tracing::info!(case_id = %case.case_id, ?reason, "case ended after the assessment");
        let token = self.app.ids.next();
        let recorded =
            recovery::record_end(&view.company, case, reason, Source::Cron, "reminders", token, now).await;
        self.recorded(view, case, recorded, now).await
    }

    /// Sends no message and stores the reason for the owner. If only another channel would help, the step is used
    /// up; if the membership itself is the reason, the case is checked again later.
    async fn hold(
        &self,
        view: &CompanyView,
        case: Case,
        offset_days: u8,
        reason: HoldReason,
        now: DateTime<Utc>,
    ) -> Result<WorkResult, StoreError> {
        let hold = Some(Hold::new(case.hold.as_ref(), reason, now));
        let Some(pause) = recheck_pause(reason) else {
            return self.take_step(view, case, offset_days, Vec::new(), hold, now).await;
        };
        self.postpone(view, &Case { hold, ..case }, now + pause, now).await?;
        Ok((RowOutcome::Skipped, None))
    }

    /// Takes the step and records its messages in one transaction, then sends them.
    pub(crate) async fn take_step(
        &self,
        view: &CompanyView,
        case: Case,
        offset_days: u8,
        effects: Vec<Effect>,
        hold: Option<Hold>,
        now: DateTime<Utc>,
    ) -> Result<WorkResult, StoreError> {
        let company = &view.company;
        let offsets = &view.settings.settings.reminder_offsets_days;
        let late = lateness(&view.settings, &case, offset_days, now).num_seconds();
        let next = match step(offsets, case.first_failure_at, Some(offset_days), now) {
            ReminderStep::Wait { until } => until,
            _ => window_ends_at(case.first_failure_at),
        };
        let next = if case.push_pending { next.min(now + back_off(1)) } else { next };
        let taken = Case {
            last_offset_days: Some(offset_days),
            attempts: case.attempts + effects.len() as u32,
            failed_tries: 0,
            last_error: hold.as_ref().map(|hold| hold.reason.as_str().to_owned()),
            hold,
            ..case
        };
        let mut writes = vec![company.advance_case(&taken, Some(next), now)];
        for effect in &effects {
            writes.push(company.add_action(taken.case_id, effect, Some(now))?);
        }
        company.store().commit(self.app.ids.next(), writes).await?;
        tracing::info!(case_id = %taken.case_id, offset_days, late, metrics = "late:Seconds", "reminder taken");
        if effects.is_empty() {
            return Ok((RowOutcome::Skipped, taken.last_error));
        }
        let mut ended = (RowOutcome::Done, None);
        for effect in effects {
            let (worked, error) = self.perform(view, taken.case_id, effect).await?;
            if worked > ended.0 {
                ended = (worked, error);
            }
        }
        Ok(ended)
    }

    /// Records a failure and retries with a growing back-off.
    pub(crate) async fn fail(
        &self,
        view: &CompanyView,
        case: Case,
        error: &CallError,
        now: DateTime<Utc>,
    ) -> Result<WorkResult, StoreError> {
        let failed_tries = case.failed_tries + 1;
        let asked = match error {
            CallError::NotSent { retry_after: Some(wait), .. } => {
                Duration::from_std(*wait).unwrap_or_else(|_| Duration::zero())
            }
            _ => Duration::zero(),
        };
        let due_at = now + asked.max(back_off(failed_tries).min(Duration::minutes(LONGEST_PAUSE_MINUTES)));
        let reason = error.reason().to_owned();
        let failed = Case { failed_tries, last_error: Some(reason.clone()), ..case };
        let write = view.company.advance_case(&failed, Some(due_at), now);
        view.company.store().commit(self.app.ids.next(), vec![write]).await?;
        Ok((RowOutcome::Failed, Some(reason)))
    }

    pub(crate) async fn postpone(
        &self,
        view: &CompanyView,
        case: &Case,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let write = view.company.advance_case(case, Some(until), now);
        view.company.store().commit(self.app.ids.next(), vec![write]).await
    }

    /// Records facts that the run itself found out about the membership.
    async fn record(
        &self,
        view: &CompanyView,
        case: &Case,
        what: CaseFactKind,
        now: DateTime<Utc>,
    ) -> Result<WorkResult, StoreError> {
        let (company, token) = (&view.company, self.app.ids.next());
        let recorded =
            recovery::record_fact(company, case, what, Source::Cron, "reminders", token, now).await;
        self.recorded(view, case, recorded, now).await
    }

    async fn recorded(
        &self,
        view: &CompanyView,
        case: &Case,
        recorded: Result<(), EndError>,
        now: DateTime<Utc>,
    ) -> Result<WorkResult, StoreError> {
        match recorded {
            Ok(()) => Ok((RowOutcome::Done, None)),
            Err(EndError::Store(error)) => Err(error),
            Err(EndError::TooManyFacts(_) | EndError::Books(_)) => {
                let error = CallError::Rejected { reason: "too_many_facts".to_owned() };
                self.fail(view, case.clone(), &error, now).await
            }
        }
    }
}

/// The error of a question to Whop that needs a missing setting.
fn unconfigured(question: &'static str, name: &str) -> AssessError {
    let error = CallError::NotSent { reason: format!("{name}_not_set"), retry_after: None };
    AssessError::Unanswered(Unanswered { question, error })
}

/// When a held case is checked again without using up its step; `None` if the step is used up.
fn recheck_pause(reason: HoldReason) -> Option<Duration> {
    match reason {
        HoldReason::PaidUnconfirmed => Some(Duration::minutes(PAID_RECHECK_MINUTES)),
        HoldReason::CollectionPaused | HoldReason::StatusUnknown | HoldReason::NotStarted => {
            Some(Duration::hours(MEMBERSHIP_RECHECK_HOURS))
        }
        HoldReason::AddressBounced
        | HoldReason::AddressComplained
        | HoldReason::AddressBlocked
        | HoldReason::ChannelsOff
        | HoldReason::Unreachable => None,
    }
}

/// How late a step is: measured from its day, or from the company's request.
fn lateness(settings: &SettingsRow, case: &Case, offset_days: u8, now: DateTime<Utc>) -> Duration {
    let planned = case.first_failure_at + Duration::days(i64::from(offset_days));
    let wanted_at = settings.updated_at.map_or(planned, |saved| saved.max(planned));
    (now - wanted_at).max(Duration::zero())
}

fn message(
    case: &Case,
    offset_days: u8,
    nth: u32,
    channel: Channel,
    request: Request,
    now: DateTime<Utc>,
) -> Effect {
    let operation = reminder_operation(offset_days, channel);
    let key = effects::downstream_key(case.case_id, &operation);
    let action = Action {
        operation,
        kind: channel.action(),
        attempt_number: Some(case.attempts + nth + 1),
        channel: Some(channel),
        offset_days: Some(offset_days),
        template_version: Some(TEMPLATE_VERSION),
        days: None,
        manual: false,
        actor: Actor::Schedule,
        at: now,
    };
    Effect::prepared(action, request, key)
}
