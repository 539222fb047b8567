//! What Stripe and the books differ in: listed for whoever looks after it, and closed by hand.

use axum::extract::{Path, State};
use axum::response::Response;
use shared::app::SharedApp;
use shared::auth::Caller;
use shared::http::body::text_field;
use shared::http::idempotent::{IdempotencyKey, idempotent};
use shared::http::query::{Parameters, cursor};
use shared::http::{Answer, Failure, JsonBody};
use shared::store::marketplace::reconciliation::{
    CloseOutcome, Closing, Finding, FindingCursor, FindingKind, FindingStatus,
};
use shared::views::platform::finding::{ClosingView, FindingView};
use shared::views::{ListView, Timestamp};

/// Room for a few sentences.
const MAX_NOTE_CHARS: usize = 500;

pub(super) async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Answer, Failure> {
    let parameters = parameters.only(&["limit", "cursor"])?;
    let after = parameters.cursor(FindingCursor::parse)?;
    let finding_scope = caller.company.finding_scope(app.config.platform_company.as_ref());
    let (findings, next) = finding_scope.open_findings(parameters.limit()?, after.as_ref()).await?;
    let data = findings.iter().map(tell).collect();
    Ok(Answer::ok(ListView { data, next_cursor: next.as_ref().map(cursor) }))
}

pub(super) async fn resolve(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(finding_id): Path<String>,
    intent: IdempotencyKey,
    body: JsonBody,
) -> Result<Response, Failure> {
    let run = |_| close(&app, &caller, &finding_id, &body);
    idempotent(&app, &caller.company, &caller.id, &intent, &body, run).await
}

async fn close(
    app: &SharedApp,
    caller: &Caller,
    finding_id: &str,
    body: &JsonBody,
) -> Result<Answer, Failure> {
    let note = text_field(body.object(&["note"])?, "note", MAX_NOTE_CHARS)?.trim();
    if note.is_empty() {
        return Err(Failure::field("note", "expected a text"));
    }
    let finding_scope = caller.company.finding_scope(app.config.platform_company.as_ref());
    let now = app.clock.now();
    match finding_scope.close(finding_id, &caller.id, note, now, &app.ids).await? {
        CloseOutcome::Now(finding) => {
            tracing::info!(finding_id, "finding closed by hand");
            Ok(Answer::ok(tell(&finding)))
        }
        // A process that died behind this very word left no answer: the word stands all the same.
        CloseOutcome::NotOpen(finding) if says(finding.closing.as_ref(), &caller.id, note) => {
            Ok(Answer::ok(tell(&finding)))
        }
        CloseOutcome::NotOpen(finding) if finding.status == FindingStatus::Explained => {
            Err(Failure::Conflict("Stripe and the books agree by now: it is closed already.".to_owned()))
        }
        CloseOutcome::NotOpen(_) => Err(Failure::Conflict("It is closed already.".to_owned())),
        CloseOutcome::InDoubt => Err(Failure::Conflict(
            "Its transfer is in doubt. Say what became of that by /api/operations/resolve; the next \
             reconciliation closes this."
                .to_owned(),
        )),
        CloseOutcome::Absent => Err(Failure::Absent),
    }
}

fn says(closing: Option<&Closing>, by: &str, note: &str) -> bool {
    closing.is_some_and(|closing| closing.by == by && closing.note.as_deref() == Some(note))
}

/// A finding for the operator.
pub(super) fn tell(finding: &Finding) -> FindingView {
    let closing = finding.closing.as_ref().map(|closing| ClosingView {
        at: Timestamp(closing.at),
        by: closing.by.clone(),
        note: closing.note.clone(),
    });
    FindingView {
        finding_id: finding.finding_id.clone(),
        kind: finding.kind,
        message: why(finding.kind),
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

/// Why it is listed, as a sentence.
fn why(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::ChargeUnknown => {
            "A payment, or what went back of one, that is no booking's or a second one of a booking."
        }
        FindingKind::TransferUnknown => {
            "A transfer, or what came back of one, of which the books know nothing."
        }
        FindingKind::TransferInDoubt => {
            "Nobody knows yet what became of this transfer of ours. It closes when that is settled."
        }
        FindingKind::SecondTransfer => "A second transfer of a booking that was paid already.",
        FindingKind::TransferMissing => "The books have this transfer, and Stripe has not.",
        FindingKind::AmountDiffers => "Stripe and the books know of it, and not of the same amount.",
        FindingKind::BooksUnreadable => "Its booking cannot be read by this version.",
        FindingKind::LineUnknown => "A line of Stripe's balance that belongs to nothing we know.",
    }
}
