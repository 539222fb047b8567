//! Simulates Resend's reports about mails to an address.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use shared::domain::kernel::account::EmailAddress;
use shared::http::{Answer, Failure, JsonBody};

use super::{SandboxApi, refuse};
use stand_ins::resend::MailOutcome;

/// `{"to": "user@example.com", "outcome": "bounced"}`: or `bounced_for_now`, `complained`, `delayed`,
/// `failed`, `delivered`, `blocked`, `unblocked`. The signed events go out at once.
pub(super) async fn play_mail(State(sandbox_api): State<SandboxApi>, body: JsonBody) -> Response {
    match mail(&body) {
        Err(failure) => refuse(&failure),
        Ok((address, outcome)) => {
            sandbox_api.service.sandbox.resend.report(&address, outcome);
            let delivered = sandbox_api.service.deliver_resend_events().await;
            Answer::ok(json!({"events_delivered": delivered})).into_response()
        }
    }
}

fn mail(body: &JsonBody) -> Result<(String, MailOutcome), Failure> {
    let fields = body.object(&["to", "outcome"])?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let address = EmailAddress::parse(text("to"));
    let address = address.ok_or_else(|| Failure::field("to", "expected an e-mail address"))?;
    let outcome = MailOutcome::named(text("outcome"));
    let outcome = outcome.ok_or_else(|| {
        let known =
            "expected bounced, bounced_for_now, complained, delayed, failed, delivered, blocked or unblocked";
        Failure::field("outcome", known)
    })?;
    Ok((address.as_str().to_owned(), outcome))
}
