//! What a professional owes and may be paid, as rows: balances, approvals, and what a batch gives already.

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

/// The part of a debt that transfers on their way keep back already, beside the accounts of the books.
pub(in crate::store) const RESERVED: &str = "reserved";

/// What decides about a professional's money in one currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PayeeMoney {
    /// The debt, without what transfers on their way keep back of it.
    pub carried_amount: i64,
    /// A second person's yes, whether or not it still counts.
    pub approval: Option<Approval>,
    /// What the batch has decided to transfer.
    pub planned_amount: i64,
}

impl Company {
    /// What decides about a professional's money in these currencies, in one request.
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
        let mut take = |key: Key| found.remove(&(key.pk, key.sk));
        let mut money = BTreeMap::new();
        for (currency, [balance, approval, line]) in wanted {
            let count =
                |item: &Option<Item>, name| item.as_ref().and_then(|item| attribute_number(item, name));
            let (balance, line) = (take(balance), take(line));
            let carried = count(&balance, "carried").unwrap_or_default();
            let reserved = count(&balance, RESERVED).unwrap_or_default();
            let row = PayeeMoney {
                carried_amount: carried.saturating_sub(reserved),
                approval: take(approval).map(read_row).transpose()?,
                planned_amount: count(&line, "planned_amount").unwrap_or_default(),
            };
            money.insert(currency, row);
        }
        Ok(money)
    }

    /// Keeps so much of a debt back with transfers that are on their way; stands beside them.
    pub fn reserve(&self, professional_id: &ProfessionalId, currency: &Currency, amount: i64) -> Write {
        Write::update(Key::balance(&self.company, professional_id, currency)).count(RESERVED, amount)
    }

    /// A second person's yes; the newest counts.
    pub fn approve(
        &self,
        professional_id: &ProfessionalId,
        currency: &Currency,
        approval: &Approval,
    ) -> Result<Write, StoreError> {
        Write::put(Key::approval(&self.company, professional_id, currency), approval)
    }

    /// Uses an approval for a batch, unless another one has taken its place.
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
