//! The one row that says which version the data is of, who migrates, and where they are.
//!
//! It changes only under a condition. Whoever migrates holds it for a minute at a time, under an owner and a fence
//! that grows with each claim, and keeps its place in it after each page. A dead one's claim can be taken when its time
//! is over; a slow one whose claim was taken finds the fence grown and stops.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use shared::domain::kernel::clock::Clock;
use shared::domain::kernel::time;
use shared::store::version::{DATA_VERSION_ATTRIBUTE, data_version_key, data_version_of};
use shared::store::{Item, StoreError};

use crate::error::MigrationError;
use crate::table::{Table, key_of};
use crate::tally::Tally;

/// For how long a claim is held: many times what a page takes, and what one waits for after a death.
pub const LEASE_S: i64 = 60;

/// The row, as far as migrations know it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MigrationStatus {
    /// The version of the data.
    pub data_version: u32,
    /// Who holds the claim, if anybody does.
    pub claim: Option<Held>,
    /// What is under way, or was when somebody died.
    pub work: Option<Work>,
    fence: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub owner: String,
    #[serde(with = "time")]
    pub since: DateTime<Utc>,
    /// When it ends unless it is renewed.
    #[serde(with = "time")]
    pub until: DateTime<Utc>,
}

/// Which way a migration goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Forward,
    /// To the version before it.
    Back,
}

/// A migration under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    pub migration: u32,
    /// Which way it goes.
    pub direction: Direction,
    /// Which walk through the table this is, from 1.
    pub walk: u32,
    /// After which row it goes on; absent at the beginning.
    pub after: Option<(String, String)>,
    /// What this walk came to so far.
    pub tally: Tally,
}

impl Work {
    /// The beginning of a walk.
    pub(crate) fn begin(migration: u32, direction: Direction, walk: u32) -> Self {
        Self { migration, direction, walk, after: None, tally: Tally::default() }
    }
}

/// The row as it is written, but for the version.
#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(default)]
    fence: u64,
    claim: Option<Held>,
    work: Option<Work>,
}

pub async fn standing(table: &Table) -> Result<MigrationStatus, StoreError> {
    let request = table.client.get_item().table_name(&table.name).consistent_read(true);
    let output = request.set_key(Some(data_version_key())).send().await.map_err(StoreError::sdk)?;
    let Some(item) = output.item else { return Ok(MigrationStatus::default()) };
    let data_version = data_version_of(&item);
    let row: Row = serde_dynamo::from_item(item)
        .map_err(|error| StoreError::Shape(format!("{}: {error}", row_name())))?;
    Ok(MigrationStatus { data_version, claim: row.claim, work: row.work, fence: row.fence })
}

/// A claim that is held.
pub(crate) struct Claim<'a> {
    table: &'a Table,
    clock: &'a Clock,
    /// As this run wrote it last.
    standing: MigrationStatus,
    held: Held,
}

impl<'a> Claim<'a> {
    /// Takes the claim, if nobody holds it. `take_over` takes it from whoever does.
    pub(crate) async fn take(
        table: &'a Table,
        clock: &'a Clock,
        owner: &str,
        take_over: bool,
    ) -> Result<Self, MigrationError> {
        let found = standing(table).await?;
        let now = clock.now();
        if let Some(held) = found.claim.as_ref().filter(|held| held.until > now && !take_over) {
            return Err(held_by(held));
        }
        let held = Held { owner: owner.to_owned(), since: now, until: now + Duration::seconds(LEASE_S) };
        let fence = found.fence;
        let standing = MigrationStatus { fence: fence + 1, ..found };
        let mut claim = Self { table, clock, standing, held };
        if !claim.write(Some(fence), true).await? {
            // Somebody was faster, or it was our own write whose answer was lost.
            let found = self::standing(table).await?;
            match found.claim {
                Some(held) if held.owner == owner && found.fence == claim.standing.fence => {}
                Some(held) => return Err(held_by(&held)),
                None => return Err(MigrationError::Lost),
            }
        }
        Ok(claim)
    }

    pub(crate) fn standing(&self) -> &MigrationStatus {
        &self.standing
    }

    /// Keeps the place, and holds on.
    pub(crate) async fn keep_place(&mut self, work: Work) -> Result<(), MigrationError> {
        self.keep(self.standing.data_version, Some(work)).await
    }

    /// Keeps the version and the place, and holds on.
    pub(crate) async fn keep(&mut self, data_version: u32, work: Option<Work>) -> Result<(), MigrationError> {
        self.standing.data_version = data_version;
        self.standing.work = work;
        self.held.until = self.clock.now() + Duration::seconds(LEASE_S);
        if self.write(None, true).await? { Ok(()) } else { Err(MigrationError::Lost) }
    }

    /// Holds on, if the claim ends soon: no row is written in the last half of it, in which another run may
    /// already think of taking it.
    pub(crate) async fn hold_on(&mut self) -> Result<(), MigrationError> {
        if self.held.until - self.clock.now() > Duration::seconds(LEASE_S / 2) {
            return Ok(());
        }
        self.keep(self.standing.data_version, self.standing.work.clone()).await
    }

    /// Lets go. Whoever has taken it over meanwhile keeps it.
    pub(crate) async fn release(mut self) -> Result<(), StoreError> {
        self.write(None, false).await.map(drop)
    }

    /// Writes the row as it is to stand: over the fence that was read, or under our own claim.
    async fn write(&mut self, over: Option<u64>, holding: bool) -> Result<bool, StoreError> {
        let claim = holding.then(|| self.held.clone());
        let row = Row { fence: self.standing.fence, claim, work: self.standing.work.clone() };
        let row: Item = serde_dynamo::to_item(row).map_err(|error| StoreError::Shape(error.to_string()))?;
        let number = |value: u64| AttributeValue::N(value.to_string());
        let request = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(key_of(&data_version_key())))
            .update_expression("SET #version = :version, #fence = :fence, #claim = :claim, #work = :work")
            .expression_attribute_names("#version", DATA_VERSION_ATTRIBUTE)
            .expression_attribute_names("#fence", "fence")
            .expression_attribute_names("#claim", "claim")
            .expression_attribute_names("#work", "work")
            .expression_attribute_values(":version", number(self.standing.data_version.into()))
            .expression_attribute_values(":fence", number(self.standing.fence))
            .expression_attribute_values(":claim", row["claim"].clone())
            .expression_attribute_values(":work", row["work"].clone());
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
