//! Every environment variable: its purpose and what is off without it. `.env.example` is generated from here.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    pub name: &'static str,
    pub purpose: &'static str,
    /// The feature that is off without it; empty if there is a default.
    pub off_without: &'static str,
    pub requirement: Requirement,
    /// Whether its value must never be shown.
    pub secret: bool,
}

/// Whether a variable must be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Required: a deployed function does not start without it.
    Start,
    /// Required in production; may be set after the first deployment. The start and the health check report it
    /// until then.
    Production,
    /// Optional: enables one feature.
    Optional,
    /// Never required: the platform sets it, or there is a default value.
    Never,
}

const fn at_start(name: &'static str, purpose: &'static str, off_without: &'static str) -> Name {
    Name { name, purpose, off_without, requirement: Requirement::Start, secret: false }
}

const fn in_production(name: &'static str, purpose: &'static str, off_without: &'static str) -> Name {
    Name { name, purpose, off_without, requirement: Requirement::Production, secret: false }
}

const fn optional(name: &'static str, purpose: &'static str, off_without: &'static str) -> Name {
    Name { name, purpose, off_without, requirement: Requirement::Optional, secret: false }
}

const fn default(name: &'static str, purpose: &'static str) -> Name {
    Name { name, purpose, off_without: "", requirement: Requirement::Never, secret: false }
}

const fn secret(name: Name) -> Name {
    Name { secret: true, ..name }
}

pub const NAMES: [Name; 65] = [
    at_start("TABLE_NAME", "the DynamoDB table", "everything that is stored"),
    at_start("AWS_REGION", "the table's region; Lambda sets it", "the table"),
    default("TABLE_REGION", "the table's region where AWS_REGION is not ours to set, as on Vercel"),
    default("AWS_ENDPOINT_URL_DYNAMODB", "the URL of DynamoDB, if not the usual one"),
    optional(
        "EVENT_BUS_NAME",
        "the EventBridge bus to which events are published",
        "publishing events about cases, bookings, payouts and payees",
    ),
    default("AWS_ENDPOINT_URL_EVENTBRIDGE", "the URL of EventBridge, if not the usual one"),
    secret(optional(
        "POSTHOG_API_KEY",
        "the key of the PostHog project to which events are published, phc_…",
        "counting cases, bookings, payouts and payees in PostHog",
    )),
    default("POSTHOG_HOST", "the URL of PostHog, if not https://us.i.posthog.com"),
    secret(optional(
        "SENTRY_DSN",
        "the DSN of the Sentry project for errors and check-ins of jobs, https://key@host/project",
        "reporting errors and jobs to Sentry",
    )),
    default("SENTRY_ENVIRONMENT", "the environment name at Sentry; production"),
    secret(optional(
        "BETTER_STACK_SOURCE_TOKEN",
        "the token of the Better Stack source to which the log is shipped",
        "shipping the log to Better Stack",
    )),
    default("BETTER_STACK_HOST", "the ingesting host of that source, https://….betterstackdata.com"),
    secret(optional(
        "HEALTHCHECKS_PING_KEY",
        "the ping key of the healthchecks.io project that watches the jobs",
        "heartbeats of the jobs",
    )),
    default(
        "HEALTHCHECKS_HOST",
        "the URL of a service with the protocol of healthchecks.io, if not https://hc-ping.com",
    ),
    default("REVISION", "the word of this deployment, by which the roll-out alarm knows its lines"),
    secret(at_start(
        "CRON_SECRET",
        "the secret for running jobs over HTTP (list, newest first)",
        "jobs over HTTP, the deep health check, replaying events",
    )),
    secret(optional(
        "ON_CALL_KEYS",
        "the keys of the people on call, such as ana=<key> (list, newest first; a name may be listed several times)",
        "operations, history, resolving and replaying from a terminal",
    )),
    secret(at_start(
        "ENCRYPTION_KEY",
        "encrypts personal data: 32 bytes in base64 (list, newest first)",
        "webhooks (raw events are stored encrypted), accounts, single sign-on",
    )),
    secret(in_production("WHOP_API_KEY", "the app's key at Whop", "reminders, nudges, memberships")),
    in_production("WHOP_APP_ID", "the app at Whop, app_…", "signing in with Whop's user token, pushes"),
    secret(in_production(
        "WHOP_WEBHOOK_SECRET",
        "the secret of Whop's signatures (list, newest first)",
        "webhooks of Whop",
    )),
    default("WHOP_USER_TOKEN_PUBLIC_KEY", "a public key for user tokens that overrides the published set"),
    default("WHOP_USER_TOKEN_JWKS_URL", "the URL of Whop's public keys, if not the usual one"),
    default("WHOP_API_BASE", "the URL of Whop's API, if not the usual one"),
    secret(optional(
        "STRIPE_SECRET_KEY",
        "the platform's key at Stripe, sk_… or rk_…",
        "bookings, declines, payouts",
    )),
    default("STRIPE_API_BASE", "the URL of Stripe's API without its /v1, if not the usual one"),
    secret(optional(
        "STRIPE_WEBHOOK_SECRET",
        "the secret of Stripe's signatures (list, newest first)",
        "webhooks of Stripe",
    )),
    default(
        "PLATFORM_FEE_BASIS_POINTS",
        "the platform's share of a booking's price in hundredths of a percent; 1500",
    ),
    default("BOOKING_PAYMENT_HOURS", "how long a customer has to pay; 24"),
    default(
        "BOOKING_ANSWER_HOURS",
        "how long a professional has to answer once the payment is authorized; 24",
    ),
    optional(
        "CONCIERGE_URL",
        "the page with help for customers whose booking was declined",
        "the offer in that mail",
    ),
    default(
        "PAYOUT_TIME_ZONE",
        "the time zone of the payout days Tuesday and Friday, an IANA name; America/Bogota",
    ),
    default(
        "PAYOUT_HOLD_BACK_HOURS",
        "how long after its completion a booking is paid out at the earliest; 24",
    ),
    default("PAYOUT_MINIMUM", "the smallest payout to a professional, in minor units; cop=14000000 (list)"),
    default(
        "PAYOUT_APPROVAL_ABOVE",
        "payouts above this need a second person's approval, such as usd=500000 (list)",
    ),
    secret(optional(
        "WEBHOOK_SECRETS",
        "other sources of Standard Webhooks: source=whsec_… or source=whpk_… (list; a source may be listed several times)",
        "webhooks of other sources",
    )),
    secret(optional(
        "RESEND_API_KEY",
        "the key at Resend",
        "mails: the fallback for push messages, links of accounts",
    )),
    secret(optional(
        "RESEND_WEBHOOK_SECRET",
        "the secret of Resend's signatures, whsec_… (list, newest first)",
        "webhooks of Resend: mails are still sent to addresses that bounced",
    )),
    default("RESEND_API_BASE", "the URL of Resend's API, if not the usual one"),
    optional("EMAIL_FROM", "the sender of mails", "mails, as without RESEND_API_KEY"),
    optional(
        "PUBLIC_BASE_URL",
        "the service's origin for browsers, https://…",
        "sessions with cookies, links in mails, single sign-on",
    ),
    default("ALLOWED_ORIGINS", "further origins whose pages may send credentials (list, exact)"),
    secret(optional(
        "SESSION_SECRET",
        "the key of CSRF tokens (list, newest first)",
        "sessions with cookies",
    )),
    secret(default(
        "ORIGIN_VERIFY_SECRET",
        "the secret that CloudFront sends to the function URLs, so that limits count its clients separately (list, newest first)",
    )),
    optional(
        "PLATFORM_COMPANY_ID",
        "the company that accounts belong to, biz_…",
        "accounts of every kind; reconciliations, and findings that belong to no company, are not shown",
    ),
    optional("PROVIDER_USERNAME", "the staff account of the platform", "signing in as provider"),
    secret(optional(
        "PROVIDER_PASSWORD",
        "its password, or better its Argon2id hash",
        "signing in as provider",
    )),
    optional("DEVELOPER_USERNAME", "the staff account of the developers", "signing in as developer"),
    secret(optional(
        "DEVELOPER_PASSWORD",
        "its password, or better its Argon2id hash",
        "signing in as developer",
    )),
    optional("ACCOUNTANT_USERNAME", "the staff account of the accountants", "signing in as accountant"),
    secret(optional(
        "ACCOUNTANT_PASSWORD",
        "its password, or better its Argon2id hash",
        "signing in as accountant",
    )),
    optional("OIDC_ISSUER", "the issuer of single sign-on, https://…", "single sign-on"),
    optional("OIDC_CLIENT_ID", "our client there", "single sign-on"),
    secret(optional("OIDC_CLIENT_SECRET", "its secret", "single sign-on")),
    default("OIDC_ROLE_CLAIM", "the claim of the id token that names the role; `role` where it is not set"),
    optional(
        "BEARER_ISSUERS",
        "the issuers whose bearer tokens are accepted: a JSON list of issuer, audience, jwks_url, role_claim, company_claim, roles",
        "bearer tokens",
    ),
    default(
        "AWS_ROLE_ARN",
        "on Vercel: the AWS role that is assumed with its token, so that no key is stored there",
    ),
    default("TABLE_ACCESS_KEY_ID", "an access key, where neither a role nor Lambda gives credentials"),
    secret(default("TABLE_SECRET_ACCESS_KEY", "the same")),
    default("AWS_ACCESS_KEY_ID", "credentials of the table, as Lambda sets them"),
    secret(default("AWS_SECRET_ACCESS_KEY", "the same")),
    secret(default("AWS_SESSION_TOKEN", "the same")),
    default(
        "SECRETS_ID",
        "on Lambda: the secret in AWS's Secrets Manager whose JSON object overrides the environment",
    ),
    default("AWS_ENDPOINT_URL_SECRETS_MANAGER", "the URL of Secrets Manager, if not the usual one"),
    default("AWS_CA_BUNDLE", "a PEM file of further root certificates, for an AWS emulator behind TLS"),
];
