//! Logs one JSON object per line to stdout, for CloudWatch and Vercel's log drains.
//!
//! A line holds `timestamp`, `level`, `service`, `message`, then `request_id` and `cron` from the surrounding
//! span, then the event's fields. Spans pass all their fields on to their events.
//!
//! Counts and latencies become CloudWatch metrics without a call to CloudWatch: an event whose field `metrics`
//! names numeric fields with their units is written in the embedded metric format.

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
use buffered::Gravity;
pub use buffered::{BufferedLine, BufferedLines, Lines, Wanted, buffering};
use fields::Fields;

/// Starts logging for this process, with the levels of `RUST_LOG` (`info` if it is unset).
///
/// Only the first call has an effect. It also replaces the panic hook: a panic is logged as one line with its
/// location.
pub fn init(service: &'static str) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let levels = read_variable("RUST_LOG").unwrap_or_default();
        let logs = Logs::new(service, std::io::stdout());
        // The function's name on Lambda; other platforms have no stacks.
        let deployed_as = read_variable("AWS_LAMBDA_FUNCTION_NAME");
        let namespace = metrics::namespace(deployed_as.as_deref(), service);
        let logs = Logs { namespace, revision: read_variable("REVISION"), ..logs };
        if tracing::subscriber::set_global_default(filtered(logs, &levels)).is_ok() {
            std::panic::set_hook(Box::new(log_panic));
        }
    });
}

/// The subscriber of [`init`] with any writer and any levels.
pub fn to<W>(service: &'static str, writer: W, levels: &str) -> impl Subscriber + Send + Sync + 'static
where
    W: Write + Send + 'static,
{
    filtered(Logs::new(service, writer), levels)
}

fn filtered<W>(logs: Logs<W>, levels: &str) -> impl Subscriber + Send + Sync + 'static
where
    W: Write + Send + 'static,
{
    tracing_subscriber::registry().with(level_filter(levels)).with(filter_fn(is_loggable)).with(logs)
}

pub struct Logs<W> {
    service: &'static str,
    namespace: String,
    /// The word of the deployment, by which the roll-out alarm knows the lines of the new version.
    revision: Option<String>,
    writer: Mutex<W>,
}

impl<W: Write> Logs<W> {
    /// Writes the lines of `service` to `writer`, each with a single call, so that lines never interleave.
    pub fn new(service: &'static str, writer: W) -> Self {
        let (namespace, writer) = (metrics::namespace(None, service), Mutex::new(writer));
        Self { service, namespace, revision: None, writer }
    }

    fn write(&self, at: DateTime<Utc>, gravity: Gravity, line: &Line) {
        let Ok(mut bytes) = serde_json::to_vec(line) else { return };
        buffered::buffer_line(at, gravity, &bytes);
        bytes.push(b'\n');
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // There is nowhere to report that the log cannot be written.
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
        // Another crate also returns its error to our code, which logs it with its meaning.
        let gravity = match *level {
            _ if is_foreign(event.metadata()) => Gravity::Usual,
            Level::ERROR => Gravity::Error,
            Level::WARN => Gravity::Warning,
            _ => Gravity::Usual,
        };
        if let Some(revision) = self.revision.as_deref().filter(|_| *level == Level::ERROR) {
            own.set("revision", Value::from(revision));
        }
        self.write(at, gravity, &Line::new(at, level, place, inherited, own));
    }
}

/// One line; its entries are in the order in which people read them.
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
            ("message", own.remove("message").unwrap_or_else(|| Value::from(""))),
        ];
        // The span's value wins, so that an event cannot claim another request's id.
        for name in ["request_id", "cron"] {
            let value = inherited.remove(name).or_else(|| own.remove(name));
            entries.extend(value.map(|value| (name, value)));
        }
        let metrics = own.remove("metrics");
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

/// The runtime's line that repeats, without a request id, the panic of a failed invocation.
const REPEATED_PANIC: &str = "lambda_runtime::layers::panic";

fn is_loggable(metadata: &Metadata<'_>) -> bool {
    metadata.target() != REPEATED_PANIC && (!is_foreign(metadata) || *metadata.level() <= Level::WARN)
}

fn is_foreign(metadata: &Metadata<'_>) -> bool {
    FOREIGN.iter().any(|prefix| metadata.target().starts_with(prefix))
}

/// Parses levels such as `debug` or `shared=debug`, separated by commas; invalid ones are ignored. Modules that
/// are not mentioned stay at `info`, because more detail for one module must not remove the spans with the
/// request id.
fn level_filter(levels: &str) -> Targets {
    let mut read = Targets::new().with_default(Level::INFO);
    // An empty entry is skipped: parsed as a level it would mean `error`.
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
    // The panic's message is left out: it is free text and may quote a customer's data.
    tracing::error!(crashes = 1, place, "panicked");
}

#[cfg(test)]
mod tests;
