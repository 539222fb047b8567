//! What follows from an event about the account of a professional who is paid.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};

use super::{ApplyError, EventIntake, STRANGERS_TRIES};
use crate::domain::kernel::money::Money;
use crate::domain::kernel::party::{ProfessionalId, StripeAccountId};
use crate::domain::marketplace::payout::AccountStanding;
use crate::domain::platform::event::{Event, IgnoreReason};
use crate::store::marketplace::payee::{FailedPayout, PayeeRow};
use crate::store::platform::inbox::StoredEvent;
use crate::store::{Company, Write};

impl EventIntake<'_> {
    /// An account stands otherwise. The newest word counts; of two of one second Stripe says which.
    pub(super) async fn follow_account(
        &self,
        stored: &StoredEvent,
        standing: &AccountStanding,
        may_ask: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, ApplyError> {
        let event = &stored.payload_min;
        let (company, professional_id, payee) = self.payee(stored, &standing.account).await?;
        // A professional may have left this account for another.
        let Some(known) = payee.account.as_ref().filter(|known| known.id == standing.account) else {
            return Ok(Vec::new());
        };
        let is_known = standing.payee_account(Some(known)).as_ref() == Some(known)
            && standing.disabled_reason == payee.disabled_reason;
        let heard_s = payee.account_heard_at.map(|at| at.timestamp());
        let newest = match Some(event.occurred_at.timestamp()).cmp(&heard_s) {
            Ordering::Less => return Ok(Vec::new()),
            Ordering::Equal if is_known => return Ok(Vec::new()),
            Ordering::Equal => self.standing(event, &standing.account, may_ask, now).await?,
            Ordering::Greater => standing.clone(),
        };
        let write = company.note_standing(&payee, &professional_id, &newest, event.occurred_at, now);
        write.map(|write| vec![write]).map_err(ApplyError::Store)
    }

    /// A bank did not take a professional's money.
    pub(super) async fn follow_failed_payout(
        &self,
        stored: &StoredEvent,
        account: &StripeAccountId,
        money: &Money,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, ApplyError> {
        let (company, professional_id, payee) = self.payee(stored, account).await?;
        let event = &stored.payload_min;
        let (event_id, at, money) = (event.event_id.clone(), event.occurred_at, money.clone());
        let failed = FailedPayout { event_id, at, money };
        company.note_failed_payout(&payee, &professional_id, &failed, now).map_err(ApplyError::Store)
    }

    /// Whose an account is, as the payouts know them. Registering an account asks Stripe for its state, so that
    /// only an event that comes between the asking and the registering waits for its owner. After that the account
    /// is none of our professionals', of whom a platform may have few among many.
    pub(super) async fn payee(
        &self,
        stored: &StoredEvent,
        account: &StripeAccountId,
    ) -> Result<(Company, ProfessionalId, PayeeRow), ApplyError> {
        let Some(owner) = self.store.inbox().payee_owner(account).await.map_err(ApplyError::Store)? else {
            let is_nobodys = stored.tries >= STRANGERS_TRIES;
            let ignored = ApplyError::Ignored(IgnoreReason::NotOurs);
            return Err(if is_nobodys { ignored } else { ApplyError::OwnerUnknown });
        };
        let company = self.store.company(&owner.company_id);
        let payee = company.payee(&owner.professional_id).await.map_err(ApplyError::Store)?;
        Ok((company, owner.professional_id, payee))
    }

    async fn standing(
        &self,
        event: &Event,
        account: &StripeAccountId,
        may_ask: bool,
        now: DateTime<Utc>,
    ) -> Result<AccountStanding, ApplyError> {
        let stripe = self.looks_at(event, may_ask, now)?;
        let found = stripe.account(account.as_str()).await;
        let found = found.map_err(|error| ApplyError::of_look_up(&error))?;
        found.standing().ok_or(ApplyError::Unanswered)
    }
}
