//! The state of Whop: companies, installed apps, memberships, access.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::payments::Payment;
use super::shape::Shape;
use crate::base::keys::KeyMemory;
use crate::outbox::Entry;

/// A subscription at Whop; create one with [`Membership::new`] and change what a test needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    pub id: String,
    /// The company it belongs to, `biz_…`.
    pub company_id: String,
    pub user_id: String,
    /// The member's address; `None` where the member or a missing permission keeps it back.
    pub email: Option<String>,
    /// The member's display name.
    pub name: Option<String>,
    pub username: String,
    /// The product that was bought, `prod_…`.
    pub product_id: String,
    /// The display name of the product.
    pub product_title: String,
    pub currency: String,
    pub status: MembershipStatus,
    /// When the paid or granted period began.
    pub renewal_period_start: DateTime<Utc>,
    /// When it ends; free days move this.
    pub renewal_period_end: DateTime<Utc>,
    /// It will not renew.
    pub cancel_at_period_end: bool,
    /// When it was ended.
    pub canceled_at: Option<DateTime<Utc>>,
    /// Nothing is charged until it is resumed.
    #[serde(default)]
    pub collection_paused: bool,
    /// When it was bought; the start of its period unless set.
    #[serde(default)]
    pub created_at: Option<DateTime<Utc>>,
}

/// The statuses of a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MembershipStatus {
    Trialing,
    Active,
    PastDue,
    Completed,
    Canceled,
    Expired,
    Unresolved,
    Drafted,
    Canceling,
}

impl Membership {
    /// An active monthly membership in US dollars that renews at `renewal_period_end`.
    pub fn new(id: &str, company_id: &str, user_id: &str, renewal_period_end: DateTime<Utc>) -> Self {
        Self {
            id: id.to_owned(),
            company_id: company_id.to_owned(),
            user_id: user_id.to_owned(),
            email: Some(format!("{user_id}@example.com")),
            name: None,
            username: user_id.to_owned(),
            product_id: "prod_1".to_owned(),
            product_title: "Monthly".to_owned(),
            currency: "usd".to_owned(),
            status: MembershipStatus::Active,
            renewal_period_start: renewal_period_end - Duration::days(30),
            renewal_period_end,
            cancel_at_period_end: false,
            canceled_at: None,
            collection_paused: false,
            created_at: None,
        }
    }

    /// When it was bought.
    pub(super) fn bought_at(&self) -> DateTime<Utc> {
        self.created_at.unwrap_or(self.renewal_period_start)
    }
}

/// The whole state of the stand-in.
#[derive(Debug, Clone, Default)]
pub struct World {
    companies: BTreeMap<String, Company>,
    pub(super) experiences: Vec<Experience>,
    pub(super) memberships: BTreeMap<String, Membership>,
    pub(super) payments: BTreeMap<String, Payment>,
    pub(super) spoken: Option<Shape>,
    pub(super) channels: Vec<Channel>,
    pub(super) messages: u64,
    pub(super) keys: KeyMemory,
    pub(super) unreached: Vec<Entry>,
    pub(super) rotations: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Company {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) admins: BTreeSet<String>,
    pub(super) access_while_past_due: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Experience {
    pub(super) id: String,
    pub(super) company_id: String,
    pub(super) app_id: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Channel {
    pub(super) id: String,
    pub(super) company_id: Option<String>,
    pub(super) user_ids: BTreeSet<String>,
}

impl World {
    pub(super) fn put_company(&mut self, company: Company) {
        self.companies.insert(company.id.clone(), company);
    }

    pub(super) fn put_experience(&mut self, experience: Experience) {
        self.experiences.retain(|known| known.id != experience.id);
        self.experiences.push(experience);
    }

    pub(super) fn company(&self, id: &str) -> Option<&Company> {
        self.companies.get(id)
    }

    pub(super) fn experience(&self, id: &str) -> Option<&Experience> {
        self.experiences.iter().find(|experience| experience.id == id)
    }

    /// The members that have access to a company now.
    pub(super) fn members_with_access(&self, company_id: &str) -> BTreeSet<&str> {
        let past_due_too = self.company(company_id).is_some_and(|company| company.access_while_past_due);
        let lets_in = |status| match status {
            MembershipStatus::PastDue => past_due_too,
            MembershipStatus::Trialing
            | MembershipStatus::Active
            | MembershipStatus::Completed
            | MembershipStatus::Canceling => true,
            _ => false,
        };
        let of_company = self.memberships.values().filter(|one| one.company_id == company_id);
        of_company.filter(|one| lets_in(one.status)).map(|one| one.user_id.as_str()).collect()
    }

    /// Every key ever published; the last one signs.
    pub(super) fn published_kids(&self) -> Vec<String> {
        (1..=self.rotations + 1).map(|number| format!("sandbox-{number}")).collect()
    }

    pub(super) fn newest_kid(&self) -> String {
        format!("sandbox-{}", self.rotations + 1)
    }
}
