//! A payout run by hand, or a dry run.

use axum::extract::State;
use axum::response::Response;
use serde_json::Value;
use shared::app::SharedApp;
use shared::auth::Caller;
use shared::domain::marketplace::payout::{BatchId, Plan, StartedBy};
use shared::domain::platform::action::Actor;
use shared::domain::platform::switch::SwitchName;
use shared::http::idempotent::{IdempotencyKey, idempotent};
use shared::http::{Answer, Failure, JsonBody};
use shared::payouts::{PayoutRequest, RunLimits, RunResult};
use shared::views::marketplace::batch::CarriedView;
use shared::views::marketplace::plan::{
    AwaitingApprovalView, PayoutPlanView, PlanTotalsView, PlannedTransferView, SettledView, SkippedView,
};

pub(super) async fn process(
    State(app): State<SharedApp>,
    caller: Caller,
    idempotency_key: IdempotencyKey,
    body: JsonBody,
) -> Result<Response, Failure> {
    // `dry_run` is required, so that forgetting it moves no money.
    let dry_run = body.object(&["dry_run"])?.get("dry_run").and_then(Value::as_bool);
    let dry_run = dry_run.ok_or_else(|| Failure::field("dry_run", "expected true or false"))?;
    let run = |_: String| run(&app, &caller, dry_run);
    idempotent(&app, &caller.company, &caller.id, &idempotency_key, &body, run).await
}

async fn run(app: &SharedApp, caller: &Caller, dry_run: bool) -> Result<Answer, Failure> {
    let calendar = app.config.marketplace.calendar;
    let batch = calendar.batch_of_day(app.clock.now());
    let batch =
        batch.ok_or_else(|| Failure::Internal("the clock shows no year of four digits".to_owned()))?;
    let payouts = app.payouts(app.store()?).ok_or(Failure::STRIPE_NOT_CONFIGURED)?;
    let switched_off = app.switches.refresh(app.store()?, app.clock.now()).await?;
    if !dry_run && switched_off.is_off(SwitchName::Payouts, Some(caller.company.id())) {
        return Err(Failure::Conflict(
            "Payouts are switched off. GET /api/operations/switches says since when and why.".to_owned(),
        ));
    }
    let order = PayoutRequest {
        batch,
        started_by: StartedBy::Person { account: caller.id.clone() },
        actor: Actor::person(&caller.id, caller.role),
        // Also includes professionals that the job has postponed to the end of the day, so that their reasons are
        // shown.
        due_by: calendar.ends_at(batch),
        company: Some(caller.company.id().clone()),
        limits: RunLimits::of_person(),
    };
    let ran = if dry_run { payouts.dry_run(&order).await? } else { payouts.run(&order).await? };
    Ok(Answer::ok(show(batch, dry_run, ran)))
}

/// The decisions of the run or dry run. The batch shows the outcome of each transfer.
fn show(batch_id: BatchId, dry_run: bool, ran: RunResult) -> PayoutPlanView {
    let Plan { transfers, settled, skips, carried, totals } = ran.plan;
    let amount = |sum: i128| i64::try_from(sum).unwrap_or(i64::MAX);
    let transfers = transfers.into_iter().map(|it| PlannedTransferView {
        booking_id: it.booking_id,
        professional_id: it.professional_id,
        amount: it.request.amount,
        currency: it.request.currency,
        carried_amount: it.carried_amount,
        operation: it.request.idempotency_key,
    });
    let settled = settled.into_iter().map(|it| SettledView {
        booking_id: it.booking_id,
        professional_id: it.professional_id,
        carried_amount: it.payable.amount,
        currency: it.payable.currency,
    });
    let skips = skips.into_iter().map(|it| SkippedView {
        booking_id: it.booking_id,
        professional_id: it.professional_id,
        amount: it.money.amount,
        currency: it.money.currency,
        reason: it.reason,
        message: it.reason.sentence(),
    });
    let carried = carried.into_iter().map(|line| CarriedView {
        professional_id: line.professional_id,
        currency: line.currency,
        before_amount: line.before_amount,
        used_amount: line.used_amount,
        after_amount: line.after_amount,
    });
    let totals = totals.into_iter().map(|(currency, totals)| PlanTotalsView {
        currency,
        payable_amount: amount(totals.payable_amount),
        transferred_amount: amount(totals.transferred_amount),
        carried_amount: amount(totals.carried_amount),
        skipped_amount: amount(totals.skipped_amount),
    });
    let awaiting_approval = ran.awaiting.into_iter().map(|((professional_id, currency), amount)| {
        AwaitingApprovalView { professional_id, currency, amount }
    });
    PayoutPlanView {
        batch_id,
        dry_run,
        transfers: transfers.collect(),
        settled: settled.collect(),
        skips: skips.collect(),
        carried: carried.collect(),
        totals: totals.collect(),
        awaiting_approval: awaiting_approval.collect(),
        more: ran.report.more,
    }
}
