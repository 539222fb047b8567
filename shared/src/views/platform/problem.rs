//! Why a request was not done.

use serde::Serialize;

use crate::domain::recovery::settings::FieldError;

/// Why a request was not done (RFC 9457).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ProblemView {
    /// There is nothing to read about it elsewhere.
    #[cfg_attr(feature = "openapi", schemars(extend("const" = "about:blank")))]
    pub r#type: &'static str,
    /// The words of the status.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub title: &'static str,
    /// The status of the answer.
    #[cfg_attr(feature = "openapi", schemars(range(min = 400, max = 599)))]
    pub status: u16,
    /// What is wrong, in words.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub detail: String,
    /// Names the request that met the problem; quote it when asking for help.
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^[!-~]{1,128}$")))]
    pub request_id: String,
    /// What is wrong where; only with status 400, and only where a field is to blame. Of more than twenty the
    /// last entry names no field and says `and … more`.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1, max = 20)))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl ProblemView {
    /// The document as it is sent. Its fields always serialize; were one not to, the body is empty.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
