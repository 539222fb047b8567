//! Rows of a batch: an entry with the result of each booking, and a line with the sums of each professional.

use serde::{Deserialize, Serialize};

use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{BookingId, ProfessionalId};
use crate::domain::marketplace::booking::Booking;
use crate::domain::marketplace::payout::{
    BatchEntry, BatchId, BatchSums, CarriedLine, EntryStatus, SkipReason, TransferRequest,
};
use crate::domain::platform::effect::{Effect, EffectStatus, Request};
use crate::store::company::Company;
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::write::{Item, Write, number, text, with_key};
use crate::store::{Page, Query, Range};

/// A professional's sums in a batch and currency, in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchLine {
    /// Planned transfers less those that Stripe refused.
    pub planned_amount: i64,
    /// The debt before the batch.
    pub before_amount: i64,
    /// The part of the debt that the batch withholds.
    pub used_amount: i64,
    /// The debt after the batch.
    pub after_amount: i64,
}

/// A position in the list of a batch's entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchEntryCursor(String);

impl BatchEntryCursor {
    /// Parses the output of `to_string`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.rsplitn(3, '#');
        BookingId::parse(parts.next()?).ok()?;
        Currency::parse(parts.next()?).ok()?;
        ProfessionalId::parse(parts.next()?).ok()?;
        Some(Self(text.to_owned()))
    }

    fn of(entry: &BatchEntry) -> Self {
        Self(format!("{}#{}#{}", entry.professional_id, entry.currency.as_str(), entry.booking_id))
    }
}

impl std::fmt::Display for BatchEntryCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Company {
    /// Writes a booking's entry, replacing an earlier one of the same batch.
    pub fn put_batch_entry(&self, batch: BatchId, entry: &BatchEntry) -> Result<Write, StoreError> {
        Write::put(Key::batch_entry(&self.company, batch, entry), entry)
    }

    /// One page of a batch's entries, by professional and currency.
    pub async fn batch_entries(
        &self,
        batch: BatchId,
        limit: u16,
        after: Option<&BatchEntryCursor>,
    ) -> Result<(Vec<BatchEntry>, Option<BatchEntryCursor>), StoreError> {
        let start =
            after.map(|cursor| with_key(Item::new(), &Key::batch_entry_at(&self.company, batch, &cursor.0)));
        let page = self.entries_page(batch, Some(i32::from(limit)), start).await?;
        let last = page.rows.last().map(BatchEntryCursor::of);
        Ok((page.rows, page.next.and(last)))
    }

    /// The sums of a batch's entries, read page by page.
    pub async fn batch_sums(&self, batch: BatchId) -> Result<BatchSums, StoreError> {
        let (mut sums, mut start) = (BatchSums::default(), None);
        loop {
            let page = self.entries_page(batch, None, start).await?;
            page.rows.iter().for_each(|entry| sums.add(entry));
            start = page.next;
            if start.is_none() {
                return Ok(sums);
            }
        }
    }

    async fn entries_page(
        &self,
        batch: BatchId,
        limit: Option<i32>,
        start: Option<Item>,
    ) -> Result<Page<BatchEntry>, StoreError> {
        let pk = keys::batch_pk(&self.company, batch);
        let range = Range::Prefix(keys::SK, keys::ENTRY_PREFIX);
        self.store.query(Query { range, limit, start, ..Query::partition(&pk) }).await
    }

    /// The lines of up to a hundred professionals in a batch; missing lines are left out.
    pub async fn batch_lines(
        &self,
        batch: BatchId,
        of: &[(ProfessionalId, Currency)],
    ) -> Result<Vec<(ProfessionalId, Currency, BatchLine)>, StoreError> {
        #[derive(Deserialize)]
        struct Row {
            professional_id: ProfessionalId,
            currency: Currency,
            #[serde(flatten)]
            line: BatchLine,
        }
        let key =
            |(id, currency): &(ProfessionalId, Currency)| Key::batch_line(&self.company, batch, id, currency);
        let keys: Vec<Key> = of.iter().map(key).collect();
        let rows: Vec<Row> = self.store.get_all(&keys).await?;
        Ok(rows.into_iter().map(|row| (row.professional_id, row.currency, row.line)).collect())
    }

    /// Adds amounts to a professional's line; must be in the transaction of the decision. The first call sets the
    /// debt before the batch.
    pub fn update_batch_line(
        &self,
        batch: BatchId,
        (professional_id, currency): (&ProfessionalId, &Currency),
        (planned_amount, used_amount): (i64, i64),
        carried: Option<&CarriedLine>,
    ) -> Write {
        let write = Write::update(Key::batch_line(&self.company, batch, professional_id, currency))
            .set("professional_id", text(professional_id.as_str()))
            .set("currency", text(currency.as_str()))
            .count("planned_amount", planned_amount)
            .count("used_amount", used_amount);
        match carried {
            Some(line) => write
                .set_absent("before_amount", number(line.before_amount))
                .set("after_amount", number(line.after_amount)),
            None => write,
        }
    }

    /// Records a transfer's outcome in its batch; must be in the transaction of the outcome.
    pub(crate) fn record_transfer_end(
        &self,
        held: &Effect,
        ends: EffectStatus,
        reason: &str,
        booking: Option<&Booking>,
    ) -> Vec<Write> {
        let (Request::Transfer(request), Some(booking)) = (&held.request, booking) else { return Vec::new() };
        let status = match ends {
            EffectStatus::Done => EntryStatus::Done,
            EffectStatus::Rejected => EntryStatus::Rejected,
            EffectStatus::Unknown => EntryStatus::InDoubt,
            EffectStatus::Prepared | EffectStatus::Sending => return Vec::new(),
        };
        let (batch, professional_id) = (request.metadata.batch_id, &booking.terms.professional_id);
        let entry = Write::update(self.transfer_entry(request, professional_id));
        // An earlier batch made the transfer, and a restored table had lost it: it does not belong to this batch.
        let is_of_other_batch = booking.payout.as_ref().is_some_and(|payout| payout.batch != batch);
        let (status, entry, reason) = match status {
            EntryStatus::Done if is_of_other_batch => {
                let status = EntryStatus::Skipped;
                let entry = entry.set("status", text(status.as_str())).set("transfer_id", text(reason));
                (status, entry, SkipReason::AlreadyPaid.as_str())
            }
            status => (status, entry.set("status", text(status.as_str())), reason),
        };
        if status == EntryStatus::Done {
            return vec![entry.set("transfer_id", text(reason)).remove("reason")];
        }
        let mut writes = vec![entry.set("reason", text(reason))];
        if matches!(status, EntryStatus::Rejected | EntryStatus::Skipped) {
            let line = (professional_id, &request.currency);
            writes.push(self.update_batch_line(
                batch,
                line,
                (-request.amount, -request.metadata.carried_amount),
                None,
            ));
        }
        writes
    }

    fn transfer_entry(&self, request: &TransferRequest, professional_id: &ProfessionalId) -> Key {
        let booking_id = request.metadata.booking_id;
        let entry_position = format!("{professional_id}#{}#{booking_id}", request.currency.as_str());
        Key::batch_entry_at(&self.company, request.metadata.batch_id, &entry_position)
    }
}
