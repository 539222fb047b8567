//! A professional as a payee, and the connected Stripe account.

use axum::extract::{Path, State};
use axum::response::Response;
use shared::app::SharedApp;
use shared::auth::Caller;
use shared::domain::kernel::party::{ProfessionalId, StripeAccountId};
use shared::domain::kernel::provider::Provider;
use shared::domain::marketplace::payout::StripeAccountStatus;
use shared::http::body::text_field;
use shared::http::idempotent::{IdempotencyKey, idempotent};
use shared::http::{Answer, Failure, JsonBody};
use shared::providers::stripe::account::StripeAccount;
use shared::store::company::AuditEntry;
use shared::store::marketplace::payee::PayeeRow;
use shared::views::Timestamp;
use shared::views::marketplace::payee::PayeeView;

use crate::parse;

/// Longer than any id at Stripe.
const MAX_ID_CHARS: usize = 255;

/// A concurrent payout may change the professional; after four conflicts the fifth one is returned as an error.
const TRIES: u32 = 5;

pub(crate) async fn read(caller: Caller, Path(professional_id): Path<String>) -> Result<Answer, Failure> {
    let professional_id = parse(&professional_id)?;
    let payee = caller.company.known_payee(&professional_id).await?.ok_or(Failure::Absent)?;
    Ok(Answer::ok(show(&professional_id, &payee)))
}

pub(crate) async fn connect(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(professional_id): Path<String>,
    idempotency_key: IdempotencyKey,
    body: JsonBody,
) -> Result<Response, Failure> {
    let professional_id = parse(&professional_id)?;
    let named = text_field(body.object(&["stripe_account_id"])?, "stripe_account_id", MAX_ID_CHARS)?;
    let account_id = StripeAccountId::parse(named)
        .map_err(|error| Failure::field("stripe_account_id", error.to_string()))?;
    let run = async |operation: String| {
        let account = account(&app, &account_id).await?;
        let is_named = account.is_of(caller.company.id(), &professional_id);
        let connection = Connection { account, account_id: account_id.clone(), is_named };
        save(&app, &caller, &professional_id, &connection, &operation).await
    };
    idempotent(&app, &caller.company, &caller.id, &idempotency_key, &body, run).await
}

/// An account that a caller wants to connect to a professional.
struct Connection {
    account: StripeAccount,
    account_id: StripeAccountId,
    /// Whether its metadata at Stripe names this professional of this company.
    is_named: bool,
}

impl Connection {
    /// The account's status, after checking that it belongs to the professional.
    fn status(&self) -> Result<StripeAccountStatus, Failure> {
        match self.account.status().filter(|_| !self.account.deleted) {
            None => Err(conflict("There is no such account at Stripe any more, or we have no access to it.")),
            Some(status) if status.currency.is_none() => {
                Err(conflict("Stripe does not know yet in which currency this account is paid out."))
            }
            Some(status) => Ok(status),
        }
    }
}

/// The answer for every account that is not proven to be this professional's: without an owner, another
/// company's, or unknown. It does not say which.
const NOT_OWNED: &str = "This account is not known to be this professional's. Its metadata at Stripe has to name company_id, and professional_id where it is one person's; only the platform's key can write that.";

async fn account(app: &SharedApp, account_id: &StripeAccountId) -> Result<StripeAccount, Failure> {
    let stripe = app.stripe.as_ref().ok_or(Failure::STRIPE_NOT_CONFIGURED)?;
    stripe.account(account_id.as_str()).await.map_err(|error| error.of(Provider::Stripe).into())
}

fn conflict(detail: &str) -> Failure {
    Failure::Conflict(detail.to_owned())
}

async fn save(
    app: &SharedApp,
    caller: &Caller,
    professional_id: &ProfessionalId,
    connection: &Connection,
    operation: &str,
) -> Result<Answer, Failure> {
    let company = &caller.company;
    let saved: Result<(), Failure> = company
        .store()
        .retry_on_conflict(&app.ids, TRIES, |_| async {
            let now = app.clock.now();
            let read = company.payee(professional_id).await?;
            let owner = company.store().inbox().payee_owner(&connection.account_id).await?;
            let is_registered = owner.as_ref().is_some_and(|owner| {
                owner.company_id == *company.id() && owner.professional_id == *professional_id
            });
            // An account belongs to one person, because a mistyped id would otherwise pay the wrong one. Accounts
            // registered before ownership was checked stay.
            if !is_registered && (owner.is_some() || !connection.is_named) {
                return Err(conflict(NOT_OWNED));
            }
            let status = &connection.status()?;
            let mut writes = vec![company.record_account_status(&read, professional_id, status, now, now)?];
            if !is_registered {
                writes.push(company.register_payee(&status.account, professional_id)?);
            }
            let entry = AuditEntry {
                at: now,
                kind: "payee.connected".to_owned(),
                subject: professional_id.to_string(),
                cause: caller.id.clone(),
                source: Some(caller.role.into()),
                detail: serde_json::to_string(status).ok(),
            };
            writes.push(company.audit(&entry, operation)?);
            Ok((writes, ()))
        })
        .await;
    saved?;
    Ok(Answer::ok(show(professional_id, &company.payee(professional_id).await?)))
}

fn show(professional_id: &ProfessionalId, payee: &PayeeRow) -> PayeeView {
    let account = payee.account.as_ref();
    PayeeView {
        professional_id: professional_id.clone(),
        stripe_account_id: account.map(|account| account.id.clone()),
        charges_enabled: account.is_some_and(|account| account.charges_enabled),
        payouts_enabled: account.is_some_and(|account| account.payouts_enabled),
        disabled_reason: payee.disabled_reason.clone(),
        currency: account.map(|account| account.currency.clone()),
        account_reported_at: payee.account_reported_at.map(Timestamp),
        due_at: payee.due_at.map(Timestamp),
    }
}
