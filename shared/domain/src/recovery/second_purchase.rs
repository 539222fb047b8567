//! Decides what counts as buying the same product again after a failed renewal.

use chrono::{DateTime, Utc};

use super::case::Case;
use super::membership::Membership;
use crate::kernel::id::{MembershipId, UserId};

/// An entry of Whop's list of memberships.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedMembership {
    pub id: MembershipId,
    pub bought_at: DateTime<Utc>,
    pub membership: Membership,
}

/// Whether a listed membership is a second purchase. The query already filters, but the filter is not relied
/// on: an API version that ignores it would end the case of every member.
pub fn is_second_purchase(listed: &ListedMembership, case: &Case, user: &UserId, product: &str) -> bool {
    let ListedMembership { id, bought_at, membership } = listed;
    *id != case.membership_id
        && *bought_at > case.first_failure_at
        && membership.user_id.as_ref() == Some(user)
        && membership.product_id.as_deref() == Some(product)
        && membership.is_in_force()
}

#[cfg(test)]
#[path = "second_purchase_tests.rs"]
mod tests;
