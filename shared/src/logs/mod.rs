//! One JSON object a line on stdout, for CloudWatch and for Vercel's log drains alike.
//!
//! A line bears `timestamp`, `level`, `service`, `message`, then `request_id` and `cron` where a span
//! around the event carries them, then the event's fields. Spans hand all their fields down.
//!
//! Counts and latencies become CloudWatch metrics without a call to CloudWatch: an event whose field
//! `metrics` names some of its numeric fields with their units is written in the embedded metric format.
//! `tracing::info!(duration = 12, done = 3, metrics = "duration:Milliseconds,done:Count", "run finished")`

mod buffered;
mod fields;
mod metrics;

use crate::domain::kernel::clock::Clock;
use std::io::Write;
use std::panic::PanicHookInfo;
use std::sync::{Mutex, Once, PoisonError};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::Value;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::environment::read_variable;
pub use buffered::{BufferedLines, KeptLine, Lines, Wanted, keeping};
use fields::Fields;

/// Starts logging for this process, with the levels of `RUST_LOG` (`info` where it is unset).
///
/// Only the first call counts. It also replaces the panic hook: a panic becomes one line with its place.
pub fn init(service: &'static str) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let levels = read_variable("RUST_LOG").unwrap_or_default();
        let logs = Logs::new(service, std::io::stdout());
        // Lambda's own word for what this process is deployed as; elsewhere nobody counts by stacks.
        let deployed_as = read_variable("AWS_LAMBDA_FUNCTION_NAME");
        let logs = Logs { namespace: metrics::namespace(deployed_as.as_deref(), service), ..logs };
        if tracing::subscriber::set_global_default(fit_to_print(logs, &levels)).is_ok() {
            std::panic::set_hook(Box::new(log_panic));
        }
    });
}

/// What [`init`] installs, with any writer and any levels.
pub fn to<W>(service: &'static str, writer: W, levels: &str) -> impl Subscriber + Send + Sync + 'static
where
    W: Write + Send + 'static,
{
    fit_to_print(Logs::new(service, writer), levels)
}

fn fit_to_print<W>(logs: Logs<W>, levels: &str) -> impl Subscriber + Send + Sync + 'static
where
    W: Write + Send + 'static,
{
    tracing_subscriber::registry().with(level_filter(levels)).with(filter_fn(is_fit_to_print)).with(logs)
}

/// The layer that writes the lines.
pub struct Logs<W> {
    service: &'static str,
    namespace: String,
    writer: Mutex<W>,
}

impl<W: Write> Logs<W> {
    /// Writes the lines of `service` to `writer`, each with a single call, so that lines never mix.
    pub fn new(service: &'static str, writer: W) -> Self {
        Self { service, namespace: metrics::namespace(None, service), writer: Mutex::new(writer) }
    }

    fn write(&self, at: DateTime<Utc>, is_error: bool, line: &Line) {
        let Ok(mut bytes) = serde_json::to_vec(line) else { return };
        buffered::keep(at, is_error, &bytes);
        bytes.push(b'\n');
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // A log that cannot be written has nobody left to be told.
        let _ = writer.write_all(&bytes);
    }
}

impl<S, W> Layer<S> for Logs<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: Write + Send + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let mut later = Fields::default();
        values.record(&mut later);
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            fields.absorb(later);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut inherited = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<Fields>() {
                inherited.absorb(fields.clone());
            }
        }
        let mut own = Fields::default();
        event.record(&mut own);
        let place = (self.service, self.namespace.as_str());
        let (at, level) = (Clock::system().now(), event.metadata().level());
        // What another crate calls an error it has told its caller as well, who says what it means.
        let is_error = *level == Level::ERROR && !is_foreign(event.metadata());
        self.write(at, is_error, &Line::new(at, level, place, inherited, own));
    }
}

/// One line, its entries in the order in which people read them.
struct Line(Vec<(&'static str, Value)>);

impl Line {
    fn new(
        at: DateTime<Utc>,
        level: &Level,
        (service, namespace): (&'static str, &str),
        mut inherited: Fields,
        mut own: Fields,
    ) -> Self {
        let mut entries = vec![
            ("timestamp", Value::from(at.to_rfc3339_opts(SecondsFormat::Millis, true))),
            ("level", Value::from(level.as_str().to_ascii_lowercase())),
            ("service", Value::from(service)),
            ("message", own.take("message").unwrap_or_else(|| Value::from(""))),
        ];
        // The span speaks first: an event cannot pass itself off as part of another request.
        for name in ["request_id", "cron"] {
            let value = inherited.take(name).or_else(|| own.take(name));
            entries.extend(value.map(|value| (name, value)));
        }
        let metrics = own.take("metrics");
        let mut fields = inherited;
        fields.absorb(own);
        fields.drop_reserved();
        if let Some(Value::String(metrics)) = metrics {
            let embedded = metrics::embed(&metrics, namespace, &fields, at);
            entries.extend(embedded.aws.map(|aws| ("_aws", aws)));
            entries.extend(embedded.ignored.map(|names| ("metrics_ignored", Value::from(names))));
        }
        entries.extend(fields);
        Self(entries)
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Crates whose lines below `warn` may hold whole requests: bodies, tokens, addresses.
const FOREIGN: [&str; 6] = ["aws_", "hyper", "h2", "reqwest", "rustls", "lambda_"];

/// Repeats, without a request id, what the runtime has already logged about a failed invocation.
const ECHO: &str = "lambda_runtime::layers::panic";

fn is_fit_to_print(metadata: &Metadata<'_>) -> bool {
    metadata.target() != ECHO && (!is_foreign(metadata) || *metadata.level() <= Level::WARN)
}

fn is_foreign(metadata: &Metadata<'_>) -> bool {
    FOREIGN.iter().any(|prefix| metadata.target().starts_with(prefix))
}

/// What `RUST_LOG` does not mention stays at `info`: asking one module for more must not silence
/// the spans that give every line its request id.
/// Levels such as `debug` or `shared=debug`, by commas; what cannot be read is left out.
fn level_filter(levels: &str) -> Targets {
    let mut read = Targets::new().with_default(Level::INFO);
    // Nothing said is nothing asked for; read as a level it would mean `error`.
    for level in levels.split(',').map(str::trim).filter(|level| !level.is_empty()) {
        if let Ok(default) = level.parse::<LevelFilter>() {
            read = read.with_default(default);
        } else if let Some((target, level)) = level.split_once('=')
            && let Ok(level) = level.parse::<LevelFilter>()
        {
            read = read.with_target(target, level);
        }
    }
    read
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    // The payload stays out: it is free text and may quote a customer's data.
    tracing::error!(place, "panicked");
}

#[cfg(test)]
mod tests;
