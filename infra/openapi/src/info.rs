//! The description of the service as a whole.

use serde_json::{Value, json};

const ABOUT: &str = "\
The money jobs of small online businesses, each done exactly once. This version recovers failed renewals: it learns \
from Whop that a charge failed, reminds the member on the days you choose, grants free days once if you want, and \
counts the recovered revenue.\n\n\
**Shape.** JSON in UTF-8, `snake_case`. Times are RFC 3339 in UTC with milliseconds. Money is an integer in the \
minor unit of its currency and a lower-case ISO 4217 code. Unknown fields are refused, and so are parameters that \
are unknown, empty or given twice wherever a route takes parameters. A body is nested at most 64 levels deep, and \
no name in it begins with `$serde_json::private::`, which the parser keeps for itself.\n\n\
**Errors.** Every 4xx and 5xx is a problem document (RFC 9457) with the request's id; only the health checks \
answer 503 with their report. An absent object and one of another company get the same answer. A path that is no \
route answers 404, a wrong method 405 with `Allow`.\n\n\
**Sending twice.** Every description says what happens. Routes that change something for an owner take an \
`Idempotency-Key`.\n\n\
**Lists.** `limit` and `cursor` ask, `data` and `next_cursor` answer.\n\n\
**Headers.** Every answer has `x-request-id`, `strict-transport-security`, `x-content-type-options`, \
`x-frame-options`, `content-security-policy`, `referrer-policy`, `permissions-policy`, \
`cross-origin-resource-policy` and `cache-control: no-store`.";

/// Everything except the operations and their schemas.
pub fn info() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "justonce", "version": env!("CARGO_PKG_VERSION"),
            "summary": "Failed renewals, recovered once.", "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/", "description": "Where this document was read from."}],
    })
}
