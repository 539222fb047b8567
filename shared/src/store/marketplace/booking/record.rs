//! The writes of a booking's change.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::domain::kernel::time;
use crate::domain::marketplace::booking::Booking;
use crate::domain::marketplace::booking_record::{
    AppliedChange, BookingChange, BookingConfig, BookingRecord, ChangeError,
};
use crate::domain::marketplace::ledger::LedgerEntry;
use crate::domain::platform::action::{Actor, Source};
use crate::domain::platform::effect::Effect;
use crate::domain::platform::refusal::REFUND_RETURNED;
use crate::store::company::{AuditEntry, Company};
use crate::store::error::RecordError;
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::marketplace::payee::RESERVED;
use crate::store::write::{Expect, Write, text};

/// The result of recording a change.
#[derive(Debug)]
pub struct BookingRecording {
    /// To be committed in one transaction; empty if nothing changed.
    pub writes: Vec<Write>,
    /// The row after the change.
    pub row: BookingRecord,
    pub before: Option<Booking>,
    pub after: Option<Booking>,
    /// The started steps; they can be performed once the writes are committed.
    pub steps: Vec<Effect>,
}

/// The cause as recorded in the audit log.
struct Cause {
    text: String,
    source: Source,
}

impl From<ChangeError> for RecordError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::TooManyFacts(most) => Self::TooManyFacts(most),
            ChangeError::Unbalanced(problem) => Self::Books(problem),
        }
    }
}

impl Company {
    /// The writes that add `change` to the row that was read; none if all its facts are known.
    pub fn record_booking(
        &self,
        read: BookingRecord,
        change: BookingChange,
        config: &BookingConfig,
        now: DateTime<Utc>,
    ) -> Result<BookingRecording, RecordError> {
        let actor = change.actor.as_ref().unwrap_or(&Actor::Provider);
        let cause =
            Cause { text: change.cause.clone(), source: change.source.unwrap_or_else(|| actor.into()) };
        let applied = read.apply(change, config, now)?;
        let mut writes = Vec::new();
        if applied.row != read {
            writes = self.booking_writes(&read, &applied, &cause, config, now)?;
        }
        let AppliedChange { row, before, after, steps, .. } = applied;
        Ok(BookingRecording { writes, row, before, after, steps })
    }

    fn booking_writes(
        &self,
        read: &BookingRecord,
        applied: &AppliedChange,
        cause: &Cause,
        config: &BookingConfig,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, StoreError> {
        let AppliedChange { row, after, .. } = applied;
        let (id, after) = (row.booking_id, after.as_ref());
        let mut writes = vec![self.project_booking(row, after, read.version, &config.policy, now)?];
        for effect in &applied.steps {
            writes.push(self.start_step(id, effect, now)?);
        }
        let resolve = |operation: &String| self.resolve_refusal(id, operation, now);
        writes.extend(applied.resolved.iter().map(resolve));
        for payment_intent in row.payments().difference(&read.payments()) {
            writes.push(self.register_booking(payment_intent.as_str(), id)?);
        }
        for entry in &applied.entries {
            writes.push(self.post(entry, after)?);
        }
        writes.extend(after.and_then(|booking| self.count_balances(booking, applied)));
        if let Some((booking, from)) = after.zip(applied.payee_due_from) {
            writes.push(self.touch_payee(&booking.terms.professional_id, from, now));
        }
        if let Some(booking) = after.filter(|_| applied.changes_status()) {
            let audit_id = format!("{id}#{}", row.version);
            writes.push(self.audit_listed(&audit_entry(row, booking, cause, now), &audit_id)?);
        }
        let returned = applied.returned_refund.iter();
        writes
            .extend(returned.map(|operation| self.mark_result_reversed(id, operation, REFUND_RETURNED, now)));
        Ok(writes)
    }

    /// The write of a ledger entry, listed in the professional's statement.
    fn post(&self, entry: &LedgerEntry, booking: Option<&Booking>) -> Result<Write, StoreError> {
        let (time, id) = (time::format(entry.at()), entry.id().to_string());
        let key = Key::ledger_entry(&self.company, entry.booking_id(), &time, &id);
        let mut write = Write::put(key, entry)?.expect(Expect::Absent);
        if let Some(booking) = booking {
            let list = keys::statement_list(&self.company, &booking.terms.professional_id);
            write = write.set("list_pk", text(list)).set("list_sk", text(format!("{time}#{id}")));
        }
        Ok(write)
    }

    /// The write of all balances that the entries change; they share one row.
    fn count_balances(&self, booking: &Booking, applied: &AppliedChange) -> Option<Write> {
        let mut sums: BTreeMap<&'static str, i64> = BTreeMap::from([(RESERVED, -applied.unreserved_amount)]);
        for posting in applied.entries.iter().flat_map(LedgerEntry::postings) {
            let sum = sums.entry(posting.account.name()).or_default();
            *sum = sum.saturating_add(posting.amount);
        }
        sums.retain(|_, sum| *sum != 0);
        let terms = &booking.terms;
        let key = Key::balance(&self.company, &terms.professional_id, &terms.price.currency);
        let write = Write::update(key);
        (!sums.is_empty())
            .then(|| sums.into_iter().fold(write, |write, (account, sum)| write.count(account, sum)))
    }
}

fn audit_entry(row: &BookingRecord, booking: &Booking, cause: &Cause, now: DateTime<Utc>) -> AuditEntry {
    AuditEntry {
        at: now,
        kind: format!("booking.{}", booking.status.as_str()),
        subject: row.booking_id.to_string(),
        cause: cause.text.clone(),
        source: Some(cause.source),
        detail: None,
    }
}
