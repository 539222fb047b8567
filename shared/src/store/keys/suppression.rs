//! The rows of addresses that are not written to, the list of what the mailer reported, and the row that is
//! written where an account would be.

use super::Key;
use crate::store::keys::AccountKey;

/// Every report of the mailer's that an operator should count: bounces, complaints, delays, failures.
pub(in crate::store) const MAIL_REPORTS_LIST: &str = "operator#mail_reports";

impl Key {
    /// What is written about an account that is not there; never read.
    pub(in crate::store) fn unknown_account(account: &AccountKey) -> Self {
        Self::new(format!("LINK#unknown:{account}"), "LINK")
    }

    pub(in crate::store) fn suppression(address_hash: &str) -> Self {
        Self::new(format!("SUPPRESSION#{address_hash}"), "SUPPRESSION")
    }
}
