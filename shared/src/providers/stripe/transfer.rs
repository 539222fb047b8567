//! Transfers from our balance to a professional's account.

use std::collections::BTreeMap;

use chrono::serde::ts_seconds;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::form::Form;
use super::list::{Created, ListCursor};
use super::nullable::nullable;
use crate::domain::kernel::money::{Currency, Money};

/// The request for a new transfer. It is stored before it is sent, so that a retry sends the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTransfer {
    pub money: Money,
    /// The professional's account, `acct_…`.
    pub destination: String,
    /// Used to look the transfer up if it is unknown whether it was created.
    pub transfer_group: String,
    /// The charge that funds it, `ch_…`, so that the available balance need not cover it yet.
    pub source_transaction: Option<String>,
    pub metadata: BTreeMap<String, String>,
    /// Shown to the professional.
    pub description: Option<String>,
}

impl NewTransfer {
    pub(super) fn form(&self) -> Form {
        Form::default()
            .with("amount", self.money.amount)
            .with("currency", self.money.currency.as_str())
            .with("destination", &self.destination)
            .with("transfer_group", &self.transfer_group)
            .with_some("source_transaction", self.source_transaction.as_ref())
            .with_some("description", self.description.as_ref())
            .with_metadata(&self.metadata)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransferFilter {
    pub transfer_group: Option<String>,
    pub destination: Option<String>,
    pub created: Created,
}

impl TransferFilter {
    pub(super) fn form(&self, from: &ListCursor) -> Form {
        Form::default()
            .with_some("transfer_group", self.transfer_group.as_ref())
            .with_some("destination", self.destination.as_ref())
            .with_created(self.created)
            .with_page(from)
    }
}

/// A transfer as Stripe returns it; amounts are in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Transfer {
    pub id: String,
    pub amount: i64,
    pub amount_reversed: i64,
    pub reversed: bool,
    pub currency: Currency,
    #[serde(default)]
    pub destination: Option<String>,
    #[serde(default)]
    pub transfer_group: Option<String>,
    /// The charge that funds it.
    #[serde(default)]
    pub source_transaction: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    pub metadata: BTreeMap<String, String>,
    /// The ten newest reversals.
    #[serde(default)]
    pub reversals: Reversals,
    #[serde(default)]
    pub balance_transaction: Option<String>,
    #[serde(with = "ts_seconds")]
    pub created: DateTime<Utc>,
}

/// The reversals in a transfer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Reversals {
    pub data: Vec<Reversal>,
    pub has_more: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Reversal {
    pub id: String,
    pub amount: i64,
    pub currency: Currency,
    #[serde(with = "ts_seconds")]
    pub created: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_written_down_is_the_same_request_when_it_is_read_again() {
        let transfer = NewTransfer {
            money: Money { amount: 1_000_000, currency: Currency::parse("cop").unwrap() },
            destination: "acct_1".to_owned(),
            transfer_group: "booking_1".to_owned(),
            source_transaction: Some("ch_1".to_owned()),
            metadata: BTreeMap::from([("booking_id".to_owned(), "1".to_owned())]),
            description: None,
        };
        let text = transfer.form().into_text();
        assert_eq!(
            text,
            "amount=1000000&currency=cop&destination=acct_1&transfer_group=booking_1\
             &source_transaction=ch_1&metadata%5Bbooking_id%5D=1"
        );
        let written = serde_json::to_string(&transfer).unwrap();
        let read: NewTransfer = serde_json::from_str(&written).unwrap();
        assert_eq!(read.form().into_text(), text);
    }
}
