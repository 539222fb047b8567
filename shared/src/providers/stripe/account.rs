//! Connected accounts, which receive the professionals' money.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::nullable::nullable;
use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{ProfessionalId, StripeAccountId};
use crate::domain::marketplace::payout::StripeAccountStatus;

/// A connected account as Stripe returns it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct StripeAccount {
    pub id: String,
    /// Whether it was deleted or no longer grants us access.
    #[serde(default)]
    pub deleted: bool,
    /// Whether it can charge cards itself.
    #[serde(default)]
    pub charges_enabled: bool,
    /// Whether Stripe can pay out to its bank.
    #[serde(default)]
    pub payouts_enabled: bool,
    /// `payouts_enabled` under its name before version 2017-04-06.
    #[serde(default)]
    pub transfers_enabled: bool,
    /// The currency of its payouts.
    #[serde(default)]
    pub default_currency: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    pub requirements: Requirements,
    /// `requirements` under its name before version 2019-02-19.
    #[serde(default, deserialize_with = "nullable")]
    pub verification: Requirements,
    /// Status by capability, such as `transfers`: `active`.
    #[serde(default, deserialize_with = "nullable")]
    pub capabilities: BTreeMap<String, String>,
    /// Our metadata, which only the platform's key can write.
    #[serde(default, deserialize_with = "nullable")]
    pub metadata: BTreeMap<String, String>,
}

/// Information that Stripe still requires of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Requirements {
    /// The reason for a restriction, such as `requirements.past_due`.
    #[serde(default)]
    pub disabled_reason: Option<String>,
}

impl StripeAccount {
    /// An account that does not exist or that we have no access to.
    pub(super) fn gone(id: &str) -> Self {
        Self { id: id.to_owned(), deleted: true, ..Self::default() }
    }

    /// Whether its metadata, which only the platform can write, names this professional of this company. Metadata
    /// that names only the company matches all of its professionals.
    pub fn is_of(&self, company: &CompanyId, professional: &ProfessionalId) -> bool {
        let named = |name: &str| self.metadata.get(name).map(String::as_str);
        !self.deleted
            && named("company_id") == Some(company.as_str())
            && named("professional_id").is_none_or(|named| named == professional.as_str())
    }

    /// Whether Stripe would accept a transfer to it.
    pub fn takes_transfers(&self) -> bool {
        !self.deleted && self.transfers_capability().is_some_and(|state| state == "active")
    }

    /// The status of the capability `transfers`, which was named `platform_payments` before version 2019-08-14.
    fn transfers_capability(&self) -> Option<&String> {
        self.capabilities.get("transfers").or_else(|| self.capabilities.get("platform_payments"))
    }

    /// Its status for our records; `None` if its id is invalid.
    ///
    /// An account that only receives transfers, as across borders, can never charge cards: whether it can receive
    /// money is decided by the capability `transfers` if the account has it.
    pub fn status(&self) -> Option<StripeAccountStatus> {
        let account = StripeAccountId::parse(&self.id).ok()?;
        if self.deleted {
            return Some(StripeAccountStatus::deauthorized(account));
        }
        let is_receiver = self.transfers_capability().is_some();
        let reason =
            self.requirements.disabled_reason.as_ref().or(self.verification.disabled_reason.as_ref());
        let reason = reason.filter(|word| is_word(word));
        Some(StripeAccountStatus {
            account,
            charges_enabled: if is_receiver { self.takes_transfers() } else { self.charges_enabled },
            payouts_enabled: self.payouts_enabled || self.transfers_enabled,
            currency: self.default_currency.as_deref().and_then(|code| Currency::parse(code).ok()),
            disabled_reason: reason.cloned(),
        })
    }
}

/// Stripe's reasons are words joined by dots; free text is not stored.
fn is_word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || b"_.".contains(&byte);
    (1..=80).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(body: &str) -> StripeAccountStatus {
        serde_json::from_str::<StripeAccount>(body).unwrap().status().unwrap()
    }

    #[test]
    fn an_account_that_only_receives_transfers_takes_money_in_without_charging_cards() {
        let reported = status(
            r#"{"id":"acct_1","charges_enabled":false,"payouts_enabled":true,"default_currency":"cop",
                "capabilities":{"transfers":"active"}}"#,
        );
        assert!(reported.charges_enabled && reported.payouts_enabled);
        assert_eq!(reported.currency, Currency::parse("cop").ok());
        let asked = status(
            r#"{"id":"acct_1","charges_enabled":true,"payouts_enabled":true,
                "capabilities":{"card_payments":"active","transfers":"pending"},
                "requirements":{"disabled_reason":"requirements.past_due"}}"#,
        );
        assert!(!asked.charges_enabled);
        assert_eq!(asked.disabled_reason.as_deref(), Some("requirements.past_due"));
    }

    #[test]
    fn an_account_belongs_to_the_owner_in_its_metadata() {
        let (company, professional) =
            (CompanyId::parse("biz_1").unwrap(), ProfessionalId::parse("user_1").unwrap());
        for (metadata, expected) in [
            (r#"{"company_id":"biz_1","professional_id":"user_1"}"#, true),
            (r#"{"company_id":"biz_1"}"#, true),
            (r#"{"company_id":"biz_1","professional_id":"user_2"}"#, false),
            (r#"{"company_id":"biz_2","professional_id":"user_1"}"#, false),
            (r#"{"professional_id":"user_1"}"#, false),
            ("{}", false),
        ] {
            let body = format!(r#"{{"id":"acct_1","metadata":{metadata}}}"#);
            let account: StripeAccount = serde_json::from_str(&body).unwrap();
            assert_eq!(account.is_of(&company, &professional), expected, "{metadata}");
        }
        assert!(!StripeAccount::gone("acct_1").is_of(&company, &professional));
    }

    #[test]
    fn a_deleted_account_receives_nothing_and_free_text_is_no_reason() {
        let gone = StripeAccount::gone("acct_1").status().unwrap();
        assert!(!gone.charges_enabled && !gone.payouts_enabled);
        let reported =
            status(r#"{"id":"acct_1","requirements":{"disabled_reason":"Ask support@example.com"}}"#);
        assert_eq!(reported.disabled_reason, None);
        assert_eq!(StripeAccount::gone("acct 1").status(), None);
    }
}
