//! The schedules, read from the files that are deployed.
//!
//! Both platforms must start the same jobs at the same times, so both files are read and compared; a
//! difference fails here and not in production.

mod expression;
mod template;
#[cfg(test)]
mod tests;
mod vercel;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use http::Method;

pub use expression::{Expression, ExpressionError};

/// A job and when it runs.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The job, as the payload of a direct invocation names it.
    pub job: String,
    /// The HTTP method of the scheduler.
    pub method: Method,
    /// The route that it calls.
    pub path: String,
    pub expression: Expression,
}

/// Why the schedules cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The template is no YAML.
    #[error("template.yaml cannot be read")]
    Template(#[source] serde_yaml_ng::Error),
    /// The configuration of Vercel is not JSON of the expected form.
    #[error("vercel.json cannot be read")]
    Vercel(#[source] shared::json::JsonError),
    /// Something that a schedule needs is missing.
    #[error("{file}: {what}")]
    Incomplete {
        /// Which of the files.
        file: &'static str,
        /// The missing part, and its place.
        what: String,
    },
    /// An expression that the platform would refuse, or that is not known here.
    #[error("{file}: the schedule of {function} cannot be read: {source}")]
    Expression {
        /// Which of the files.
        file: &'static str,
        function: String,
        /// The error in a schedule.
        source: ExpressionError,
    },
    /// A function is started by the clock on one platform only.
    #[error("{function} has a schedule in {file} only")]
    OnePlatform {
        function: String,
        /// Where its schedule is.
        file: &'static str,
    },
    /// A job would fire on one platform when it does not on the other.
    #[error("the schedules of {job} differ: at {at} only {file} would start it")]
    Differ {
        job: String,
        /// The first time that is not common to both.
        at: DateTime<Utc>,
        /// The time zone of a schedule.
        file: &'static str,
    },
}

const TEMPLATE: &str = "template.yaml";
const VERCEL: &str = "vercel.json";

/// A month in winter and one in summer: enough to see a day of the week, a day of the month, and a
/// time zone that puts its clocks forward.
const COMPARED: [(&str, &str); 2] =
    [("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"), ("2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z")];

/// Reads the schedules from the contents of `template.yaml` and `vercel.json`.
pub fn read(template: &str, vercel: &str) -> Result<Vec<Schedule>, ScheduleError> {
    let mut crons: BTreeMap<String, vercel::Cron> = vercel::read(vercel)?;
    let mut schedules = Vec::new();
    for (function, planned) in template::read(template)? {
        let Some(cron) = crons.remove(&function) else {
            return Err(ScheduleError::OnePlatform { function, file: TEMPLATE });
        };
        compare(&planned.job, &planned.expression, &cron.expression)?;
        schedules.push(Schedule {
            job: planned.job,
            method: Method::GET,
            path: cron.path,
            expression: planned.expression,
        });
    }
    match crons.into_keys().next() {
        Some(function) => Err(ScheduleError::OnePlatform { function, file: VERCEL }),
        None => Ok(schedules),
    }
}

impl Schedule {
    /// Every planned time after `after`, up to and including `until`.
    pub fn between(
        &self,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> impl Iterator<Item = DateTime<Utc>> + use<> {
        self.expression.between(after, until)
    }
}

fn compare(job: &str, template: &Expression, vercel: &Expression) -> Result<(), ScheduleError> {
    let differ = |at, file| Err(ScheduleError::Differ { job: job.to_owned(), at, file });
    for (after, until) in COMPARED.map(|(after, until)| (instant(after), instant(until))) {
        let mut in_vercel = vercel.between(after, until);
        for at in template.between(after, until) {
            match in_vercel.next() {
                Some(other) if other == at => {}
                Some(other) if other < at => return differ(other, VERCEL),
                _ => return differ(at, TEMPLATE),
            }
        }
        if let Some(other) = in_vercel.next() {
            return differ(other, VERCEL);
        }
    }
    Ok(())
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_default()
}
