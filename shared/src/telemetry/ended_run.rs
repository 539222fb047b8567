//! How a run of a job ended, as external monitoring is told.

use std::collections::VecDeque;

use crate::domain::platform::job::{Report, RunOutcome};
use crate::logs::BufferedLine;

/// A run that came to its end, whatever it achieved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedRun {
    /// This run failed at its work.
    pub(super) failed: bool,
    /// So many runs in a row did that the job is reported as failing.
    pub(super) failing: bool,
    /// The counts of the run.
    summary: String,
}

/// The largest part of the log that is sent with a failed run.
const MAX_EXCERPT_BYTES: usize = 10_000;

impl EndedRun {
    pub fn of(report: &Report, failing: bool) -> Self {
        let Report { due, done, skipped, failed, in_doubt, effects_refused, more, .. } = report;
        let summary = format!(
            "due {due}, done {done}, skipped {skipped}, failed {failed}, in doubt {in_doubt}, refused {effects_refused}, more {more}"
        );
        Self { failed: report.outcome() == RunOutcome::Failed, failing, summary }
    }
}

/// What a person reads about a failed run: its counts, then its newest warnings and errors as far as they fit.
pub(super) fn excerpt(ended: Option<&EndedRun>, warnings: &VecDeque<BufferedLine>) -> String {
    let summary = ended.map_or("the run did not end", |ended| &ended.summary);
    let mut bytes = summary.len();
    let mut newest = VecDeque::new();
    for line in warnings.iter().rev() {
        bytes += line.json.len() + 1;
        if bytes > MAX_EXCERPT_BYTES {
            break;
        }
        newest.push_front(String::from_utf8_lossy(&line.json));
    }
    newest.into_iter().fold(summary.to_owned(), |text, line| text + "\n" + &line)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn an_excerpt_has_the_counts_and_the_newest_lines_that_fit() {
        let report = Report { due: 3, failed: 3, ..Report::default() };
        let ended = EndedRun::of(&report, false);
        assert!(ended.failed);
        let line = |json: String| BufferedLine { at: DateTime::UNIX_EPOCH, json: json.into_bytes() };
        let lines = (0..5).map(|number| line(format!("{number}{}", "x".repeat(2_999)))).collect();
        let text = excerpt(Some(&ended), &lines);
        assert!(
            text.starts_with("due 3, done 0, skipped 0, failed 3, in doubt 0, refused 0, more false\n2x")
        );
        assert!(text.len() <= MAX_EXCERPT_BYTES && text.contains("\n4x") && !text.contains("\n1x"));
        assert_eq!(excerpt(None, &VecDeque::new()), "the run did not end");
    }
}
