//! The audited steps on a case or a booking.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::kernel::account::Role;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum ActionKind {
    /// A push notification to the member.
    NudgePush,
    /// A direct message to the member.
    NudgeDm,
    /// A mail to the member, where push cannot reach and direct messages are off.
    NudgeMail,
    IncentiveApplied,
    /// The case was closed by a person.
    CaseCancelled,
    /// The membership ends with its period.
    MembershipCancelled,
    /// The membership was ended at once.
    MembershipTerminated,
    /// A payment was opened for a booking, by which the customer's money is held.
    PaymentOpened,
    /// The customer's money was taken.
    PaymentCaptured,
    /// The customer's money was let go.
    PaymentReleased,
    /// The customer's money went back.
    PaymentRefunded,
    /// The professional's share was transferred.
    ShareTransferred,
    /// The customer was told that the booking was declined.
    DeclineMail,
    /// The customer was told that the payment was taken after all.
    AcceptedMail,
    /// The customer of a cancelled booking was told that the hold was not released.
    ReleaseRefusedMail,
    /// The customer of a cancelled booking was told that the refund has not gone through yet.
    RefundRefusedMail,
    /// The customer was told that the refund went through after all.
    RefundedMail,
    /// The professional was told that a booking they accepted is declined after all.
    ProfessionalDeclinedMail,
    /// The professional was told that the payment was taken after all.
    ProfessionalAcceptedMail,
}

/// By which way a reminder reaches the member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum Channel {
    /// A notification of the provider's app.
    Push,
    /// A direct message at the provider.
    Dm,
    Mail,
}

impl Channel {
    /// The word used in keys, JSON and logs.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The action that a message on this channel is.
    pub fn action(self) -> ActionKind {
        match self {
            Self::Push => ActionKind::NudgePush,
            Self::Dm => ActionKind::NudgeDm,
            Self::Mail => ActionKind::NudgeMail,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum Actor {
    Schedule,
    /// A person of the company, by the provider's user id.
    Owner {
        /// The provider's user id.
        #[cfg_attr(feature = "openapi", schemars(with = "crate::kernel::id::UserId"))]
        user_id: String,
    },
    /// Anybody else who is signed in, by the key of the account.
    Person {
        account: String,
        role: Role,
    },
    /// What a provider's event led to.
    Provider,
}

impl Actor {
    /// The actor that a proven caller is.
    pub fn person(id: &str, role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner { user_id: id.to_owned() },
            role => Self::Person { account: id.to_owned(), role },
        }
    }
}

/// Who set something off, without naming anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Cron,
    /// What a provider told us.
    Webhook,
    /// Whoever administers the company.
    Owner,
    Professional,
    Customer,
    /// Staff of the platform.
    Staff,
}

impl From<Role> for Source {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Professional => Self::Professional,
            Role::Customer => Self::Customer,
            Role::Provider | Role::Developer | Role::Accountant => Self::Staff,
        }
    }
}

impl From<&Actor> for Source {
    fn from(actor: &Actor) -> Self {
        match actor {
            Actor::Schedule => Self::Cron,
            Actor::Provider => Self::Webhook,
            Actor::Owner { .. } => Self::Owner,
            Actor::Person { role, .. } => (*role).into(),
        }
    }
}

/// The audit entry of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// What names the step within its case or booking, for ever: `reminder:02:push`, `incentive`, `nudge:<id>`.
    pub operation: String,
    pub kind: ActionKind,
    /// Counts the messages of the case; manual and scheduled ones alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt_number: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Which reminder, in days after the first failure; absent for manual ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset_days: Option<u8>,
    /// Which words were sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_version: Option<u32>,
    /// How many free days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u16>,
    /// Whether a person asked for it.
    pub manual: bool,
    pub actor: Actor,
    /// When it was decided.
    #[serde(with = "crate::kernel::time")]
    pub at: DateTime<Utc>,
}

impl Action {
    /// An action that has nothing to do with a case's messages.
    pub fn plain(operation: String, kind: ActionKind, actor: Actor, at: DateTime<Utc>) -> Self {
        let manual = !matches!(actor, Actor::Schedule | Actor::Provider);
        Self {
            operation,
            kind,
            attempt_number: None,
            channel: None,
            offset_days: None,
            template_version: None,
            days: None,
            manual,
            actor,
            at,
        }
    }
}
