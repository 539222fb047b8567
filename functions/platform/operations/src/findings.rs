//! Findings: differences between Stripe and the ledger, listed for the responsible people and closed by hand.

use axum::extract::{Path, State};
use axum::response::Response;
use shared::app::SharedApp;
use shared::auth::Caller;
use shared::http::body::note_field;
use shared::http::idempotent::{IdempotencyKey, idempotent};
use shared::http::query::{Parameters, cursor};
use shared::http::{Answer, Failure, JsonBody};
use shared::store::marketplace::reconciliation::{
    CloseOutcome, Closing, Finding, FindingCursor, FindingKind, FindingStatus,
};
use shared::views::platform::finding::{ClosingView, FindingView};
use shared::views::{ListView, Timestamp};

pub(super) async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Answer, Failure> {
    let parameters = parameters.only(&["limit", "cursor"])?;
    let after = parameters.cursor(FindingCursor::parse)?;
    let finding_scope = caller.company.finding_scope(app.config.platform_company.as_ref());
    let (findings, next) = finding_scope.open_findings(parameters.limit()?, after.as_ref()).await?;
    let data = findings.iter().map(show).collect();
    Ok(Answer::ok(ListView { data, next_cursor: next.as_ref().map(cursor) }))
}

pub(super) async fn resolve(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(finding_id): Path<String>,
    idempotency_key: IdempotencyKey,
    body: JsonBody,
) -> Result<Response, Failure> {
    let run = |_| close(&app, &caller, &finding_id, &body);
    idempotent(&app, &caller.company, &caller.id, &idempotency_key, &body, run).await
}

async fn close(
    app: &SharedApp,
    caller: &Caller,
    finding_id: &str,
    body: &JsonBody,
) -> Result<Answer, Failure> {
    let note = note_field(body.object(&["note"])?)?;
    let finding_scope = caller.company.finding_scope(app.config.platform_company.as_ref());
    let now = app.clock.now();
    match finding_scope.close(finding_id, &caller.id, note, now, &app.ids).await? {
        CloseOutcome::Now(finding) => {
            tracing::info!(finding_id, "finding closed by hand");
            Ok(Answer::ok(show(&finding)))
        }
        // A retry after a crash: this person already closed the finding with this note, so the answer is 200.
        CloseOutcome::NotOpen(finding) if is_closed_by(finding.closing.as_ref(), &caller.id, note) => {
            Ok(Answer::ok(show(&finding)))
        }
        CloseOutcome::NotOpen(finding) if finding.status == FindingStatus::Explained => {
            Err(Failure::Conflict(
                "Stripe and the ledger agree by now, so the finding is closed already.".to_owned(),
            ))
        }
        CloseOutcome::NotOpen(_) => Err(Failure::Conflict("The finding is closed already.".to_owned())),
        CloseOutcome::InDoubt => Err(Failure::Conflict(
            "The outcome of its transfer is unknown. Resolve it with /api/operations/resolve; the next \
             reconciliation closes the finding."
                .to_owned(),
        )),
        CloseOutcome::Absent => Err(Failure::Absent),
    }
}

fn is_closed_by(closing: Option<&Closing>, by: &str, note: &str) -> bool {
    closing.is_some_and(|closing| closing.by == by && closing.note.as_deref() == Some(note))
}

/// A finding for the operator.
pub(super) fn show(finding: &Finding) -> FindingView {
    let closing = finding.closing.as_ref().map(|closing| ClosingView {
        at: Timestamp(closing.at),
        by: closing.by.clone(),
        note: closing.note.clone(),
    });
    FindingView {
        finding_id: finding.finding_id.clone(),
        kind: finding.kind,
        message: explanation(finding.kind),
        booking_id: finding.booking_id,
        line_id: finding.line_id.clone(),
        stripe_amount: finding.stripe_amount,
        books_amount: finding.books_amount,
        difference_amount: finding.difference_amount(),
        currency: finding.currency.clone(),
        found_at: Timestamp(finding.found_at),
        status: finding.status,
        closing,
    }
}

/// Explains the kind of a finding in one sentence.
fn explanation(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::ChargeUnknown => {
            "A payment or refund that belongs to no booking, or a second payment of one."
        }
        FindingKind::TransferUnknown => "A transfer or reversal that is not in the ledger.",
        FindingKind::TransferInDoubt => {
            "The outcome of our transfer is unknown. The finding closes when that is resolved."
        }
        FindingKind::SecondTransfer => "A second transfer for a booking that is already paid out.",
        FindingKind::TransferMissing => "The transfer is in the ledger but not at Stripe.",
        FindingKind::AmountDiffers => "The amounts at Stripe and in the ledger differ.",
        FindingKind::BooksUnreadable => "This version cannot read its booking.",
        FindingKind::LineUnknown => "A transaction of Stripe's balance that matches nothing of ours.",
    }
}
