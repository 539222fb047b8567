//! All problem documents that operations may answer with, by the names that `fails` and the rules use.

use super::{Problem, problem};

pub(super) fn catalogue() -> Vec<Problem> {
    [requests(), unauthorized(), accounts(), recovery(), bookings(), payouts(), operations(), unavailable()]
        .into_iter()
        .flatten()
        .collect()
}

/// Problems of requests to any route.
#[rustfmt::skip]
fn requests() -> Vec<Problem> {
    vec![
        problem("Invalid", 400, "The request is malformed or contains an invalid value.")
            .fields("field", "An invalid value", &[("limit", "expected a whole number from 1 to 100")])
            .fields("unknown", "An unknown parameter", &[("staus", "unknown parameter")])
            .detail("unreadable", "An unreadable request", "The body broke off before its end."),
        problem("Forbidden", 403,
            "The origin is not allowed, the CSRF token is missing or belongs to another session, or the role does \
             not permit the operation.")
            .detail("origin", "The origin is not allowed", "This origin may not call the API.")
            .detail("role", "The role does not permit the operation", "Your role does not allow this.")
            .detail("csrf", "No valid CSRF token", "The header x-csrf-token is missing or does not match the session."),
        problem("NotFound", 404,
            "The resource does not exist or belongs to another company. The response does not say which.")
            .detail("absent", "No such resource", "There is no such resource."),
        problem("NotFoundKept", 404,
            "The resource does not exist or belongs to another company. The response does not say which.")
            .kept()
            .detail("absent", "No such resource", "There is no such resource."),
        problem("TooLarge", 413, "The body is larger than 256 KiB.")
            .detail("large", "The body is too large", "The body is larger than 256 KiB."),
        problem("NotJson", 415, "The content type of the body is not `application/json`.")
            .detail("media_type", "Another content type", "Send JSON, with content-type application/json."),
        problem("KeyReused", 422, "The `Idempotency-Key` was used for a request with another body.")
            .detail("reused", "A reused key", "This Idempotency-Key was used for another request."),
        problem("TooMany", 429, "The rate limit was exceeded.")
            .detail(
                "often", "The rate limit was exceeded",
                "Too many requests. Wait as long as Retry-After says, then try again.",
            ),
        problem("Internal", 500, "An error of the server. The log contains the cause under the ID of the request.")
            .detail(
                "internal", "An error of the server",
                "Something went wrong on our side. The request id helps us find it.",
            ),
    ]
}

/// Requests without valid credentials.
#[rustfmt::skip]
fn unauthorized() -> Vec<Problem> {
    vec![
        problem("WrongPassword", 401,
            "The name or the password is wrong, or the address is not confirmed. The response does not say which.")
            .detail("wrong", "The name or the password is wrong", "The name or the password is wrong."),
        problem("SessionUnauthorized", 401,
            "There is no session, or it has ended or expired. The response does not say which.")
            .detail("session", "No session", "The request carries no valid credentials."),
        problem("SignOnUnauthorized", 401, "The issuer's response does not prove an identity.")
            .detail(
                "started", "Started in another browser, or too long ago",
                "This sign-in was not started in this browser, or too long ago. Start again.",
            )
            .detail(
                "code", "The authorization code was already used",
                "The issuer rejected the authorization code. Start again.",
            )
            .detail(
                "token", "The ID token is not valid",
                "The issuer's answer does not prove your identity. Start again.",
            ),
        problem("OwnerUnauthorized", 401,
            "The credentials are missing or invalid, or do not belong to this company. A Whop user who does not \
             administer the company gets the same response.")
            .detail("token", "No valid token", "The user token is not valid.")
            .detail("company", "No company", "The header x-company-id is missing or names no company.")
            .detail(
                "access", "The user does not administer the company",
                "Whop does not confirm that you administer this company.",
            ),
        problem("SchedulerUnauthorized", 401, "The scheduler's secret is missing or wrong, or none is configured.")
            .detail("secret", "The secret is wrong", "The scheduler's secret is missing or wrong."),
        problem("WebhookUnauthorized", 401, "The signature is missing, too old or wrong.")
            .detail("missing", "No signature", "A signature header is missing.")
            .detail("stale", "The signature is too old", "The signature is not of the last five minutes.")
            .detail("mismatch", "The signature is wrong", "The signature does not match the body."),
    ]
}

#[rustfmt::skip]
fn accounts() -> Vec<Problem> {
    vec![
        problem("InvalidAccount", 400, "The request is malformed or contains an invalid value.")
            .fields("field", "The password is too short", &[("password", "is shorter than 12 characters")])
            .detail("not_json", "The body is not JSON", "The body is not JSON: line 1, column 17."),
        problem("InvalidLink", 400,
            "The link is not valid: it was used, has expired, was replaced by a newer one, or was never issued. The \
             response does not say which. Or the request is malformed.")
            .detail(
                "link", "The link is not valid",
                "This link is not valid, or not valid any more. Request a new one.",
            )
            .fields("field", "The password is too short", &[("password", "is shorter than 12 characters")]),
        problem("SignOnForbidden", 403,
            "The issuer identified the user, but the account may not sign in; or the sign-in was refused or cancelled \
             at the issuer; or the origin is not allowed.")
            .detail("account", "The account has no role here", "This account may not sign in here.")
            .detail(
                "issuer", "Refused or cancelled at the issuer",
                "The issuer refused the sign-in, or you cancelled it.",
            )
            .detail("page", "The origin is not allowed", "This origin may not call the API."),
        problem("Changed", 409, "Another request changed the account at the same time.")
            .detail("busy", "A concurrent change", "Another request changed it at the same time. Try again."),
        problem("AccountConflict", 409,
            "The password of this account is not managed here, or another request changed the account at the same time.")
            .detail("elsewhere", "A staff account", "The password of this account is not kept here.")
            .detail("busy", "A concurrent change", "Another request changed it at the same time. Try again."),
    ]
}

#[rustfmt::skip]
fn recovery() -> Vec<Problem> {
    vec![
        problem("InvalidSettings", 400, "The settings are invalid. All errors are listed at once.")
            .fields("fields", "Two invalid fields", &[
                ("incentive_days", "expected a whole number from 0 to 365"),
                ("reminder_offsets_days[1]", "expected more days than the offset before it"),
            ])
            .detail("not_json", "The body is not JSON", "The body is not JSON: line 1, column 17."),
        problem("InvalidAction", 400, "The request is malformed or contains an invalid value.")
            .fields("case_id", "An invalid case ID", &[("case_id", "expected a case id, a lower-case UUID")])
            .fields("unknown", "An unknown field", &[("reason", "unknown field")])
            .fields("key", "An invalid Idempotency-Key", &[
                ("Idempotency-Key", "expected 1 to 255 visible ASCII characters, once"),
            ]),
        problem("SettingsConflict", 409,
            "Another request changed the settings at the same time. With `Retry-After`: the first request with this \
             key is still running.")
            .kept()
            .running()
            .changed(),
        problem("NudgeConflict", 409,
            "The case does not permit a reminder, or not at this time. With `Retry-After`: the first request with \
             this key is still running.")
            .kept()
            .detail("closed", "The case is closed", "The case is recovered, so no reminder is sent.")
            .detail("unreachable", "The member cannot be reached", "The member cannot be reached that way right now.")
            .detail("often", "Too many reminders", "The member was reminded 100 times already.")
            .detail(
                "off", "Reminders are switched off",
                "Reminders are switched off. GET /api/operations/switches says since when and why.",
            )
            .running()
            .changed(),
        problem("EndingConflict", 409,
            "The case cannot be ended, or not at this time. With `Retry-After`: the first request with this key is \
             still running.")
            .kept()
            .detail("over", "The case is closed", "The case is recovered already.")
            .running()
            .changed(),
    ]
}

#[rustfmt::skip]
fn bookings() -> Vec<Problem> {
    vec![
        problem("InvalidBooking", 400,
            "The request is malformed, has no idempotency key or contains an invalid value. All invalid fields are \
             listed.")
            .kept()
            .fields("amount", "Invalid fields", &[
                ("amount", "expected a whole number of minor units from 1 to 1000000000000000, such as 1999"),
                ("currency", "the currency is not one that cards are charged in"),
            ])
            .fields("start", "A start in the past", &[
                ("scheduled_start", "expected a time to come, at most 732 days ahead"),
            ])
            .fields("key", "No idempotency key", &[("Idempotency-Key", "this moves money, so a key is required")]),
        problem("BookingConflict", 409,
            "The status of the booking does not permit the operation. `detail` begins with the reason: \
             `not_authorized`, `not_accepted`, `already_accepted`, `already_completed`, `already_paid_out`, \
             `already_declined` or `already_cancelled`. With `Retry-After`: the first request with this key is still \
             running.")
            .kept()
            .detail("accepted", "Already accepted", "already_accepted: the booking has already been accepted.")
            .running()
            .changed(),
        problem("PaymentConflict", 409,
            "The booking has no payment. With `Retry-After`: it is still being created.")
            .detail("soon", "The payment is being created", "The payment is being created. Try again.")
            .detail("never", "No payment was created", "No payment was created for this booking."),
    ]
}

#[rustfmt::skip]
fn payouts() -> Vec<Problem> {
    vec![
        problem("InvalidPayee", 400, "The request is malformed or contains an invalid value.")
            .fields("account", "Not the ID of a Stripe account", &[
                ("stripe_account_id", "expected a Stripe account id such as acct_a1B2c3"),
            ]),
        problem("PayeeConflict", 409,
            "Stripe has no such account or not enough information about it, or it belongs to another professional. \
             With `Retry-After`: the first request with this key is still running.")
            .kept()
            .detail("absent", "No such account", "There is no such account at Stripe, or we have no access to it.")
            .detail("taken", "The account of another professional", "This account is another professional's.")
            .detail("bare", "No currency yet", "Stripe does not know yet in which currency this account is paid out.")
            .running()
            .changed(),
        problem("PayoutConflict", 409,
            "Payouts are switched off, for the company or the whole deployment; a dry run is possible. With \
             `Retry-After`: the first request with this key is still running.")
            .kept()
            .detail(
                "off", "Payouts are switched off",
                "Payouts are switched off. GET /api/operations/switches says since when and why.",
            )
            .running(),
        problem("ApprovalConflict", 409, "The first request with this key is still running.")
            .kept()
            .running(),
    ]
}

#[rustfmt::skip]
fn operations() -> Vec<Problem> {
    vec![
        problem("InvalidEvent", 400, "The signature is valid, but the body is not an event.")
            .detail(
                "not_json", "The body is not JSON",
                "The event cannot be read: the body is not JSON at line 1, column 1.",
            )
            .detail("nameless", "An event without a name", "The event cannot be read: the body names no event."),
        problem("ReplayConflict", 409,
            "There is nothing to replay: the event is already applied or about to be, or it was stored without effect \
             and still has none.")
            .detail(
                "not_set_aside", "Nothing to replay",
                "Only an event that was set aside, dismissed or ignored can be replayed.",
            ),
        problem("DismissalConflict", 409,
            "There is nothing to dismiss: the event is applied, or it is tried for the first time, or it was stored \
             without effect.")
            .detail(
                "applied", "The event is applied",
                "The event has been applied, so it cannot be dismissed.",
            ),
        problem("FindingConflict", 409,
            "The finding is already closed, or the outcome of its transfer is unknown. With `Retry-After`: the first \
             request with this key is still running.")
            .kept()
            .detail("closed", "The finding is closed", "The finding is closed already."),
        problem("InvalidSwitch", 400, "The request is malformed or contains an invalid value.")
            .fields("note", "No reason", &[("note", "expected the reason, which others read")])
            .fields("unknown", "An unknown field", &[("reason", "unknown field")]),
        problem("SwitchForbidden", 403,
            "The role may not turn this switch, or the origin or the CSRF token is not valid.")
            .kept()
            .detail("owner", "A switch of staff only", "Owners may turn reminders and incentives only.")
            .detail("staff", "Staff turned it off", "Staff turned this off, so only staff can turn it on."),
        problem("SwitchConflict", 409,
            "Other people turned switches at the same time. With `Retry-After`: try again, or the first request with \
             this key is still running.")
            .running()
            .changed(),
        problem("ResolutionConflict", 409,
            "The outcome of the effect is known and it is not an unresolved refusal, or the resolution contradicts the \
             provider. With `Retry-After`: the first request with this key is still running.")
            .kept()
            .detail("known", "The outcome is known", "Only an effect in doubt can be resolved."),
    ]
}

/// A dependency does not respond, or a feature is not configured.
#[rustfmt::skip]
fn unavailable() -> Vec<Problem> {
    vec![
        problem("AccountsUnavailable", 503,
            "The database or the email provider does not respond, or accounts are not configured.")
            .detail("table", "The database does not respond", "The table does not answer. Try again.")
            .detail("mail", "The email was not sent", "The mail could not be sent. Try again.")
            .detail("not_configured", "Not configured", "Signing in is not configured (SESSION_SECRET)."),
        problem("IssuerUnavailable", 503,
            "The issuer or the database does not respond, or single sign-on is not configured.")
            .detail("issuer", "The issuer does not respond", "The issuer cannot be reached. Try again.")
            .detail("table", "The database does not respond", "The table does not answer. Try again.")
            .detail("not_configured", "Not configured", "Signing in is not configured (OIDC_ISSUER)."),
        problem("BookingUnavailable", 503,
            "The database, Stripe or Whop does not respond, or a feature is not configured. No response was stored for \
             the key: send the same request again, and it continues where it stopped.")
            .detail("table", "The database does not respond", "The table does not answer. Try again.")
            .detail("stripe", "Stripe does not respond", "Stripe does not answer. Try again.")
            .detail(
                "proof", "Whop cannot authenticate the user",
                "Whop does not answer, so you cannot be authenticated. Try again.",
            )
            .detail("not_configured", "Not configured", "Stripe is not configured (STRIPE_SECRET_KEY)."),
        problem("Unavailable", 503,
            "The database or Whop does not respond, or a feature is not configured. No response was stored for the \
             key: send the same request again.")
            .detail("table", "The database does not respond", "The table does not answer. Try again.")
            .detail("whop", "Whop does not respond", "Whop does not answer. Try again.")
            .detail(
                "proof", "Whop cannot authenticate the user",
                "Whop does not answer, so you cannot be authenticated. Try again.",
            )
            .detail("not_configured", "Not configured", "Whop is not configured (WHOP_API_KEY)."),
        problem("TableUnavailable", 503, "The database does not respond. Retry the request.")
            .detail("table", "The database does not respond", "The table does not answer. Try again."),
        problem("IntakeUnavailable", 503, "The event was not stored: deliver it again.")
            .detail("table", "The database does not respond", "The table does not answer. Try again.")
            .detail("not_configured", "Not configured", "Encryption is not configured (ENCRYPTION_KEY)."),
    ]
}
