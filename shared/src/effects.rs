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
//! | `sending`, lease over, free days, old, and the look-up shows that they did not arrive | certainly not granted | the same under a new key |
//! | `sending`, lease over, an ending | perhaps ended already | look up, end only what has not ended |
//! | `sending`, lease over, a message | perhaps sent | `unknown`: shown to the operator, not repeated |
//! | a mail whose address is suppressed | nothing may leave | `rejected` (`unknown` where it was perhaps sent) |

mod attempt;
mod payment;
mod record_outcome;
mod refused;
mod resolve;
mod suppressed;

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::domain::kernel::clock::Clock;
use crate::domain::kernel::id::CaseId;
use crate::domain::kernel::party::PaymentIntentId;
use crate::domain::kernel::time;
use crate::domain::marketplace::booking::{Booking, BookingFactKind};
use crate::domain::platform::effect::{Effect, EffectStatus, Request, Subject};
use crate::domain::platform::refusal;
use crate::providers::call::CallError;
use crate::providers::resend::Resend;
use crate::providers::stripe::client::Stripe;
use crate::providers::whop::client::Whop;
use crate::store::company::Company;
use crate::store::due::SWEEP;
use crate::store::marketplace::booking::BookingConfig;
use crate::store::write::{Expect, number, text};
use crate::store::{StoreError, Write, Written};
use crate::vault::Vault;

pub use refused::{RefusalRequest, resolve_refusal};
pub use resolve::{Resolution, Unresolved, resolve};

/// Longer than any call may take; after it another worker may take the effect over.
const LEASE_SECONDS: i64 = 120;

/// What must be left of a claim for a call to begin: six times what the client waits for an answer.
const CALL_MARGIN_SECONDS: i64 = 60;

/// Whatever effects need of the world.
#[derive(Clone, Copy)]
pub struct EffectClients<'a> {
    /// Whop, where its key is configured.
    pub whop: Option<&'a Whop>,
    /// Resend, where its key is configured.
    pub resend: Option<&'a Resend>,
    /// Stripe, where its key is configured.
    pub stripe: Option<&'a Stripe>,
    pub vault: &'a Vault,
    /// What the deployment decides about bookings.
    pub booking_config: &'a BookingConfig,
    /// What time it is: looked at again right before money leaves.
    pub clock: &'a Clock,
}

/// How an attempt on an effect ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The effect as it stands after this attempt.
    Recorded(Box<Effect>),
    /// Another worker holds it, or it is not there.
    HeldByAnother,
}

/// What an attempt led to.
#[derive(Debug)]
pub struct Performed {
    pub outcome: Outcome,
    /// The steps that its end made necessary: begun beside it, and not performed yet.
    pub next: Vec<Effect>,
    /// The booking as the end of the effect left it, where it belongs to one and told it something.
    pub booking: Option<Box<Booking>>,
}

impl From<Outcome> for Performed {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, next: Vec::new(), booking: None }
    }
}

/// Performs an effect that has just been read or written, and writes down what became of it. The steps
/// that follow from its end are left to the sweep.
pub async fn execute(
    company: &Company,
    subject: impl Into<Subject>,
    read: Effect,
    effect_clients: EffectClients<'_>,
    owner: Uuid,
    now: DateTime<Utc>,
) -> Result<Outcome, StoreError> {
    Ok(perform(company, subject, read, effect_clients, owner, now).await?.outcome)
}

/// The same for whoever goes on with the steps that follow.
pub async fn perform(
    company: &Company,
    subject: impl Into<Subject>,
    read: Effect,
    effect_clients: EffectClients<'_>,
    owner: Uuid,
    now: DateTime<Utc>,
) -> Result<Performed, StoreError> {
    let subject = subject.into();
    if read.status.is_final() {
        return Ok(Outcome::Recorded(Box::new(read)).into());
    }
    // Held by another worker, or waiting for its next try: whoever comes early does not use tries up.
    if read.lease_until.is_some_and(|until| until > now) {
        return Ok(Outcome::HeldByAnother.into());
    }
    let abandoned = read.status == EffectStatus::Sending;
    if abandoned && !read.request.is_repeatable() {
        let result = AttemptResult::ends(EffectStatus::Unknown, "interrupted");
        return record_outcome::record_outcome(company, subject, &read, result, effect_clients, now).await;
    }
    // Asked before the claim: where nothing may leave, nothing has to be claimed.
    if let Some(result) = suppressed::result(company, subject, &read, effect_clients).await? {
        return record_outcome::record_outcome(company, subject, &read, result, effect_clients, now).await;
    }
    let Some(claimed) = claim(company, subject, &read, owner, now).await? else {
        return Ok(Outcome::HeldByAnother.into());
    };
    let result = match subject {
        _ if !is_held(&claimed, effect_clients) => {
            attempt::judge(&claimed, Err(claim_lapsed()), abandoned, now)
        }
        Subject::Case(case_id) if abandoned => attempt::repeat(&claimed, case_id, effect_clients, now).await,
        Subject::Case(case_id) => attempt::first(&claimed, case_id, effect_clients, now).await,
        Subject::Booking(booking_id) => {
            payment::attempt(&claimed, booking_id, abandoned, effect_clients, now).await
        }
    };
    record_outcome::record_outcome(company, subject, &claimed, result, effect_clients, now).await
}

/// Gives up an effect that has not been sent, with a reason.
pub async fn withdraw(
    company: &Company,
    subject: impl Into<Subject>,
    read: &Effect,
    reason: &str,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> Result<Outcome, StoreError> {
    if read.status != EffectStatus::Prepared {
        return Ok(Outcome::HeldByAnother);
    }
    let result = AttemptResult::ends(EffectStatus::Rejected, reason);
    Ok(record_outcome::record_outcome(company, subject.into(), read, result, effect_clients, now)
        .await?
        .outcome)
}

/// What follows from an attempt.
#[derive(Debug, Clone)]
struct AttemptResult {
    status: EffectStatus,
    /// In one of our own words.
    reason: String,
    /// When to try again, where it has not reached its end.
    retry_at: Option<DateTime<Utc>>,
    /// What was learnt about the booking.
    facts: Vec<BookingFactKind>,
    /// The payment that was opened.
    opened: Option<PaymentIntentId>,
    /// A new key for the next try, where the provider has forgotten the old one and nothing had happened.
    new_key: Option<String>,
    /// What else belongs into the transaction of the end.
    extra_writes: Vec<Write>,
}

impl AttemptResult {
    fn ends(status: EffectStatus, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
            retry_at: None,
            facts: Vec::new(),
            opened: None,
            new_key: None,
            extra_writes: Vec::new(),
        }
    }

    fn waits(status: EffectStatus, reason: impl Into<String>, retry_at: DateTime<Utc>) -> Self {
        Self { retry_at: Some(retry_at), ..Self::ends(status, reason) }
    }

    /// It certainly did not happen, and nobody remembers the key: it starts over under the next one.
    fn starts_over(held: &Effect, reason: impl Into<String>, now: DateTime<Utc>) -> Self {
        let new_key = Some(next_key(&held.downstream_key));
        Self { new_key, ..Self::waits(EffectStatus::Prepared, reason, now) }
    }

    fn with(self, facts: Vec<BookingFactKind>) -> Self {
        Self { facts, ..self }
    }

    /// Whether the booking of the effect learns anything from it. A transfer's booking waits for its end,
    /// whatever that is.
    fn concerns_booking(&self, request: &Request) -> bool {
        let is_over = self.retry_at.is_none() && matches!(request, Request::Transfer(_));
        is_over || self.is_refused_step(request) || self.opened.is_some() || !self.facts.is_empty()
    }
}

impl AttemptResult {
    /// Whether a provider refused a step of a booking for good: the booking learns that.
    fn is_refused_step(&self, request: &Request) -> bool {
        self.status == EffectStatus::Rejected
            && refusal::step_of(request).is_some()
            && refusal::is_refusal(request, &self.reason)
    }
}

/// Whether enough is left of a claim for a call, by a clock that is looked at right before it: a process may
/// be stopped between its claim and its call for longer than a provider remembers a key, and somebody else
/// has finished what it held by then.
fn is_held(claimed: &Effect, effect_clients: EffectClients<'_>) -> bool {
    let margin = Duration::seconds(CALL_MARGIN_SECONDS);
    claimed.lease_until.is_some_and(|until| until - effect_clients.clock.now() > margin)
}

/// Nothing has left, and nothing will of this claim.
fn claim_lapsed() -> CallError {
    CallError::NotSent { reason: "claim_lapsed".to_owned(), retry_after: None }
}

/// Takes the effect over from the state it was read in; `None` when somebody else was faster.
async fn claim(
    company: &Company,
    subject: Subject,
    read: &Effect,
    owner: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Effect>, StoreError> {
    let lease_until = now + Duration::seconds(LEASE_SECONDS);
    let owner = owner.hyphenated().to_string();
    let first_sent_at = time::format(read.first_sent_at.unwrap_or(now));
    let write = Write::update(company.action_key(subject, &read.action.operation))
        .set("status", text(EffectStatus::Sending.as_str()))
        .set("owner", text(&owner))
        .set("fence", number(read.fence + 1))
        .set("tries", number(read.tries + 1))
        .set("lease_until", text(time::format(lease_until)))
        .set("first_sent_at", text(first_sent_at))
        .due(SWEEP, Some(lease_until))
        .expect(Expect::Equals("status", text(read.status.as_str())))
        .expect(Expect::Equals("fence", number(read.fence)));
    match company.store().change::<Effect>(write).await? {
        Written::Accepted(effect) => Ok(Some(effect)),
        // Our own claim whose answer was lost: the row bears our name.
        Written::Refused(found) => Ok(found
            .filter(|found| found.owner.as_deref() == Some(&owner) && found.status == EffectStatus::Sending)),
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

/// The key after this one: `…:v1` becomes `…:v2`. It is stored before it is used, as the first was.
fn next_key(key: &str) -> String {
    let versioned =
        key.rsplit_once(":v").and_then(|(name, version)| Some((name, version.parse::<u32>().ok()?)));
    match versioned {
        Some((name, version)) => format!("{name}:v{}", version.saturating_add(1)),
        None => format!("{key}:v2"),
    }
}

/// An effect for the log: no request, no reference.
pub fn describe(effect: &Effect) -> Value {
    serde_json::json!({"operation": effect.action.operation, "status": effect.status, "reason": effect.reason, "tries": effect.tries})
}
