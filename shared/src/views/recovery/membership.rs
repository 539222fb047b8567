//! A membership as Whop knows it.

use serde::Serialize;

use crate::domain::kernel::id::{CompanyId, MembershipId, UserId};
use crate::views::Timestamp;

/// A membership as Whop knows it at this moment. No name and no mail address.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MembershipView {
    /// As Whop names it.
    pub membership_id: MembershipId,
    /// The company that sells it.
    pub company_id: CompanyId,
    /// The member, where Whop names one.
    pub user_id: Option<UserId>,
    /// The product it gives access to, where Whop names it.
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["prod_w2"])))]
    pub product_id: Option<String>,
    /// In Whop's words.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["active", "past_due", "canceled"])))]
    pub status: String,
    /// Whether it ends with its period.
    pub cancel_at_period_end: bool,
    /// Whether nothing is charged until it is resumed; null where the answer of the pinned version does not
    /// say.
    pub collection_paused: Option<bool>,
    /// When the current period began; null where the answer of the pinned version does not say.
    pub renewal_period_start: Option<Timestamp>,
    /// When the current period ends.
    pub renewal_period_end: Option<Timestamp>,
    /// Where the member can pay or manage it: Whop's own link, or else the page of the membership in the form
    /// of those links.
    #[cfg_attr(feature = "openapi", schemars(length(max = 500)))]
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^https://([a-z0-9-]+\.)*whop\.com(/|$)")))]
    pub manage_url: String,
}

/// The link by which the member manages the membership.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ManageUrlView {
    /// As Whop names it.
    pub membership_id: MembershipId,
    /// Where the member can pay or manage it.
    #[cfg_attr(feature = "openapi", schemars(length(max = 500)))]
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^https://")))]
    pub manage_url: String,
}
