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
//! | `sending`, lease over, repeatable, old | perhaps sent, the key may be forgotten | look up, then decide |
//! | `sending`, lease over, an ending | perhaps ended already | look up, end only what has not ended |
//! | `sending`, lease over, a message | perhaps sent | `unknown`: shown to the operator, not repeated |

mod attempt;

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::domain::effect::{Effect, EffectState, Request};
use crate::domain::id::CaseId;
use crate::domain::time;
use crate::providers::resend::Resend;
use crate::providers::whop::client::Whop;
use crate::store::company::{Company, REMINDERS_JOB};
use crate::store::write::{Expect, number, text};
use crate::store::{StoreError, Write, Written};
use crate::vault::Vault;

/// Longer than any call may take; after it another worker may take the effect over.
const LEASE_SECONDS: i64 = 120;

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
    // Held by another worker, or waiting for its next try: whoever comes early does not use tries up.
    if read.lease_until.is_some_and(|until| until > now) {
        return Ok(Outcome::Elsewhere);
    }
    let abandoned = read.state == EffectState::Sending;
    if abandoned && !read.request.is_repeatable() {
        let verdict = Verdict::ends(EffectState::Unknown, "interrupted");
        return settle(company, case_id, &read, verdict, now).await;
    }
    let Some(claimed) = claim(company, case_id, &read, owner, now).await? else {
        return Ok(Outcome::Elsewhere);
    };
    let verdict = if abandoned {
        attempt::repeat(&claimed, case_id, senders, now).await
    } else {
        attempt::first(&claimed, case_id, senders, now).await
    };
    settle(company, case_id, &claimed, verdict, now).await
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
    settle(company, case_id, read, Verdict::ends(EffectState::Rejected, reason), now).await
}

/// What follows from an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Verdict {
    state: EffectState,
    /// In one of our own words.
    reason: String,
    /// When to try again, where it has not reached its end.
    retry_at: Option<DateTime<Utc>>,
}

impl Verdict {
    fn ends(state: EffectState, reason: impl Into<String>) -> Self {
        Self { state, reason: reason.into(), retry_at: None }
    }
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
    verdict: Verdict,
    now: DateTime<Utc>,
) -> Result<Outcome, StoreError> {
    let Verdict { state, reason, retry_at } = verdict;
    let mut write = Write::update(company.action_key(case_id, &held.action.operation))
        .set("state", text(state.as_str()))
        .set("reason", text(reason))
        .expect(Expect::Equals("state", text(held.state.as_str())))
        .expect(Expect::Equals("fence", number(held.fence)));
    write = match retry_at {
        Some(at) => write.set("lease_until", text(time::write(at))),
        None => write.remove("lease_until").set("ended_at", text(time::write(now))),
    };
    // What was certainly never sent has no first time: its key is as fresh as on the first day.
    if state == EffectState::Prepared {
        write = write.remove("first_sent_at");
    }
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
