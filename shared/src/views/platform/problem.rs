//! Why a request was not done.

use serde::Serialize;

use crate::domain::recovery::settings::FieldError;

/// Why a request failed (RFC 9457).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ProblemView {
    /// There is no page that describes the problem.
    #[cfg_attr(feature = "openapi", schemars(extend("const" = "about:blank")))]
    pub r#type: &'static str,
    /// The text of the status.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub title: &'static str,
    /// The status of the answer.
    #[cfg_attr(feature = "openapi", schemars(range(min = 400, max = 599)))]
    pub status: u16,
    /// A description of the error.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub detail: String,
    /// The id of the failed request; quote it in a support request.
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^[!-~]{1,128}$")))]
    pub request_id: String,
    /// The invalid fields; only with status 400, and only if a field is invalid. At most twenty: a further
    /// entry names no field and says `and … more`.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1, max = 20)))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl ProblemView {
    /// The document as bytes. Its fields always serialize; otherwise the body would be empty.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
