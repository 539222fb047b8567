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
    /// It waits.
    Skip(SkipReason),
}

/// Decides about shares that nothing in themselves stands in the way of. `shares` come oldest first,
/// and a debt takes from the oldest first. `available` is what the platform has; what is transferred
/// is taken out of it.
///
/// The shares up to the first that the platform cannot cover are paid, unless they alone would be
/// below the minimum.
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
    let currency = &first.payable.currency;
    let kept_back = keep_back(shares, carried_amount);
    let rests = || shares.iter().zip(&kept_back).map(|(share, kept)| share.payable.amount - kept);
    let total: i128 = rests().map(i128::from).sum();
    if rules.is_below_minimum(currency, total) {
        return all(SkipReason::BelowMinimum);
    }
    if rules.needs_approval(&first.professional_id, currency, total) {
        return all(SkipReason::AwaitingApproval);
    }
    let (covered, moved) = cover(rests(), *available);
    if rules.is_below_minimum(currency, i128::from(moved)) {
        return all(SkipReason::PlatformBalanceLow);
    }
    *available -= moved;
    let settle = kept_back.into_iter().map(|carried_amount| Decision::Settle { carried_amount });
    let skip = std::iter::repeat(Decision::Skip(SkipReason::PlatformBalanceLow));
    settle.take(covered).chain(skip).take(shares.len()).collect()
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

/// How many of the amounts the balance covers in their order, and what they add up to.
fn cover(amounts: impl Iterator<Item = i64>, available: i64) -> (usize, i64) {
    let (mut covered, mut moved) = (0, 0_i64);
    for amount in amounts {
        // A debt may have taken the whole share: that needs no balance, not even one above nothing.
        match moved.checked_add(amount) {
            Some(sum) if amount == 0 || sum <= available => moved = sum,
            _ => break,
        }
        covered += 1;
    }
    (covered, moved)
}
