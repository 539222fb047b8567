//! The shares of one professional in one currency: paid, kept back or left together.

use super::candidate::{Candidate, PayeeAccount, Rules};
use super::skip::SkipReason;

/// What is decided about one share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// It is settled: so much is kept back for a debt, and the rest is transferred.
    Settle {
        /// What is kept back; never more than the share.
        carried_amount: i64,
    },
    Skip(SkipReason),
}

/// Decides about shares that nothing in themselves stands in the way of. `shares` come oldest first,
/// and a debt takes from the oldest first.
///
/// A share whose charge is known is transferred out of that charge, so that it needs nothing of the
/// platform's balance. Of the others those up to the first that `available` does not cover are paid, and
/// what they take is taken out of it. Nobody is paid so little of it all that it is below the minimum.
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
    let kept_back = keep_back(shares, carried_amount);
    let rests = shares.iter().zip(&kept_back).map(|(share, kept)| share.payable.amount - kept);
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
    covered.into_iter().zip(kept_back).map(decision).collect()
}

/// What a debt takes of each share.
fn keep_back(shares: &[Candidate], carried_amount: i64) -> Vec<i64> {
    let mut debt = carried_amount.max(0);
    let take = |share: &Candidate| {
        let kept = share.payable.amount.min(debt);
        debt -= kept;
        kept
    };
    shares.iter().map(take).collect()
}

/// Which shares are covered, and what they draw from the balance. A debt may have taken a whole share:
/// that needs no balance, not even one above nothing.
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
