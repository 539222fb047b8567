//! `cargo dev`: the whole service on a laptop.

use shared::domain::kernel::clock::Clock;
use shared::environment::read_variable;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use local::embedded::EmbeddedDynamo;
use local::sandbox_api::{self, SandboxApi};
use local::service::{PATIENCE, Parts, SANDBOX_VALUES, SENTRY, Service, TABLE};
use local::ticker::Ticker;
use local::{demo, table};
use stacks::schedule;
use stand_ins::sandbox::Sandbox;
use stand_ins::{better_stack, bus, healthchecks, posthog, server};
use tokio::net::TcpListener;

/// The deployment files with the schedules of jobs, which the local server uses too.
const TEMPLATE: &str = include_str!("../../../template.yaml");
const VERCEL: &str = include_str!("../../../vercel.json");

/// The number of table requests in the log, for debugging a running process.
const KEPT_REQUESTS: usize = 1_000;

const HELP: &str = "\
Serves the whole service on http://127.0.0.1:3000, with stand-ins for the providers.

cargo dev [--port PORT] [--data DIR] [--memory] [--at TIME] [--no-schedules]

  --port PORT      where to listen (3000)
  --data DIR       where to keep the data (.local)
  --memory         keep nothing
  --at TIME        start the clock at this time (RFC 3339)
  --no-schedules   fire no job, not even when the clock is moved
";

struct Options {
    port: u16,
    data: Option<PathBuf>,
    at: Option<DateTime<Utc>>,
    schedules: bool,
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    shared::logs::init("local");
    let done = match options() {
        Ok(Some(options)) => run(options).await,
        Ok(None) => Ok(()),
        Err(error) => Err(format!("{error}\n\n{HELP}").into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print(&format!("cargo dev: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Option<Options>, Failed> {
    use lexopt::prelude::{Long, Short, ValueExt as _};
    let mut options = Options { port: 3000, data: Some(PathBuf::from(".local")), at: None, schedules: true };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("port") => options.port = arguments.value()?.parse()?,
            Long("data") => options.data = Some(arguments.value()?.into()),
            Long("memory") => options.data = None,
            Long("at") => {
                let text = arguments.value()?.string()?;
                let at =
                    shared::domain::kernel::time::parse(&text).ok_or("--at: expected an RFC 3339 time")?;
                options.at = Some(at);
            }
            Long("no-schedules") => options.schedules = false,
            Long("help") | Short('h') => {
                print(HELP);
                return Ok(None);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(options))
}

async fn run(options: Options) -> Result<(), Failed> {
    let listener = TcpListener::bind(("127.0.0.1", options.port))
        .await
        .map_err(|error| format!("port {} cannot be had: {error}", options.port))?;
    let address = listener.local_addr()?;
    let (sandbox, dynamo) = match &options.data {
        None => (Sandbox::memory(clock(options.at)), EmbeddedDynamo::memory()),
        Some(folder) => {
            let sandbox = Sandbox::open(folder, options.at)?;
            (sandbox, EmbeddedDynamo::file(folder.join("table.sqlite"))?)
        }
    };
    // Browsers send the port and either name of this machine. The stand-ins of the event bus and of
    // monitoring are always on.
    let own = |name: &str| match name {
        "EVENT_BUS_NAME" => Some(bus::BUS.to_owned()),
        "POSTHOG_API_KEY" => Some(posthog::API_KEY.to_owned()),
        "SENTRY_DSN" => Some(SENTRY.to_owned()),
        "BETTER_STACK_SOURCE_TOKEN" => Some(better_stack::SOURCE_TOKEN.to_owned()),
        "HEALTHCHECKS_PING_KEY" => Some(healthchecks::PING_KEY.to_owned()),
        "PUBLIC_BASE_URL" => Some(format!("http://{address}")),
        "ALLOWED_ORIGINS" => Some(format!("http://localhost:{}", address.port())),
        _ => None,
    };
    let lookup = |name: &str| read_variable(name).or_else(|| own(name));
    // The requests of a long-running server are not counted.
    dynamo.keep_requests(KEPT_REQUESTS);
    let parts = Parts { deadlines_of_callers: Some(server::PATIENT), ..Parts::usual(&dynamo, PATIENCE)? };
    let service = Arc::new(Service::start_of(sandbox, dynamo, lookup, parts).await?);
    let table = service.app.config.table_name.as_deref().unwrap_or(TABLE);
    let clock = service.app.clock.clone();
    if let Some(done) = table::bring_up_to_date(&service.dynamo.client(), table, clock).await? {
        print(&done);
    }
    let schedules = if options.schedules { schedule::read(TEMPLATE, VERCEL)? } else { Vec::new() };
    let ticker = Arc::new(Ticker::new(service.clone(), schedules));
    if !demo::is_seeded(&service) {
        demo::seed(&service).await;
    }
    let router = service
        .router
        .clone()
        .merge(sandbox_api::router(SandboxApi { service: service.clone(), ticker: ticker.clone() }));
    print_banner(&address.to_string(), &options);
    tokio::select! {
        served = server::serve_within(router, listener, Some(server::PATIENT)) => served?,
        () = ticker.run() => {}
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    Ok(())
}

fn clock(at: Option<DateTime<Utc>>) -> stand_ins::clock::SandboxClock {
    stand_ins::clock::SandboxClock::running_from(at.unwrap_or_else(|| Clock::system().now()))
}

fn print_banner(address: &str, options: &Options) {
    let kept =
        options.data.as_ref().map_or_else(|| "nowhere".to_owned(), |folder| folder.display().to_string());
    let value =
        |name: &str| SANDBOX_VALUES.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
    print(&format!(
        "justonce serves on http://{address}   (data: {kept})

  a user token    curl 'http://{address}/sandbox/token?company={company}'
  what left       curl http://{address}/sandbox/outbox
  published       curl http://{address}/sandbox/events   (and /sandbox/analytics, /sandbox/watchers)
  a day later     curl -X POST http://{address}/sandbox/clock -H 'content-type: application/json' -d '{{\"advance\": \"24h\"}}'
  all routes      curl http://{address}/api/openapi.json
  sign in         http://{address}/api/auth/sign-in   (provider, sandbox-provider-password)

  CRON_SECRET={cron}   WHOP_WEBHOOK_SECRET={webhook}   (values of the sandbox, good for nothing else)
",
        company = demo::COMPANY,
        cron = value("CRON_SECRET"),
        webhook = value("WHOP_WEBHOOK_SECRET"),
    ));
}

/// Prints to standard output; the log is written elsewhere.
#[expect(clippy::print_stderr, reason = "this is a command for people")]
fn print(text: &str) {
    eprintln!("{text}");
}
