//! The output on the terminal.

use std::fmt::Write as _;
use std::io::Write as _;

use migrations::claim::{Direction, MigrationStatus};
use migrations::numbered::Undo;
use migrations::run::{Outcome, newest};
use migrations::tally::Tally;
use shared::domain::kernel::time;
use shared::store::definition::DEFINITION_VERSION;

pub fn format_status(status: &MigrationStatus, differences: &[String]) -> String {
    let mut text = format!("data: version {} (this checkout: {})\n", status.data_version, newest());
    match differences {
        [] => line(&mut text, &format!("definition: version {DEFINITION_VERSION}, as this checkout has it")),
        _ => line(
            &mut text,
            &format!("definition: not version {DEFINITION_VERSION}: {}", differences.join("; ")),
        ),
    }
    if let Some(oldest) = status.oldest_reader.filter(|oldest| *oldest < status.data_version) {
        line(&mut text, &format!("code that expects version {oldest} or newer works with this data"));
    }
    match &status.claim {
        None => line(&mut text, "no migration is running"),
        Some(held) => {
            let (since, until) = (time::format(held.since), time::format(held.until));
            line(
                &mut text,
                &format!("{} has been migrating since {since}; the claim expires at {until}", held.owner),
            );
        }
    }
    if let Some(work) = &status.work {
        let way = match work.direction {
            Direction::Forward => "forward",
            Direction::Back => "back",
        };
        let counts = counts(&work.tally);
        line(
            &mut text,
            &format!("unfinished: migration {}, {way}, pass {}: {counts}", work.migration, work.walk),
        );
    }
    text
}

/// The result of a dry run.
pub fn format_dry_run(outcomes: &[Outcome], nothing: &str) -> String {
    let mut text = String::new();
    for outcome in outcomes {
        line(&mut text, &format!("{}; would change: {}", title(outcome), counts(&outcome.tally)));
        add_examples(&mut text, &outcome.tally);
    }
    if outcomes.is_empty() {
        line(&mut text, nothing);
    }
    text
}

pub fn format_forward(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for outcome in outcomes {
        line(&mut text, &format!("{}; changed: {}", title(outcome), counts(&outcome.tally)));
        if !outcome.is_settled {
            let number = outcome.migration.number;
            line(
                &mut text,
                &format!(
                    "  the running version still writes rows of the older form; this one reads both. After the switch: \
                 cargo migrate forward --from {number}"
                ),
            );
        }
    }
    if outcomes.is_empty() {
        line(&mut text, "nothing to do: every requested migration is done");
    }
    text
}

pub fn format_verified(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for outcome in outcomes {
        let tally = &outcome.tally;
        match tally.changes() + tally.need_person {
            0 => line(&mut text, &format!("{}: true of all {} rows", title(outcome), tally.rows_read)),
            left => {
                line(
                    &mut text,
                    &format!("{}: not true of {left} of {} rows", title(outcome), tally.rows_read),
                );
                add_examples(&mut text, tally);
            }
        }
    }
    text
}

pub fn format_back(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for outcome in outcomes {
        match outcome.migration.undo {
            Undo::Nothing(why) => {
                line(&mut text, &format!("{}; nothing needs undoing: {why}", title(outcome)))
            }
            Undo::Restore => {
                line(&mut text, &format!("{}; undone: {}", title(outcome), counts(&outcome.tally)))
            }
        }
    }
    if outcomes.is_empty() {
        line(&mut text, "nothing to be undone");
    }
    text
}

/// Prints the progress to standard error, so that standard output holds the result only.
pub fn print_progress(tally: &Tally) {
    // If the reader closed the pipe, there is nowhere to write to.
    let _ = writeln!(std::io::stderr(), "  … {}", counts(tally));
}

fn title(outcome: &Outcome) -> String {
    let migration = outcome.migration;
    format!("migration {}, {}: {}", migration.number, migration.name, migration.statement)
}

fn counts(tally: &Tally) -> String {
    let mut text = format!("{} of {} rows", tally.changes(), tally.rows_read);
    let from: Vec<String> =
        tally.changed.iter().map(|(from, count)| format!("{count} from {from}")).collect();
    if !from.is_empty() {
        let _ = write!(text, " ({})", from.join(", "));
    }
    if tally.need_person > 0 {
        let _ = write!(text, ", {} need a person", tally.need_person);
    }
    text
}

fn add_examples(text: &mut String, tally: &Tally) {
    for example in tally.examples.iter().chain(&tally.person_examples) {
        line(text, &format!("  for example {example}"));
    }
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
