//! The manual ending of a recovery.

use serde::Serialize;

use crate::domain::kernel::id::CaseId;
use crate::domain::platform::action::ActionKind;
use crate::domain::platform::effect::EffectStatus;
use crate::domain::recovery::timeline::{CaseStatus, EndedBy};
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// The manual ending of a recovery and its outcome.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct EndingResultView {
    /// The ID of the case.
    pub case_id: CaseId,
    /// The status of the case.
    pub case_status: CaseStatus,
    /// What cancelled the case; `null` if it was not cancelled.
    pub ended_by: Option<EndedBy>,
    /// What names this ending among the case's actions; numbered where Whop had refused an earlier one.
    #[cfg_attr(
        feature = "openapi",
        schemars(regex(
            pattern = r"^(case_cancelled|membership_cancelled|membership_terminated)(:[1-9][0-9]*)?$"
        ))
    )]
    /// Identifies this ending among the actions of the case. It has a number if Whop refused an earlier
    /// attempt.
    pub operation: String,
    /// What the action does.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::kinds_of_endings"))]
    pub kind: ActionKind,
    /// The delivery status of the action.
    pub status: EffectStatus,
    /// A code for why the action has this status, or the provider's reference if it is `done`.
    pub reason: Option<String>,
    /// Always `true`, because a person requested the ending.
    #[cfg_attr(feature = "openapi", schemars(extend("const" = true)))]
    pub manual: bool,
    /// When the ending was decided on.
    pub at: Timestamp,
}
