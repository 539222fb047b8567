//! One run: collects due rows, processes them and records the run.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};
use shared::app::SharedApp;
use shared::domain::kernel::id::CompanyId;
use shared::domain::kernel::ids::Ids;
use shared::domain::platform::job::{Occurrence, Report};
use shared::domain::recovery::contact::ChannelError;
use shared::due::{self, RowOutcome, SweepLimits};
use shared::http::Failure;
use shared::payouts;
use shared::providers::call::CallError;
use shared::providers::whop::client::Whop;
use shared::recovery::{self, MemberChannels, Unanswered};
use shared::store::company::{ChannelErrorRow, CompanyHealth, REMINDERS_JOB, SettingsRow, SweepRecord};
use shared::store::due::{DueRow, SWEEP};
use shared::store::{Company, RowKind, Store, StoreError};
use tokio::sync::OnceCell;
use tracing::Instrument as _;

/// After this many runs with failures only, a company is paused.
const SET_ASIDE_AFTER_RUNS: u32 = 3;

/// The first pause; each further failing run doubles it, up to an hour, so that nobody waits longer once the
/// provider is back.
const SET_ASIDE_MINUTES: i64 = 15;

/// The state that a run shares between its rows.
pub(crate) struct Run<'a> {
    pub app: &'a SharedApp,
    pub store: &'a Store,
    companies: Mutex<HashMap<CompanyId, Arc<OnceCell<Arc<CompanyView>>>>>,
    tallies: Mutex<HashMap<CompanyId, Tally>>,
    declined: AtomicU64,
}

/// A company as read at the start of its queue.
pub(crate) struct CompanyView {
    pub company: Company,
    pub settings: SettingsRow,
    pub sweep_record: SweepRecord,
    experience: OnceCell<Result<Option<String>, CallError>>,
}

impl CompanyView {
    /// The company's experience, requested from Whop at most once per run.
    pub(crate) async fn experience(
        &self,
        whop: &Whop,
        app_id: &str,
        ids: &Ids,
    ) -> Result<Option<String>, CallError> {
        let ask = || recovery::load_experience(whop, app_id, &self.company, &self.sweep_record, ids.next());
        self.experience.get_or_init(ask).await.clone()
    }
}

#[derive(Default)]
struct Tally {
    done: u32,
    failed: u32,
    last_error: Option<String>,
    /// The last question about a member that Whop did not answer; the inner `None` means that all were answered.
    channel_error: Option<Option<ChannelError>>,
}

/// Runs one occurrence of the job.
pub(crate) async fn run(app: &SharedApp, occurrence: &Occurrence) -> Result<Report, Failure> {
    let span = tracing::info_span!("run", cron = REMINDERS_JOB);
    async {
        let store = app.store()?;
        let limits = SweepLimits::default();
        let found = due::collect(store, SWEEP, limits, app.clock.now()).await?;
        let (companies, tallies) = (Mutex::default(), Mutex::default());
        let run = Run { app, store, companies, tallies, declined: AtomicU64::new(0) };
        let report = due::process_queues(found, limits, |row| run.work_on(row)).await;
        run.remember_companies().await;
        let report = Report { declined: Some(run.declined.into_inner()), ..report };
        Ok(due::conclude(store, occurrence, report, app.clock.now()).await?)
    }
    .instrument(span)
    .await
}

impl Run<'_> {
    async fn work_on(&self, row: DueRow) -> RowOutcome {
        let company = row.key.company();
        let result = match (row.key.kind(), &company) {
            (RowKind::Event, _) => self.app.intake(self.store).work_on(&row, self.app.clock.now()).await,
            (RowKind::Batch, _) => {
                let (token, now) = (self.app.ids.next(), self.app.clock.now());
                payouts::work_on_batch(self.store, &row, token, now).await
            }
            (RowKind::Booking | RowKind::BookingAction, _) => Ok(self.work_on_booking(&row).await),
            (RowKind::Case | RowKind::Action | RowKind::Settings, Some(company)) => {
                self.work_on_company(company, &row).await
            }
            _ => Ok(RowOutcome::Skipped),
        };
        match result {
            Ok(worked) => worked,
            // Another process changed the row; the next run sees the new state.
            Err(StoreError::Conflict { .. }) => RowOutcome::Skipped,
            Err(error) => {
                tracing::error!(error = %error, "a due row could not be processed");
                RowOutcome::Failed
            }
        }
    }

    /// Bookings depend on no recovery settings, and a pause of the company's reminders does not affect them.
    async fn work_on_booking(&self, row: &DueRow) -> RowOutcome {
        let ended = self.app.bookings(self.store).work_on(row).await;
        self.declined.fetch_add(u64::from(ended.declined), Ordering::Relaxed);
        ended.worked
    }

    async fn work_on_company(&self, company: &CompanyId, row: &DueRow) -> Result<RowOutcome, StoreError> {
        let view = self.view(company).await?;
        if view.sweep_record.health.set_aside_until.is_some_and(|until| until > self.app.clock.now()) {
            return Ok(RowOutcome::Skipped);
        }
        let (worked, error) = match row.key.kind() {
            RowKind::Case => self.work_on_case(&view, row).await?,
            RowKind::Action => self.work_on_effect(&view, row).await?,
            _ => (self.work_on_settings(&view).await?, None),
        };
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = tallies.entry(company.clone()).or_default();
        match worked {
            // A missing membership says nothing about the company.
            RowOutcome::Failed if error.as_deref() == Some(CallError::Absent.reason()) => {}
            RowOutcome::Failed => tally.failed += 1,
            RowOutcome::Done | RowOutcome::InDoubt => tally.done += 1,
            RowOutcome::Skipped | RowOutcome::FailedAlone => {}
        }
        tally.last_error = error.or(tally.last_error.take());
        Ok(worked)
    }

    /// The company's settings and sweep record, read once per run, also for concurrent rows.
    async fn view(&self, id: &CompanyId) -> Result<Arc<CompanyView>, StoreError> {
        let cell = {
            let mut companies = self.companies.lock().unwrap_or_else(PoisonError::into_inner);
            companies.entry(id.clone()).or_default().clone()
        };
        let read = || async {
            let company = self.store.company(id);
            let (settings, sweep_record) = company.settings_and_sweep_record().await?;
            Ok(Arc::new(CompanyView { company, settings, sweep_record, experience: OnceCell::new() }))
        };
        cell.get_or_try_init(read).await.cloned()
    }

    /// Records which question about a member failed, so that operations show it.
    pub(crate) fn record_channels(&self, view: &CompanyView, channels: &MemberChannels) {
        self.record_question(view, channels.errors.last().cloned());
    }

    /// Records the failure of the question that the decision needs.
    pub(crate) fn record_unanswered(&self, view: &CompanyView, unanswered: &Unanswered) {
        self.record_question(view, Some(ChannelError::from(unanswered)));
    }

    fn record_question(&self, view: &CompanyView, newest: Option<ChannelError>) {
        if let Some(error) = &newest {
            let company_id = view.company.id();
            tracing::warn!(%company_id, question = error.question, reason = error.reason, "Whop did not answer a question about a member");
        }
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = tallies.entry(view.company.id().clone()).or_default();
        // An answer for one member does not cancel the failure for another.
        let known = tally.channel_error.get_or_insert(None);
        *known = newest.or(known.take());
    }

    /// Pauses companies with failures only, and resumes those that work again.
    async fn remember_companies(&self) {
        let tallies = std::mem::take(&mut *self.tallies.lock().unwrap_or_else(PoisonError::into_inner));
        for (id, tally) in tallies {
            let Ok(view) = self.view(&id).await else { continue };
            self.save_channel_error(&view, tally.channel_error.clone()).await;
            let Some(health) = next_health(&view.sweep_record.health, &tally, self.app.clock.now()) else {
                continue;
            };
            if let Err(error) = self.save_health(&view.company, &health).await {
                tracing::warn!(error = %error, "a company's health was not saved");
            }
        }
    }

    async fn save_channel_error(&self, view: &CompanyView, newest: Option<Option<ChannelError>>) {
        let Some(newest) = newest else { return };
        let known = view.sweep_record.channel_error.as_ref().map(|known| &known.error);
        if known == newest.as_ref() {
            return;
        }
        let row = newest.map(|error| ChannelErrorRow { error, since: self.app.clock.now() });
        let write = view.company.save_channel_error(row.as_ref());
        let saved = match write {
            Ok(write) => view.company.store().commit(self.app.ids.next(), vec![write]).await,
            Err(error) => Err(error),
        };
        if let Err(error) = saved {
            tracing::warn!(error = %error, "what could not be asked about a company's members was not saved");
        }
    }

    async fn save_health(&self, company: &Company, health: &CompanyHealth) -> Result<(), StoreError> {
        company.store().commit(self.app.ids.next(), vec![company.save_health(health)?]).await
    }
}

fn next_health(before: &CompanyHealth, tally: &Tally, now: DateTime<Utc>) -> Option<CompanyHealth> {
    if tally.done > 0 && before.failed_runs > 0 {
        return Some(CompanyHealth::default());
    }
    if tally.done > 0 || tally.failed == 0 {
        return None;
    }
    let failed_runs = before.failed_runs + 1;
    let beyond = failed_runs.checked_sub(SET_ASIDE_AFTER_RUNS);
    let pause = beyond.map(|beyond| Duration::minutes(SET_ASIDE_MINUTES << beyond.min(2)));
    Some(CompanyHealth {
        failed_runs,
        set_aside_until: pause.map(|pause| now + pause),
        last_error: tally.last_error.clone(),
    })
}
