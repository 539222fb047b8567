//! Single sign-on with an OpenID Connect issuer.

use schemars::JsonSchema;
use serde_json::json;
use shared::views::EmptyView;
use shared::views::accounts::outcome::AuthorizationUrlView;
use shared::views::accounts::session::SessionView;

use crate::input::never_null;
use crate::operation::{Function, Operation, get, post};

pub(super) fn function() -> Function {
    Function {
        name: "single-sign-on",
        about: "Single sign-on with an OpenID Connect issuer.",
        unavailable: Some("IssuerUnavailable"),
        operations: vec![start_single_sign_on(), return_from_issuer(), finish_single_sign_on()],
    }
}

fn start_single_sign_on() -> Operation {
    post("/api/auth/oidc/start", "startSingleSignOn")
        .summary("Browser: start a sign-in at the issuer.")
        .about(
            "Returns the address to open in the browser. The state of the sign-in is kept in the encrypted \
             cookie `__Host-oidc` for ten minutes.",
        )
        .twice("The second sign-in replaces the first.")
        .body::<EmptyView>(json!({}))
        .optional()
        .answer::<AuthorizationUrlView>(
            200,
            "The address at which the user signs in.",
            json!({
                "authorization_url": "https://login.example.com/authorize?response_type=code&client_id=justonce&state=q83vEjRWeJA&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&redirect_uri=https%3A%2F%2Fapp.example.com%2Fapi%2Fauth%2Foidc%2Fcallback&scope=openid&nonce=mJCrze8SNFY",
            }),
        )
        .with_header("Set-Cookie", "SignOnCookie")
}

fn return_from_issuer() -> Operation {
    get("/api/auth/oidc/callback", "returnFromIssuer")
        .summary("Browser: return from the issuer.")
        .about(
            "An HTML page that sends the parameters of the issuer to the same path with POST. It changes \
             nothing by itself, because opening a link must not sign a user in.",
        )
        .twice("The same page is returned.")
}

fn finish_single_sign_on() -> Operation {
    post("/api/auth/oidc/callback", "finishSingleSignOn")
        .summary("Browser: complete the sign-in with the issuer's parameters.")
        .about(
            "Only the browser that started the sign-in can complete it, and only once: afterwards the \
             authorization code is no longer valid. The account is identified by the issuer's subject, and \
             its role is taken from the configured claim.",
        )
        .twice("The second request is refused, unless the first was answered with 503.")
        .bodies::<IssuerReturn>([
            (
                "code",
                "Signed in at the issuer",
                json!({
                    "code": "SplxlOBeZQQYbYS6WxSbIA", "state": "q83vEjRWeJA",
                }),
            ),
            ("error", "Refused by the issuer", json!({"error": "access_denied", "state": "q83vEjRWeJA"})),
        ])
        .answer::<SessionView>(
            200,
            "The new session.",
            json!({
                "account": {
                    "account_id": "oidc:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "role": "accountant", "company_id": "biz_a1B2c3",
                },
                "csrf_token": "5EuQmZ0a2b1m3X9kq7T8vY6wR4sN1oLcJdHfGgKeUiA",
                "created_at": "2026-07-20T10:00:00.000Z", "expires_at": "2026-07-20T22:00:00.000Z",
                "idle_expires_at": "2026-07-20T10:30:00.000Z",
            }),
        )
        .with_header("Set-Cookie", "SessionCookie")
        .fails(&["SignOnUnauthorized", "SignOnForbidden", "Changed"])
}

/// The parameters that the issuer added to the address to which it returned the browser.
#[derive(JsonSchema)]
#[schemars(transform = never_null)]
pub struct IssuerReturn {
    /// The authorization code, which is exchanged for an ID token.
    #[schemars(length(min = 1, max = 4096))]
    pub code: Option<String>,
    /// The `state` of the authorization request.
    #[schemars(length(min = 1, max = 4096))]
    pub state: String,
    /// The error code, if the issuer refused the sign-in.
    #[schemars(length(min = 1, max = 4096))]
    pub error: Option<String>,
    /// The identifier of the issuer, if it returns one (RFC 9207).
    #[schemars(length(min = 1, max = 4096))]
    pub iss: Option<String>,
}
