//! By which ways a member can be reached right now.
//!
//! A push goes to the audience of an experience. A member who is past due may be outside of it (the
//! creator can switch "access while past due" off): Whop then answers `success` and reaches nobody.
//! So access is asked for first, and another way is taken where push cannot reach.

use crate::domain::action::Channel;
use crate::domain::case::Case;
use crate::domain::effect::Request;
use crate::domain::id::UserId;
use crate::domain::message::Template;
use crate::domain::settings::Settings;
use crate::providers::call::CallError;
use crate::providers::whop::client::{AccessLevel, Membership, Whop};
use crate::store::Company;
use crate::store::company::CompanyState;
use crate::vault::Vault;

/// Where a member is found when nothing better is known.
const HUB: &str = "https://whop.com/hub";

/// What was found out about a member.
#[derive(Debug, Clone)]
pub struct Reach {
    /// The membership as it is now.
    pub membership: Membership,
    /// The member.
    pub user_id: Option<UserId>,
    /// The experience whose pushes reach the member; absent where none does.
    pub experience_id: Option<String>,
}

/// Asks Whop for the membership and, where an experience is awaited from `experience`, for the
/// member's access to it. The experience is only asked for when there is somebody to push to.
pub async fn look(
    whop: &Whop,
    case: &Case,
    experience: impl Future<Output = Result<Option<String>, CallError>>,
) -> Result<Reach, CallError> {
    let membership = whop.membership(&case.membership_id).await?;
    let told = membership.user.as_ref().and_then(|user| UserId::parse(&user.id).ok());
    let user_id = told.or_else(|| case.user_id.clone());
    let mut reach = Reach { membership, user_id, experience_id: None };
    let Some(user) = &reach.user_id else { return Ok(reach) };
    let Some(experience) = experience.await? else { return Ok(reach) };
    if whop.access(user, &experience).await? != AccessLevel::NoAccess {
        reach.experience_id = Some(experience);
    }
    Ok(reach)
}

/// The company's experience, remembered once it was found.
pub async fn experience(
    whop: &Whop,
    app_id: &str,
    company: &Company,
    state: &CompanyState,
    token: uuid::Uuid,
) -> Result<Option<String>, CallError> {
    if state.experience_id.is_some() {
        return Ok(state.experience_id.clone());
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

impl Reach {
    /// The ways a scheduled reminder takes: every one that is switched on and reaches. Where push is
    /// on and cannot reach, and direct messages are off, a mail stands in if it can be sent.
    pub fn channels(&self, settings: &Settings, mail_configured: bool) -> Vec<Channel> {
        let mut channels = Vec::new();
        if self.user_id.is_some() {
            if settings.push_enabled && self.experience_id.is_some() {
                channels.push(Channel::Push);
            }
            if settings.dm_enabled {
                channels.push(Channel::Dm);
            }
        }
        let wanted = settings.push_enabled || settings.dm_enabled;
        if channels.is_empty() && wanted && mail_configured && self.email().is_some() {
            channels.push(Channel::Mail);
        }
        channels
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
                let sealed_to =
                    vault.seal(&format!("mail:{}", case.case_id), self.email()?.as_bytes()).ok()?;
                Some(Request::Mail { sealed_to, template })
            }
        }
    }

    /// Where the member can pay: Whop's own link where it is one.
    pub fn manage_url(&self, case: &Case) -> String {
        manage_url(&self.membership).unwrap_or_else(|| format!("{HUB}/{}", case.membership_id))
    }

    fn email(&self) -> Option<&str> {
        self.membership.user.as_ref()?.email.as_deref().filter(|email| email.contains('@'))
    }
}

/// Whop's manage link, if it is one that may be sent to a member.
pub fn manage_url(membership: &Membership) -> Option<String> {
    let url = membership.manage_url.as_deref()?;
    let plain = url.len() <= 500 && url.starts_with("https://") && !url.contains(char::is_whitespace);
    plain.then(|| url.to_owned())
}
