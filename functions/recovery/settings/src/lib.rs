//! A company's settings for failed renewals.
//!
//! - **Called by** the owner's browser.
//! - **Reads** the company's settings, one row.
//! - **Writes** settings, their audit entry and a due row in one transaction; the sweep then reschedules the
//!   company's open cases, so that new offsets apply to them too.
//! - **Answers** the current settings.
//! - **Twice:** the same settings again change only the version; of two concurrent changes one overwrites the
//!   other completely.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use http::Method;
use shared::app::SharedApp;
use shared::auth::{Caller, Routes};
use shared::domain::recovery::settings::Settings;
use shared::http::idempotent::{IdempotencyKey, idempotent};
use shared::http::{Answer, Failure, JsonBody};
use shared::store::company::{AuditEntry, SettingsRow};
use shared::views::recovery::settings::SettingsView;

/// A concurrent request may save too; after two conflicts the third one is returned as an error.
const SAVE_TRIES: u32 = 3;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("settings")
        .on(Method::GET, "/api/settings", read)
        .on(Method::PUT, "/api/settings", replace)
        .into_router(app)
}

async fn read(caller: Caller) -> Result<Answer, Failure> {
    Ok(Answer::ok(SettingsView::from(caller.company.settings().await?)))
}

async fn replace(
    State(app): State<SharedApp>,
    caller: Caller,
    idempotency_key: IdempotencyKey,
    body: JsonBody,
) -> Result<Response, Failure> {
    let settings = Settings::parse(&body.value).map_err(Failure::fields)?;
    let save = |_| async { save(&app, &caller, &settings).await.map(SettingsView::from).map(Answer::ok) };
    idempotent(&app, &caller.company, &caller.id, &idempotency_key, &body, save).await
}

async fn save(app: &SharedApp, caller: &Caller, settings: &Settings) -> Result<SettingsRow, Failure> {
    let company = &caller.company;
    let saved = company.store().retry_on_conflict(&app.ids, SAVE_TRIES, |_| async {
        let now = app.clock.now();
        let version = company.settings().await?.version;
        let entry = AuditEntry {
            at: now,
            kind: "settings.changed".to_owned(),
            subject: company.id().to_string(),
            cause: caller.id.clone(),
            source: None,
            detail: serde_json::to_string(settings).ok(),
        };
        let writes = vec![
            company.save_settings(settings, version, now)?,
            company.audit(&entry, &(version + 1).to_string())?,
        ];
        Ok((writes, SettingsRow { settings: settings.clone(), updated_at: Some(now), version: version + 1 }))
    });
    saved.await
}
