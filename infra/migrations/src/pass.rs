//! One pass over the table, page by page.

use shared::store::{Item, StoreError};

use crate::claim::{Claim, Direction, Work};
use crate::error::MigrationError;
use crate::numbered::Migration;
use crate::rate_limit::RowRateLimit;
use crate::row::{self, Step};
use crate::table::{Table, address, key_of, parts, spell};
use crate::tally::Tally;

/// How often a row is read again if the service writes it concurrently.
const ROW_TRIES: u32 = 5;

/// The parameters of a pass.
pub(crate) struct Walk<'a> {
    pub(crate) table: &'a Table,
    pub(crate) migration: &'a Migration,
    pub(crate) direction: Direction,
    /// Called after every page.
    pub(crate) on_progress: &'a (dyn Fn(&Tally) + Send + Sync),
}

impl Walk<'_> {
    /// Checks every row and writes nothing.
    pub(crate) async fn inspect(&self, rate_limit: &mut RowRateLimit) -> Result<Tally, StoreError> {
        let attributes = row::attributes(self.migration);
        let (mut tally, mut start) = (Tally::default(), None);
        loop {
            let page = self.table.scan(self.migration.rows, &attributes, start).await?;
            for row in &page.rows {
                tally.rows_read += 1;
                let key = spell(&key_of(row));
                match self.step(row) {
                    Step::Leave => {}
                    Step::Write(_, from) => tally.count_change(from, &key),
                    Step::NeedsPerson(reason) => tally.count_need(reason, &key),
                }
            }
            (self.on_progress)(&tally);
            rate_limit.wait_after_reads(page.scanned).await;
            start = page.next;
            if start.is_none() {
                return Ok(tally);
            }
        }
    }

    /// Changes all rows that need it, starting after the saved progress, and saves the progress after every page.
    pub(crate) async fn change(
        &self,
        claim: &mut Claim<'_>,
        mut work: Work,
        rate_limit: &mut RowRateLimit,
    ) -> Result<Tally, MigrationError> {
        let attributes = row::attributes(self.migration);
        loop {
            let start = work.after.as_ref().map(address);
            let page = self.table.scan(self.migration.rows, &attributes, start).await?;
            for row in page.rows {
                claim.renew_if_due().await?;
                self.change_row(row, &attributes, &mut work.tally, rate_limit).await?;
            }
            (self.on_progress)(&work.tally);
            rate_limit.wait_after_reads(page.scanned).await;
            let Some(next) = page.next else { return Ok(work.tally) };
            work.after = parts(&next);
            claim.save_progress(work.clone()).await?;
        }
    }

    /// Changes one row. If it has changed since it was read, the other write stays and the row is read again.
    async fn change_row(
        &self,
        mut row: Item,
        attributes: &[String],
        tally: &mut Tally,
        rate_limit: &mut RowRateLimit,
    ) -> Result<(), StoreError> {
        tally.rows_read += 1;
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
                    rate_limit.wait_after_write().await;
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
