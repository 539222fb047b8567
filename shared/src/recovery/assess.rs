//! Loads what is known about a member, and decides whether to write.

use super::Recoveries;
use super::company_view::CompanyView;
use super::member_channels::{MemberChannels, Unanswered};
use crate::domain::kernel::id::MembershipId;
use crate::domain::kernel::suppression::SuppressionReason;
use crate::domain::platform::action::Channel;
use crate::domain::recovery::case::Case;
use crate::domain::recovery::contact::{ContactDecision, ContactFacts, HoldReason, decide_contact};
use crate::providers::call::CallError;
use crate::providers::whop::client::Whop;
use crate::store::{Company, StoreError};

/// The decision about a member, and the data it is based on.
#[derive(Debug)]
pub(super) struct Assessment {
    pub decision: ContactDecision,
    pub channels: MemberChannels,
}

/// Why there is no decision.
#[derive(Debug)]
pub enum AssessError {
    /// A query of Whop that the decision needs failed; it is retried later.
    Unanswered(Unanswered),
    /// A query of Whop that the decision needs is not possible without this environment variable.
    NotConfigured {
        question: &'static str,
        variable: &'static str,
    },
    Store(StoreError),
}

impl From<StoreError> for AssessError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl AssessError {
    /// The query to repeat later; an error of the table stays one.
    pub(super) fn into_unanswered(self) -> Result<Unanswered, StoreError> {
        match self {
            Self::Unanswered(unanswered) => Ok(unanswered),
            Self::NotConfigured { question, variable } => {
                let reason = format!("{variable}_not_set");
                Ok(Unanswered { question, error: CallError::NotSent { reason, retry_after: None } })
            }
            Self::Store(error) => Err(error),
        }
    }
}

/// The channels that a message may use, in order of preference.
#[derive(Debug, Clone, Copy)]
pub(super) struct WantedChannels<'a> {
    pub channels: &'a [Channel],
    /// Whether a mail is sent if none of the channels reaches the member.
    pub falls_back_to_mail: bool,
}

impl Recoveries<'_> {
    /// Loads what is known about the member and decides.
    ///
    /// Whether the member still owes is checked first, so that the channels of a member who is not contacted are
    /// not queried. A channel whose query fails is skipped, and the others are still tried.
    pub(super) async fn assess(
        &self,
        view: &CompanyView,
        case: &Case,
        wanted: WantedChannels<'_>,
    ) -> Result<Assessment, AssessError> {
        let whop = self.whop()?;
        let missing = AssessError::NotConfigured { question: "experience", variable: "WHOP_APP_ID" };
        let app_id = self.whop_app_id.ok_or(missing)?;
        let company = &view.company;
        let Assessment { decision, mut channels } = self.assess_member(company, case).await?;
        if !matches!(decision, ContactDecision::Write(_)) {
            return Ok(Assessment { decision, channels });
        }
        let WantedChannels { channels: wanted, falls_back_to_mail } = wanted;
        channels.load_push(whop, wanted, view.experience(whop, app_id, self.ids)).await;
        let reaches = wanted.iter().any(|channel| channels.reachable().contains(channel));
        // The query may succeed in a minute, so neither the step nor a fallback mail is used up.
        if !reaches && let Some(unanswered) = channels.push_unanswered.take() {
            return Err(AssessError::Unanswered(unanswered));
        }
        let mut suppressed = None;
        if falls_back_to_mail && !reaches && self.is_mail_configured() {
            suppressed = self.load_mail(whop, company, case, &mut channels).await?;
        } else {
            channels.address = None;
        }
        let decision = decide_contact(&ContactFacts {
            case,
            membership: channels.membership.as_ref(),
            bought_again: None,
            wanted,
            reachable: &channels.reachable(),
            suppressed,
        });
        if decision == ContactDecision::Hold(HoldReason::Unreachable)
            && let Some(unanswered) = channels.unanswered.take()
        {
            return Err(AssessError::Unanswered(unanswered));
        }
        Ok(Assessment { decision, channels })
    }

    /// Decides only whether the member still owes and wants the membership, as if every channel were reachable.
    /// Also called again right before a message that was decided earlier is sent.
    pub(super) async fn assess_member(
        &self,
        company: &Company,
        case: &Case,
    ) -> Result<Assessment, AssessError> {
        let whop = self.whop()?;
        let mut channels = MemberChannels::load(whop, case).await.map_err(AssessError::Unanswered)?;
        let early = decide_about_member(&channels, case, None);
        if !matches!(early, ContactDecision::Write(_)) {
            return Ok(Assessment { decision: early, channels });
        }
        // Our own records come first; Whop is queried only if its answer can still change the decision.
        if let Some(reported) = channels.load_reported_purchase(company, case).await? {
            let decision = decide_about_member(&channels, case, Some(&reported));
            return Ok(Assessment { decision, channels });
        }
        channels.load_collection_paused(whop, company.id(), case).await;
        let decision = decide_about_member(&channels, case, None);
        if !matches!(decision, ContactDecision::Write(_)) {
            return Ok(Assessment { decision, channels });
        }
        let listed = channels.load_listed_purchase(whop, company.id(), case).await;
        let listed = listed.map_err(AssessError::Unanswered)?;
        Ok(Assessment { decision: decide_about_member(&channels, case, listed.as_ref()), channels })
    }

    /// The address is looked up only where a mail may be sent.
    async fn load_mail(
        &self,
        whop: &Whop,
        company: &Company,
        case: &Case,
        channels: &mut MemberChannels,
    ) -> Result<Option<SuppressionReason>, StoreError> {
        channels.load_address(whop, case).await;
        let Some(address) = &channels.address else { return Ok(None) };
        let hash = self.effect_clients.vault.hash_address(address.as_str());
        Ok(company.store().address_suppression(&hash).await?.map(|suppression| suppression.reason))
    }

    /// The client for Whop, without which it is unknown whether a member still owes.
    fn whop(&self) -> Result<&Whop, AssessError> {
        let missing = AssessError::NotConfigured { question: "membership", variable: "WHOP_API_KEY" };
        self.effect_clients.whop.ok_or(missing)
    }
}

/// Decides as if every channel reached the member.
fn decide_about_member(
    channels: &MemberChannels,
    case: &Case,
    bought_again: Option<&MembershipId>,
) -> ContactDecision {
    let all_channels = [Channel::Push, Channel::Dm, Channel::Mail];
    decide_contact(&ContactFacts {
        case,
        membership: channels.membership.as_ref(),
        bought_again,
        wanted: &all_channels,
        reachable: &all_channels,
        suppressed: None,
    })
}
