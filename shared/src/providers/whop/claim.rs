//! The signature headers of a webhook, parsed but not yet verified.

use std::iter;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use ring::hmac;

use crate::providers::signed::{Refused, Secret, timed};
use crate::providers::standard_webhooks::{claim as standard, key};

const LEGACY: &str = "x-whop-signature";

/// The parsed headers of either scheme.
pub(super) enum Claim<'h> {
    /// Standard Webhooks, with a signed id.
    Standard(standard::Claim<'h>),
    /// The older scheme, without a signed id.
    Legacy(timed::Claim),
}

impl<'h> Claim<'h> {
    /// Parses the headers of the scheme in use.
    pub(super) fn read(headers: &'h HeaderMap) -> Result<Self, Refused> {
        if standard::is_present(headers) {
            let claim = standard::Claim::read(headers)?;
            let signed = !claim.shared().is_empty();
            return if signed { Ok(Self::Standard(claim)) } else { Err(standard::UNSIGNED) };
        }
        timed::Claim::read(headers, LEGACY, |text| hex::decode(text).ok()).map(Self::Legacy)
    }

    pub(super) fn signed_at(&self) -> DateTime<Utc> {
        match self {
            Self::Standard(claim) => claim.signed_at,
            Self::Legacy(claim) => claim.signed_at,
        }
    }

    /// The signed id of Standard Webhooks.
    pub(super) fn event_id(&self) -> Option<&'h str> {
        match self {
            Self::Standard(claim) => Some(claim.id),
            Self::Legacy(_) => None,
        }
    }

    /// Whether one of the signatures was made with one of the secrets.
    pub(super) fn is_genuine(&self, body: &[u8], secrets: &[Secret]) -> bool {
        let keys = secrets.iter().flat_map(candidate_keys);
        match self {
            Self::Standard(claim) => claim.is_shared_genuine(body, keys),
            Self::Legacy(claim) => claim.is_genuine(body, keys),
        }
    }
}

/// The keys that a sender with this secret may have used: its bytes as in Whop's scheme, and for `whsec_…` also
/// the decoded base64 as in Standard Webhooks.
fn candidate_keys(secret: &Secret) -> impl Iterator<Item = hmac::Key> {
    iter::once(secret.key()).chain(key::shared(secret.text()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_enough_whsec_secret_has_a_second_key() {
        let keys = |text: &str| candidate_keys(&Secret::new(text).unwrap()).count();
        assert_eq!(keys("ws_MTIzNDU2Nzg5MDEyMzQ1Ng=="), 1);
        assert_eq!(keys("whsec_MTIzNDU2Nzg5MDEyMzQ1Ng=="), 2);
        assert_eq!(keys("whsec_MTIzNDU2Nzg5MDEyMzQ1Ng"), 2);
        assert_eq!(keys("whsec_c2hvcnQ="), 1);
        assert_eq!(keys("whsec_no base64!"), 1);
    }
}
