//! The keys of the reconciliation's rows. They belong to no company, because the owner of a balance line is
//! unknown until it is matched.

use super::Key;

pub(in crate::store) const RECONCILIATION_PK: &str = "JOB#reconciliation";

pub(in crate::store) const RUN_PREFIX: &str = "RUN#";

impl Key {
    pub(in crate::store) fn reconciliation_cursor() -> Self {
        Self::new(RECONCILIATION_PK, "CURSOR")
    }

    /// The totals of all findings.
    pub(in crate::store) fn finding_totals() -> Self {
        Self::new(RECONCILIATION_PK, "TOTALS")
    }

    /// One run; `position` is its time and id.
    pub(in crate::store) fn reconciliation(position: &str) -> Self {
        Self::new(RECONCILIATION_PK, format!("{RUN_PREFIX}{position}"))
    }

    pub(in crate::store) fn finding(finding_id: &str) -> Self {
        Self::new(format!("FINDING#{finding_id}"), "FINDING")
    }
}
