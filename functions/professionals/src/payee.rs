//! A professional as the payouts see one, and the account at Stripe it is paid to.

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};
use shared::app::SharedApp;
use shared::auth::Caller;
use shared::domain::party::{ProfessionalId, StripeAccountId};
use shared::domain::payout::PayeeAccount;
use shared::domain::time;
use shared::http::body::text_field;
use shared::http::once::{Intent, once};
use shared::http::{Answer, Failure, JsonBody};
use shared::store::company::AuditEntry;
use shared::store::payee::PayeeRow;

use crate::parse;

/// Longer than every id of Stripe's.
const MAX_ID_CHARS: usize = 255;

pub(crate) async fn read(caller: Caller, Path(professional_id): Path<String>) -> Result<Answer, Failure> {
    let professional_id = parse(&professional_id)?;
    let payee = caller.company.known_payee(&professional_id).await?.ok_or(Failure::Absent)?;
    Ok(Answer::ok(show(&professional_id, &payee)))
}

pub(crate) async fn connect(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(professional_id): Path<String>,
    intent: Intent,
    body: JsonBody,
) -> Result<Response, Failure> {
    let professional_id = parse(&professional_id)?;
    let named = text_field(body.object(&["stripe_account_id"])?, "stripe_account_id", MAX_ID_CHARS)?;
    let account_id = StripeAccountId::parse(named)
        .map_err(|error| Failure::field("stripe_account_id", error.to_string()))?;
    let run = async |operation: String| {
        let account = account(&app, &account_id).await?;
        save(&app, &caller, &professional_id, &account, &operation).await
    };
    once(&app, &caller.company, &caller.id, &intent, &body, run).await
}

/// The account as Stripe knows it now.
async fn account(app: &SharedApp, account_id: &StripeAccountId) -> Result<PayeeAccount, Failure> {
    let stripe = app.stripe.as_ref().ok_or_else(|| Failure::Unavailable {
        detail: "This door is not configured.",
        reason: "STRIPE_SECRET_KEY is not set".to_owned(),
    })?;
    let account = stripe.account(account_id.as_str()).await.map_err(|error| Failure::Unavailable {
        detail: "Stripe does not answer. Try again.",
        reason: error.reason().to_owned(),
    })?;
    let unknown = "There is no such account at Stripe, or it does not let us in.";
    let bare = "Stripe does not know yet in which currency this account is paid out.";
    account.payee().ok_or_else(|| Failure::Conflict(if account.deleted { unknown } else { bare }.to_owned()))
}

async fn save(
    app: &SharedApp,
    caller: &Caller,
    professional_id: &ProfessionalId,
    account: &PayeeAccount,
    operation: &str,
) -> Result<Answer, Failure> {
    let company = &caller.company;
    let entry = AuditEntry {
        at: app.clock.now(),
        kind: "payee.connected".to_owned(),
        subject: professional_id.to_string(),
        cause: caller.id.clone(),
        detail: serde_json::to_string(account).ok(),
    };
    let mut writes = company.connect_payee(professional_id, account)?;
    writes.push(company.audit(&entry, operation)?);
    company.store().commit(app.ids.next(), writes).await?;
    let payee = company.payee(professional_id).await?;
    Ok(Answer::ok(show(professional_id, &payee)))
}

fn show(professional_id: &ProfessionalId, payee: &PayeeRow) -> Value {
    let account = payee.account.as_ref();
    json!({
        "professional_id": professional_id,
        "stripe_account_id": account.map(|account| &account.id),
        "charges_enabled": account.is_some_and(|account| account.charges_enabled),
        "payouts_enabled": account.is_some_and(|account| account.payouts_enabled),
        "currency": account.map(|account| &account.currency),
        "payable_from": payee.due_at.map(time::write),
    })
}
