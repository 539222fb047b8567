//! The status of a professional's account at Stripe.

use serde::{Deserialize, Serialize};

use super::candidate::PayeeAccount;
use crate::kernel::money::Currency;
use crate::kernel::party::StripeAccountId;

/// An account's status according to one event or answer of Stripe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StripeAccountStatus {
    pub account: StripeAccountId,
    /// Whether it can receive money.
    pub charges_enabled: bool,
    /// Whether Stripe pays it out to the bank.
    pub payouts_enabled: bool,
    /// The currency of its balance, if Stripe reports it.
    pub currency: Option<Currency>,
    /// Stripe's code for what it requires, such as `requirements.past_due`.
    pub disabled_reason: Option<String>,
}

impl StripeAccountStatus {
    /// An account whose owner disconnected it from the platform. Nothing can be transferred to it.
    pub fn deauthorized(account: StripeAccountId) -> Self {
        let disabled_reason = Some("deauthorized".to_owned());
        Self { account, charges_enabled: false, payouts_enabled: false, currency: None, disabled_reason }
    }

    /// The account for payouts. If this status has no currency, that of the known account is kept; `None` if
    /// the currency is unknown.
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
