//! When a job runs: AWS's `rate(…)` and `cron(…)`, and Vercel's five fields.
//!
//! Sources: docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html,
//! vercel.com/docs/cron-jobs

use chrono::{DateTime, Duration, LocalResult, TimeZone, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

#[derive(Debug, Clone)]
pub struct Expression(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Rate(Duration),
    Cron { pattern: Box<Cron>, zone: Tz },
}

/// Why an expression is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// Neither `rate(…)` nor `cron(…)`.
    #[error("{0:?} is neither rate(…) nor cron(…)")]
    Unknown(String),
    /// Not a positive number of minutes, hours or days.
    #[error("{0:?} is not a number of minutes, hours or days")]
    Rate(String),
    /// The wrong number of fields.
    #[error("{text:?} has not {fields} fields")]
    Fields {
        text: String,
        /// How many it should have.
        fields: usize,
    },
    /// AWS wants a `?` in one of the fields for days, Vercel a `*`.
    #[error("{0:?} must leave open either the day of the month or the day of the week")]
    Days(String),
    /// A field that cannot be read.
    #[error("{text:?}: {reason}")]
    Pattern {
        text: String,
        /// The error in the expression.
        reason: String,
    },
    /// No such time zone.
    #[error("{0:?} is no time zone")]
    Zone(String),
}

/// Further than any zone's clocks are from UTC, and than they are ever put forward or back.
const ZONE_MARGIN_HOURS: i64 = 48;

impl Expression {
    /// Parses a schedule of EventBridge Scheduler, in the zone of `ScheduleExpressionTimezone`.
    pub fn parse_aws(text: &str, zone: &str) -> Result<Self, ExpressionError> {
        let inside = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        if let Some(rate) = inside("rate") {
            return parse_rate(rate).map(|every| Self(Kind::Rate(every)));
        }
        let fields = inside("cron").ok_or_else(|| ExpressionError::Unknown(text.to_owned()))?;
        let zone = zone.parse().map_err(|_| ExpressionError::Zone(zone.to_owned()))?;
        let [_, _, day, _, weekday, _] = fields_of(fields, text)?;
        if (day == "?") == (weekday == "?") {
            return Err(ExpressionError::Days(text.to_owned()));
        }
        // AWS counts the days of the week from Sunday as 1 and has no seconds.
        let parser = CronParser::builder().seconds(Seconds::Required).year(Year::Required);
        parse_cron(parser.alternative_weekdays(true).build(), &format!("0 {fields}"), zone)
    }

    /// Parses a schedule of Vercel: five fields in UTC, days of the week from Sunday as 0.
    pub fn parse_vercel(text: &str) -> Result<Self, ExpressionError> {
        let [_, _, day, _, weekday] = fields_of(text, text)?;
        if day != "*" && weekday != "*" {
            return Err(ExpressionError::Days(text.to_owned()));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed);
        parse_cron(parser.build(), text, Tz::UTC)
    }

    /// Every planned time after `after`, up to and including `until`.
    pub fn between(
        &self,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> impl Iterator<Item = DateTime<Utc>> + use<> {
        let times: Box<dyn Iterator<Item = DateTime<Utc>>> = match self.0.clone() {
            Kind::Rate(every) => Box::new(slots(every, after)),
            Kind::Cron { pattern, zone } => Box::new(wall_times(&pattern, zone, after)),
        };
        times.skip_while(move |at| *at <= after).take_while(move |at| *at <= until)
    }
}

fn parse_rate(text: &str) -> Result<Duration, ExpressionError> {
    let wrong = || ExpressionError::Rate(text.to_owned());
    let (number, unit) = text.trim().split_once(' ').ok_or_else(wrong)?;
    let number: u32 = number.parse().map_err(|_| wrong())?;
    let unit = match unit.trim() {
        "minute" | "minutes" => Duration::minutes(1),
        "hour" | "hours" => Duration::hours(1),
        "day" | "days" => Duration::days(1),
        _ => return Err(wrong()),
    };
    let every = i32::try_from(number).ok().and_then(|number| unit.checked_mul(number));
    every.filter(|every| *every > Duration::zero()).ok_or_else(wrong)
}

fn fields_of<'a, const N: usize>(fields: &'a str, text: &str) -> Result<[&'a str; N], ExpressionError> {
    let fields: Vec<&str> = fields.split_whitespace().collect();
    fields.try_into().map_err(|_| ExpressionError::Fields { text: text.to_owned(), fields: N })
}

fn parse_cron(parser: CronParser, pattern: &str, zone: Tz) -> Result<Expression, ExpressionError> {
    let failed = |error: croner::errors::CronError| ExpressionError::Pattern {
        text: pattern.to_owned(),
        reason: error.to_string(),
    };
    let pattern = parser.parse(pattern).map_err(failed)?;
    Ok(Expression(Kind::Cron { pattern: Box::new(pattern), zone }))
}

/// A rate counts from the creation of the schedule, which no file contains. Counted from the epoch, its times
/// are the slots of calls without a planned time.
fn slots(every: Duration, after: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    let seconds = every.num_seconds().max(1);
    let first = after.timestamp().div_euclid(seconds);
    (first..).map_while(move |slot| DateTime::from_timestamp(slot.checked_mul(seconds)?, 0))
}

/// Times by the wall clock of a zone. As AWS has it, a time that is skipped when the clocks go forward
/// is left out, and one that comes twice when they go back is taken once.
fn wall_times(pattern: &Cron, zone: Tz, after: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> + use<> {
    let on_the_wall = after.with_timezone(&zone).naive_local().and_utc();
    let from = on_the_wall - Duration::hours(ZONE_MARGIN_HOURS);
    pattern.iter_after(from).filter_map(move |wall| match zone.from_local_datetime(&wall.naive_utc()) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.to_utc()),
        LocalResult::None => None,
    })
}
