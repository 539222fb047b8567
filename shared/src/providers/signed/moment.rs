//! Parses timestamps in every format that providers have used: ISO 8601, Ruby's format, unix seconds and
//! milliseconds.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::Value;

use crate::domain::platform::event::{Occurred, TimeSource, is_plausible};

/// The first plausible timestamp among the candidates; the signed time of arrival if there is none.
pub(in crate::providers) fn first_sane(candidates: &[&Value], signed_at: DateTime<Utc>) -> Occurred {
    let reported_at = candidates.iter().find_map(|value| parse_plausible(value, signed_at));
    reported_at.map_or(Occurred { at: signed_at, source: TimeSource::Arrival }, |at| Occurred {
        at,
        source: TimeSource::Payload,
    })
}

/// As seconds this would be after the year 33000, so it must be milliseconds.
const MILLISECONDS_FROM: f64 = 1e12;

fn parse_plausible(value: &Value, signed_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    read(value).filter(|instant| is_plausible(*instant, signed_at))
}

/// Parses a timestamp in any of the formats, past or future.
pub(in crate::providers) fn read(value: &Value) -> Option<DateTime<Utc>> {
    match value {
        Value::Number(number) => parse_unix(number.as_str()),
        Value::String(text) => parse_unix(text).or_else(|| parse_text(text)),
        _ => None,
    }
}

fn parse_unix(text: &str) -> Option<DateTime<Utc>> {
    let number: f64 = text.parse().ok()?;
    let seconds = if number > MILLISECONDS_FROM { number / 1000.0 } else { number };
    DateTime::from_timestamp_millis((seconds * 1000.0).round() as i64)
}

fn parse_text(text: &str) -> Option<DateTime<Utc>> {
    let with_offset = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S %z"));
    if let Ok(instant) = with_offset {
        return Some(instant.to_utc());
    }
    let bare = text.strip_suffix(" UTC").unwrap_or(text);
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(bare, form).ok())
        .map(|instant| instant.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_spelling_of_an_instant_is_the_same_instant() {
        let signed_at = DateTime::from_timestamp(1_784_541_700, 0).unwrap();
        let expected = DateTime::from_timestamp(1_784_541_600, 0).unwrap();
        for value in [
            json!(1_784_541_600),
            json!(1_784_541_600.0),
            json!("1784541600"),
            json!(1_784_541_600_000_i64),
            json!("2026-07-20T10:00:00Z"),
            json!("2026-07-20T10:00:00.000Z"),
            json!("2026-07-20T12:00:00+02:00"),
            json!("2026-07-20 12:00:00 +0200"),
            json!("2026-07-20 10:00:00 UTC"),
            json!("2026-07-20T10:00:00"),
        ] {
            assert_eq!(parse_plausible(&value, signed_at), Some(expected), "{value}");
        }
        let half = parse_plausible(&json!("1784541600.5"), signed_at).unwrap();
        assert_eq!(half.timestamp_subsec_millis(), 500);
    }

    #[test]
    fn invalid_and_absurd_instants_fall_back_to_the_signed_time() {
        let signed_at = DateTime::from_timestamp(1_784_541_700, 0).unwrap();
        let absurd: Vec<Value> = ["1e999999", "-1e999999", "99999999999999999999999999", "0", "-1"]
            .iter()
            .map(|text| serde_json::from_str(text).unwrap())
            .collect();
        for value in absurd.iter().chain(&[
            json!(null),
            json!(true),
            json!({}),
            json!("soon"),
            json!("NaN"),
            json!("inf"),
            json!(""),
            json!("2014-12-31T23:59:59Z"),
            json!("2026-07-22T10:00:00Z"),
            json!("2026-02-30T10:00:00Z"),
        ]) {
            let arrival = Occurred { at: signed_at, source: TimeSource::Arrival };
            assert_eq!(first_sane(&[value], signed_at), arrival, "{value}");
        }
    }

    #[test]
    fn the_first_sane_candidate_wins() {
        let signed_at = DateTime::from_timestamp(1_784_541_700, 0).unwrap();
        let chosen =
            first_sane(&[&json!(null), &json!(12), &json!(1_784_541_600), &json!(1_784_541_500)], signed_at);
        assert_eq!((chosen.at.timestamp(), chosen.source), (1_784_541_600, TimeSource::Payload));
    }
}
