//! A professional as the payouts see one.

use serde::Serialize;

use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{ProfessionalId, StripeAccountId};
use crate::views::Timestamp;

/// A professional as a recipient of payouts.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PayeeView {
    /// The professional.
    pub professional_id: ProfessionalId,
    /// The account at Stripe; null until one is set.
    pub stripe_account_id: Option<StripeAccountId>,
    /// Whether it can receive transfers.
    pub charges_enabled: bool,
    /// Whether Stripe pays it out to a bank.
    pub payouts_enabled: bool,
    /// Stripe's code for what it requires, such as `requirements.past_due`.
    pub disabled_reason: Option<String>,
    /// The currency of its payouts.
    pub currency: Option<Currency>,
    /// When Stripe reported this.
    pub account_reported_at: Option<Timestamp>,
    /// When the payouts process the professional next; null if nothing is payable.
    pub due_at: Option<Timestamp>,
}
