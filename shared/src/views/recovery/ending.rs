//! The end a person put to a recovery.

use serde::Serialize;

use crate::domain::kernel::id::CaseId;
use crate::domain::platform::action::ActionKind;
use crate::domain::platform::effect::EffectStatus;
use crate::domain::recovery::timeline::{CaseStatus, EndedBy};
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// The end a person put to a recovery.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct EndingResultView {
    /// The case.
    pub case_id: CaseId,
    /// Where the case stands.
    pub case_status: CaseStatus,
    /// By what the case was cancelled; null where it was not.
    pub ended_by: Option<EndedBy>,
    /// What names this ending among the case's actions; numbered where Whop had refused an earlier one.
    #[cfg_attr(
        feature = "openapi",
        schemars(regex(
            pattern = r"^(case_cancelled|membership_cancelled|membership_terminated)(:[1-9][0-9]*)?$"
        ))
    )]
    pub operation: String,
    /// What was done.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::kinds_of_endings"))]
    pub kind: ActionKind,
    /// How far it is.
    pub status: EffectStatus,
    /// Why it is of this status, in one of our own words; or the provider's reference where it is `done`.
    pub reason: Option<String>,
    /// A person asked for it.
    #[cfg_attr(feature = "openapi", schemars(extend("const" = true)))]
    pub manual: bool,
    /// When it was decided.
    pub at: Timestamp,
}
