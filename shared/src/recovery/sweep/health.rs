//! What a run found out about a company: whether it is set aside, and which question about a member failed.

use chrono::{DateTime, Duration, Utc};

use crate::domain::recovery::contact::ChannelError;
use crate::recovery::Recoveries;
use crate::recovery::company_view::CompanyView;
use crate::store::company::{ChannelErrorRow, CompanyHealth};
use crate::store::{StoreError, Write};

/// After this many runs with failures only, a company is set aside.
const SET_ASIDE_AFTER_RUNS: u32 = 3;

/// The first pause; each further failing run doubles it, up to an hour, so that no member waits longer once the
/// provider is back.
const SET_ASIDE_MINUTES: i64 = 15;

#[derive(Default)]
pub(super) struct CompanyTally {
    pub done: u32,
    pub failed: u32,
    pub last_error: Option<String>,
    /// The last question about a member that Whop did not answer; the inner `None` means that all were answered.
    pub channel_error: Option<Option<ChannelError>>,
}

impl Recoveries<'_> {
    pub(super) async fn save_channel_error(&self, view: &CompanyView, newest: Option<Option<ChannelError>>) {
        let Some(newest) = newest else { return };
        let known = view.sweep_record.channel_error.as_ref().map(|known| &known.error);
        if known == newest.as_ref() {
            return;
        }
        let row = newest.map(|error| ChannelErrorRow { error, since: self.now() });
        self.save(view, view.company.save_channel_error(row.as_ref())).await;
    }

    pub(super) async fn save_health(&self, view: &CompanyView, tally: &CompanyTally) {
        let health = next_health(&view.sweep_record.health, tally, self.now());
        if let Some(health) = health {
            self.save(view, view.company.save_health(&health)).await;
        }
    }

    /// If the write fails, the next run finds out the same again.
    async fn save(&self, view: &CompanyView, write: Result<Write, StoreError>) {
        let saved = match write {
            Ok(write) => view.company.store().commit(self.ids.next(), vec![write]).await,
            Err(error) => Err(error),
        };
        if let Err(error) = saved {
            let company_id = view.company.id();
            tracing::warn!(%company_id, %error, "a company's sweep record was not saved");
        }
    }
}

fn next_health(before: &CompanyHealth, tally: &CompanyTally, now: DateTime<Utc>) -> Option<CompanyHealth> {
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
        failing_since: before.failing_since.or(Some(now)),
        set_aside_until: pause.map(|pause| now + pause),
        last_error: tally.last_error.clone(),
    })
}
