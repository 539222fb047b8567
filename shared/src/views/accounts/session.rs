//! The session of the signed-in account.

use serde::Serialize;

use crate::domain::kernel::account::Role;
use crate::domain::kernel::id::CompanyId;
use crate::store::keys::AccountKey;
use crate::views::Timestamp;

/// The signed-in account and the lifetime of its session.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SessionView {
    /// The account.
    pub account: AccountView,
    /// The CSRF token: requests of this session that change something send it in `x-csrf-token`.
    pub csrf_token: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// When it ends if it is not used.
    pub idle_expires_at: Timestamp,
}

/// The signed-in account.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AccountView {
    /// The account's name in audit entries; it contains no address.
    #[cfg_attr(feature = "openapi", schemars(with = "String"))]
    pub account_id: AccountKey,
    /// The account's role.
    pub role: Role,
    /// The company that it belongs to.
    pub company_id: CompanyId,
}
