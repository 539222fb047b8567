//! Forward, back, verify and dry run.

use shared::domain::kernel::clock::Clock;

use crate::claim::{Claim, Direction, MigrationStatus, Work, standing};
use crate::error::MigrationError;
use crate::numbered::{MIGRATIONS, Migration, Undo};
use crate::pace::Pace;
use crate::pass::Walk;
use crate::table::Table;
use crate::tally::Tally;

/// How often the table is walked through at most: a version that still serves may write rows of the older form for
/// as long as it serves.
const MAX_WALKS: u32 = 3;

pub struct Migrator {
    pub table: Table,
    /// What time it is.
    pub clock: Clock,
    /// Who this is: a name that no other run has.
    pub owner: String,
    /// How many rows are written each second at most, and a tenth of those that are read.
    pub rows_per_second: u32,
    /// Whether the claim is taken from whoever holds it.
    pub take_over: bool,
    /// Hears after every page what the walk came to so far.
    pub tell: Box<dyn Fn(&Tally) + Send + Sync>,
}

/// What a migration came to.
#[derive(Debug)]
pub struct Outcome {
    pub migration: &'static Migration,
    /// What was changed, or would be, and what the last walk left.
    pub tally: Tally,
    /// Whether the last walk found nothing to change. Otherwise somebody still writes rows of the older form.
    pub is_settled: bool,
}

impl Migrator {
    pub async fn status(&self) -> Result<MigrationStatus, MigrationError> {
        Ok(standing(&self.table).await?)
    }

    /// Does the migrations above the version of the data, or from `from` on, up to `to`.
    pub async fn forward(&self, from: Option<u32>, to: Option<u32>) -> Result<Vec<Outcome>, MigrationError> {
        let (from, to) = (from.map(known).transpose()?, to.map(known).transpose()?);
        let first_look = known_standing(&self.table).await?;
        if pending(&first_look, from, to).next().is_none() {
            return Ok(Vec::new());
        }
        let mut claim = Claim::take(&self.table, &self.clock, &self.owner, self.take_over).await?;
        let done = self.forward_under(&mut claim, from, to).await;
        end(claim, done).await
    }

    /// What [`Self::forward`] would do; nothing is written, not even a claim.
    pub async fn forward_dry(
        &self,
        from: Option<u32>,
        to: Option<u32>,
    ) -> Result<Vec<Outcome>, MigrationError> {
        let (from, to) = (from.map(known).transpose()?, to.map(known).transpose()?);
        let standing = known_standing(&self.table).await?;
        self.look(pending(&standing, from, to), Direction::Forward).await
    }

    /// Of how many rows the statements of the migrations, up to `to`, are not true; nothing is written.
    pub async fn verify(&self, to: Option<u32>) -> Result<Vec<Outcome>, MigrationError> {
        let to = to.map(known).transpose()?.unwrap_or(newest());
        known_standing(&self.table).await?;
        self.look(MIGRATIONS.iter().filter(|migration| migration.number <= to), Direction::Forward).await
    }

    /// Undoes the migrations above version `to`, the newest first, and what one of them has begun.
    pub async fn back(&self, to: u32) -> Result<Vec<Outcome>, MigrationError> {
        let first_look = known_standing(&self.table).await?;
        if undone(&first_look, to).next().is_none() {
            return Ok(Vec::new());
        }
        let mut claim = Claim::take(&self.table, &self.clock, &self.owner, self.take_over).await?;
        let done = self.back_under(&mut claim, to).await;
        end(claim, done).await
    }

    /// What [`Self::back`] would do; nothing is written.
    pub async fn back_dry(&self, to: u32) -> Result<Vec<Outcome>, MigrationError> {
        let standing = known_standing(&self.table).await?;
        self.look(undone(&standing, to), Direction::Back).await
    }

    async fn forward_under(
        &self,
        claim: &mut Claim<'_>,
        from: Option<u32>,
        to: Option<u32>,
    ) -> Result<Vec<Outcome>, MigrationError> {
        let mut outcomes = Vec::new();
        for migration in pending(&claim.standing().clone(), from, to) {
            let outcome = self.walk(claim, migration, Direction::Forward).await?;
            let Outcome { tally, .. } = &outcome;
            let (version, count) = (claim.standing().data_version, tally.need_person);
            if count > 0 {
                claim.keep(version, None).await?;
                let examples = tally.person_examples.clone();
                return Err(MigrationError::NeedsPerson { migration: migration.number, count, examples });
            }
            claim.keep(version.max(migration.number), None).await?;
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    async fn back_under(&self, claim: &mut Claim<'_>, to: u32) -> Result<Vec<Outcome>, MigrationError> {
        let mut outcomes = Vec::new();
        for migration in undone(&claim.standing().clone(), to) {
            // The statement is true no more as soon as the first row goes back.
            let version = claim.standing().data_version.min(migration.number - 1);
            let outcome = match migration.undo {
                Undo::Nothing(_) => Outcome { migration, tally: Tally::default(), is_settled: true },
                Undo::Restore => {
                    let work = work_of(claim.standing(), migration, Direction::Back);
                    claim.keep(version, Some(work)).await?;
                    self.walk(claim, migration, Direction::Back).await?
                }
            };
            claim.keep(version, None).await?;
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    /// Walks until there is nothing left to change: what was written behind a walk is met by the next.
    async fn walk(
        &self,
        claim: &mut Claim<'_>,
        migration: &'static Migration,
        direction: Direction,
    ) -> Result<Outcome, MigrationError> {
        let walk = Walk { table: &self.table, migration, direction, tell: &*self.tell };
        let mut pace = Pace::new(self.rows_per_second);
        let mut work = work_of(claim.standing(), migration, direction);
        let mut all = Tally::default();
        loop {
            claim.keep_place(work.clone()).await?;
            let number = work.walk;
            let tally = walk.change(claim, work, &mut pace).await?;
            let is_settled = tally.is_settled();
            all = tally.after(all);
            if is_settled || number >= MAX_WALKS {
                return Ok(Outcome { migration, tally: all, is_settled });
            }
            work = Work::begin(migration.number, direction, number + 1);
        }
    }

    async fn look(
        &self,
        migrations: impl Iterator<Item = &'static Migration>,
        direction: Direction,
    ) -> Result<Vec<Outcome>, MigrationError> {
        let mut outcomes = Vec::new();
        for migration in migrations {
            let walk = Walk { table: &self.table, migration, direction, tell: &*self.tell };
            let tally = walk.look(&mut Pace::new(self.rows_per_second)).await?;
            outcomes.push(Outcome { migration, is_settled: tally.is_settled(), tally });
        }
        Ok(outcomes)
    }
}

/// Lets go, however it ended. Where that does not work, the claim ends by itself.
async fn end<T>(claim: Claim<'_>, done: Result<T, MigrationError>) -> Result<T, MigrationError> {
    let released = claim.release().await;
    let done = done?;
    released?;
    Ok(done)
}

/// The number of the newest migration.
pub fn newest() -> u32 {
    MIGRATIONS.iter().map(|migration| migration.number).max().unwrap_or(0)
}

fn known(number: u32) -> Result<u32, MigrationError> {
    let known = newest();
    if (1..=known).contains(&number) { Ok(number) } else { Err(MigrationError::Unknown { number, known }) }
}

/// How it stands, unless a newer checkout has been at work: what it did, this one cannot go on with or undo.
async fn known_standing(table: &Table) -> Result<MigrationStatus, MigrationError> {
    let (standing, known) = (standing(table).await?, newest());
    let under_way = standing.work.as_ref().map_or(0, |work| work.migration);
    match standing.data_version.max(under_way) {
        found if found > known => Err(MigrationError::Newer { found, known }),
        _ => Ok(standing),
    }
}

/// What going forward has to do.
fn pending(
    standing: &MigrationStatus,
    from: Option<u32>,
    to: Option<u32>,
) -> impl Iterator<Item = &'static Migration> {
    let range = from.unwrap_or(standing.data_version + 1)..=to.unwrap_or(newest());
    MIGRATIONS.iter().filter(move |migration| range.contains(&migration.number))
}

/// What going back has to do: what is done, and what was begun.
fn undone(standing: &MigrationStatus, to: u32) -> impl Iterator<Item = &'static Migration> {
    let top = standing.work.as_ref().map_or(0, |work| work.migration).max(standing.data_version);
    MIGRATIONS.iter().rev().filter(move |migration| (to + 1..=top).contains(&migration.number))
}

/// Where a migration goes on; at the beginning, if it was not the one under way.
fn work_of(standing: &MigrationStatus, migration: &Migration, direction: Direction) -> Work {
    let own = |work: &&Work| work.migration == migration.number && work.direction == direction;
    let found = standing.work.as_ref().filter(own).cloned();
    found.unwrap_or_else(|| Work::begin(migration.number, direction, 1))
}
