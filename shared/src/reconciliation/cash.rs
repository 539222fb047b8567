//! Compares the cash in the ledger with the cash at Stripe since the first run.

use std::collections::BTreeMap;

use super::line::{self, is_platform_kind};
use super::{Run, RunError};
use crate::store::marketplace::reconciliation::Cash;

impl Run<'_> {
    /// Adds up both sides. The difference that no finding explains must be zero, to the cent.
    pub(super) async fn compare_cash(&mut self) -> Result<(), RunError> {
        // The ledger already contains lines that are too recent to be matched, so they are included here only.
        let Some(from) = self.cursor.lines_from else { return Ok(()) };
        let Some(tail) = self.fetch_lines(from, None).await? else { return Ok(()) };
        let mut cash: BTreeMap<String, Cash> = BTreeMap::new();
        for (currency, amount) in self.cursor.sums.moved(|kind| !is_platform_kind(kind)) {
            cash.entry(currency).or_default().stripe_amount = amount;
        }
        for line in tail.into_iter().map(line::parse_line).filter(|line| !is_platform_kind(&line.kind)) {
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
