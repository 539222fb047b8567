//! The lines of one invocation, kept until it ends for those who watch from outside.
//!
//! What a task logs is kept where the task is asked to; everywhere else nothing is kept and nothing is spent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

/// Room for about a thousand lines; a run that says more says the newest.
const MAX_BYTES: usize = 256 * 1024;

/// The first error says most; the tenth is an echo of it.
const MAX_ERRORS: usize = 5;

tokio::task_local! {
    static KEPT: Arc<BufferedLines>;
}

/// What is to be kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Lines of every level.
    pub lines: bool,
    /// Errors of our own.
    pub errors: bool,
}

/// One line, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptLine {
    pub at: DateTime<Utc>,
    /// The JSON object, without the end of the line.
    pub json: Vec<u8>,
}

/// All that was kept, and how much was not.
#[derive(Debug, Default)]
pub struct Lines {
    /// The newest lines, oldest first.
    pub lines: VecDeque<KeptLine>,
    /// How many older ones there was no room for.
    pub lines_dropped: u64,
    pub errors: Vec<KeptLine>,
    /// How many more there were.
    pub errors_dropped: u64,
    bytes: usize,
}

/// Where lines are kept.
#[derive(Debug)]
pub struct BufferedLines {
    wanted: Wanted,
    lines: Mutex<Lines>,
}

impl BufferedLines {
    pub fn new(wanted: Wanted) -> Self {
        Self { wanted, lines: Mutex::default() }
    }

    /// All of it; from here on it is empty again.
    pub fn take(&self) -> Lines {
        std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep(&self, is_error: bool, line: KeptLine) {
        let mut buffered = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if self.wanted.errors && is_error {
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

/// Keeps what `future` logs.
pub async fn keeping<F: Future>(buffered: Arc<BufferedLines>, future: F) -> F::Output {
    KEPT.scope(buffered, future).await
}

/// Keeps a line that was just written, where anybody asked for it.
pub(super) fn keep(at: DateTime<Utc>, is_error: bool, line: &[u8]) {
    // A task that nobody asked has no place to keep anything.
    let _ = KEPT.try_with(|buffered| buffered.keep(is_error, KeptLine { at, json: line.to_vec() }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> KeptLine {
        KeptLine { at: DateTime::UNIX_EPOCH, json: text.as_bytes().to_vec() }
    }

    #[test]
    fn the_newest_lines_stay_and_the_others_are_counted() {
        let buffered = BufferedLines::new(Wanted { lines: true, errors: false });
        let long = "x".repeat(MAX_BYTES / 4);
        for number in 0..10 {
            buffered.keep(true, line(&format!("{number}{}", &long[1..])));
        }
        let lines = buffered.take();
        assert_eq!((lines.lines.len(), lines.lines_dropped, lines.errors.len()), (4, 6, 0));
        assert_eq!((lines.lines[0].json[0], lines.lines[3].json[0]), (b'6', b'9'));
        assert_eq!(buffered.take().lines.len(), 0);
    }

    #[test]
    fn the_first_errors_stay_and_only_errors_do() {
        let buffered = BufferedLines::new(Wanted { lines: false, errors: true });
        buffered.keep(false, line("warning"));
        for number in 0..8 {
            buffered.keep(true, line(&number.to_string()));
        }
        let lines = buffered.take();
        assert_eq!((lines.errors.len(), lines.errors_dropped, lines.lines.len()), (5, 3, 0));
        assert_eq!(lines.errors[0], line("0"));
    }
}
