//! Effects: the state machine that carries out every external side effect at most once.
//!
//! `prepared → sending → done | rejected | unknown`. The frozen request and the downstream idempotency
//! key are written before any call. A claim increments the fencing token, which never decreases; every later
//! write is conditional on the token and the status. A crash at any point leaves a row in the due index:
//!
//! | found by the sweep | what is known | action |
//! | --- | --- | --- |
//! | `prepared` | nothing was sent | claim and send |
//! | `sending`, lease active | another worker is sending it | skip it |
//! | `sending`, lease expired, repeatable, recent | perhaps sent, under a key the provider remembers | send the same request again |
//! | `sending`, lease expired, repeatable, old | perhaps sent, the provider may have forgotten the key | look up, then decide |
//! | `sending`, lease expired, free days, old, and the look-up shows that they did not arrive | certainly not granted | send the same request under a new key |
//! | `sending`, lease expired, a cancellation | perhaps cancelled already | look up, cancel only what is still active |
//! | `sending`, lease expired, a message | perhaps sent | `unknown`: shown to the operator, not repeated |
//! | its switch is off | it must not be sent now | leave it as it is |
//! | a mail whose address is suppressed | it must not be sent | `rejected` (`unknown` where it was perhaps sent) |

mod attempt;
mod log;
mod payment;
mod record_outcome;
mod refused;
mod resolve;
mod suppressed;

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use crate::domain::kernel::clock::Clock;
use crate::domain::kernel::id::CaseId;
use crate::domain::kernel::party::PaymentIntentId;
use crate::domain::kernel::time;
use crate::domain::marketplace::booking::{Booking, BookingFactKind};
use crate::domain::marketplace::booking_record::BookingConfig;
use crate::domain::platform::effect::{Effect, EffectStatus, Request, Subject};
use crate::domain::platform::refusal;
use crate::providers::call::CallError;
use crate::providers::resend::Resend;
use crate::providers::stripe::client::Stripe;
use crate::providers::whop::client::Whop;
use crate::store::company::Company;
use crate::store::due::SWEEP;
use crate::store::write::{Expect, number, text};
use crate::store::{StoreError, Write, Written};
use crate::switches::SwitchReader;
use crate::vault::Vault;

pub use log::log_resolution;
pub(crate) use payment::intent::payment_facts;
pub use refused::{RefusalRequest, resolve_refusal};
pub use resolve::{Resolution, ResolveError, resolve};

/// Longer than any call may take; afterwards another worker may claim the effect.
const LEASE_SECONDS: i64 = 120;

/// A call starts only while this much of the lease is left: six times the client's timeout.
const CALL_MARGIN_SECONDS: i64 = 60;

/// The clients and settings that effects need.
#[derive(Clone, Copy)]
pub struct EffectClients<'a> {
    /// Absent where no API key is configured.
    pub whop: Option<&'a Whop>,
    pub resend: Option<&'a Resend>,
    pub stripe: Option<&'a Stripe>,
    pub vault: &'a Vault,
    pub booking_config: &'a BookingConfig,
    /// Read again right before money is sent.
    pub clock: &'a Clock,
    pub switches: &'a SwitchReader,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The effect after this attempt.
    Recorded(Box<Effect>),
    /// Another worker holds the lease, or the effect does not exist.
    HeldByAnother,
    /// A switch holds the effect back; it stays as it is.
    SwitchedOff,
}

#[derive(Debug)]
pub struct Performed {
    pub outcome: Outcome,
    /// Follow-up steps: written in the same transaction as the outcome, and not performed yet.
    pub next: Vec<Effect>,
    /// The booking after the effect ended, if the effect belongs to one and added a fact to it.
    pub booking: Option<Box<Booking>>,
}

impl From<Outcome> for Performed {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, next: Vec::new(), booking: None }
    }
}

/// Performs an effect that has just been read or written, and records the outcome. The sweep performs
/// the follow-up steps.
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

/// Like [`execute`], for callers that perform the follow-up steps themselves.
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
    // Another worker holds the lease, or the next retry is not due yet: an early call must not use up a try.
    if read.lease_until.is_some_and(|until| until > now) {
        return Ok(Outcome::HeldByAnother.into());
    }
    let abandoned = read.status == EffectStatus::Sending;
    if abandoned && !read.request.is_repeatable() {
        let result = AttemptResult::ends(EffectStatus::Unknown, "interrupted");
        return record_outcome::record_outcome(company, subject, &read, result, effect_clients, now).await;
    }
    // Checked before the claim: a suppressed mail is not sent, so no lease is needed.
    if let Some(result) = suppressed::result(company, subject, &read, effect_clients).await? {
        return record_outcome::record_outcome(company, subject, &read, result, effect_clients, now).await;
    }
    let EffectClients { switches, clock, .. } = effect_clients;
    if switches.holds_request(company.store(), &read.request, company.id(), clock.now()).await? {
        return Ok(Outcome::SwitchedOff.into());
    }
    let Some(claimed) = claim(company, subject, &read, owner, now).await? else {
        return Ok(Outcome::HeldByAnother.into());
    };
    let result = match subject {
        _ if !is_held(&claimed, effect_clients) => {
            attempt::result_of_call(&claimed, Err(claim_lapsed()), abandoned, now)
        }
        Subject::Case(case_id) if abandoned => {
            attempt::send_again(&claimed, case_id, effect_clients, now).await
        }
        Subject::Case(case_id) => attempt::send_first(&claimed, case_id, effect_clients, now).await,
        Subject::Booking(booking_id) => {
            payment::attempt(&claimed, booking_id, abandoned, effect_clients, now).await
        }
    };
    record_outcome::record_outcome(company, subject, &claimed, result, effect_clients, now).await
}

/// Rejects an effect that has not been sent, with a reason.
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

#[derive(Debug, Clone)]
struct AttemptResult {
    status: EffectStatus,
    /// One of our own reason codes, never a provider's text.
    reason: String,
    /// When to try again; `None` once the effect is final.
    retry_at: Option<DateTime<Utc>>,
    /// Facts for the booking that the attempt revealed.
    facts: Vec<BookingFactKind>,
    opened: Option<PaymentIntentId>,
    /// The idempotency key for the next try, set if the provider has forgotten the old one and had not acted.
    new_key: Option<String>,
    /// Further writes of the transaction that records the outcome.
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

    /// The effect certainly did not happen and the provider has forgotten the key: it starts over under the
    /// next one.
    fn starts_over(held: &Effect, reason: impl Into<String>, now: DateTime<Utc>) -> Self {
        let new_key = Some(next_key(&held.downstream_key));
        Self { new_key, ..Self::waits(EffectStatus::Prepared, reason, now) }
    }

    fn with(self, facts: Vec<BookingFactKind>) -> Self {
        Self { facts, ..self }
    }

    /// Whether the result changes the effect's booking. A booking waits for its transfer to end, whatever
    /// the outcome.
    fn concerns_booking(&self, request: &Request) -> bool {
        let is_over = self.retry_at.is_none() && matches!(request, Request::Transfer(_));
        is_over || self.is_refused_step(request) || self.opened.is_some() || !self.facts.is_empty()
    }
}

impl AttemptResult {
    /// Whether a provider finally refused a step of a booking, which the booking records.
    fn is_refused_step(&self, request: &Request) -> bool {
        self.status == EffectStatus::Rejected
            && refusal::step_of(request).is_some()
            && refusal::is_refusal(request, &self.reason)
    }
}

/// Whether enough of the lease is left for a call. The clock is read right before the call, because a process
/// may be suspended between its claim and its call for longer than a provider remembers a key; another worker
/// has finished the effect by then.
fn is_held(claimed: &Effect, effect_clients: EffectClients<'_>) -> bool {
    let margin = Duration::seconds(CALL_MARGIN_SECONDS);
    claimed.lease_until.is_some_and(|until| until - effect_clients.clock.now() > margin)
}

/// The lease expired before the call: nothing was sent under this claim.
fn claim_lapsed() -> CallError {
    CallError::NotSent { reason: "claim_lapsed".to_owned(), retry_after: None }
}

/// Claims the effect if it is unchanged since it was read; `None` if another worker was faster.
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
        // Our own claim, whose response was lost: the row has our owner id.
        Written::Refused(found) => Ok(found
            .filter(|found| found.owner.as_deref() == Some(&owner) && found.status == EffectStatus::Sending)),
    }
}

/// The pause before a retry: one minute, two, four … up to six hours.
pub fn back_off(tries: u32) -> Duration {
    Duration::minutes(1_i64 << tries.saturating_sub(1).min(9)).min(Duration::hours(6))
}

/// The idempotency key sent to the provider: derived from the operation, so equal for every attempt.
pub fn downstream_key(case_id: CaseId, operation: &str) -> String {
    format!("{operation}:{case_id}:v1")
}

/// The key after this one: `…:v1` becomes `…:v2`. Like the first key, it is stored before it is used.
fn next_key(key: &str) -> String {
    let versioned =
        key.rsplit_once(":v").and_then(|(name, version)| Some((name, version.parse::<u32>().ok()?)));
    match versioned {
        Some((name, version)) => format!("{name}:v{}", version.saturating_add(1)),
        None => format!("{key}:v2"),
    }
}
