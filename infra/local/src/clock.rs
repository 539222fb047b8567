//! Movable time, so that a day passes in a test without waiting for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Duration, Utc};

/// A clock that every part of the sandbox shares; all clones show the same time.
#[derive(Debug, Clone)]
pub struct SandboxClock {
    reading: Arc<Mutex<Reading>>,
}

impl SandboxClock {
    /// A clock that stands still until it is moved, as tests want it.
    pub fn frozen(at: DateTime<Utc>) -> Self {
        Self { reading: Arc::new(Mutex::new(Reading::Frozen(at))) }
    }

    /// A clock that shows `at` now and goes on from there at the pace of the wall clock.
    pub fn running_from(at: DateTime<Utc>) -> Self {
        Self { reading: Arc::new(Mutex::new(Reading::Running { ahead: at - Utc::now() })) }
    }

    /// The time it shows.
    pub fn now(&self) -> DateTime<Utc> {
        self.reading().now()
    }

    /// Moves the time by `step`; a negative step plays a clock that jumps back.
    pub fn advance(&self, step: Duration) {
        let mut reading = self.reading();
        let at = reading.now() + step;
        reading.set(at);
    }

    /// Moves the time to `at`; a running clock goes on from there.
    pub fn set(&self, at: DateTime<Utc>) {
        self.reading().set(at);
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
enum Reading {
    Frozen(DateTime<Utc>),
    Running { ahead: Duration },
}

impl Reading {
    fn now(&self) -> DateTime<Utc> {
        match self {
            Self::Frozen(at) => *at,
            Self::Running { ahead } => Utc::now() + *ahead,
        }
    }

    fn set(&mut self, to: DateTime<Utc>) {
        match self {
            Self::Frozen(at) => *at = to,
            Self::Running { ahead } => *ahead = to - Utc::now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        "2025-11-18T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_frozen_clock_moves_only_when_it_is_moved_and_for_every_holder() {
        let clock = SandboxClock::frozen(noon());
        let other_holder = clock.clone();
        clock.advance(Duration::hours(25));
        assert_eq!(other_holder.now(), noon() + Duration::hours(25));
        other_holder.set(noon());
        assert_eq!(clock.now(), noon());
    }

    #[test]
    fn a_running_clock_goes_on_from_where_it_was_set() {
        let clock = SandboxClock::running_from(noon());
        clock.advance(Duration::days(1));
        let shown = clock.now() - noon();
        assert!(shown >= Duration::days(1) && shown < Duration::days(1) + Duration::minutes(1));
        clock.set(noon());
        assert!(clock.now() >= noon() && clock.now() < noon() + Duration::minutes(1));
    }
}
