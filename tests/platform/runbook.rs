//! Every entry of the runbook ends with a check, and this asks them all: they hold when all is well, and those of an
//! incident do not hold while it lasts.

use http::Method;
use serde_json::Value;
use shared::auth::routes::ROUTES;
use stand_ins::fault::Operation;

use support::askers::ON_CALL_KEY;
use support::payees::Job;
use support::world::{COMPANY, World, secret_request};

use crate::webhooks_waiting::of_unknown_owner;

const RUNBOOK: &str = include_str!("../../docs/runbook.md");

/// What an entry lets a person on call look at before it is left.
#[derive(Debug)]
struct Check<'a> {
    entry: &'a str,
    path: &'a str,
    /// The place in the answer; `*` stands for every item of a list.
    field: &'a str,
    /// Whether the value is to be below the limit, and not equal to it.
    is_limit: bool,
    value: Value,
}

impl Check<'_> {
    async fn holds(&self, world: &World) -> bool {
        let mut request = secret_request(Method::GET, self.path, ON_CALL_KEY);
        request.headers_mut().insert("x-company-id", COMPANY.parse().unwrap());
        let answer = world.ask(request).await;
        let mut values = vec![answer.json()];
        for name in self.field.split('.') {
            values = values.into_iter().flat_map(|value| below(value, name)).collect();
        }
        let is_below = |value: &Value| value.as_f64().unwrap_or_default() < self.value.as_f64().unwrap();
        // A field that is not there holds nothing.
        !values.is_empty()
            && values.iter().all(|value| if self.is_limit { is_below(value) } else { *value == self.value })
    }
}

fn below(value: Value, name: &str) -> Vec<Value> {
    match value {
        Value::Array(items) if name == "*" => items,
        Value::Object(mut fields) => fields.remove(name).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The checks of all entries: "**Check** `GET <path>`: `<field>` is `<value>`.", or "is below".
fn checks() -> Vec<Check<'static>> {
    let entries = RUNBOOK.split("\n## ").skip(1);
    entries
        .map(|text| {
            let (entry, text) = text.split_once('\n').unwrap();
            let last = text.trim_end().lines().next_back().unwrap();
            let read = || {
                let (call, rest) = last.strip_prefix("**Check** `GET ")?.split_once("`: ")?;
                let (field, rest) =
                    rest.trim_start_matches("every ").strip_prefix('`')?.split_once("` is ")?;
                let (is_limit, rest) = match rest.strip_prefix("below ") {
                    Some(rest) => (true, rest),
                    None => (false, rest),
                };
                let text = rest.strip_prefix('`')?.strip_suffix("`.")?;
                let value = serde_json::from_str(text).unwrap_or_else(|_| text.into());
                Some(Check { entry, path: call, field, is_limit, value })
            };
            read().unwrap_or_else(|| panic!("{entry} ends with no check but with: {last}"))
        })
        .collect()
}

/// The entries whose checks do not hold.
async fn failing(world: &World) -> Vec<&'static str> {
    let mut failing = Vec::new();
    for check in checks() {
        let path = check.path.split('?').next().unwrap();
        assert!(ROUTES.iter().any(|route| (route.method, route.path) == ("GET", path)), "{check:?}");
        if !check.holds(world).await {
            failing.push(check.entry);
        }
    }
    failing
}

/// Every job has run.
async fn run_jobs(world: &World) {
    let jobs = ["auto-decline-bookings", "process-payouts", "reconcile", "publish-events"];
    for job in jobs {
        world.operator(Method::GET, &format!("/api/cron/{job}")).await.ok();
    }
    world.tick().await;
}

#[tokio::test]
async fn the_check_of_every_entry_holds_when_all_is_well() {
    let world = World::with_bus().await;
    run_jobs(&world).await;
    assert_eq!(failing(&world).await, Vec::<&str>::new());
}

#[tokio::test]
async fn the_checks_of_an_incident_do_not_hold_while_it_lasts() {
    let world = World::with_bus().await;
    // Nothing has run in a deployment whose scheduler stands still.
    let stopped = failing(&world).await;
    assert!(stopped.contains(&"A scheduler that stopped"), "{stopped:?}");
    assert!(!stopped.contains(&"refusals") && !stopped.contains(&"in-doubt"), "{stopped:?}");

    world.add_payee(COMPANY, "user_p", "usd").await;
    world.add_job(&Job::of(&world, "user_p")).await;
    world.inject_stripe_fault(Operation::CreateTransfer, "refused:400:account_closed", None);
    let (id, event) = of_unknown_owner(&world, "1");
    world.service.deliver(&id, &event.to_string()).await;
    run_jobs(&world).await;
    let failing = failing(&world).await;
    assert!(failing.contains(&"refusals") && failing.contains(&"unpaid"), "{failing:?}");
    assert!(!failing.contains(&"in-doubt") && !failing.contains(&"table-throttled"), "{failing:?}");
}
