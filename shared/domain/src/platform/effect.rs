//! What leaves the house, and how far it is on its way.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::action::Action;
use crate::kernel::id::{CaseId, CompanyId, MembershipId, UserId};
use crate::kernel::message::{Language, Template};
use crate::kernel::money::Money;
use crate::kernel::party::{BookingId, PaymentIntentId};
use crate::kernel::provider::Provider;
use crate::marketplace::booking_mail::BookingMail;
use crate::marketplace::payout::TransferRequest;

/// What an effect belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Case(CaseId),
    /// A job that a customer asked for.
    Booking(BookingId),
}

impl From<CaseId> for Subject {
    fn from(id: CaseId) -> Self {
        Self::Case(id)
    }
}

impl From<BookingId> for Subject {
    fn from(id: BookingId) -> Self {
        Self::Booking(id)
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Case(id) => id.fmt(f),
            Self::Booking(id) => id.fmt(f),
        }
    }
}

/// The frozen request of an effect: written before the first call, never changed after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum Request {
    /// Nothing leaves: the step is done with its audit entry.
    Nothing,
    /// A push to one member through an experience it has access to.
    Push {
        /// The experience whose audience the member belongs to.
        experience_id: String,
        user_id: UserId,
        template: Template,
    },
    /// A direct message to one member.
    Dm {
        user_id: UserId,
        template: Template,
    },
    /// A mail to one member.
    Mail {
        sealed_to: String,
        template: Template,
    },
    /// Free days on a membership.
    Extend {
        membership_id: MembershipId,
        days: u16,
        /// Its renewal date before, by which a look-up can tell whether they arrived.
        #[serde(with = "crate::kernel::time::option")]
        renewal_period_end_before: Option<DateTime<Utc>>,
    },
    /// The end of a membership.
    Cancel {
        membership_id: MembershipId,
        /// With its period, or at once.
        at_period_end: bool,
    },
    /// A PaymentIntent for a booking, by which the customer's money is held.
    Hold {
        company_id: CompanyId,
        booking_id: BookingId,
        money: Money,
    },
    /// The money that is held is taken.
    Capture {
        /// By which it is held.
        payment_intent: PaymentIntentId,
    },
    /// The money that is held is let go.
    Release {
        /// By which it is held.
        payment_intent: PaymentIntentId,
        /// Whether the customer wanted it; otherwise nobody answered, or the professional said no.
        by_customer: bool,
    },
    /// All that is left of the customer's money goes back.
    Refund {
        /// By which it was taken.
        payment_intent: PaymentIntentId,
    },
    Transfer(TransferRequest),
    /// A mail about a booking to its customer or its professional.
    BookingMail {
        sealed_to: String,
        language: Language,
        mail: BookingMail,
    },
}

impl Request {
    /// Whether the same request may be sent again under the same key when nobody knows what became
    /// of the first. A push and a direct message may not: Whop's retention of keys for them is not
    /// documented, and a member must not be messaged twice.
    pub fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Nothing | Self::Push { .. } | Self::Dm { .. })
    }

    /// The provider that carries it out; `None` where nothing leaves.
    pub fn provider(&self) -> Option<Provider> {
        match self {
            Self::Nothing => None,
            Self::Push { .. } | Self::Dm { .. } | Self::Extend { .. } | Self::Cancel { .. } => {
                Some(Provider::Whop)
            }
            Self::Mail { .. } | Self::BookingMail { .. } => Some(Provider::Resend),
            Self::Hold { .. }
            | Self::Capture { .. }
            | Self::Release { .. }
            | Self::Refund { .. }
            | Self::Transfer(_) => Some(Provider::Stripe),
        }
    }

    /// Whether this is a message to a member.
    pub fn is_message(&self) -> bool {
        matches!(self, Self::Push { .. } | Self::Dm { .. } | Self::Mail { .. })
    }
}

/// How far an effect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum EffectStatus {
    Prepared,
    /// Claimed by one worker; the call may be on its way.
    Sending,
    Done,
    /// It did not happen and will not.
    Rejected,
    /// Nobody knows. Shown to the operator, not sent again.
    Unknown,
}

impl EffectStatus {
    /// The word used in keys, JSON and logs.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether nothing more will happen by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Rejected | Self::Unknown)
    }
}

/// An action with its effect: one row, so that the audit and the outcome cannot differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    #[serde(flatten)]
    pub action: Action,
    pub request: Request,
    /// The key the provider recognises a repetition by; made of the operation, never of the attempt.
    pub downstream_key: String,
    /// How far it is.
    pub status: EffectStatus,
    /// Grows with every claim; a write under an older one is refused.
    #[serde(default)]
    pub fence: u64,
    /// Who holds the claim.
    #[serde(default)]
    pub owner: Option<String>,
    /// When the claim may be taken over.
    #[serde(default, with = "crate::kernel::time::option")]
    pub lease_until: Option<DateTime<Utc>>,
    /// When the first call was made.
    #[serde(default, with = "crate::kernel::time::option")]
    pub first_sent_at: Option<DateTime<Utc>>,
    /// How many calls were made or tried.
    #[serde(default)]
    pub tries: u32,
    /// Why it is where it is, in one of our own words.
    #[serde(default)]
    pub reason: Option<String>,
    /// When it reached its end.
    #[serde(default, with = "crate::kernel::time::option")]
    pub ended_at: Option<DateTime<Utc>>,
    /// Whether it was refused for good, and nobody and nothing has resolved that yet.
    #[serde(default)]
    pub is_refusal_open: bool,
}

impl Effect {
    /// An effect that has been decided and not sent.
    pub fn prepared(action: Action, request: Request, downstream_key: String) -> Self {
        Self {
            action,
            request,
            downstream_key,
            status: EffectStatus::Prepared,
            fence: 0,
            owner: None,
            lease_until: None,
            first_sent_at: None,
            tries: 0,
            reason: None,
            ended_at: None,
            is_refusal_open: false,
        }
    }

    /// An action with which nothing leaves: done as soon as it is written.
    pub fn done(action: Action) -> Self {
        let ended_at = Some(action.at);
        let status = EffectStatus::Done;
        Self { status, ended_at, ..Self::prepared(action, Request::Nothing, String::new()) }
    }
}
