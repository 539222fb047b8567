//! A membership as Whop reports it.

use serde::Serialize;

use crate::domain::kernel::id::{CompanyId, MembershipId, UserId};
use crate::views::Timestamp;

/// A membership as Whop reports it at the time of the request. It contains no name and no email address.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MembershipView {
    /// The ID of the membership at Whop.
    pub membership_id: MembershipId,
    /// The company that sells the membership.
    pub company_id: CompanyId,
    /// The member's user ID at Whop; `null` if Whop reports none.
    pub user_id: Option<UserId>,
    /// The product that the membership gives access to; `null` if Whop reports none.
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["prod_w2"])))]
    pub product_id: Option<String>,
    /// The status of the membership, as Whop reports it.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["active", "past_due", "canceled"])))]
    pub status: String,
    /// Whether the membership ends with the current period.
    pub cancel_at_period_end: bool,
    /// Whether payment collection is paused until the membership is resumed; `null` if the API version in use
    /// does not report it.
    pub collection_paused: Option<bool>,
    /// When the current period began; `null` if the API version in use does not report it.
    pub renewal_period_start: Option<Timestamp>,
    /// When the current period ends; `null` if Whop reports no period.
    pub renewal_period_end: Option<Timestamp>,
    /// Where the member can pay for and manage the membership: the link that Whop returns, or else the
    /// membership's page in the format of those links.
    #[cfg_attr(feature = "openapi", schemars(length(max = 500)))]
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^https://([a-z0-9-]+\.)*whop\.com(/|$)")))]
    pub manage_url: String,
}

/// The link with which the member manages the membership.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ManageUrlView {
    /// The ID of the membership at Whop.
    pub membership_id: MembershipId,
    /// Where the member can pay for and manage the membership.
    #[cfg_attr(feature = "openapi", schemars(length(max = 500)))]
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^https://")))]
    pub manage_url: String,
}
