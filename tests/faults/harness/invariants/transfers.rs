//! Transfers at Stripe: at most one per booking, made from a request that was stored before.

use std::collections::BTreeMap;

use shared::domain::marketplace::booking::BookingFactKind;
use shared::domain::marketplace::payout::TransferRequest;
use shared::domain::platform::effect::{Effect, EffectStatus};
use stand_ins::outbox::Kind;
use stand_ins::stripe::Transfer;

use crate::harness::booked::Booked;
use crate::harness::invariant::{Invariant, Moment, must};

/// Transfers that name no booking are ignored.
pub struct OneTransferEach;

impl Invariant for OneTransferEach {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        let transfers = moment.world.transfers();
        let made = by_booking(&transfers)?;
        if made.is_empty() {
            return Ok(());
        }
        let bookings: BTreeMap<String, Booked<'_>> =
            moment.after.bookings().map(|booked| (booked.row.booking_id.to_string(), booked)).collect();
        for (id, transfer) in made {
            let booked = bookings.get(id).ok_or_else(|| format!("a transfer of no booking: {transfer:?}"))?;
            // A restored table does not know its earlier transfers; an adopted transfer has no request of ours.
            if predates_restore(moment, transfer) {
                continue;
            }
            let (effect, request) = requesting_effect(moment, booked, transfer)?;
            let known = !matches!(effect.status, EffectStatus::Prepared | EffectStatus::Rejected);
            must(known, || format!("{transfer:?} was made, but stands as {effect:?}"))?;
            must(matches_request(transfer, request), || format!("{transfer:?} is not {request:?}"))?;
        }
        Ok(())
    }

    fn at_rest(&self, moment: &Moment<'_>) -> Result<(), String> {
        let transfers = moment.world.transfers();
        let made = by_booking(&transfers)?;
        for booked in moment.after.bookings() {
            let id = booked.row.booking_id.to_string();
            let done = booked.transfers().filter(|(effect, _)| effect.status == EffectStatus::Done).count();
            let found = made.get(id.as_str());
            let count = usize::from(found.is_some());
            let is_unknown_yet = found.is_some_and(|it| predates_restore(moment, it)) && done == 0;
            must(done == count || is_unknown_yet, || {
                format!("{done} transfers of {id} are known, {count} were made")
            })?;
            let known = paid_by(&booked);
            let is_it = is_unknown_yet || found.is_none_or(|transfer| known.contains(&transfer.id));
            must(is_it, || format!("{found:?} was made, but {known:?} are known"))?;
        }
        self.after_call(moment)
    }
}

/// Whether it was made before the restore: no batch row of that day is left.
fn predates_restore(moment: &Moment<'_>, transfer: &Transfer) -> bool {
    let batch = transfer.metadata.get("batch_id").map(String::as_str).unwrap_or_default();
    !moment.after.of("BATCHES#").any(|row| row.to_string().contains(batch))
}

/// The transfers that the booking names.
fn paid_by(booked: &Booked<'_>) -> Vec<String> {
    let facts = booked.row.history.facts();
    facts
        .filter_map(|fact| match &fact.what {
            BookingFactKind::PaidOut { transfer, .. } => transfer.as_ref().map(ToString::to_string),
            _ => None,
        })
        .collect()
}

fn by_booking(transfers: &[Transfer]) -> Result<BTreeMap<&str, &Transfer>, String> {
    let mut made = BTreeMap::new();
    for transfer in transfers {
        let Some(id) = transfer.metadata.get("booking_id") else { continue };
        if let Some(before) = made.insert(id.as_str(), transfer) {
            return Err(format!("paid twice: {before:?} and {transfer:?}"));
        }
    }
    Ok(made)
}

/// The effect with the transfer's idempotency key.
fn requesting_effect<'a>(
    moment: &Moment<'_>,
    booked: &'a Booked<'_>,
    transfer: &Transfer,
) -> Result<(&'a Effect, &'a TransferRequest), String> {
    let entries = moment.world.service.sandbox.outbox.entries().into_iter();
    let mut entries = entries.filter(|entry| entry.kind == Kind::Transfer);
    let entry = entries.find(|entry| entry.detail["transfer"] == transfer.id.as_str());
    let key = entry.and_then(|entry| entry.idempotency_key).unwrap_or_default();
    let found = booked.transfers().find(|(_, request)| request.idempotency_key == key);
    found.ok_or_else(|| format!("{transfer:?} was made under {key:?}, which nothing was frozen for"))
}

fn matches_request(transfer: &Transfer, request: &TransferRequest) -> bool {
    transfer.amount == request.amount
        && transfer.currency == request.currency.as_str()
        && transfer.destination == request.destination.to_string()
        && transfer.transfer_group.as_ref() == Some(&request.transfer_group)
        && transfer.source_transaction == request.source_transaction.as_ref().map(ToString::to_string)
        && transfer.metadata.get("batch_id") == Some(&request.metadata.batch_id.to_string())
        && transfer.metadata.get("carried_amount") == Some(&request.metadata.carried_amount.to_string())
        && transfer.metadata.get("company_id") == Some(&request.metadata.company_id.to_string())
}
