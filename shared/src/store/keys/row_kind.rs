//! Which kind of row an address belongs to.

use super::{ACTION_PREFIX, Key};

/// What the sweep can meet in the due index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// A case whose next reminder may be due.
    Case,
    /// An effect of a case that has not reached its end.
    Action,
    /// A booking whose time runs out.
    Booking,
    /// An effect of a booking that has not reached its end.
    BookingAction,
    /// A professional who may be paid.
    Payee,
    /// A payout batch that is not over.
    Batch,
    /// An event that could not be applied when it came.
    Event,
    /// Settings that changed: the company's open cases are to be looked at again.
    Settings,
    /// An audit entry that the event bus has yet to hear of.
    Audit,
    /// A row this version does not know; left for the version that wrote it.
    Unknown,
}

impl Key {
    /// The kind of row this is the address of, for the sweep, which meets all kinds.
    pub fn kind(&self) -> RowKind {
        match (self.pk.split('#').next(), self.sk.as_str()) {
            (Some("CASE"), "CASE") => RowKind::Case,
            (Some("CASE"), sk) if sk.starts_with(ACTION_PREFIX) => RowKind::Action,
            (Some("BOOKING"), "BOOKING") => RowKind::Booking,
            (Some("BOOKING"), sk) if sk.starts_with(ACTION_PREFIX) => RowKind::BookingAction,
            (Some("PAYEE"), "PAYEE") => RowKind::Payee,
            (Some("BATCHES"), _) => RowKind::Batch,
            (Some("EVENT"), _) => RowKind::Event,
            (Some("COMPANY"), "SETTINGS") => RowKind::Settings,
            (Some("AUDIT"), _) => RowKind::Audit,
            _ => RowKind::Unknown,
        }
    }
}
