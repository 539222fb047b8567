//! The sweep over recovery rows: due cases, unfinished effects, changed settings.
//!
//! A company whose rows only fail is set aside for a while, so that its provider's outage costs a few calls per
//! run.

mod case;
mod effect;
mod health;
mod incentive;
mod late_push;
mod reschedule;
mod take_step;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Duration;
use tokio::sync::OnceCell;

use super::company_view::CompanyView;
use super::member_channels::{MemberChannels, Unanswered};
use super::{Originator, Recoveries};
use crate::domain::kernel::id::CompanyId;
use crate::domain::platform::action::Source;
use crate::domain::platform::job::REMINDERS_JOB;
use crate::domain::platform::objective::{Kept, Objective};
use crate::domain::recovery::contact::ChannelError;
use crate::due::RowOutcome;
use crate::providers::call::CallError;
use crate::store::due::DueRow;
use crate::store::platform::objective::Counts;
use crate::store::{RowKind, StoreError};
use health::CompanyTally;

/// The result for a row, and the reason of a failure.
type RowResult = (RowOutcome, Option<String>);

const SCHEDULE: Originator<'static> = Originator { source: Source::Cron, cause: REMINDERS_JOB };

/// One run over recovery rows, with the state that the run shares between them.
pub struct RecoverySweep<'a> {
    recovery: Recoveries<'a>,
    companies: Mutex<HashMap<CompanyId, Arc<OnceCell<Arc<CompanyView>>>>>,
    tallies: Mutex<HashMap<CompanyId, CompanyTally>>,
    /// How many reminders were delivered in time.
    kept: Mutex<Counts>,
}

impl<'a> RecoverySweep<'a> {
    pub fn new(recovery: Recoveries<'a>) -> Self {
        Self { recovery, companies: Mutex::default(), tallies: Mutex::default(), kept: Mutex::default() }
    }
}

impl RecoverySweep<'_> {
    /// Processes one due row of the company.
    pub async fn work_on(&self, company: &CompanyId, row: &DueRow) -> Result<RowOutcome, StoreError> {
        let Recoveries { store, effect_clients, .. } = &self.recovery;
        if effect_clients.switches.holds_row(store, &row.key, self.recovery.now()).await? {
            return Ok(RowOutcome::SwitchedOff);
        }
        let view = self.view(company).await?;
        let set_aside_until = view.sweep_record.health.set_aside_until;
        if set_aside_until.is_some_and(|until| until > self.recovery.now()) {
            return Ok(RowOutcome::Skipped);
        }
        let (worked, error) = match row.key.kind() {
            RowKind::Case => self.work_on_case(&view, row).await?,
            RowKind::Action => self.work_on_effect(&view, row).await?,
            RowKind::Settings => (self.work_on_settings(&view).await?, None),
            _ => (RowOutcome::Skipped, None),
        };
        self.tally_up(company, |tally| {
            match worked {
                // A missing membership says nothing about the company.
                RowOutcome::Failed if error.as_deref() == Some(CallError::Absent.reason()) => {}
                RowOutcome::Failed => tally.failed += 1,
                RowOutcome::Done | RowOutcome::InDoubt => tally.done += 1,
                RowOutcome::Skipped | RowOutcome::SwitchedOff | RowOutcome::FailedAlone => {}
            }
            tally.last_error = error.or(tally.last_error.take());
        });
        Ok(worked)
    }

    /// How many reminders this run delivered, and how many of them in time.
    pub fn kept(&self) -> Counts {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count_delivery(&self, late: Duration) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for (objective, allowed) in [
            (Objective::RemindersWithinFiveMinutes, Duration::minutes(5)),
            (Objective::RemindersWithinOneHour, Duration::hours(1)),
        ] {
            let counted = kept.entry(objective).or_default();
            *counted = counted.plus(Kept::one(late <= allowed));
        }
    }

    /// Ends the run: companies with failures only are set aside, and those that work again are resumed.
    pub async fn finish(&self) {
        let tallies = std::mem::take(&mut *self.tallies.lock().unwrap_or_else(PoisonError::into_inner));
        for (id, tally) in tallies {
            let Ok(view) = self.view(&id).await else { continue };
            self.recovery.save_channel_error(&view, tally.channel_error.clone()).await;
            self.recovery.save_health(&view, &tally).await;
        }
    }

    /// The company's settings and sweep record, read once per run, also for concurrent rows.
    async fn view(&self, id: &CompanyId) -> Result<Arc<CompanyView>, StoreError> {
        let cell = {
            let mut companies = self.companies.lock().unwrap_or_else(PoisonError::into_inner);
            companies.entry(id.clone()).or_default().clone()
        };
        let read = || async {
            let company = self.recovery.store.company(id);
            let (settings, sweep_record) = company.settings_and_sweep_record().await?;
            Ok(Arc::new(CompanyView::new(company, settings, sweep_record)))
        };
        cell.get_or_try_init(read).await.cloned()
    }

    /// Records which question about a member failed, so that operations show it.
    fn record_channels(&self, view: &CompanyView, channels: &MemberChannels) {
        self.record_question(view, channels.errors.last().cloned());
    }

    /// Records the failure of the question that the decision needs.
    fn record_unanswered(&self, view: &CompanyView, unanswered: &Unanswered) {
        self.record_question(view, Some(ChannelError::from(unanswered)));
    }

    fn record_question(&self, view: &CompanyView, newest: Option<ChannelError>) {
        let company_id = view.company.id();
        if let Some(error) = &newest {
            tracing::warn!(%company_id, question = error.question, reason = error.reason, "Whop did not answer a question about a member");
        }
        self.tally_up(company_id, |tally| {
            // An answer for one member does not cancel the failure for another.
            let known = tally.channel_error.get_or_insert(None);
            *known = newest.or(known.take());
        });
    }

    fn tally_up(&self, company: &CompanyId, change: impl FnOnce(&mut CompanyTally)) {
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        change(tallies.entry(company.clone()).or_default());
    }
}
