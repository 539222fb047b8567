//! 1: every stored event has its time, and the source of that time, beside its payload.
//!
//! Older events have the time in their payload, or none. An unreadable or implausible time (long before the
//! platform existed, or a day after the event's arrival) is replaced by the time of arrival. The service reads
//! such rows by the same rule.

use aws_sdk_dynamodb::types::AttributeValue;
use shared::domain::kernel::time;
use shared::domain::platform::event::TimeSource;
use shared::store::Item;
use shared::store::platform::inbox::occurred::{self, AT, READ_OF, SOURCE};

use super::{Change, Decision, Migration, Undo};

pub(super) const MIGRATION: Migration = Migration {
    number: 1,
    name: "events_occurred_at",
    statement: "every stored event has its time beside its payload",
    rows: "EVENT#",
    attributes: &READ_OF,
    decide,
    undo: Undo::Restore,
    // The code before reads the time from the payload, which stays.
    oldest_reader: 0,
};

fn decide(row: &Item) -> Decision {
    if occurred::stored_time(row).is_some() {
        return Decision::AlreadyTrue;
    }
    let Some(occurred) = occurred::derive_time(row) else {
        return Decision::NeedsPerson("neither its payload nor its arrival has a time");
    };
    let from = match occurred.source {
        TimeSource::Payload => "the payload",
        TimeSource::Arrival => "the arrival",
    };
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let set = vec![(AT, text(&time::format(occurred.at))), (SOURCE, text(occurred.source.as_str()))];
    Decision::Change(Change { from, set, remove: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARRIVAL: &str = "2026-07-20T10:00:05.000Z";

    fn text(value: &str) -> AttributeValue {
        AttributeValue::S(value.to_owned())
    }

    fn event(reported_at: Option<AttributeValue>, arrived_at: &str) -> Item {
        let payload = reported_at.into_iter().map(|at| (AT.to_owned(), at)).collect();
        let payload = ("payload_min".to_owned(), AttributeValue::M(payload));
        Item::from([payload, ("received_at".to_owned(), text(arrived_at))])
    }

    fn filled_in(row: &Item) -> Option<(String, &'static str)> {
        let Decision::Change(change) = decide(row) else { return None };
        Some((change.set[0].1.as_s().unwrap().clone(), change.from))
    }

    #[test]
    fn a_valid_time_in_the_payload_is_used() {
        for (reported_at, at) in [
            ("2026-07-20T10:00:00.123456Z", "2026-07-20T10:00:00.123Z"),
            ("2026-07-20T12:00:00+02:00", "2026-07-20T10:00:00.000Z"),
            ("2015-01-01T00:00:00Z", "2015-01-01T00:00:00.000Z"),
            ("2026-07-21T10:00:05Z", "2026-07-21T10:00:05.000Z"),
        ] {
            let row = event(Some(text(reported_at)), ARRIVAL);
            assert_eq!(filled_in(&row), Some((at.to_owned(), "the payload")), "{reported_at}");
        }
    }

    #[test]
    fn anything_else_is_the_time_of_the_arrival() {
        let number = |value: &str| AttributeValue::N(value.to_owned());
        let absurd = [
            text("soon"),
            text(""),
            text("2014-12-31T23:59:59Z"),
            text("1969-12-31T23:59:59Z"),
            text("-2026-07-20T10:00:00Z"),
            text("2026-07-21T10:00:06Z"),
            text("9999-12-31T23:59:59Z"),
            text("+262142-12-31T23:59:59Z"),
            number("-1"),
            number("99999999999999"),
            AttributeValue::Null(true),
            AttributeValue::L(Vec::new()),
        ];
        let rows = absurd
            .into_iter()
            .map(|reported_at| event(Some(reported_at), ARRIVAL))
            .chain([event(None, ARRIVAL)]);
        let arrival = Some((ARRIVAL.to_owned(), "the arrival"));
        for row in rows {
            assert_eq!(filled_in(&row), arrival, "{row:?}");
        }
        let mut unreadable = event(None, ARRIVAL);
        unreadable.insert("payload_min".to_owned(), text("not a payload"));
        assert_eq!(filled_in(&unreadable), arrival);
    }

    #[test]
    fn an_event_without_any_time_needs_a_person() {
        let reported_at = Some(text("2026-07-20T10:00:00Z"));
        for row in
            [event(reported_at.clone(), "soon"), event(reported_at, "1969-12-31T23:59:59Z"), Item::new()]
        {
            assert!(matches!(decide(&row), Decision::NeedsPerson(_)), "{row:?}");
        }
    }

    #[test]
    fn a_filled_in_time_is_valid_and_an_unreadable_one_is_not() {
        let mut row = event(None, ARRIVAL);
        row.insert(AT.to_owned(), text("soon"));
        let Decision::Change(change) = decide(&row) else { panic!("{row:?}") };
        row.extend(change.set.into_iter().map(|(name, value)| (name.to_owned(), value)));
        assert_eq!(decide(&row), Decision::AlreadyTrue);
    }
}
