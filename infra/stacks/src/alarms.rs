//! `infra/alarms.yaml`: the alarms, their recipients and their metrics.
//!
//! An alarm watches a subject (failed requests, unpaid bookings, a provider) over all functions, so that their number
//! does not grow with the functions. Metrics come from three sources: AWS's own, which are free; metrics embedded in
//! log lines, in the stack's namespace and with the function as `service`; and metric filters that count log lines of
//! all functions.

mod alarm;
mod filters;
mod list;
mod recipients;

use std::fmt::Write as _;

use crate::dashboard;

pub(crate) use alarm::Alarm;

/// The stack. No function is passed in: neither the alarms nor the dashboard depend on which there are.
pub(crate) fn stack() -> String {
    let alarms = list::alarms();
    let mut text = recipients::HEAD.to_owned();
    text.push_str("\n  # ── Metric filters ──\n");
    for filter in filters::FILTERS {
        text.push_str(&filter.text());
    }
    text.push_str("\n  # ── Alarms ──\n");
    for alarm in &alarms {
        text.push_str(&alarm.text());
    }
    text.push_str("\n  # ── Dashboard ──\n");
    text.push_str(&dashboard::resource(&alarms));
    text.push_str("\nOutputs:\n");
    text.push_str("  Dashboard: {Value: !Sub \"https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home#dashboards:name=${Dashboard}\"}\n");
    text.push_str("  UrgentTopic: {Value: !Ref UrgentTopic}\n");
    let new_version = alarm::id(list::NEW_VERSION);
    let _ = writeln!(
        text,
        "  # The alarm that rolls a new version back.\n  NewVersion: {{Value: !Ref {new_version}}}"
    );
    text
}

/// An identifier for CloudFormation.
fn camel(text: &str) -> String {
    let parts = text.split(['-', '_']).map(|part| part[..1].to_uppercase() + &part[1..]);
    parts.collect()
}
