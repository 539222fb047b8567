//! Whether a member is written to about a failed renewal, and by which channels.
//!
//! One pure function of what is known. The sweep, a nudge by hand and the grant of free days all ask it, so
//! that none of them writes to a member whom another would leave alone.

use serde::{Deserialize, Serialize};

use super::case::Case;
use super::membership::{BillingState, Membership};
use crate::kernel::id::MembershipId;
use crate::kernel::suppression::SuppressionReason;
use crate::platform::action::Channel;

/// What to do about a member whose renewal failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactDecision {
    /// The member still owes, wants the membership, and can be reached by these channels.
    Write(Vec<Channel>),
    /// Nobody is written to now; it is decided again later.
    Hold(HoldReason),
    /// There is nothing left to recover: the case ends.
    End(EndReason),
}

/// Why nobody is written to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum HoldReason {
    /// Whop says that the membership is valid while no event about the money has come: it is on its way.
    PaidUnconfirmed,
    /// Collection of the membership is paused: nothing is owed until it is resumed.
    CollectionPaused,
    /// Whop's word for the billing state is one that this version does not know.
    StatusUnknown,
    /// The membership has not begun.
    NotStarted,
    /// Mail is the only channel left, and the address bounced.
    AddressBounced,
    /// Mail is the only channel left, and the member complained about a mail.
    AddressComplained,
    /// Mail is the only channel left, and the mailer blocks the address.
    AddressBlocked,
    /// The company has switched off every channel.
    ChannelsOff,
    /// No channel reaches the member.
    Unreachable,
}

impl HoldReason {
    /// The word used in rows, JSON and logs.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The reason as a sentence for the owner.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::PaidUnconfirmed => {
                "Whop says that the membership is valid; the payment has not been reported yet."
            }
            Self::CollectionPaused => "Payment collection is paused for this membership.",
            Self::StatusUnknown => "Whop reports a membership status that is not known yet.",
            Self::NotStarted => "The membership has not started.",
            Self::AddressBounced => "The member's mail address bounced, and no other channel is available.",
            Self::AddressComplained => {
                "The member complained about a mail, and no other channel is available."
            }
            Self::AddressBlocked => {
                "The mailer blocks the member's address, and no other channel is available."
            }
            Self::ChannelsOff => "Push notifications and direct messages are both switched off.",
            Self::Unreachable => "The member cannot be reached that way right now.",
        }
    }
}

/// Why there is nothing left to recover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndReason {
    /// The membership is over at Whop.
    MembershipEnded,
    /// The member cancelled; the case is open again if they take that back.
    CancelledByMember,
    /// The member bought the same product again, by another membership.
    BoughtAgain(MembershipId),
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

/// What is known about the member, each part by itself: what could not be found out is absent.
#[derive(Debug, Clone)]
pub struct ContactFacts<'a> {
    /// The case, with what events have told of its membership.
    pub case: &'a Case,
    /// The membership by Whop's newest word; absent where Whop refuses to say, and events decide alone.
    pub membership: Option<&'a Membership>,
    /// Another membership of the same product that the member bought after the failure.
    pub bought_again: Option<&'a MembershipId>,
    /// The channels that are wanted, in the order in which they are taken.
    pub wanted: &'a [Channel],
    /// The channels that reach the member.
    pub reachable: &'a [Channel],
    /// Why the member's address is not written to, where it is not.
    pub suppressed: Option<SuppressionReason>,
}

/// Decides. Whether the member still owes comes before how to reach them.
pub fn decide_contact(facts: &ContactFacts<'_>) -> ContactDecision {
    if let Some(ended) = end_reason(facts) {
        return ContactDecision::End(ended);
    }
    match hold_reason(facts) {
        Some(reason) => ContactDecision::Hold(reason),
        None => choose_channels(facts),
    }
}

fn end_reason(facts: &ContactFacts<'_>) -> Option<EndReason> {
    if facts.membership.is_some_and(Membership::is_ended) {
        return Some(EndReason::MembershipEnded);
    }
    // Whop's newest word wins over an event, which may have been overtaken by one that never came.
    let cancelled = facts.membership.map_or(facts.case.cancel_scheduled, Membership::is_cancel_scheduled);
    if cancelled {
        return Some(EndReason::CancelledByMember);
    }
    facts.bought_again.cloned().map(EndReason::BoughtAgain)
}

fn hold_reason(facts: &ContactFacts<'_>) -> Option<HoldReason> {
    let status = facts.membership.map_or(BillingState::Owing, Membership::billing_state);
    match status {
        BillingState::Valid => return Some(HoldReason::PaidUnconfirmed),
        BillingState::Unknown => return Some(HoldReason::StatusUnknown),
        BillingState::NotStarted => return Some(HoldReason::NotStarted),
        BillingState::Owing | BillingState::Ended => {}
    }
    let told = facts.membership.and_then(|membership| membership.collection_paused);
    told.unwrap_or(facts.case.collection_paused).then_some(HoldReason::CollectionPaused)
}

/// Every channel that is wanted and reaches. A mail stands in where none of them does and one was wanted.
fn choose_channels(facts: &ContactFacts<'_>) -> ContactDecision {
    if facts.wanted.is_empty() {
        return ContactDecision::Hold(HoldReason::ChannelsOff);
    }
    let reaches = |channel: &Channel| facts.reachable.contains(channel);
    let mut channels: Vec<Channel> = facts.wanted.iter().copied().filter(reaches).collect();
    if channels.is_empty() && reaches(&Channel::Mail) {
        channels.push(Channel::Mail);
    }
    match facts.suppressed {
        Some(reason) if channels == [Channel::Mail] => ContactDecision::Hold(match reason {
            SuppressionReason::Bounced => HoldReason::AddressBounced,
            SuppressionReason::Complained => HoldReason::AddressComplained,
            SuppressionReason::Blocked => HoldReason::AddressBlocked,
        }),
        _ if channels.is_empty() => ContactDecision::Hold(HoldReason::Unreachable),
        _ => ContactDecision::Write(channels),
    }
}

/// A question about a member that Whop did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelError {
    /// What was asked for: `membership`, `paused_memberships`, `purchases`, `experience`, `access` or
    /// `payment`.
    pub question: String,
    /// Why there is no answer, as a word such as `status_403`.
    pub reason: String,
}

impl std::fmt::Display for ChannelError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.question, self.reason)
    }
}

#[cfg(test)]
#[path = "contact_tests.rs"]
pub(crate) mod tests;
