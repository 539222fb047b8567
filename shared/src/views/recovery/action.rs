//! An audited action of a case, with its result.

use serde::Serialize;

use crate::domain::platform::action::{ActionKind, Actor, Channel};
use crate::domain::platform::effect::EffectStatus;
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// An audited action of a case, with its result.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ActionView {
    /// The permanent name of the action within its case: an operation is decided once.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["reminder:02:push", "incentive", "membership_cancelled"])))]
    pub operation: String,
    /// The kind of action.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::kinds_of_cases"))]
    pub kind: ActionKind,
    /// The status of the action.
    pub status: EffectStatus,
    /// The reason for its status: one of our codes, or the provider's reference if it is `done`.
    pub reason: Option<String>,
    /// The number of the message within the case, counting scheduled and manual ones; null if it is no
    /// message.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1)))]
    pub attempt_number: Option<u32>,
    /// The channel; null if it is no message.
    pub channel: Option<Channel>,
    /// The reminder, in days after the first failure; null for a manual one.
    #[cfg_attr(feature = "openapi", schemars(range(max = 30)))]
    pub offset_days: Option<u8>,
    /// The version of the text that was sent. The text itself is not stored.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1)))]
    pub template_version: Option<u32>,
    /// The number of free days; null if it grants none.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1, max = 365)))]
    pub days: Option<u16>,
    /// Whether a person requested it.
    pub manual: bool,
    /// The person, job or event that caused it.
    pub actor: Actor,
    /// The number of calls to the provider, including attempts.
    pub tries: u32,
    /// When it was decided.
    pub at: Timestamp,
    /// When its status became final.
    pub ended_at: Option<Timestamp>,
}
