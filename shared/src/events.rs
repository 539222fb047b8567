//! Event intake: an event is stored before it is acknowledged, and applied at once if possible. Otherwise the
//! sweep retries it with backoff, and sets it aside with a reason once retries are exhausted.
//!
//! The usual event costs two requests to the table: a read of the membership or booking, then one transaction
//! that stores the event *as applied* with everything that follows from it. So an event is never applied
//! without being stored, nor marked as applied without its effects.

mod arrival;
mod booking;
mod payee;
mod swept;

use std::time::Duration as StdDuration;

use chrono::{DateTime, Utc};

use crate::domain::kernel::id::MembershipId;
use crate::domain::kernel::ids::Ids;
use crate::domain::marketplace::booking_record::BookingConfig;
use crate::domain::platform::action::Source;
use crate::domain::platform::event::{Event, IgnoreReason, Meaning, Part};
use crate::domain::recovery::timeline::CaseFact;
use crate::effects::back_off;
use crate::providers::call::CallError;
use crate::providers::stripe::client::Stripe;
use crate::providers::whop::client::Whop;
use crate::store::error::RecordError;
use crate::store::platform::inbox::{EventStatus, StoredEvent};
use crate::store::recovery::purchase::Purchase;
use crate::store::recovery::record::CaseChange;
use crate::store::retry::{MayConflict, retry};
use crate::store::{Company, Store, StoreError, Write};

use arrival::count_ignored;
pub use arrival::{ArrivalError, STRIPE, sealed_for};

/// Tries before an event is set aside; with the pauses of `back_off` about two days.
const MAX_TRIES: u32 = 16;

/// Tries, over about a quarter of an hour, of an event whose account or payment is unknown to us and to Stripe.
/// Afterwards the event is ignored as belonging to another shop, and no operator is alerted.
const UNKNOWN_OWNER_TRIES: u32 = 5;

/// Tries within one request after a conflict with another event of the same company.
const CONFLICT_TRIES: u32 = 6;

/// The first pause after such a conflict; it grows with each try and differs between workers.
const CONFLICT_PAUSE_MS: u64 = 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    Applied,
    /// Stored; the sweep will apply it, unless the event has no effect.
    Kept,
    Duplicate,
}

/// The result of applying a stored event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    Now,
    /// Data is missing; the sweep tries again.
    Later,
    /// Retries are exhausted or useless; a person has to replay it.
    Never,
    /// The event has no effect, by decision and not because of a failure.
    Ignored,
}

/// The clients and settings that event intake needs.
#[derive(Clone, Copy)]
pub struct EventIntake<'a> {
    pub store: &'a Store,
    /// Looks up the company of a membership.
    pub whop: Option<&'a Whop>,
    /// Looks up what an event leaves open.
    pub stripe: Option<&'a Stripe>,
    pub booking_config: &'a BookingConfig,
    pub ids: &'a Ids,
}

#[derive(Debug)]
enum ApplyError {
    OwnerUnknown,
    /// The provider has to be queried, and this attempt was not allowed to.
    NotAsked,
    /// The query of the provider failed and may succeed later.
    Unanswered,
    /// The provider refused the query.
    LookUpRefused,
    Unreadable(Part),
    Ignored(IgnoreReason),
    TooManyFacts,
    Books,
    Conflict,
    Duplicate,
    /// A person dismissed it while it was being applied.
    Dismissed,
    Store(StoreError),
}

impl MayConflict for ApplyError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict)
    }
}

impl ApplyError {
    /// The reason code stored with the event. The table's own error text is not stored, because it may quote a row.
    fn reason(&self) -> &'static str {
        match self {
            Self::OwnerUnknown => "owner_unknown",
            Self::NotAsked => "provider_not_asked_yet",
            Self::Unanswered => "provider_did_not_answer",
            Self::LookUpRefused => "look_up_refused",
            Self::Unreadable(part) => part.reason(),
            Self::Ignored(reason) => reason.as_str(),
            Self::TooManyFacts => "too_many_facts",
            Self::Books => "books_do_not_add_up",
            Self::Conflict => "conflict",
            Self::Duplicate => "received_before",
            Self::Dismissed => "dismissed",
            Self::Store(StoreError::Shape(_)) => "row_unreadable",
            Self::Store(_) => "table_unavailable",
        }
    }

    fn is_hopeless(&self) -> bool {
        matches!(self, Self::Unreadable(_) | Self::TooManyFacts | Self::Books)
    }

    /// Maps an error of a look-up for which "absent" would have been a valid answer.
    fn of_look_up(error: &CallError) -> Self {
        if error.is_refusal() { Self::LookUpRefused } else { Self::Unanswered }
    }

    fn of_recording(error: RecordError) -> Self {
        match error {
            RecordError::TooManyFacts(_) => Self::TooManyFacts,
            RecordError::Books(_) => Self::Books,
            RecordError::Store(error) => Self::Store(error),
        }
    }
}

impl EventIntake<'_> {
    /// Stores a new event and applies it if possible. After `Ok` the event is stored.
    pub async fn receive(&self, mut event: StoredEvent, now: DateTime<Utc>) -> Result<Received, StoreError> {
        event.status = EventStatus::Applied;
        match self.apply(&event, true, now).await {
            Ok(()) => return Ok(Received::Applied),
            Err(ApplyError::Duplicate) => return Ok(Received::Duplicate),
            Err(ApplyError::Ignored(reason)) => return self.keep_ignored(event, reason).await,
            Err(_) => {}
        }
        event.status = EventStatus::Pending;
        if !self.store.inbox().save_event(&event, Some(now + back_off(1))).await? {
            return Ok(Received::Duplicate);
        }
        // The event is stored and cannot be lost, so this attempt may query providers.
        match self.apply_kept(&event, now).await {
            Ok(Applied::Now) => Ok(Received::Applied),
            _ => Ok(Received::Kept),
        }
    }

    /// Applies a stored event, or records why it has to wait.
    pub async fn apply_kept(&self, event: &StoredEvent, now: DateTime<Utc>) -> Result<Applied, StoreError> {
        let error = match self.apply(event, false, now).await {
            Ok(()) | Err(ApplyError::Duplicate) => return Ok(Applied::Now),
            Err(ApplyError::Ignored(reason)) => {
                if self.store.inbox().mark_ignored(event, reason).await? {
                    count_ignored(event, reason);
                }
                return Ok(Applied::Ignored);
            }
            Err(ApplyError::Dismissed) => return Ok(Applied::Ignored),
            Err(error) => error,
        };
        let hopeless = error.is_hopeless() || event.tries + 1 >= MAX_TRIES;
        let due_at = (!hopeless).then(|| now + back_off(event.tries + 1));
        // Errors of the table count as tries as well: an event on an unreadable row would otherwise stay first
        // in the queue for ever.
        let is_postponed = self.store.inbox().postpone(event, error.reason(), due_at).await?;
        match error {
            // Somebody else changed it meanwhile, and this attempt decides nothing about it.
            _ if hopeless && !is_postponed => Ok(Applied::Later),
            _ if hopeless => {
                // An alarm counts this line: the event waits for a person from now on.
                let (source, reason) = (&event.source, error.reason());
                let (event_id, name) = (&event.payload_min.event_id, &event.payload_min.name);
                tracing::error!(
                    events_set_aside = 1,
                    source,
                    event_id,
                    name,
                    reason,
                    "a stored event was set aside"
                );
                Ok(Applied::Never)
            }
            ApplyError::Store(error) => Err(error),
            _ => Ok(Applied::Later),
        }
    }

    async fn apply(&self, event: &StoredEvent, new: bool, now: DateTime<Utc>) -> Result<(), ApplyError> {
        let applied = retry(CONFLICT_TRIES, |attempt| async move {
            if attempt > 0 {
                let jitter = self.ids.next().as_u128() as u64 % CONFLICT_PAUSE_MS;
                tokio::time::sleep(StdDuration::from_millis(u64::from(attempt) * CONFLICT_PAUSE_MS + jitter))
                    .await;
            }
            self.apply_once(event, new, now).await
        });
        applied.await
    }

    async fn apply_once(&self, event: &StoredEvent, new: bool, now: DateTime<Utc>) -> Result<(), ApplyError> {
        let mut writes = self.plan_writes(event, !new, now).await?;
        let inbox = self.store.inbox();
        let own = writes.len();
        let mark = if new {
            inbox.add_event(event, None).map_err(ApplyError::Store)?
        } else {
            inbox.mark_applied(event)
        };
        writes.push(mark);
        match self.store.commit(self.ids.next(), writes).await {
            Err(StoreError::Conflict { refused }) => {
                // If the event's own row refused the write, it exists (or is applied) already, or another
                // transaction held it. Read it to find out.
                let refused_by_itself = refused.contains(&own);
                Err(if refused_by_itself { self.refusal(event, new).await } else { ApplyError::Conflict })
            }
            committed => committed.map_err(ApplyError::Store),
        }
    }

    /// What the event's own row says about a transaction that it refused.
    async fn refusal(&self, event: &StoredEvent, new: bool) -> ApplyError {
        match self.store.inbox().event(&event.source, &event.payload_min.event_id).await {
            Ok(Some(_)) if new => ApplyError::Duplicate,
            Ok(Some(found)) if found.status == EventStatus::Applied => ApplyError::Duplicate,
            Ok(Some(found)) if found.status == EventStatus::Dismissed => ApplyError::Dismissed,
            Ok(_) => ApplyError::Conflict,
            Err(error) => ApplyError::Store(error),
        }
    }

    /// The writes that follow from an event, given the rows as they are now.
    async fn plan_writes(
        &self,
        stored: &StoredEvent,
        may_query: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, ApplyError> {
        let event = &stored.payload_min;
        match &event.meaning {
            Meaning::Booking { what, .. } => {
                self.plan_booking_event(stored, what.clone(), may_query, now).await
            }
            Meaning::RefundFailed { payment_intent } => {
                self.plan_failed_refund(stored, payment_intent, may_query, now).await
            }
            Meaning::Account(account_status) => {
                self.plan_account_update(stored, account_status, may_query, now).await
            }
            Meaning::PayoutFailed { account, money } => {
                self.plan_failed_payout(stored, account, money, now).await
            }
            Meaning::Unreadable { part } => Err(ApplyError::Unreadable(*part)),
            Meaning::UnreadablePayment { payment_intent, part } => {
                self.find_payment_owner(stored, payment_intent, may_query).await?;
                Err(ApplyError::Unreadable(*part))
            }
            Meaning::UnreadableAccount { account, part } => {
                self.load_payee(stored, account).await?;
                Err(ApplyError::Unreadable(*part))
            }
            Meaning::Ignored { reason } => Err(ApplyError::Ignored(*reason)),
            _ => self.plan_membership_event(event, may_query, now).await,
        }
    }

    async fn plan_membership_event(
        &self,
        event: &Event,
        may_query: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, ApplyError> {
        let facts = CaseFact::of_event(event);
        let is_of_case = event.membership_id.is_some() || event.payment_id.is_some();
        if facts.is_empty() || !is_of_case {
            return Ok(Vec::new());
        }
        let Some((company, membership_id)) = self.find_owner(event, may_query).await? else {
            // The company is unknown: a later event may name it, so the event is retried and not dropped.
            return Err(ApplyError::OwnerUnknown);
        };
        let read = company.membership(&membership_id).await.map_err(ApplyError::Store)?;
        let payment_id = match event.meaning {
            Meaning::RenewalFailed { .. } | Meaning::PaymentSucceeded { .. } => event.payment_id.clone(),
            _ => None,
        };
        let (user_id, product_id) = (event.user_id.clone(), event.product_id.clone());
        let (cause, source) = (event.event_id.as_str(), Source::Webhook);
        let change = CaseChange { facts, user_id, payment_id, product_id, cause, source };
        let recording =
            company.record(&membership_id, read, change, now).map_err(ApplyError::of_recording)?;
        let mut writes = recording.writes;
        if let (Some(user), Some(product), Some(bought_at)) =
            (&event.user_id, &event.product_id, event.bought_at)
        {
            let purchase = Purchase { membership_id, bought_at };
            writes.push(company.record_purchase(user, product, &purchase));
        }
        Ok(writes)
    }

    /// The company and membership of the event: named by the event itself, by earlier events, or by Whop.
    async fn find_owner(
        &self,
        event: &Event,
        may_query: bool,
    ) -> Result<Option<(Company, MembershipId)>, ApplyError> {
        if let (Some(company), Some(membership)) = (&event.company_id, &event.membership_id) {
            return Ok(Some((self.store.company(company), membership.clone())));
        }
        let payment = event.payment_id.as_ref().map(|id| id.as_str());
        let ids = event.membership_id.as_ref().map(|id| id.as_str()).into_iter().chain(payment);
        for id in ids {
            if let Some(owner) = self.store.inbox().owner(id).await.map_err(ApplyError::Store)? {
                let membership = event.membership_id.clone().unwrap_or(owner.membership_id);
                return Ok(Some((self.store.company(&owner.company_id), membership)));
            }
        }
        let (Some(whop), Some(membership), true) = (self.whop, &event.membership_id, may_query) else {
            return Ok(None);
        };
        let company = match whop.membership(membership).await {
            Ok(found) => found.membership.company_id,
            Err(CallError::Absent) => None,
            Err(error) => return Err(ApplyError::of_look_up(&error)),
        };
        Ok(company.map(|company| (self.store.company(&company), membership.clone())))
    }
}
