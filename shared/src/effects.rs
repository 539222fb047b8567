//! Effects: the state machine by which something leaves the house once.
//!
//! `prepared → sending → done | rejected | unknown`. The frozen request and the downstream key are
//! written before any call. A claim raises the fence, which never falls; every later write demands
//! the owner and the state. A crash at any point leaves a row in the due index:
//!
//! | found by the sweep | what is known | what is done |
//! | --- | --- | --- |
//! | `prepared` | nothing was sent | claim and send |
//! | `sending`, lease not over | another worker is at it | leave it |
//! | `sending`, lease over, repeatable, young | perhaps sent, under a key the provider remembers | send the same again |
//! | `sending`, lease over, repeatable, old | perhaps sent, the key may be forgotten | look up, never resend |
//! | `sending`, lease over, an ending | perhaps ended already | look up, end only what has not ended |
//! | `sending`, lease over, a message | perhaps sent | `unknown`: shown to the operator, not repeated |

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::domain::effect::{Effect, EffectState, Request};
use crate::domain::id::CaseId;
use crate::domain::time;
use crate::providers::call::CallError;
use crate::providers::resend::Resend;
use crate::providers::whop::client::Whop;
use crate::store::company::{Company, REMINDERS_JOB};
use crate::store::write::{Expect, number, text};
use crate::store::{StoreError, Write, Written};
use crate::vault::Vault;

/// Longer than any call may take; after it another worker may take the effect over.
const LEASE_SECONDS: i64 = 120;

/// Providers forget a key after 24 hours (Resend documents it, Whop documents nothing longer): an
/// hour before that, resending ends and looking up begins.
const RESEND_HORIZON_HOURS: i64 = 23;

/// After this many tries over about two days an effect that could never be sent is given up.
const MAX_TRIES: u32 = 16;

/// Whatever effects need of the world.
#[derive(Debug, Clone, Copy)]
pub struct Senders<'a> {
    /// Whop, where its key is configured.
    pub whop: Option<&'a Whop>,
    /// Resend, where its key is configured.
    pub resend: Option<&'a Resend>,
    /// Opens sealed recipients.
    pub vault: &'a Vault,
}

/// How an attempt on an effect ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The effect as it stands after this attempt.
    Stands(Box<Effect>),
    /// Another worker holds it, or it is not there.
    Elsewhere,
}

/// Claims an effect, performs it and writes down what became of it.
pub async fn perform(
    company: &Company,
    case_id: CaseId,
    operation: &str,
    senders: Senders<'_>,
    owner: Uuid,
    now: DateTime<Utc>,
) -> Result<Outcome, StoreError> {
    let Some(read) = company.action(case_id, operation).await? else { return Ok(Outcome::Elsewhere) };
    perform_read(company, case_id, read, senders, owner, now).await
}

/// The same for an effect that has just been read or written.
pub async fn perform_read(
    company: &Company,
    case_id: CaseId,
    read: Effect,
    senders: Senders<'_>,
    owner: Uuid,
    now: DateTime<Utc>,
) -> Result<Outcome, StoreError> {
    if read.state.is_final() {
        return Ok(Outcome::Stands(Box::new(read)));
    }
    let abandoned = read.state == EffectState::Sending;
    if abandoned && read.lease_until.is_some_and(|until| until > now) {
        return Ok(Outcome::Elsewhere);
    }
    if abandoned && !read.request.is_repeatable() {
        return settle(company, case_id, &read, EffectState::Unknown, "interrupted", None, now).await;
    }
    let Some(claimed) = claim(company, case_id, &read, owner, now).await? else {
        return Ok(Outcome::Elsewhere);
    };
    let old = claimed.first_sent_at.is_some_and(|at| now - at > Duration::hours(RESEND_HORIZON_HOURS));
    // To end what has ended may be refused, and would then look as if it never had.
    let is_ending = matches!(claimed.request, Request::Cancel { .. });
    let result = if abandoned && (old || is_ending) {
        look_up(&claimed, senders).await
    } else {
        send(&claimed, case_id, senders).await
    };
    let (state, reason, retry_at) = judge(&claimed, result, now);
    settle(company, case_id, &claimed, state, &reason, retry_at, now).await
}

/// Gives up an effect that has not been sent, with a reason.
pub async fn withdraw(
    company: &Company,
    case_id: CaseId,
    read: &Effect,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<Outcome, StoreError> {
    if read.state != EffectState::Prepared {
        return Ok(Outcome::Elsewhere);
    }
    settle(company, case_id, read, EffectState::Rejected, reason, None, now).await
}

/// Takes the effect over from the state it was read in; `None` when somebody else was faster.
async fn claim(
    company: &Company,
    case_id: CaseId,
    read: &Effect,
    owner: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Effect>, StoreError> {
    let lease_until = now + Duration::seconds(LEASE_SECONDS);
    let owner = owner.hyphenated().to_string();
    let first_sent_at = time::write(read.first_sent_at.unwrap_or(now));
    let write = Write::update(company.action_key(case_id, &read.action.operation))
        .set("state", text(EffectState::Sending.as_str()))
        .set("owner", text(&owner))
        .set("fence", number(read.fence + 1))
        .set("tries", number(read.tries + 1))
        .set("lease_until", text(time::write(lease_until)))
        .set("first_sent_at", text(first_sent_at))
        .due(REMINDERS_JOB, Some(lease_until))
        .expect(Expect::Equals("state", text(read.state.as_str())))
        .expect(Expect::Equals("fence", number(read.fence)));
    match company.store().change::<Effect>(write).await? {
        Written::Accepted(effect) => Ok(Some(effect)),
        // Our own claim whose answer was lost: the row bears our name.
        Written::Refused(found) => Ok(found
            .filter(|found| found.owner.as_deref() == Some(&owner) && found.state == EffectState::Sending)),
    }
}

/// Writes down what became of it, under the owner and fence it was claimed with.
async fn settle(
    company: &Company,
    case_id: CaseId,
    held: &Effect,
    state: EffectState,
    reason: &str,
    retry_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Outcome, StoreError> {
    let mut write = Write::update(company.action_key(case_id, &held.action.operation))
        .set("state", text(state.as_str()))
        .set("reason", text(reason))
        .expect(Expect::Equals("state", text(held.state.as_str())))
        .expect(Expect::Equals("fence", number(held.fence)));
    write = match retry_at {
        Some(at) => write.set("lease_until", text(time::write(at))),
        None => write.remove("lease_until").set("ended_at", text(time::write(now))),
    };
    write = write.due(REMINDERS_JOB, retry_at);
    let granted = match &held.request {
        Request::Extend { days, .. } if state == EffectState::Done => Some(*days),
        _ => None,
    };
    let Some(days) = granted else {
        return Ok(match company.store().change::<Effect>(write).await? {
            Written::Accepted(effect) => Outcome::Stands(Box::new(effect)),
            Written::Refused(Some(found)) if found.fence == held.fence && found.state == state => {
                Outcome::Stands(Box::new(found))
            }
            Written::Refused(_) => Outcome::Elsewhere,
        });
    };
    let token = Uuid::new_v5(
        &Uuid::NAMESPACE_OID,
        format!("settle:{}:{}", held.downstream_key, held.fence).as_bytes(),
    );
    match company.store().commit(token, vec![write, company.note_incentive(case_id, days)]).await {
        Ok(()) | Err(StoreError::Conflict { .. }) => {}
        Err(error) => return Err(error),
    }
    let found = company.action(case_id, &held.action.operation).await?;
    Ok(found.map_or(Outcome::Elsewhere, |effect| Outcome::Stands(Box::new(effect))))
}

/// One call, with the frozen request and the stored key.
async fn send(effect: &Effect, case_id: CaseId, senders: Senders<'_>) -> Result<String, CallError> {
    let unconfigured =
        |name: &str| CallError::NotSent { reason: format!("{name}_not_configured"), retry_after: None };
    let key = &effect.downstream_key;
    if let Request::Mail { sealed_to, template } = &effect.request {
        let resend = senders.resend.ok_or_else(|| unconfigured("resend"))?;
        let place = format!("mail:{case_id}");
        let to = senders.vault.open(&place, sealed_to).ok().and_then(|to| String::from_utf8(to).ok());
        let to = to.ok_or(CallError::Rejected { reason: "recipient_unreadable".to_owned() })?;
        return resend.send(key, &to, &template.write()).await;
    }
    let whop = senders.whop.ok_or_else(|| unconfigured("whop"))?;
    match &effect.request {
        Request::Push { experience_id, user_id, template } => {
            whop.push(key, experience_id, user_id, &template.write()).await
        }
        Request::Dm { user_id, template } => whop.dm(key, user_id, &template.write()).await,
        Request::Extend { membership_id, days, .. } => whop.extend(key, membership_id, *days).await,
        Request::Cancel { membership_id, at_period_end } => {
            whop.cancel(key, membership_id, *at_period_end).await
        }
        Request::Mail { .. } | Request::Nothing => Ok("nothing_to_send".to_owned()),
    }
}

/// Finds out, from what can be read, whether it happened.
async fn look_up(effect: &Effect, senders: Senders<'_>) -> Result<String, CallError> {
    let in_doubt = || CallError::InDoubt { reason: "key_expired".to_owned() };
    let Some(whop) = senders.whop else { return Err(in_doubt()) };
    match &effect.request {
        Request::Extend { membership_id, days, renewal_period_end_before } => {
            let now_ends = whop.membership(membership_id).await?.renewal_period_end;
            let wanted = renewal_period_end_before.map(|before| before + Duration::days(i64::from(*days)));
            match (now_ends, wanted) {
                (Some(ends), Some(wanted)) if ends >= wanted => Ok("found".to_owned()),
                _ => Err(in_doubt()),
            }
        }
        Request::Cancel { membership_id, at_period_end } => {
            let membership = whop.membership(membership_id).await?;
            let reached = membership.is_ended() || (*at_period_end && membership.cancel_at_period_end);
            // Ending what has ended changes nothing, so this one may be asked for again.
            if reached {
                Ok("found".to_owned())
            } else {
                whop.cancel(&effect.downstream_key, membership_id, *at_period_end).await
            }
        }
        _ => Err(in_doubt()),
    }
}

/// What follows from a call: the state, the reason, and when to try again.
fn judge(
    effect: &Effect,
    result: Result<String, CallError>,
    now: DateTime<Utc>,
) -> (EffectState, String, Option<DateTime<Utc>>) {
    let later = |wait: Option<std::time::Duration>| {
        let asked = wait.and_then(|wait| Duration::from_std(wait).ok()).unwrap_or_else(Duration::zero);
        Some(now + asked.max(back_off(effect.tries)))
    };
    match result {
        Ok(reference) => (EffectState::Done, reference, None),
        Err(CallError::Rejected { reason }) => (EffectState::Rejected, reason, None),
        Err(CallError::Absent) => (EffectState::Rejected, "not_found".to_owned(), None),
        // Of a repeatable effect an earlier call may have happened; of a message none was made.
        Err(CallError::NotSent { reason, .. }) if effect.tries >= MAX_TRIES => {
            let state =
                if effect.request.is_repeatable() { EffectState::Unknown } else { EffectState::Rejected };
            (state, format!("gave_up:{reason}"), None)
        }
        // An earlier call of a repeatable effect may still have happened, so it stays `sending`.
        Err(CallError::NotSent { reason, retry_after })
            if effect.tries > 1 && effect.request.is_repeatable() =>
        {
            (EffectState::Sending, reason, later(retry_after))
        }
        Err(CallError::NotSent { reason, retry_after }) => {
            (EffectState::Prepared, reason, later(retry_after))
        }
        Err(CallError::InDoubt { reason }) if effect.request.is_repeatable() && effect.tries < MAX_TRIES => {
            (EffectState::Sending, reason, later(None))
        }
        Err(CallError::InDoubt { reason }) => (EffectState::Unknown, reason, None),
    }
}

/// One minute, two, four … up to six hours.
pub fn back_off(tries: u32) -> Duration {
    Duration::minutes(1_i64 << tries.saturating_sub(1).min(9)).min(Duration::hours(6))
}

/// The key a provider recognises a repetition by: made of the operation, the same for every attempt.
pub fn downstream_key(case_id: CaseId, operation: &str) -> String {
    format!("{operation}:{case_id}:v1")
}

/// An effect for the log: no request, no reference.
pub fn describe(effect: &Effect) -> Value {
    serde_json::json!({"operation": effect.action.operation, "state": effect.state, "reason": effect.reason, "tries": effect.tries})
}
