//! The whole service in one process: every function at its route, the embedded DynamoDB, and the providers'
//! stand-ins on their own loopback port, called over real HTTP.

mod deliveries;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use chrono::{DateTime, Utc};
use http::Request;
use serde_json::json;
use shared::app::{App, SharedApp};
use shared::config::{Config, ConfigError};
use shared::domain::kernel::clock::Clock;
use shared::domain::kernel::ids::Ids;
use shared::http::extension::{ScheduledEvent, Trigger};
use shared::providers::{TrustError, client};
use shared::rate_limit::Deadlines;
use shared::store::StoreError;
use shared::store::definition::create_table;
use shared::telemetry::Telemetry;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use crate::embedded::EmbeddedDynamo;
use stand_ins::sandbox::Sandbox;
use stand_ins::{better_stack, healthchecks, oidc, sentry, server, whop};

/// The table of the sandbox.
pub const TABLE: &str = "justonce";

/// The value of `SENTRY_DSN` that selects the stand-in, whatever its port.
pub const SENTRY: &str = "sandbox";

/// How long limits wait for the table here. It answers from the same processor, which may be busy with
/// anything; production waits for less.
pub const PATIENCE: Deadlines = Deadlines { answer_ms: 2_000, connect_ms: 2_000 };

/// Values of the sandbox, which are valid nowhere else. The environment overrides them; an empty value unsets
/// one and disables its feature.
pub const SANDBOX_VALUES: &[(&str, &str)] = &[
    ("TABLE_NAME", TABLE),
    ("AWS_REGION", "us-east-1"),
    ("TABLE_ACCESS_KEY_ID", "sandbox-table-key"),
    ("TABLE_SECRET_ACCESS_KEY", "sandbox-table-secret"),
    ("CRON_SECRET", "sandbox-cron-secret"),
    ("ON_CALL_KEYS", "local=sandbox-on-call-key"),
    ("ENCRYPTION_KEY", "c2FuZGJveC1lbmNyeXB0aW9uLWtleS0zMi1ieXRlcyE="),
    ("WHOP_API_KEY", "whop_sandbox_api_key"),
    ("WHOP_APP_ID", whop::APP_ID),
    ("WHOP_WEBHOOK_SECRET", "ws_sandbox_webhook_secret"),
    ("STRIPE_SECRET_KEY", "sk_test_sandbox_secret_key"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_sandbox_webhook_secret"),
    (
        "WEBHOOK_SECRETS",
        "sandbox=whsec_c2FuZGJveCBzaGFyZWQga2V5IG9mIDMyIGJ5dGVzISE=,sandbox=whpk_Yo7m2sqeTvfSwDrA6pH+vqne6YA5joDgktSKZS/fCdI=",
    ),
    ("RESEND_API_KEY", "re_sandbox_api_key"),
    ("RESEND_WEBHOOK_SECRET", "whsec_c2FuZGJveCBrZXkgb2YgdGhlIG1haWxlciwgMzIgYg=="),
    ("EMAIL_FROM", "Reminders <reminders@example.com>"),
    ("PUBLIC_BASE_URL", "http://127.0.0.1:3000"),
    ("SESSION_SECRET", "sandbox-session-secret"),
    ("PLATFORM_COMPANY_ID", "biz_demo"),
    ("PROVIDER_USERNAME", "provider"),
    ("PROVIDER_PASSWORD", "sandbox-provider-password"),
    ("DEVELOPER_USERNAME", "developer"),
    ("DEVELOPER_PASSWORD", "sandbox-developer-password"),
    ("ACCOUNTANT_USERNAME", "accountant"),
    ("ACCOUNTANT_PASSWORD", "sandbox-accountant-password"),
    ("OIDC_CLIENT_ID", oidc::CLIENT_ID),
    ("OIDC_CLIENT_SECRET", oidc::CLIENT_SECRET),
];

pub struct Service {
    /// The clock, outbox, faults and stand-ins.
    pub sandbox: Sandbox,
    pub dynamo: EmbeddedDynamo,
    /// The configuration of the functions.
    pub app: SharedApp,
    pub router: Router,
    /// The address of the stand-ins.
    pub providers: SocketAddr,
    /// The environment that connects a function's process to the same stand-ins.
    pub environment: Vec<(&'static str, String)>,
    served: JoinHandle<()>,
}

/// The parts that one process does not share.
pub struct Parts {
    /// Its connection to the table.
    pub table: aws_sdk_dynamodb::Client,
    /// Its connection to the providers.
    pub http: reqwest::Client,
    /// Its source of ids.
    pub ids: Ids,
    /// How long its limits wait for the table.
    pub deadlines: Deadlines,
    /// A layer around every request to the providers.
    pub around_providers: Box<dyn FnOnce(Router) -> Router + Send>,
    /// How long callers of the providers may take; `None` for as long as they like.
    pub deadlines_of_callers: Option<server::Deadlines>,
    /// A hook for every reading of the sandbox's clock.
    pub around_clock: Box<dyn FnOnce(Clock) -> Clock + Send>,
}

impl Parts {
    /// Direct connections and random ids.
    pub fn usual(dynamo: &EmbeddedDynamo, deadlines: Deadlines) -> Result<Self, TrustError> {
        let (table, http) = (dynamo.client(), client::client()?);
        Ok(Self::straight(table, http, Ids::system(), deadlines))
    }

    /// No hooks for providers and clock.
    pub fn straight(
        table: aws_sdk_dynamodb::Client,
        http: reqwest::Client,
        ids: Ids,
        deadlines: Deadlines,
    ) -> Self {
        let (around_providers, around_clock) = (Box::new(|router| router), Box::new(|clock| clock));
        Self { table, http, ids, deadlines, around_providers, deadlines_of_callers: None, around_clock }
    }
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no free port for the stand-ins.
    #[error("no loopback port for the stand-ins: {0}")]
    Port(#[from] std::io::Error),
    #[error("no HTTP client: {0}")]
    Client(#[from] TrustError),
}

impl Service {
    /// Starts it over a sandbox and a database; `lookup` is the environment.
    pub async fn start(
        sandbox: Sandbox,
        dynamo: EmbeddedDynamo,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, StartError> {
        Self::start_with(sandbox, dynamo, lookup, PATIENCE).await
    }

    /// The same with `deadlines` for the rate limits' table requests.
    pub async fn start_with(
        sandbox: Sandbox,
        dynamo: EmbeddedDynamo,
        lookup: impl Fn(&str) -> Option<String>,
        deadlines: Deadlines,
    ) -> Result<Self, StartError> {
        let parts = Parts::usual(&dynamo, deadlines)?;
        Self::start_of(sandbox, dynamo, lookup, parts).await
    }

    /// The same of given parts: one of several processes over one sandbox and one database.
    pub async fn start_of(
        sandbox: Sandbox,
        dynamo: EmbeddedDynamo,
        lookup: impl Fn(&str) -> Option<String>,
        parts: Parts,
    ) -> Result<Self, StartError> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let providers = listener.local_addr()?;
        let deadlines_of_callers = parts.deadlines_of_callers;
        let stand_ins = (parts.around_providers)(sandbox.router());
        sandbox.oidc.settle(providers);
        let served = tokio::spawn(async move {
            let _ = server::serve_within(stand_ins, listener, deadlines_of_callers).await;
        });
        let bases = [
            ("WHOP_API_BASE", format!("http://{providers}/api/v1")),
            ("WHOP_USER_TOKEN_JWKS_URL", format!("http://{providers}/.well-known/jwks.json")),
            ("RESEND_API_BASE", format!("http://{providers}")),
            ("STRIPE_API_BASE", format!("http://{providers}")),
            ("AWS_ENDPOINT_URL_EVENTBRIDGE", format!("http://{providers}")),
            ("POSTHOG_HOST", format!("http://{providers}")),
            ("BETTER_STACK_HOST", format!("http://{providers}{}", better_stack::PATH)),
            ("HEALTHCHECKS_HOST", format!("http://{providers}{}", healthchecks::PATH)),
        ];
        // One variable holds both Sentry's address and its key, and the stand-in's address is unknown before
        // the start.
        let dsn = format!("http://{}@{providers}/{}", sentry::PUBLIC_KEY, sentry::PROJECT);
        let is_base = |name: &str| bases.iter().any(|(known, _)| *known == name);
        let values = SANDBOX_VALUES.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let environment: Vec<_> = values.chain(bases.clone()).chain(issuers(&sandbox, providers)).collect();
        let config = Config::read(|name| {
            // An empty base URL selects the stand-in, never the real provider by mistake.
            let given = lookup(name).filter(|value| !is_base(name) || !value.trim().is_empty());
            let value = || environment.iter().find(|(known, _)| *known == name);
            if name == "SENTRY_DSN" && given.as_deref() == Some(SENTRY) {
                return Some(dsn.clone());
            }
            given.or_else(|| value().map(|(_, value)| value.clone()))
        })?;
        if let Some(mode) = config.stripe_mode() {
            sandbox.stripe.set_mode(mode);
        }
        let table = config.table_name.as_deref().unwrap_or(TABLE);
        if !dynamo.has_table(table) {
            create_table(&dynamo.client(), table).await?;
        }
        let clock = sandbox.clock.clone();
        let clock = (parts.around_clock)(Clock::from_fn(move || clock.now()));
        let mut app = App::new(config, Some(parts.table), parts.http, clock, parts.ids);
        app.limiter = app.limiter.with_deadlines(parts.deadlines);
        let app = Arc::new(app);
        let router = watched(routers(&app), &app.telemetry);
        Ok(Self { sandbox, dynamo, app, router, providers, environment, served })
    }

    /// Calls a route, as the platform would.
    pub async fn ask(&self, request: Request<Body>) -> Response {
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Fires a job as EventBridge Scheduler does: a direct invocation with its planned time.
    pub async fn fire(&self, job: &str, path: &str, scheduled_at: DateTime<Utc>) -> Response {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = path.parse().unwrap_or_default();
        let event = ScheduledEvent { job: job.to_owned(), scheduled_at: Some(scheduled_at), window: None };
        request.extensions_mut().insert(Trigger(event));
        self.ask(request).await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.served.abort();
    }
}

/// The stand-in as the issuer of single sign-on and of bearer tokens. It keeps its first name, because users
/// are identified by it; its keys are served by this service's own stand-ins.
fn issuers(sandbox: &Sandbox, providers: SocketAddr) -> [(&'static str, String); 2] {
    let issuer = sandbox.oidc.issuer();
    let keys = format!("http://{providers}/oidc/jwks");
    let believed = json!([{"issuer": issuer, "audience": oidc::AUDIENCE, "jwks_url": keys}]);
    [("OIDC_ISSUER", issuer), ("BEARER_ISSUERS", believed.to_string())]
}

/// Like every platform, sends telemetry before the answer leaves.
fn watched(routers: Router, watch: &Telemetry) -> Router {
    let watch = watch.clone();
    routers.layer(from_fn(move |request, next: Next| {
        let invocation = watch.begin();
        async move {
            let response = invocation.around(next.run(request)).await;
            invocation.end(response.status().is_success()).await;
            response
        }
    }))
}

/// Every function's routes in one router. Each function still guards its own.
fn routers(app: &SharedApp) -> Router {
    let functions: &[fn(SharedApp) -> Router] = &[
        sign_in::router,
        sign_up::router,
        password::router,
        single_sign_on::router,
        webhooks::router,
        settings::router,
        kpis::router,
        cases::router,
        nudge::router,
        operations::router,
        case_endings::router,
        memberships::router,
        bookings::router,
        professionals::router,
        reminders::router,
        payouts::router,
        payout_admin::router,
        auto_decline::router,
        reconciliation::router,
        event_publisher::router,
        health::router,
    ];
    let merged = functions.iter().fold(Router::new(), |all, function| {
        // Only one fallback may remain, and all of them answer the same.
        all.merge(function(app.clone()).reset_fallback())
    });
    merged.fallback_service(health::router(app.clone()))
}
