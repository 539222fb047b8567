//! Actions: the audited steps on a case or a booking.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::kernel::account::Role;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum ActionKind {
    /// A push notification to the member.
    NudgePush,
    /// A direct message to the member.
    NudgeDm,
    /// A mail to the member, if no push is delivered and direct messages are off.
    NudgeMail,
    IncentiveApplied,
    CaseCancelled,
    /// The membership was cancelled at the end of its period.
    MembershipCancelled,
    /// The membership was terminated immediately.
    MembershipTerminated,
    /// A payment was created for a booking, for the customer to authorize.
    PaymentOpened,
    PaymentCaptured,
    /// The authorization was voided.
    PaymentReleased,
    PaymentRefunded,
    ShareTransferred,
    DeclineMail,
    /// The customer was informed that the payment was captured, after a mail that it was not.
    AcceptedMail,
    /// The customer of a cancelled booking was informed that the authorization was not voided.
    ReleaseRefusedMail,
    /// The customer of a cancelled booking was informed that the refund has not gone through yet.
    RefundRefusedMail,
    /// The customer was informed that the refund went through, after a mail that it did not.
    RefundedMail,
    /// The professional was informed that a booking they accepted was declined.
    ProfessionalDeclinedMail,
    /// The professional was informed that the payment was captured, after a mail that it was not.
    ProfessionalAcceptedMail,
}

impl ActionKind {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The channel of a reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum Channel {
    /// A push notification of Whop's app.
    Push,
    /// A direct message at Whop.
    Dm,
    Mail,
}

impl Channel {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The kind of action of a message on this channel.
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
    Owner {
        #[cfg_attr(feature = "openapi", schemars(with = "crate::kernel::id::UserId"))]
        user_id: String,
    },
    /// Any other signed-in person, by account key.
    Person {
        account: String,
        role: Role,
    },
    Provider,
}

impl Actor {
    /// The actor for an authenticated caller.
    pub fn person(id: &str, role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner { user_id: id.to_owned() },
            role => Self::Person { account: id.to_owned(), role },
        }
    }

    /// The id of the person, `schedule`, or `provider`.
    pub fn id(&self) -> &str {
        match self {
            Self::Schedule => "schedule",
            Self::Provider => "provider",
            Self::Owner { user_id } => user_id,
            Self::Person { account, .. } => account,
        }
    }
}

/// The kind of originator of a change, without personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "Originator"))]
pub enum Source {
    /// A scheduled job, without a person.
    Cron,
    /// An event of a provider.
    Webhook,
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// The permanent name of the step within its case or booking: `reminder:02:push`, `incentive`, `nudge:<id>`.
    pub operation: String,
    pub kind: ActionKind,
    /// The number of the message in its case, counting manual and scheduled ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt_number: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The reminder's offset in days after the first failure; absent for manual messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset_days: Option<u8>,
    /// The version of the text that was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_version: Option<u32>,
    /// The number of free days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u16>,
    /// Whether a person requested it.
    pub manual: bool,
    pub actor: Actor,
    #[serde(with = "crate::kernel::time")]
    pub at: DateTime<Utc>,
    /// When the schedule planned it; absent for actions that no schedule plans, and before this was recorded.
    #[serde(default, with = "crate::kernel::time::option", skip_serializing_if = "Option::is_none")]
    pub planned_at: Option<DateTime<Utc>>,
}

impl Action {
    /// An action without the fields of a case's messages.
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
            planned_at: None,
        }
    }
}
