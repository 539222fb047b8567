//! Due rows that a switch holds back.

use chrono::{DateTime, Utc};
use shared::domain::kernel::id::CompanyId;
use shared::domain::platform::switch::SwitchedOff;
use shared::due::is_held;
use shared::http::Failure;
use shared::store::Store;
use shared::store::due::{DueRow, PAYOUTS, SWEEP};
use shared::store::keys::DUE_SHARDS;
use shared::views::Timestamp;
use shared::views::platform::switch::{HeldRowsView, SwitchView, SwitchedOffView};

const BOOKINGS_SHOWN: usize = 100;

/// The held rows on the first page of each shard.
#[derive(Default)]
pub(super) struct HeldRows {
    /// Sorted by time, oldest first.
    rows: Vec<DueRow>,
    more: bool,
}

impl HeldRows {
    /// Reads nothing if everything is on.
    pub(super) async fn read(
        store: &Store,
        switched_off: &SwitchedOff,
        now: DateTime<Utc>,
    ) -> Result<Self, Failure> {
        let mut held = Self::default();
        if *switched_off == SwitchedOff::default() {
            return Ok(held);
        }
        for queue in [SWEEP, PAYOUTS] {
            for shard in 0..DUE_SHARDS {
                let page = store.due(queue, shard, now, None).await?;
                held.rows.extend(page.rows.into_iter().filter(|row| is_held(&row.key, switched_off)));
                held.more |= page.next.is_some();
            }
        }
        held.rows.sort_by(|a, b| (a.due_at, &a.key.pk).cmp(&(b.due_at, &b.key.pk)));
        Ok(held)
    }

    /// A switch that is off, with what it holds back; `only` limits the rows to one company.
    pub(super) fn held_by(
        &self,
        switch: SwitchView,
        only: Option<&CompanyId>,
        own: &CompanyId,
    ) -> SwitchedOffView {
        let of = |row: &DueRow, company: Option<&CompanyId>| {
            company.is_none_or(|company| row.key.company().as_ref() == Some(company))
        };
        let is_its_own = |row: &&DueRow| {
            row.key.governing_switch() == Some(switch.switch)
                && of(row, switch.company_id.as_ref())
                && of(row, only)
        };
        let rows: Vec<&DueRow> = self.rows.iter().filter(is_its_own).collect();
        let of_caller = rows.iter().filter(|row| of(row, Some(own)));
        let booking_ids = of_caller.filter_map(|row| row.key.booking_id()).take(BOOKINGS_SHOWN).collect();
        let oldest_due_at = rows.first().map(|row| Timestamp(row.due_at));
        let (count, more) = (rows.len(), self.more);
        SwitchedOffView { switch, held: HeldRowsView { count, more, oldest_due_at, booking_ids } }
    }
}
