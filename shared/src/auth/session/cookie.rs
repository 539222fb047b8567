//! The cookie of a session, and the id in it.

use chrono::Duration;
use http::{HeaderMap, HeaderValue, header};

use crate::http::{Failure, Random};

/// With this prefix browsers take the cookie only from this very host, over TLS, for all of its paths:
/// no neighbour of the domain can plant one.
const NAME: &str = "__Host-session";

/// The id of a session, as only its browser has it. 128 bits: nobody guesses one of those.
pub(super) type Id = Random<16>;

/// The cookie that carries an id.
pub(super) fn carrying(id: &Id, lives: Duration) -> Result<HeaderValue, Failure> {
    let (id, seconds) = (id.text(), lives.num_seconds());
    let cookie = format!("{NAME}={id}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    HeaderValue::from_str(&cookie).map_err(|_| Failure::Internal("no cookie".to_owned()))
}

/// A cookie that takes the browser's away.
pub fn expired() -> HeaderValue {
    HeaderValue::from_static("__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// The hash of the id that a request brings. Two of them are none: one of the two is not ours.
pub(super) fn id_hash(headers: &HeaderMap) -> Option<String> {
    // Somebody else's cookie beside ours may hold any bytes.
    let values = headers.get_all(header::COOKIE).iter();
    let texts: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    let pairs = texts.iter().flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut ids = pairs.filter(|(name, _)| *name == NAME).map(|(_, value)| value);
    let id = ids.next().filter(|_| ids.next().is_none())?;
    Some(Id::parse(id)?.hash())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brought(cookies: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_bytes(cookie.as_bytes()).unwrap());
        }
        id_hash(&headers)
    }

    #[test]
    fn an_id_comes_back_from_its_cookie() {
        let id = Id::new().unwrap();
        let cookie = carrying(&id, Duration::hours(1)).unwrap();
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        assert_eq!(brought(&[pair]), Some(id.hash()));
        assert_eq!(brought(&[&format!("theme=dark; {pair}"), "a=b"]), Some(id.hash()));
        assert_eq!(brought(&[&format!("name=é; {pair}")]), Some(id.hash()));
        assert_ne!(Id::new().unwrap().hash(), id.hash());
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
