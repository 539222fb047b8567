//! The schedules of jobs on both platforms, and the handling of failed runs.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use serde_yaml_ng::Value as Yaml;
use shared::auth::Access;
use shared::auth::routes::ROUTES;
use shared::domain::platform::job::{JOBS, Job, JobSchedule};
use stacks::cloudformation::{FUNCTION, resources};
use stacks::repository::{functions, read, read_of, template};
use stacks::schedule::{self, Expression};

use crate::yaml;

/// How far the clocks of the default zone are from UTC, all year round.
const BOGOTA: Duration = Duration::hours(-5);

/// A month in which every job runs.
const MONTH: (&str, &str) = ("2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z");

/// The maximum age of a tick: the next one does the same work.
const MAX_AGE_SECONDS: u64 = 3_600;

/// The functions that a schedule starts: id, job, properties.
fn jobs(template: &Yaml) -> Vec<(&str, Job, &Yaml)> {
    let started = resources(template, FUNCTION)
        .into_iter()
        .filter(|(_, resource)| resource["Properties"].get("Events").is_some());
    let named = started.map(|(id, resource)| {
        let name = resource["Metadata"]["BuildProperties"]["Binary"].as_str().expect("a binary");
        (id, Job::named(name).unwrap_or_else(|| panic!("{name} is not in JOBS")), &resource["Properties"])
    });
    named.collect()
}

#[test]
fn both_platforms_start_the_same_jobs_at_the_same_times() {
    let schedules = schedule::read(&read("template.yaml"), &read("vercel.json")).expect("one plan");
    let jobs = schedules.iter().map(|schedule| {
        let mut rows = ROUTES.iter();
        let row = rows.find(|row| row.path == schedule.path && row.method == schedule.method.as_str());
        let row = row.unwrap_or_else(|| panic!("{} has no row in ROUTES", schedule.path));
        assert_eq!(row.access, Access::Scheduler, "{}", schedule.path);
        let main = read_of(row.function, "src/main.rs");
        assert!(main.contains(&format!("job_path: Some(\"{}\")", schedule.path)), "{}", schedule.path);
        row.function.to_owned()
    });
    let jobs: BTreeSet<String> = jobs.collect();
    let has_a_job = |name: &String| read_of(name, "src/main.rs").contains("job_path: Some(");
    assert_eq!(jobs, functions().into_iter().filter(has_a_job).collect());
}

#[test]
fn a_monitor_expects_a_job_when_both_platforms_start_it() {
    let schedules = schedule::read(&read("template.yaml"), &read("vercel.json")).expect("one plan");
    let (from, until): (DateTime<Utc>, DateTime<Utc>) = (MONTH.0.parse().unwrap(), MONTH.1.parse().unwrap());
    for job in JOBS {
        let schedule = schedules.iter().find(|schedule| schedule.job == job.name).expect("a schedule");
        let (crontab, offset) = match job.schedule {
            JobSchedule::Utc(crontab) => (crontab, Duration::zero()),
            JobSchedule::PayoutZone(crontab) => (crontab, BOGOTA),
            JobSchedule::Daily => {
                let times: Vec<_> = schedule.expression.between(from, until).collect();
                assert!(times.windows(2).all(|pair| (pair[1] - pair[0]).num_hours() == 24), "{}", job.name);
                continue;
            }
        };
        // The crontab is read by the clock of its zone, which is compared as if it were UTC.
        let by_its_clock = |at: DateTime<Utc>| at + offset;
        let planned: Vec<_> = schedule.expression.between(from, until).map(by_its_clock).collect();
        let monitor = Expression::parse_vercel(crontab).expect("five fields");
        let expected: Vec<_> = monitor.between(by_its_clock(from), by_its_clock(until)).collect();
        assert!(!planned.is_empty() && planned == expected, "{}", job.name);
    }
}

/// No setting of a schedule is left to AWS's defaults: 185 retries for a day, no time zone, no dead-letter
/// queue.
#[test]
fn every_schedule_names_its_planned_time_and_its_end() {
    let template = template();
    let jobs = jobs(&template);
    assert_eq!(jobs.len(), JOBS.len());
    for (id, Job { name, schedule: planned, .. }, properties) in jobs {
        let events = properties["Events"].as_mapping().expect("events");
        let [schedule] = events.values().collect::<Vec<_>>()[..] else { panic!("{name} has {events:?}") };
        assert_eq!(schedule["Type"], "ScheduleV2", "{name}");
        let zone = match planned {
            JobSchedule::Utc(_) => "UTC",
            JobSchedule::PayoutZone(_) | JobSchedule::Daily => "!Ref PayoutTimeZone",
        };
        let wanted = yaml(&format!(
            r#"
Name: !Sub "${{AWS::StackName}}-{name}"
ScheduleExpression: !Ref {id}Schedule
ScheduleExpressionTimezone: {zone}
FlexibleTimeWindow: {{Mode: "OFF"}}
Input: '{{"job": "{name}", "scheduled_at": "<aws.scheduler.scheduled-time>"}}'
RetryPolicy: {{MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: {}}}
DeadLetterConfig: {{Arn: !GetAtt MissedRuns.Arn}}
"#,
            max_age(properties)
        ));
        assert_eq!(schedule["Properties"], wanted, "{name}");
        let pattern = &template["Parameters"][format!("{id}Schedule").as_str()]["AllowedPattern"];
        assert_eq!(*pattern, "^(cron|rate)[(].+[)]$", "{name}");
    }
}

/// For how long a run of the job may be tried.
fn max_age(properties: &Yaml) -> u64 {
    let seconds =
        properties["EventInvokeConfig"]["MaximumEventAgeInSeconds"].as_u64().expect("a limit of its own");
    assert!((60..=MAX_AGE_SECONDS).contains(&seconds), "{seconds} s");
    seconds
}

#[test]
fn every_job_runs_once_at_a_time_and_its_failures_are_kept() {
    let template = template();
    for (_, Job { name, .. }, properties) in jobs(&template) {
        // A tick of the reminders may begin before the one before has ended.
        let at_a_time = if name == "reminders" { 2 } else { 1 };
        assert_eq!(properties["ReservedConcurrentExecutions"], at_a_time, "{name}");
        let wanted = format!(
            "{{MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: {}, \
             DestinationConfig: {{OnFailure: {{Type: SQS, Destination: !GetAtt MissedRuns.Arn}}}}}}",
            max_age(properties)
        );
        assert_eq!(properties["EventInvokeConfig"], yaml(&wanted), "{name}");
    }
    // A concurrency limit would refuse users, and their requests are not invoked asynchronously.
    for (id, function) in resources(&template, FUNCTION) {
        let properties = &function["Properties"];
        for bound in ["ReservedConcurrentExecutions", "EventInvokeConfig"] {
            assert_eq!(
                properties.get(bound).is_some(),
                properties.get("Events").is_some(),
                "{bound} of {id}"
            );
        }
    }
}
