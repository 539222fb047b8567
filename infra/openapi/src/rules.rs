//! What follows from a row of the table of routes: security, parameters and errors.

use serde_json::{Value, json};
use shared::auth::routes::{Access, Route};
use shared::domain::kernel::account::Role;
use shared::http::idempotent::KeyPolicy;

use crate::operation::{Function, Operation};
use crate::problems;

/// The security requirement of a route.
pub fn security(route: &Route) -> Value {
    let mut alternatives = by_access(route);
    if let Some(alternatives) = alternatives.as_array_mut().filter(|_| route.on_call) {
        alternatives.push(json!({"onCallKey": []}));
    }
    alternatives
}

fn by_access(route: &Route) -> Value {
    match route.access {
        Access::Anyone => json!([]),
        Access::SignedIn => json!([{"session": []}]),
        Access::Roles(roles) if roles.contains(&Role::Owner) => {
            json!([{"whopUser": [], "whopCompany": []}, {"session": []}, {"bearer": []}])
        }
        Access::Roles(_) => json!([{"session": []}, {"bearer": []}]),
        Access::Scheduler => json!([{"schedulerSecret": []}]),
        Access::SignedWebhook => match route.path.rsplit('/').next() {
            Some("whop") => json!([{"standardWebhooks": []}, {"whopWebhook": []}]),
            Some("stripe") => json!([{"stripeWebhook": []}]),
            _ => json!([{"standardWebhooks": []}]),
        },
    }
}

/// The names of all parameters: those of the path, of the operation, of the session and of the idempotency
/// key.
pub fn parameters(route: &Route, operation: &Operation) -> Vec<&'static str> {
    let of_path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut names: Vec<&'static str> = of_path.collect();
    names.extend(&operation.parameters);
    if route.access == Access::SignedIn && changes(route) {
        names.push("CsrfToken");
    }
    match route.key {
        KeyPolicy::None => {}
        KeyPolicy::Optional => names.push("IdempotencyKey"),
        KeyPolicy::Required => names.push("RequiredIdempotencyKey"),
    }
    names
}

/// The statuses of all errors, each with the name of its response. A response that the operation names
/// replaces the one that follows from the route.
pub fn failures(route: &Route, function: &Function, operation: &Operation) -> Vec<(u16, &'static str)> {
    let mut names = vec!["Internal"];
    if !is_page(operation) {
        names.extend(["Invalid", "TooLarge"]);
        names.extend(refusals(route));
        names.extend(function.unavailable);
        if route.limit.is_some() || route.access == Access::Scheduler {
            names.push("TooMany");
        }
        if changes(route) && route.access != Access::SignedWebhook {
            names.push("NotJson");
        }
        if route.key != KeyPolicy::None {
            names.push("KeyReused");
        }
        names.extend(&operation.failures);
    }
    // The last name of each status counts.
    let mut failures: Vec<(u16, &'static str)> = Vec::new();
    for name in names {
        let status = problems::status(name);
        failures.retain(|(known, _)| *known != status);
        failures.push((status, name));
    }
    failures
}

/// The errors for a caller without permission.
fn refusals(route: &Route) -> Vec<&'static str> {
    let absent = if route.key == KeyPolicy::None { "NotFound" } else { "NotFoundKept" };
    match route.access {
        Access::Anyone if changes(route) => vec!["Forbidden"],
        Access::Anyone => vec![],
        Access::SignedIn if changes(route) => vec!["SessionUnauthorized", "Forbidden", absent],
        Access::SignedIn => vec!["SessionUnauthorized", absent],
        Access::Roles(_) => vec!["OwnerUnauthorized", "Forbidden", absent],
        Access::Scheduler => vec!["SchedulerUnauthorized"],
        Access::SignedWebhook => vec!["WebhookUnauthorized"],
    }
}

fn changes(route: &Route) -> bool {
    route.method != "GET"
}

/// Whether the operation answers with an HTML page, which has no errors of its own.
fn is_page(operation: &Operation) -> bool {
    operation.answers.is_empty()
}
