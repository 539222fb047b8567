//! Rows of a professional's money: balances, approvals and the sums of a batch.

use std::collections::BTreeMap;

use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::ProfessionalId;
use crate::domain::kernel::time;
use crate::domain::marketplace::payout::{Approval, BatchId};
use crate::store::company::Company;
use crate::store::error::StoreError;
use crate::store::keys::Key;
use crate::store::write::{Expect, Item, Write, text};
use crate::store::{attribute_number, read_row};

/// The balance of the debt that unfinished transfers withhold already; it is not a ledger account.
pub(in crate::store) const RESERVED: &str = "reserved";

/// The amounts that decide about a professional's payout in one currency, in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PayeeMoney {
    /// The debt less the part that unfinished transfers withhold.
    pub carried_amount: i64,
    /// A second person's approval, whether or not it is still valid.
    pub approval: Option<Approval>,
    /// The planned transfers of the batch.
    pub planned_amount: i64,
}

impl Company {
    /// Reads these amounts for several currencies in one request.
    pub async fn payee_money(
        &self,
        professional_id: &ProfessionalId,
        currencies: impl Iterator<Item = &Currency>,
        batch: BatchId,
    ) -> Result<BTreeMap<Currency, PayeeMoney>, StoreError> {
        let keys = |currency: &Currency| {
            let balance = Key::balance(&self.company, professional_id, currency);
            let approval = Key::approval(&self.company, professional_id, currency);
            let line = Key::batch_line(&self.company, batch, professional_id, currency);
            [balance, approval, line]
        };
        let wanted: Vec<(Currency, [Key; 3])> = currencies.map(|it| (it.clone(), keys(it))).collect();
        let all: Vec<Key> = wanted.iter().flat_map(|(_, keys)| keys.clone()).collect();
        let mut found = BTreeMap::new();
        for item in self.store.get_items(&all).await? {
            let key: Key = read_row(item.clone())?;
            found.insert((key.pk, key.sk), item);
        }
        let mut remove = |key: Key| found.remove(&(key.pk, key.sk));
        let mut money = BTreeMap::new();
        for (currency, [balance, approval, line]) in wanted {
            let count =
                |item: &Option<Item>, name| item.as_ref().and_then(|item| attribute_number(item, name));
            let (balance, line) = (remove(balance), remove(line));
            let carried = count(&balance, "carried").unwrap_or_default();
            let reserved = count(&balance, RESERVED).unwrap_or_default();
            let row = PayeeMoney {
                carried_amount: carried.saturating_sub(reserved),
                approval: remove(approval).map(read_row).transpose()?,
                planned_amount: count(&line, "planned_amount").unwrap_or_default(),
            };
            money.insert(currency, row);
        }
        Ok(money)
    }

    /// Reserves the withheld debt amount; must be in the same transaction as the transfers.
    pub fn reserve(&self, professional_id: &ProfessionalId, currency: &Currency, amount: i64) -> Write {
        Write::update(Key::balance(&self.company, professional_id, currency)).count(RESERVED, amount)
    }

    /// Saves a second person's approval, replacing an earlier one.
    pub fn approve(
        &self,
        professional_id: &ProfessionalId,
        currency: &Currency,
        approval: &Approval,
    ) -> Result<Write, StoreError> {
        Write::put(Key::approval(&self.company, professional_id, currency), approval)
    }

    /// Binds an approval to a batch, unless it was replaced.
    pub fn use_approval(
        &self,
        professional_id: &ProfessionalId,
        currency: &Currency,
        approval: &Approval,
        batch: BatchId,
    ) -> Write {
        Write::update(Key::approval(&self.company, professional_id, currency))
            .set("used_in", text(batch.to_string()))
            .expect(Expect::Equals("approved_at", text(time::format(approval.approved_at))))
    }
}
