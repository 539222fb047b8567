//! One attempt on a claimed effect: the call, and the result that follows from the provider's answer.

use chrono::{DateTime, Duration, Utc};

use super::{AttemptResult, EffectClients, back_off};
use crate::domain::kernel::id::CaseId;
use crate::domain::platform::effect::{Effect, EffectStatus, Request};
use crate::providers::call::CallError;

/// Providers forget an idempotency key after 24 hours (Resend documents it, Whop documents nothing longer).
/// From an hour before that, an effect in doubt is looked up instead of sent again.
pub(super) const RESEND_HORIZON_HOURS: i64 = 23;

/// After this many tries, over about two days, an effect that could never be sent is rejected.
const MAX_TRIES: u32 = 54;

/// After an outage no effect waits longer than this, and an effect in doubt is sent again well before the
/// provider forgets its key.
const LONGEST_PAUSE_MINUTES: i64 = 60;

/// Days are granted whole, so a tolerance of half a day separates two dates, however a provider rounds.
const DATE_TOLERANCE_HOURS: i64 = 12;

/// Sends an effect that has never been sent.
pub(super) async fn send_first(
    effect: &Effect,
    case_id: CaseId,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> AttemptResult {
    result_of_call(effect, send(effect, case_id, effect_clients).await, false, now)
}

/// Sends an effect again whose earlier call may have succeeded.
pub(super) async fn send_again(
    effect: &Effect,
    case_id: CaseId,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> AttemptResult {
    let forgotten = effect.first_sent_at.is_some_and(|at| now - at > Duration::hours(RESEND_HORIZON_HOURS));
    // Whop may refuse to cancel an ended membership, and the effect would then be recorded as refused although
    // it happened: always look it up first.
    let is_ending = matches!(effect.request, Request::Cancel { .. });
    if forgotten || is_ending {
        match look_up(effect, effect_clients).await {
            // Repeating a cancellation is harmless, so only that is sent again under an old key.
            Ok(LookUpResult::NotHappened) if is_ending => {}
            // The days were not granted, and the provider has forgotten the old key.
            Ok(LookUpResult::NotHappened) => return AttemptResult::starts_over(effect, "key_expired", now),
            Ok(trace) => return trace.result("key_expired"),
            Err(error) => return result_of_call(effect, Err(error), true, now),
        }
    }
    let result = result_of_call(effect, send(effect, case_id, effect_clients).await, true, now);
    if result.status != EffectStatus::Rejected {
        return result;
    }
    // A refusal of the repetition does not say whether the earlier call succeeded.
    match look_up(effect, effect_clients).await {
        Ok(trace) => trace.result(&result.reason),
        Err(error) => result_of_call(effect, Err(error), true, now),
    }
}

/// Whether a look-up shows that the effect happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LookUpResult {
    Happened,
    NotHappened,
    Unclear,
}

impl LookUpResult {
    /// The result if the effect is not sent again; `refused` is the reason recorded where it did not happen.
    fn result(self, refused: &str) -> AttemptResult {
        match self {
            Self::Happened => AttemptResult::ends(EffectStatus::Done, "found"),
            Self::NotHappened => AttemptResult::ends(EffectStatus::Rejected, refused),
            Self::Unclear => AttemptResult::ends(EffectStatus::Unknown, refused),
        }
    }
}

/// Calls the provider once, with the frozen request and the stored key.
async fn send(
    effect: &Effect,
    case_id: CaseId,
    effect_clients: EffectClients<'_>,
) -> Result<String, CallError> {
    let key = &effect.downstream_key;
    if let Request::Mail { sealed_to, template } = &effect.request {
        let resend = effect_clients.resend.ok_or_else(|| unconfigured("resend"))?;
        let context = format!("mail:{case_id}");
        let to =
            effect_clients.vault.open(&context, sealed_to).ok().and_then(|to| String::from_utf8(to).ok());
        let to = to.ok_or(CallError::Rejected { reason: "recipient_unreadable".to_owned() })?;
        return resend.send(key, &to, &template.write()).await;
    }
    let whop = effect_clients.whop.ok_or_else(|| unconfigured("whop"))?;
    match &effect.request {
        Request::Push { experience_id, user_id, template } => {
            whop.push(key, experience_id, user_id, &template.write()).await
        }
        Request::Dm { user_id, template } => whop.dm(key, user_id, &template.write()).await,
        Request::Extend { membership_id, days, .. } => whop.extend(key, membership_id, *days).await,
        Request::Cancel { membership_id, at_period_end } => {
            whop.cancel(key, membership_id, *at_period_end).await
        }
        _ => Ok("nothing_to_send".to_owned()),
    }
}

/// Reads from the provider whether the effect happened. Fails only if a later look-up may succeed.
async fn look_up(effect: &Effect, effect_clients: EffectClients<'_>) -> Result<LookUpResult, CallError> {
    let (Request::Extend { membership_id, .. } | Request::Cancel { membership_id, .. }) = &effect.request
    else {
        return Ok(LookUpResult::Unclear);
    };
    let whop = effect_clients.whop.ok_or_else(|| unconfigured("whop"))?;
    let membership = match whop.membership(membership_id).await {
        Ok(answer) => answer.membership,
        Err(CallError::Absent | CallError::Rejected { .. }) => return Ok(LookUpResult::Unclear),
        Err(error) => return Err(error),
    };
    Ok(match &effect.request {
        Request::Extend { days, renewal_period_end_before: Some(before), .. } => {
            let Some(ends) = membership.period_ends_at else { return Ok(LookUpResult::Unclear) };
            let near = |date: DateTime<Utc>| (ends - date).abs() < Duration::hours(DATE_TOLERANCE_HOURS);
            // Any other date means that something else, such as a payment, moved it too.
            if near(*before + Duration::days(i64::from(*days))) {
                LookUpResult::Happened
            } else if near(*before) {
                LookUpResult::NotHappened
            } else {
                LookUpResult::Unclear
            }
        }
        Request::Cancel { at_period_end, .. } => {
            let reached = membership.is_ended() || (*at_period_end && membership.is_cancel_scheduled());
            if reached { LookUpResult::Happened } else { LookUpResult::NotHappened }
        }
        _ => LookUpResult::Unclear,
    })
}

/// Maps the result of a call to the status, the reason, and the time of the next try. `doubt` means that an
/// earlier call may have succeeded, so that the effect may have happened even if this call was not sent.
pub(super) fn result_of_call(
    effect: &Effect,
    result: Result<String, CallError>,
    doubt: bool,
    now: DateTime<Utc>,
) -> AttemptResult {
    let later = |status: EffectStatus, reason: String, wait: Option<std::time::Duration>| {
        let asked = wait.and_then(|wait| Duration::from_std(wait).ok()).unwrap_or_else(Duration::zero);
        let pause = back_off(effect.tries).min(Duration::minutes(LONGEST_PAUSE_MINUTES));
        AttemptResult::waits(status, reason, now + asked.max(pause))
    };
    let over = effect.tries >= MAX_TRIES;
    match result {
        Ok(reference) => AttemptResult::ends(EffectStatus::Done, reference),
        Err(CallError::Rejected { reason }) => AttemptResult::ends(EffectStatus::Rejected, reason),
        Err(error @ (CallError::Absent | CallError::WrongState { .. })) => {
            AttemptResult::ends(EffectStatus::Rejected, error.reason())
        }
        Err(CallError::NotSent { reason, .. }) if over => {
            let status = if doubt { EffectStatus::Unknown } else { EffectStatus::Rejected };
            AttemptResult::ends(status, format!("gave_up:{reason}"))
        }
        Err(CallError::NotSent { reason, retry_after }) => {
            let status = if doubt { EffectStatus::Sending } else { EffectStatus::Prepared };
            later(status, reason, retry_after)
        }
        Err(CallError::InDoubt { reason }) if effect.request.is_repeatable() && !over => {
            later(EffectStatus::Sending, reason, None)
        }
        Err(CallError::InDoubt { reason } | CallError::LookUp { reason }) => {
            AttemptResult::ends(EffectStatus::Unknown, reason)
        }
    }
}

pub(super) fn unconfigured(name: &str) -> CallError {
    CallError::NotSent { reason: format!("{name}_not_configured"), retry_after: None }
}
