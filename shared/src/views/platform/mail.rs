//! Delivery reports of the email provider.

use serde::Serialize;

use crate::views::Timestamp;

/// Delivery reports of the email provider, as counts without addresses. Nothing is sent to an address that
/// bounced, complained or was blocked until it is removed from the provider's suppression list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MailReportsView {
    /// The start of the period that is counted.
    pub since: Timestamp,
    /// Emails that the recipient's mail server refused permanently.
    pub bounced: usize,
    /// Emails that the recipient marked as spam.
    pub complained: usize,
    /// Addresses that were added to the provider's suppression list by hand.
    pub blocked: usize,
    /// Addresses that were removed from the suppression list and receive email again.
    pub lifted: usize,
    /// Emails that bounced for a temporary reason. Their addresses are not suppressed.
    pub bounced_for_now: usize,
    /// Emails that the provider is still trying to deliver.
    pub delayed: usize,
    /// Emails that the provider could not send for a reason other than the address, such as a quota, the
    /// sending domain or an API key.
    pub failed: usize,
    /// Emails about accounts that the provider did not accept. The log has the reason of each.
    pub refused: usize,
    /// Whether there are more reports than the newest thousand, which are counted.
    pub more: bool,
}
