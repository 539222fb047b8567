//! A membership, as Whop returns it.

use serde::Serialize;

use crate::domain::kernel::id::{CompanyId, MembershipId, UserId};
use crate::views::Timestamp;

/// The current state of a membership at Whop, without name and mail address.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MembershipView {
    /// Whop's id of the membership.
    pub membership_id: MembershipId,
    /// The company that sells it.
    pub company_id: CompanyId,
    /// The member, if Whop returns one.
    pub user_id: Option<UserId>,
    /// The product that it gives access to, if Whop returns it.
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["prod_w2"])))]
    pub product_id: Option<String>,
    /// Whop's status of the membership.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["active", "past_due", "canceled"])))]
    pub status: String,
    /// Whether it ends with its period.
    pub cancel_at_period_end: bool,
    /// Whether collection is paused until it is resumed; null if the pinned version does not return it.
    pub collection_paused: Option<bool>,
    /// When the current period began; null if the pinned version does not return it.
    pub renewal_period_start: Option<Timestamp>,
    /// When the current period ends.
    pub renewal_period_end: Option<Timestamp>,
    /// The page where the member can pay or manage it: Whop's own link, or else one in the form of those
    /// links.
    #[cfg_attr(feature = "openapi", schemars(length(max = 500)))]
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^https://([a-z0-9-]+\.)*whop\.com(/|$)")))]
    pub manage_url: String,
}

/// The link by which the member manages the membership.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ManageUrlView {
    /// Whop's id of the membership.
    pub membership_id: MembershipId,
    /// The page where the member can pay or manage it.
    #[cfg_attr(feature = "openapi", schemars(length(max = 500)))]
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^https://")))]
    pub manage_url: String,
}
