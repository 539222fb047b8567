//! The keys of suppressed addresses, the list of the mailer's reports, and the placeholder row for a missing
//! account.

use super::Key;
use crate::store::keys::AccountKey;

/// The mailer's reports that operators count: bounces, complaints, delays, failures.
pub(in crate::store) const MAIL_REPORTS_LIST: &str = "operator#mail_reports";

impl Key {
    /// A placeholder that is written for a missing account and never read.
    pub(in crate::store) fn unknown_account(account: &AccountKey) -> Self {
        Self::new(format!("LINK#unknown:{account}"), "LINK")
    }

    pub(in crate::store) fn suppression(address_hash: &str) -> Self {
        Self::new(format!("SUPPRESSION#{address_hash}"), "SUPPRESSION")
    }
}
