//! Signing in at an issuer of OpenID Connect.

use schemars::JsonSchema;
use serde_json::json;
use shared::views::EmptyView;
use shared::views::accounts::outcome::AuthorizationUrlView;
use shared::views::accounts::session::SessionView;

use crate::input::never_null;
use crate::operation::{Function, get, post};

pub(super) fn function() -> Function {
    Function {
        name: "single-sign-on",
        about: "Signing in at an issuer of OpenID Connect.",
        unavailable: Some("IssuerUnavailable"),
        operations: vec![
            post("/api/auth/oidc/start", "startSingleSignOn")
                .summary("Browser: begin to sign in at the issuer.")
                .about("Go to the address that is answered. What was begun travels sealed in the cookie \
                     `__Host-oidc`, for ten minutes.")
                .twice("the second beginning takes the place of the first.")
                .body::<EmptyView>(json!({}))
                .optional()
                .answer::<AuthorizationUrlView>(
                    200,
                    "Where to go.",
                    json!({
                        "authorization_url": "https://login.example.com/authorize?response_type=code&client_id=justonce&state=q83vEjRWeJA&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&redirect_uri=https%3A%2F%2Fapp.example.com%2Fapi%2Fauth%2Foidc%2Fcallback&scope=openid&nonce=mJCrze8SNFY",
                    }),
                )
                .with_header("Set-Cookie", "BegunCookie"),
            get("/api/auth/oidc/callback", "returnFromIssuer")
                .summary("Browser: return from the issuer.")
                .about("A page that sends what the issuer gave the browser to the same path by POST. It changes \
                     nothing by itself, because a link must not sign anybody in.")
                .twice("the same page again."),
            post("/api/auth/oidc/callback", "finishSingleSignOn")
                .summary("Browser: finish signing in with the issuer's code.")
                .about("Only the browser that began can finish, and once: a code that was answered is used up \
                     here and at the issuer. The account is that of the issuer's subject, its role that of the \
                     configured claim.")
                .twice("refused, unless the first was answered with 503.")
                .bodies::<IssuerReturn>([
                    ("code", "Signed in there", json!({
                        "code": "SplxlOBeZQQYbYS6WxSbIA", "state": "q83vEjRWeJA",
                    })),
                    ("error", "Denied there", json!({"error": "access_denied", "state": "q83vEjRWeJA"})),
                ])
                .answer::<SessionView>(
                    200,
                    "Signed in.",
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
                .fails(&["SignOnUnproven", "SignOnForbidden", "Changed"]),
        ],
    }
}

/// The parameters that the issuer added to the redirect.
#[derive(JsonSchema)]
#[schemars(transform = never_null)]
pub struct IssuerReturn {
    /// The code that is exchanged for the id token.
    #[schemars(length(min = 1, max = 4096))]
    pub code: Option<String>,
    /// The state of the sign-in.
    #[schemars(length(min = 1, max = 4096))]
    pub state: String,
    /// Why the sign-in was refused.
    #[schemars(length(min = 1, max = 4096))]
    pub error: Option<String>,
    /// The issuer's name, where it gives it (RFC 9207).
    #[schemars(length(min = 1, max = 4096))]
    pub iss: Option<String>,
}
