//! Payout batches, as rows: the record of each, and a line for each professional and currency in it.

use super::company::Company;
use super::keys::Key;
use super::write::Write;
use crate::domain::booking::Booking;
use crate::domain::effect::{Effect, EffectState, Request};

impl Company {
    /// Counts the end of a transfer in the line of its batch; stands beside that end.
    pub(crate) fn count_in_batch(
        &self,
        held: &Effect,
        ends: EffectState,
        booking: Option<&Booking>,
    ) -> Option<Write> {
        let Request::Transfer(request) = &held.request else { return None };
        let counted = word(ends)?;
        let (batch, professional) = (request.metadata.batch_id, &booking?.terms.professional_id);
        let line = Key::batch_line(&self.company, batch, professional, &request.currency);
        let mut write =
            Write::update(line).count(counted, 1).count(format!("{counted}_amount"), request.amount);
        if let Some(before) = word(held.state) {
            write = write.count(before, -1).count(format!("{before}_amount"), -request.amount);
        }
        Some(write)
    }
}

/// Under which word a transfer's end is counted.
fn word(state: EffectState) -> Option<&'static str> {
    match state {
        EffectState::Done => Some("done"),
        EffectState::Rejected => Some("rejected"),
        EffectState::Unknown => Some("in_doubt"),
        EffectState::Prepared | EffectState::Sending => None,
    }
}
