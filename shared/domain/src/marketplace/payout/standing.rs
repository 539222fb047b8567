//! What Stripe says of a professional's account.

use serde::{Deserialize, Serialize};

use super::candidate::PayeeAccount;
use crate::kernel::money::Currency;
use crate::kernel::party::StripeAccountId;

/// How an account stands, by one word of Stripe's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StripeAccountStatus {
    pub account: StripeAccountId,
    /// Whether it can take money in.
    pub charges_enabled: bool,
    /// Whether Stripe pays it out.
    pub payouts_enabled: bool,
    /// The currency it is kept in, where Stripe says.
    pub currency: Option<Currency>,
    /// What Stripe waits for, in Stripe's word, such as `requirements.past_due`.
    pub disabled_reason: Option<String>,
}

impl StripeAccountStatus {
    /// An account whose owner left the platform. Nothing can be moved to it.
    pub fn gone(account: StripeAccountId) -> Self {
        let disabled_reason = Some("deauthorized".to_owned());
        Self { account, charges_enabled: false, payouts_enabled: false, currency: None, disabled_reason }
    }

    /// The account as the payouts need it; a word that leaves the currency out leaves it as it was known.
    /// `None` while nobody has said it.
    pub fn payee_account(&self, known: Option<&PayeeAccount>) -> Option<PayeeAccount> {
        let known = known.filter(|known| known.id == self.account);
        let currency = self.currency.clone().or_else(|| known.map(|known| known.currency.clone()));
        Some(PayeeAccount {
            id: self.account.clone(),
            charges_enabled: self.charges_enabled,
            payouts_enabled: self.payouts_enabled,
            currency: currency?,
        })
    }
}
