//! Resolves effects that are in doubt or were refused, by hand.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value};
use shared::app::SharedApp;
use shared::auth::Caller;
use shared::domain::kernel::id::CaseId;
use shared::domain::kernel::party::BookingId;
use shared::domain::marketplace::booking::{RefusalDecision, Step};
use shared::domain::platform::action::Actor;
use shared::domain::platform::effect::{Effect, Subject};
use shared::effects::{self, RefusalRequest, Resolution, ResolveError};
use shared::http::body::text_field;
use shared::http::idempotent::{IdempotencyKey, idempotent};
use shared::http::{Answer, Failure, JsonBody};

use crate::amounts::Bookings;
use crate::summary::show_effect;

const MAX_TEXT_CHARS: usize = 256;

/// Enough for a few sentences.
const MAX_NOTE_CHARS: usize = 500;

pub(super) async fn resolve(
    State(app): State<SharedApp>,
    caller: Caller,
    idempotency_key: IdempotencyKey,
    body: JsonBody,
) -> Result<Response, Failure> {
    let run = async |operation: String| ResolveRequest::read(&body)?.execute(&app, &caller, operation).await;
    idempotent(&app, &caller.company, &caller.id, &idempotency_key, &body, run).await
}

struct ResolveRequest {
    subject: Subject,
    operation: String,
    wanted: Wanted,
}

/// The outcome of an effect in doubt, or the decision about a refused one.
enum Wanted {
    Resolution(Resolution),
    Decision(RefusalDecision, Option<String>),
}

impl ResolveRequest {
    fn read(body: &JsonBody) -> Result<Self, Failure> {
        let fields = body.object(&["case_id", "booking_id", "operation", "outcome", "reference", "note"])?;
        let reference = match fields.get("reference") {
            None | Some(Value::Null) => None,
            Some(_) => Some(text_field(fields, "reference", MAX_TEXT_CHARS)?.to_owned()),
        };
        let note = match fields.get("note") {
            None | Some(Value::Null) => None,
            Some(_) => Some(text_field(fields, "note", MAX_NOTE_CHARS)?.trim().to_owned()),
        };
        let wanted = match fields.get("outcome").and_then(Value::as_str) {
            Some("happened") => Wanted::Resolution(Resolution::Happened { reference: reference.clone() }),
            Some("did_not_happen") => Wanted::Resolution(Resolution::DidNotHappen),
            Some("try_again") => Wanted::Decision(RefusalDecision::Retry, note.clone()),
            Some("closed") => Wanted::Decision(RefusalDecision::Close, note.clone()),
            _ => {
                let expected = "expected happened, did_not_happen, try_again or closed";
                return Err(Failure::field("outcome", expected));
            }
        };
        if reference.is_some() && !matches!(wanted, Wanted::Resolution(Resolution::Happened { .. })) {
            return Err(Failure::field("reference", "only what happened has a reference"));
        }
        match (&wanted, &note) {
            (Wanted::Resolution(_), Some(_)) => {
                return Err(Failure::field("note", "only what is tried again or closed takes a note"));
            }
            (Wanted::Decision(RefusalDecision::Close, _), None) => {
                return Err(Failure::field("note", "say why it is closed"));
            }
            (_, Some(note)) if note.is_empty() => return Err(Failure::field("note", "expected a text")),
            _ => {}
        }
        let operation = text_field(fields, "operation", MAX_TEXT_CHARS)?.to_owned();
        Ok(Self { subject: subject(fields)?, operation, wanted })
    }

    async fn execute(self, app: &SharedApp, caller: &Caller, request: String) -> Result<Answer, Failure> {
        let company = &caller.company;
        let read = company.action(self.subject, &self.operation).await?.ok_or(Failure::Absent)?;
        let bookings = Bookings::of(company, &[self.subject]).await?;
        let effect = match self.wanted {
            Wanted::Resolution(resolution) => {
                let (effect_clients, now) = (app.effect_clients(), app.clock.now());
                let subject = self.subject;
                effects::resolve(company, subject, &read, &resolution, &caller.id, effect_clients, now)
                    .await
                    .map_err(refuse)?
            }
            Wanted::Decision(decision, note) => {
                let source = format!("resolve:{request}");
                let actor = Actor::person(&caller.id, caller.role);
                let order = RefusalRequest { decision, note, actor, source };
                decide(app, caller, self.subject, &read, &order).await?
            }
        };
        effects::log_resolution(company, self.subject, &effect);
        Ok(Answer::ok(show_effect(self.subject, &effect, &bookings)))
    }
}

/// Applies the decision about a refused effect and executes the next step: a new attempt, or closing it as
/// refused.
async fn decide(
    app: &SharedApp,
    caller: &Caller,
    subject: Subject,
    read: &Effect,
    order: &RefusalRequest,
) -> Result<Effect, Failure> {
    let company = &caller.company;
    let (effect_clients, now) = (app.effect_clients(), app.clock.now());
    let begun = effects::resolve_refusal(company, subject, read, order, effect_clients, &app.ids, now).await;
    let begun = begun.map_err(refuse)?;
    if let Subject::Booking(booking_id) = subject {
        app.bookings(company.store()).perform_steps(company, booking_id, begun).await;
    }
    let operation = match (order.decision, Step::version_of(&read.action.operation)) {
        (RefusalDecision::Retry, Some(version)) => {
            let (name, _) = read.action.operation.rsplit_once(":v").unwrap_or_default();
            format!("{name}:v{}", version + 1)
        }
        _ => read.action.operation.clone(),
    };
    company.action(subject, &operation).await?.ok_or(Failure::Absent)
}

fn subject(fields: &Map<String, Value>) -> Result<Subject, Failure> {
    let wrong = |field: &str, error: &dyn std::fmt::Display| Failure::field(field, error.to_string());
    match (fields.get("case_id"), fields.get("booking_id")) {
        (Some(_), None) => {
            let id = text_field(fields, "case_id", MAX_TEXT_CHARS)?;
            CaseId::parse(id).map(Subject::Case).map_err(|error| wrong("case_id", &error))
        }
        (None, Some(_)) => {
            let id = text_field(fields, "booking_id", MAX_TEXT_CHARS)?;
            BookingId::parse(id).map(Subject::Booking).map_err(|error| wrong("booking_id", &error))
        }
        _ => Err(Failure::invalid("Name either a case_id or a booking_id.")),
    }
}

fn refuse(unresolved: ResolveError) -> Failure {
    match unresolved {
        ResolveError::ReferenceMissing => Failure::field("reference", unresolved.to_string()),
        ResolveError::NotInDoubt => Failure::Conflict("Only an effect in doubt can be resolved.".to_owned()),
        ResolveError::NotRefused => Failure::Conflict(
            "Only an effect that was refused, and that nothing has resolved, can be tried again or closed."
                .to_owned(),
        ),
        ResolveError::NotRetried(_) => Failure::Conflict(unresolved.to_string()),
        ResolveError::Contradicted(found) => Failure::Conflict(format!("Stripe reports otherwise: {found}.")),
        ResolveError::StripeNotConfigured => Failure::STRIPE_NOT_CONFIGURED,
        ResolveError::ProviderUnavailable(error) => error.into(),
        ResolveError::Store(error) => error.into(),
    }
}
