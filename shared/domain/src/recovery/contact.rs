//! Decides whether a member is contacted about a failed renewal, and by which channels.
//!
//! One pure function of the known facts. The sweep, the manual nudge and the grant of free days all use it, so
//! that they never decide differently about the same member.

use serde::{Deserialize, Serialize};

use super::case::Case;
use super::membership::{BillingState, Membership};
use crate::kernel::id::MembershipId;
use crate::kernel::suppression::SuppressionReason;
use crate::platform::action::Channel;

/// The decision about a member whose renewal failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactDecision {
    /// Send a message by these channels: the member still owes and wants the membership.
    Write(Vec<Channel>),
    /// Send nothing now; decide again later.
    Hold(HoldReason),
    /// Nothing is left to recover: end the case.
    End(EndReason),
}

/// Why no message is sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum HoldReason {
    /// Whop reports a valid membership, and the event about the payment has not arrived yet.
    PaidUnconfirmed,
    /// Collection is paused: nothing is owed until it is resumed.
    CollectionPaused,
    /// This version does not know Whop's status of the membership.
    StatusUnknown,
    /// The membership has not begun.
    NotStarted,
    /// Mail is the only remaining channel, and the address bounced.
    AddressBounced,
    /// Mail is the only remaining channel, and the member complained about a mail.
    AddressComplained,
    /// Mail is the only remaining channel, and the mailer blocks the address.
    AddressBlocked,
    ChannelsOff,
    Unreachable,
}

impl HoldReason {
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

/// Why nothing is left to recover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndReason {
    /// The membership has ended at Whop.
    MembershipEnded,
    /// The member cancelled; the case is reopened if they revoke that.
    CancelledByMember,
    /// The member bought the same product again, as another membership.
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

/// The known facts about the member; unknown ones are absent.
#[derive(Debug, Clone)]
pub struct ContactFacts<'a> {
    /// The case, with what events reported about its membership.
    pub case: &'a Case,
    /// The membership as Whop returned it; absent if Whop refused, so that events decide alone.
    pub membership: Option<&'a Membership>,
    /// Another membership of the same product that the member bought after the failure.
    pub bought_again: Option<&'a MembershipId>,
    /// The allowed channels in order of preference.
    pub wanted: &'a [Channel],
    pub reachable: &'a [Channel],
    /// The suppression of the member's address, if it is suppressed.
    pub suppressed: Option<SuppressionReason>,
}

/// Decides about a message. Whether the member still owes is checked before the channels.
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
    // Whop's answer wins over an event, because a later event may not have been delivered.
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
    let reported = facts.membership.and_then(|membership| membership.collection_paused);
    reported.unwrap_or(facts.case.collection_paused).then_some(HoldReason::CollectionPaused)
}

/// All wanted channels that reach the member. Mail is the fallback if none of the wanted channels does.
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

/// A failed query of Whop about a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelError {
    /// The query: `membership`, `paused_memberships`, `purchases`, `experience`, `access` or `payment`.
    pub question: String,
    /// The reason code, such as `status_403`.
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
