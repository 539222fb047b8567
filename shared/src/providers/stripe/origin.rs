//! Decides to which account an event belongs, before anything else is read, because Stripe sends events of
//! several accounts to one endpoint.
//!
//! | the event | result |
//! | --- | --- |
//! | is a thin event (`"object": "v2.core.event"`) | ignored: it only refers to an object |
//! | has another mode than our key, or none | ignored: Stripe sends test events of connected accounts to live endpoints too |
//! | names an account that cannot be read, or two different ones | ignored |
//! | names an account | belongs to the connected account |
//! | names none | belongs to our account |
//!
//! The account is in `account`; in `user_id` up to version 2017-05-25, which an old endpoint keeps for ever; and
//! since 2025-04-30 also in `context`, as the last segment of a path such as `org_1/acct_1`. An event that names
//! an account only in `context` comes from an organization's endpoint. It does not tell which of the
//! organization's accounts is ours, so the event counts as another account's: create the endpoint in the account
//! itself.

use serde_json::Value;

use crate::domain::kernel::party::StripeAccountId;
use crate::domain::platform::event::IgnoreReason;

/// Whether a key and its objects use real money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Stripe's test mode and its sandboxes: no money moves.
    Test,
    Live,
}

impl Mode {
    /// The mode of a secret or restricted key, `sk_live_…` or `rk_test_…`; `None` if its prefix does not say.
    pub fn of_key(key: &str) -> Option<Self> {
        let rest = key.strip_prefix("sk_").or_else(|| key.strip_prefix("rk_"))?;
        let rest = rest.strip_prefix("org_").unwrap_or(rest);
        match rest.split_once('_')?.0 {
            "test" => Some(Self::Test),
            "live" => Some(Self::Live),
            _ => None,
        }
    }

    /// The value of `livemode` in every object of this mode.
    pub fn is_live(self) -> bool {
        self == Self::Live
    }
}

/// The account to which an event belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EventOrigin {
    Platform,
    Connected(StripeAccountId),
}

/// Determines the account. If `mode` is unknown, the event's own mode is not checked.
pub(super) fn identify(root: &Value, mode: Option<Mode>) -> Result<EventOrigin, IgnoreReason> {
    if root["object"].as_str().is_some_and(|object| object.starts_with("v2.")) {
        return Err(IgnoreReason::ThinEvent);
    }
    if mode.is_some_and(|mode| root["livemode"].as_bool() != Some(mode.is_live())) {
        return Err(IgnoreReason::WrongMode);
    }
    Ok(connected_account(root)?.map_or(EventOrigin::Platform, EventOrigin::Connected))
}

/// The connected account in any of its fields; `None` if none is named.
fn connected_account(root: &Value) -> Result<Option<StripeAccountId>, IgnoreReason> {
    let mut named: Option<StripeAccountId> = None;
    for field in ["account", "user_id", "context"] {
        let id = match &root[field] {
            Value::Null => continue,
            Value::String(id) => id.rsplit('/').next().unwrap_or_default(),
            _ => return Err(IgnoreReason::OtherAccount),
        };
        let account = StripeAccountId::parse(id).map_err(|_| IgnoreReason::OtherAccount)?;
        if named.as_ref().is_some_and(|named| *named != account) {
            return Err(IgnoreReason::OtherAccount);
        }
        named = Some(account);
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn origin(mut envelope: Value) -> Result<EventOrigin, IgnoreReason> {
        envelope["livemode"] = json!(true);
        identify(&envelope, Some(Mode::Live))
    }

    fn connected(id: &str) -> Result<EventOrigin, IgnoreReason> {
        Ok(EventOrigin::Connected(StripeAccountId::parse(id).unwrap()))
    }

    #[test]
    fn a_key_has_a_mode_or_none() {
        for (key, mode) in [
            ("sk_live_1", Some(Mode::Live)),
            ("rk_live_1", Some(Mode::Live)),
            ("sk_test_1", Some(Mode::Test)),
            ("rk_test_1", Some(Mode::Test)),
            ("sk_org_live_1", Some(Mode::Live)),
            ("sk_org_test_1", Some(Mode::Test)),
            ("sk_4eC39HqLyjWDarjtT1zdp7dc", None),
            ("sk_liveness_1", None),
            ("sk_live", None),
            ("pk_live_1", None),
            ("", None),
        ] {
            assert_eq!(Mode::of_key(key), mode, "{key}");
        }
    }

    #[test]
    fn an_event_of_another_mode_or_of_none_is_ignored() {
        for (livemode, of_live, of_test) in [
            (json!(true), true, false),
            (json!(false), false, true),
            (json!("true"), false, false),
            (json!(1), false, false),
            (Value::Null, false, false),
        ] {
            let event = json!({"livemode": livemode});
            for (mode, is_ours) in [(Mode::Live, of_live), (Mode::Test, of_test)] {
                let expected = if is_ours { Ok(EventOrigin::Platform) } else { Err(IgnoreReason::WrongMode) };
                assert_eq!(identify(&event, Some(mode)), expected, "{livemode} {mode:?}");
            }
            assert_eq!(
                identify(&event, None),
                Ok(EventOrigin::Platform),
                "there is nothing to compare it with"
            );
        }
    }

    #[test]
    fn the_account_is_read_in_each_of_its_spellings() {
        for (envelope, expected) in [
            (json!({}), Ok(EventOrigin::Platform)),
            (json!({"account": null, "user_id": null, "context": null}), Ok(EventOrigin::Platform)),
            (json!({"account": "acct_1"}), connected("acct_1")),
            (json!({"user_id": "acct_1"}), connected("acct_1")),
            (json!({"context": "acct_1"}), connected("acct_1")),
            (json!({"context": "org_6/acct_1"}), connected("acct_1")),
            (json!({"account": "acct_1", "context": "org_6/acct_0/acct_1"}), connected("acct_1")),
            (json!({"account": "acct_1", "context": "acct_2"}), Err(IgnoreReason::OtherAccount)),
            (json!({"account": "acct_1", "user_id": "acct_2"}), Err(IgnoreReason::OtherAccount)),
            (json!({"context": "org_6"}), Err(IgnoreReason::OtherAccount)),
            (json!({"account": ""}), Err(IgnoreReason::OtherAccount)),
            (json!({"account": "someone@example.com"}), Err(IgnoreReason::OtherAccount)),
            (json!({"account": {"id": "acct_1"}}), Err(IgnoreReason::OtherAccount)),
            (json!({"user_id": 7}), Err(IgnoreReason::OtherAccount)),
        ] {
            assert_eq!(origin(envelope.clone()), expected, "{envelope}");
        }
    }

    #[test]
    fn a_thin_event_is_ignored_in_any_mode() {
        for livemode in [json!(true), json!(false), Value::Null] {
            let ping = json!({"object": "v2.core.event", "type": "v2.core.event_destination.ping",
                "livemode": livemode, "related_object": {"id": "ed_1"}});
            assert_eq!(identify(&ping, Some(Mode::Live)), Err(IgnoreReason::ThinEvent));
            assert_eq!(identify(&ping, None), Err(IgnoreReason::ThinEvent));
        }
    }
}
