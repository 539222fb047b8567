//! What the mailer reported.

use serde::Serialize;

use crate::views::Timestamp;

/// What the mailer reported, without addresses. An address that bounced, whose reader complained, or that was
/// blocked is not written to again until it is lifted at the mailer.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MailReportsView {
    /// From when on it is counted.
    pub since: Timestamp,
    /// Mails that a mail server refused for good.
    pub bounced: usize,
    /// Mails that were marked as spam.
    pub complained: usize,
    /// Addresses that were put on the mailer's suppression list by hand.
    pub blocked: usize,
    /// Addresses that were taken off that list and are written to again.
    pub lifted: usize,
    /// Mails that came back for a passing reason; their addresses are written to as before.
    pub bounced_for_now: usize,
    /// Mails that the mailer still tries to deliver.
    pub delayed: usize,
    /// Mails that the mailer could not send, for a reason that is not the address: its quota, the domain, a
    /// key.
    pub failed: usize,
    /// Mails about accounts that the mailer refused to take; the log has the reason of each.
    pub refused: usize,
    /// Whether there are more than were counted, the newest thousand.
    pub more: bool,
}
