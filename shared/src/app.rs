//! The `App` that every handler gets: built once, when the process starts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use chrono::{DateTime, Utc};

use crate::aws::secrets::{self, Secrets, SecretsError};
use crate::aws::{Aws, prewarm};
use crate::bearer::BearerTokens;
use crate::bookings::Bookings;
use crate::config::{Config, ConfigError};
use crate::domain::kernel::clock::Clock;
use crate::domain::kernel::id::{CompanyId, UserId};
use crate::domain::kernel::ids::Ids;
use crate::domain::platform::job::{Job, Occurrence};
use crate::effects::EffectClients;
use crate::environment::read_variable;
use crate::events::EventIntake;
use crate::jobs::JobExpectations;
use crate::payouts::Payouts;
use crate::providers::client;
use crate::providers::resend::Resend;
use crate::providers::stripe::client::Stripe;
use crate::providers::whop::client::{AccessLevel, Whop};
use crate::providers::whop::token::{KeySource, UserTokens};
use crate::rate_limit::Limiter;
use crate::reconciliation::Reconciler;
use crate::recovery::Recoveries;
use crate::store::platform::outbox::Listeners;
use crate::store::{Store, StoreError};
use crate::switches::SwitchReader;
use crate::telemetry::{self, Telemetry};
use crate::webhook_counts::WebhookCounts;

pub type SharedApp = Arc<App>;

/// Whop's last answer to an access check per user and company, with the time of the answer.
pub type AccessCache = HashMap<(UserId, CompanyId), (AccessLevel, DateTime<Utc>)>;

/// The dependencies of every handler. Handlers take time and randomness from here only, so that tests control
/// both.
pub struct App {
    pub config: Config,
    /// The local server can move its clock.
    pub clock: Clock,
    pub ids: Ids,
    pub started: Instant,
    /// The HTTP client that all providers share.
    pub http: reqwest::Client,
    /// `None` if `WHOP_API_KEY` is not set.
    pub whop: Option<Whop>,
    /// `None` unless both `RESEND_API_KEY` and `EMAIL_FROM` are set.
    pub resend: Option<Resend>,
    /// `None` if `STRIPE_SECRET_KEY` is not set.
    pub stripe: Option<Stripe>,
    /// Verifies Whop's user tokens; `None` if `WHOP_APP_ID` is not set.
    pub user_tokens: Option<UserTokens>,
    pub bearer_tokens: BearerTokens,
    pub limiter: Limiter,
    /// What is switched off, read again with every run.
    pub switches: SwitchReader,
    pub webhook_counts: WebhookCounts,
    pub telemetry: Telemetry,
    /// Entries are valid for one minute (`auth::owner`).
    pub access_cache: Mutex<AccessCache>,
    store: Option<Store>,
}

impl App {
    /// Builds the app from the environment and starts the logs. Missing optional settings are logged in one line;
    /// invalid settings, or missing required ones, stop the process.
    pub async fn start(service: &'static str) -> Result<SharedApp, ConfigError> {
        crate::logs::init(service);
        let started = Self::of_environment().await;
        let started = started.inspect(|app| app.telemetry.install());
        started
            .map(Arc::new)
            .inspect_err(|error| tracing::error!(crashes = 1, %error, "the function does not start"))
    }

    async fn of_environment() -> Result<Self, ConfigError> {
        let variable = |name: &str| read_variable(name).filter(|value| !value.trim().is_empty());
        let mistake = |problem: String| ConfigError { mistakes: vec![problem] };
        let bundle = variable("AWS_CA_BUNDLE");
        let http =
            client::client_that_trusts(bundle.as_deref()).map_err(|error| mistake(error.to_string()))?;
        let secrets =
            Self::load_secrets(&http, variable).await.map_err(|error| mistake(error.to_string()))?;
        let config = Config::of_deployment(|name| secrets.get(name).cloned().or_else(|| variable(name)))?;
        let missing: Vec<&str> = config.missing().iter().map(|name| name.name).collect();
        if !missing.is_empty() {
            tracing::warn!(missing = missing.join(", "), "features are off, because settings are missing");
        }
        let dynamodb =
            config.aws.as_ref().map(|aws| aws.dynamodb(&http, config.dynamodb_endpoint.as_deref()));
        Ok(Self::new(config, dynamodb, http, Clock::system(), Ids::system()))
    }

    /// Loads the secrets and, at the same time, opens a connection to DynamoDB, so that the start waits only
    /// once.
    async fn load_secrets(
        http: &reqwest::Client,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Secrets, SecretsError> {
        let Some(aws) = Aws::read(&variable) else { return Ok(Secrets::default()) };
        let (table, secrets) =
            (variable("AWS_ENDPOINT_URL_DYNAMODB"), variable("AWS_ENDPOINT_URL_SECRETS_MANAGER"));
        let read = async {
            match variable("SECRETS_ID") {
                Some(id) => secrets::read(&aws, http, secrets.as_deref(), &id).await,
                None => Ok(Secrets::default()),
            }
        };
        let (secrets, ()) = tokio::join!(read, prewarm(http, &aws.region, table.as_deref()));
        secrets
    }

    pub fn new(
        config: Config,
        dynamodb: Option<aws_sdk_dynamodb::Client>,
        http: reqwest::Client,
        clock: Clock,
        ids: Ids,
    ) -> Self {
        let listeners = Listeners { bus: config.event_bus.is_some(), analytics: config.analytics.is_some() };
        let store =
            dynamodb.zip(config.table_name.as_deref()).map(|(client, table)| Store::new(client, table));
        let store = store.map(|store| store.with_listeners(listeners));
        let whop =
            config.whop_api_key.as_ref().map(|key| Whop::new(http.clone(), &config.whop_api_base, key));
        let resend = config.resend_api_key.as_ref().zip(config.email_from.as_ref());
        let resend = resend.map(|(key, from)| Resend::new(http.clone(), &config.resend_api_base, key, from));
        let stripe = config.stripe_secret_key.as_ref();
        let stripe = stripe.map(|key| Stripe::new(http.clone(), &config.stripe_api_base, key));
        let source = match &config.whop_user_token_public_key {
            Some(key) => KeySource::Fixed(key.clone()),
            None => KeySource::Url(config.whop_jwks_url.clone()),
        };
        let bearer_tokens = BearerTokens::new(http.clone(), config.bearer_issuers.clone());
        let user_tokens =
            config.whop_app_id.as_ref().map(|app_id| UserTokens::new(http.clone(), source, app_id));
        let limiter = Limiter::new(store.clone());
        let errors = config.errors.as_ref().map(|errors| (&errors.dsn, errors.deployment.clone()));
        let telemetry = Telemetry::new(&http, errors, config.drain.as_ref(), config.heartbeat.as_ref());
        let started = Instant::now();
        let access_cache = Mutex::default();
        Self {
            config,
            clock,
            ids,
            started,
            http,
            whop,
            resend,
            stripe,
            user_tokens,
            bearer_tokens,
            limiter,
            switches: SwitchReader::default(),
            webhook_counts: WebhookCounts::default(),
            telemetry,
            access_cache,
            store,
        }
    }

    pub fn store(&self) -> Result<&Store, StoreError> {
        self.store.as_ref().ok_or(StoreError::Unconfigured)
    }

    pub fn job_expectations(&self) -> JobExpectations {
        JobExpectations {
            calendar: self.config.marketplace.calendar,
            publishes_events: self.config.event_bus.is_some() || self.config.analytics.is_some(),
        }
    }

    /// Tells external monitoring that a run of a job starts.
    pub fn check_in(&self, occurrence: &Occurrence) {
        if let Some(job) = Job::named(&occurrence.job) {
            telemetry::check_in(job, occurrence, self.config.marketplace.calendar.zone_name());
        }
    }

    pub fn effect_clients(&self) -> EffectClients<'_> {
        EffectClients {
            whop: self.whop.as_ref(),
            resend: self.resend.as_ref(),
            stripe: self.stripe.as_ref(),
            vault: &self.config.vault,
            booking_config: &self.config.marketplace.booking_config,
            clock: &self.clock,
            switches: &self.switches,
        }
    }

    /// The payout engine; `None` if `STRIPE_SECRET_KEY` is not set.
    pub fn payouts<'a>(&'a self, store: &'a Store) -> Option<Payouts<'a>> {
        let marketplace = &self.config.marketplace;
        Some(Payouts {
            store,
            stripe: self.stripe.as_ref()?,
            effect_clients: self.effect_clients(),
            calendar: marketplace.calendar,
            minimum: &marketplace.payout_minimum,
            approval_above: &marketplace.payout_approval_above,
            ids: &self.ids,
        })
    }

    /// What the processing of received webhooks needs.
    pub fn intake<'a>(&'a self, store: &'a Store) -> EventIntake<'a> {
        let (whop, stripe) = (self.whop.as_ref(), self.stripe.as_ref());
        EventIntake {
            store,
            whop,
            stripe,
            booking_config: &self.config.marketplace.booking_config,
            ids: &self.ids,
        }
    }

    pub fn reconciler<'a>(&'a self, store: &'a Store) -> Reconciler<'a> {
        Reconciler {
            intake: self.intake(store),
            clock: &self.clock,
            vault: &self.config.vault,
            stripe_mode: self.config.stripe_mode(),
            platform_company: self.config.platform_company.as_ref(),
        }
    }

    pub fn recovery<'a>(&'a self, store: &'a Store) -> Recoveries<'a> {
        Recoveries {
            store,
            effect_clients: self.effect_clients(),
            whop_app_id: self.config.whop_app_id.as_deref(),
            ids: &self.ids,
        }
    }

    /// The booking engine with this app's clients and ids.
    pub fn bookings<'a>(&'a self, store: &'a Store) -> Bookings<'a> {
        Bookings { store, effect_clients: self.effect_clients(), ids: &self.ids }
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "App({:?})", self.config)
    }
}
