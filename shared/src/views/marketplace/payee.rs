//! A professional as the recipient of payouts.

use serde::Serialize;

use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{ProfessionalId, StripeAccountId};
use crate::views::Timestamp;

/// A professional as the recipient of payouts.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PayeeView {
    /// The ID of the professional.
    pub professional_id: ProfessionalId,
    /// The connected account at Stripe; `null` until one is connected.
    pub stripe_account_id: Option<StripeAccountId>,
    /// Whether the account can receive transfers; `false` until one is connected.
    pub charges_enabled: bool,
    /// Whether Stripe pays out the account's balance; `false` until one is connected.
    pub payouts_enabled: bool,
    /// Stripe's code for why the account is restricted, such as `requirements.past_due`; `null` if it is not.
    pub disabled_reason: Option<String>,
    /// The currency in which the account is paid out: ISO 4217, lower case; `null` until one is connected.
    pub currency: Option<Currency>,
    /// When Stripe last reported the state of the account; `null` until then.
    pub account_reported_at: Option<Timestamp>,
    /// When the payouts job processes the professional next; `null` if no payout is due.
    pub due_at: Option<Timestamp>,
}
