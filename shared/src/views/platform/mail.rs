//! The reports of the mail provider.

use serde::Serialize;

use crate::views::Timestamp;

/// The mail provider's reports, without addresses. After a bounce, a complaint or a block, an address gets no
/// mails until it is removed from the provider's suppression list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MailReportsView {
    /// The start of the count.
    pub since: Timestamp,
    /// Mails with a hard bounce.
    pub bounced: usize,
    /// Mails that were marked as spam.
    pub complained: usize,
    /// Addresses that were added to the suppression list by hand.
    pub blocked: usize,
    /// Addresses that were removed from the suppression list and get mails again.
    pub lifted: usize,
    /// Mails with a soft bounce; their addresses still get mails.
    pub bounced_for_now: usize,
    /// Mails that the provider still tries to deliver.
    pub delayed: usize,
    /// Mails that the provider could not send, for a reason other than the address: its quota, the domain, a
    /// key.
    pub failed: usize,
    /// Mails about accounts that the provider refused to accept; the log has the reason of each.
    pub refused: usize,
    /// Whether there are more than the counted newest thousand.
    pub more: bool,
}
