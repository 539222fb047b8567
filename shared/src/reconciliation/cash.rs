//! The cash in the books against the cash at Stripe, since the beginning.

use std::collections::BTreeMap;

use super::line::{self, is_platform_kind};
use super::{Run, RunError};
use crate::store::marketplace::reconciliation::Cash;

impl Run<'_> {
    /// Adds up both sides: what is in neither the books nor a finding should be nothing, to the cent.
    pub(super) async fn add_up(&mut self) -> Result<(), RunError> {
        // Lines that had no time to settle are in the books already, so they count here, and only here.
        let Some(from) = self.cursor.lines_from else { return Ok(()) };
        let Some(tail) = self.lines(from, None).await? else { return Ok(()) };
        let mut cash: BTreeMap<String, Cash> = BTreeMap::new();
        for (currency, amount) in self.cursor.sums.moved(|kind| !is_platform_kind(kind)) {
            cash.entry(currency).or_default().stripe_amount = amount;
        }
        for line in tail.into_iter().map(line::read).filter(|line| !is_platform_kind(&line.kind)) {
            let total = &mut cash.entry(line.currency).or_default().stripe_amount;
            *total = total.saturating_add(line.amount);
        }
        for company in self.companies(&self.cursor.companies) {
            let balances = self.store.company(&company).balances(None).await?;
            for (_, currency, amount) in balances.iter().filter(|(account, ..)| account.is_cash()) {
                let total = &mut cash.entry(currency.as_str().to_owned()).or_default().books_amount;
                *total = total.saturating_add(i64::try_from(amount).unwrap_or(i64::MAX));
            }
        }
        let listed = self.store.finding_totals().await?;
        for (currency, amount) in listed.open_amounts {
            cash.entry(currency).or_default().open_amount = amount;
        }
        for (currency, amount) in listed.accepted_amounts {
            cash.entry(currency).or_default().accepted_amount = amount;
        }
        cash.retain(|_, cash| *cash != Cash::default());
        self.summary.cash = cash;
        Ok(())
    }
}
