//! Joins the plans of one batch; each professional's turn makes its own plan.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{CarriedLine, Plan, Totals};
use crate::kernel::money::{Currency, Money};

impl Plan {
    /// Adds a later plan. A booking that was skipped first and settled later counts as settled. The lines of a
    /// debt are merged, from the amount before the first plan to that after the last.
    pub fn join(&mut self, later: Self) {
        self.transfers.extend(later.transfers);
        self.settled.extend(later.settled);
        self.skips.extend(later.skips);
        later.carried.into_iter().for_each(|line| self.merge_carried(line));
        let transfers = self.transfers.iter().map(|it| it.booking_id);
        let decided: BTreeSet<_> = transfers.chain(self.settled.iter().map(|it| it.booking_id)).collect();
        self.skips.retain(|skip| !decided.contains(&skip.booking_id));
        self.skips.sort();
        self.skips.dedup_by_key(|skip| skip.booking_id);
        self.totals = self.sums();
    }

    fn merge_carried(&mut self, later: CarriedLine) {
        let same = |line: &&mut CarriedLine| {
            (&line.professional_id, &line.currency) == (&later.professional_id, &later.currency)
        };
        match self.carried.iter_mut().find(same) {
            Some(line) => {
                line.used_amount += later.used_amount;
                line.after_amount = later.after_amount;
            }
            None => self.carried.push(later),
        }
    }

    fn sums(&self) -> BTreeMap<Currency, Totals> {
        let mut totals: BTreeMap<Currency, Totals> = BTreeMap::new();
        let mut add = |payable: &Money, transferred: i64, carried: i64, skipped: i64| {
            let totals = totals.entry(payable.currency.clone()).or_default();
            totals.payable_amount += i128::from(payable.amount);
            totals.transferred_amount += i128::from(transferred);
            totals.carried_amount += i128::from(carried);
            totals.skipped_amount += i128::from(skipped);
        };
        self.transfers.iter().for_each(|it| add(&it.payable, it.request.amount, it.carried_amount, 0));
        self.settled.iter().for_each(|it| add(&it.payable, 0, it.payable.amount, 0));
        self.skips.iter().for_each(|it| add(&it.money, 0, 0, it.money.amount));
        totals
    }
}
