//! Problem documents: why a request failed.

use serde::Serialize;

use crate::domain::recovery::settings::FieldError;

/// Why a request failed, as a problem document (RFC 9457).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ProblemView {
    /// Always `about:blank`: problems have no pages of their own.
    #[cfg_attr(feature = "openapi", schemars(extend("const" = "about:blank")))]
    pub r#type: &'static str,
    /// The reason phrase of the status code.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub title: &'static str,
    /// The status code of the response.
    #[cfg_attr(feature = "openapi", schemars(range(min = 400, max = 599)))]
    pub status: u16,
    /// What is wrong, as a sentence.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub detail: String,
    /// The ID of the request that failed. Quote it when you ask for help.
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^[!-~]{1,128}$")))]
    pub request_id: String,
    /// The fields that are wrong; present only with status 400, and only if the problem is in fields. If
    /// there are more than twenty, the last entry names no field and says `and … more`.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1, max = 20)))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl ProblemView {
    /// The document as JSON. Its fields can always be serialized; otherwise the body would be empty.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
