//! The recovery engine, shared by the sweep, the manual nudge and the grant of free days. It loads what is known
//! about a member, lets [`decide_contact`] decide whether to write, and records the consequences.

mod member_channels;
mod second_purchase;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::kernel::id::MembershipId;
use crate::domain::kernel::suppression::SuppressionReason;
use crate::domain::platform::action::{Channel, Source};
use crate::domain::recovery::case::Case;
use crate::domain::recovery::contact::{
    ContactDecision, ContactFacts, EndReason, HoldReason, decide_contact,
};
use crate::domain::recovery::timeline::{CaseFact, CaseFactKind};
use crate::providers::call::CallError;
use crate::providers::whop::client::Whop;
use crate::store::error::RecordError;
use crate::store::recovery::record::CaseChange;
use crate::store::{Company, Store, StoreError};
use crate::vault::Vault;

pub use member_channels::{MemberChannels, Unanswered, load_experience, manage_url};

/// The clients that an assessment needs.
#[derive(Clone, Copy)]
pub struct RecoveryClients<'a> {
    pub whop: &'a Whop,
    /// Hashes addresses for the look-up of suppressions.
    pub vault: &'a Vault,
    pub mail_configured: bool,
}

/// The decision about a member, and the data it is based on.
#[derive(Debug)]
pub struct Assessment {
    pub decision: ContactDecision,
    pub channels: MemberChannels,
}

#[derive(Debug)]
pub enum AssessError {
    /// A query of Whop that the decision needs failed; it is retried later.
    Unanswered(Unanswered),
    Store(StoreError),
}

impl From<StoreError> for AssessError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Loads what is known about the member and decides. `wanted` are the allowed channels in order of preference;
/// `experience` is awaited only if a push is wanted and the member has a user id.
///
/// Whether the member still owes is checked first, so that the channels of a member who is not contacted are not
/// queried. A channel whose query fails is skipped, and the others are still tried.
pub async fn assess(
    clients: RecoveryClients<'_>,
    company: &Company,
    case: &Case,
    wanted: &[Channel],
    experience: impl Future<Output = Result<Option<String>, CallError>>,
) -> Result<Assessment, AssessError> {
    let Assessment { decision, mut channels } = assess_member(clients.whop, company, case).await?;
    if !matches!(decision, ContactDecision::Write(_)) {
        return Ok(Assessment { decision, channels });
    }
    channels.load_push(clients.whop, wanted, experience).await;
    let reaches = wanted.iter().any(|channel| channels.reachable().contains(channel));
    // The query may succeed in a minute, so neither the step nor a fallback mail is used up.
    if !reaches && let Some(unanswered) = channels.push_unanswered.take() {
        return Err(AssessError::Unanswered(unanswered));
    }
    let suppressed = load_mail(clients, company.store(), case, wanted, &mut channels).await?;
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

/// Decides only whether the member still owes and wants the membership, as if every channel were reachable. Also
/// called again right before a message that was decided earlier is sent.
pub async fn assess_member(whop: &Whop, company: &Company, case: &Case) -> Result<Assessment, AssessError> {
    let mut channels = MemberChannels::load(whop, case).await.map_err(AssessError::Unanswered)?;
    let all_channels = [Channel::Push, Channel::Dm, Channel::Mail];
    let decide = |channels: &MemberChannels, bought_again: Option<&MembershipId>| {
        decide_contact(&ContactFacts {
            case,
            membership: channels.membership.as_ref(),
            bought_again,
            wanted: &all_channels,
            reachable: &all_channels,
            suppressed: None,
        })
    };
    let early = decide(&channels, None);
    if !matches!(early, ContactDecision::Write(_)) {
        return Ok(Assessment { decision: early, channels });
    }
    // Our own records come first; Whop is queried only if its answer can still change the decision.
    if let Some(reported) = channels.load_reported_purchase(company, case).await? {
        return Ok(Assessment { decision: decide(&channels, Some(&reported)), channels });
    }
    channels.load_collection_paused(whop, company.id(), case).await;
    let decision = decide(&channels, None);
    if !matches!(decision, ContactDecision::Write(_)) {
        return Ok(Assessment { decision, channels });
    }
    let listed = channels.load_listed_purchase(whop, company.id(), case).await;
    let listed = listed.map_err(AssessError::Unanswered)?;
    Ok(Assessment { decision: decide(&channels, listed.as_ref()), channels })
}

/// Mail is the fallback if no wanted channel is reachable; only then is the address looked up.
async fn load_mail(
    clients: RecoveryClients<'_>,
    store: &Store,
    case: &Case,
    wanted: &[Channel],
    channels: &mut MemberChannels,
) -> Result<Option<SuppressionReason>, StoreError> {
    let is_needed = !wanted.iter().any(|channel| channels.reachable().contains(channel));
    if !clients.mail_configured || !is_needed {
        channels.address = None;
        return Ok(None);
    }
    channels.load_address(clients.whop, case).await;
    let Some(address) = &channels.address else { return Ok(None) };
    let hash = clients.vault.hash_address(address.as_str());
    Ok(store.address_suppression(&hash).await?.map(|suppression| suppression.reason))
}

pub type EndError = RecordError;

/// Ends a case for a reason that a look-up found and no event reported.
pub async fn record_end(
    company: &Company,
    case: &Case,
    reason: &EndReason,
    source: Source,
    cause: &str,
    token: Uuid,
    now: DateTime<Utc>,
) -> Result<(), EndError> {
    let what = match reason {
        EndReason::MembershipEnded => CaseFactKind::Ended,
        EndReason::CancelledByMember => CaseFactKind::CancelScheduled { scheduled: true },
        EndReason::BoughtAgain(membership) => CaseFactKind::BoughtAgain { membership: membership.clone() },
    };
    record_fact(company, case, what, source, cause, token, now).await
}

/// Records one fact, found by a look-up, about a case's membership.
pub async fn record_fact(
    company: &Company,
    case: &Case,
    what: CaseFactKind,
    source: Source,
    cause: &str,
    token: Uuid,
    now: DateTime<Utc>,
) -> Result<(), EndError> {
    let read = company.membership(&case.membership_id).await?;
    let change = CaseChange { cause, source, ..CaseChange::of_facts(vec![CaseFact { at: now, what }]) };
    let recording = company.record(&case.membership_id, read, change, now)?;
    Ok(company.store().commit(token, recording.writes).await?)
}
