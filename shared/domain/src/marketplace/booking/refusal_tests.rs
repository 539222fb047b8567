use super::super::sample::{authorized, booking, captured, fact, refunded, requested};
use super::super::{Anomaly, Booking, BookingCommand, BookingStatus, CancelledBy, Refusal, ReleaseReason};
use super::*;

fn refused(hours: f64, step: Step, version: u32, reason: &str) -> BookingFact {
    fact(hours, BookingFactKind::StepRefused { step, version, reason: reason.to_owned() })
}

fn decided(hours: f64, step: Step, version: u32, decision: RefusalDecision) -> BookingFact {
    fact(hours, BookingFactKind::RefusalResolved { step, version, decision })
}

fn released(hours: f64) -> BookingFact {
    fact(hours, BookingFactKind::Released { reason: ReleaseReason::Automatic, payment_intent: None })
}

fn accepted() -> Vec<BookingFact> {
    vec![requested(), authorized(0.1, None), fact(1.0, BookingFactKind::Accepted)]
}

fn with(more: &[BookingFact]) -> Booking {
    booking(&[&accepted()[..], more].concat())
}

fn wanted(booking: &Booking) -> Vec<Step> {
    Step::ALL.into_iter().filter(|step| booking.wants(*step, None)).collect()
}

fn capture_refused() -> BookingFact {
    refused(1.1, Step::Capture, 1, "charge_expired_for_capture")
}

#[test]
fn accepting_is_only_accepted_once_the_money_is_taken() {
    let waits = with(&[]);
    assert_eq!((waits.status, waits.payment_status()), (BookingStatus::Authorized, "capture_pending"));
    assert_eq!(waits.apply_command(BookingCommand::Complete, "x", waits.stage_at), Err(Refusal::NotCaptured));
    let taken = with(&[captured(1.2, 10_000)]);
    assert_eq!((taken.status, taken.payment_status()), (BookingStatus::Accepted, "captured"));
    assert!(taken.apply_command(BookingCommand::Complete, "x", taken.stage_at).is_ok());
}

#[test]
fn a_refused_capture_declines_the_booking_and_waits_for_a_decision() {
    let failed = with(&[capture_refused()]);
    let decline = failed.decline.unwrap();
    assert_eq!((failed.status, decline.reason), (BookingStatus::Declined, DeclinedReason::PaymentFailed));
    assert_eq!(failed.payment_status(), "capture_refused");
    assert_eq!(failed.unresolved_refusal(Step::Capture).unwrap().reason, "charge_expired_for_capture");
    let mails = [Step::DeclineMail, Step::ProfessionalDeclinedMail];
    assert_eq!(wanted(&failed), mails, "the hold stays until a person decides");
    for command in [BookingCommand::Complete, BookingCommand::Decline] {
        assert_eq!(failed.apply_command(command, "x", failed.stage_at), Err(Refusal::AlreadyDeclined));
    }
    let old = with(&[fact(2.0, BookingFactKind::Completed), refused(3.0, Step::Capture, 1, "card_declined")]);
    assert_eq!((old.status, old.completed_at), (BookingStatus::Declined, None), "there was no payout for it");
}

#[test]
fn a_refused_capture_is_retried_or_voided_and_resolved_once_the_payment_has_ended() {
    let again = with(&[capture_refused(), decided(2.0, Step::Capture, 1, RefusalDecision::Retry)]);
    assert_eq!((again.status, wanted(&again)), (BookingStatus::Authorized, vec![Step::Capture]));
    let closed = with(&[capture_refused(), decided(2.0, Step::Capture, 1, RefusalDecision::Close)]);
    assert_eq!((closed.status, closed.payment_status()), (BookingStatus::Declined, "release_pending"));
    assert_eq!(wanted(&closed), [Step::Release, Step::DeclineMail, Step::ProfessionalDeclinedMail]);
    let captured = with(&[capture_refused(), captured(2.0, 10_000)]);
    let corrections = vec![Step::AcceptedMail, Step::ProfessionalAcceptedMail];
    assert_eq!((captured.status, wanted(&captured)), (BookingStatus::Accepted, corrections));
    let lapsed = with(&[capture_refused(), released(3.0)]);
    assert_eq!((lapsed.status, lapsed.payment_status()), (BookingStatus::Declined, "released"));
    let (reason, payment_intent) = (ReleaseReason::Other, None);
    let same_second =
        with(&[fact(1.05, BookingFactKind::Released { reason, payment_intent }), capture_refused()]);
    assert_eq!((same_second.status, same_second.payment_status()), (BookingStatus::Declined, "released"));
    for resolved in [again, closed, captured, lapsed, same_second] {
        assert_eq!(resolved.unresolved_refusals().count(), 0, "{resolved:?}");
    }
}

#[test]
fn repeating_the_command_decides_about_its_refused_step() {
    let failed = with(&[capture_refused()]);
    let answer = |command| failed.apply_command(command, "x", failed.stage_at).unwrap().what;
    let of = |decision| BookingFactKind::RefusalResolved { step: Step::Capture, version: 1, decision };
    assert_eq!(answer(BookingCommand::Accept), of(RefusalDecision::Retry));
    assert_eq!(answer(BookingCommand::Cancel { by: CancelledBy::Customer }), of(RefusalDecision::Close));
    let cancelled = fact(2.0, BookingFactKind::Cancelled { by: CancelledBy::Owner });
    let kept = with(&[captured(1.2, 10_000), cancelled, refused(2.1, Step::Refund, 1, "insufficient_funds")]);
    let again = kept
        .apply_command(BookingCommand::Cancel { by: CancelledBy::Owner }, "x", kept.stage_at)
        .unwrap()
        .what;
    let (step, decision) = (Step::Refund, RefusalDecision::Retry);
    assert_eq!(again, BookingFactKind::RefusalResolved { step, version: 1, decision });
}

#[test]
fn a_refused_refund_or_void_shows_that_the_money_is_not_returned() {
    let cancelled = || fact(2.0, BookingFactKind::Cancelled { by: CancelledBy::Owner });
    let facts = [captured(1.2, 10_000), cancelled(), refused(2.1, Step::Refund, 1, "insufficient_funds")];
    let kept = with(&facts);
    assert_eq!((kept.status, kept.payment_status()), (BookingStatus::Cancelled, "refund_refused"));
    assert_eq!(kept.waiting_amount(Step::Refund), Some(10_000));
    assert!(kept.anomalies.contains(&Anomaly::HeldAfterEnd));
    let closed = decided(3.0, Step::Refund, 1, RefusalDecision::Close);
    let closed = with(&[&facts[..], &[closed]].concat());
    assert_eq!((closed.payment_status(), closed.unresolved_refusals().count()), ("refund_refused", 0));
    let back = with(&[&facts[..], &[refunded(5.0, 10_000)]].concat());
    assert_eq!((back.payment_status(), back.unresolved_refusals().count()), ("refunded", 0));

    let base = [requested(), authorized(0.1, None), fact(2.0, BookingFactKind::Declined)];
    let refusal = refused(2.1, Step::Release, 1, "resource_missing");
    let held = booking(&[&base[..], &[refusal]].concat());
    assert_eq!((held.status, held.payment_status()), (BookingStatus::Declined, "release_refused"));
    assert!(held.anomalies.contains(&Anomaly::HeldAfterEnd));
    assert!(held.wants(Step::DeclineMail, None), "the customer is notified all the same");
}

#[test]
fn a_payment_that_stripe_does_not_open_ends_the_booking() {
    let early = booking(&[requested(), refused(0.01, Step::Hold, 1, "amount_too_small:amount")]);
    assert_eq!((early.status, early.payment_status()), (BookingStatus::Declined, "refused"));
    assert_eq!(
        (wanted(&early), early.unresolved_refusals().count()),
        (vec![], 0),
        "the caller gets the answer"
    );
    let late = booking(&[requested(), refused(3.0, Step::Hold, 1, "account_invalid")]);
    assert_eq!((wanted(&late), late.unresolved_refusals().count()), (vec![Step::DeclineMail], 1));
}

#[test]
fn a_refusal_of_an_older_version_does_not_affect_the_newer_one() {
    let retried = [capture_refused(), decided(2.0, Step::Capture, 1, RefusalDecision::Retry)];
    let second = refused(2.1, Step::Capture, 2, "card_declined");
    let twice = with(&[&retried[..], std::slice::from_ref(&second)].concat());
    assert_eq!(
        (twice.status, twice.unresolved_refusal(Step::Capture).unwrap().version),
        (BookingStatus::Declined, 2)
    );
    let reordered = with(&[second, retried[1].clone(), retried[0].clone()]);
    assert_eq!(twice, reordered);
}
