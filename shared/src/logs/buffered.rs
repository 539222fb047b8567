//! Buffers the log lines of one invocation until they are sent to external monitoring.
//!
//! Only tasks inside [`buffering`] are buffered; elsewhere buffering costs nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

/// About a thousand lines; after that the oldest ones are dropped.
const MAX_BYTES: usize = 256 * 1024;

/// As much as fits into the report of a failed run.
const MAX_WARNINGS: usize = 50;

/// The first errors of an invocation explain it; later ones usually follow from them.
const MAX_ERRORS: usize = 5;

tokio::task_local! {
    static BUFFER: Arc<BufferedLines>;
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    pub lines: bool,
    /// Errors of our own crates.
    pub errors: bool,
    /// Warnings and errors of our own crates.
    pub warnings: bool,
}

/// How grave a line is for us; lines of other crates are never more than usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gravity {
    Usual,
    Warning,
    Error,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BufferedLine {
    pub at: DateTime<Utc>,
    /// The JSON object, without a line break.
    pub json: Vec<u8>,
}

/// The buffered lines, with counts of those that were dropped.
#[derive(Debug, Default)]
pub struct Lines {
    /// The newest lines in the order of their writing.
    pub lines: VecDeque<BufferedLine>,
    /// The number of older lines that were dropped.
    pub lines_dropped: u64,
    pub errors: Vec<BufferedLine>,
    /// The number of later errors that were dropped.
    pub errors_dropped: u64,
    /// The newest warnings and errors in the order of their writing.
    pub warnings: VecDeque<BufferedLine>,
    bytes: usize,
}

#[derive(Debug)]
pub struct BufferedLines {
    wanted: Wanted,
    lines: Mutex<Lines>,
}

impl BufferedLines {
    pub fn new(wanted: Wanted) -> Self {
        Self { wanted, lines: Mutex::default() }
    }

    /// Returns all lines and empties the buffer.
    pub fn take(&self) -> Lines {
        std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn push(&self, gravity: Gravity, line: BufferedLine) {
        let mut buffered = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if self.wanted.warnings && gravity >= Gravity::Warning {
            buffered.warnings.push_back(line.clone());
            if buffered.warnings.len() > MAX_WARNINGS {
                buffered.warnings.pop_front();
            }
        }
        if self.wanted.errors && gravity == Gravity::Error {
            if buffered.errors.len() < MAX_ERRORS {
                buffered.errors.push(line.clone());
            } else {
                buffered.errors_dropped += 1;
            }
        }
        if !self.wanted.lines {
            return;
        }
        buffered.bytes += line.json.len();
        buffered.lines.push_back(line);
        while buffered.bytes > MAX_BYTES
            && let Some(oldest) = buffered.lines.pop_front()
        {
            buffered.bytes -= oldest.json.len();
            buffered.lines_dropped += 1;
        }
    }
}

/// Buffers what `future` logs.
pub async fn buffering<F: Future>(buffered: Arc<BufferedLines>, future: F) -> F::Output {
    BUFFER.scope(buffered, future).await
}

/// Buffers a written line if the current task is inside [`buffering`].
pub(super) fn buffer_line(at: DateTime<Utc>, gravity: Gravity, line: &[u8]) {
    // Outside of `buffering` there is no buffer.
    let _ = BUFFER.try_with(|buffered| buffered.push(gravity, BufferedLine { at, json: line.to_vec() }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> BufferedLine {
        BufferedLine { at: DateTime::UNIX_EPOCH, json: text.as_bytes().to_vec() }
    }

    #[test]
    fn the_newest_lines_stay_and_the_others_are_counted() {
        let buffered = BufferedLines::new(Wanted { lines: true, ..Wanted::default() });
        let long = "x".repeat(MAX_BYTES / 4);
        for number in 0..10 {
            buffered.push(Gravity::Error, line(&format!("{number}{}", &long[1..])));
        }
        let lines = buffered.take();
        assert_eq!((lines.lines.len(), lines.lines_dropped, lines.errors.len()), (4, 6, 0));
        assert_eq!((lines.lines[0].json[0], lines.lines[3].json[0]), (b'6', b'9'));
        assert_eq!(buffered.take().lines.len(), 0);
    }

    #[test]
    fn the_first_errors_stay_and_only_errors_do() {
        let buffered = BufferedLines::new(Wanted { errors: true, ..Wanted::default() });
        buffered.push(Gravity::Warning, line("warning"));
        for number in 0..8 {
            buffered.push(Gravity::Error, line(&number.to_string()));
        }
        let lines = buffered.take();
        assert_eq!((lines.errors.len(), lines.errors_dropped, lines.lines.len()), (5, 3, 0));
        assert_eq!((&lines.errors[0], lines.warnings.len()), (&line("0"), 0));
    }

    #[test]
    fn the_newest_warnings_stay_in_their_order() {
        let buffered = BufferedLines::new(Wanted { warnings: true, ..Wanted::default() });
        buffered.push(Gravity::Usual, line("usual"));
        for number in 0..=MAX_WARNINGS {
            let gravity = if number % 2 == 0 { Gravity::Warning } else { Gravity::Error };
            buffered.push(gravity, line(&number.to_string()));
        }
        let lines = buffered.take();
        assert_eq!((lines.warnings.len(), lines.errors.len(), lines.lines.len()), (MAX_WARNINGS, 0, 0));
        assert_eq!(
            (&lines.warnings[0], lines.warnings.back()),
            (&line("1"), Some(&line(&MAX_WARNINGS.to_string())))
        );
    }
}
