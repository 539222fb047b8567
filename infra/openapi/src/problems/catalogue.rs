//! Every problem document that an operation may answer, by the name that `fails` and the rules use.

use super::{Problem, problem};

#[rustfmt::skip]
pub(super) fn catalogue() -> Vec<Problem> {
    vec![
        problem("Invalid", 400, "The request is malformed, or holds something that cannot be accepted.")
            .fields("field", "A field that cannot be accepted", &[("limit", "expected a whole number from 1 to 100")])
            .fields("unknown", "An unknown parameter", &[("staus", "unknown parameter")])
            .detail("unreadable", "A request that cannot be read", "The body broke off before its end."),
        problem("InvalidAccount", 400, "The request is malformed, or holds something that cannot be accepted.")
            .fields("field", "A password that is too short", &[("password", "is shorter than 12 characters")])
            .detail("not_json", "A body that is not JSON", "The body is not JSON: line 1, column 17."),
        problem("InvalidLink", 400,
            "The link does not work: it was used, is too old, was replaced by a newer one, or never was; \
             the answer does not say which. Or the request is malformed.")
            .detail(
                "link", "A link that does not work",
                "This link is not valid, or not valid any more. Request a new one.",
            )
            .fields("field", "A password that is too short", &[("password", "is shorter than 12 characters")]),
        problem("WrongPassword", 401,
            "The name or the password is wrong, or the address is not confirmed; the answer does not say which.")
            .detail("wrong", "Not this name with this password", "The name or the password is wrong."),
        problem("SessionUnproven", 401,
            "There is no session, or it has ended or expired; the answer does not say which.")
            .detail("session", "No session", "The request carries no valid credentials."),
        problem("Forbidden", 403,
            "The page that asks is not one of the allowed origins, the CSRF token is missing or of another \
             session, or the role does not allow this.")
            .detail("origin", "Another page", "This origin may not call the API.")
            .detail("role", "Another role", "Your role does not allow this.")
            .detail("csrf", "No CSRF token", "The header x-csrf-token is missing or does not match the session."),
        problem("Changed", 409, "Another request changed the account at the same time.")
            .detail("busy", "At the same moment", "Another request changed it at the same time. Try again."),
        problem("AccountConflict", 409,
            "The password of this account is not kept here, or another request changed the account at the same time.")
            .detail("elsewhere", "A staff account", "The password of this account is not kept here.")
            .detail("busy", "At the same moment", "Another request changed it at the same time. Try again."),
        problem("AccountsUnavailable", 503,
            "The table or the mails do not answer, or accounts are not configured here.")
            .detail("table", "The table does not answer", "The table does not answer. Try again.")
            .detail("mail", "No mail", "The mail could not be sent. Try again.")
            .detail("not_configured", "Not configured", "Signing in is not configured (SESSION_SECRET)."),
        problem("SignOnForbidden", 403,
            "The issuer knows the account and it may not sign in here, or the sign-in there was cancelled; or a page \
             that is not ours sent the request.")
            .detail("account", "An account without a role here", "This account may not sign in here.")
            .detail("issuer", "Refused or cancelled there", "The issuer refused the sign-in, or you cancelled it.")
            .detail("page", "A page of another origin", "This origin may not call the API."),
        problem("SignOnUnproven", 401, "The issuer's answer proves no identity.")
            .detail(
                "begun", "Begun elsewhere, or too long ago",
                "This sign-in was not started in this browser, or too long ago. Start again.",
            )
            .detail("code", "A code that is used up", "The issuer rejected the authorization code. Start again.")
            .detail(
                "token", "An id token that is not valid",
                "The issuer's answer does not prove your identity. Start again.",
            ),
        problem("IssuerUnavailable", 503,
            "The issuer or the table does not answer, or a feature is not configured. Try again.")
            .detail("issuer", "The issuer does not answer", "The issuer cannot be reached. Try again.")
            .detail("table", "The table does not answer", "The table does not answer. Try again.")
            .detail("not_configured", "Not configured", "Signing in is not configured (OIDC_ISSUER)."),
        problem("InvalidSettings", 400,
            "The settings cannot be accepted; everything that is wrong is named at once.")
            .fields("fields", "Two fields that cannot be accepted", &[
                ("incentive_days", "expected a whole number from 0 to 365"),
                ("reminder_offsets_days[1]", "expected more days than the offset before it"),
            ])
            .detail("not_json", "A body that is not JSON", "The body is not JSON: line 1, column 17."),
        problem("InvalidAction", 400, "The request is malformed, or holds something that cannot be accepted.")
            .fields("case_id", "A case id that is none", &[("case_id", "expected a case id, a lower-case UUID")])
            .fields("unknown", "An unknown field", &[("reason", "unknown field")])
            .fields("key", "An Idempotency-Key that is none", &[
                ("Idempotency-Key", "expected 1 to 255 visible ASCII characters, once"),
            ]),
        problem("InvalidEvent", 400, "The signature is right, but the body is no event.")
            .detail(
                "not_json", "A body that is not JSON",
                "The event cannot be read: the body is not JSON at line 1, column 1.",
            )
            .detail("nameless", "An event without a name", "The event cannot be read: the body names no event."),
        problem("OwnerUnproven", 401,
            "The request proves no owner of this company. A Whop user who does not administer \
             the company gets the same answer.")
            .detail("token", "No valid token", "The user token is not valid.")
            .detail("company", "No company", "The header x-company-id is missing or names no company.")
            .detail(
                "access", "Not an owner of this company",
                "Whop does not confirm that you administer this company.",
            ),
        problem("SchedulerUnproven", 401, "The scheduler's secret is missing or wrong, or none is configured.")
            .detail("secret", "A wrong secret", "The scheduler's secret is missing or wrong."),
        problem("ProviderUnproven", 401, "The signature is missing, too old or wrong.")
            .detail("missing", "No signature", "A signature header is missing.")
            .detail("stale", "An old signature", "The signature is not of the last five minutes.")
            .detail("mismatch", "A signature of something else", "The signature does not match the body."),
        problem("NotFound", 404, "Absent, or another company's: both get the same answer.")
            .detail("absent", "Nothing there", "There is no such resource."),
        problem("NotFoundKept", 404, "Absent, or another company's: both get the same answer.")
            .kept()
            .detail("absent", "Nothing there", "There is no such resource."),
        problem("SettingsConflict", 409,
            "Not possible at this moment. With `Retry-After`: the first request with this key is still running.")
            .kept()
            .running()
            .changed(),
        problem("PayoutConflict", 409, "The first request with this key is still running.")
            .kept()
            .running(),
        problem("FindingConflict", 409,
            "The finding is closed already, or its transfer is in doubt. With `Retry-After`: the first \
             request with this key is still running.")
            .kept()
            .detail("closed", "It is closed", "The finding is closed already."),
        problem("ResolutionConflict", 409,
            "The effect is neither in doubt nor an open refusal, or Stripe reports otherwise. With \
             `Retry-After`: the first request with this key is still running.")
            .kept()
            .detail("known", "It is not in doubt", "Only an effect in doubt can be resolved."),
        problem("NudgeConflict", 409,
            "The case does not allow it, or not at this moment. With `Retry-After`: the first request with \
             this key is still running.")
            .kept()
            .detail("closed", "The case is closed", "The case is recovered, so no reminder is sent.")
            .detail("unreachable", "The member cannot be reached", "The member cannot be reached that way right now.")
            .detail("often", "Reminded too often", "The member was reminded 100 times already.")
            .running()
            .changed(),
        problem("EndingConflict", 409,
            "The case does not allow it, or not at this moment. With `Retry-After`: the first request with \
             this key is still running.")
            .kept()
            .detail("over", "The case is over", "The case is recovered already.")
            .running()
            .changed(),
        problem("ReplayConflict", 409,
            "There is nothing to replay: the event is applied already, or about to be, or it was kept without \
             effect and still has none.")
            .detail(
                "not_set_aside", "Nothing to replay",
                "Only an event that was set aside or ignored can be replayed.",
            ),
        problem("InvalidBooking", 400,
            "The request is malformed, bears no key, or holds something that cannot be accepted. Every field \
             that is wrong is named.")
            .kept()
            .fields("amount", "Fields that cannot be accepted", &[
                ("amount", "expected a whole number of minor units from 1 to 1000000000000000, such as 1999"),
                ("currency", "the currency is not one that cards are charged in"),
            ])
            .fields("start", "A start that is past", &[
                ("scheduled_start", "expected a time to come, at most 732 days ahead"),
            ])
            .fields("key", "No key", &[("Idempotency-Key", "this moves money, so a key is required")]),
        problem("BookingConflict", 409,
            "The booking does not allow it; the detail begins with the word for why: `not_authorized`, \
             `not_accepted`, `already_accepted`, `already_completed`, `already_paid_out`, `already_declined` \
             or `already_cancelled`. With `Retry-After`: the first request with this key is still running.")
            .kept()
            .detail("accepted", "Already accepted", "already_accepted: the booking has already been accepted.")
            .running()
            .changed(),
        problem("PaymentConflict", 409, "There is no payment: not yet, with `Retry-After`, or never.")
            .detail("soon", "Not yet", "The payment is being created. Try again.")
            .detail("never", "Never", "No payment was created for this booking."),
        problem("InvalidPayee", 400, "The request is malformed, or holds something that cannot be accepted.")
            .fields("account", "No account of Stripe's", &[
                ("stripe_account_id", "expected a Stripe account id such as acct_a1B2c3"),
            ]),
        problem("PayeeConflict", 409,
            "Stripe does not know the account, or not enough of it, or it is another professional's. With \
             `Retry-After`: the first request with this key is still running.")
            .kept()
            .detail("absent", "No such account", "There is no such account at Stripe, or we have no access to it.")
            .detail("taken", "Of another professional", "This account is another professional's.")
            .detail("bare", "No currency yet", "Stripe does not know yet in which currency this account is paid out.")
            .running()
            .changed(),
        problem("BookingUnavailable", 503,
            "The table, Stripe or Whop does not answer, or a feature is not configured. Nothing was kept for \
             the key: send the same request again, and what was begun goes on.")
            .detail("table", "The table does not answer", "The table does not answer. Try again.")
            .detail("stripe", "Stripe does not answer", "Stripe does not answer. Try again.")
            .detail(
                "proof", "Whop cannot be asked who you are",
                "Whop does not answer, so you cannot be authenticated. Try again.",
            )
            .detail("not_configured", "Not configured", "Stripe is not configured (STRIPE_SECRET_KEY)."),
        problem("TooLarge", 413, "The body is larger than 256 KiB.")
            .detail("large", "Too much", "The body is larger than 256 KiB."),
        problem("TooMany", 429, "More often than the limit allows.")
            .detail("often", "Too often", "Too many requests. Wait as long as Retry-After says, then try again."),
        problem("NotJson", 415, "The body is not sent as `application/json`.")
            .detail("media_type", "Another media type", "Send JSON, with content-type application/json."),
        problem("KeyReused", 422, "This `Idempotency-Key` came with another body before.")
            .detail("reused", "The key of another request", "This Idempotency-Key was used for another request."),
        problem("Internal", 500, "Our own fault. What happened is in the log, under the request id.")
            .detail("internal", "Our own fault", "Something went wrong on our side. The request id helps us find it."),
        problem("Unavailable", 503,
            "The table or Whop does not answer, or a feature is not configured. Nothing was kept for the key: \
             send the same request again.")
            .detail("table", "The table does not answer", "The table does not answer. Try again.")
            .detail("whop", "Whop does not answer", "Whop does not answer. Try again.")
            .detail(
                "proof", "Whop cannot be asked who you are",
                "Whop does not answer, so you cannot be authenticated. Try again.",
            )
            .detail("not_configured", "Not configured", "Whop is not configured (WHOP_API_KEY)."),
        problem("TableUnavailable", 503, "The table does not answer. Try again.")
            .detail("table", "The table does not answer", "The table does not answer. Try again."),
        problem("IntakeUnavailable", 503, "The event was not kept: deliver it again.")
            .detail("table", "The table does not answer", "The table does not answer. Try again.")
            .detail("not_configured", "Not configured", "Encryption is not configured (ENCRYPTION_KEY)."),
    ]
}
