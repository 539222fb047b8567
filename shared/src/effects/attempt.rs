//! One attempt on a claimed effect: the call, and what follows from its end.

use chrono::{DateTime, Duration, Utc};

use super::{AttemptResult, EffectClients, back_off};
use crate::domain::kernel::id::CaseId;
use crate::domain::platform::effect::{Effect, EffectStatus, Request};
use crate::providers::call::CallError;

/// Providers forget a key after 24 hours (Resend documents it, Whop documents nothing longer): an
/// hour before that, resending ends and looking up begins.
pub(super) const RESEND_HORIZON_HOURS: i64 = 23;

/// After this many tries over about two days an effect that could never be sent is given up.
const MAX_TRIES: u32 = 54;

/// Once a provider is back after an outage, nothing waits longer than this; and what is in doubt is
/// sent again well before its key is forgotten.
const LONGEST_PAUSE_MINUTES: i64 = 60;

/// Days are granted whole, so half a day tells one date from another, however a provider rounds.
const DATE_TOLERANCE_HOURS: i64 = 12;

/// The attempt on an effect of which nothing has left yet.
pub(super) async fn first(
    effect: &Effect,
    case_id: CaseId,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> AttemptResult {
    judge(effect, send(effect, case_id, effect_clients).await, false, now)
}

/// The attempt on an effect of which nobody knows whether it has happened.
pub(super) async fn repeat(
    effect: &Effect,
    case_id: CaseId,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> AttemptResult {
    let forgotten = effect.first_sent_at.is_some_and(|at| now - at > Duration::hours(RESEND_HORIZON_HOURS));
    // To end what has ended may be refused, and would then look as if it never had: always look first.
    let is_ending = matches!(effect.request, Request::Cancel { .. });
    if forgotten || is_ending {
        match look_up(effect, effect_clients).await {
            // Ending what has ended changes nothing, so only that is asked for again under an old key.
            Ok(Trace::Missing) if is_ending => {}
            // Days that are not there were not granted, and the old key protects nothing any more.
            Ok(Trace::Missing) => return AttemptResult::starts_over(effect, "key_expired", now),
            Ok(trace) => return trace.result("key_expired"),
            Err(error) => return judge(effect, Err(error), true, now),
        }
    }
    let result = judge(effect, send(effect, case_id, effect_clients).await, true, now);
    if result.status != EffectStatus::Rejected {
        return result;
    }
    // A refusal of the repetition says nothing about the call before it.
    match look_up(effect, effect_clients).await {
        Ok(trace) => trace.result(&result.reason),
        Err(error) => judge(effect, Err(error), true, now),
    }
}

/// What can be read of whether it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trace {
    There,
    Missing,
    Unclear,
}

impl Trace {
    /// What follows where the provider will not be asked again; `refused` says why.
    fn result(self, refused: &str) -> AttemptResult {
        match self {
            Self::There => AttemptResult::ends(EffectStatus::Done, "found"),
            Self::Missing => AttemptResult::ends(EffectStatus::Rejected, refused),
            Self::Unclear => AttemptResult::ends(EffectStatus::Unknown, refused),
        }
    }
}

/// One call, with the frozen request and the stored key.
async fn send(
    effect: &Effect,
    case_id: CaseId,
    effect_clients: EffectClients<'_>,
) -> Result<String, CallError> {
    let key = &effect.downstream_key;
    if let Request::Mail { sealed_to, template } = &effect.request {
        let resend = effect_clients.resend.ok_or_else(|| unconfigured("resend"))?;
        let place = format!("mail:{case_id}");
        let to = effect_clients.vault.open(&place, sealed_to).ok().and_then(|to| String::from_utf8(to).ok());
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

/// Finds out, from what can be read, whether it happened. Fails only where reading may still succeed.
async fn look_up(effect: &Effect, effect_clients: EffectClients<'_>) -> Result<Trace, CallError> {
    let (Request::Extend { membership_id, .. } | Request::Cancel { membership_id, .. }) = &effect.request
    else {
        return Ok(Trace::Unclear);
    };
    let whop = effect_clients.whop.ok_or_else(|| unconfigured("whop"))?;
    let membership = match whop.membership(membership_id).await {
        Ok(answer) => answer.membership,
        Err(CallError::Absent | CallError::Rejected { .. }) => return Ok(Trace::Unclear),
        Err(error) => return Err(error),
    };
    Ok(match &effect.request {
        Request::Extend { days, renewal_period_end_before: Some(before), .. } => {
            let Some(ends) = membership.period_ends_at else { return Ok(Trace::Unclear) };
            let near = |date: DateTime<Utc>| (ends - date).abs() < Duration::hours(DATE_TOLERANCE_HOURS);
            // Any other date means that something else moved it too, such as a payment.
            if near(*before + Duration::days(i64::from(*days))) {
                Trace::There
            } else if near(*before) {
                Trace::Missing
            } else {
                Trace::Unclear
            }
        }
        Request::Cancel { at_period_end, .. } => {
            let reached = membership.is_ended() || (*at_period_end && membership.is_cancel_scheduled());
            if reached { Trace::There } else { Trace::Missing }
        }
        _ => Trace::Unclear,
    })
}

/// What follows from a call: the state, the reason, and when to try again. `doubt` says that an
/// earlier call may have happened, so that this one not being sent does not mean that nothing was.
pub(super) fn judge(
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
