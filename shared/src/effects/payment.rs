//! One attempt on a claimed effect of a booking, and the result that follows from the provider's answer.
//!
//! | effect | what prevents a duplicate once the key is forgotten | in doubt |
//! | --- | --- | --- |
//! | authorization | not needed: a payment that no row refers to is never confirmed | send again, then reject |
//! | capture, void, refund | Stripe: a payment is captured, cancelled or refunded once | read the payment, then send again |
//! | transfer | only our own code | send again for 23 hours, then only look up; looked up before the first call if Stripe may have forgotten an earlier one |
//! | mail | Resend for 24 hours, then nothing | send again for 23 hours, then `unknown` |
//!
//! A refusal is final as well; [`crate::domain::platform::refusal`] defines its consequences.

pub(super) mod intent;
pub(super) mod transfer;

use chrono::{DateTime, Duration, Utc};

use super::attempt::{RESEND_HORIZON_HOURS, result_of_call, unconfigured};
use super::{AttemptResult, EffectClients};
use crate::domain::kernel::party::{BookingId, PaymentIntentId};
use crate::domain::marketplace::booking::BookingFactKind;
use crate::domain::marketplace::booking_record::BookingRecord;
use crate::domain::platform::effect::{Effect, EffectStatus, Request};
use crate::providers::call::CallError;

/// The provider's reference, and the facts that the booking learns from a call.
struct Answer {
    reference: String,
    facts: Vec<BookingFactKind>,
    opened: Option<PaymentIntentId>,
}

impl Answer {
    fn plain(reference: impl Into<String>) -> Self {
        Self { reference: reference.into(), facts: Vec::new(), opened: None }
    }

    fn result(self) -> AttemptResult {
        let Self { reference, facts, opened } = self;
        AttemptResult { facts, opened, ..AttemptResult::ends(EffectStatus::Done, reference) }
    }
}

/// Performs one attempt. `doubt` means that an earlier call may have succeeded.
pub(super) async fn attempt(
    effect: &Effect,
    booking_id: BookingId,
    doubt: bool,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> AttemptResult {
    match &effect.request {
        Request::Hold { .. } | Request::BookingMail { .. } => {
            send_repeatable(effect, booking_id, doubt, effect_clients, now).await
        }
        Request::Capture { payment_intent }
        | Request::Release { payment_intent, .. }
        | Request::Refund { payment_intent } => {
            intent::attempt(effect, payment_intent, doubt, effect_clients, now).await
        }
        Request::Transfer(request) => transfer::attempt(effect, request, doubt, effect_clients, now).await,
        _ => AttemptResult::ends(EffectStatus::Rejected, "not_of_a_booking"),
    }
}

/// Sends an effect whose repetition only its idempotency key makes safe, while the provider remembers that key.
async fn send_repeatable(
    effect: &Effect,
    booking_id: BookingId,
    doubt: bool,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> AttemptResult {
    let is_mail = matches!(effect.request, Request::BookingMail { .. });
    if doubt && is_forgotten(effect, now) {
        let status = if is_mail { EffectStatus::Unknown } else { EffectStatus::Rejected };
        return AttemptResult::ends(status, "key_expired");
    }
    let called = if is_mail {
        send_mail(effect, booking_id, effect_clients).await
    } else {
        open_payment(effect, effect_clients).await
    };
    match called {
        Ok(answer) => answer.result(),
        // A payment that no row refers to is never confirmed.
        Err(CallError::LookUp { reason }) if !is_mail => AttemptResult::ends(EffectStatus::Rejected, reason),
        // A refusal of the repetition does not say whether the earlier mail was sent.
        Err(error @ (CallError::Rejected { .. } | CallError::Absent | CallError::WrongState { .. }))
            if is_mail && doubt =>
        {
            AttemptResult::ends(EffectStatus::Unknown, error.reason())
        }
        Err(error) => result_of_call(effect, Err(error), doubt, now),
    }
}

/// Whether the provider may have forgotten the key.
fn is_forgotten(effect: &Effect, now: DateTime<Utc>) -> bool {
    effect.first_sent_at.is_some_and(|at| now - at > Duration::hours(RESEND_HORIZON_HOURS))
}

async fn open_payment(effect: &Effect, effect_clients: EffectClients<'_>) -> Result<Answer, CallError> {
    let stripe = effect_clients.stripe.ok_or_else(|| unconfigured("stripe"))?;
    let Request::Hold { company_id, booking_id, money } = &effect.request else {
        return Ok(Answer::plain("nothing_to_send"));
    };
    let new = intent::new_payment_intent(company_id, *booking_id, money);
    let opened = stripe.create_payment_intent(&effect.downstream_key, &new).await?;
    let id = PaymentIntentId::parse(&opened.id).map_err(|_| unreadable())?;
    Ok(Answer { opened: Some(id), ..Answer::plain(opened.id) })
}

async fn send_mail(
    effect: &Effect,
    booking_id: BookingId,
    effect_clients: EffectClients<'_>,
) -> Result<Answer, CallError> {
    let Request::BookingMail { sealed_to, language, mail } = &effect.request else {
        return Ok(Answer::plain("nothing_to_send"));
    };
    let resend = effect_clients.resend.ok_or_else(|| unconfigured("resend"))?;
    let to = effect_clients.vault.open(&BookingRecord::seal_context(booking_id), sealed_to).ok();
    let to = to.and_then(|to| String::from_utf8(to).ok());
    let to = to.ok_or(CallError::Rejected { reason: "recipient_unreadable".to_owned() })?;
    let sent = resend.send(&effect.downstream_key, &to, &mail.write(*language)).await?;
    Ok(Answer::plain(sent))
}

/// A successful response whose content cannot be used: the call acted, and its result is unknown.
fn unreadable() -> CallError {
    CallError::InDoubt { reason: "unreadable_answer".to_owned() }
}
