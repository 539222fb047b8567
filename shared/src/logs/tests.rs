use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing::{error, error_span, info, warn};
use tracing_subscriber::layer::SubscriberExt;

use super::fields::MAX_TEXT_BYTES;
use super::*;

/// Stores what each write call wrote.
#[derive(Clone, Default)]
struct Writes(Arc<Mutex<Vec<Vec<u8>>>>);

impl Write for Writes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Writes {
    fn lines(&self) -> Vec<Value> {
        let writes = self.0.lock().unwrap();
        writes.iter().map(|bytes| serde_json::from_slice(bytes).unwrap()).collect()
    }
}

fn lines_of(work: impl FnOnce()) -> Vec<Value> {
    let writes = Writes::default();
    let subscriber = tracing_subscriber::registry().with(Logs::new("kpis", writes.clone()));
    tracing::subscriber::with_default(subscriber, work);
    writes.lines()
}

fn line_of(work: impl FnOnce()) -> Value {
    let mut lines = lines_of(work);
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.remove(0)
}

#[test]
fn a_line_is_one_object_with_typed_fields() {
    let line = line_of(|| {
        let error = io::Error::other("no route");
        let error: &dyn std::error::Error = &error;
        warn!(
            count = 3,
            share = 0.5,
            wide = u64::MAX,
            nan = f64::NAN,
            late = true,
            error,
            "said \"{}\"",
            "no\n"
        );
    });
    assert_eq!(line["level"], "warn");
    assert_eq!(line["service"], "kpis");
    assert_eq!(line["message"], "said \"no\n\"");
    assert_eq!((&line["count"], &line["share"], &line["late"]), (&json!(3), &json!(0.5), &json!(true)));
    assert_eq!(
        (&line["wide"], &line["nan"], &line["error"]),
        (&json!(u64::MAX), &json!("NaN"), &json!("no route"))
    );
    let timestamp = line["timestamp"].as_str().unwrap();
    assert!(
        DateTime::parse_from_rfc3339(timestamp).is_ok() && timestamp.ends_with('Z') && timestamp.len() == 24
    );
}

#[test]
fn the_known_names_come_first_and_the_line_is_written_at_once() {
    let writes = Writes::default();
    let subscriber = tracing_subscriber::registry().with(Logs::new("kpis", writes.clone()));
    tracing::subscriber::with_default(subscriber, || {
        let _span = error_span!("request", request_id = "r-1", cron = "payouts").entered();
        info!(apples = 1, "hello");
    });
    let writes = writes.0.lock().unwrap();
    let text = String::from_utf8(writes.concat()).unwrap();
    let names = ["timestamp", "level", "service", "message", "request_id", "cron", "apples"];
    let places: Vec<_> = names.iter().map(|name| text.find(&format!("\"{name}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
    assert!(writes.len() == 1 && text.ends_with("}\n") && text.matches('\n').count() == 1);
}

#[test]
fn a_line_inherits_the_fields_of_all_spans_around_it() {
    let line = line_of(|| {
        let request =
            error_span!("request", request_id = "r-1", cron = tracing::field::Empty, company = "biz_1");
        let _request = request.clone().entered();
        request.record("cron", "reminders");
        let _step = error_span!("step", company = "biz_2", attempt = 2).entered();
        info!("hello");
    });
    assert_eq!((&line["request_id"], &line["cron"]), (&json!("r-1"), &json!("reminders")));
    assert_eq!((&line["company"], &line["attempt"]), (&json!("biz_2"), &json!(2)));
}

#[test]
fn an_event_names_its_request_only_where_no_span_does() {
    assert_eq!(line_of(|| info!(request_id = "r-2", "hello"))["request_id"], "r-2");
    let line = line_of(|| {
        let _span = error_span!("request", request_id = "r-1").entered();
        info!(request_id = "r-2", "hello");
    });
    assert_eq!(line["request_id"], "r-1");
}

#[test]
fn event_fields_cannot_override_the_layers_own_fields() {
    let line = line_of(|| {
        let _span = error_span!("request", message = "forged", level = "debug").entered();
        info!(timestamp = "never", service = "other", _aws = "forged", "real");
    });
    assert_eq!(
        (&line["level"], &line["service"], &line["message"]),
        (&json!("info"), &json!("kpis"), &json!("real"))
    );
    assert_ne!(line["timestamp"], "never");
    assert!(line.get("_aws").is_none());
}

#[test]
fn a_long_text_is_cut_between_two_characters() {
    let line = line_of(
        || info!(exact = "a".repeat(MAX_TEXT_BYTES), long = "é".repeat(5000), debug = ?vec![7; 5000], "hi"),
    );
    assert_eq!(line["exact"].as_str().unwrap().len(), MAX_TEXT_BYTES);
    assert_eq!(line["long"].as_str().unwrap(), format!("{}…", "é".repeat(MAX_TEXT_BYTES / 2)));
    let odd = line_of(|| info!(long = format!("x{}", "é".repeat(5000)), "hi"));
    assert_eq!(odd["long"].as_str().unwrap(), format!("x{}…", "é".repeat(MAX_TEXT_BYTES / 2 - 1)));
    assert!(line["debug"].as_str().unwrap().ends_with('…'));
}

#[test]
fn named_fields_become_embedded_metrics() {
    let line =
        line_of(|| info!(duration = 12, failed = 0, metrics = "duration:Milliseconds, failed:Count", "done"));
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Namespace"], "justonce");
    assert_eq!(directive["Dimensions"], json!([["service"]]));
    assert_eq!(
        directive["Metrics"],
        json!([{"Name": "duration", "Unit": "Milliseconds"}, {"Name": "failed", "Unit": "Count"}])
    );
    assert!(line["_aws"]["Timestamp"].as_i64().unwrap() > 1_700_000_000_000);
    assert!(line.get("metrics").is_none() && line["duration"] == 12);
}

#[test]
fn metrics_are_called_after_the_stack_that_deployed_the_function() {
    for (deployed_as, namespace) in [
        (Some("justonce-kpis"), "justonce"),
        (Some("trial-of-mine-kpis"), "trial-of-mine"),
        (Some("kpis"), "justonce"),
        (Some("-kpis"), "justonce"),
        (Some("mine-cases"), "justonce"),
        (None, "justonce"),
    ] {
        assert_eq!(metrics::namespace(deployed_as, "kpis"), namespace, "{deployed_as:?}");
    }
}

#[test]
fn an_unusable_metric_is_shown_and_does_not_spoil_the_others() {
    let line = line_of(|| {
        info!(done = 1, text = "1", metrics = "done:Count,text:Count,gone:Count,done:Fortnights", "done")
    });
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"], json!([{"Name": "done", "Unit": "Count"}]));
    assert_eq!(line["metrics_ignored"], "text:Count,gone:Count,done:Fortnights");
    assert!(line_of(|| info!(metrics = "", "done")).get("_aws").is_none());
}

#[test]
fn other_crates_log_only_warnings_and_errors() {
    let writes = Writes::default();
    let subscriber = tracing_subscriber::registry()
        .with(level_filter("trace"))
        .with(filter_fn(is_loggable))
        .with(Logs::new("kpis", writes.clone()));
    tracing::subscriber::with_default(subscriber, || {
        tracing::trace!("ours");
        info!(target: "aws_smithy_runtime::client", "whole request");
        info!(target: "hyper_util::client", "whole request");
        tracing::trace!(target: "lambda_runtime", "whole event");
        warn!(target: "reqwest::connect", "grave");
        error!(target: "lambda_runtime::layers::panic", "repeated");
    });
    let messages: Vec<_> = writes.lines().iter().map(|line| line["message"].clone()).collect();
    assert_eq!(messages, ["ours", "grave"]);
}

#[test]
fn targets_that_rust_log_does_not_mention_log_from_info_on() {
    for (levels, received) in [
        ("", ["info", "error"].as_slice()),
        ("other=trace", &["info", "error"]),
        ("warn", &["error"]),
        ("debug", &["debug", "info", "error"]),
    ] {
        let writes = Writes::default();
        let subscriber =
            tracing_subscriber::registry().with(level_filter(levels)).with(Logs::new("kpis", writes.clone()));
        tracing::subscriber::with_default(subscriber, || {
            let _span = error_span!("request", request_id = "r-1").entered();
            tracing::debug!("said");
            info!("said");
            error!("said");
        });
        let lines = writes.lines();
        assert!(lines.iter().all(|line| line["request_id"] == "r-1"));
        assert_eq!(
            lines.iter().map(|line| line["level"].as_str().unwrap()).collect::<Vec<_>>(),
            received,
            "{levels}"
        );
    }
}

#[test]
fn an_error_names_the_deployment_that_it_belongs_to() {
    let writes = Writes::default();
    let logs = Logs { revision: Some("17".to_owned()), ..Logs::new("kpis", writes.clone()) };
    tracing::subscriber::with_default(tracing_subscriber::registry().with(logs), || {
        error!("failed");
        warn!("grave");
    });
    let lines = writes.lines();
    assert_eq!((&lines[0]["revision"], lines[1].get("revision")), (&json!("17"), None));
    assert!(line_of(|| error!("failed")).get("revision").is_none());
}
