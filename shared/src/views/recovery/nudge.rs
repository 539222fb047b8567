//! A manual reminder.

use serde::Serialize;

use crate::domain::kernel::id::CaseId;
use crate::domain::platform::action::{ActionKind, Channel};
use crate::domain::platform::effect::EffectStatus;
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// A manual reminder.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct NudgeResultView {
    /// The case.
    pub case_id: CaseId,
    /// The name of this action within the case.
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^nudge:[0-9a-f]{32}$")))]
    pub operation: String,
    /// The kind of action.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::kinds_of_nudges"))]
    pub kind: ActionKind,
    /// The status of the action.
    pub status: EffectStatus,
    /// The reason for its status: one of our codes, or the provider's reference if it is `done`.
    pub reason: Option<String>,
    /// The channel of the message.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::channels_of_nudges"))]
    pub channel: Option<Channel>,
    /// The number of the message within the case, counting scheduled and manual ones.
    #[cfg_attr(feature = "openapi", schemars(with = "u32", range(min = 1, max = 100)))]
    pub attempt_number: Option<u32>,
    /// The version of the text that was sent.
    #[cfg_attr(feature = "openapi", schemars(with = "u32", range(min = 1)))]
    pub template_version: Option<u32>,
    /// Whether a person requested it.
    #[cfg_attr(feature = "openapi", schemars(extend("const" = true)))]
    pub manual: bool,
    /// When it was decided.
    pub at: Timestamp,
}
