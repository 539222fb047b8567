//! Finds out whether the member bought the same product again, as another membership, after the failure.
//!
//! Reported events are checked first. Whop gives up delivering a webhook after some retries, so an event may be
//! missing; then Whop's list of memberships is queried.

use super::member_channels::{MemberChannels, Unanswered};
use crate::domain::kernel::id::{CompanyId, MembershipId};
use crate::domain::recovery::case::Case;
use crate::domain::recovery::second_purchase::is_second_purchase;
use crate::providers::whop::client::Whop;
use crate::store::{Company, StoreError};

/// The query, named as in [`crate::domain::recovery::contact::ChannelError::question`].
const QUESTION: &str = "purchases";

impl MemberChannels {
    /// A second purchase that an event reported.
    pub(super) async fn load_reported_purchase(
        &self,
        company: &Company,
        case: &Case,
    ) -> Result<Option<MembershipId>, StoreError> {
        let (Some(product), Some(user)) = (self.product(case), &self.user_id) else { return Ok(None) };
        let purchases = company.purchases(user, product).await?;
        let again = purchases.into_iter().find(|purchase| {
            purchase.membership_id != case.membership_id && purchase.bought_at > case.first_failure_at
        });
        Ok(again.map(|purchase| purchase.membership_id))
    }

    /// A second purchase that Whop lists. If Whop refuses, only reported events count; any other failure is an
    /// error, because the member may have bought again.
    pub(super) async fn load_listed_purchase(
        &mut self,
        whop: &Whop,
        company: &CompanyId,
        case: &Case,
    ) -> Result<Option<MembershipId>, Unanswered> {
        let (Some(product), Some(user)) = (self.product(case), &self.user_id) else { return Ok(None) };
        match whop.bought_after(company, user, product, case.first_failure_at).await {
            Ok(listed) => {
                let again = listed.into_iter().find(|listed| is_second_purchase(listed, case, user, product));
                Ok(again.map(|again| again.id))
            }
            Err(error) if error.is_refusal() => {
                self.record_error(QUESTION, error);
                Ok(None)
            }
            Err(error) => Err(Unanswered { question: QUESTION, error }),
        }
    }

    /// The product of the case's membership according to Whop, or else according to events.
    fn product<'a>(&'a self, case: &'a Case) -> Option<&'a str> {
        let newest = self.membership.as_ref().and_then(|membership| membership.product_id.as_deref());
        newest.or(case.product_id.as_deref())
    }
}
