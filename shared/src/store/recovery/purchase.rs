//! A member's purchases by product, from which a case learns that the same product was bought again.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::kernel::id::{MembershipId, UserId};
use crate::domain::kernel::time;
use crate::store::keys::{self, Key};
use crate::store::write::{Write, text};
use crate::store::{Company, Page, Query, Range, StoreError};

/// A membership that became valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    pub membership_id: MembershipId,
    #[serde(with = "crate::domain::kernel::time")]
    pub bought_at: DateTime<Utc>,
}

/// More purchases of one product than a member makes; further ones are ignored.
const MAX_LISTED: i32 = 100;

impl Company {
    /// Records a purchase; must be in the transaction of the event that reported it. The first event sets the
    /// time, because a membership that becomes valid once more was not bought again.
    pub fn record_purchase(&self, user: &UserId, product_id: &str, purchase: &Purchase) -> Write {
        let Purchase { membership_id, bought_at } = purchase;
        Write::update(Key::purchase(&self.company, user, product_id, membership_id))
            .set("membership_id", text(membership_id.as_str()))
            .set_absent("bought_at", text(time::format(*bought_at)))
    }

    /// A member's purchases of one product, in one query.
    pub async fn purchases(&self, user: &UserId, product_id: &str) -> Result<Vec<Purchase>, StoreError> {
        let (pk, prefix) = (keys::member_pk(&self.company, user), keys::purchase_prefix(product_id));
        let query = Query {
            range: Range::Prefix(keys::SK, &prefix),
            limit: Some(MAX_LISTED),
            ..Query::partition(&pk)
        };
        let page: Page<Purchase> = self.store.query(query).await?;
        Ok(page.rows)
    }
}
