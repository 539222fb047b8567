//! The kind of row that a key belongs to.

use super::{ACTION_PREFIX, Key};
use crate::domain::marketplace::payout::OPERATION_PREFIX;
use crate::domain::platform::switch::SwitchName;
use crate::domain::recovery::operation::{INCENTIVE_OPERATION, is_message};

/// The kinds of rows in the due index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// A case whose next reminder may be due.
    Case,
    /// An effect of a case that is not final.
    Action,
    /// A booking with a deadline.
    Booking,
    /// An effect of a booking that is not final.
    BookingAction,
    /// A professional who may be paid.
    Payee,
    /// A payout batch that is not completed.
    Batch,
    /// An event that could not be applied on arrival.
    Event,
    /// Changed settings: the company's open cases must be checked again.
    Settings,
    /// An audit entry that must still be sent to the event bus or to analytics.
    Audit,
    /// A row that this version does not know; skipped, for the version that wrote it.
    Unknown,
}

impl Key {
    /// The kind of row that has this key.
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

    /// The switch that the due work of this row stands under; `None` if it always goes on.
    pub fn governing_switch(&self) -> Option<SwitchName> {
        match (self.kind(), self.operation()) {
            (RowKind::Case, _) => Some(SwitchName::Reminders),
            (RowKind::Action, Some(INCENTIVE_OPERATION)) => Some(SwitchName::Incentives),
            (RowKind::Action, Some(operation)) if is_message(operation) => Some(SwitchName::Reminders),
            (RowKind::Booking, _) => Some(SwitchName::AutoDecline),
            (RowKind::BookingAction, Some(operation)) if operation.starts_with(OPERATION_PREFIX) => {
                Some(SwitchName::Payouts)
            }
            (RowKind::Payee, _) => Some(SwitchName::Payouts),
            _ => None,
        }
    }
}
