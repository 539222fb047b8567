use chrono::Duration;

use super::sample::*;
use super::*;
use crate::kernel::money::{Currency, Money};

fn status(facts: &[BookingFact]) -> BookingStatus {
    booking(facts).status
}

fn with(more: &[BookingFact]) -> Vec<BookingFact> {
    [&done()[..], more].concat()
}

fn auto_declined(hours: f64, reason: DeclinedReason) -> BookingFact {
    fact(hours, BookingFactKind::AutoDeclined { reason })
}

fn released(hours: f64, reason: ReleaseReason) -> BookingFact {
    fact(hours, BookingFactKind::Released { reason, payment_intent: None })
}

fn cancelled(hours: f64) -> BookingFact {
    fact(hours, BookingFactKind::Cancelled { by: CancelledBy::Customer })
}

#[test]
fn a_booking_goes_from_the_request_to_the_payout() {
    let facts = with(&[paid_out(80.0, "a", 8_500, 0)]);
    let states: Vec<_> = [1, 2, 4, 5, 6].map(|count| status(&facts[..count])).into();
    use super::BookingStatus::{Accepted, Authorized, Completed, PaidOut, Requested};
    assert_eq!(states, [Requested, Authorized, Accepted, Completed, PaidOut]);
    let booking = booking(&facts);
    assert_eq!(booking.payout.unwrap().transfer, Some(transfer("a")));
    assert_eq!(booking.charge, ChargeId::parse("ch_1").ok());
    assert!(booking.anomalies.is_empty());
}

#[test]
fn facts_of_stripe_before_the_request_are_kept_until_it_arrives() {
    let mut early = history(&[authorized(0.1, None), captured(1.0, 10_000)]);
    assert_eq!(early.booking(), None);
    early.add(requested());
    assert_eq!(early.booking().unwrap().status, BookingStatus::Accepted);
}

#[test]
fn a_capture_that_wins_the_race_stays_won() {
    for decline in [
        auto_declined(24.0, DeclinedReason::ProfessionalNoResponse),
        fact(24.0, BookingFactKind::Declined),
        released(24.0, ReleaseReason::Abandoned),
    ] {
        for hours in [23.9, 24.0, 24.1] {
            let facts = [requested(), authorized(0.0, None), decline.clone(), captured(hours, 10_000)];
            let booking = booking(&facts);
            assert_eq!((booking.status, booking.decline), (BookingStatus::Accepted, None), "{decline:?}");
        }
    }
}

#[test]
fn of_an_acceptance_and_a_decline_the_first_counts_until_stripe_decides() {
    let race = |accepted: f64, more: &[BookingFact]| {
        let late = auto_declined(24.0, DeclinedReason::ProfessionalNoResponse);
        let facts = [requested(), authorized(0.0, None), fact(accepted, BookingFactKind::Accepted), late];
        booking(&[&facts[..], more].concat()).stage
    };
    assert_eq!(race(23.9, &[]), BookingStatus::Accepted);
    assert_eq!(race(24.0, &[]), BookingStatus::Accepted);
    assert_eq!(race(24.1, &[]), BookingStatus::Declined);
    assert_eq!(race(24.1, &[captured(24.2, 10_000)]), BookingStatus::Accepted);
    assert_eq!(race(23.9, &[released(24.0, ReleaseReason::Abandoned)]), BookingStatus::Declined);
}

#[test]
fn an_expired_authorization_and_a_late_sweep_have_the_same_result() {
    let base = [requested(), authorized(0.0, Some(168.0))];
    let lapsed = released(168.0, ReleaseReason::Automatic);
    let alone = booking(&[&base[..], std::slice::from_ref(&lapsed)].concat()).decline.unwrap();
    assert_eq!((alone.reason, alone.processed_by_cron), (DeclinedReason::HoldExpired, false));
    assert_eq!(alone.auto_declined_at(), Some(hour(168.0)));

    let swept = auto_declined(169.0, DeclinedReason::HoldExpired);
    let both = booking(&[&base[..], &[lapsed, swept]].concat());
    assert_eq!(both.status, BookingStatus::Declined);
    let decline = both.decline.unwrap();
    assert_eq!((decline.reason, decline.processed_by_cron), (DeclinedReason::HoldExpired, true));
}

#[test]
fn a_decision_recorded_after_the_void_gives_its_reason() {
    let base = [requested(), authorized(0.0, None), released(5.0, ReleaseReason::Abandoned)];
    let after = |what: BookingFact| booking(&[&base[..], &[what]].concat());
    let declined = after(fact(5.1, BookingFactKind::Declined)).decline.unwrap();
    assert_eq!(declined.reason, DeclinedReason::ProfessionalDeclined);
    assert_eq!(declined.auto_declined_at(), None);
    let called_off = after(cancelled(5.1));
    assert_eq!((called_off.status, called_off.decline), (BookingStatus::Cancelled, None));
    let explained = [&base[..], &[fact(5.1, BookingFactKind::Declined), cancelled(5.2)]].concat();
    assert_eq!(status(&explained), BookingStatus::Declined, "only the first decision counts");
    let by_customer = [requested(), authorized(0.0, None), released(5.0, ReleaseReason::RequestedByCustomer)];
    assert_eq!(booking(&by_customer).cancellation, Some((hour(5.0), CancelledBy::Customer)));
}

#[test]
fn a_booking_completed_twice_was_completed_once() {
    let twice = booking(&with(&[fact(50.0, BookingFactKind::Completed)]));
    assert_eq!((twice.status, twice.completed_at), (BookingStatus::Completed, Some(hour(48.0))));
    assert_eq!(status(&with(&[cancelled(49.0)])), BookingStatus::Completed, "too late to call it off");
}

#[test]
fn a_captured_payment_of_a_cancelled_booking_is_reported_until_it_is_refunded() {
    let facts = [requested(), authorized(0.0, None), cancelled(1.0), captured(1.1, 10_000)];
    let held = booking(&facts);
    assert_eq!(held.status, BookingStatus::Cancelled);
    assert!(held.anomalies.contains(&Anomaly::HeldAfterEnd));
    let returned = booking(&[&facts[..], &[refunded(2.0, 10_000)]].concat());
    assert!(returned.anomalies.is_empty());
}

#[test]
fn a_fee_is_taken_of_what_stays_after_refunds() {
    let amounts = |more: &[BookingFact]| {
        let amounts = booking(&with(more)).amounts;
        (amounts.refunded, amounts.fee, amounts.payable)
    };
    assert_eq!(amounts(&[]), (0, 1_500, 8_500));
    assert_eq!(amounts(&[refunded(50.0, 3_333)]), (3_333, 1_000, 5_667));
    assert_eq!(
        amounts(&[refunded(50.0, 3_000), refunded(51.0, 5_000)]),
        (5_000, 750, 4_250),
        "totals so far"
    );
    assert_eq!(
        amounts(&[refunded(50.0, 5_000), refunded(51.0, 2_000)]).0,
        2_000,
        "a refund failed after all"
    );
    assert_eq!(amounts(&[refunded(50.0, 10_000)]), (10_000, 0, 0));
}

#[test]
fn contradictions_are_reported_and_amounts_are_never_negative() {
    let with = |more: BookingFact| booking(&with(&[more]));
    let anomalies = |more: BookingFact| with(more).anomalies.into_iter().collect::<Vec<_>>();
    let above = with(refunded(50.0, 99_999));
    assert_eq!((above.amounts.refunded, above.amounts.payable), (10_000, 0));
    assert!(above.anomalies.contains(&Anomaly::RefundedAboveCaptured));
    let pesos = Money { currency: Currency::parse("cop").unwrap(), ..usd(5) };
    assert_eq!(
        anomalies(fact(50.0, BookingFactKind::Refunded { money: pesos, payment_intent: None })),
        [Anomaly::CurrencyMismatch]
    );
    for absurd in [-1, MAX_PRICE + 1, i64::MAX, i64::MIN] {
        assert_eq!(anomalies(refunded(50.0, absurd)), [Anomaly::AmountOutOfRange]);
    }
    assert_eq!(anomalies(captured(50.0, 10_001)), [Anomaly::CapturedAbovePrice]);
    assert_eq!(anomalies(reversed(50.0, "a", 1)), [Anomaly::ReversedAboveTransferred]);
    assert_eq!(
        anomalies(disputed(50.0, DisputeStatus::NeedsResponse, 10_001)),
        [Anomaly::DisputedAboveRemaining]
    );
}

#[test]
fn a_second_payout_is_counted_and_reported() {
    let twice = booking(&with(&[paid_out(80.0, "a", 8_500, 0), paid_out(81.0, "b", 8_500, 0)]));
    assert_eq!(twice.amounts.transferred, 17_000);
    assert!(twice.anomalies.contains(&Anomaly::SecondPayout));
    let seen_twice = booking(&with(&[paid_out(80.0, "a", 8_500, 0), paid_out(81.0, "a", 8_500, 0)]));
    assert_eq!(seen_twice.amounts.transferred, 8_500, "one transfer, reported by two sources");
    assert!(seen_twice.anomalies.is_empty());
}

#[test]
fn a_dispute_covers_the_state_until_it_is_won() {
    let open = disputed(50.0, DisputeStatus::NeedsResponse, 10_000);
    let at_bank = booking(&with(std::slice::from_ref(&open)));
    assert_eq!((at_bank.status, at_bank.stage), (BookingStatus::Disputed, BookingStatus::Completed));
    assert_eq!((at_bank.amounts.contested, at_bank.amounts.payable), (10_000, 8_500));
    let won = booking(&with(&[open.clone(), disputed(50.0, DisputeStatus::Won, 10_000)]));
    assert_eq!((won.status, won.dispute_open), (BookingStatus::Completed, false), "in the same second");
    let lost = booking(&with(&[open, disputed(60.0, DisputeStatus::Lost, 10_000)]));
    assert_eq!((lost.status, lost.dispute_open), (BookingStatus::Disputed, false));
    assert_eq!((lost.amounts.lost, lost.amounts.payable), (10_000, 0));
}

#[test]
fn people_are_refused_with_a_word() {
    use super::BookingCommand::{Accept, Complete, Decline};
    let cancel = BookingCommand::Cancel { by: CancelledBy::Customer };
    let facts = with(&[paid_out(80.0, "a", 8_500, 0)]);
    let answers = |booking: Booking| {
        [Accept, Decline, Complete, cancel].map(|command| {
            match booking.apply_command(command, "ask:1", hour(200.0)) {
                Ok(_) => "yes",
                Err(refusal) => refusal.code(),
            }
        })
    };
    assert_eq!(answers(booking(&facts[..1])), ["not_authorized", "yes", "not_accepted", "yes"]);
    assert_eq!(answers(booking(&facts[..2])), ["yes", "yes", "not_accepted", "yes"]);
    assert_eq!(answers(booking(&facts[..4])), ["already_accepted", "already_accepted", "yes", "yes"]);
    assert_eq!(answers(booking(&facts[..5])), ["already_completed"; 4]);
    assert_eq!(answers(booking(&facts)), ["already_paid_out"; 4]);
    let off = [requested(), authorized(0.0, None), fact(1.0, BookingFactKind::Declined)];
    assert_eq!(answers(booking(&off)), ["already_declined"; 4]);
    assert_eq!(answers(booking(&[requested(), cancelled(1.0)])), ["already_cancelled"; 4]);
}

#[test]
fn an_answer_of_a_slow_clock_is_not_older_than_its_question() {
    let mut history = history(&[requested(), authorized(2.0, None)]);
    let accept =
        history.booking().unwrap().apply_command(BookingCommand::Accept, "accept:1", hour(1.0)).unwrap();
    assert_eq!(accept.at, hour(2.0));
    history.add(accept);
    assert_eq!(history.booking().unwrap().stage, BookingStatus::Accepted);
}

#[test]
fn a_silent_professional_is_waited_for_until_the_first_of_three_ends() {
    let due = |capture_before, start, policy: &Policy| {
        let what = BookingFactKind::Requested(Terms { scheduled_start: hour(start), ..terms() });
        let facts = [fact(0.0, what), authorized(1.0, capture_before)];
        match booking(&facts).next_due(policy) {
            Some(Due::Decline { at, reason }) => (at, reason),
            other => panic!("{other:?}"),
        }
    };
    let (policy, day) =
        (Policy::default(), Policy { answer_window: Duration::days(300), ..Policy::default() });
    let silent = DeclinedReason::ProfessionalNoResponse;
    assert_eq!(due(Some(168.0), 120.0, &policy), (hour(25.0), silent));
    assert_eq!(due(Some(20.0), 120.0, &policy), (hour(19.0), DeclinedReason::HoldExpired));
    assert_eq!(due(Some(20.0), 3.0, &policy), (hour(3.0), silent));
    assert_eq!(due(None, 120.0, &policy), (hour(25.0), silent));
    assert_eq!(due(Some(168.0), 500.0, &day), (hour(167.0), DeclinedReason::HoldExpired));
}

#[test]
fn a_longer_hold_moves_the_end_and_not_the_beginning() {
    let policy = Policy { answer_window: Duration::days(30), ..Policy::default() };
    let what = BookingFactKind::Requested(Terms { scheduled_start: hour(5_000.0), ..terms() });
    let facts = [fact(0.0, what), authorized(1.0, Some(100.0)), authorized(2.0, Some(200.0))];
    let booking = booking(&facts);
    assert_eq!(booking.decline_due_at(&policy), Some(hour(199.0)));
    assert_eq!(booking.authorization.unwrap().at, hour(1.0));
}

#[test]
fn a_booking_is_due_for_one_thing_at_a_time() {
    let policy = Policy::default();
    let due = |facts: &[BookingFact]| booking(facts).next_due(&policy);
    assert_eq!(due(&[requested()]), Some(Due::Expire { at: hour(24.0) }), "nobody paid");
    assert_eq!(due(&done()[..4]), None);
    assert_eq!(due(&done()), Some(Due::Payout { at: hour(72.0) }));
    let disputed = with(&[disputed(50.0, DisputeStatus::NeedsResponse, 10_000)]);
    assert_eq!(due(&disputed), Some(Due::Payout { at: hour(72.0) }), "every batch lists why it waits");
    assert_eq!(due(&with(&[refunded(50.0, 10_000)])), None);
    assert_eq!(due(&with(&[paid_out(80.0, "a", 8_500, 0)])), None);

    let declined = [requested(), authorized(0.0, None), fact(2.0, BookingFactKind::Declined)];
    assert_eq!(due(&declined), Some(Due::Release { at: hour(2.0) }));
    assert_eq!(due(&[&declined[..], &[released(3.0, ReleaseReason::Abandoned)]].concat()), None);
    let late_hold = [requested(), cancelled(1.0), authorized(2.0, None)];
    assert_eq!(due(&late_hold), Some(Due::Release { at: hour(1.0) }), "paid after it was cancelled");
    assert_eq!(due(&[requested(), cancelled(1.0)]), None);
}

#[test]
fn extreme_times_do_not_fail() {
    let end = DateTime::<Utc>::MAX_UTC;
    let mut last = authorized(0.0, None);
    last.at = end;
    let policy = Policy::default();
    let what = BookingFactKind::Requested(Terms { scheduled_start: end, ..terms() });
    assert_eq!(booking(&[fact(0.0, what), last]).decline_due_at(&policy), Some(end));
}

#[test]
fn a_history_reads_as_it_is_written() {
    let facts = with(&[disputed(50.0, DisputeStatus::Won, 5), paid_out(80.0, "a", 8_500, 0)]);
    let text = serde_json::to_string(&history(&facts)).unwrap();
    assert_eq!(serde_json::from_str::<History>(&text).unwrap(), history(&facts));
    let item: std::collections::HashMap<String, BookingFact> =
        serde_json::from_value(serde_json::json!({ "fact": facts[3] })).unwrap();
    assert_eq!(item["fact"], facts[3]);
}
