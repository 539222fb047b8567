//! The session of the signed-in account.

use serde::Serialize;

use crate::domain::kernel::account::Role;
use crate::domain::kernel::id::CompanyId;
use crate::store::keys::AccountKey;
use crate::views::Timestamp;

/// The session of the account that is signed in.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SessionView {
    /// The account that is signed in.
    pub account: AccountView,
    /// The CSRF token. Every request of this session that is not a GET must send it in `x-csrf-token`.
    pub csrf_token: String,
    /// When the session was created.
    pub created_at: Timestamp,
    /// When the session ends, however often it is used.
    pub expires_at: Timestamp,
    /// When the session ends if it is not used until then.
    pub idle_expires_at: Timestamp,
}

/// The account that is signed in.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AccountView {
    /// The ID of the account, as in audit entries. It contains no email address.
    #[cfg_attr(feature = "openapi", schemars(with = "String"))]
    pub account_id: AccountKey,
    /// The role of the account, which determines what it may do.
    pub role: Role,
    /// The company that the account belongs to.
    pub company_id: CompanyId,
}
