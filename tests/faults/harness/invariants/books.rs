//! The ledger: it sums to zero, the balances equal a recount of the entries, a booking's entries match its facts,
//! and reserved amounts match the running transfers.

use std::collections::BTreeMap;

use shared::domain::marketplace::ledger::{LedgerAccount, LedgerEntry, position};
use shared::domain::platform::effect::EffectStatus;

use crate::harness::invariant::{Invariant, Moment, must};
use crate::harness::rows::{Row, Rows};

/// For every company and currency, at every moment, because entries and balances are written together.
pub struct LedgerSumsToZero;

/// Amounts by the key of a balance row and account; zero amounts are left out.
type Sums = BTreeMap<((String, String), String), i64>;

impl Invariant for LedgerSumsToZero {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        let kinds = ["LEDGER#", "BALANCE#", "BOOKING#"];
        let is_of_money = |row: &Row| kinds.iter().any(|kind| row.text("pk").starts_with(kind));
        let mut changes = moment.changes();
        if changes.any(|(before, after)| before.or(after).is_some_and(is_of_money)) {
            return check(moment.after);
        }
        Ok(())
    }

    fn at_rest(&self, moment: &Moment<'_>) -> Result<(), String> {
        check(moment.after)
    }
}

fn check(rows: &Rows) -> Result<(), String> {
    let mut recounted = Sums::new();
    for booked in rows.bookings() {
        let Some(booking) = &booked.booking else { continue };
        let (company, id) = (&booked.row.company_id, booked.row.booking_id);
        let currency = &booking.terms.price.currency;
        let place = format!("{}#{}", booking.terms.professional_id, currency.as_str());
        let balance = (format!("BALANCE#{company}"), place);
        let mut worth: BTreeMap<LedgerAccount, i64> = BTreeMap::new();
        for entry in rows.of(&format!("LEDGER#{company}#{id}")).map(Row::read::<LedgerEntry>) {
            for posting in entry.postings() {
                must(posting.currency == *currency, || format!("{entry:?} is of another currency"))?;
                *worth.entry(posting.account.clone()).or_default() += posting.amount;
            }
        }
        worth.retain(|_, amount| *amount != 0);
        let meant = position(booking);
        must(worth == meant, || format!("the entries of {id} are worth {worth:?} and not {meant:?}"))?;
        for (account, amount) in worth {
            *recounted.entry((balance.clone(), account.name().to_owned())).or_default() += amount;
        }
        let kept = booked.live_transfers().filter(|(effect, _)| effect.status != EffectStatus::Done);
        let kept: i64 = kept.map(|(_, request)| request.metadata.carried_amount).sum();
        *recounted.entry((balance, "reserved".to_owned())).or_default() += kept;
    }
    recounted.retain(|_, amount| *amount != 0);
    let counted = counted(rows);
    must(counted == recounted, || format!("balances {counted:?}\n  recounted {recounted:?}"))?;
    let mut totals: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for (((pk, sk), _), amount) in counted.iter().filter(|((_, word), _)| word != "reserved") {
        *totals.entry((pk, sk.rsplit('#').next().unwrap_or_default())).or_default() += amount;
    }
    must(totals.values().all(|total| *total == 0), || format!("the books add up to {totals:?}"))
}

fn counted(rows: &Rows) -> Sums {
    let mut sums = Sums::new();
    for row in rows.of("BALANCE#") {
        let names = row.0.as_object().into_iter().flatten().map(|(name, _)| name);
        for name in names.filter(|name| LedgerAccount::NAMES.contains(&name.as_str()) || *name == "reserved")
        {
            let key = (row.text("pk").to_owned(), row.text("sk").to_owned());
            sums.insert((key, name.clone()), row.number(name).unwrap_or_default());
        }
    }
    sums.retain(|_, amount| *amount != 0);
    sums
}
