//! A step on a case, and what became of it.

use serde::Serialize;

use crate::domain::platform::action::{ActionKind, Actor, Channel};
use crate::domain::platform::effect::EffectStatus;
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// One audited step on a case, and what became of it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ActionView {
    /// What names the action within its case, for ever: the same operation is decided once.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["reminder:02:push", "incentive", "membership_cancelled"])))]
    pub operation: String,
    /// What was done.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::kinds_of_cases"))]
    pub kind: ActionKind,
    /// How far it is.
    pub status: EffectStatus,
    /// Why it is of this status, in one of our own words; or the provider's reference where it is `done`.
    pub reason: Option<String>,
    /// Counts the messages of the case, by schedule and by hand alike; null where it is no message.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1)))]
    pub attempt_number: Option<u32>,
    /// By which way it reaches the member; null where it is no message.
    pub channel: Option<Channel>,
    /// Which reminder, in days after the first failure; null for one by hand.
    #[cfg_attr(feature = "openapi", schemars(range(max = 30)))]
    pub offset_days: Option<u8>,
    /// Which words were sent. The words themselves are not kept.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1)))]
    pub template_version: Option<u32>,
    /// How many free days; null where it grants none.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1, max = 365)))]
    pub days: Option<u16>,
    /// Whether a person asked for it.
    pub manual: bool,
    /// Who decided it.
    pub actor: Actor,
    /// How many calls to the provider were made or tried.
    pub tries: u32,
    /// When it was decided.
    pub at: Timestamp,
    /// When it reached its end.
    pub ended_at: Option<Timestamp>,
}
