//! The alarms' metrics are written by the code, and every metric is used by an alarm or the dashboard. Everything
//! else about alarms is tested from their file: `infra/stacks/tests/templates/alarms.rs`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use serde_yaml_ng::Value as Yaml;
use stacks::cloudformation::{mappings, resources, tagged};
use stacks::repository::{read, stack};
use stand_ins::fault::{Operation, Rule};
use stand_ins::outbox::Provider;
use support::log::Log;
use support::mailer::mail_event;
use support::senders::Sender;
use support::world::{COMPANY, World, bare};

use crate::filter_pattern::matches;

/// The metrics of the stack's own namespace that alarms watch.
fn watched(stack: &Yaml) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, alarm) in resources(stack, "AWS::CloudWatch::Alarm") {
        let mut parts = Vec::new();
        mappings(alarm, &mut parts);
        let own = parts.iter().filter(|part| part.get("Namespace").is_some_and(|it| tagged(it) == "Stack"));
        found.extend(own.map(|part| part["MetricName"].as_str().expect("a name").to_owned()));
    }
    found
}

/// Those that the dashboard shows.
fn shown(stack: &Yaml) -> BTreeSet<String> {
    let body = tagged(&stack["Resources"]["Dashboard"]["Properties"]["DashboardBody"]);
    let body: Value = serde_json::from_str(body).expect("JSON");
    let widgets = body["widgets"].as_array().expect("widgets").iter();
    let metrics = widgets.filter_map(|widget| widget["properties"]["metrics"].as_array()).flatten();
    let own = metrics.filter(|metric| metric[0] == "${Stack}");
    own.map(|metric| metric[1].as_str().expect("a name").to_owned()).collect()
}

/// The patterns of metric filters, by their metric.
fn filters(stack: &Yaml) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (_, filter) in resources(stack, "AWS::Logs::MetricFilter") {
        let properties = &filter["Properties"];
        let metric = properties["MetricTransformations"][0]["MetricName"].as_str().expect("a metric");
        let pattern = properties["FilterPattern"].as_str().expect("a pattern");
        found.entry(metric.to_owned()).or_default().push(pattern.to_owned());
    }
    found
}

/// Something of everything that rings, as it is logged.
async fn cause_faults() {
    let world = World::with_bus().await;
    let answer = world.ask(bare(Method::GET, "/api/health?type=crons")).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "no job has run yet");
    let mut forged = bare(Method::GET, "/api/settings");
    forged.headers_mut().insert("x-whop-user-token", HeaderValue::from_static("forged"));
    assert_eq!(world.ask(forged).await.status, StatusCode::UNAUTHORIZED);
    deliver_webhooks(&world).await;

    world.add_past_due(COMPANY, "mem_1");
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    // Ninety minutes pass without publishing events.
    world.advance(Duration::minutes(90));
    world.inject_bus_fault("status:500", None, None);
    world.publish().await;
    let inject = |provider, operation, kind: &str| {
        let kind = kind.parse().expect("a kind of fault");
        world.service.sandbox.faults.add(Rule { provider, operation, kind, times: None, company: None });
    };
    inject(Provider::Stripe, Operation::Any, "status:503");
    world.operator(Method::GET, "/api/cron/reconcile").await.ok();
    inject(Provider::Resend, Operation::Any, "drop_before");
    world.fail_by_mail("mem_2").await;
    inject(Provider::Whop, Operation::Memberships, "slow:2200");
    world.get("/api/memberships/mem_1").await;
    world.add_past_due(COMPANY, "mem_3");
    world.fail("mem_3", "pay_3", world.now()).await.ok();
    inject(Provider::Whop, Operation::Notifications, "status:429");
    world.tick().await;
    world.lose_the_table();
    assert!(world.owner(Method::GET, "/api/settings", None).await.status.is_server_error());
}

/// One that is taken, one with a wrong signature, one without and one that cannot be read.
async fn deliver_webhooks(world: &World) {
    let id = "evt_1";
    assert_eq!(world.ask(Sender::Stripe.deliver(world, id)).await.status, StatusCode::OK);
    let mail = mail_event("email.bounced", &["bounced@example.com"], world.now());
    world.deliver_resend_event("msg_mail", &mail).await.ok();
    for provider in ["whop", "stripe", "resend"] {
        let path = format!("/api/webhooks/{provider}");
        assert_eq!(world.ask(bare(Method::POST, &path)).await.status, StatusCode::UNAUTHORIZED);
        let sender = if provider == "stripe" { Sender::Stripe } else { Sender::Shared };
        let wrong = "whsec_YSBzZWNyZXQgdGhhdCB3YXMgdGFrZW4gYmFjaw==";
        let forged = sender.sign(&path, id, world.now(), &sender.body(id), wrong);
        assert_eq!(world.ask(forged).await.status, StatusCode::UNAUTHORIZED, "{provider}");
    }
    let unreadable = world.deliver("msg_unreadable", json!([])).await;
    assert!(unreadable.status.is_client_error(), "{}", unreadable.status);
}

fn embedded(line: &Value) -> Vec<String> {
    let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().into_iter().flatten();
    metrics.map(|metric| metric["Name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn every_number_that_an_alarm_listens_to_is_written_by_the_code() {
    let (log, _reading) = Log::open();
    cause_faults().await;
    let stack = stack("infra/alarms.yaml");
    let lines: Vec<Value> =
        log.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).map(with_revision).collect();
    for (metric, patterns) in filters(&stack) {
        for pattern in patterns.iter().filter(|pattern| !is_of_a_crash(pattern)) {
            assert!(lines.iter().any(|line| matches(pattern, line)), "{metric}: no line matches {pattern}");
        }
    }
    let refused = lines.iter().filter(|line| line["message"] == "a webhook was rejected");
    let unsigned = refused.clone().filter(|line| line["unsigned"] == 1);
    assert_eq!((refused.count(), unsigned.count()), (7, 3), "what bears no signature is told apart");

    let written: BTreeSet<String> = lines.iter().flat_map(embedded).collect();
    let counted: BTreeSet<String> = filters(&stack).into_keys().collect();
    let (watched, shown) = (watched(&stack), shown(&stack));
    let used: BTreeSet<&String> = watched.union(&shown).collect();
    let missing: Vec<&String> =
        used.iter().copied().filter(|name| !written.contains(*name) && !counted.contains(*name)).collect();
    assert_eq!(missing, Vec::<&String>::new(), "alarms and graphs of nothing");
    let idle: Vec<&String> = written.union(&counted).filter(|name| !used.contains(name)).collect();
    assert_eq!(idle, Vec::<&String>::new(), "metrics that nobody looks at cost money");
    assert!(log.lines_with("metrics_ignored").is_empty());
}

/// What a deployed function adds to an error.
fn with_revision(mut line: Value) -> Value {
    if line["level"] == "error" {
        line["revision"] = json!("7");
    }
    line
}

/// Whether a pattern is about a process that ends, which no test here lets happen.
fn is_of_a_crash(pattern: &str) -> bool {
    pattern.starts_with('?') || pattern.contains("$.crashes = 1")
}

#[test]
fn a_crash_is_counted_by_the_line_of_ours_and_by_that_of_lambda() {
    let stack = stack("infra/alarms.yaml");
    let patterns = filters(&stack).remove("errors").expect("errors are counted");
    let own = patterns.iter().find(|pattern| pattern.contains("$.crashes = 1")).expect("our own line");
    assert!(matches(own, &json!({"level": "error", "message": "panicked", "crashes": 1})));
    for path in ["shared/src/logs/mod.rs", "shared/src/app.rs"] {
        assert!(read(path).contains("crashes = 1"), "{path} does not say that the process ends");
    }
    let of_lambda = patterns.iter().find_map(|pattern| pattern.strip_prefix('?')).expect("lines of Lambda");
    let words: Vec<&str> = of_lambda.split(" ?").map(|word| word.trim_matches('"')).collect();
    for line in [
        "2026-11-30T10:00:00.000Z 52fdfc07-2182-454f-963f-5f0f9a621d72 Task timed out after 60.06 seconds",
        "RequestId: 52fdfc07-2182-454f-963f-5f0f9a621d72 Error: Runtime exited with error: signal: killed",
        "Error: fork/exec /var/task/bootstrap: exec format error Runtime.InvalidEntrypoint",
    ] {
        assert_eq!(words.iter().filter(|word| line.contains(**word)).count(), 1, "{line}");
    }
}
