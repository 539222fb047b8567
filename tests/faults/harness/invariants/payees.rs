//! Payees: one worker at a time processes one, and none with a payable share is forgotten.

use std::collections::BTreeSet;

use shared::domain::marketplace::booking::{Due, Policy};
use shared::store::marketplace::payee::PayeeRow;

use crate::harness::invariant::{Invariant, Moment, must};
use crate::harness::process::is_of;
use crate::harness::rows::Row;

pub struct OneAtAPayee;

/// Attributes that only the owner of the claim writes.
const HELD: [&str; 4] = ["fence", "owner", "lease_until", "next_cursor"];

impl Invariant for OneAtAPayee {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        let mut touched = BTreeSet::new();
        for (before, after) in moment.changes() {
            let Some(row) = after.or(before) else { continue };
            match row.text("sk") {
                "PAYEE" => {
                    touched.insert(row.text("pk").to_owned());
                    let context = || format!("{before:?}\n  became {after:?}");
                    claim(before, after, moment).map_err(|problem| format!("{problem}: {}", context()))?;
                }
                "BOOKING" => {
                    let id = row.text("professional_pk").replacen('#', "\u{0}", 1);
                    let whose = id.split_once('\u{0}');
                    touched.extend(whose.map(|(company, id)| format!("PAYEE#{company}#{id}")));
                }
                _ => {}
            }
        }
        if touched.is_empty() { Ok(()) } else { nobody_is_forgotten(moment, &touched) }
    }
}

fn claim(before: Option<&Row>, after: Option<&Row>, moment: &Moment<'_>) -> Result<(), String> {
    let Some(after) = after else { return Err("a professional is gone".to_owned()) };
    let unheld = HELD.iter().all(|name| before.map(|row| &row.0[name]) == Some(&after.0[name]));
    let (old, new) = (before.and_then(|row| row.number("fence")), after.number("fence"));
    must(new >= old, || "a fence fell".to_owned())?;
    let none = before.is_none() && new.is_none();
    let Some(actor) = moment.actor.filter(|_| !unheld && !none) else {
        return must(unheld || none, || "no worker changed a claim".to_owned());
    };
    if new > old {
        // A slow worker may renew a claim that another is about to take: the fencing token decides.
        let taken = is_of(actor, after.text("owner"));
        return must(taken, || format!("worker {actor} raised a fence without a claim of its own"));
    }
    let owner = before.map(|row| row.text("owner")).unwrap_or_default();
    must(is_of(actor, owner), || format!("worker {actor} wrote under another's claim"))
}

/// Every professional with a booking payable now or later is due.
fn nobody_is_forgotten(moment: &Moment<'_>, touched: &BTreeSet<String>) -> Result<(), String> {
    for booked in moment.after.bookings().filter(|booked| !booked.row.payout_in_progress) {
        let Some(booking) = &booked.booking else { continue };
        let payable = matches!(booking.next_due(&Policy::default()), Some(Due::Payout { .. }));
        let pk = format!("PAYEE#{}#{}", booked.row.company_id, booking.terms.professional_id);
        if !payable || !touched.contains(&pk) {
            continue;
        }
        let payee = moment.after.0.get(&(pk, "PAYEE".to_owned())).map(Row::read::<PayeeRow>);
        let due = payee.is_some_and(|payee| payee.due_at.is_some());
        must(due, || format!("no row says when its professional is due: {}", booked.projected))?;
    }
    Ok(())
}
