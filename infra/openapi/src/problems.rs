//! Problem documents (RFC 9457): each is described once, and attached to operations by rule or by name.

mod catalogue;

use http::StatusCode;
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};
use shared::http::failure::PROBLEM_JSON;
use shared::views::platform::problem::ProblemView;

use crate::headers;
use crate::operation::{Examples, content};
use crate::schemas::Schemas;

const REQUEST_ID: &str = "8f14e45f-ceea-467f-a8d1-0a6b7c3d2e10";

/// A response that is a problem document.
struct Problem {
    name: &'static str,
    status: u16,
    description: &'static str,
    /// Whether it may be stored as the first response to an idempotency key and returned again.
    is_kept: bool,
    examples: Examples,
}

fn problem(name: &'static str, status: u16, description: &'static str) -> Problem {
    Problem { name, status, description, is_kept: false, examples: Vec::new() }
}

impl Problem {
    fn kept(self) -> Self {
        Self { is_kept: true, ..self }
    }

    /// Adds an example with this name, summary and `detail`.
    fn detail(mut self, name: &'static str, summary: &'static str, detail: &str) -> Self {
        let document = json!({
            "type": "about:blank", "title": title(self.status), "status": self.status, "detail": detail,
            "request_id": REQUEST_ID,
        });
        self.examples.push((name, summary, document));
        self
    }

    /// Adds an example with errors in fields.
    fn fields(self, name: &'static str, summary: &'static str, fields: &[(&str, &str)]) -> Self {
        let mut problem = self.detail(name, summary, "The request is not valid.");
        let error = |(field, message): &(&str, &str)| json!({"field": field, "message": message});
        if let Some((.., document)) = problem.examples.last_mut() {
            document["errors"] = fields.iter().map(error).collect();
        }
        problem
    }

    fn running(self) -> Self {
        let summary = "The first request with this key is still running";
        self.detail("running", summary, "A request with this Idempotency-Key is still running.")
    }

    fn changed(self) -> Self {
        let summary = "Another request changed it at the same time";
        self.detail("changed", summary, "Another request changed it at the same time. Try again.")
    }

    fn response(&self) -> Value {
        let mut sent = vec![("x-request-id", "RequestId")];
        if self.is_kept {
            sent.push(("Idempotency-Replayed", "IdempotencyReplayed"));
        }
        if matches!(self.status, 409 | 429 | 503) {
            sent.push(("Retry-After", "RetryAfter"));
        }
        let schema = json!({"$ref": format!("#/components/schemas/Problem{}", self.status)});
        json!({
            "description": self.description,
            "headers": headers::references(&sent),
            "content": content(PROBLEM_JSON, schema, &self.examples),
        })
    }
}

/// All named responses. Adds the schema of a problem of each status.
pub fn responses(schemas: &mut Schemas) -> Map<String, Value> {
    let any = schemas.of_answer(SchemaGenerator::subschema_for::<ProblemView>);
    let mut responses = Map::new();
    for problem in catalogue::catalogue() {
        let (status, title) = (problem.status, title(problem.status));
        let properties = json!({"status": {"const": status}, "title": {"const": title}});
        schemas.name(&format!("Problem{status}"), json!({"allOf": [any, {"properties": properties}]}));
        responses.insert(problem.name.to_owned(), problem.response());
    }
    responses.insert("Page".to_owned(), page());
    responses
}

/// The status of a problem; 0 if it is not in the catalogue.
pub fn status(name: &str) -> u16 {
    catalogue::catalogue().iter().find(|problem| problem.name == name).map_or(0, |problem| problem.status)
}

fn title(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error")
}

fn page() -> Value {
    json!({
        "description": "An HTML page. It only runs scripts with the nonce of this response, and loads nothing from other origins.",
        "headers": headers::references(&[("x-request-id", "RequestId"), ("content-security-policy", "PagePolicy")]),
        "content": {
            "text/html; charset=utf-8": {
                "schema": {"type": "string"},
                "example": "<!doctype html>\n<html lang=\"en\">\n<title>Sign in</title>\n</html>\n",
            },
        },
    })
}
