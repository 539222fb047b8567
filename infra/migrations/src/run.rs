//! Forward, back, verify and dry run.

use shared::domain::kernel::clock::Clock;

use crate::claim::{Claim, Direction, MigrationStatus, Work, load_status};
use crate::error::MigrationError;
use crate::numbered::{MIGRATIONS, Migration, Undo};
use crate::pass::Walk;
use crate::rate_limit::RowRateLimit;
use crate::table::Table;
use crate::tally::Tally;

/// The most passes over the table: an older version that still serves may write rows of the older form.
const MAX_WALKS: u32 = 3;

pub struct Migrator {
    pub table: Table,
    pub clock: Clock,
    /// A unique name of this run.
    pub owner: String,
    /// The most rows written per second; ten times as many are read.
    pub rows_per_second: u32,
    /// Whether to take the claim from another run.
    pub take_over: bool,
    /// Called after every page with the counts so far.
    pub on_progress: Box<dyn Fn(&Tally) + Send + Sync>,
}

/// The result of a migration.
#[derive(Debug)]
pub struct Outcome {
    pub migration: &'static Migration,
    /// The changed rows (in a dry run those to change), and the rest after the last pass.
    pub tally: Tally,
    /// Whether the last pass found nothing to change. Otherwise an older version still writes rows of the older
    /// form.
    pub is_settled: bool,
}

impl Migrator {
    pub async fn status(&self) -> Result<MigrationStatus, MigrationError> {
        Ok(load_status(&self.table).await?)
    }

    /// Runs the migrations after the version of the data, or from `from` on, up to `to`.
    pub async fn forward(&self, from: Option<u32>, to: Option<u32>) -> Result<Vec<Outcome>, MigrationError> {
        let (from, to) = (from.map(known).transpose()?, to.map(known).transpose()?);
        let first_status = load_readable_status(&self.table).await?;
        if pending(&first_status, from, to).next().is_none() {
            return Ok(Vec::new());
        }
        let mut claim = Claim::acquire(&self.table, &self.clock, &self.owner, self.take_over).await?;
        let done = self.forward_under(&mut claim, from, to).await;
        end(claim, done).await
    }

    /// The result that [`Self::forward`] would have; writes nothing, not even a claim.
    pub async fn forward_dry(
        &self,
        from: Option<u32>,
        to: Option<u32>,
    ) -> Result<Vec<Outcome>, MigrationError> {
        let (from, to) = (from.map(known).transpose()?, to.map(known).transpose()?);
        let status = load_readable_status(&self.table).await?;
        self.inspect(pending(&status, from, to), Direction::Forward).await
    }

    /// Counts the rows that do not fulfil the migrations up to `to`; writes nothing.
    pub async fn verify(&self, to: Option<u32>) -> Result<Vec<Outcome>, MigrationError> {
        let to = to.map(known).transpose()?.unwrap_or(newest());
        load_readable_status(&self.table).await?;
        self.inspect(MIGRATIONS.iter().filter(|migration| migration.number <= to), Direction::Forward).await
    }

    /// Undoes the migrations after version `to`, newest first, including an unfinished one.
    pub async fn back(&self, to: u32) -> Result<Vec<Outcome>, MigrationError> {
        let first_status = load_known_status(&self.table).await?;
        if undone(&first_status, to).next().is_none() {
            return Ok(Vec::new());
        }
        let mut claim = Claim::acquire(&self.table, &self.clock, &self.owner, self.take_over).await?;
        let done = self.back_under(&mut claim, to).await;
        end(claim, done).await
    }

    /// The result that [`Self::back`] would have; writes nothing.
    pub async fn back_dry(&self, to: u32) -> Result<Vec<Outcome>, MigrationError> {
        let status = load_known_status(&self.table).await?;
        self.inspect(undone(&status, to), Direction::Back).await
    }

    async fn forward_under(
        &self,
        claim: &mut Claim<'_>,
        from: Option<u32>,
        to: Option<u32>,
    ) -> Result<Vec<Outcome>, MigrationError> {
        let mut outcomes = Vec::new();
        for migration in pending(&claim.status().clone(), from, to) {
            let outcome = self.walk(claim, migration, Direction::Forward).await?;
            let Outcome { tally, .. } = &outcome;
            let (version, count) = (claim.status().data_version, tally.need_person);
            if count > 0 {
                claim.save(version, None).await?;
                let examples = tally.person_examples.clone();
                return Err(MigrationError::NeedsPerson { migration: migration.number, count, examples });
            }
            claim.save(version.max(migration.number), None).await?;
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    async fn back_under(&self, claim: &mut Claim<'_>, to: u32) -> Result<Vec<Outcome>, MigrationError> {
        let mut outcomes = Vec::new();
        for migration in undone(&claim.status().clone(), to) {
            // The condition no longer holds once the first row is restored.
            let version = claim.status().data_version.min(migration.number - 1);
            let outcome = match migration.undo {
                Undo::Nothing(_) => Outcome { migration, tally: Tally::default(), is_settled: true },
                Undo::Restore => {
                    let work = work_of(claim.status(), migration, Direction::Back);
                    claim.save(version, Some(work)).await?;
                    self.walk(claim, migration, Direction::Back).await?
                }
            };
            claim.save(version, None).await?;
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    /// Repeats passes until nothing is left to change: rows written behind a pass are found by the next.
    async fn walk(
        &self,
        claim: &mut Claim<'_>,
        migration: &'static Migration,
        direction: Direction,
    ) -> Result<Outcome, MigrationError> {
        let walk = Walk { table: &self.table, migration, direction, on_progress: &*self.on_progress };
        let mut rate_limit = RowRateLimit::new(self.rows_per_second);
        let mut work = work_of(claim.status(), migration, direction);
        let mut all = Tally::default();
        loop {
            claim.save_progress(work.clone()).await?;
            let number = work.walk;
            let tally = walk.change(claim, work, &mut rate_limit).await?;
            let is_settled = tally.is_settled();
            all = tally.after(all);
            if is_settled || number >= MAX_WALKS {
                return Ok(Outcome { migration, tally: all, is_settled });
            }
            work = Work::begin(migration.number, direction, number + 1);
        }
    }

    async fn inspect(
        &self,
        migrations: impl Iterator<Item = &'static Migration>,
        direction: Direction,
    ) -> Result<Vec<Outcome>, MigrationError> {
        let mut outcomes = Vec::new();
        for migration in migrations {
            let walk = Walk { table: &self.table, migration, direction, on_progress: &*self.on_progress };
            let tally = walk.inspect(&mut RowRateLimit::new(self.rows_per_second)).await?;
            outcomes.push(Outcome { migration, is_settled: tally.is_settled(), tally });
        }
        Ok(outcomes)
    }
}

/// Releases the claim after success and failure. If that fails, the claim expires.
async fn end<T>(claim: Claim<'_>, done: Result<T, MigrationError>) -> Result<T, MigrationError> {
    let released = claim.release().await;
    let done = done?;
    released?;
    Ok(done)
}

pub fn newest() -> u32 {
    MIGRATIONS.iter().map(|migration| migration.number).max().unwrap_or(0)
}

fn known(number: u32) -> Result<u32, MigrationError> {
    let known = newest();
    if (1..=known).contains(&number) { Ok(number) } else { Err(MigrationError::Unknown { number, known }) }
}

/// Loads the status; fails after a newer checkout, whose migrations this one can neither continue nor undo.
async fn load_known_status(table: &Table) -> Result<MigrationStatus, MigrationError> {
    let (status, known) = (load_status(table).await?, newest());
    match status.newest_form() {
        found if found > known => Err(MigrationError::Newer { found, known }),
        _ => Ok(status),
    }
}

/// Like [`load_known_status`], for going back to this checkout after a release with a migration: where its code
/// works with the newer data, [`MigrationError::Ahead`] says that there is nothing to do.
async fn load_readable_status(table: &Table) -> Result<MigrationStatus, MigrationError> {
    let (status, known) = (load_status(table).await?, newest());
    match (status.newest_form(), status.oldest_reader) {
        (found, Some(oldest)) if found > known && oldest <= known => {
            Err(MigrationError::Ahead { found, known })
        }
        (found, _) if found > known => Err(MigrationError::Newer { found, known }),
        _ => Ok(status),
    }
}

/// The migrations to run forward.
fn pending(
    status: &MigrationStatus,
    from: Option<u32>,
    to: Option<u32>,
) -> impl Iterator<Item = &'static Migration> {
    let range = from.unwrap_or(status.data_version + 1)..=to.unwrap_or(newest());
    MIGRATIONS.iter().filter(move |migration| range.contains(&migration.number))
}

/// The migrations to undo: finished and unfinished ones.
fn undone(status: &MigrationStatus, to: u32) -> impl Iterator<Item = &'static Migration> {
    let top = status.newest_form();
    MIGRATIONS.iter().rev().filter(move |migration| (to + 1..=top).contains(&migration.number))
}

/// Where a migration continues; at the beginning unless it was the unfinished one.
fn work_of(status: &MigrationStatus, migration: &Migration, direction: Direction) -> Work {
    let own = |work: &&Work| work.migration == migration.number && work.direction == direction;
    let found = status.work.as_ref().filter(own).cloned();
    found.unwrap_or_else(|| Work::begin(migration.number, direction, 1))
}
