//! Every name of the environment: what it is for, and what fails without it. `.env.example` is written from here.

/// One name of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// What is off without it; empty where a default stands in.
    pub off_without: &'static str,
    /// Whether every deployment needs it.
    pub need: Need,
    /// Whether its value may never be shown.
    pub secret: bool,
}

/// Whether a name has to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// By every function: none of a deployment starts without it.
    Start,
    /// By everybody, in the end: others give it, perhaps only after the first deployment. While it is missing, the
    /// start and the health check say so.
    Always,
    /// Optional: enables one feature.
    Wanted,
    /// By nobody: the platform sets it, or a default stands in.
    Default,
}

const fn first(name: &'static str, purpose: &'static str, off_without: &'static str) -> Name {
    Name { name, purpose, off_without, need: Need::Start, secret: false }
}

const fn needed(name: &'static str, purpose: &'static str, off_without: &'static str) -> Name {
    Name { name, purpose, off_without, need: Need::Always, secret: false }
}

const fn wanted(name: &'static str, purpose: &'static str, off_without: &'static str) -> Name {
    Name { name, purpose, off_without, need: Need::Wanted, secret: false }
}

const fn default(name: &'static str, purpose: &'static str) -> Name {
    Name { name, purpose, off_without: "", need: Need::Default, secret: false }
}

const fn secret(name: Name) -> Name {
    Name { secret: true, ..name }
}

/// Every name that is read.
pub const NAMES: [Name; 61] = [
    first("TABLE_NAME", "the DynamoDB table", "everything that is kept"),
    first("AWS_REGION", "the table's region; Lambda sets it", "the table"),
    default("TABLE_REGION", "the table's region where AWS_REGION is not ours to set, as on Vercel"),
    default("AWS_ENDPOINT_URL_DYNAMODB", "where DynamoDB answers, if not at its usual place"),
    wanted(
        "EVENT_BUS_NAME",
        "the bus of EventBridge that hears of what happens",
        "telling others of cases, bookings, payouts and payees",
    ),
    default("AWS_ENDPOINT_URL_EVENTBRIDGE", "where EventBridge answers, if not at its usual place"),
    secret(wanted(
        "POSTHOG_API_KEY",
        "the key of the project at PostHog that hears of what happens, phc_…",
        "counting cases, bookings, payouts and payees in PostHog",
    )),
    default("POSTHOG_HOST", "where PostHog takes events, if not at https://us.i.posthog.com"),
    secret(wanted(
        "SENTRY_DSN",
        "the project at Sentry that hears of errors and of the jobs' check-ins, https://key@host/project",
        "watching errors and jobs from outside",
    )),
    default("SENTRY_ENVIRONMENT", "what Sentry calls this deployment; production"),
    secret(wanted(
        "BETTER_STACK_SOURCE_TOKEN",
        "what opens the source at Better Stack that the log is shipped to",
        "shipping the log to Better Stack",
    )),
    default("BETTER_STACK_HOST", "where that source takes lines, https://….betterstackdata.com"),
    secret(first(
        "CRON_SECRET",
        "opens jobs over HTTP (list, newest first)",
        "jobs over HTTP, the deep health check, replaying events",
    )),
    secret(first(
        "ENCRYPTION_KEY",
        "seals what is kept: 32 bytes in base64 (list, newest first)",
        "webhooks (raw events are kept sealed), accounts, single sign-on",
    )),
    secret(needed("WHOP_API_KEY", "the app's key at Whop", "reminders, nudges, memberships")),
    needed("WHOP_APP_ID", "the app at Whop, app_…", "signing in with Whop's user token, pushes"),
    secret(needed("WHOP_WEBHOOK_SECRET", "what Whop signs with (list, newest first)", "webhooks of Whop")),
    default("WHOP_USER_TOKEN_PUBLIC_KEY", "one public key for user tokens, in place of the published set"),
    default("WHOP_USER_TOKEN_JWKS_URL", "where Whop's public keys are, if not at their usual place"),
    default("WHOP_API_BASE", "where Whop's API is, if not at its usual place"),
    secret(wanted(
        "STRIPE_SECRET_KEY",
        "the platform's key at Stripe, sk_… or rk_…",
        "bookings, declines, payouts",
    )),
    default("STRIPE_API_BASE", "where Stripe's API is, without its /v1, if not at its usual place"),
    secret(wanted(
        "STRIPE_WEBHOOK_SECRET",
        "what Stripe signs with (list, newest first)",
        "webhooks of Stripe",
    )),
    default("PLATFORM_FEE_BASIS_POINTS", "our part of a booking's price in hundredths of a percent; 1500"),
    default("BOOKING_PAYMENT_HOURS", "how long a customer has to pay; 24"),
    default("BOOKING_ANSWER_HOURS", "how long a professional has to answer once the money is held; 24"),
    wanted(
        "CONCIERGE_URL",
        "where a customer whose booking was declined finds help",
        "the offer in that mail",
    ),
    default("PAYOUT_TIME_ZONE", "where Tuesday and Friday begin, an IANA name; America/Bogota"),
    default("PAYOUT_HOLD_BACK_HOURS", "how long after its completion a booking is paid at the earliest; 24"),
    default(
        "PAYOUT_MINIMUM",
        "what a professional is paid at least at once, in minor units; cop=14000000 (list)",
    ),
    default(
        "PAYOUT_APPROVAL_ABOVE",
        "above which a second person approves a payout, such as usd=500000 (list)",
    ),
    secret(wanted(
        "WEBHOOK_SECRETS",
        "other sources of Standard Webhooks: source=whsec_… or source=whpk_… (list; a source may stand there several times)",
        "webhooks of other sources",
    )),
    secret(wanted(
        "RESEND_API_KEY",
        "the key at Resend",
        "mails: the stand-in for pushes, links of accounts",
    )),
    secret(wanted(
        "RESEND_WEBHOOK_SECRET",
        "what Resend signs with, whsec_… (list, newest first)",
        "webhooks of Resend: addresses whose mail bounced are written to again",
    )),
    default("RESEND_API_BASE", "where Resend's API is, if not at its usual place"),
    wanted("EMAIL_FROM", "who mails come from", "mails, as without RESEND_API_KEY"),
    wanted(
        "PUBLIC_BASE_URL",
        "where browsers reach the service, https://…",
        "sessions with cookies, links in mails, single sign-on",
    ),
    default("ALLOWED_ORIGINS", "further origins whose pages may ask with credentials (list, exact)"),
    secret(wanted(
        "SESSION_SECRET",
        "binds CSRF tokens to their session (list, newest first)",
        "sessions with cookies",
    )),
    secret(default(
        "ORIGIN_VERIFY_SECRET",
        "what one domain before the function URLs proves itself with, so that limits count its callers apart (list, newest first)",
    )),
    wanted(
        "PLATFORM_COMPANY_ID",
        "the company that accounts belong to, biz_…",
        "accounts of every kind; reconciliations, and findings that belong to no company, are not shown",
    ),
    wanted("PROVIDER_USERNAME", "the staff account of the platform", "signing in as provider"),
    secret(wanted(
        "PROVIDER_PASSWORD",
        "its password, or better its Argon2id hash",
        "signing in as provider",
    )),
    wanted("DEVELOPER_USERNAME", "the staff account of the developers", "signing in as developer"),
    secret(wanted(
        "DEVELOPER_PASSWORD",
        "its password, or better its Argon2id hash",
        "signing in as developer",
    )),
    wanted("ACCOUNTANT_USERNAME", "the staff account of the accountants", "signing in as accountant"),
    secret(wanted(
        "ACCOUNTANT_PASSWORD",
        "its password, or better its Argon2id hash",
        "signing in as accountant",
    )),
    wanted("OIDC_ISSUER", "the issuer of single sign-on, https://…", "single sign-on"),
    wanted("OIDC_CLIENT_ID", "our client there", "single sign-on"),
    secret(wanted("OIDC_CLIENT_SECRET", "its secret", "single sign-on")),
    default("OIDC_ROLE_CLAIM", "the claim of the id token that names the role; `role` where it is not set"),
    wanted(
        "BEARER_ISSUERS",
        "whose bearer tokens are believed: a JSON list of issuer, audience, jwks_url, role_claim, company_claim, roles",
        "bearer tokens",
    ),
    default("AWS_ROLE_ARN", "on Vercel: the role at AWS that its token opens; no key has to be kept there"),
    default("TABLE_ACCESS_KEY_ID", "keys of our own, where neither a role nor Lambda gives credentials"),
    secret(default("TABLE_SECRET_ACCESS_KEY", "the same")),
    default("AWS_ACCESS_KEY_ID", "credentials of the table, as Lambda sets them"),
    secret(default("AWS_SECRET_ACCESS_KEY", "the same")),
    secret(default("AWS_SESSION_TOKEN", "the same")),
    default(
        "SECRETS_ID",
        "on Lambda: the secret in AWS's Secrets Manager whose JSON object comes before the environment",
    ),
    default("AWS_ENDPOINT_URL_SECRETS_MANAGER", "where Secrets Manager answers, if not at its usual place"),
    default("AWS_CA_BUNDLE", "a PEM file of further roots, for an AWS of one's own behind TLS"),
];
