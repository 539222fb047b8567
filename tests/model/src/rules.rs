//! What the protocol does to be safe, rule by rule, so that each can be left out.

/// One rule. A test leaves it out and demands that the checker notices, or shows what makes it safe
/// to do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A new version is one transaction: the booking's version is as read, the row is not there.
    PrepareUnderCondition,
    /// A claim demands the state and the fence as read.
    ClaimUnderCondition,
    /// A settlement demands the fence that was claimed.
    SettleUnderFence,
    /// Right before the call a fresh look at the clock must leave it time to end within the lease.
    LeaseBeforeCall,
    /// Right before the call a fresh look at the clock must show less than 23 h since the first claim.
    HorizonBeforeCall,
    /// Who takes over 23 h after the first claim looks up instead of sending.
    OldKeyIsLookedUp,
    /// An empty look-up is believed only 24 h after the first claim, when even a call sent at the last
    /// moment before the horizon has come to its end; before that the payout stays in doubt.
    EmptyLookUpWaits,
    /// A call without an answer leaves the lease as long as it was claimed for.
    DoubtKeepsLease,
    /// A call without an answer is left to the next worker; looking up at once could come too early.
    DoubtIsLeftAlone,
    /// An answer that says "not executed" frees the row only where no earlier call is in doubt.
    BusyKeepsDoubt,
    /// A refusal of a repetition is believed only after a look-up.
    RefusedRepetitionIsLookedUp,
    /// A new version is prepared only after a look-up that finds nothing.
    NewVersionIsLookedUp,
    /// A row in doubt is resolved by hand only once no call can still be on its way.
    HandWaits,
    /// Over a table that may have been restored, a look-up that finds nothing comes before each call.
    RestoredIsLookedUp,
}

/// A set of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules(u16);

impl Rules {
    /// Every rule: whatever breaks one line of defence meets the other.
    pub const BOTH_LINES: Self = Self((1 << (Rule::RestoredIsLookedUp as u16 + 1)) - 1);

    /// Only one call at a time can be on its way, because each ends within its caller's lease. An empty
    /// look-up is believed at any time.
    pub const LEASE_LINE: Self = Self::BOTH_LINES.without(Rule::EmptyLookUpWaits);

    /// Calls may overlap, but no key is sent when it may be forgotten, and nothing is concluded from
    /// an empty look-up while a key may still be sent.
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
