//! A professional as the payouts see one.

use serde::Serialize;

use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{ProfessionalId, StripeAccountId};
use crate::views::Timestamp;

/// A professional, as the payouts know one.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PayeeView {
    /// The professional.
    pub professional_id: ProfessionalId,
    /// The account at Stripe; null until one is named.
    pub stripe_account_id: Option<StripeAccountId>,
    /// Whether it takes transfers.
    pub charges_enabled: bool,
    /// Whether Stripe pays it out.
    pub payouts_enabled: bool,
    /// What Stripe waits for, in Stripe's word, such as `requirements.past_due`.
    pub disabled_reason: Option<String>,
    /// The currency it is paid out in.
    pub currency: Option<Currency>,
    /// When Stripe said so.
    pub account_heard_at: Option<Timestamp>,
    /// When the payouts look at the professional next; null while nothing waits.
    pub due_at: Option<Timestamp>,
}
