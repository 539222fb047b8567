//! The chart of accounts.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::kernel::party::ProfessionalId;

/// An account of the ledger.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(try_from = "String", into = "String")]
#[strum(serialize_all = "snake_case")]
pub enum LedgerAccount {
    /// Cash received by captured payments.
    Received,
    /// Cash returned by refunds of payments.
    Refunded,
    /// Cash: withdrawn by banks in disputes.
    Disputed,
    /// Held by banks in undecided disputes.
    Contested,
    /// Customers' money for jobs that are not completed.
    Held,
    /// The platform's fees on completed jobs.
    Fees,
    /// A professional's unsettled share of completed jobs.
    Owed(ProfessionalId),
    /// Cash: transfers to a professional.
    Paid(ProfessionalId),
    /// Cash returned by reversed transfers.
    Reversed(ProfessionalId),
    /// A professional's debt: what was settled in excess of the share.
    Carried(ProfessionalId),
}

/// A text that is not the name of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an account such as held or owed:user_1")]
pub struct InvalidAccount;

impl LedgerAccount {
    /// The names of all accounts: cash, then assets, then liabilities and income.
    pub const NAMES: [&str; 10] = [
        "received",
        "refunded",
        "disputed",
        "paid",
        "reversed",
        "contested",
        "carried",
        "held",
        "owed",
        "fees",
    ];

    /// Whether its balance is part of the cash at Stripe.
    pub fn is_cash(&self) -> bool {
        matches!(self, Self::Received | Self::Refunded | Self::Disputed | Self::Paid(_) | Self::Reversed(_))
    }

    /// The professional, for accounts of one professional.
    pub fn professional(&self) -> Option<&ProfessionalId> {
        match self {
            Self::Owed(id) | Self::Paid(id) | Self::Reversed(id) | Self::Carried(id) => Some(id),
            _ => None,
        }
    }

    /// The account's name without the professional.
    pub fn name(&self) -> &'static str {
        self.into()
    }

    /// Parses `held` or `owed:<professional>`.
    pub fn parse(text: &str) -> Result<Self, InvalidAccount> {
        let Some((name, id)) = text.split_once(':') else {
            let shared =
                [Self::Received, Self::Refunded, Self::Disputed, Self::Contested, Self::Held, Self::Fees];
            return shared.into_iter().find(|account| account.name() == text).ok_or(InvalidAccount);
        };
        let own = [Self::Owed, Self::Paid, Self::Reversed, Self::Carried];
        let id = ProfessionalId::parse(id).map_err(|_| InvalidAccount)?;
        own.into_iter().map(|of| of(id.clone())).find(|account| account.name() == name).ok_or(InvalidAccount)
    }
}

impl fmt::Display for LedgerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.professional() {
            Some(id) => write!(f, "{}:{id}", self.name()),
            None => f.write_str(self.name()),
        }
    }
}

impl TryFrom<String> for LedgerAccount {
    type Error = InvalidAccount;
    fn try_from(text: String) -> Result<Self, InvalidAccount> {
        Self::parse(&text)
    }
}

impl From<LedgerAccount> for String {
    fn from(account: LedgerAccount) -> String {
        account.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_reads_as_it_is_written() {
        let id = ProfessionalId::parse("email:0a:1b").unwrap();
        for account in [
            LedgerAccount::Received,
            LedgerAccount::Refunded,
            LedgerAccount::Disputed,
            LedgerAccount::Contested,
            LedgerAccount::Held,
            LedgerAccount::Fees,
            LedgerAccount::Owed(id.clone()),
            LedgerAccount::Paid(id.clone()),
            LedgerAccount::Reversed(id.clone()),
            LedgerAccount::Carried(id.clone()),
        ] {
            assert_eq!(LedgerAccount::parse(&account.to_string()), Ok(account.clone()));
            assert_eq!(account.professional().is_some(), account.to_string().contains(':'));
            assert!(LedgerAccount::NAMES.contains(&account.name()));
        }
        for wrong in ["", "owed", "owed:", "held:user_1", "owed:a b", "cash"] {
            assert_eq!(LedgerAccount::parse(wrong), Err(InvalidAccount), "{wrong}");
        }
    }
}
