//! An action on a case and its outcome.

use serde::Serialize;

use crate::domain::platform::action::{ActionKind, Actor, Channel};
use crate::domain::platform::effect::EffectStatus;
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// An audited action on a case and its outcome.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ActionView {
    /// Identifies the action within its case, permanently. An operation is decided only once.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["reminder:02:push", "incentive", "membership_cancelled"])))]
    pub operation: String,
    /// What the action does.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::kinds_of_cases"))]
    pub kind: ActionKind,
    /// The delivery status of the action.
    pub status: EffectStatus,
    /// A code for why the action has this status, or the provider's reference if it is `done`.
    pub reason: Option<String>,
    /// The position of this message among all messages of the case, scheduled and manual; `null` if the
    /// action sends no message.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1)))]
    pub attempt_number: Option<u32>,
    /// The channel of the message; `null` if the action sends no message.
    pub channel: Option<Channel>,
    /// The scheduled reminder, as the number of days after the first failure; `null` for any other action.
    #[cfg_attr(feature = "openapi", schemars(range(max = 30)))]
    pub offset_days: Option<u8>,
    /// The version of the message's template; `null` if the action sends no message. The text itself is not
    /// stored.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1)))]
    pub template_version: Option<u32>,
    /// The number of free days granted; `null` if the action grants none.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1, max = 365)))]
    pub days: Option<u16>,
    /// Whether a person requested the action.
    pub manual: bool,
    /// Who decided on the action.
    pub actor: Actor,
    /// The number of calls to the provider that were made or attempted.
    pub tries: u32,
    /// When the action was decided on.
    pub at: Timestamp,
    /// When the action reached a final status; `null` until then.
    pub ended_at: Option<Timestamp>,
}
