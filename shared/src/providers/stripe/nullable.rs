//! Fields that may be `null` in Stripe's types, with the same meaning as a missing field.

use serde::{Deserialize, Deserializer};

/// Reads `null` as the default; use it with `#[serde(default)]`, which covers a missing field.
pub(super) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
