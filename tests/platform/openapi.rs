//! The API document matches the code.

use std::collections::HashSet;

use serde_json::{Value, json};
use shared::auth::routes::{Access, ROUTES, Route};
use shared::domain::kernel::account::Role;

use support::document::{document, members, pattern, resolve, validator};

/// Every operation, with its method and path.
fn operations() -> impl Iterator<Item = (String, &'static str, &'static Value)> {
    members(&document()["paths"]).flat_map(|(path, item)| {
        members(item).map(move |(method, operation)| (method.to_ascii_uppercase(), path, operation))
    })
}

/// The security requirement of a route.
fn requirement(route: &Route) -> Value {
    let mut requirement = requirement_of_access(route);
    if route.on_call {
        requirement.as_array_mut().unwrap().push(json!({"onCallKey": []}));
    }
    requirement
}

fn requirement_of_access(route: &Route) -> Value {
    match route.access {
        Access::Anyone => json!([]),
        Access::SignedIn => json!([{"session": []}]),
        Access::Roles(roles) if roles.contains(&Role::Owner) => {
            json!([{"whopUser": [], "whopCompany": []}, {"session": []}, {"bearer": []}])
        }
        Access::Roles(_) => json!([{"session": []}, {"bearer": []}]),
        Access::Scheduler => json!([{"schedulerSecret": []}]),
        Access::SignedWebhook if route.path.ends_with("/whop") => {
            json!([{"standardWebhooks": []}, {"whopWebhook": []}])
        }
        Access::SignedWebhook if route.path.ends_with("/stripe") => json!([{"stripeWebhook": []}]),
        Access::SignedWebhook => json!([{"standardWebhooks": []}]),
    }
}

#[test]
fn every_route_is_in_the_document_with_its_access_and_its_function() {
    for row in ROUTES {
        let (path, method) = (row.path, row.method.to_ascii_lowercase());
        let operation = &document()["paths"][path][&method];
        assert!(operation.is_object(), "{method} {path} is missing");
        assert_eq!(operation["security"], requirement(row), "{method} {path}");
        assert_eq!(operation["tags"], json!([row.function]), "{method} {path}");
    }
}

#[test]
fn every_operation_of_the_document_is_a_route() {
    for (method, path, _) in operations() {
        let known = ROUTES.iter().any(|row| row.method == method && row.path == path);
        assert!(known, "{method} {path} is no route");
    }
}

#[test]
fn every_security_requirement_is_a_scheme_of_the_document() {
    let schemes = &document()["components"]["securitySchemes"];
    for (method, path, operation) in operations() {
        for alternative in operation["security"].as_array().unwrap() {
            for name in alternative.as_object().unwrap().keys() {
                assert!(schemes[name].is_object(), "{method} {path}: {name}");
            }
        }
    }
}

#[test]
fn every_path_parameter_is_described() {
    for (method, path, operation) in operations() {
        let described = operation["parameters"].as_array().into_iter().flatten().map(resolve);
        let described: HashSet<_> = described
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let named: HashSet<_> =
            path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(described, named, "{method} {path}");
    }
}

#[test]
fn every_operation_has_a_description_also_of_a_repeated_request() {
    let mut ids = HashSet::new();
    for (method, path, operation) in operations() {
        let text = |field: &str| operation[field].as_str().unwrap_or_default();
        assert!(ids.insert(text("operationId")) && !text("operationId").is_empty(), "{method} {path}");
        assert!(!text("summary").is_empty(), "{method} {path} has no summary");
        assert!(text("description").contains("**Sent twice:** "), "{method} {path}");
        let good = members(&operation["responses"]).any(|(status, _)| status.starts_with('2'));
        assert!(good, "{method} {path} never succeeds");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let mut used = HashSet::new();
    visit(document(), &mut |_, node| {
        if node.get("$ref").is_some_and(Value::is_string) {
            resolve(node);
            used.insert(node["$ref"].as_str().unwrap().to_owned());
        }
    });
    for (kind, components) in members(&document()["components"]) {
        for (name, _) in members(components).filter(|_| kind != "securitySchemes") {
            assert!(used.contains(&format!("#/components/{kind}/{name}")), "{kind}/{name} is never used");
        }
    }
}

#[test]
fn every_answer_bears_a_request_id() {
    for (method, path, operation) in operations() {
        for (status, response) in members(&operation["responses"]) {
            let header = &resolve(response)["headers"]["x-request-id"];
            assert!(header.is_object(), "{method} {path} {status}");
        }
    }
}

#[test]
fn every_body_has_an_example() {
    visit(document(), &mut |place, node| {
        for (media_type, content) in members(&node["content"]) {
            let has_one = content.get("example").is_some() || members(&content["examples"]).next().is_some();
            assert!(has_one, "{place}/content/{media_type}");
        }
    });
}

#[test]
fn every_example_is_valid() {
    let mut count = 0;
    visit(document(), &mut |place, node| {
        let named = members(&node["examples"]).map(|(_, example)| &example["value"]);
        let examples: Vec<&Value> = node.get("example").into_iter().chain(named).collect();
        // The example of a body, a parameter or a header is next to its schema; a schema's own examples are a
        // list inside it.
        let own = node["examples"].as_array().into_iter().flatten();
        let cases = examples.into_iter().map(|example| (&node["schema"], example));
        for (schema, example) in cases.chain(own.map(|example| (node, example))) {
            assert!(schema.is_object(), "{place} has an example and no schema");
            let problems: Vec<_> =
                validator(schema).iter_errors(example).map(|error| error.to_string()).collect();
            assert!(problems.is_empty(), "{place}: {problems:?} in {example}");
            count += 1;
        }
    });
    assert!(count > 80, "only {count} examples were found");
}

#[test]
fn the_version_is_that_of_the_service() {
    assert_eq!(document()["openapi"], "3.1.0");
    assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_literal_segment_wins_over_a_parameter() {
    for (method, path, expected) in [
        ("GET", "/api/cases/export?status=open", Some("/api/cases/export")),
        ("GET", "/api/cases/0b0e5c1c", Some("/api/cases/{case_id}")),
        ("GET", "/api/cases/export/actions", Some("/api/cases/{case_id}/actions")),
        ("POST", "/api/cases/0b0e5c1c/cancel", Some("/api/cases/{case_id}/cancel")),
        ("GET", "/api/memberships/mem_1/manage-url", Some("/api/memberships/{membership_id}/manage-url")),
        ("POST", "/api/cases/export", None),
        ("GET", "/api/cases/", None),
        ("GET", "/api/settings/", None),
        ("DELETE", "/api/settings", None),
    ] {
        assert_eq!(pattern(method, path), expected, "{method} {path}");
    }
}

/// Calls `look` with every object of the document and its path, except inside examples.
fn visit(node: &'static Value, look: &mut impl FnMut(&str, &'static Value)) {
    fn walk(place: &str, node: &'static Value, look: &mut impl FnMut(&str, &'static Value)) {
        if node.is_object() {
            look(place, node);
        }
        let inner = members(node).filter(|(name, _)| !matches!(*name, "example" | "examples" | "const"));
        for (name, child) in inner {
            walk(&format!("{place}/{name}"), child, look);
        }
        for (index, child) in node.as_array().into_iter().flatten().enumerate() {
            walk(&format!("{place}/{index}"), child, look);
        }
    }
    walk("", node, look);
}
