//! A reminder by hand.

use serde::Serialize;

use crate::domain::kernel::id::CaseId;
use crate::domain::platform::action::{ActionKind, Channel};
use crate::domain::platform::effect::EffectStatus;
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// A reminder by hand.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct NudgeResultView {
    /// The case.
    pub case_id: CaseId,
    /// What names this reminder among the case's actions.
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^nudge:[0-9a-f]{32}$")))]
    pub operation: String,
    /// What was done.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::kinds_of_nudges"))]
    pub kind: ActionKind,
    /// How far it is.
    pub status: EffectStatus,
    /// Why it is of this status, in one of our own words; or the provider's reference where it is `done`.
    pub reason: Option<String>,
    /// By which way.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::channels_of_nudges"))]
    pub channel: Option<Channel>,
    /// Which message of the case this is, by schedule and by hand alike.
    #[cfg_attr(feature = "openapi", schemars(with = "u32", range(min = 1, max = 100)))]
    pub attempt_number: Option<u32>,
    /// Which words were sent.
    #[cfg_attr(feature = "openapi", schemars(with = "u32", range(min = 1)))]
    pub template_version: Option<u32>,
    /// A person asked for it.
    #[cfg_attr(feature = "openapi", schemars(extend("const" = true)))]
    pub manual: bool,
    /// When it was decided.
    pub at: Timestamp,
}
