//! Mails about refusals: each recipient gets one mail, and only for a reason.

use shared::domain::marketplace::booking::{
    Booking, BookingFactKind, BookingStatus, CancelledBy, RefusalDecision, Step,
};
use shared::domain::platform::effect::EffectStatus;

use crate::harness::booked::Booked;
use crate::harness::invariant::{Invariant, Moment, must};

/// A booking's mails follow from its history, checked independently of the code that creates them.
pub struct RefusalsAreMailed;

impl Invariant for RefusalsAreMailed {
    fn at_rest(&self, moment: &Moment<'_>) -> Result<(), String> {
        let left = moment.world.count_sent();
        for booked in moment.after.bookings() {
            let Some(booking) = &booked.booking else { continue };
            let context = |problem| format!("{problem}: {}", booked.projected);
            of_capture(&booked, booking).map_err(context)?;
            of_cancellation(&booked, booking).map_err(context)?;
            for mail in Step::ALL.into_iter().filter(|step| step.recipient().is_some()) {
                has_reason(&booked, mail).map_err(context)?;
                let prefix = format!("{}:{}:", mail.as_str(), booked.row.booking_id);
                let times: usize =
                    left.iter().filter(|(key, _)| key.starts_with(&prefix)).map(|(_, times)| times).sum();
                must(times <= 1, || context(format!("{mail:?} left {times} times")))?;
            }
        }
        Ok(())
    }
}

/// Both parties get a mail that the capture failed, and one if it succeeded after all.
fn of_capture(booked: &Booked<'_>, booking: &Booking) -> Result<(), String> {
    if !was_refused(booked, Step::Capture) {
        return Ok(());
    }
    if booking.stage == BookingStatus::Declined {
        is_begun(booked, Step::DeclineMail)?;
        is_begun(booked, Step::ProfessionalDeclinedMail)?;
    }
    if booking.amounts.captured == 0 || booking.stage.is_off() {
        return Ok(());
    }
    let corrections = [
        (Step::DeclineMail, Step::AcceptedMail),
        (Step::ProfessionalDeclinedMail, Step::ProfessionalAcceptedMail),
    ];
    for (mail, correction) in
        corrections.iter().filter(|(mail, _)| booked.row.started_steps.contains_key(mail))
    {
        is_begun(booked, *correction).map_err(|problem| format!("{problem} although {mail:?} has"))?;
    }
    Ok(())
}

/// A customer whose booking another party cancelled gets a mail about the payment.
fn of_cancellation(booked: &Booked<'_>, booking: &Booking) -> Result<(), String> {
    let by = booking.cancellation.map(|(_, by)| by);
    if booking.stage != BookingStatus::Cancelled || by == Some(CancelledBy::Customer) {
        return Ok(());
    }
    let amounts = &booking.amounts;
    let is_held = booking.authorization.is_some() && booking.released_at.is_none() && amounts.captured == 0;
    if was_refused(booked, Step::Release) && is_held {
        is_begun(booked, Step::ReleaseRefusedMail)?;
    }
    if was_refused(booked, Step::Refund) && amounts.captured > 0 {
        let decision = booking.refusals.get(&Step::Refund).and_then(|refusal| refusal.decision);
        let is_closed = decision == Some(RefusalDecision::Close);
        if amounts.refunded == amounts.captured {
            is_begun(booked, Step::RefundedMail)?;
        } else if !booking.dispute_open && !is_closed {
            is_begun(booked, Step::RefundRefusedMail)?;
        }
    }
    Ok(())
}

/// A mail about a refusal, sent or in doubt, concerns a real refusal.
fn has_reason(booked: &Booked<'_>, mail: Step) -> Result<(), String> {
    let reason = match mail {
        Step::AcceptedMail | Step::ProfessionalAcceptedMail => Step::Capture,
        Step::ReleaseRefusedMail => Step::Release,
        Step::RefundRefusedMail | Step::RefundedMail => Step::Refund,
        _ => return Ok(()),
    };
    let has_left = |status: EffectStatus| status != EffectStatus::Rejected;
    let prefix = format!("{}:", mail.as_str());
    let sent = booked
        .effects
        .iter()
        .any(|effect| effect.action.operation.starts_with(&prefix) && has_left(effect.status));
    must(!sent || was_refused(booked, reason), || format!("{mail:?}, and {reason:?} was never refused"))?;
    let corrected = mail.corrects().is_none_or(|corrected| booked.row.started_steps.contains_key(&corrected));
    must(!sent || corrected, || format!("{mail:?} corrects a mail that was never sent"))
}

fn was_refused(booked: &Booked<'_>, refused: Step) -> bool {
    let is_of = |what: &BookingFactKind| matches!(what, BookingFactKind::StepRefused { step, .. } if *step == refused);
    booked.row.history.facts().any(|fact| is_of(&fact.what))
}

fn is_begun(booked: &Booked<'_>, mail: Step) -> Result<(), String> {
    let recipient = mail.recipient().and_then(|recipient| booked.row.contact_of(recipient));
    let prefix = format!("{}:", mail.as_str());
    let is_begun = booked.effects.iter().any(|effect| effect.action.operation.starts_with(&prefix));
    must(is_begun || recipient.is_none(), || format!("{mail:?} has not begun"))
}
