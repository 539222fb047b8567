//! The audience of a push, which is the cause of silent failures: a push to others succeeds and reaches no
//! one.

use std::collections::BTreeSet;

use super::answer::Refusal;
use super::world::World;

/// Where a push is addressed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// The users with access to the experience, including the company's team.
    Experience(String),
    /// The company's team, never its customers.
    Team(String),
}

impl Address {
    /// Exactly one of the two must be given.
    pub(super) fn of(experience_id: Option<String>, account_id: Option<String>) -> Result<Self, Refusal> {
        match (experience_id, account_id) {
            (Some(experience), None) => Ok(Self::Experience(experience)),
            (None, Some(account)) => Ok(Self::Team(account)),
            _ => Err(Refusal::invalid("exactly one of experience_id and account_id is required")),
        }
    }
}

impl World {
    /// All users that a push to this address can reach now.
    pub(super) fn audience(&self, address: &Address) -> Result<BTreeSet<String>, Refusal> {
        let (company_id, with_members) = match address {
            Address::Team(account) => (account, false),
            Address::Experience(id) => {
                let experience = self.experience(id).ok_or_else(|| Refusal::not_found("the experience"))?;
                (&experience.company_id, true)
            }
        };
        let company = self.company(company_id).ok_or_else(|| Refusal::not_found("the account"))?;
        let mut audience = company.admins.clone();
        if with_members {
            audience.extend(self.members_with_access(company_id).into_iter().map(str::to_owned));
        }
        Ok(audience)
    }
}
