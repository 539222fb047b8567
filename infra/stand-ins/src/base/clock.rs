//! Movable time, so that a day passes in a test without waiting for it.

use shared::domain::kernel::clock::Clock;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::journal::{ForeignRecord, Journal, Record};

/// The name of the clock's changes in the journal.
const NAME: &str = "clock";

/// A clock that every part of the sandbox shares; all clones show the same time.
#[derive(Debug, Clone)]
pub struct SandboxClock {
    reading: Arc<Mutex<Reading>>,
    journal: Journal,
}

impl SandboxClock {
    /// A clock that does not advance by itself, as tests need it.
    pub fn frozen(at: DateTime<Utc>) -> Self {
        Self::showing(Reading::Frozen(at), Journal::default())
    }

    /// A clock that shows `at` now and then advances with the wall clock.
    pub fn running_from(at: DateTime<Utc>) -> Self {
        Self::showing(Reading::Running { ahead: at - Clock::system().now() }, Journal::default())
    }

    /// A clock that shows the time of day and writes to `journal` whenever it is moved.
    pub(crate) fn kept_in(journal: Journal) -> Self {
        Self::showing(Reading::Running { ahead: Duration::zero() }, journal)
    }

    /// The time it shows.
    pub fn now(&self) -> DateTime<Utc> {
        self.reading().now()
    }

    /// Moves the time by `step`; a negative step plays a clock that jumps back.
    pub fn advance(&self, step: Duration) {
        let mut reading = self.reading();
        let at = reading.now() + step;
        self.move_to(at, &mut reading);
    }

    /// Sets the time to `at`; a running clock continues from there.
    pub fn set(&self, at: DateTime<Utc>) {
        self.move_to(at, &mut self.reading());
    }

    /// Sets the time to `at` without writing it to the journal, for the many small steps of a larger move. A
    /// process that ends in between continues from the last written time.
    pub fn pass(&self, at: DateTime<Utc>) {
        self.reading().set(Setting { shown_at: at, wall_at: Clock::system().now() });
    }

    /// Replays a journal record. A running clock also adds the wall-clock time that has passed since the
    /// record.
    pub(crate) fn replay(&self, record: &mut Record) -> Result<(), ForeignRecord> {
        if let Some(setting) = record.take(NAME)? {
            self.reading().set(setting);
        }
        Ok(())
    }

    fn move_to(&self, shown_at: DateTime<Utc>, reading: &mut Reading) {
        let setting = Setting { shown_at, wall_at: Clock::system().now() };
        self.journal.write(|| Record::of(NAME, &setting));
        reading.set(setting);
    }

    fn showing(reading: Reading, journal: Journal) -> Self {
        Self { reading: Arc::new(Mutex::new(reading)), journal }
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A move of the clock; both times together are its offset.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Setting {
    shown_at: DateTime<Utc>,
    wall_at: DateTime<Utc>,
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
            Self::Running { ahead } => Clock::system().now() + *ahead,
        }
    }

    fn set(&mut self, Setting { shown_at, wall_at }: Setting) {
        match self {
            Self::Frozen(at) => *at = shown_at,
            Self::Running { ahead } => *ahead = shown_at - wall_at,
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
