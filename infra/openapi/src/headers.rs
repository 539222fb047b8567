//! The headers of responses, and the security schemes.

use serde_json::{Map, Value, json};

/// References to headers, by the names under which they are sent.
pub fn references(headers: &[(&str, &str)]) -> Map<String, Value> {
    let reference = |(header, name): &(&str, &str)| {
        ((*header).to_owned(), json!({"$ref": format!("#/components/headers/{name}")}))
    };
    headers.iter().map(reference).collect()
}

/// The response headers, each under its name in the document.
pub fn headers() -> Value {
    json!({
        "RequestId": {
            "description": "The ID of the request, as in the log. The server assigns it; an ID sent by a client is ignored.",
            "required": true, "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
            "example": "8f14e45f-ceea-467f-a8d1-0a6b7c3d2e10",
        },
        "SessionCookie": {
            "description": "The session cookie. It is bound to this host and not readable by scripts.", "required": true,
            "schema": {
                "type": "string",
                "pattern": "^__Host-session=[A-Za-z0-9_-]{22}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=43200$",
            },
            "example": "__Host-session=AAAAAAAAAAAAAAAAAAAAAA; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=43200",
        },
        "ExpiredCookie": {
            "description": "Deletes the session cookie.", "required": true, "schema": {"type": "string"},
            "example": "__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
        },
        "SignOnCookie": {
            "description": "The state of the sign-in, encrypted. The cookie is bound to this host and not readable by scripts.",
            "required": true,
            "schema": {
                "type": "string",
                "pattern": "^__Host-oidc=v1\\.[0-9a-f]+\\.[A-Za-z0-9+/=]+; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$",
            },
            "example": "__Host-oidc=v1.0a1b2c3d.AAAAAAAAAAAAAAAA; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600",
        },
        "PagePolicy": {
            "description": "The content security policy of the page, with the nonce of this response.", "required": true,
            "schema": {"type": "string"},
            "example": "default-src 'none'; script-src 'nonce-AAAAAAAAAAAAAAAAAAAAAA'; style-src 'nonce-AAAAAAAAAAAAAAAAAAAAAA'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
        },
        "IdempotencyReplayed": {
            "description": "`true` if this is the stored first response, byte for byte; absent otherwise. A problem document then contains the ID of the first request.",
            "schema": {"type": "string", "const": "true"}, "example": "true",
        },
        "RetryAfter": {
            "description": "The number of seconds to wait before a retry.", "schema": {"type": "integer", "minimum": 1},
            "example": 2,
        },
        "ContentDisposition": {
            "description": "The name of the file, with the date (UTC) of the export.", "required": true,
            "schema": {"type": "string", "pattern": "^attachment; filename=\"cases-\\d{4}-\\d{2}-\\d{2}\\.csv\"$"},
            "example": "attachment; filename=\"cases-2026-07-21.csv\"",
        },
    })
}

/// The ways in which callers authenticate.
pub fn security_schemes() -> Value {
    json!({
        "whopUser": {
            "type": "apiKey", "in": "header", "name": "x-whop-user-token",
            "description": "The token (ES256) that Whop adds to requests from its iframe. It identifies the user. Use it with `whopCompany`: Whop must confirm that the user administers the company, and the confirmation is cached for at most 60 seconds.",
        },
        "whopCompany": {
            "type": "apiKey", "in": "header", "name": "x-company-id",
            "description": "The company that the request is about, such as `biz_a1B2c3`. Required with `whopUser`, because the token names no company.",
        },
        "session": {
            "type": "apiKey", "in": "cookie", "name": "__Host-session",
            "description": "The session cookie from signing in. A request that is not a GET must also send the session's CSRF token in `x-csrf-token` and come from an allowed origin.",
        },
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "A token from an issuer in `BEARER_ISSUERS`, signed with one of its published keys. Role and company are taken from its claims.",
        },
        "schedulerSecret": {
            "type": "http", "scheme": "bearer",
            "description": "One of the secrets in `CRON_SECRET`, sent as `Authorization: Bearer`. If none is configured, every request is refused. EventBridge Scheduler invokes the function directly instead, authorized by IAM.",
        },
        "onCallKey": {
            "type": "http", "scheme": "bearer",
            "description": "A key in `ON_CALL_KEYS`, sent as `Authorization: Bearer`, for the people on call. It needs no session and opens only the operations that list it. It acts in `PLATFORM_COMPANY_ID`, or in the company that `x-company-id` names. Every change is audited under `on_call:` and the name of the key.",
        },
        "standardWebhooks": {
            "type": "apiKey", "in": "header", "name": "webhook-signature",
            "description": "Standard Webhooks: one or more signatures `v1,<base64>`, separated by spaces. Each is the HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}` with the webhook secret. Sources other than Whop may send `v1a,<base64>`, an Ed25519 signature of the same text, which is verified with their public key. The headers `webhook-id` and `webhook-timestamp` are required. The same three headers with Svix's names (`svix-id`, `svix-timestamp`, `svix-signature`) are accepted as well: one set must be complete, and headers of both sets are never combined. If any of these headers is sent, this scheme must be satisfied.",
        },
        "stripeWebhook": {
            "type": "apiKey", "in": "header", "name": "stripe-signature",
            "description": "Stripe's scheme: `t=<unix seconds>,v1=<hex>[,v1=<hex>]`. Each signature is the HMAC-SHA256 of `{t}.{body}` with the text of the whole webhook secret. The time may differ from the current time by at most 300 seconds. Signatures of versions other than `v1` are ignored.",
        },
        "whopWebhook": {
            "type": "apiKey", "in": "header", "name": "x-whop-signature",
            "description": "Whop's older scheme: `t=<unix seconds>,v1=<hex>`. The signature is the HMAC-SHA256 of `{t}.{body}` with the webhook secret. The time may differ from the current time by at most 300 seconds.",
        },
    })
}
