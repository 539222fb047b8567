//! From a signed webhook to a number, through the deployed functions and by their own schedules.

use shared::domain::kernel::clock::Clock;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use local::cloud::Cloud;
use serde_json::{Map, Value};
use shared::config::NAMES;
use stand_ins::clock::SandboxClock;
use stand_ins::outbox::Kind;
use stand_ins::sandbox::Sandbox;

use super::copy;
use super::emulator::{Emulator, LOG};
use super::rehearsal::Rehearsal;
use super::stack::{STACK, Stack, parameters};
use crate::binaries::jobs;
use crate::questions::{Asker, QUESTIONS};
use stacks::repository::root;

/// A schedule of one minute, and a margin for a slow machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// The output of a migration for data of the current version.
const MIGRATED: &str = "nothing to be done";

/// The functions' environment at their start: the secret contains the secret variables.
fn secret(environment: &[(&'static str, String)]) -> Value {
    let secrets =
        environment.iter().filter(|(name, _)| NAMES.iter().any(|known| known.name == *name && known.secret));
    // The functions reach the table with their role's credentials, as on Lambda.
    let secrets = secrets.filter(|(name, _)| !name.starts_with("TABLE_") && !name.starts_with("AWS_"));
    secrets.map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect::<Map<_, _>>().into()
}

fn processor() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }
}

pub async fn until(what: &str, stack: &Stack<'_>, mut happened: impl AsyncFnMut(&Stack<'_>) -> bool) {
    let start = Instant::now();
    while !happened(stack).await {
        assert!(start.elapsed() < PATIENCE, "{what} did not happen in time; see {LOG}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

pub async fn get(stack: &Stack<'_>, function: &str, path: &str) -> Value {
    let answer = stack.ask(function, Request::get(path).body(Bytes::new()).unwrap()).await;
    serde_json::from_slice(answer.body()).unwrap_or_else(|_| panic!("{path}: {answer:?}"))
}

#[tokio::test]
#[ignore = "deploys what `infra/build aws` has built: infra/check/run deploy"]
async fn a_failed_renewal_is_recovered_by_the_deployed_stack_which_goes_back_and_is_restored() {
    let cloud =
        Cloud::start(Sandbox::memory(SandboxClock::running_from(Clock::system().now()))).await.unwrap();
    let http = cloud.service.app.http.clone();
    let emulator = Emulator::start(&http, &format!("http://{}", cloud.service.providers)).await;
    emulator.keep_secret(&http, STACK, &secret(&cloud.environment)).await;
    let mut parameters = parameters(&cloud.environment);
    // The emulator has no archives of events.
    parameters.extend(["EventRetentionDays=0".to_owned(), "AlarmMail=alarms@example.com".to_owned()]);
    parameters.extend(["Rollout=Disabled".to_owned(), format!("Architecture={}", processor())]);
    let copy = copy::write(&root().join(".aws-sam/build"));
    let stack = Stack::deploy(&emulator, &http, &copy, &parameters).await;
    assert!(!stack.said.contains(MIGRATED), "there was nothing to migrate before: {}", stack.said);
    recover(&cloud, &stack).await;
    // Again, over the data that there is now: every parameter keeps its value.
    let stack = Stack::deploy(&emulator, &http, &copy, &[]).await;
    assert!(stack.said.contains(MIGRATED), "before the switch: {}", stack.said);
    every_schedule_fires(&emulator, &stack).await;
    every_url_answers(&cloud, &stack).await;
    Rehearsal { cloud: &cloud, emulator: &emulator, stack, copy: &copy }.run().await;
}

/// A renewal fails, the schedule reminds the member, the payment arrives, and the figures contain it.
async fn recover(cloud: &Cloud, stack: &Stack<'_>) {
    let asker = Asker::new(&cloud.service, "mem_1");
    let sandbox = &cloud.service.sandbox;
    let opened = stack.ask("webhooks", asker.renewal(true)).await;
    assert_eq!(opened.status(), 200, "{opened:?}");
    until("the reminder", stack, async |_| sandbox.outbox.count(Kind::Push) == 1).await;
    let paid = stack.ask("webhooks", asker.renewal(false)).await;
    assert_eq!(paid.status(), 200, "{paid:?}");
    let kpis = stack.ask("kpis", asker.request(("kpis", "GET", "/api/dashboard/kpis"))).await;
    let kpis: Value = serde_json::from_slice(kpis.body()).unwrap();
    assert_eq!((&kpis["recoveries"], &kpis["recovered_revenue_cents"]), (&1.into(), &2900.into()), "{kpis}");
    let received = |kind: &str| sandbox.bus.received().iter().any(|received| received.detail_type == kind);
    until("the telling of both events", stack, async |_| {
        received("case.opened") && received("case.recovered")
    })
    .await;
}

/// No job was called over HTTP before this, so every run was started by its schedule.
async fn every_schedule_fires(emulator: &Emulator, stack: &Stack<'_>) {
    for (function, job) in jobs() {
        let name = format!("{STACK}-{function}");
        until(&job.job, stack, async |_| emulator.has_fired(&name)).await;
        // The payouts job stores rows on payout days only.
        if function != "payouts" {
            until(&job.job, stack, async |stack| {
                let health = get(stack, "health", "/api/health?type=crons").await;
                health["checks"]["crons"][&job.job]["status"] == "ok"
            })
            .await;
        }
    }
}

async fn every_url_answers(cloud: &Cloud, stack: &Stack<'_>) {
    // Another member, whose case is still open when its data is requested.
    let mut asker = Asker::new(&cloud.service, "mem_2");
    for question in QUESTIONS {
        let answer = stack.ask(question.0, asker.request(question)).await;
        asker.judge(question, &answer);
    }
    let secret = cloud.environment.iter().find(|(name, _)| *name == "CRON_SECRET").unwrap();
    for (function, job) in jobs() {
        let request = Request::get(&job.path).header("authorization", format!("Bearer {}", secret.1));
        let answer = stack.ask(function, request.body(Bytes::new()).unwrap()).await;
        asker.judge((function, "GET", &job.path), &answer);
    }
}
