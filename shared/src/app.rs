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
use crate::events::EventIntake;
use crate::payouts::Payouts;
use crate::providers::client;
use crate::providers::resend::Resend;
use crate::providers::stripe::client::Stripe;
use crate::providers::whop::client::{AccessLevel, Whop};
use crate::providers::whop::token::{KeySource, UserTokens};
use crate::rate_limit::Limiter;
use crate::store::platform::outbox::Listeners;
use crate::store::{Store, StoreError};
use crate::watch::{self, Telemetry};

/// The `App` as handlers hold it.
pub type SharedApp = Arc<App>;

/// What Whop said of whom, and when.
pub type AccessCache = HashMap<(UserId, CompanyId), (AccessLevel, DateTime<Utc>)>;

/// Everything a handler may use. Time and randomness come from here and from nowhere else.
pub struct App {
    pub config: Config,
    /// What time it is; the local server's can be moved.
    pub clock: Clock,
    pub ids: Ids,
    /// When this process started, for the health check.
    pub started: Instant,
    /// The one HTTP client.
    pub http: reqwest::Client,
    /// Whop, where its key is set.
    pub whop: Option<Whop>,
    /// Resend, where its key and a sender are set.
    pub resend: Option<Resend>,
    /// Stripe, where the platform's key is set.
    pub stripe: Option<Stripe>,
    /// Checks Whop's user tokens, where the app's id is set.
    pub user_tokens: Option<UserTokens>,
    pub bearer_tokens: BearerTokens,
    /// Counts how often somebody asks.
    pub limiter: Limiter,
    /// Who watches from outside.
    pub watch: Telemetry,
    /// What Whop said of a user and a company, for at most a minute.
    pub access_cache: Mutex<AccessCache>,
    store: Option<Store>,
}

impl App {
    /// The `App` of a deployed function, from the process's environment and the deployment's secrets. Missing
    /// optional settings are logged in one line. Invalid settings, or missing required ones, stop the process.
    pub async fn start(service: &'static str) -> Result<SharedApp, ConfigError> {
        crate::logs::init(service);
        let started = Self::of_environment().await;
        let started = started.inspect(|app| app.watch.install());
        started.map(Arc::new).inspect_err(|error| tracing::error!(%error, "the function does not start"))
    }

    async fn of_environment() -> Result<Self, ConfigError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
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

    /// Whatever the network is needed for before the first request, all at once: the secrets, and the
    /// connection to the table.
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

    /// An `App` of given parts.
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
        let watch = Telemetry::new(&http, errors, config.drain.as_ref());
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
            watch,
            access_cache,
            store,
        }
    }

    pub fn store(&self) -> Result<&Store, StoreError> {
        self.store.as_ref().ok_or(StoreError::Unconfigured)
    }

    /// Says that a run of a job begins, to whoever watches jobs.
    pub fn check_in(&self, occurrence: &Occurrence) {
        if let Some(job) = Job::named(&occurrence.job) {
            watch::check_in(job, occurrence, self.config.marketplace.calendar.zone_name());
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
        }
    }

    /// What paying needs; `None` where Stripe's key is not set.
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

    /// Hands what receiving events needs to `use_intake`.
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

    /// The sweep over bookings, over a table and a source of ids that outlive it.
    pub fn bookings<'a>(&'a self, store: &'a Store) -> Bookings<'a> {
        Bookings { store, effect_clients: self.effect_clients(), ids: &self.ids }
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "App({:?})", self.config)
    }
}
