//! The general part of the document.

use serde_json::{Value, json};

const ABOUT: &str = "\
Payment operations for small online businesses, each done exactly once. The service recovers failed renewals: when \
Whop reports that a charge failed, it reminds the member on the days that you choose, grants free days once if you \
want, and reports what was recovered. It also takes bookings whose payment is authorized until the professional \
answers, and pays the professionals through Stripe.\n\n\
**Format.** JSON in UTF-8, with names in `snake_case`. Times are RFC 3339 in UTC with milliseconds. Amounts are \
integers in the minor unit of their currency, which is a lower-case ISO 4217 code. Unknown fields are refused, and \
so are unknown, empty and repeated parameters on routes that take parameters. A body may be nested at most 64 levels \
deep, and no name in it may begin with `$serde_json::private::`, which the parser reserves.\n\n\
**Errors.** Every 4xx and 5xx response is a problem document (RFC 9457) with the ID of the request, except that a \
failed health check answers 503 with its report. A resource that does not exist and a resource of another company \
get the same response. An unknown path gets 404, and an unsupported method gets 405 with `Allow`.\n\n\
**Idempotency.** Every description says what happens if the request is sent twice. Routes that change something for \
an owner accept an `Idempotency-Key`.\n\n\
**Lists.** Requests take `limit` and `cursor`; responses contain `data` and `next_cursor`.\n\n\
**Headers.** Every response has `x-request-id`, `strict-transport-security`, `x-content-type-options`, \
`x-frame-options`, `content-security-policy`, `referrer-policy`, `permissions-policy`, \
`cross-origin-resource-policy` and `cache-control: no-store`.";

/// Everything except the operations and their components.
pub fn info() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "justonce", "version": env!("CARGO_PKG_VERSION"),
            "summary": "Recovers failed renewals and pays out bookings, exactly once.", "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/", "description": "The server that this document was read from."}],
    })
}
