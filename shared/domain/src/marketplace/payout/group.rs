//! Decides about the shares of one professional in one currency together.

use super::candidate::{Candidate, PayeeAccount, Rules};
use super::skip::SkipReason;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// Settle the share: withhold a part for a debt and transfer the rest.
    Settle {
        /// The withheld part, at most the share.
        carried_amount: i64,
    },
    Skip(SkipReason),
}

/// Decides about shares that can be paid as far as their bookings are concerned. `shares` are sorted oldest
/// first, and a debt is withheld from the oldest first.
///
/// A share whose charge is known is transferred from that charge and needs no platform balance. Of the others,
/// those before the first that `available` does not cover are paid, and `available` is reduced. If the covered
/// total is below the minimum, nothing is paid.
pub(super) fn decide(
    shares: &[Candidate],
    account: Result<&PayeeAccount, SkipReason>,
    carried_amount: i64,
    rules: &Rules,
    available: &mut i64,
) -> Vec<Decision> {
    let all = |reason| vec![Decision::Skip(reason); shares.len()];
    let Some(first) = shares.first() else { return Vec::new() };
    if let Err(reason) = account {
        return all(reason);
    }
    let (payee, currency) = (&first.professional_id, &first.payable.currency);
    let withheld = withhold(shares, carried_amount);
    let rests = shares.iter().zip(&withheld).map(|(share, withheld)| share.payable.amount - withheld);
    let rests: Vec<i64> = rests.collect();
    let total: i128 = rests.iter().copied().map(i128::from).sum();
    if rules.is_below_minimum(payee, currency, total) {
        return all(SkipReason::BelowMinimum);
    }
    if rules.needs_approval(payee, currency, total) {
        return all(SkipReason::AwaitingApproval);
    }
    let (covered, drawn_amount) = cover(shares, &rests, *available);
    let moved = covered.iter().zip(&rests).filter(|(covered, _)| **covered);
    let moved: i128 = moved.map(|(_, rest)| i128::from(*rest)).sum();
    if rules.is_below_minimum(payee, currency, moved) {
        return all(SkipReason::PlatformBalanceLow);
    }
    *available -= drawn_amount;
    let decision = |(covered, carried_amount)| match covered {
        true => Decision::Settle { carried_amount },
        false => Decision::Skip(SkipReason::PlatformBalanceLow),
    };
    covered.into_iter().zip(withheld).map(decision).collect()
}

/// The amount of each share that is withheld for a debt.
fn withhold(shares: &[Candidate], carried_amount: i64) -> Vec<i64> {
    let mut debt = carried_amount.max(0);
    let withhold = |share: &Candidate| {
        let withheld = share.payable.amount.min(debt);
        debt -= withheld;
        withheld
    };
    shares.iter().map(withhold).collect()
}

/// Which shares are covered, and the amount they draw from the balance. A share that a debt consumes entirely
/// needs no balance.
fn cover(shares: &[Candidate], rests: &[i64], available: i64) -> (Vec<bool>, i64) {
    let (mut drawn_amount, mut is_short) = (0_i64, false);
    let covered = shares.iter().zip(rests).map(|(share, rest)| {
        if *rest == 0 || share.charge.is_some() {
            return true;
        }
        match drawn_amount.checked_add(*rest) {
            Some(sum) if !is_short && sum <= available => drawn_amount = sum,
            _ => is_short = true,
        }
        !is_short
    });
    (covered.collect(), drawn_amount)
}
