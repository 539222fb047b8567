//! A booking's row matches its facts, in every list and at every time.

use shared::domain::marketplace::booking::{Due, Policy, Step};
use shared::domain::platform::effect::EffectStatus;

use crate::harness::booked::Booked;
use crate::harness::invariant::{Invariant, Moment, must};

pub struct RowsFollowFacts;

impl Invariant for RowsFollowFacts {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        for booked in moment.changed_bookings() {
            let context = |problem: String| format!("{problem}: {}", booked.projected);
            lists(&booked).map_err(context)?;
            due(&booked).map_err(context)?;
            steps(&booked).map_err(context)?;
            payout(&booked).map_err(context)?;
        }
        grows(moment)
    }
}

/// Every list has the booking under its status.
fn lists(booked: &Booked<'_>) -> Result<(), String> {
    let Some(booking) = &booked.booking else {
        let listed = booked.projected.text("list_pk");
        return must(listed.is_empty(), || "a booking without a request is listed".to_owned());
    };
    let (company, status, row) = (&booked.row.company_id, booking.status.as_str(), booked.projected);
    let ends = [
        ("status", status.to_owned()),
        ("list_pk", format!("{company}#bookings")),
        ("list_status_pk", format!("{company}#bookings#{status}")),
        ("professional_pk", format!("{company}#{}", booking.terms.professional_id)),
        ("customer_pk", format!("{company}#{}", booking.terms.customer_id)),
    ];
    for (name, expected) in ends {
        must(row.text(name) == expected, || format!("{name} should be {expected}"))?;
    }
    let sorted = ["professional_sk", "customer_sk"];
    let by_status = sorted.iter().all(|name| row.text(name).starts_with(&format!("{status}#")));
    must(by_status, || format!("listed under another status than {status}"))
}

/// The booking is due exactly when its time runs out.
fn due(booked: &Booked<'_>) -> Result<(), String> {
    let due = booked.booking.as_ref().and_then(|booking| booking.next_due(&Policy::default()));
    let runs_out = matches!(due, Some(Due::Expire { .. } | Due::Decline { .. }));
    let is_due = !booked.projected.text("due_at").is_empty();
    must(is_due == runs_out, || format!("due, or not, although {due:?}"))
}

/// Exactly the effects that follow from the facts exist, each version once.
fn steps(booked: &Booked<'_>) -> Result<(), String> {
    let Booked { row, booking, effects, .. } = booked;
    for step in Step::ALL {
        let begun = row.started_steps.get(&step).copied().unwrap_or_default();
        let prefix = format!("{}:", step.as_str());
        let found = effects.iter().filter(|effect| effect.action.operation.starts_with(&prefix)).count();
        must(found == begun as usize, || {
            format!("{step:?} has begun {begun} times and has {found} effects")
        })?;
        let wanted = booking.as_ref().is_some_and(|it| it.wants(step, row.payment_intent_id.as_ref()));
        let is_reached = step.recipient().is_none_or(|recipient| row.contact_of(recipient).is_some());
        let can_be = is_reached && step.corrects().is_none_or(|mail| row.started_steps.contains_key(&mail));
        must(!wanted || !can_be || begun > 0, || format!("{step:?} is wanted and has not begun"))?;
    }
    Ok(())
}

/// At most one transfer is live, and the row says whether one is running.
fn payout(booked: &Booked<'_>) -> Result<(), String> {
    let row = &booked.row;
    let standing: Vec<_> = booked.live_transfers().map(|(effect, _)| effect).collect();
    must(standing.len() <= 1, || format!("{} transfers stand", standing.len()))?;
    let under_way = standing.iter().any(|effect| effect.status != EffectStatus::Done);
    must(under_way == row.payout_in_progress, || format!("a transfer is under way: {under_way}"))?;
    let refused = booked.transfers().count() - standing.len();
    must(refused == row.payouts_refused as usize, || format!("{refused} transfers came to nothing"))?;
    let settled = booked.booking.as_ref().and_then(|booking| booking.payout.as_ref());
    let reported = settled.and_then(|payout| payout.transfer.as_ref()).map(ToString::to_string);
    let done = standing.iter().find(|effect| effect.status == EffectStatus::Done);
    let fits = done.is_none_or(|effect| effect.reason == reported);
    must(fits, || format!("settled by {reported:?}, not by the transfer that was made"))
}

/// Facts are only added, and each change is counted.
fn grows(moment: &Moment<'_>) -> Result<(), String> {
    for (before, after) in moment.changes() {
        let Some(before) = before.filter(|row| row.text("sk") == "BOOKING") else { continue };
        let Some(after) = after else { return Err(format!("a booking is gone: {before}")) };
        let (old, new) = (before.number("version"), after.number("version"));
        let facts = |row: &crate::harness::rows::Row| row.0["history"]["L"].as_array().cloned();
        let (known, now) = (facts(before).unwrap_or_default(), facts(after).unwrap_or_default());
        let kept = known.iter().all(|fact| now.contains(fact));
        let counted = new.zip(old).is_some_and(|(new, old)| new == old + 1 || (new == old && known == now));
        must(kept && counted, || {
            format!("facts went, or a change was not counted: {before}\n  became {after}")
        })?;
    }
    Ok(())
}
