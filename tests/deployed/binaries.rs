//! Starts every function's binary and calls it once as each platform does.

use shared::domain::kernel::clock::Clock;
use std::collections::BTreeSet;

use bytes::Bytes;
use http::Request;
use local::cloud::Cloud;
use platforms::{Function, Occurrence, Platform};
use shared::auth::routes::ROUTES;
use stacks::schedule::{self, Schedule};
use stand_ins::clock::SandboxClock;
use stand_ins::sandbox::Sandbox;

use crate::artifacts::binary;
use crate::questions::{Asker, QUESTIONS};
use stacks::repository::{functions, read};
use support::document;

/// The jobs, each with the function that does it.
pub fn jobs() -> Vec<(&'static str, Schedule)> {
    let schedules = schedule::read(&read("template.yaml"), &read("vercel.json")).unwrap();
    let function = |path: &str| ROUTES.iter().find(|row| row.path == path).unwrap().function;
    schedules.into_iter().map(|schedule| (function(&schedule.path), schedule)).collect()
}

async fn every_binary_answers(platform: Platform) {
    let cloud =
        Cloud::start(Sandbox::memory(SandboxClock::running_from(Clock::system().now()))).await.unwrap();
    let mut asker = Asker::new(&cloud.service, "mem_1");
    for question in QUESTIONS {
        let mut function = start(platform, question.0, &cloud).await;
        let answer = function.ask(&asker.request(question)).await;
        let answer = answer.unwrap_or_else(|failed| panic!("{} on {platform:?}: {failed}", question.0));
        asker.judge(question, &answer);
        print_result(platform, question.0, &function);
    }
    for (name, job) in jobs() {
        let mut function = start(platform, name, &cloud).await;
        let secret = cloud.environment.iter().find(|(name, _)| *name == "CRON_SECRET");
        let occurrence = Occurrence {
            job: &job.job,
            scheduled_at: Clock::system().now(),
            path: &job.path,
            cron_secret: &secret.unwrap().1,
        };
        let report = function.fire(&occurrence).await;
        let report = report.unwrap_or_else(|failed| panic!("{name} on {platform:?}: {failed}"));
        document::check("GET", &job.path, 200, "application/json", report.to_string().as_bytes());
        print_result(platform, name, &function);
    }
}

/// A query and a body that a parser with the wrong feature would follow, to every function: the answer is ours.
async fn every_binary_refuses_what_only_a_parser_understands(platform: Platform) {
    let cloud =
        Cloud::start(Sandbox::memory(SandboxClock::running_from(Clock::system().now()))).await.unwrap();
    for name in functions() {
        let row = ROUTES.iter().find(|row| row.function == name && row.method == "GET");
        let row = row.or_else(|| ROUTES.iter().find(|row| row.function == name)).unwrap();
        let path = row.path.replace(['{', '}'], "");
        let mut function = start(platform, &name, &cloud).await;
        for parameter in ["$serde_json::private::RawValue", "$serde_json::private::Number"] {
            let body = format!("{{\"{parameter}\":\"{}\"}}", "[".repeat(100_000));
            let request = Request::builder().method(row.method).uri(format!("{path}?{parameter}=x"));
            let request = request.header("content-type", "application/json").body(Bytes::from(body)).unwrap();
            let answer = function.ask(&request).await;
            let answer = answer.unwrap_or_else(|failed| panic!("{name} on {platform:?}: {failed}"));
            assert!(!answer.status().is_server_error(), "{name} on {platform:?}: {answer:?}");
            // A platform's own error would be no document of ours.
            let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
            let (status, kind) = (answer.status().as_u16(), kind.unwrap_or_default());
            document::check(row.method, row.path, status, kind, answer.body());
            assert!(answer.headers().contains_key("x-request-id"), "{name} on {platform:?}: {answer:?}");
        }
    }
}

async fn start(platform: Platform, name: &str, cloud: &Cloud) -> Function {
    let started = Function::start(platform, &binary(platform, name), &cloud.environment).await;
    started.unwrap_or_else(|failed| panic!("{name} on {platform:?}: {failed}"))
}

#[expect(clippy::print_stdout, reason = "the check's output shows the request and its cost")]
fn print_result(platform: Platform, name: &str, function: &Function) {
    let spent = function.spent().unwrap();
    let platform = format!("{platform:?}");
    println!(
        "  {platform:<8} {name:<16} {:>9.1?} of a processor, {} KiB",
        spent.processor, spent.peak_memory_kib
    );
}

#[test]
fn every_function_is_called_or_fired() {
    let asked = QUESTIONS.iter().map(|(function, ..)| (*function).to_owned());
    let fired = jobs().into_iter().map(|(function, _)| function.to_owned());
    let all: BTreeSet<String> = asked.chain(fired).collect();
    assert_eq!(all, functions().into_iter().collect());
}

#[tokio::test]
#[ignore = "needs the output of `infra/build aws`: infra/check/run binaries"]
async fn every_function_answers_through_the_runtime_api_of_lambda() {
    every_binary_answers(Platform::Lambda).await;
}

#[tokio::test]
#[ignore = "needs the output of `infra/build aws`: infra/check/run binaries"]
async fn no_function_on_lambda_interprets_reserved_names() {
    every_binary_refuses_what_only_a_parser_understands(Platform::Lambda).await;
}

#[tokio::test]
#[ignore = "needs the output of `infra/build vercel`: infra/check/run binaries"]
async fn no_function_on_vercel_interprets_reserved_names() {
    every_binary_refuses_what_only_a_parser_understands(Platform::Vercel).await;
}

#[tokio::test]
#[ignore = "needs the output of `infra/build vercel`: infra/check/run binaries"]
async fn every_function_answers_through_the_bridge_of_vercel() {
    every_binary_answers(Platform::Vercel).await;
}
