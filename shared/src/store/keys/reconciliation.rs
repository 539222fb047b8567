//! The addresses of what the reconciliation remembers. They belong to no company: a line of Stripe's
//! balance may be anybody's until it is explained.

use super::Key;

/// The partition of the job's own rows.
pub(in crate::store) const RECONCILIATION_PK: &str = "JOB#reconciliation";

/// What every reconciliation's range key begins with.
pub(in crate::store) const RUN_PREFIX: &str = "RUN#";

impl Key {
    /// How far the reconciliation has come.
    pub(in crate::store) fn reconciliation_cursor() -> Self {
        Self::new(RECONCILIATION_PK, "CURSOR")
    }

    /// What all findings amount to.
    pub(in crate::store) fn reconciliation_listed() -> Self {
        Self::new(RECONCILIATION_PK, "LISTED")
    }

    /// One reconciliation; `place` is its time and id.
    pub(in crate::store) fn reconciliation(place: &str) -> Self {
        Self::new(RECONCILIATION_PK, format!("{RUN_PREFIX}{place}"))
    }

    /// What Stripe and the books differ in at one place.
    pub(in crate::store) fn finding(finding_id: &str) -> Self {
        Self::new(format!("FINDING#{finding_id}"), "FINDING")
    }
}
