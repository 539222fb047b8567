//! The source of a balance transaction, as far as it leads to a booking.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::payment::Charge;
use super::refund::Refund;
use super::transfer::Transfer;
use crate::domain::kernel::money::Currency;

/// The object that caused a balance transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineSource {
    Charge(Box<Charge>),
    /// A refund, or a failed refund that came back.
    Refund(Box<Refund>),
    /// A transfer to a professional's account.
    Transfer(Box<Transfer>),
    /// A reversal of a transfer.
    Reversal(Reversed),
    /// A dispute withdrew the money of a charge, or returned it.
    Dispute(Dispute),
    /// Any other or unreadable source, with its id if it has one.
    Other(Option<String>),
}

/// The reversal of a transfer as a balance transaction contains it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Reversed {
    pub id: String,
    pub transfer: String,
    pub amount: i64,
    pub currency: Currency,
}

/// A dispute as Stripe returns it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Dispute {
    pub id: String,
    /// The disputed amount in minor units.
    pub amount: i64,
    pub currency: Currency,
    pub status: String,
    #[serde(default)]
    pub payment_intent: Option<String>,
}

impl LineSource {
    pub fn id(&self) -> Option<&str> {
        Some(match self {
            Self::Charge(charge) => &charge.id,
            Self::Refund(refund) => &refund.id,
            Self::Transfer(transfer) => &transfer.id,
            Self::Reversal(reversed) => &reversed.id,
            Self::Dispute(dispute) => &dispute.id,
            Self::Other(id) => id.as_deref()?,
        })
    }
}

/// Deserializes through a `Value`, because numbers kept as text do not survive serde's buffering. An unreadable
/// source must not hide the other transactions of its page.
impl<'de> Deserialize<'de> for LineSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = Value::deserialize(deserializer)?;
        let id = source.as_str().or(source["id"].as_str()).map(str::to_owned);
        let known = match source["object"].as_str() {
            Some("charge") => whole(source).map(|charge| Self::Charge(Box::new(charge))),
            Some("refund") => whole(source).map(|refund| Self::Refund(Box::new(refund))),
            Some("transfer") => whole(source).map(|transfer| Self::Transfer(Box::new(transfer))),
            Some("transfer_reversal") => whole(source).map(Self::Reversal),
            Some("dispute") => whole(source).map(Self::Dispute),
            _ => None,
        };
        Ok(known.unwrap_or(Self::Other(id)))
    }
}

fn whole<T: DeserializeOwned>(source: Value) -> Option<T> {
    serde_json::from_value(source).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::stripe::balance::BalanceTransaction;

    fn line(source: &str) -> BalanceTransaction {
        let text = format!(
            r#"{{"id":"txn_1","amount":-5,"fee":0,"net":-5,"currency":"usd","type":"transfer_refund",
            "source":{source},"created":1763467200,"available_on":1763467200}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn what_moved_a_line_is_read_whole_or_by_its_id_and_never_hides_the_line() {
        let reversal = line(
            r#"{"id":"trr_1","object":"transfer_reversal","transfer":"tr_1","amount":5,"currency":"usd"}"#,
        );
        let Some(LineSource::Reversal(reversed)) = reversal.source else { panic!("{reversal:?}") };
        assert_eq!((reversed.transfer.as_str(), reversed.amount), ("tr_1", 5));
        let other = |source: &str| line(source).source.and_then(|it| it.id().map(str::to_owned));
        assert_eq!(other("\"po_1\"").as_deref(), Some("po_1"));
        assert_eq!(other(r#"{"id":"po_1","object":"payout"}"#).as_deref(), Some("po_1"));
        assert_eq!(other(r#"{"id":"ch_1","object":"charge","amount":"five"}"#).as_deref(), Some("ch_1"));
        assert_eq!(line("null").source, None);
    }
}
