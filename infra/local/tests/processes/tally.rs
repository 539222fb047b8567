//! Counts the requests that a rate limit admits, also on a machine that is too slow to answer in time.

use std::time::{Duration, Instant};

/// The quota of signing in, per address.
pub const QUOTA: u32 = 100;

/// How long the limit takes to admit one more: the quota is for a quarter of an hour.
const REFILL: Duration = Duration::from_secs(9);

/// The outcomes of sign-ins with a wrong password.
#[derive(Debug)]
pub struct Tally {
    began_at: Instant,
    admitted: u32,
    refused: u32,
    unanswered: u32,
}

impl Default for Tally {
    fn default() -> Self {
        Self { began_at: Instant::now(), admitted: 0, refused: 0, unanswered: 0 }
    }
}

impl Tally {
    pub fn note(&mut self, status: u16) {
        match status {
            401 => self.admitted += 1,
            429 => self.refused += 1,
            // The table was too slow for the limit, which then refuses the request, counted or not.
            503 => self.unanswered += 1,
            other => panic!("{other}"),
        }
    }

    pub fn with(self, other: &Self) -> Self {
        Self {
            began_at: self.began_at.min(other.began_at),
            admitted: self.admitted + other.admitted,
            refused: self.refused + other.refused,
            unanswered: self.unanswered + other.unanswered,
        }
    }

    /// Exactly the quota was admitted, apart from attempts without an answer and what a slow machine's time refills.
    pub fn holds(&self) {
        let refilled = (self.began_at.elapsed().as_secs() / REFILL.as_secs()) as u32;
        assert!(self.admitted <= QUOTA + refilled && self.admitted + self.unanswered >= QUOTA, "{self:?}");
        assert!(self.refused > 0, "{self:?}");
    }
}
