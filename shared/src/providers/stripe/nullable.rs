//! Fields that Stripe's types allow to be `null`, where nothing and `null` mean the same.

use serde::{Deserialize, Deserializer};

/// Reads `null` as the default; use it beside `#[serde(default)]`, which reads an absent field so.
pub(super) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
