//! Announcements: the audit entries that are published on the event bus, and their content.
//!
//! An announcement is a thin event. It is delivered at least once, possibly late and in any order, so it
//! contains only the kind and the subject; consumers read the current state from the API. It contains no
//! personal data.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::kernel::id::CompanyId;

/// The kinds of audit entries that are announced: changes of cases, bookings, payouts and payees. Sign-ins,
/// operators' actions and settings are internal.
pub const KINDS: [&str; 22] = [
    "case.opened",
    "case.recovered",
    "case.cancelled",
    "case.exhausted",
    "case.lost",
    "booking.requested",
    "booking.authorized",
    "booking.accepted",
    "booking.completed",
    "booking.paid_out",
    "booking.declined",
    "booking.cancelled",
    "booking.disputed",
    "payout.approved",
    "payout.transfer_made",
    "payout.transfer_failed",
    "payout.transfer_in_doubt",
    "payout.batch_completed",
    "payout.batch_incomplete",
    "payout.batch_failed",
    "payee.connected",
    "payee.payout_failed",
];

pub fn is_announced(kind: &str) -> bool {
    KINDS.contains(&kind)
}

/// Whether the subject of a kind is a professional. The other subjects do not identify a person.
pub fn names_a_person(kind: &str) -> bool {
    kind.starts_with("payee.") || kind == "payout.approved"
}

/// The published content of one audit entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Announcement {
    /// Equal for every delivery of the same entry, so that consumers can deduplicate.
    pub event_id: Uuid,
    /// When the entry was written.
    #[serde(with = "crate::kernel::time")]
    pub occurred_at: DateTime<Utc>,
    pub company_id: CompanyId,
    pub kind: String,
    /// The id of a case, a booking, a batch or a professional.
    pub subject: String,
}

/// The id of the announcement of an audit row, derived from its key.
pub fn event_id(pk: &str, sk: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("announcement:{pk}:{sk}").as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::marketplace::booking::BookingStatus;
    use crate::recovery::timeline::CaseStatus;

    #[test]
    fn every_state_of_a_case_and_of_a_booking_is_announced() {
        let of_cases = CaseStatus::ALL.iter().filter(|status| **status != CaseStatus::Open);
        let of_cases = of_cases.map(|status| format!("case.{}", status.as_str()));
        let of_bookings = BookingStatus::ALL.iter().map(|status| format!("booking.{}", status.as_str()));
        for kind in of_cases.chain(of_bookings).chain(["case.opened".to_owned()]) {
            assert!(is_announced(&kind), "{kind}");
        }
        assert_eq!(KINDS.iter().collect::<BTreeSet<_>>().len(), KINDS.len(), "no kind is listed twice");
    }

    #[test]
    fn sign_ins_and_operator_actions_are_not_published() {
        for kind in ["account.signed_up", "settings.changed", "finding.closed", "effect.resolved", "case"] {
            assert!(!is_announced(kind), "{kind}");
        }
    }

    #[test]
    fn ids_of_professionals_are_personal_data() {
        let of_people: Vec<&str> = KINDS.into_iter().filter(|kind| names_a_person(kind)).collect();
        assert_eq!(of_people, ["payout.approved", "payee.connected", "payee.payout_failed"]);
    }

    #[test]
    fn an_id_never_changes_between_versions() {
        let id = event_id("AUDIT#biz_1", "2025-11-18T09:02:03.000Z#case.opened#x");
        assert_eq!(id.to_string(), "5d61f90d-a516-5e40-9d36-067ab450cfde");
        assert_ne!(id, event_id("AUDIT#biz_1", "2025-11-18T09:02:03.000Z#case.opened#y"));
    }
}
