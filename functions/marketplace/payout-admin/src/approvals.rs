//! The approval of large payouts by a second person.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use shared::app::SharedApp;
use shared::auth::Caller;
use shared::domain::kernel::money::Currency;
use shared::domain::kernel::party::ProfessionalId;
use shared::domain::marketplace::booking::MAX_PRICE;
use shared::domain::marketplace::payout::{Approval, StartedBy};
use shared::http::idempotent::{IdempotencyKey, idempotent};
use shared::http::{Answer, Failure, JsonBody};
use shared::store::company::AuditEntry;
use shared::store::marketplace::payee::PayeeRow;
use shared::views::Timestamp;
use shared::views::marketplace::approval::ApprovalView;

struct Wanted {
    professional_id: ProfessionalId,
    currency: Currency,
    amount: i64,
}

pub(super) async fn approve(
    State(app): State<SharedApp>,
    caller: Caller,
    idempotency_key: IdempotencyKey,
    body: JsonBody,
) -> Result<Response, Failure> {
    let wanted = read(&body)?;
    let run = |operation: String| save(&app, &caller, wanted, operation);
    idempotent(&app, &caller.company, &caller.id, &idempotency_key, &body, run).await
}

fn read(body: &JsonBody) -> Result<Wanted, Failure> {
    let fields = body.object(&["professional_id", "currency", "amount"])?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let professional_id = ProfessionalId::parse(text("professional_id"))
        .map_err(|error| Failure::field("professional_id", error.to_string()))?;
    let currency =
        Currency::parse(text("currency")).map_err(|error| Failure::field("currency", error.to_string()))?;
    let amount =
        fields.get("amount").and_then(Value::as_i64).filter(|amount| (1..=MAX_PRICE).contains(amount));
    let amount = amount.ok_or_else(|| {
        Failure::field("amount", format!("expected a whole number of minor units from 1 to {MAX_PRICE}"))
    })?;
    Ok(Wanted { professional_id, currency, amount })
}

async fn save(
    app: &SharedApp,
    caller: &Caller,
    wanted: Wanted,
    operation: String,
) -> Result<Answer, Failure> {
    let (company, now) = (&caller.company, app.clock.now());
    let Wanted { professional_id, currency, amount } = wanted;
    if company.payee(&professional_id).await? == PayeeRow::default() {
        return Err(Failure::Absent);
    }
    if let Some(batch) = app.config.marketplace.calendar.batch_of_day(now)
        && let Some(row) = company.batch(batch).await?
        && row.record.started_by == (StartedBy::Person { account: caller.id.clone() })
    {
        return Err(Failure::Forbidden("The person who started today's batch cannot approve its payouts."));
    }
    let approval = Approval::new(amount, &caller.id, now);
    let shown = ApprovalView {
        professional_id: professional_id.clone(),
        currency: currency.clone(),
        amount,
        approved_by: caller.id.clone(),
        approved_at: Timestamp(now),
        valid_until: Timestamp(approval.valid_until),
    };
    let entry = AuditEntry {
        at: now,
        kind: "payout.approved".to_owned(),
        subject: professional_id.to_string(),
        cause: caller.id.clone(),
        source: Some(caller.role.into()),
        detail: Some(json!({"currency": currency, "amount": amount}).to_string()),
    };
    let writes =
        vec![company.approve(&professional_id, &currency, &approval)?, company.audit(&entry, &operation)?];
    company.store().commit(app.ids.next(), writes).await?;
    Ok(Answer::ok(shown))
}
