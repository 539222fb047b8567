//! Queries Whop about a member and the channels that reach them. Each query may fail independently.
//!
//! A push goes to the audience of an experience. A member who is past due may be outside of it, because the
//! creator can switch "access while past due" off; Whop then answers `success` without delivering the push.
//! So access is queried first, and another channel is used if a push is not delivered.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::kernel::id::{CompanyId, MembershipId, UserId};
use crate::domain::kernel::message::Template;
use crate::domain::platform::action::Channel;
use crate::domain::platform::effect::Request;
use crate::domain::recovery::case::Case;
use crate::domain::recovery::contact::ChannelError;
use crate::domain::recovery::membership::Membership;
use crate::providers::call::CallError;
use crate::providers::whop::client::{AccessLevel, Whop};
use crate::providers::whop::membership::{MailAddress, MembershipAnswer};
use crate::store::Company;
use crate::store::company::SweepRecord;
use crate::vault::Vault;

/// The page on which a member manages a membership. Source: the form of `manage_url` in Whop's older answers.
const MANAGE: &str = "https://whop.com/billing/manage";

/// What is known about a member. Fields that Whop refused to return are `None`.
#[derive(Debug, Clone)]
pub(super) struct MemberChannels {
    pub membership: Option<Membership>,
    manage_url: Option<String>,
    pub user_id: Option<UserId>,
    /// The experience whose pushes reach the member.
    experience_id: Option<String>,
    pub(super) address: Option<MailAddress>,
    /// The failed queries and their reasons.
    pub errors: Vec<ChannelError>,
    /// The latest failed query that may succeed later.
    pub(super) unanswered: Option<Unanswered>,
    /// The failed query about push that may succeed later.
    pub(super) push_unanswered: Option<Unanswered>,
}

/// A failed query about a member that may succeed later.
#[derive(Debug, Clone)]
pub struct Unanswered {
    /// The query, named as in [`ChannelError::question`].
    pub question: &'static str,
    pub error: CallError,
}

impl From<&Unanswered> for ChannelError {
    fn from(Unanswered { question, error }: &Unanswered) -> Self {
        Self { question: (*question).to_owned(), reason: error.reason().to_owned() }
    }
}

impl MemberChannels {
    /// Loads the membership from Whop. If Whop refuses, the data of events is used alone; any other failure is an
    /// error, because the member may have paid.
    pub(super) async fn load(whop: &Whop, case: &Case) -> Result<Self, Unanswered> {
        let mut channels = Self {
            membership: None,
            manage_url: None,
            user_id: case.user_id.clone(),
            experience_id: None,
            address: None,
            errors: Vec::new(),
            unanswered: None,
            push_unanswered: None,
        };
        match whop.membership(&case.membership_id).await {
            Ok(MembershipAnswer { membership, manage_url, email }) => {
                channels.user_id = membership.user_id.clone().or(channels.user_id);
                (channels.manage_url, channels.address) = (manage_url, email);
                channels.membership = Some(membership);
            }
            Err(error) if error.is_refusal() => channels.record_error("membership", error),
            Err(error) => return Err(Unanswered { question: "membership", error }),
        }
        Ok(channels)
    }

    /// Reads the list of paused memberships if the membership itself does not say whether it is paused.
    pub(super) async fn load_collection_paused(&mut self, whop: &Whop, company: &CompanyId, case: &Case) {
        let (Some(membership), Some(user)) = (&mut self.membership, &self.user_id) else { return };
        if membership.collection_paused.is_some() {
            return;
        }
        match whop.is_paused(company, user, &case.membership_id).await {
            Ok(paused) => membership.collection_paused = Some(paused),
            Err(error) => self.record_error("paused_memberships", error),
        }
    }

    /// Loads the experience that reaches the member; only if a push is wanted.
    pub(super) async fn load_push(
        &mut self,
        whop: &Whop,
        wanted: &[Channel],
        experience: impl Future<Output = Result<Option<String>, CallError>>,
    ) {
        let Some(user) = self.user_id.clone().filter(|_| wanted.contains(&Channel::Push)) else { return };
        let experience = match experience.await {
            Ok(Some(experience)) => experience,
            Ok(None) => return,
            Err(error) => return self.record_push_error("experience", error),
        };
        match whop.access(&user, &experience).await {
            Ok(AccessLevel::NoAccess) => {}
            Ok(_) => self.experience_id = Some(experience),
            Err(error) => self.record_push_error("access", error),
        }
    }

    /// Loads the address from the payment: Whop's dated API version returns it only there.
    pub(super) async fn load_address(&mut self, whop: &Whop, case: &Case) {
        let Some(payment) = case.payment_id.as_ref().filter(|_| self.address.is_none()) else { return };
        match whop.address_of_payment(payment).await {
            Ok(address) => self.address = address,
            Err(error) => self.record_error("payment", error),
        }
    }

    /// Records a failed query, and marks it for a retry unless Whop refused it.
    pub(super) fn record_error(&mut self, question: &'static str, error: CallError) {
        let is_refusal = error.is_refusal();
        let unanswered = Unanswered { question, error };
        self.errors.push(ChannelError::from(&unanswered));
        if !is_refusal {
            self.unanswered = Some(unanswered);
        }
    }

    fn record_push_error(&mut self, question: &'static str, error: CallError) {
        if !error.is_refusal() {
            self.push_unanswered = Some(Unanswered { question, error: error.clone() });
        }
        self.record_error(question, error);
    }

    /// Whether a push was wanted and the query about it failed in a way that may succeed later.
    pub fn is_push_unanswered(&self) -> bool {
        self.push_unanswered.is_some()
    }

    /// Whether collection is paused according to Whop, or else according to events. The case stores it with its
    /// step, so that an old event does not cause a message to be withdrawn.
    pub fn collection_paused(&self, case: &Case) -> bool {
        let newest = self.membership.as_ref().and_then(|membership| membership.collection_paused);
        newest.unwrap_or(case.collection_paused)
    }

    /// The channels that reach the member, as far as they were queried.
    pub fn reachable(&self) -> Vec<Channel> {
        let mut reachable = Vec::new();
        if self.user_id.is_some() {
            reachable.extend(self.experience_id.is_some().then_some(Channel::Push));
            reachable.push(Channel::Dm);
        }
        reachable.extend(self.address.is_some().then_some(Channel::Mail));
        reachable
    }

    /// The frozen request of a message on one channel; `None` if the channel does not reach the member.
    pub fn request(
        &self,
        channel: Channel,
        case: &Case,
        template: Template,
        vault: &Vault,
    ) -> Option<Request> {
        let user_id = self.user_id.clone();
        match channel {
            Channel::Push => Some(Request::Push {
                experience_id: self.experience_id.clone()?,
                user_id: user_id?,
                template,
            }),
            Channel::Dm => Some(Request::Dm { user_id: user_id?, template }),
            Channel::Mail => {
                let address = self.address.as_ref()?.as_str().as_bytes();
                let sealed_to = vault.seal(&format!("mail:{}", case.case_id), address).ok()?;
                Some(Request::Mail { sealed_to, template })
            }
        }
    }

    /// The page on which the member can pay: Whop's link if it returned one, else the page of the membership.
    pub fn manage_url(&self, case: &Case) -> String {
        self.manage_url.clone().unwrap_or_else(|| manage_link(&case.membership_id))
    }

    /// The end of the paid period, from which a look-up later decides whether free days were granted.
    pub fn period_ends_at(&self) -> Option<DateTime<Utc>> {
        self.membership.as_ref()?.period_ends_at
    }
}

/// The page on which a member manages a membership: Whop's link if the answer has one, else a link of the same
/// form.
pub fn manage_url(answer: &MembershipAnswer, id: &MembershipId) -> String {
    answer.manage_url.clone().unwrap_or_else(|| manage_link(id))
}

fn manage_link(id: &MembershipId) -> String {
    format!("{MANAGE}/{id}/")
}

/// Loads the company's experience and stores it once it was found.
pub(super) async fn load_experience(
    whop: &Whop,
    app_id: &str,
    company: &Company,
    sweep_record: &SweepRecord,
    token: Uuid,
) -> Result<Option<String>, CallError> {
    if sweep_record.experience_id.is_some() {
        return Ok(sweep_record.experience_id.clone());
    }
    let found = whop.experience(company.id(), app_id).await?;
    if let Some(experience_id) = &found {
        // If the write fails, the next run queries Whop again; the member need not wait for it.
        let stored = company.store().commit(token, vec![company.save_experience(experience_id)]);
        if let Err(error) = stored.await {
            tracing::warn!(error = %error, "a company's experience was not stored");
        }
    }
    Ok(found)
}
