//! The cookie of a session, and the id in it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::Duration;
use http::{HeaderMap, HeaderValue, header};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::http::Failure;
use crate::store::account::sha256_hex;

/// With this prefix browsers take the cookie only from this very host, over TLS, for all of its paths:
/// no neighbour of the domain can plant one.
const NAME: &str = "__Host-session";

/// 128 bits: nobody guesses one of those.
const ID_BYTES: usize = 16;

/// The id of a session, as only its browser has it.
pub(super) struct Id([u8; ID_BYTES]);

impl Id {
    /// A new one from the system's randomness.
    pub(super) fn random() -> Result<Self, Failure> {
        let mut bytes = [0; ID_BYTES];
        let filled = SystemRandom::new().fill(&mut bytes);
        filled.map_err(|_| Failure::Internal("no randomness".to_owned()))?;
        Ok(Self(bytes))
    }

    /// What is kept of it.
    pub(super) fn hash(&self) -> String {
        sha256_hex(&self.0)
    }

    /// The cookie that carries it.
    pub(super) fn cookie(&self, lives: Duration) -> Result<HeaderValue, Failure> {
        let (id, seconds) = (BASE64.encode(self.0), lives.num_seconds());
        let cookie = format!("{NAME}={id}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
        HeaderValue::from_str(&cookie).map_err(|_| Failure::Internal("no cookie".to_owned()))
    }
}

/// A cookie that takes the browser's away.
pub fn expired() -> HeaderValue {
    HeaderValue::from_static("__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// The hash of the id that a request brings. Two of them are none: one of the two is not ours.
pub(super) fn id_hash(headers: &HeaderMap) -> Option<String> {
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut ids = pairs.filter(|(name, _)| *name == NAME).map(|(_, value)| value);
    let id = ids.next().filter(|_| ids.next().is_none())?;
    let bytes: [u8; ID_BYTES] = BASE64.decode(id).ok()?.try_into().ok()?;
    Some(Id(bytes).hash())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brought(cookies: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, cookie.parse().unwrap());
        }
        id_hash(&headers)
    }

    #[test]
    fn an_id_comes_back_from_its_cookie() {
        let id = Id::random().unwrap();
        let cookie = id.cookie(Duration::hours(1)).unwrap();
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        assert_eq!(brought(&[pair]), Some(id.hash()));
        assert_eq!(brought(&[&format!("theme=dark; {pair}"), "a=b"]), Some(id.hash()));
        assert_ne!(Id::random().unwrap().hash(), id.hash());
        assert_eq!(expired().to_str().unwrap().split('=').next(), Some(NAME));
    }

    #[test]
    fn a_doubled_or_misshapen_cookie_is_none() {
        let pair = "__Host-session=AAAAAAAAAAAAAAAAAAAAAA";
        assert!(brought(&[pair]).is_some());
        assert_eq!(brought(&[pair, pair]), None);
        assert_eq!(brought(&[&format!("{pair}; {pair}")]), None);
        for wrong in [
            "",
            "__Host-session",
            "__Host-session=",
            "__Host-session=AAAA",
            "__host-session=AAAAAAAAAAAAAAAAAAAAAA",
            "__Host-session=AAAAAAAAAAAAAAAAAAAAAB",
            "__Host-session=AAAAAAAAAAAAAAAAAAAAAA==",
            "__Host-session=\"AAAAAAAAAAAAAAAAAAAAAA\"",
            "__Host-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert_eq!(brought(&[wrong]), None, "{wrong}");
        }
    }
}
