//! When a professional's next turn is due.

use chrono::{DateTime, Duration, Utc};

use super::payee_snapshot::PayeeSnapshot;
use super::run::Run;
use crate::domain::marketplace::payout::{Candidate, Plan, Skip, SkipReason};
use crate::store::marketplace::payee::{NextCheck, PayeeRow};

/// An index lags the table by a fraction of a second according to AWS, and by more during an incident.
const INDEX_LAG_MINUTES: i64 = 5;

impl Run<'_> {
    /// When the index shows every payable booking, if that is in the future. A booking that has just become
    /// payable may be missing from the list that was read, so the professional must be checked again.
    fn index_complete_at(&self, held: &PayeeRow) -> Option<DateTime<Utc>> {
        let complete_at = held.touched_at? + Duration::minutes(INDEX_LAG_MINUTES);
        (complete_at > self.payouts.effect_clients.clock.now()).then_some(complete_at)
    }

    /// When the professional's next turn is due, after a turn that was executed completely.
    pub(super) fn next_check(&self, snapshot: &PayeeSnapshot, plan: &Plan) -> NextCheck {
        if let Some(next) = &snapshot.next {
            return NextCheck::Now(Some(next.to_string()));
        }
        let day_ends_at = self.payouts.calendar.ends_at(self.payout_request.batch);
        let waits_until = |skip: &Skip| match skip.reason {
            SkipReason::AlreadyPaid | SkipReason::InProgress => None,
            SkipReason::TransferRefused => {
                let row = snapshot.rows.get(&skip.booking_id);
                let retry_at = row.and_then(|row| row.payout_retry_at(self.payout_request.batch));
                Some(retry_at.map_or(day_ends_at, |at| at.min(day_ends_at)))
            }
            SkipReason::HeldBack => {
                let same = |candidate: &&Candidate| candidate.booking_id == skip.booking_id;
                snapshot.candidates.iter().find(same)?.hold_back_ends_at
            }
            _ => Some(day_ends_at),
        };
        let next = plan.skips.iter().filter_map(waits_until).min();
        // Bookings skipped by earlier turns of the same pass wait for the next batch at the latest.
        let next =
            if snapshot.is_later { Some(next.map_or(day_ends_at, |at| at.min(day_ends_at))) } else { next };
        let next = next.or_else(|| self.index_complete_at(&snapshot.held));
        next.map_or(NextCheck::Never, NextCheck::At)
    }
}
