//! One walk through the table, a page at a time.

use shared::store::{Item, StoreError};

use crate::claim::{Claim, Direction, Work};
use crate::error::MigrationError;
use crate::numbered::Migration;
use crate::pace::Pace;
use crate::row::{self, Step};
use crate::table::{Table, address, key_of, parts, spell};
use crate::tally::Tally;

/// How often a row is looked at again when the service writes it at the same moment.
const ROW_TRIES: u32 = 5;

/// What a walk is given.
pub(crate) struct Walk<'a> {
    pub(crate) table: &'a Table,
    pub(crate) migration: &'a Migration,
    pub(crate) direction: Direction,
    /// Called after every page.
    pub(crate) tell: &'a (dyn Fn(&Tally) + Send + Sync),
}

impl Walk<'_> {
    /// Looks at every row and writes nothing.
    pub(crate) async fn look(&self, pace: &mut Pace) -> Result<Tally, StoreError> {
        let attributes = row::attributes(self.migration);
        let (mut tally, mut start) = (Tally::default(), None);
        loop {
            let page = self.table.scan(self.migration.rows, &attributes, start).await?;
            for row in &page.rows {
                tally.looked_at += 1;
                let key = spell(&key_of(row));
                match self.step(row) {
                    Step::Leave => {}
                    Step::Write(_, from) => tally.count_change(from, &key),
                    Step::NeedsPerson(reason) => tally.count_need(reason, &key),
                }
            }
            (self.tell)(&tally);
            pace.read(page.scanned).await;
            start = page.next;
            if start.is_none() {
                return Ok(tally);
            }
        }
    }

    /// Looks at every row and changes what is to be changed, from where the work stands, whose place is kept
    /// after every page.
    pub(crate) async fn change(
        &self,
        claim: &mut Claim<'_>,
        mut work: Work,
        pace: &mut Pace,
    ) -> Result<Tally, MigrationError> {
        let attributes = row::attributes(self.migration);
        loop {
            let start = work.after.as_ref().map(address);
            let page = self.table.scan(self.migration.rows, &attributes, start).await?;
            for row in page.rows {
                claim.hold_on().await?;
                self.change_row(row, &attributes, &mut work.tally, pace).await?;
            }
            (self.tell)(&work.tally);
            pace.read(page.scanned).await;
            let Some(next) = page.next else { return Ok(work.tally) };
            work.after = parts(&next);
            claim.keep_place(work.clone()).await?;
        }
    }

    /// Changes one row. If it is not what was read any more, it is read again: the service's write stands.
    async fn change_row(
        &self,
        mut row: Item,
        attributes: &[String],
        tally: &mut Tally,
        pace: &mut Pace,
    ) -> Result<(), StoreError> {
        tally.looked_at += 1;
        let key = key_of(&row);
        for _ in 0..ROW_TRIES {
            match self.step(&row) {
                Step::Leave => return Ok(()),
                Step::NeedsPerson(reason) => {
                    tally.count_need(reason, &spell(&key));
                    return Ok(());
                }
                Step::Write(write, from) => {
                    let is_written = self.table.change(&key, write).await?;
                    pace.wrote().await;
                    if is_written {
                        tally.count_change(from, &spell(&key));
                        return Ok(());
                    }
                }
            }
            match self.table.read(&key, attributes).await? {
                Some(now) => row = now,
                None => return Ok(()),
            }
        }
        tally.contended += 1;
        Ok(())
    }

    fn step(&self, row: &Item) -> Step {
        match self.direction {
            Direction::Forward => row::forward(self.migration, row),
            Direction::Back => row::back(self.migration, row),
        }
    }
}
