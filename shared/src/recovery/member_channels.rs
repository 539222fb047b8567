//! What can be found out about a member and the channels that reach them, each question by itself.
//!
//! A push goes to the audience of an experience. A member who is past due may be outside of it (the
//! creator can switch "access while past due" off): Whop then answers `success` and reaches no one.
//! So access is asked for first, and another channel is taken where push cannot reach.

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

/// Where a member manages a membership, by its id. Source: the form of `manage_url` in Whop's older answers.
const MANAGE: &str = "https://whop.com/billing/manage";

/// What was found out about a member. What Whop refused to tell is absent.
#[derive(Debug, Clone)]
pub struct MemberChannels {
    /// The membership as it is now; absent where Whop refuses to say.
    pub membership: Option<Membership>,
    /// Whop's own manage link.
    manage_url: Option<String>,
    pub user_id: Option<UserId>,
    /// The experience whose pushes reach the member.
    experience_id: Option<String>,
    /// Where a mail reaches the member.
    pub(super) address: Option<MailAddress>,
    /// What could not be asked, and why.
    pub errors: Vec<ChannelError>,
    /// The newest question that may be answered if it is asked again.
    pub(super) unanswered: Option<Unanswered>,
    /// Why it is unknown whether a push reaches the member, where it may be known if it is asked again.
    pub(super) push_unanswered: Option<Unanswered>,
}

/// A question about a member that may be answered if it is asked again.
#[derive(Debug, Clone)]
pub struct Unanswered {
    /// What was asked for, in the words of [`ChannelError::question`].
    pub question: &'static str,
    /// Why there is no answer.
    pub error: CallError,
}

impl From<&Unanswered> for ChannelError {
    fn from(Unanswered { question, error }: &Unanswered) -> Self {
        Self { question: (*question).to_owned(), reason: error.reason().to_owned() }
    }
}

impl MemberChannels {
    /// Asks Whop for the membership. Where that is refused, what events said stands alone; where it is not
    /// answered, it is an error: the member may have paid.
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
            Err(error) if error.is_refusal() => channels.note("membership", error),
            Err(error) => return Err(Unanswered { question: "membership", error }),
        }
        Ok(channels)
    }

    /// Where the membership itself does not say whether it is paused, the list of paused ones does.
    pub(super) async fn load_collection_paused(&mut self, whop: &Whop, company: &CompanyId, case: &Case) {
        let (Some(membership), Some(user)) = (&mut self.membership, &self.user_id) else { return };
        if membership.collection_paused.is_some() {
            return;
        }
        match whop.is_paused(company, user, &case.membership_id).await {
            Ok(paused) => membership.collection_paused = Some(paused),
            Err(error) => self.note("paused_memberships", error),
        }
    }

    /// The experience that reaches the member, asked for only where a push is wanted.
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
            Err(error) => return self.note_push("experience", error),
        };
        match whop.access(&user, &experience).await {
            Ok(AccessLevel::NoAccess) => {}
            Ok(_) => self.experience_id = Some(experience),
            Err(error) => self.note_push("access", error),
        }
    }

    /// The dated shape has the address on the payment only.
    pub(super) async fn load_address(&mut self, whop: &Whop, case: &Case) {
        let Some(payment) = case.payment_id.as_ref().filter(|_| self.address.is_none()) else { return };
        match whop.address_of_payment(payment).await {
            Ok(address) => self.address = address,
            Err(error) => self.note("payment", error),
        }
    }

    /// Shows the question, and keeps it where it may be answered if it is asked again.
    pub(super) fn note(&mut self, question: &'static str, error: CallError) {
        let is_refusal = error.is_refusal();
        let unanswered = Unanswered { question, error };
        self.errors.push(ChannelError::from(&unanswered));
        if !is_refusal {
            self.unanswered = Some(unanswered);
        }
    }

    fn note_push(&mut self, question: &'static str, error: CallError) {
        if !error.is_refusal() {
            self.push_unanswered = Some(Unanswered { question, error: error.clone() });
        }
        self.note(question, error);
    }

    /// Whether a push was wanted, and Whop did not say whether it reaches the member: it may, if it is asked again.
    pub fn is_push_unanswered(&self) -> bool {
        self.push_unanswered.is_some()
    }

    /// Whether collection is paused by Whop's newest word, else by that of events. A case keeps it with its step, so
    /// that a message is not withdrawn because an event of long ago said otherwise.
    pub fn collection_paused(&self, case: &Case) -> bool {
        let newest = self.membership.as_ref().and_then(|membership| membership.collection_paused);
        newest.unwrap_or(case.collection_paused)
    }

    /// The channels that reach the member, as far as they were asked about.
    pub fn reachable(&self) -> Vec<Channel> {
        let mut reachable = Vec::new();
        if self.user_id.is_some() {
            reachable.extend(self.experience_id.is_some().then_some(Channel::Push));
            reachable.push(Channel::Dm);
        }
        reachable.extend(self.address.is_some().then_some(Channel::Mail));
        reachable
    }

    /// The frozen request of a message on one channel; `None` where the channel does not reach.
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

    /// Where the member can pay: Whop's own link where it is one, else the page of the membership.
    pub fn manage_url(&self, case: &Case) -> String {
        self.manage_url.clone().unwrap_or_else(|| manage_link(&case.membership_id))
    }

    /// When the paid period ends, by which a look-up tells whether free days arrived.
    pub fn period_ends_at(&self) -> Option<DateTime<Utc>> {
        self.membership.as_ref()?.period_ends_at
    }
}

/// Where a member manages a membership: Whop's link where the answer has one, else the page in the form of
/// Whop's own links.
pub fn manage_url(answer: &MembershipAnswer, id: &MembershipId) -> String {
    answer.manage_url.clone().unwrap_or_else(|| manage_link(id))
}

fn manage_link(id: &MembershipId) -> String {
    format!("{MANAGE}/{id}/")
}

/// The company's experience, remembered once it was found.
pub async fn load_experience(
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
        // One that was not remembered is asked for again; that is no reason to keep a member waiting.
        let remembered = company.store().commit(token, vec![company.remember_experience(experience_id)]);
        if let Err(error) = remembered.await {
            tracing::warn!(error = %error, "a company's experience was not remembered");
        }
    }
    Ok(found)
}
