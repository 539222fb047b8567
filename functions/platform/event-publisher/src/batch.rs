//! Groups outbox entries into requests to the bus.

use shared::aws::bus::{BusEntry, MAX_BYTES, MAX_ENTRIES};
use shared::store::platform::outbox::Waiting;

/// An outbox entry with its entry for the bus.
pub(crate) struct OutboxEntry {
    pub(crate) waiting: Waiting,
    pub(crate) entry: BusEntry,
}

/// Entries grouped by request, and entries that no request can contain.
pub(crate) struct Packed {
    pub(crate) requests: Vec<Vec<OutboxEntry>>,
    pub(crate) unsendable: Vec<Waiting>,
}

/// Groups entries in their order, as many per request as the bus accepts.
pub(crate) fn pack(waiting: Vec<Waiting>) -> Packed {
    let mut packed = Packed { requests: Vec::new(), unsendable: Vec::new() };
    let mut room = 0;
    for waiting in waiting {
        let entry = waiting.announcement.as_ref().and_then(|announcement| BusEntry::of(announcement).ok());
        let Some(entry) = entry.filter(|entry| entry.bytes() < MAX_BYTES) else {
            packed.unsendable.push(waiting);
            continue;
        };
        let bytes = entry.bytes();
        let outbox_entry = OutboxEntry { waiting, entry };
        match packed.requests.last_mut() {
            Some(batch) if batch.len() < MAX_ENTRIES && bytes < room => batch.push(outbox_entry),
            _ => {
                room = MAX_BYTES;
                packed.requests.push(vec![outbox_entry]);
            }
        }
        room -= bytes;
    }
    packed
}
