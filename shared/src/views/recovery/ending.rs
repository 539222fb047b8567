//! The end a person put to a recovery.

use serde::Serialize;

use crate::domain::kernel::id::CaseId;
use crate::domain::platform::action::ActionKind;
use crate::domain::platform::effect::EffectStatus;
use crate::domain::recovery::timeline::{CaseStatus, EndedBy};
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// A manual end of a recovery.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct EndingResultView {
    /// The case.
    pub case_id: CaseId,
    /// The status of the case.
    pub case_status: CaseStatus,
    /// What cancelled the case; null if it was not cancelled.
    pub ended_by: Option<EndedBy>,
    /// The name of this action within the case; numbered if Whop had refused an earlier one.
    #[cfg_attr(
        feature = "openapi",
        schemars(regex(
            pattern = r"^(case_cancelled|membership_cancelled|membership_terminated)(:[1-9][0-9]*)?$"
        ))
    )]
    pub operation: String,
    /// The kind of action.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::kinds_of_endings"))]
    pub kind: ActionKind,
    /// The status of the action.
    pub status: EffectStatus,
    /// The reason for its status: one of our codes, or the provider's reference if it is `done`.
    pub reason: Option<String>,
    /// Whether a person requested it.
    #[cfg_attr(feature = "openapi", schemars(extend("const" = true)))]
    pub manual: bool,
    /// When it was decided.
    pub at: Timestamp,
}
