//! The recovery engine: what the sweep, a nudge by hand and the grant of free days share. It finds out what
//! is known about a member, asks [`decide_contact`] whether to write, and records what follows from that.

mod member_channels;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::action::{Channel, Source};
use crate::domain::case::Case;
use crate::domain::contact::{ContactDecision, ContactFacts, EndReason, HoldReason, decide_contact};
use crate::domain::suppression::SuppressionReason;
use crate::domain::timeline::{CaseFact, CaseFactKind};
use crate::providers::call::CallError;
use crate::providers::whop::client::Whop;
use crate::store::recovery::{CaseChange, RecordError};
use crate::store::{Company, Store, StoreError};
use crate::vault::Vault;

pub use member_channels::{MemberChannels, load_experience, manage_url};

/// What finding out needs of the world.
#[derive(Clone, Copy)]
pub struct RecoveryClients<'a> {
    /// Whop, which knows memberships and carries pushes and direct messages.
    pub whop: &'a Whop,
    /// Hashes addresses, so that suppressed ones are found.
    pub vault: &'a Vault,
    /// Whether mails can be sent at all.
    pub mail_configured: bool,
}

/// What is to be done about a member, and what it was decided from.
#[derive(Debug)]
pub struct Assessment {
    /// The decision.
    pub decision: ContactDecision,
    /// The member, and the channels as far as they were asked about.
    pub channels: MemberChannels,
}

/// Why a case cannot be assessed now.
#[derive(Debug)]
pub enum AssessError {
    /// Whop does not answer whether the member still owes; it is asked again later.
    Unanswered(CallError),
    /// The table.
    Store(StoreError),
}

impl From<StoreError> for AssessError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Finds out what is known and decides. `wanted` are the channels that may be taken, in their order;
/// `experience` is awaited only where a push is wanted and the member can get it.
///
/// Whether the member still owes is asked first, so that nothing else is asked about a member who is not
/// written to. A channel that cannot be asked about is left out, and stops no other.
pub async fn assess(
    clients: RecoveryClients<'_>,
    company: &Company,
    case: &Case,
    wanted: &[Channel],
    experience: impl Future<Output = Result<Option<String>, CallError>>,
) -> Result<Assessment, AssessError> {
    let mut channels = MemberChannels::load(clients.whop, case).await.map_err(AssessError::Unanswered)?;
    let everywhere = [Channel::Push, Channel::Dm, Channel::Mail];
    let mut facts = ContactFacts {
        case,
        membership: None,
        bought_again: None,
        wanted,
        reachable: &everywhere,
        suppressed: None,
    };
    let early = decide_contact(&ContactFacts { membership: channels.membership.as_ref(), ..facts.clone() });
    if !matches!(early, ContactDecision::Write(_)) {
        return Ok(Assessment { decision: early, channels });
    }
    channels.load_collection_paused(clients.whop, company.id(), case).await;
    let bought_again = channels.load_bought_again(company, case).await?;
    channels.load_push(clients.whop, wanted, experience).await;
    let reaches = wanted.iter().any(|channel| channels.reachable().contains(channel));
    // Neither a step nor a mail in its stead is spent on a question that may be answered in a minute.
    if !reaches && let Some(error) = channels.push_unanswered.take() {
        return Err(AssessError::Unanswered(error));
    }
    let suppressed = load_mail(clients, company.store(), case, wanted, &mut channels).await?;
    let reachable = channels.reachable();
    facts = ContactFacts {
        membership: channels.membership.as_ref(),
        bought_again: bought_again.as_ref(),
        reachable: &reachable,
        suppressed,
        ..facts
    };
    let decision = decide_contact(&facts);
    if decision == ContactDecision::Hold(HoldReason::Unreachable)
        && let Some(error) = channels.unanswered.take()
    {
        return Err(AssessError::Unanswered(error));
    }
    Ok(Assessment { decision, channels })
}

/// A mail stands in where no wanted channel reaches: only then is an address looked for.
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

/// Why an end cannot be recorded.
pub type EndError = RecordError;

/// Ends a case for a reason that was looked up, not reported by an event.
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

/// Records one fact that was found out about a case's membership.
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
    let news = CaseChange { cause, source, ..CaseChange::of_facts(vec![CaseFact { at: now, what }]) };
    let recording = company.record(&case.membership_id, read, news, now)?;
    Ok(company.store().commit(token, recording.writes).await?)
}

impl EndReason {
    /// The reason as a sentence for the owner.
    pub fn sentence(&self) -> &'static str {
        match self {
            Self::MembershipEnded => "The membership has ended.",
            Self::CancelledByMember => "The member has cancelled the membership.",
            Self::BoughtAgain(_) => "The member has bought the same product again.",
        }
    }
}
