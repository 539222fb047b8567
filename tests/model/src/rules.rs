//! The safety rules of the protocol, so that each can be disabled.

/// One rule. A test disables it and requires that the checker detects it, or shows why the protocol is safe
/// without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A new version is one transaction: the booking's version is as read, the row is not there.
    PrepareUnderCondition,
    /// A claim demands the state and the fence as read.
    ClaimUnderCondition,
    /// A settlement demands the fence that was claimed.
    SettleUnderFence,
    /// Right before the call, a fresh reading of the clock must leave it time to end within the lease.
    LeaseBeforeCall,
    /// Right before the call, a fresh reading of the clock must be less than 23 h after the first claim.
    HorizonBeforeCall,
    /// A worker that takes over 23 h after the first claim looks up instead of sending.
    OldKeyIsLookedUp,
    /// An empty look-up counts only 24 h after the first claim, when even a call sent right before the
    /// horizon has ended; until then the payout stays in doubt.
    EmptyLookUpWaits,
    /// A call without an answer leaves the lease as long as it was claimed for.
    DoubtKeepsLease,
    /// A call without an answer is left to the next worker; an immediate look-up could be too early.
    DoubtIsLeftAlone,
    /// An answer "not executed" releases the row only if no earlier call is in doubt.
    BusyKeepsDoubt,
    /// A refusal of a retry counts only after a look-up.
    RefusedRepetitionIsLookedUp,
    /// A new version is prepared only after an empty look-up.
    NewVersionIsLookedUp,
    /// A row in doubt is resolved manually only once no call can be in flight.
    HandWaits,
    /// On a table that may have been restored, an empty look-up precedes each call.
    RestoredIsLookedUp,
}

/// A set of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules(u16);

impl Rules {
    /// Every rule: a violation of one line of defence is stopped by the other.
    pub const BOTH_LINES: Self = Self((1 << (Rule::RestoredIsLookedUp as u16 + 1)) - 1);

    /// Only one call at a time can be in flight, because each ends within its caller's lease. An empty
    /// look-up counts at any time.
    pub const LEASE_LINE: Self = Self::BOTH_LINES.without(Rule::EmptyLookUpWaits);

    /// Calls may overlap, but no key is sent when it may have expired, and an empty look-up does not count
    /// while a key may still be sent.
    pub const DAY_LINE: Self = Self::BOTH_LINES.without(Rule::LeaseBeforeCall);

    /// The set without one rule.
    #[must_use]
    pub const fn without(self, rule: Rule) -> Self {
        Self(self.0 & !(1 << rule as u16))
    }

    /// The set with one rule more.
    #[must_use]
    pub const fn with(self, rule: Rule) -> Self {
        Self(self.0 | 1 << rule as u16)
    }

    /// Whether a rule is kept.
    pub const fn keep(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u16) != 0
    }
}
