//! The deep check: every configured key is tried by a request that changes nothing, a user token is verified, and a
//! reminder is written, all at the same time and each within a time limit.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::{Duration, Instant};

use shared::app::SharedApp;
use shared::domain::kernel::id::UserId;
use shared::domain::kernel::message::{Language, Template};
use shared::providers::call::CallError;
use shared::providers::resend::KeyAccess;
use shared::views::Timestamp;
use shared::views::platform::probe::{ProbeStatus, ProbeView};

/// A provider that is slower than this would fail its calls as well.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// A user that nobody is: Whop answers that there is none, and so that it knows the key.
const NO_USER: &str = "user_health_check";

/// The results of the deep checks.
pub(super) struct Probes {
    pub(super) keys: BTreeMap<&'static str, ProbeView>,
    pub(super) user_tokens: ProbeView,
    pub(super) reminder_texts: ProbeView,
}

impl Probes {
    pub(super) async fn run(app: &SharedApp) -> Self {
        let (stripe, whop, resend, user_tokens) = tokio::join!(
            probe(app, stripe_key(app)),
            probe(app, whop_key(app)),
            probe(app, resend_key(app)),
            probe(app, user_token(app)),
        );
        let reminder_texts = probe(app, async { reminder_texts() }).await;
        let keys = BTreeMap::from([("stripe", stripe), ("whop", whop), ("resend", resend)]);
        Self { keys, user_tokens, reminder_texts }
    }

    pub(super) fn are_well(&self) -> bool {
        let others = [&self.user_tokens, &self.reminder_texts];
        self.keys.values().chain(others).all(|probe| probe.status != ProbeStatus::Failed)
    }
}

/// What a check found out.
enum Found {
    Works(Option<&'static str>),
    NotConfigured(&'static str),
    Failed(String),
}

impl From<CallError> for Found {
    fn from(error: CallError) -> Self {
        // A code of ours or the provider's, never a text.
        Self::Failed(error.reason().to_owned())
    }
}

async fn probe(app: &SharedApp, check: impl Future<Output = Found>) -> ProbeView {
    let (started, checked_at) = (Instant::now(), Timestamp(app.clock.now()));
    let found = tokio::time::timeout(TIME_LIMIT, check).await;
    let found = found.unwrap_or_else(|_| Found::Failed("no_answer_in_time".to_owned()));
    let (status, reason) = match found {
        Found::Works(remark) => (ProbeStatus::Ok, remark.map(str::to_owned)),
        Found::NotConfigured(variable) => (ProbeStatus::NotConfigured, Some(variable.to_owned())),
        Found::Failed(reason) => (ProbeStatus::Failed, Some(reason)),
    };
    if let (ProbeStatus::Failed, Some(reason)) = (status, &reason) {
        tracing::warn!(reason, "a deep health check failed");
    }
    ProbeView { status, reason, checked_at, duration_ms: started.elapsed().as_secs_f64() * 1_000.0 }
}

/// The balance, which payouts read too.
async fn stripe_key(app: &SharedApp) -> Found {
    let Some(stripe) = &app.stripe else { return Found::NotConfigured("STRIPE_SECRET_KEY") };
    stripe.balance().await.map_or_else(Found::from, |_| Found::Works(None))
}

/// The access of nobody, which takes the same right as the authentication of an owner.
async fn whop_key(app: &SharedApp) -> Found {
    let Some(whop) = &app.whop else { return Found::NotConfigured("WHOP_API_KEY") };
    let Some(app_id) = &app.config.whop_app_id else { return Found::NotConfigured("WHOP_APP_ID") };
    let Ok(nobody) = UserId::parse(NO_USER) else { return Found::Failed("no_user".to_owned()) };
    match whop.access(&nobody, app_id).await {
        Ok(_) | Err(CallError::Absent) => Found::Works(None),
        Err(error) => error.into(),
    }
}

async fn resend_key(app: &SharedApp) -> Found {
    let Some(resend) = &app.resend else {
        let is_sender_missing = app.config.resend_api_key.is_some();
        return Found::NotConfigured(if is_sender_missing { "EMAIL_FROM" } else { "RESEND_API_KEY" });
    };
    match resend.check_key().await {
        Ok(KeyAccess::Full) => Found::Works(None),
        Ok(KeyAccess::SendingOnly) => Found::Works(Some("sending_access_only")),
        Err(error) => error.into(),
    }
}

async fn user_token(app: &SharedApp) -> Found {
    let Some(user_tokens) = &app.user_tokens else { return Found::NotConfigured("WHOP_APP_ID") };
    match user_tokens.dry_run(app.clock.now()).await {
        Ok(()) => Found::Works(None),
        Err(error) => Found::Failed(error.as_str().to_owned()),
    }
}

/// Writes a reminder in every language, with and without free days.
fn reminder_texts() -> Found {
    let manage_url = "https://whop.com/hub/health-check".to_owned();
    for language in [Language::En, Language::Es] {
        for incentive_days in [0, 1, 5] {
            let template = Template { language, incentive_days, manage_url: manage_url.clone() };
            let message = template.write();
            let names_days = message.text.contains(&incentive_days.to_string());
            let is_complete = !message.title.is_empty() && message.text.ends_with(&manage_url);
            if !is_complete || (incentive_days > 0) != names_days {
                return Found::Failed("text_incomplete".to_owned());
            }
        }
    }
    Found::Works(None)
}
