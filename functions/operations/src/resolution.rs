//! Resolving by hand what is in doubt.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value};
use shared::app::SharedApp;
use shared::auth::Caller;
use shared::domain::effect::Subject;
use shared::domain::id::CaseId;
use shared::domain::party::BookingId;
use shared::effects::{self, Resolution, Unresolved};
use shared::http::body::text_field;
use shared::http::once::{Intent, once};
use shared::http::{Answer, Failure, JsonBody};

use crate::summary::tell;

/// Longer than any operation or id.
const MAX_TEXT_CHARS: usize = 256;

pub(super) async fn resolve(
    State(app): State<SharedApp>,
    caller: Caller,
    intent: Intent,
    body: JsonBody,
) -> Result<Response, Failure> {
    let run = |_| async { Wish::read(&body)?.carry_out(&app, &caller).await };
    once(&app, &caller.company, &caller.id, &intent, &body, run).await
}

/// What is asked for.
struct Wish {
    subject: Subject,
    operation: String,
    resolution: Resolution,
}

impl Wish {
    fn read(body: &JsonBody) -> Result<Self, Failure> {
        let fields = body.object(&["case_id", "booking_id", "operation", "outcome", "reference"])?;
        let reference = match fields.get("reference") {
            None | Some(Value::Null) => None,
            Some(_) => Some(text_field(fields, "reference", MAX_TEXT_CHARS)?.to_owned()),
        };
        let resolution = match fields.get("outcome").and_then(Value::as_str) {
            Some("happened") => Resolution::Happened { reference },
            Some("did_not_happen") if reference.is_none() => Resolution::DidNotHappen,
            Some("did_not_happen") => {
                return Err(Failure::field("reference", "what did not happen has no reference"));
            }
            _ => return Err(Failure::field("outcome", "expected happened or did_not_happen")),
        };
        let operation = text_field(fields, "operation", MAX_TEXT_CHARS)?.to_owned();
        Ok(Self { subject: subject(fields)?, operation, resolution })
    }

    async fn carry_out(self, app: &SharedApp, caller: &Caller) -> Result<Answer, Failure> {
        let company = &caller.company;
        let read = company.action(self.subject, &self.operation).await?.ok_or(Failure::Absent)?;
        let (senders, now) = (app.senders(), app.clock.now());
        let resolved =
            effects::resolve(company, self.subject, &read, &self.resolution, &caller.id, senders, now).await;
        let effect = resolved.map_err(refuse)?;
        tracing::info!(subject = %self.subject, effect = %effects::describe(&effect), "effect resolved by hand");
        Ok(Answer::ok(tell(self.subject, &effect)))
    }
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

fn refuse(unresolved: Unresolved) -> Failure {
    match unresolved {
        Unresolved::ReferenceMissing => Failure::field("reference", unresolved.to_string()),
        Unresolved::NotInDoubt => Failure::Conflict("Only an effect in doubt can be resolved.".to_owned()),
        Unresolved::Contradicted(found) => {
            Failure::Conflict(format!("The provider says otherwise: {found}."))
        }
        Unresolved::Unasked(error) => error.into(),
        Unresolved::Store(error) => error.into(),
    }
}
