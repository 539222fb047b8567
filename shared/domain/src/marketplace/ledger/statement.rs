//! Balances and statements: sums of entries.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::account::LedgerAccount;
use super::entry::LedgerEntry;
use crate::kernel::money::Currency;
use crate::kernel::party::{BookingId, ProfessionalId};
use crate::marketplace::booking::Kind;

/// The balances of all accounts, as `i128` so that sums of amounts cannot overflow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Balances(BTreeMap<(LedgerAccount, Currency), i128>);

impl Balances {
    pub fn add(&mut self, entry: &LedgerEntry) {
        for posting in entry.postings() {
            let key = (posting.account.clone(), posting.currency.clone());
            *self.0.entry(key).or_default() += i128::from(posting.amount);
        }
        self.0.retain(|_, sum| *sum != 0);
    }

    /// Adds an amount to an account.
    pub fn count(&mut self, account: LedgerAccount, currency: Currency, amount: i64) {
        *self.0.entry((account, currency)).or_default() += i128::from(amount);
        self.0.retain(|_, sum| *sum != 0);
    }

    pub fn of<'a>(entries: impl IntoIterator<Item = &'a LedgerEntry>) -> Self {
        let mut balances = Self::default();
        entries.into_iter().for_each(|entry| balances.add(entry));
        balances
    }

    pub fn on(&self, account: &LedgerAccount, currency: &Currency) -> i128 {
        self.0.get(&(account.clone(), currency.clone())).copied().unwrap_or_default()
    }

    /// Every account with a balance other than zero.
    pub fn iter(&self) -> impl Iterator<Item = (&LedgerAccount, &Currency, i128)> {
        self.0.iter().map(|((account, currency), sum)| (account, currency, *sum))
    }

    /// The cash that these bookings should have at Stripe.
    pub fn cash(&self, currency: &Currency) -> i128 {
        self.iter()
            .filter(|(account, of, _)| account.is_cash() && *of == currency)
            .map(|(_, _, sum)| sum)
            .sum()
    }

    /// The sum of all balances of a currency; anything but zero is an error in the ledger.
    pub fn total(&self, currency: &Currency) -> i128 {
        self.iter().filter(|(_, of, _)| *of == currency).map(|(_, _, sum)| sum).sum()
    }
}

/// A professional's statement in one currency, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    pub professional_id: ProfessionalId,
    pub currency: Currency,
    /// Sorted by time, oldest first.
    pub lines: Vec<StatementLine>,
    /// The share that is not settled yet.
    pub owed_amount: i128,
    /// The debt; negative if more was withheld than was owed.
    pub carried_amount: i128,
    pub paid_amount: i128,
    /// The reversed part of `paid_amount`.
    pub reversed_amount: i128,
}

/// The change by one fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementLine {
    #[serde(with = "crate::kernel::time")]
    pub at: DateTime<Utc>,
    pub entry_id: uuid::Uuid,
    pub booking_id: BookingId,
    pub cause: Kind,
    /// The change of the unsettled share.
    pub owed_amount: i64,
    /// The change of the debt.
    pub carried_amount: i64,
    pub paid_amount: i64,
    pub reversed_amount: i64,
    /// The unsettled share less the debt, after this line.
    pub balance_amount: i128,
}

impl Statement {
    /// The statement of these entries, which may be in any order. A duplicate entry counts once.
    pub fn of<'a>(
        professional_id: &ProfessionalId,
        currency: &Currency,
        entries: impl IntoIterator<Item = &'a LedgerEntry>,
    ) -> Self {
        let mut statement = Self {
            professional_id: professional_id.clone(),
            currency: currency.clone(),
            lines: Vec::new(),
            owed_amount: 0,
            carried_amount: 0,
            paid_amount: 0,
            reversed_amount: 0,
        };
        let sorted: BTreeMap<_, _> =
            entries.into_iter().map(|entry| ((entry.at(), entry.id()), entry)).collect();
        sorted.into_values().for_each(|entry| statement.add(entry));
        statement
    }

    fn add(&mut self, entry: &LedgerEntry) {
        let on = |account: fn(ProfessionalId) -> LedgerAccount| {
            entry.amount_on(&account(self.professional_id.clone()), &self.currency)
        };
        // Credits are in the professional's favour, so the signs are inverted for the reader.
        let (owed, paid) = (-on(LedgerAccount::Owed), -on(LedgerAccount::Paid));
        let (carried, reversed) = (on(LedgerAccount::Carried), on(LedgerAccount::Reversed));
        if (owed, paid, carried, reversed) == (0, 0, 0, 0) {
            return;
        }
        self.owed_amount += i128::from(owed);
        self.carried_amount += i128::from(carried);
        self.paid_amount += i128::from(paid);
        self.reversed_amount += i128::from(reversed);
        self.lines.push(StatementLine {
            at: entry.at(),
            entry_id: entry.id(),
            booking_id: entry.booking_id(),
            cause: entry.cause(),
            owed_amount: owed,
            carried_amount: carried,
            paid_amount: paid,
            reversed_amount: reversed,
            balance_amount: self.owed_amount - self.carried_amount,
        });
    }
}
