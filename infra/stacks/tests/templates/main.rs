//! Compares the deployed files with the code and each other. Nothing runs here: a change of a template is
//! checked without building the functions.

mod alarms;
mod cloudfront;
mod conditions;
mod environment;
mod functions;
mod logs_and_queues;
mod parameters;
mod policies;
mod restored;
mod rights;
mod schedules;
mod table;
mod written;

fn yaml(text: &str) -> serde_yaml_ng::Value {
    serde_yaml_ng::from_str(text).expect("YAML")
}
