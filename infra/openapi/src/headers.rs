//! The headers of answers, and the security schemes.

use serde_json::{Map, Value, json};

/// References to headers, by the names under which they are sent.
pub fn references(headers: &[(&str, &str)]) -> Map<String, Value> {
    let reference = |(header, name): &(&str, &str)| {
        ((*header).to_owned(), json!({"$ref": format!("#/components/headers/{name}")}))
    };
    headers.iter().map(reference).collect()
}

/// The headers of answers, each under its name.
pub fn headers() -> Value {
    json!({
        "RequestId": {
            "description": "Names the request, here and in the log. The platform gives it; one that a client sends is not taken.",
            "required": true, "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
            "example": "8f14e45f-ceea-467f-a8d1-0a6b7c3d2e10",
        },
        "SessionCookie": {
            "description": "The session, for this host only, out of reach of scripts.", "required": true,
            "schema": {
                "type": "string",
                "pattern": "^__Host-session=[A-Za-z0-9_-]{22}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=43200$",
            },
            "example": "__Host-session=AAAAAAAAAAAAAAAAAAAAAA; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=43200",
        },
        "ExpiredCookie": {
            "description": "Takes the browser's cookie away.", "required": true, "schema": {"type": "string"},
            "example": "__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
        },
        "BegunCookie": {
            "description": "What was begun, sealed, for this host only, out of reach of scripts.",
            "required": true,
            "schema": {
                "type": "string",
                "pattern": "^__Host-oidc=v1\\.[0-9a-f]+\\.[A-Za-z0-9+/=]+; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$",
            },
            "example": "__Host-oidc=v1.0a1b2c3d.AAAAAAAAAAAAAAAA; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600",
        },
        "PagePolicy": {
            "description": "What the page may do, with a nonce of this answer.", "required": true,
            "schema": {"type": "string"},
            "example": "default-src 'none'; script-src 'nonce-AAAAAAAAAAAAAAAAAAAAAA'; style-src 'nonce-AAAAAAAAAAAAAAAAAAAAAA'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
        },
        "IdempotencyReplayed": {
            "description": "`true` where this is the first answer again, byte for byte; absent otherwise. A problem then names the first request's id.",
            "schema": {"type": "string", "const": "true"}, "example": "true",
        },
        "RetryAfter": {
            "description": "After how many seconds to try again.", "schema": {"type": "integer", "minimum": 1},
            "example": 2,
        },
        "ContentDisposition": {
            "description": "The file's name, with the day (UTC) of the export.", "required": true,
            "schema": {"type": "string", "pattern": "^attachment; filename=\"cases-\\d{4}-\\d{2}-\\d{2}\\.csv\"$"},
            "example": "attachment; filename=\"cases-2026-07-21.csv\"",
        },
    })
}

/// The schemes of authentication.
pub fn security_schemes() -> Value {
    json!({
        "whopUser": {
            "type": "apiKey", "in": "header", "name": "x-whop-user-token",
            "description": "The token that Whop puts on requests from its frame (ES256): it proves who asks. With `whopCompany`: Whop confirms that this user administers this company; its word is believed for at most 60 seconds.",
        },
        "whopCompany": {
            "type": "apiKey", "in": "header", "name": "x-company-id",
            "description": "The company that is asked about, such as `biz_a1B2c3`. The token names none, so it is always needed beside `whopUser`.",
        },
        "session": {
            "type": "apiKey", "in": "cookie", "name": "__Host-session",
            "description": "The cookie from signing in. A changing request also bears the session's token in `x-csrf-token`, and comes from a page of an allowed origin.",
        },
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "A token of an issuer in `BEARER_ISSUERS`, signed by one of its published keys; role and company come from its claims.",
        },
        "schedulerSecret": {
            "type": "http", "scheme": "bearer",
            "description": "`Authorization: Bearer` and one of the secrets in `CRON_SECRET`. With none configured every request is refused. EventBridge Scheduler invokes the function directly instead, let in by IAM.",
        },
        "standardWebhooks": {
            "type": "apiKey", "in": "header", "name": "webhook-signature",
            "description": "Standard Webhooks: one or more `v1,<base64>`, separated by spaces. HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}` with the webhook secret; sources but Whop may send `v1a,<base64>`, ed25519 over the same, held against their public key. Needs the headers `webhook-id` and `webhook-timestamp`. The same three under Svix's names (`svix-id`, `svix-timestamp`, `svix-signature`) are as good: one family has to be complete, and headers of two never count together. Where any of them is sent, this scheme has to hold.",
        },
        "stripeWebhook": {
            "type": "apiKey", "in": "header", "name": "stripe-signature",
            "description": "Stripe's scheme: `t=<unix seconds>,v1=<hex>[,v1=<hex>]`. HMAC-SHA256 over `{t}.{body}` with the text of the whole webhook secret. At most 300 seconds from now in either direction; other versions than `v1` count nothing.",
        },
        "whopWebhook": {
            "type": "apiKey", "in": "header", "name": "x-whop-signature",
            "description": "Whop's older scheme: `t=<unix seconds>,v1=<hex>`. HMAC-SHA256 over `{t}.{body}` with the webhook secret. At most 300 seconds from now in either direction.",
        },
    })
}
