//! The writes that follow from an event about a professional's account at Stripe.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};

use super::{ApplyError, EventIntake, UNKNOWN_OWNER_TRIES};
use crate::domain::kernel::money::Money;
use crate::domain::kernel::party::{ProfessionalId, StripeAccountId};
use crate::domain::marketplace::payout::StripeAccountStatus;
use crate::domain::platform::event::{Event, IgnoreReason};
use crate::store::marketplace::payee::{FailedPayout, PayeeRow};
use crate::store::platform::inbox::StoredEvent;
use crate::store::{Company, Write};

impl EventIntake<'_> {
    /// `account.updated`: the last event wins. On equal timestamps the account is read again from Stripe.
    pub(super) async fn plan_account_update(
        &self,
        stored: &StoredEvent,
        account_status: &StripeAccountStatus,
        may_query: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, ApplyError> {
        let event = &stored.payload_min;
        let (company, professional_id, payee) = self.load_payee(stored, &account_status.account).await?;
        // The professional may have connected another account since.
        let Some(known) = payee.account.as_ref().filter(|known| known.id == account_status.account) else {
            return Ok(Vec::new());
        };
        let is_known = account_status.payee_account(Some(known)).as_ref() == Some(known)
            && account_status.disabled_reason == payee.disabled_reason;
        let known_s = payee.account_reported_at.map(|at| at.timestamp());
        let newest = match Some(event.occurred_at.timestamp()).cmp(&known_s) {
            Ordering::Less => return Ok(Vec::new()),
            Ordering::Equal if is_known => return Ok(Vec::new()),
            Ordering::Equal => {
                self.query_account_status(event, &account_status.account, may_query, now).await?
            }
            Ordering::Greater => account_status.clone(),
        };
        let write = company.record_account_status(&payee, &professional_id, &newest, event.occurred_at, now);
        write.map(|write| vec![write]).map_err(ApplyError::Store)
    }

    /// `payout.failed`: the professional's bank rejected a payout.
    pub(super) async fn plan_failed_payout(
        &self,
        stored: &StoredEvent,
        account: &StripeAccountId,
        money: &Money,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, ApplyError> {
        let (company, professional_id, payee) = self.load_payee(stored, account).await?;
        let event = &stored.payload_min;
        let (event_id, at, money) = (event.event_id.clone(), event.occurred_at, money.clone());
        let failed = FailedPayout { event_id, at, money };
        company.record_failed_payout(&payee, &professional_id, &failed, now).map_err(ApplyError::Store)
    }

    /// The professional who registered an account. Registration reads the account from Stripe first, so an
    /// event that arrives between that read and the registration waits. An event whose account is still unknown
    /// after [`UNKNOWN_OWNER_TRIES`] belongs to another user of the same Stripe platform, and is ignored.
    pub(super) async fn load_payee(
        &self,
        stored: &StoredEvent,
        account: &StripeAccountId,
    ) -> Result<(Company, ProfessionalId, PayeeRow), ApplyError> {
        let Some(owner) = self.store.inbox().payee_owner(account).await.map_err(ApplyError::Store)? else {
            let is_exhausted = stored.tries >= UNKNOWN_OWNER_TRIES;
            let ignored = ApplyError::Ignored(IgnoreReason::NotOurs);
            return Err(if is_exhausted { ignored } else { ApplyError::OwnerUnknown });
        };
        let company = self.store.company(&owner.company_id);
        let payee = company.payee(&owner.professional_id).await.map_err(ApplyError::Store)?;
        Ok((company, owner.professional_id, payee))
    }

    async fn query_account_status(
        &self,
        event: &Event,
        account: &StripeAccountId,
        may_query: bool,
        now: DateTime<Utc>,
    ) -> Result<StripeAccountStatus, ApplyError> {
        let stripe = self.settled_stripe(event, may_query, now)?;
        let found = stripe.account(account.as_str()).await;
        let found = found.map_err(|error| ApplyError::of_look_up(&error))?;
        found.status().ok_or(ApplyError::Unanswered)
    }
}
