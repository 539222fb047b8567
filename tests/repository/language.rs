//! Rules of language that a test can check.

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

/// Names of earlier versions, and the field's term for each. Whole identifiers.
const OLD_WORDS: [(&str, &str); 91] = [
    ("AccountStanding", "StripeAccountStatus"),
    ("Acted", "TurnResult"),
    ("Allowance", "RateLimitCharge"),
    ("BookingNews", "BookingChange"),
    ("BookingState", "BookingStatus"),
    ("Bounds", "RunLimits"),
    ("Care", "FindingScope"),
    ("CaseState", "CaseStatus"),
    ("Deed", "Action"),
    ("Desk", "SandboxApi"),
    ("Dry", "DryRunState"),
    ("Ears", "Sinks"),
    ("EffectState", "EffectStatus"),
    ("EventState", "EventStatus"),
    ("Eyes", "Monitoring"),
    ("Filed", "FileOutcome"),
    ("FindingState", "FindingStatus"),
    ("Gate", "CircuitBreaker"),
    ("Halt", "StopReason"),
    ("Intake", "EventIntake"),
    ("Intent", "IdempotencyKey"),
    ("JobStandingView", "JobSummaryView"),
    ("Judged", "MatchOutcome"),
    ("Judgement", "MatchOutcome"),
    ("KeptLine", "BufferedLine"),
    ("KeyRule", "KeyPolicy"),
    ("Law", "Invariant"),
    ("Leap", "ClockJump"),
    ("Letter", "OutboxEntry"),
    ("Looked", "PayeeSnapshot"),
    ("Met", "BucketForm"),
    ("Need", "Requirement"),
    ("News", "Change"),
    ("NotLooked", "LoadError"),
    ("Pace", "RowRateLimit"),
    ("Parcel", "Batch"),
    ("Proven", "Authenticated"),
    ("Punctuality", "JobStatus"),
    ("Purse", "PendingCharge"),
    ("Ran", "RunResult"),
    ("Reach", "MemberChannels"),
    ("Recall", "KeyLookup"),
    ("Rhythm", "JobSchedule"),
    ("Saying", "Movement"),
    ("Scene", "Scenario"),
    ("Senders", "EffectClients"),
    ("Severed", "ConnectionCut"),
    ("Shelf", "BooksByBooking"),
    ("Situation", "CaseSnapshot"),
    ("Stage", "Scheduler"),
    ("Standing", "…Status"),
    ("Strike", "InjectedFault"),
    ("Taking", "TokenWrite"),
    ("Till", "payments"),
    ("Took", "TokenWriteOutcome"),
    ("Trouble", "EffectList"),
    ("TroubledEffectView", "EffectView"),
    ("Turn", "PayeeTurn"),
    ("Unheard", "MissingFact"),
    ("Unproven", "Unauthorized"),
    ("Verdict", "AttemptResult"),
    ("WayToTable", "TableConnection"),
    ("Wish", "NewBooking"),
    ("Witness", "RequestRecorder"),
    ("Worked", "RowOutcome"),
    ("allowance", "rate_limit_charge"),
    ("ask_ahead", "load_secrets"),
    ("call_off", "cancel"),
    ("check_heard", "check_published"),
    ("check_the_promise", "check_exactly_once"),
    ("door", "middleware, endpoint"),
    ("ears", "sinks"),
    ("front_door", "trusted_proxy"),
    ("give_up", "mark_failed"),
    ("heard", "received"),
    ("judge_word", "match_record"),
    ("kinds_heard", "published_kinds"),
    ("mail_trouble", "inject_mail_fault"),
    ("mended", "backfilled"),
    ("open_ahead", "prewarm"),
    ("perform_read", "execute"),
    ("punctuality", "status"),
    ("put_off", "postpone"),
    ("resend_says", "deliver_resend_event"),
    ("rhythm", "schedule"),
    ("speaking", "with_shape"),
    ("stripe_trouble", "inject_stripe_fault"),
    ("told_by", "events_of_kind"),
    ("troubled", "faulty"),
    ("turn_down", "decline"),
    ("unheard", "missing"),
];

#[test]
fn no_identifier_is_a_replaced_name() {
    let old: BTreeMap<&str, &str> = OLD_WORDS.into();
    let mut wrong = Vec::new();
    for file in rust("") {
        if file.path.ends_with("house_rules.rs") {
            continue;
        }
        for line in code(&file) {
            // Text in quotes is not an identifier; wire names have their own test.
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
    for file in rust("shared/src").into_iter().chain(rust("shared/domain/src")) {
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

/// One spelling of each term, so that a search finds all of its places.
const OTHER_SPELLINGS: [(&str, &str); 6] = [
    ("normalis", "normaliz"),
    ("recognis", "recogniz"),
    ("de-duplic", "deduplic"),
    ("back-off", "backoff"),
    ("time-out", "timeout"),
    ("web hook", "webhook"),
];

#[test]
fn every_term_has_one_spelling() {
    let mut wrong = Vec::new();
    for file in texts("") {
        // Fixtures are the providers' texts, and this file lists the spellings.
        let is_exempt = file.path.contains("/fixtures/") || file.path.ends_with("repository/language.rs");
        if is_exempt || !(file.path.ends_with(".rs") || file.path.ends_with(".md")) {
            continue;
        }
        let text = file.text.to_lowercase();
        for (other, right) in OTHER_SPELLINGS {
            if text.contains(other) {
                wrong.push(format!("{}: {other}, write {right}", file.path));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}
