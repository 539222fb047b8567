//! The words of the code, as far as a machine can judge them.

use std::collections::BTreeMap;

use support::repository::{code, rust, texts};

/// A field that explains itself has no comment; a comment that only repeats its name is one line too many.
#[test]
fn no_comment_only_repeats_a_name() {
    for folder in ["shared", "functions", "infra", "tests"] {
        for file in rust(folder) {
            let docs = |line: &str| line.trim_start().starts_with("///");
            let lines: Vec<&str> = file.text.lines().collect();
            let is_doc = |at: Option<usize>| at.and_then(|at| lines.get(at)).is_some_and(|line| docs(line));
            let lone = |at: usize| !(is_doc(at.checked_sub(1)) || is_doc(Some(at + 1)));
            for (at, line) in lines.iter().enumerate().filter(|(at, line)| docs(line) && lone(*at)) {
                assert!(line.split_whitespace().count() > 4, "{}:{}: {line}", file.path, at + 1);
            }
        }
    }
}

/// Words of earlier versions that only their authors understood, and the field's term for each. Whole identifiers.
const OLD_WORDS: [(&str, &str); 69] = [
    ("AccountStanding", "StripeAccountStatus"),
    ("BookingState", "BookingStatus"),
    ("CaseState", "CaseStatus"),
    ("EffectState", "EffectStatus"),
    ("EventState", "EventStatus"),
    ("Eyes", "Monitoring"),
    ("FindingState", "FindingStatus"),
    ("KeptLine", "BufferedLine"),
    ("WayToTable", "TableConnection"),
    ("Acted", "TurnResult"),
    ("Allowance", "RateLimitCharge"),
    ("BookingNews", "BookingChange"),
    ("Bounds", "RunLimits"),
    ("Care", "FindingScope"),
    ("Deed", "Action"),
    ("Desk", "SandboxApi"),
    ("Dry", "DryRunState"),
    ("Ears", "Sinks"),
    ("Filed", "FileOutcome"),
    ("Gate", "CircuitBreaker"),
    ("Halt", "StopReason"),
    ("Intake", "EventIntake"),
    ("Intent", "IdempotencyKey"),
    ("Judged", "MatchOutcome"),
    ("Judgement", "MatchOutcome"),
    ("KeyRule", "KeyPolicy"),
    ("Law", "Invariant"),
    ("Leap", "ClockJump"),
    ("Letter", "OutboxEntry"),
    ("Looked", "PayeeSnapshot"),
    ("Met", "BucketForm"),
    ("News", "Change"),
    ("NotLooked", "LoadError"),
    ("Parcel", "Batch"),
    ("Proven", "Authenticated"),
    ("Purse", "PendingCharge"),
    ("Ran", "RunResult"),
    ("Reach", "MemberChannels"),
    ("Saying", "Movement"),
    ("Scene", "Scenario"),
    ("Senders", "EffectClients"),
    ("Shelf", "BooksByBooking"),
    ("Situation", "CaseSnapshot"),
    ("Stage", "Scheduler"),
    ("Standing", "…Status"),
    ("Strike", "InjectedFault"),
    ("Taking", "TokenWrite"),
    ("Till", "payments"),
    ("Took", "TokenWriteOutcome"),
    ("Turn", "PayeeTurn"),
    ("Unheard", "MissingFact"),
    ("Unproven", "Unauthorized"),
    ("Verdict", "AttemptResult"),
    ("Wish", "NewBooking"),
    ("allowance", "rate_limit_charge"),
    ("ask_ahead", "load_secrets"),
    ("call_off", "cancel"),
    ("door", "middleware, endpoint"),
    ("ears", "sinks"),
    ("front_door", "trusted_proxy"),
    ("give_up", "mark_failed"),
    ("heard", "received"),
    ("judge_word", "match_record"),
    ("mended", "backfilled"),
    ("open_ahead", "prewarm"),
    ("perform_read", "execute"),
    ("put_off", "postpone"),
    ("turn_down", "decline"),
    ("unheard", "missing"),
];

#[test]
fn no_name_is_a_word_that_only_its_author_understands() {
    let old: BTreeMap<&str, &str> = OLD_WORDS.into();
    let mut wrong = Vec::new();
    for file in rust("") {
        if file.path.ends_with("house_rules.rs") {
            continue;
        }
        for line in code(&file) {
            // What stands between quotes is somebody's text: a wire name has its own test.
            let names = line.split('"').step_by(2).flat_map(|part| {
                part.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty())
            });
            let found =
                names.filter_map(|name| Some(format!("{}: {name}, say {}", file.path, old.get(name)?)));
            wrong.extend(found);
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn no_two_public_types_of_the_library_share_a_name() {
    let mut named: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in rust("shared/src") {
        for line in code(&file) {
            let line = line.trim_start();
            let rest = ["pub struct ", "pub enum ", "pub trait ", "pub type "];
            let Some(rest) = rest.iter().find_map(|start| line.strip_prefix(start)) else { continue };
            let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
            named.entry(rest[..end].to_owned()).or_default().push(file.path.clone());
        }
    }
    named.retain(|_, files| files.len() > 1);
    assert_eq!(named, BTreeMap::new());
}

#[test]
fn nothing_is_named_after_being_handy() {
    for file in texts("") {
        for part in file.path.split('/') {
            let stem = part.split('.').next().unwrap_or_default();
            let handy =
                ["util", "utils", "helper", "helpers", "common", "manager", "misc", "service_manager"];
            assert!(!handy.contains(&stem), "{}", file.path);
        }
    }
}
