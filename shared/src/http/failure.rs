//! Why a request fails: one enum whose variants map to a status.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::domain::kernel::provider::Provider;
use crate::domain::recovery::settings::FieldError;
use crate::providers::call::{CallError, ProviderError};
use crate::store::StoreError;
use crate::vault::VaultError;
use crate::views::platform::problem::ProblemView;

/// The media type of a problem document (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A failure that becomes a problem document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// 400: malformed or invalid input, with the affected fields if they are known.
    Invalid {
        detail: String,
        errors: Vec<FieldError>,
    },
    /// 401: missing or invalid credentials.
    Unauthorized(&'static str),
    /// 403: authenticated but not allowed.
    Forbidden(&'static str),
    /// 404: absent, or another company's; the answer does not tell which.
    Absent,
    /// 409: the resource's status does not allow it.
    Conflict(String),
    /// 409: another request is changing it right now; a retry may succeed.
    Busy(&'static str),
    /// 413: more than the limit.
    TooLarge,
    NotJson,
    /// 429: the rate limit is exceeded.
    TooMany {
        retry_after_seconds: u32,
    },
    /// 422: the idempotency key was used for another request.
    KeyReused,
    /// 500: a fault of ours; the reason goes to the log only.
    Internal(String),
    /// 503: a feature is off, because an environment variable is not set.
    NotConfigured {
        /// The service that is not configured, such as `Stripe`.
        service: &'static str,
        variable: &'static str,
    },
    /// 503: a retry may succeed; the reason goes to the log only.
    Unavailable {
        detail: &'static str,
        reason: String,
    },
}

/// `Retry-After` of 503 and of a key in progress, in seconds.
const RETRY_AFTER_SECONDS: u32 = 2;

/// The most input errors in a problem document, the last one counting those left out.
const MAX_LISTED_ERRORS: usize = 20;

/// `WWW-Authenticate`, which a 401 must have (RFC 9110): bearer is the only HTTP scheme that we accept.
const CHALLENGE: &str = "Bearer realm=\"justonce\"";

/// The answer to a webhook without a signature.
pub const UNSIGNED: &str = "A signature header is missing.";

impl Failure {
    pub const STRIPE_NOT_CONFIGURED: Self =
        Self::NotConfigured { service: "Stripe", variable: "STRIPE_SECRET_KEY" };

    /// Whop cannot be queried without this environment variable.
    pub fn whop_not_configured(variable: &'static str) -> Self {
        Self::NotConfigured { service: "Whop", variable }
    }

    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::Invalid { detail: detail.into(), errors: Vec::new() }
    }

    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid {
            detail: "The request is not valid.".to_owned(),
            errors: vec![FieldError::new(field, message)],
        }
    }

    /// 503: a setting is invalid; the reason, which names it, goes to the log only.
    pub fn misconfigured(reason: String) -> Self {
        Self::Unavailable { detail: "The service is not configured correctly.", reason }
    }

    pub fn fields(errors: Vec<FieldError>) -> Self {
        Self::Invalid { detail: "The request is not valid.".to_owned(), errors }
    }

    pub fn status(&self) -> StatusCode {
        match self {
            Self::Invalid { .. } => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Absent => StatusCode::NOT_FOUND,
            Self::Conflict(_) | Self::Busy(_) => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable { .. } | Self::NotConfigured { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub fn problem(&self, request_id: &str) -> ProblemView {
        let errors = match self {
            Self::Invalid { errors, .. } => listed(errors),
            _ => Vec::new(),
        };
        ProblemView { errors, ..problem(self.status(), &self.detail(), request_id) }
    }

    fn detail(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::Invalid { detail, .. } | Self::Conflict(detail) => detail,
            Self::Unauthorized(detail) | Self::Forbidden(detail) | Self::Busy(detail) => detail,
            Self::Unavailable { detail, .. } => detail,
            Self::Absent => "There is no such resource.",
            Self::TooLarge => "The body is larger than 256 KiB.",
            Self::NotJson => "Send JSON, with content-type application/json.",
            Self::TooMany { .. } => "Too many requests. Wait as long as Retry-After says, then try again.",
            Self::KeyReused => "This Idempotency-Key was used for another request.",
            Self::Internal(_) => "Something went wrong on our side. The request id helps us find it.",
            Self::NotConfigured { service, variable } => {
                return Cow::Owned(format!("{service} is not configured ({variable})."));
            }
        })
    }

    /// Whether a retry of the same request may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::TooMany { .. }) || self.status().is_server_error()
    }

    /// The reason for the log, which the client does not see.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Internal(reason) | Self::Unavailable { reason, .. } => Some(reason),
            Self::NotConfigured { variable, .. } => Some(variable),
            _ => None,
        }
    }
}

/// The first errors and a count of the rest, so that thousands of errors do not make a huge answer.
fn listed(errors: &[FieldError]) -> Vec<FieldError> {
    if errors.len() <= MAX_LISTED_ERRORS {
        return errors.to_vec();
    }
    let mut listed = errors[..MAX_LISTED_ERRORS - 1].to_vec();
    listed.push(FieldError::new("", format!("and {} more", errors.len() - listed.len())));
    listed
}

/// Builds a problem document.
pub fn problem(status: StatusCode, detail: &str, request_id: &str) -> ProblemView {
    ProblemView {
        r#type: "about:blank",
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        detail: detail.to_owned(),
        request_id: request_id.to_owned(),
        errors: Vec::new(),
    }
}

/// The response has no body yet: the middleware knows the request id and writes the document.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let retry_after_seconds = match self {
            Self::Unavailable { .. } | Self::NotConfigured { .. } | Self::Busy(_) => {
                Some(RETRY_AFTER_SECONDS)
            }
            Self::TooMany { retry_after_seconds } => Some(retry_after_seconds),
            _ => None,
        };
        if let Some(seconds) = retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if matches!(self, Self::Unauthorized(_)) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
        }
        response.extensions_mut().insert(std::sync::Arc::new(self));
        response
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { .. } => {
                Self::Busy("Another request changed it at the same time. Try again.")
            }
            StoreError::Shape(_) => Self::Internal(error.to_string()),
            StoreError::Unconfigured => Self::NotConfigured { service: "The table", variable: "TABLE_NAME" },
            StoreError::Unavailable(_) => Self::Unavailable {
                detail: "The table does not answer. Try again.",
                reason: error.to_string(),
            },
        }
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Unconfigured => {
                Self::NotConfigured { service: "Encryption", variable: "ENCRYPTION_KEY" }
            }
            other => Self::misconfigured(other.to_string()),
        }
    }
}

/// Only a [`ProviderError`] becomes an answer, because the text must name the provider.
impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        if error.error == CallError::Absent {
            return Self::Absent;
        }
        let detail = match error.provider {
            Provider::Whop => "Whop does not answer. Try again.",
            Provider::Stripe => "Stripe does not answer. Try again.",
            Provider::Resend => "Resend does not answer. Try again.",
        };
        Self::Unavailable { detail, reason: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_errors_are_listed_and_of_more_the_last_entry_counts_the_rest() {
        for (errors, entries, last) in [(1, 1, "wrong"), (20, 20, "wrong"), (21, 20, "and 2 more")] {
            let failure = Failure::fields(vec![FieldError::new("a", "wrong"); errors]);
            let listed = failure.problem("id").errors;
            assert_eq!((listed.len(), listed[entries - 1].message.as_str()), (entries, last));
        }
    }
}
