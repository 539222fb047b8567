//! Where each of Whop's four dialects keeps what we look for.
//!
//! | dialect | envelope | ids | instants |
//! | --- | --- | --- | --- |
//! | v1 | `id`, `type`, `timestamp`, `company_id`, `data` | nested objects | ISO 8601 |
//! | v1, dated | the same with `account_id` | flat, payments only for disputes and refunds | ISO 8601 |
//! | v5 | `action`, `data` | flat; a membership's `page_id` is its company | unix seconds |
//! | v2 | `action`, at times `company`, `data` or `body` | `membership` is a text, `user` an object | unix seconds |
//!
//! Nobody says which one it is, and they mix: so every place is looked at, in one order.

use serde_json::Value;

use crate::domain::kernel::id::{CompanyId, InvalidId, MembershipId, PaymentId, UserId};
use crate::providers::signed::body::is_plain_id;

/// The name of an event that has none, or none that can be stored and logged.
pub(super) const UNNAMED: &str = "unnamed";

/// A webhook body that is a JSON object.
pub(super) struct Envelope {
    root: Value,
    /// The event's name in its one spelling.
    pub(super) name: String,
}

impl Envelope {
    /// An event whose name is none we could write down is proven all the same: it is kept as [`UNNAMED`].
    pub(super) fn new(root: Value) -> Self {
        let named =
            ["type", "action", "event"].iter().find_map(|key| super::name::normalise(root[key].as_str()?));
        Self { name: named.unwrap_or_else(|| UNNAMED.to_owned()), root }
    }

    /// A member of the envelope itself; null where it is absent.
    pub(super) fn field(&self, key: &str) -> &Value {
        &self.root[key]
    }

    /// The payload: a payment, a membership, a refund. Null where there is none.
    pub(super) fn data(&self) -> &Value {
        let data = &self.root["data"];
        if data.is_object() { data } else { &self.root["body"] }
    }

    /// What the event is about: `payment` of `payment.failed`.
    pub(super) fn noun(&self) -> &str {
        self.name.split_once('.').map_or("", |(noun, _)| noun)
    }

    pub(super) fn company_id(&self) -> Option<CompanyId> {
        let (root, data) = (&self.root, self.data());
        let owners = [root, data, &data["membership"], &data["payment"]];
        owners.iter().find_map(|owner| {
            first(
                &[
                    &owner["company_id"],
                    &owner["account_id"],
                    &owner["company"],
                    &owner["account"],
                    &owner["page_id"],
                ],
                CompanyId::parse,
            )
        })
    }

    /// A buyer's or member's `member_id` also begins with `mem_` and is no membership: it is not looked at.
    pub(super) fn membership_id(&self) -> Option<MembershipId> {
        let data = self.data();
        let own = if self.noun() == "membership" { &data["id"] } else { &Value::Null };
        let payment = &data["payment"];
        first(
            &[
                own,
                &data["membership"],
                &data["membership_id"],
                &payment["membership"],
                &payment["membership_id"],
            ],
            MembershipId::parse,
        )
    }

    pub(super) fn payment_id(&self) -> Option<PaymentId> {
        let data = self.data();
        let own = if self.noun() == "payment" { &data["id"] } else { &Value::Null };
        first(&[own, &data["payment"], &data["payment_id"]], PaymentId::parse)
    }

    /// The product of the membership, under whichever name the dialect has it: a `product_id`, a nested
    /// `product`, or what older versions call an access pass. An id is needed and nothing else of it.
    pub(super) fn product_id(&self) -> Option<String> {
        let data = self.data();
        let owners = [data, &data["membership"], &data["payment"]];
        let places = |owner: &Value| {
            ["product_id", "product", "access_pass"].into_iter().find_map(|name| {
                let place = &owner[name];
                let id = place.as_str().or_else(|| place["id"].as_str())?;
                is_plain_id(id).then(|| id.to_owned())
            })
        };
        owners.into_iter().find_map(places)
    }

    pub(super) fn user_id(&self) -> Option<UserId> {
        let data = self.data();
        let owners = [data, &data["membership"], &data["payment"], &data["member"], &data["buyer"]];
        owners.iter().find_map(|owner| first(&[&owner["user"], &owner["user_id"]], UserId::parse))
    }
}

/// The first place that holds an id of the wanted kind, as a text or as an object with an `id`.
fn first<T>(places: &[&Value], parse: fn(&str) -> Result<T, InvalidId>) -> Option<T> {
    places.iter().find_map(|place| parse(place.as_str().or_else(|| place["id"].as_str())?).ok())
}
