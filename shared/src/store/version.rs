//! The version of the data. Migrations increment it one after the other. The code also works on the previous data
//! version, so that it can be deployed while the older code still serves.

use serde::Deserialize;

use super::error::StoreError;
use super::keys::Key;
use super::write::{Item, with_key};
use super::{Store, attribute_number};

/// The data version that this code expects: the number of the newest migration.
pub const DATA_VERSION: u32 = 1;

/// The attribute of the data version; absent before the first migration.
pub const DATA_VERSION_ATTRIBUTE: &str = "data_version";

/// The public part of the row; the migrations read the rest.
#[derive(Deserialize)]
struct VersionRow {
    #[serde(default)]
    data_version: u32,
}

impl Store {
    /// The version of the data; 0 before the first migration.
    pub async fn data_version(&self) -> Result<u32, StoreError> {
        let row: Option<VersionRow> = self.get(Key::data_version()).await?;
        Ok(row.map_or(0, |row| row.data_version))
    }
}

/// The key of the row with the data version, in which a migration also stores its claim and its cursor.
pub fn data_version_key() -> Item {
    with_key(Item::new(), &Key::data_version())
}

/// The data version in such a row; 0 if it is absent.
pub fn data_version_of(row: &Item) -> u32 {
    attribute_number(row, DATA_VERSION_ATTRIBUTE).and_then(|version| version.try_into().ok()).unwrap_or(0)
}
