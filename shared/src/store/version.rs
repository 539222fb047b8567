//! Which version the data is of. Migrations raise it, one after the other; this version of the code works on the
//! data of the version before it too, or it could not be switched to while the older one serves.

use serde::Deserialize;

use super::error::StoreError;
use super::keys::Key;
use super::write::{Item, with_key};
use super::{Store, attribute_number};

/// The version that this code expects: the number of the newest migration.
pub const DATA_VERSION: u32 = 1;

/// The attribute in which it stands. Where there is none, no migration has been done.
pub const DATA_VERSION_ATTRIBUTE: &str = "data_version";

/// What everybody may know of the row; the rest is the business of whoever migrates.
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

/// The address of the one row that says it, and in which a migration keeps its claim and its place.
pub fn data_version_key() -> Item {
    with_key(Item::new(), &Key::data_version())
}

/// The version that such a row says; 0 where it says none.
pub fn data_version_of(row: &Item) -> u32 {
    attribute_number(row, DATA_VERSION_ATTRIBUTE).and_then(|version| version.try_into().ok()).unwrap_or(0)
}
