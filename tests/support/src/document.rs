//! Checks real answers against the OpenAPI document.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};
use shared::auth::routes::ROUTES;

/// Fails if an answer differs from the document: an unlisted status or media type, or a body of another shape.
/// `content_type` is compared as a whole, with its parameters.
#[track_caller]
pub fn check(method: &str, path_pattern: &str, status: u16, content_type: &str, body: &[u8]) {
    let check_answer = answer_validator().check_answer(method, path_pattern, status, content_type, body);
    if let Err(difference) = check_answer {
        panic!("{method} {path_pattern} answered {status} {content_type}: {difference}");
    }
}

/// The route of a path; literal segments have precedence over parameters.
pub fn pattern(method: &str, path: &str) -> Option<&'static str> {
    let path = path.split('?').next().unwrap_or_default();
    let fitting = ROUTES.iter().map(|row| row.path).filter(|pattern| fits(pattern, path));
    let closest = fitting.max_by_key(|pattern| literals(pattern))?;
    ROUTES.iter().any(|row| row.method == method && row.path == closest).then_some(closest)
}

fn fits(pattern: &str, path: &str) -> bool {
    let fit = |(known, sent): (&str, &str)| known == sent || (is_parameter(known) && !sent.is_empty());
    pattern.split('/').count() == path.split('/').count() && pattern.split('/').zip(path.split('/')).all(fit)
}

/// Which segments are literal, from the left: the router's order of precedence.
fn literals(pattern: &str) -> Vec<bool> {
    pattern.split('/').map(|segment| !is_parameter(segment)).collect()
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(health::OPENAPI).expect("the document is JSON"))
}

/// The node itself, or the target of its `$ref`.
pub fn resolve(node: &'static Value) -> &'static Value {
    let Some(reference) = node.get("$ref").and_then(Value::as_str) else { return node };
    let pointer = reference.strip_prefix('#').expect("a reference stays within the document");
    resolve(document().pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere")))
}

/// The members of an object; empty for other values.
pub fn members(node: &'static Value) -> impl Iterator<Item = (&'static str, &'static Value)> {
    node.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// A validator of one schema of the document that also checks formats.
pub fn validator(schema: &Value) -> Validator {
    let bundle = json!({"allOf": [schema], "components": {"schemas": document()["components"]["schemas"]}});
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true)
        .offline()
        .build(&bundle)
        .unwrap_or_else(|error| panic!("{schema} is no schema: {error}"))
}

/// The validators of all answers.
struct AnswerValidator {
    /// Media types and their schemas by operation and status.
    answers: HashMap<String, HashMap<String, Arc<Validator>>>,
}

fn answer_validator() -> &'static AnswerValidator {
    static JUDGE: OnceLock<AnswerValidator> = OnceLock::new();
    JUDGE.get_or_init(AnswerValidator::of_document)
}

fn key(method: &str, path: &str, status: &str) -> String {
    format!("{} {path} {status}", method.to_ascii_uppercase())
}

impl AnswerValidator {
    fn of_document() -> Self {
        // Problems share their schemas: each is compiled once.
        let mut compiled: HashMap<String, Arc<Validator>> = HashMap::new();
        let mut answers = HashMap::new();
        for (path, item) in members(&document()["paths"]) {
            for (method, operation) in members(item) {
                for (status, response) in members(&operation["responses"]) {
                    let bodies = members(&resolve(response)["content"]).map(|(media_type, content)| {
                        let schema = &content["schema"];
                        let known = compiled.entry(schema.to_string());
                        (plain(media_type), Arc::clone(known.or_insert_with(|| validator(schema).into())))
                    });
                    answers.insert(key(method, path, status), bodies.collect());
                }
            }
        }
        Self { answers }
    }

    fn check_answer(
        &self,
        method: &str,
        path: &str,
        status: u16,
        content_type: &str,
        body: &[u8],
    ) -> Result<(), String> {
        let media_types = self
            .answers
            .get(&key(method, path, &status.to_string()))
            .ok_or_else(|| "the document has no such route, or not this status for it".to_owned())?;
        let validator = media_types
            .get(&plain(content_type))
            .ok_or_else(|| format!("the document only has {:?}", media_types.keys()))?;
        let body = read(content_type, body)?;
        let differences: Vec<String> = validator
            .iter_errors(&body)
            .map(|error| format!("\n  at {}: {error}", error.instance_path()))
            .collect();
        if differences.is_empty() { Ok(()) } else { Err(format!("{}\n  in {body}", differences.concat())) }
    }
}

/// The normalized media type.
fn plain(media_type: &str) -> String {
    media_type.replace(' ', "").to_ascii_lowercase()
}

/// The body as a value: parsed if it is JSON, otherwise a text.
fn read(content_type: &str, body: &[u8]) -> Result<Value, String> {
    let essence = plain(content_type.split(';').next().unwrap_or_default());
    if essence.ends_with("/json") || essence.ends_with("+json") {
        return serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"));
    }
    let text = std::str::from_utf8(body).map_err(|error| format!("the body is not UTF-8: {error}"))?;
    Ok(Value::from(text))
}
