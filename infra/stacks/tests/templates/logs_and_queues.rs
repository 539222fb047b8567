//! The retention of logs and of undelivered messages.

use stacks::cloudformation::resources;
use stacks::repository::{STACKS, stack, template};

use crate::yaml;

/// The longest retention of SQS, for undelivered messages.
const KEPT_SECONDS: u64 = 14 * 24 * 60 * 60;

#[test]
fn every_log_is_cleared_away_some_day() {
    let template = template();
    let days = &template["Parameters"]["LogRetentionDays"]["AllowedValues"];
    assert!(days.as_sequence().expect("days").iter().all(|days| days.as_u64() > Some(0)), "{days:?}");
    let stacks = STACKS.map(stack);
    let logs: Vec<_> = stacks.iter().flat_map(|stack| resources(stack, "AWS::Logs::LogGroup")).collect();
    assert!(logs.iter().any(|(id, _)| *id == "Log"), "the log of all functions is Lambda's own");
    for (id, log) in logs {
        assert_eq!(log["Properties"]["RetentionInDays"], yaml("!Ref LogRetentionDays"), "{id}");
    }
}

#[test]
fn every_queue_is_encrypted_and_has_the_longest_retention() {
    let stacks = STACKS.map(stack);
    let queues: Vec<_> = stacks.iter().flat_map(|stack| resources(stack, "AWS::SQS::Queue")).collect();
    assert_eq!(queues.len(), 2, "{queues:?}");
    for (id, queue) in queues {
        let properties = &queue["Properties"];
        assert_eq!(properties["SqsManagedSseEnabled"], true, "{id}");
        assert_eq!(properties["MessageRetentionPeriod"], KEPT_SECONDS, "{id}");
        assert_eq!(properties["RedriveAllowPolicy"], yaml("{redrivePermission: denyAll}"), "{id}");
    }
}
