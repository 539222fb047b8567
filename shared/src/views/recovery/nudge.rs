//! A manual reminder and its outcome.

use serde::Serialize;

use crate::domain::kernel::id::CaseId;
use crate::domain::platform::action::{ActionKind, Channel};
use crate::domain::platform::effect::EffectStatus;
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// A manual reminder and its outcome.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct NudgeResultView {
    /// The ID of the case.
    pub case_id: CaseId,
    /// Identifies this reminder among the actions of the case.
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^nudge:[0-9a-f]{32}$")))]
    pub operation: String,
    /// The kind of message.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::kinds_of_nudges"))]
    pub kind: ActionKind,
    /// The delivery status of the reminder.
    pub status: EffectStatus,
    /// A code for why the reminder has this status, or the provider's reference if it is `done`.
    pub reason: Option<String>,
    /// The channel of the reminder.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::channels_of_nudges"))]
    pub channel: Option<Channel>,
    /// The position of this message among all messages of the case, scheduled and manual.
    #[cfg_attr(feature = "openapi", schemars(with = "u32", range(min = 1, max = 100)))]
    pub attempt_number: Option<u32>,
    /// The version of the message's template.
    #[cfg_attr(feature = "openapi", schemars(with = "u32", range(min = 1)))]
    pub template_version: Option<u32>,
    /// Always `true`, because a person requested the reminder.
    #[cfg_attr(feature = "openapi", schemars(extend("const" = true)))]
    pub manual: bool,
    /// When the reminder was decided on.
    pub at: Timestamp,
}
