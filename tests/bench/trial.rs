//! Starts one function repeatedly and calls it.

use shared::domain::kernel::clock::Clock;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt as _;
use local::cloud::Cloud;
use platforms::{Function, Occurrence, Platform};
use shared::auth::routes::ROUTES;
use stacks::schedule::{self, Schedule};
use stand_ins::clock::SandboxClock;
use stand_ins::sandbox::Sandbox;

use crate::figures::{Figures, median};
use crate::front::Front;
use crate::questions::{Asker, QUESTIONS};
use stacks::repository::read;

/// An odd number, so that the median is one of them.
const STARTS: usize = 11;
const WARM_REQUESTS: usize = 21;

/// The endpoint that the functions find the table by.
const TABLE: &str = "AWS_ENDPOINT_URL_DYNAMODB";

/// The request to a function.
#[derive(Clone)]
enum Work {
    Question((&'static str, &'static str, &'static str)),
    Job(Schedule),
}

/// The measurements of one start.
struct Start {
    started: Duration,
    first: Duration,
    /// The requests after the first, as long as they succeed.
    warm: Vec<Duration>,
    peak_memory_kib: u64,
    table_requests: usize,
}

/// Starts and calls it, each time with a new table and new providers.
pub async fn measure(name: &str, binary: &Path) -> Figures {
    let work = work_of(name);
    let folder = std::env::temp_dir().join(format!("justonce-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(start(&work, binary, &folder).await);
    }
    std::fs::remove_dir_all(&folder).unwrap();
    let of = |figure: fn(&Start) -> Duration| median(starts.iter().map(figure).collect());
    let warm: Vec<Duration> = starts.iter().flat_map(|start| start.warm.iter().copied()).collect();
    Figures {
        name: name.to_owned(),
        start: of(|start| start.started),
        first: of(|start| start.first),
        warm: (!warm.is_empty()).then(|| median(warm)),
        peak_memory_kib: median(starts.iter().map(|start| start.peak_memory_kib).collect()),
        table_requests: median(starts.iter().map(|start| start.table_requests).collect()),
        zipped_bytes: Figures::zipped_bytes(binary),
    }
}

fn work_of(name: &str) -> Work {
    if let Some(question) = QUESTIONS.iter().find(|(function, ..)| *function == name) {
        return Work::Question(*question);
    }
    let schedules = schedule::read(&read("template.yaml"), &read("vercel.json")).unwrap();
    let is_of =
        |schedule: &Schedule| ROUTES.iter().any(|row| row.function == name && row.path == schedule.path);
    Work::Job(schedules.into_iter().find(is_of).unwrap_or_else(|| panic!("there is no request for {name}")))
}

async fn start(work: &Work, binary: &Path, folder: &Path) -> Start {
    let cloud =
        Cloud::start(Sandbox::memory(SandboxClock::running_from(Clock::system().now()))).await.unwrap();
    let mut environment = cloud.environment.clone();
    let plain = environment.iter().find(|(name, _)| *name == TABLE).unwrap().1.clone();
    let front = Front::open(plain.trim_start_matches("http://").to_owned(), folder).await;
    environment.retain(|(name, _)| *name != TABLE);
    environment.extend([(TABLE, front.url.clone()), ("AWS_CA_BUNDLE", front.bundle.display().to_string())]);
    let asker = prepared(work, &cloud).await;

    let mut function = Function::start(Platform::Lambda, binary, &environment).await.unwrap();
    let started = function.spent().unwrap().processor;
    cloud.service.dynamo.reset_requests();
    assert!(ask(&mut function, work, &asker, &cloud).await, "{} refuses", binary.display());
    let table_requests = cloud.service.dynamo.requests().len();
    let first = function.spent().unwrap().processor;
    let mut warm = Vec::new();
    for _ in 0..WARM_REQUESTS {
        let before = function.spent().unwrap().processor;
        if !ask(&mut function, work, &asker, &cloud).await {
            break;
        }
        warm.push(function.spent().unwrap().processor - before);
    }
    let peak_memory_kib = function.spent().unwrap().peak_memory_kib;
    Start { started, first: first - started, warm, peak_memory_kib, table_requests }
}

/// A member whose renewal has failed, unless the function itself receives that event.
async fn prepared<'a>(work: &Work, cloud: &'a Cloud) -> Asker<'a> {
    let mut asker = Asker::new(&cloud.service, "mem_1");
    let cases = QUESTIONS.iter().find(|(function, ..)| *function == "cases").unwrap();
    if !matches!(work, Work::Question(("webhooks", ..))) {
        assert!(in_process(cloud, asker.renewal(true)).await.status().is_success());
        let answer = in_process(cloud, asker.request(*cases)).await;
        asker.judge(*cases, &answer);
    }
    asker
}

async fn in_process(cloud: &Cloud, request: Request<Bytes>) -> http::Response<Bytes> {
    let (parts, body) = cloud.service.ask(request.map(Into::into)).await.into_parts();
    http::Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

/// Whether the answer is the expected one.
async fn ask(function: &mut Function, work: &Work, asker: &Asker<'_>, cloud: &Cloud) -> bool {
    match work {
        Work::Question(question) => {
            function.ask(&asker.request(*question)).await.unwrap().status().is_success()
        }
        Work::Job(schedule) => {
            let secret = cloud.environment.iter().find(|(name, _)| *name == "CRON_SECRET").unwrap();
            let (job, path) = (schedule.job.as_str(), schedule.path.as_str());
            let occurrence =
                Occurrence { job, scheduled_at: Clock::system().now(), path, cron_secret: &secret.1 };
            function.fire(&occurrence).await.is_ok()
        }
    }
}
