//! A membership as Whop's API returns it, in either of its two shapes.
//!
//! | field | undated, to 2026-07-20 | dated, 2026-09-15 |
//! | --- | --- | --- |
//! | seller | `company.id` | `account.id` |
//! | buyer | `user.id` | `user_id` |
//! | mail address | `user.email` | on the payment only, as `customer_email` |
//! | product | `product.id` | `product_id` |
//! | period | `renewal_period_start`, `renewal_period_end` | `current_period_end` |
//! | manage link | `manage_url` | absent: built from the id |
//! | collection paused | `payment_collection_paused` | absent: read from the list of paused memberships |
//!
//! Both are read, whichever version is requested: a key may be pinned to another one, and a sandbox may return
//! the newest shape for an older date.

use serde_json::Value;

use crate::domain::kernel::id::{CompanyId, InvalidId, MembershipId, UserId};
use crate::domain::recovery::membership::Membership;
use crate::domain::recovery::second_purchase::ListedMembership;
use crate::providers::signed::body::is_plain_id;
use crate::providers::signed::moment;

/// Whop's answer about one membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipAnswer {
    pub membership: Membership,
    /// The page where the member manages it, if it may be put into messages.
    pub manage_url: Option<String>,
    /// The member's email address, if the answer holds it.
    pub email: Option<MailAddress>,
}

/// A member's email address; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct MailAddress(String);

impl MailAddress {
    pub fn read(value: &Value) -> Option<Self> {
        value.as_str().map(str::trim).filter(|text| text.contains('@')).map(|text| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for MailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailAddress(…)")
    }
}

/// Parses a membership; `None` without an id or a status.
pub(super) fn read(answer: &Value) -> Option<MembershipAnswer> {
    answer["id"].as_str()?;
    let status = answer["status"].as_str().filter(|status| is_plain_id(status))?.to_owned();
    let membership = Membership {
        status,
        company_id: first_id(answer, &["account", "account_id", "company", "company_id"], CompanyId::parse),
        user_id: first_id(answer, &["user_id", "user"], UserId::parse),
        product_id: first_id(answer, &["product_id", "product"], plain_id),
        period_started_at: moment::read(&answer["renewal_period_start"])
            .or_else(|| moment::read(&answer["current_period_start"])),
        period_ends_at: moment::read(&answer["current_period_end"])
            .or_else(|| moment::read(&answer["renewal_period_end"])),
        cancel_at_period_end: answer["cancel_at_period_end"].as_bool().unwrap_or_default(),
        collection_paused: answer["payment_collection_paused"].as_bool(),
    };
    let manage_url = answer["manage_url"].as_str().filter(|url| is_whop_link(url)).map(str::to_owned);
    Some(MembershipAnswer { membership, manage_url, email: MailAddress::read(&answer["user"]["email"]) })
}

/// Parses an entry of the list; `None` without an id, a status or a start.
pub(super) fn read_listed(entry: &Value) -> Option<ListedMembership> {
    let MembershipAnswer { membership, .. } = read(entry)?;
    let id = MembershipId::parse(entry["id"].as_str()?).ok()?;
    Some(ListedMembership { id, bought_at: moment::read(&entry["created_at"])?, membership })
}

/// The email address of a payment: `customer_email` in the dated shape, the user's in the older one.
pub(super) fn address_of_payment(answer: &Value) -> Option<MailAddress> {
    MailAddress::read(&answer["customer_email"]).or_else(|| MailAddress::read(&answer["user"]["email"]))
}

fn first_id<T>(answer: &Value, names: &[&str], parse: fn(&str) -> Result<T, InvalidId>) -> Option<T> {
    names.iter().find_map(|name| {
        let place = &answer[name];
        parse(place.as_str().or_else(|| place["id"].as_str())?).ok()
    })
}

fn plain_id(text: &str) -> Result<String, InvalidId> {
    if is_plain_id(text) { Ok(text.to_owned()) } else { Err(InvalidId { expected: "a plain id" }) }
}

/// Longer than any of Whop's links.
const MAX_LINK_BYTES: usize = 500;

/// Whether a link may be put into a message: `https`, at `whop.com` or a subdomain, and without a user name or a
/// port, which could lead elsewhere.
pub fn is_whop_link(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain =
        host.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte));
    let of_whop = host == "whop.com" || host.ends_with(".whop.com");
    let printable = url.bytes().all(|byte| byte.is_ascii_graphic() && !br#"\"'<>`{}|^"#.contains(&byte));
    url.len() <= MAX_LINK_BYTES && plain && of_whop && printable
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_without_id_or_status_is_unreadable_and_other_fields_are_optional() {
        assert!(read(&json!({"id": "mem_1"})).is_none());
        assert!(read(&json!({"status": "active"})).is_none());
        assert!(read(&json!([])).is_none());
        let bare = read(&json!({"id": "mem_1", "status": "status_of_next_year", "user": 7, "account": []}));
        let membership = bare.unwrap().membership;
        assert_eq!((membership.status.as_str(), membership.user_id), ("status_of_next_year", None));
    }

    #[test]
    fn only_a_link_that_leads_to_whop_may_be_sent_on() {
        for url in [
            "https://whop.com/billing/manage/mber_1/",
            "https://dash.whop.com/x?y=1#z",
            "https://whop.com",
            "https://whop.com/hub?page=products&company=a",
        ] {
            assert!(is_whop_link(url), "{url}");
        }
        for url in [
            "http://whop.com/x",
            "https://whop.com.evil.example/x",
            "https://evilwhop.com/x",
            "https://whop.com@evil.example/",
            "https://whop.com:8443/x",
            "https://WHOP.com/x",
            "https://evil.example/whop.com",
            "https://whop.com\\@evil.example/",
            "https://whop.com/a b",
            "https:/whop.com/",
            "javascript:alert(1)",
            "",
        ] {
            assert!(!is_whop_link(url), "{url}");
        }
    }
}
