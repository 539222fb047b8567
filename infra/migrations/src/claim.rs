//! The row with the version of the data, the claim of the running migration, and its progress.
//!
//! Every write is conditional. A run claims the row for a minute at a time, with an owner and a fencing token
//! that increases with each claim, and saves its progress after each page. After a crash the claim can be taken
//! when it expires; a slow run whose claim was taken finds a higher fencing token and stops.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use shared::domain::kernel::clock::Clock;
use shared::domain::kernel::time;
use shared::store::version::{DATA_VERSION_ATTRIBUTE, data_version_key, data_version_of};
use shared::store::{Item, StoreError};

use crate::error::MigrationError;
use crate::numbered::oldest_reader;
use crate::table::{Table, key_of};
use crate::tally::Tally;

/// The duration of a claim: many times the time of a page; also the waiting time after a crash.
pub const LEASE_S: i64 = 60;

/// The attribute of the row that says which code works with the data; `infra/emergency` reads it.
const OLDEST_READER: &str = "oldest_reader";

/// The row without its condition fields.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MigrationStatus {
    pub data_version: u32,
    pub claim: Option<Held>,
    /// The migration that is running or was interrupted.
    pub work: Option<Work>,
    /// The oldest code that works with this data, by the data version that it expects; absent where no run has
    /// written it yet.
    pub oldest_reader: Option<u32>,
    fence: u64,
}

impl MigrationStatus {
    /// The newest version of which rows may exist: an unfinished migration has written some.
    pub(crate) fn newest_form(&self) -> u32 {
        self.work.as_ref().map_or(0, |work| work.migration).max(self.data_version)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub owner: String,
    #[serde(with = "time")]
    pub since: DateTime<Utc>,
    /// The expiry unless it is renewed.
    #[serde(with = "time")]
    pub until: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Forward,
    /// Back to the previous version.
    Back,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    pub migration: u32,
    pub direction: Direction,
    /// The number of the pass over the table, from 1.
    pub walk: u32,
    /// The key after which it continues; `None` at the beginning.
    pub after: Option<(String, String)>,
    /// The counts of this pass so far.
    pub tally: Tally,
}

impl Work {
    pub(crate) fn begin(migration: u32, direction: Direction, walk: u32) -> Self {
        Self { migration, direction, walk, after: None, tally: Tally::default() }
    }
}

/// The stored row without the version.
#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(default)]
    fence: u64,
    claim: Option<Held>,
    work: Option<Work>,
    #[serde(default)]
    oldest_reader: Option<u32>,
}

pub async fn load_status(table: &Table) -> Result<MigrationStatus, StoreError> {
    let request = table.client.get_item().table_name(&table.name).consistent_read(true);
    let output = request.set_key(Some(data_version_key())).send().await.map_err(StoreError::sdk)?;
    let Some(item) = output.item else { return Ok(MigrationStatus::default()) };
    let data_version = data_version_of(&item);
    let row: Row = serde_dynamo::from_item(item)
        .map_err(|error| StoreError::Shape(format!("{}: {error}", row_name())))?;
    let Row { fence, claim, work, oldest_reader } = row;
    Ok(MigrationStatus { data_version, claim, work, oldest_reader, fence })
}

pub(crate) struct Claim<'a> {
    table: &'a Table,
    clock: &'a Clock,
    /// The row as this run wrote it last.
    status: MigrationStatus,
    held: Held,
}

impl<'a> Claim<'a> {
    /// Acquires the claim if it is free or expired. `take_over` acquires it in any case.
    pub(crate) async fn acquire(
        table: &'a Table,
        clock: &'a Clock,
        owner: &str,
        take_over: bool,
    ) -> Result<Self, MigrationError> {
        let found = load_status(table).await?;
        let now = clock.now();
        if let Some(held) = found.claim.as_ref().filter(|held| held.until > now && !take_over) {
            return Err(held_by(held));
        }
        let held = Held { owner: owner.to_owned(), since: now, until: now + Duration::seconds(LEASE_S) };
        let fence = found.fence;
        let status = MigrationStatus { fence: fence + 1, ..found };
        let mut claim = Self { table, clock, status, held };
        if !claim.write(Some(fence), true).await? {
            // Another run was faster, or this was our own write whose answer was lost.
            let found = load_status(table).await?;
            match found.claim {
                Some(held) if held.owner == owner && found.fence == claim.status.fence => {}
                Some(held) => return Err(held_by(&held)),
                None => return Err(MigrationError::Lost),
            }
        }
        Ok(claim)
    }

    pub(crate) fn status(&self) -> &MigrationStatus {
        &self.status
    }

    /// Saves the progress and renews the claim.
    pub(crate) async fn save_progress(&mut self, work: Work) -> Result<(), MigrationError> {
        self.save(self.status.data_version, Some(work)).await
    }

    /// Saves version and progress and renews the claim.
    pub(crate) async fn save(&mut self, data_version: u32, work: Option<Work>) -> Result<(), MigrationError> {
        self.status.data_version = data_version;
        self.status.work = work;
        self.held.until = self.clock.now() + Duration::seconds(LEASE_S);
        if self.write(None, true).await? { Ok(()) } else { Err(MigrationError::Lost) }
    }

    /// Renews the claim in its second half, so that no row is written shortly before another run may take it.
    pub(crate) async fn renew_if_due(&mut self) -> Result<(), MigrationError> {
        if self.held.until - self.clock.now() > Duration::seconds(LEASE_S / 2) {
            return Ok(());
        }
        self.save(self.status.data_version, self.status.work.clone()).await
    }

    /// Releases the claim. If another run has taken it over, that one keeps it.
    pub(crate) async fn release(mut self) -> Result<(), StoreError> {
        self.write(None, false).await.map(drop)
    }

    /// Writes the row, on condition of the read fencing token (`over`) or of our own claim.
    async fn write(&mut self, over: Option<u64>, holding: bool) -> Result<bool, StoreError> {
        let claim = holding.then(|| self.held.clone());
        let oldest_reader = Some(oldest_reader(self.status.newest_form()));
        let row = Row { fence: self.status.fence, claim, work: self.status.work.clone(), oldest_reader };
        let row: Item = serde_dynamo::to_item(row).map_err(|error| StoreError::Shape(error.to_string()))?;
        let number = |value: u64| AttributeValue::N(value.to_string());
        let request = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(key_of(&data_version_key())))
            .update_expression(
                "SET #version = :version, #fence = :fence, #claim = :claim, #work = :work, #reader = :reader",
            )
            .expression_attribute_names("#version", DATA_VERSION_ATTRIBUTE)
            .expression_attribute_names("#fence", "fence")
            .expression_attribute_names("#claim", "claim")
            .expression_attribute_names("#work", "work")
            .expression_attribute_names("#reader", OLDEST_READER)
            .expression_attribute_values(":version", number(self.status.data_version.into()))
            .expression_attribute_values(":fence", number(self.status.fence))
            .expression_attribute_values(":claim", row["claim"].clone())
            .expression_attribute_values(":work", row["work"].clone())
            .expression_attribute_values(":reader", row[OLDEST_READER].clone());
        let request = match over {
            Some(0) => request.condition_expression("attribute_not_exists(#fence)"),
            Some(fence) => request
                .condition_expression("#fence = :read")
                .expression_attribute_values(":read", number(fence)),
            None => request
                .condition_expression("#fence = :fence AND #claim.#owner = :owner")
                .expression_attribute_names("#owner", "owner")
                .expression_attribute_values(":owner", AttributeValue::S(self.held.owner.clone())),
        };
        match request.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Ok(false)
            }
            Err(error) => Err(StoreError::sdk(error)),
        }
    }
}

fn held_by(held: &Held) -> MigrationError {
    MigrationError::Held { owner: held.owner.clone(), since: held.since, until: held.until }
}

fn row_name() -> String {
    crate::table::spell(&data_version_key())
}
