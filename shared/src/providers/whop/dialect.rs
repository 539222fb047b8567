//! The fields of a webhook in each of Whop's four dialects.
//!
//! | dialect | envelope | ids | instants |
//! | --- | --- | --- | --- |
//! | v1 | `id`, `type`, `timestamp`, `company_id`, `data` | nested objects | ISO 8601 |
//! | v1, dated | the same with `account_id` | flat, payments only for disputes and refunds | ISO 8601 |
//! | v5 | `action`, `data` | flat; a membership's `page_id` is its company | unix seconds |
//! | v2 | `action`, at times `company`, `data` or `body` | `membership` is a text, `user` an object | unix seconds |
//!
//! A webhook does not name its dialect, and dialects mix: so all fields are tried in a fixed order.

use serde_json::Value;

use crate::domain::kernel::id::{CompanyId, InvalidId, MembershipId, PaymentId, UserId};
use crate::providers::signed::body::is_plain_id;

/// The name of an event without one, or with one that must not be stored and logged.
pub(super) const UNNAMED: &str = "unnamed";

/// A webhook body that is a JSON object.
pub(super) struct Envelope {
    root: Value,
    /// The normalized name of the event.
    pub(super) name: String,
}

impl Envelope {
    /// An event whose name cannot be stored is still valid: it is named [`UNNAMED`].
    pub(super) fn new(root: Value) -> Self {
        let named =
            ["type", "action", "event"].iter().find_map(|key| super::name::normalize(root[key].as_str()?));
        Self { name: named.unwrap_or_else(|| UNNAMED.to_owned()), root }
    }

    /// A field of the envelope; null if it is absent.
    pub(super) fn field(&self, key: &str) -> &Value {
        &self.root[key]
    }

    /// The payload: a payment, a membership, a refund. Null if there is none.
    pub(super) fn data(&self) -> &Value {
        let data = &self.root["data"];
        if data.is_object() { data } else { &self.root["body"] }
    }

    /// The event's subject: `payment` of `payment.failed`.
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

    /// The `member_id` of a buyer or member also begins with `mem_` but is no membership, so it is not read.
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

    /// The product of the membership in any dialect: a `product_id`, a nested `product`, or an access pass of
    /// older versions. Only the id is read.
    pub(super) fn product_id(&self) -> Option<String> {
        let data = self.data();
        let owners = [data, &data["membership"], &data["payment"]];
        let fields = |owner: &Value| {
            ["product_id", "product", "access_pass"].into_iter().find_map(|name| {
                let place = &owner[name];
                let id = place.as_str().or_else(|| place["id"].as_str())?;
                is_plain_id(id).then(|| id.to_owned())
            })
        };
        owners.into_iter().find_map(fields)
    }

    pub(super) fn user_id(&self) -> Option<UserId> {
        let data = self.data();
        let owners = [data, &data["membership"], &data["payment"], &data["member"], &data["buyer"]];
        owners.iter().find_map(|owner| first(&[&owner["user"], &owner["user_id"]], UserId::parse))
    }
}

/// The first field with a valid id, as a text or in an object's `id`.
fn first<T>(fields: &[&Value], parse: fn(&str) -> Result<T, InvalidId>) -> Option<T> {
    fields.iter().find_map(|place| parse(place.as_str().or_else(|| place["id"].as_str())?).ok())
}
