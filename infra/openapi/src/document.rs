//! Assembles the document from routes, operations and schemas.

use serde_json::{Map, Value, json};
use shared::auth::routes::{ROUTES, Route};
use shared::http::idempotent::KeyPolicy;

use crate::operation::{Answer, Function, Operation, content};
use crate::schemas::Schemas;
use crate::{accounts, marketplace, platform, recovery};
use crate::{headers, info, layout, parameters, problems, rules};

pub const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

/// All functions, in the order of the document.
fn functions() -> Vec<Function> {
    [accounts::functions(), recovery::functions(), marketplace::functions(), platform::functions()]
        .into_iter()
        .flatten()
        .collect()
}

/// The document as the text of the file. The error names what is missing.
pub fn text() -> Result<String, String> {
    Ok(layout::text(&document()?))
}

/// The document. The error names what is missing.
pub fn document() -> Result<Value, String> {
    let (functions, mut schemas) = (functions(), Schemas::default());
    let mut paths = Map::new();
    for route in ROUTES {
        let (function, operation) = find(&functions, route)?;
        let described = describe(route, function, operation, &mut schemas)?;
        paths.entry(route.path).or_insert_with(|| json!({}))[route.method.to_ascii_lowercase()] = described;
    }
    for operation in functions.iter().flat_map(|function| &function.operations) {
        let is_route = |route: &Route| (route.method, route.path) == (operation.method, operation.path);
        if !ROUTES.iter().any(is_route) {
            return Err(format!("{} {} is no route", operation.method, operation.path));
        }
    }
    let tags: Vec<Value> = functions
        .iter()
        .map(|function| json!({"name": function.name, "description": function.about}))
        .collect();
    let mut document = info::info();
    document["tags"] = json!(tags);
    document["paths"] = Value::Object(paths);
    document["components"] = json!({
        "headers": headers::headers(),
        "parameters": parameters::parameters(&mut schemas),
        "responses": problems::responses(&mut schemas),
        "securitySchemes": headers::security_schemes(),
        "schemas": schemas.finish(),
    });
    Ok(document)
}

fn find<'a>(functions: &'a [Function], route: &Route) -> Result<(&'a Function, &'a Operation), String> {
    let function = functions.iter().find(|function| function.name == route.function);
    let function = function.ok_or_else(|| format!("the function {} is not described", route.function))?;
    let is_it = |it: &&Operation| (it.method, it.path) == (route.method, route.path);
    let operation = function.operations.iter().find(is_it);
    let missing = || format!("{} {} of {} is not described", route.method, route.path, route.function);
    Ok((function, operation.ok_or_else(missing)?))
}

fn describe(
    route: &Route,
    function: &Function,
    operation: &Operation,
    schemas: &mut Schemas,
) -> Result<Value, String> {
    let mut described = json!({
        "tags": [function.name],
        "operationId": operation.id,
        "summary": operation.summary,
        "description": format!("{}\n\n**Sent twice:** {}", operation.about, operation.twice),
        "security": rules::security(route),
    });
    let names = rules::parameters(route, operation);
    if !names.is_empty() {
        let references: Result<Vec<Value>, String> = names.into_iter().map(parameters::reference).collect();
        described["parameters"] = json!(references?);
    }
    if let Some(body) = &operation.body {
        let schema = schemas.of_input(body.schema);
        let content = content("application/json", schema, &body.examples);
        described["requestBody"] = json!({"required": body.is_required, "content": content});
        if let Some(description) = body.description {
            described["requestBody"]["description"] = json!(description);
        }
    }
    if operation.answers.is_empty() {
        described["responses"]["200"] = json!({"$ref": "#/components/responses/Page"});
    }
    for (status, name) in rules::failures(route, function, operation) {
        described["responses"][status.to_string()] =
            json!({"$ref": format!("#/components/responses/{name}")});
    }
    for answer in &operation.answers {
        described["responses"][answer.status.to_string()] = answered(route, answer, schemas);
    }
    Ok(described)
}

fn answered(route: &Route, answer: &Answer, schemas: &mut Schemas) -> Value {
    let mut schema = schemas.of_answer(answer.schema);
    if let Some(properties) = &answer.narrowed {
        schema = json!({"allOf": [schema, {"properties": properties}]});
    }
    let mut sent = vec![("x-request-id", "RequestId")];
    if route.key != KeyPolicy::None {
        sent.push(("Idempotency-Replayed", "IdempotencyReplayed"));
    }
    sent.extend(&answer.headers);
    json!({
        "description": answer.description,
        "headers": headers::references(&sent),
        "content": content(answer.media_type, schema, &answer.examples),
    })
}
