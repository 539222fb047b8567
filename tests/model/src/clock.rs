//! Time in ticks. Only the order of the durations matters, so a few ticks represent a day.

/// The durations. Ages stop growing at the longest of them, so any number of ticks is covered by finitely
/// many states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// The assumed maximum from the last reading of the clock before a call until Stripe has executed it.
    pub call: u8,
    /// The lease of a claim.
    pub lease: u8,
    /// The 23 h after which a key is not sent any more.
    pub horizon: u8,
    /// The 24 h after which Stripe may forget a key.
    pub memory: u8,
}

impl Clock {
    /// The fewest ticks that keep the order of the spans: `call < lease < horizon` and
    /// `horizon + call <= memory`.
    pub const COARSE: Self = Self { call: 1, lease: 2, horizon: 3, memory: 4 };

    /// Room for a call that sets out late in its lease, and for two ticks between horizon and oblivion.
    pub const FINE: Self = Self { call: 1, lease: 3, horizon: 5, memory: 7 };

    /// An age after one more tick.
    pub(crate) fn older(self, age: u8) -> u8 {
        self.memory.min(age + 1)
    }
}
