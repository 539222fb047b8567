//! A random number generator with a seed.

pub struct SeededRandom(u64);

impl SeededRandom {
    pub fn of(seed: u64) -> Self {
        Self(mixed(seed))
    }

    /// A random number below `sides`.
    pub fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        (mixed(self.0) % sides as u64) as usize
    }

    /// Whether an event with this probability in thousandths happens.
    pub fn happens(&mut self, in_a_thousand: usize) -> bool {
        self.below(1_000) < in_a_thousand
    }

    pub fn one_of<T: Copy>(&mut self, many: &[T]) -> T {
        many[self.below(many.len())]
    }
}

/// SplitMix64: every bit of the result depends on every bit of the number.
pub fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
