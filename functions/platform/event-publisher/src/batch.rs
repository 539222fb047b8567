//! What goes into one request to the bus.

use shared::aws::bus::{BusEntry, MAX_BYTES, MAX_ENTRIES};
use shared::store::platform::outbox::Waiting;

/// An entry of the outbox, in the words of the bus.
pub(crate) struct OutboxEntry {
    pub(crate) waiting: Waiting,
    pub(crate) entry: BusEntry,
}

/// Letters of one request, and what no request can hold or say.
pub(crate) struct Packed {
    pub(crate) parcels: Vec<Vec<OutboxEntry>>,
    pub(crate) unsendable: Vec<Waiting>,
}

/// Packs letters in their order, as many into a parcel as a request takes.
pub(crate) fn pack(waiting: Vec<Waiting>) -> Packed {
    let mut packed = Packed { parcels: Vec::new(), unsendable: Vec::new() };
    let mut room = 0;
    for waiting in waiting {
        let entry = waiting.announcement.as_ref().and_then(|announcement| BusEntry::of(announcement).ok());
        let Some(entry) = entry.filter(|entry| entry.bytes() < MAX_BYTES) else {
            packed.unsendable.push(waiting);
            continue;
        };
        let bytes = entry.bytes();
        let outbox_entry = OutboxEntry { waiting, entry };
        match packed.parcels.last_mut() {
            Some(batch) if batch.len() < MAX_ENTRIES && bytes < room => batch.push(outbox_entry),
            _ => {
                room = MAX_BYTES;
                packed.parcels.push(vec![outbox_entry]);
            }
        }
        room -= bytes;
    }
    packed
}
