//! External side effects and their delivery state.

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

/// The object an effect belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Case(CaseId),
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

/// The frozen request of an effect: stored before the first call and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum Request {
    /// No request is sent: the step is done with its audit entry.
    Nothing,
    /// A push to one member through an experience that the member has access to.
    Push {
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
    /// Grant free days on a membership.
    Extend {
        membership_id: MembershipId,
        days: u16,
        /// The renewal date before, from which a look-up decides whether the days were granted.
        #[serde(with = "crate::kernel::time::option")]
        renewal_period_end_before: Option<DateTime<Utc>>,
    },
    /// Cancel a membership at Whop.
    Cancel {
        membership_id: MembershipId,
        /// At the end of its period, or immediately.
        at_period_end: bool,
    },
    /// Create a PaymentIntent for a booking, for the customer to authorize.
    Hold {
        company_id: CompanyId,
        booking_id: BookingId,
        money: Money,
    },
    /// Capture the authorized payment.
    Capture {
        payment_intent: PaymentIntentId,
    },
    /// Void the authorization of a payment.
    Release {
        payment_intent: PaymentIntentId,
        /// Whether the customer cancelled; otherwise the professional declined or did not answer.
        by_customer: bool,
    },
    /// Refund the rest of the payment.
    Refund {
        payment_intent: PaymentIntentId,
    },
    Transfer(TransferRequest),
    /// A mail about a booking to its customer or professional.
    BookingMail {
        sealed_to: String,
        language: Language,
        mail: BookingMail,
    },
}

impl Request {
    /// Whether the same request may be sent again under the same key if the outcome of the first is unknown.
    /// Pushes and direct messages may not: Whop does not document how long it remembers their keys, and a
    /// member must not get a message twice.
    pub fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Nothing | Self::Push { .. } | Self::Dm { .. })
    }

    /// The provider that receives the request; `None` if no request is sent.
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

    pub fn is_message(&self) -> bool {
        matches!(self, Self::Push { .. } | Self::Dm { .. } | Self::Mail { .. })
    }
}

/// The delivery state of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum EffectStatus {
    Prepared,
    /// Claimed by a worker; the call may be in flight.
    Sending,
    Done,
    /// It did not happen and will not.
    Rejected,
    /// The outcome is unknown. Shown to the operator, not sent again.
    Unknown,
}

impl EffectStatus {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether no further attempt follows automatically.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Rejected | Self::Unknown)
    }
}

/// An action with its effect, in one row, so that the audit and the outcome cannot differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    #[serde(flatten)]
    pub action: Action,
    pub request: Request,
    /// The idempotency key at the provider; derived from the operation, so equal for every attempt.
    pub downstream_key: String,
    pub status: EffectStatus,
    /// The fencing token: incremented with every claim; writes under an older one are refused.
    #[serde(default)]
    pub fence: u64,
    /// The worker that holds the claim.
    #[serde(default)]
    pub owner: Option<String>,
    /// When another worker may take over the claim.
    #[serde(default, with = "crate::kernel::time::option")]
    pub lease_until: Option<DateTime<Utc>>,
    #[serde(default, with = "crate::kernel::time::option")]
    pub first_sent_at: Option<DateTime<Utc>>,
    /// The number of attempts.
    #[serde(default)]
    pub tries: u32,
    /// Our own reason code for its status, or the provider's reference or code.
    #[serde(default)]
    pub reason: Option<String>,
    /// When it became final.
    #[serde(default, with = "crate::kernel::time::option")]
    pub ended_at: Option<DateTime<Utc>>,
    /// Whether a provider finally refused it and the refusal is not resolved yet.
    #[serde(default)]
    pub is_refusal_open: bool,
}

impl Effect {
    /// An effect that has not been sent.
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

    /// An action without a request: done as soon as it is stored.
    pub fn done(action: Action) -> Self {
        let ended_at = Some(action.at);
        let status = EffectStatus::Done;
        Self { status, ended_at, ..Self::prepared(action, Request::Nothing, String::new()) }
    }
}
