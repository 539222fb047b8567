//! Counts the requests that a rate limit admits, also on a machine that is too slow to answer in time.

/// The quota of signing in, per address.
pub const QUOTA: u32 = 100;

/// The outcomes of sign-ins with a wrong password.
#[derive(Debug, Default)]
pub struct Tally {
    admitted: u32,
    refused: u32,
    unanswered: u32,
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
            admitted: self.admitted + other.admitted,
            refused: self.refused + other.refused,
            unanswered: self.unanswered + other.unanswered,
        }
    }

    /// Exactly the quota was admitted, apart from attempts without an answer.
    pub fn holds(&self) {
        assert!(self.admitted <= QUOTA && self.admitted + self.unanswered >= QUOTA, "{self:?}");
        assert!(self.refused > 0, "{self:?}");
    }
}
