//! Finds the owner of a provider's id.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::party::BookingId;
use crate::store::company::Company;
use crate::store::error::StoreError;
use crate::store::keys::Key;
use crate::store::platform::inbox::Inbox;
use crate::store::write::Write;

/// The booking that a payment belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BookingOwner {
    pub company_id: CompanyId,
    pub booking_id: BookingId,
}

impl BookingOwner {
    /// The booking named in the metadata of a Stripe object; requires both `company_id` and `booking_id`.
    pub fn named_in(metadata: &BTreeMap<String, String>) -> Option<Self> {
        let company_id = CompanyId::parse(metadata.get("company_id")?).ok()?;
        Some(Self { company_id, booking_id: BookingId::parse(metadata.get("booking_id")?).ok()? })
    }
}

impl Inbox {
    /// The booking of a payment that is registered in the directory.
    pub async fn booking_owner(&self, payment_intent: &str) -> Result<Option<BookingOwner>, StoreError> {
        self.store().get(Key::directory(payment_intent)).await
    }
}

impl Company {
    pub(super) fn register_booking(&self, id: &str, booking_id: BookingId) -> Result<Write, StoreError> {
        Write::put(Key::directory(id), &BookingOwner { company_id: self.company.clone(), booking_id })
    }
}
