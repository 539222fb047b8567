//! The session of the signed-in account.

use serde::Serialize;

use crate::domain::kernel::account::Role;
use crate::domain::kernel::id::CompanyId;
use crate::store::keys::AccountKey;
use crate::views::Timestamp;

/// Who is signed in, and until when.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SessionView {
    /// The account.
    pub account: AccountView,
    /// What changing requests of this session bear in `x-csrf-token`.
    pub csrf_token: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
    /// When it ends if it is not used.
    pub idle_expires_at: Timestamp,
}

/// The signed-in account.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AccountView {
    /// What the account is called in audit entries; it contains no address.
    #[cfg_attr(feature = "openapi", schemars(with = "String"))]
    pub account_id: AccountKey,
    /// What the account may do.
    pub role: Role,
    /// The company that it belongs to.
    pub company_id: CompanyId,
}
