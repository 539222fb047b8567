//! Records what the sweep decided about a case: the step, its postponement, its failure or a fact.

use chrono::{DateTime, Duration, Utc};

use super::{RecoverySweep, RowResult, SCHEDULE};
use crate::domain::kernel::time;
use crate::domain::platform::effect::Effect;
use crate::domain::recovery::case::{Case, Hold};
use crate::domain::recovery::contact::{EndReason, HoldReason};
use crate::domain::recovery::schedule::{ReminderStep, step};
use crate::domain::recovery::timeline::{CaseFactKind, window_ends_at};
use crate::due::RowOutcome;
use crate::effects::back_off;
use crate::providers::call::CallError;
use crate::recovery::company_view::CompanyView;
use crate::store::StoreError;
use crate::store::company::SettingsRow;
use crate::store::error::RecordError;

/// Whop says that the member has paid, but the event has not arrived or was lost: wait, and check again after
/// this time.
const PAID_RECHECK_MINUTES: i64 = 60;

/// A pause or a status may change without an event, so it is checked four times a day.
const MEMBERSHIP_RECHECK_HOURS: i64 = 6;

/// The longest backoff, so that after an outage of Whop no member waits longer for a reminder.
const LONGEST_PAUSE_MINUTES: i64 = 60;

impl RecoverySweep<'_> {
    /// Ends the case, because nothing is left to recover.
    pub(super) async fn end(
        &self,
        view: &CompanyView,
        case: &Case,
        reason: &EndReason,
        now: DateTime<Utc>,
    ) -> Result<RowResult, StoreError> {
        tracing::info!(case_id = %case.case_id, ?reason, "case ended after the assessment");
        let recorded = self.recovery.record_end(&view.company, case, reason, SCHEDULE).await;
        self.recorded(view, case, recorded, now).await
    }

    /// Sends no message and stores the reason for the owner. If only another channel would help, the step is used
    /// up; if the membership itself is the reason, the case is checked again later.
    pub(super) async fn hold(
        &self,
        view: &CompanyView,
        case: Case,
        offset_days: u8,
        reason: HoldReason,
        now: DateTime<Utc>,
    ) -> Result<RowResult, StoreError> {
        let hold = Some(Hold::new(case.hold.as_ref(), reason, now));
        let Some(pause) = recheck_pause(reason) else {
            return self.take_step(view, case, offset_days, Vec::new(), hold, now).await;
        };
        let held = Case { hold, ..case.without_failures() };
        self.postpone(view, &held, now + pause, now).await?;
        Ok((RowOutcome::Skipped, None))
    }

    /// Takes the step and records its messages in one transaction, then sends them.
    pub(super) async fn take_step(
        &self,
        view: &CompanyView,
        case: Case,
        offset_days: u8,
        effects: Vec<Effect>,
        hold: Option<Hold>,
        now: DateTime<Utc>,
    ) -> Result<RowResult, StoreError> {
        let company = &view.company;
        let offsets = &view.settings.settings.reminder_offsets_days;
        let late = (now - planned_at(&view.settings, &case, offset_days)).num_seconds().max(0);
        let next = match step(offsets, case.first_failure_at, Some(offset_days), now) {
            ReminderStep::Wait { until } => until,
            _ => window_ends_at(case.first_failure_at),
        };
        let next = if case.push_pending { next.min(now + back_off(1)) } else { next };
        let taken = Case {
            last_offset_days: Some(offset_days),
            attempts: case.attempts + effects.len() as u32,
            failed_tries: 0,
            // The push of this step waits for Whop's answer about it.
            waits_since: case.push_pending.then_some(now),
            last_error: hold.as_ref().map(|hold| hold.reason.as_str().to_owned()),
            hold,
            ..case
        };
        let mut writes = vec![company.advance_case(&taken, Some(next), now)];
        for effect in &effects {
            writes.push(company.add_action(taken.case_id, effect, Some(now))?);
        }
        company.store().commit(self.recovery.ids.next(), writes).await?;
        tracing::info!(case_id = %taken.case_id, offset_days, late, "reminder taken");
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

    /// Records a failure and retries with a growing backoff.
    pub(super) async fn fail(
        &self,
        view: &CompanyView,
        case: Case,
        error: &CallError,
        now: DateTime<Utc>,
    ) -> Result<RowResult, StoreError> {
        let failed_tries = case.failed_tries + 1;
        let asked = match error {
            CallError::NotSent { retry_after: Some(wait), .. } => {
                Duration::from_std(*wait).unwrap_or_else(|_| Duration::zero())
            }
            _ => Duration::zero(),
        };
        let due_at = now + asked.max(back_off(failed_tries).min(Duration::minutes(LONGEST_PAUSE_MINUTES)));
        let reason = error.reason().to_owned();
        let waits_since = case.waits_since.or(case.due_at).or(Some(now));
        let failed = Case { failed_tries, waits_since, last_error: Some(reason.clone()), ..case };
        let (company_id, case_id) = (view.company.id(), failed.case_id);
        tracing::warn!(
            %company_id,
            %case_id,
            membership_id = %failed.membership_id,
            provider = "whop",
            status = "open",
            reason,
            tries = failed_tries,
            next_try_at = time::format(due_at),
            "a case waits for a provider"
        );
        let write = view.company.advance_case(&failed, Some(due_at), now);
        view.company.store().commit(self.recovery.ids.next(), vec![write]).await?;
        Ok((RowOutcome::Failed, Some(reason)))
    }

    pub(super) async fn postpone(
        &self,
        view: &CompanyView,
        case: &Case,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let write = view.company.advance_case(case, Some(until), now);
        view.company.store().commit(self.recovery.ids.next(), vec![write]).await
    }

    /// Records facts that the run itself found out about the membership.
    pub(super) async fn record(
        &self,
        view: &CompanyView,
        case: &Case,
        what: CaseFactKind,
        now: DateTime<Utc>,
    ) -> Result<RowResult, StoreError> {
        let recorded = self.recovery.record_fact(&view.company, case, what, SCHEDULE).await;
        self.recorded(view, case, recorded, now).await
    }

    async fn recorded(
        &self,
        view: &CompanyView,
        case: &Case,
        recorded: Result<(), RecordError>,
        now: DateTime<Utc>,
    ) -> Result<RowResult, StoreError> {
        match recorded {
            Ok(()) => Ok((RowOutcome::Done, None)),
            Err(RecordError::Store(error)) => Err(error),
            Err(RecordError::TooManyFacts(_) | RecordError::Books(_)) => {
                let error = CallError::Rejected { reason: "too_many_facts".to_owned() };
                self.fail(view, case.clone(), &error, now).await
            }
        }
    }
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

/// When a step was planned: on its day, or when the company asked for it.
pub(super) fn planned_at(settings: &SettingsRow, case: &Case, offset_days: u8) -> DateTime<Utc> {
    let planned = case.first_failure_at + Duration::days(i64::from(offset_days));
    settings.updated_at.map_or(planned, |saved| saved.max(planned))
}
