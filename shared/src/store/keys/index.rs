//! The names of the indexes and of their partitions: the due queues and the lists.

use super::Key;
use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::party::ProfessionalId;

pub const DUE_INDEX: &str = "due";
pub const LIST_INDEX: &str = "list";
/// The lists of a company, by status.
pub const LIST_STATUS_INDEX: &str = "list_status";

/// The bookings of a professional, by status and start.
pub const PROFESSIONAL_INDEX: &str = "professional";
/// The bookings of a customer, by status and request.
pub const CUSTOMER_INDEX: &str = "customer";

/// The number of partitions of one due queue. Four allow 4,000 writes a second, and an idle tick costs four
/// reads. To increase it, deploy the readers first.
pub const DUE_SHARDS: u8 = 4;

/// The partition of the due index for a row; it never changes for the same key.
pub(in crate::store) fn due_shard(job: &str, key: &Key) -> String {
    format!("{job}#{}", shard(&key.pk, DUE_SHARDS))
}

/// The shard of a text, from 0 to `shards - 1`, by FNV-1a: it must never change between versions.
pub(in crate::store) fn shard(text: &str, shards: u8) -> u8 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash % u64::from(shards)) as u8
}

pub(in crate::store) fn cases_list(company: &CompanyId) -> String {
    format!("{company}#cases")
}

pub(in crate::store) fn bookings_list(company: &CompanyId) -> String {
    format!("{company}#bookings")
}

pub(in crate::store) fn bookings_status_list(company: &CompanyId, status: &str) -> String {
    format!("{company}#bookings#{status}")
}

/// The bookings of one professional or one customer.
pub(in crate::store) fn party_list(company: &CompanyId, party: &str) -> String {
    format!("{company}#{party}")
}

pub(in crate::store) fn statement_list(company: &CompanyId, professional: &ProfessionalId) -> String {
    format!("{company}#statement#{professional}")
}

/// The effects of a company that an operator should check: in doubt, waiting or refused.
pub(in crate::store) fn effects_list(company: &CompanyId, list: &str) -> String {
    format!("{company}#effects#{list}")
}

/// All audit entries about one object of a company, whatever their kinds.
pub(in crate::store) fn audit_subject_list(company: &CompanyId, subject: &str) -> String {
    format!("{company}#audit_about#{subject}")
}

/// The listed audit entries of one kind.
pub(in crate::store) fn audit_list(company: &CompanyId, kind: &str) -> String {
    format!("{company}#audit#{kind}")
}

pub(in crate::store) fn cases_status_list(company: &CompanyId, status: &str) -> String {
    format!("{company}#cases#{status}")
}

/// What waits, of all companies together, oldest first: the gauges come from it.
pub(in crate::store) fn waiting_list(list: &str) -> String {
    format!("operator#waiting#{list}")
}

/// A company's cases that wait for a provider.
pub(in crate::store) fn waiting_cases_list(company: &CompanyId) -> String {
    format!("{company}#waiting#cases")
}

/// Events that could not be applied yet: of one company, or of those that name no company.
pub(in crate::store) fn waiting_events_list(company: Option<&CompanyId>) -> String {
    match company {
        Some(company) => format!("{company}#events#waiting"),
        None => events_status_list("waiting"),
    }
}

/// The open findings of all companies, for operators.
pub(in crate::store) const FINDINGS_LIST: &str = "operator#findings";

/// The open findings of one company, or those without a company.
pub(in crate::store) fn findings_list_of(company: Option<&CompanyId>) -> String {
    match company {
        Some(company) => format!("{company}#findings#open"),
        None => format!("{FINDINGS_LIST}#open"),
    }
}

/// The set-aside events of all companies, for operators.
pub(in crate::store) fn events_status_list(status: &str) -> String {
    format!("operator#events#{status}")
}

/// Events that were applied although a part of them could not be parsed: of one company, or of those that name no
/// company.
pub(in crate::store) fn unread_events_list(company: Option<&CompanyId>) -> String {
    match company {
        Some(company) => format!("{company}#events#unread"),
        None => events_status_list("unread"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_never_changes_its_shard() {
        assert_eq!(shard("CASE#biz_1#a", 4), shard("CASE#biz_1#a", 4));
        let spread: std::collections::BTreeSet<u8> =
            (0..64).map(|n| shard(&format!("CASE#biz_{n}"), 4)).collect();
        assert_eq!(spread.len(), 4);
    }
}
