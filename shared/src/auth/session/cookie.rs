//! The session cookie and the session id in it.

use chrono::Duration;
use http::{HeaderMap, HeaderValue, header};

use crate::http::{Failure, Random};

/// The prefix makes browsers accept the cookie only from this host, over TLS and for all paths, so that no
/// sibling domain can set one.
const NAME: &str = "__Host-session";

/// The session id, known only to the browser. 128 bits cannot be guessed.
pub(super) type Id = Random<16>;

pub(super) fn with_id(id: &Id, lives: Duration) -> Result<HeaderValue, Failure> {
    let (id, seconds) = (id.text(), lives.num_seconds());
    let cookie = format!("{NAME}={id}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    HeaderValue::from_str(&cookie).map_err(|_| Failure::Internal("no cookie".to_owned()))
}

/// A `Set-Cookie` value that deletes the cookie.
pub fn expired() -> HeaderValue {
    HeaderValue::from_static("__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// The hash of the session id in a request; `None` if the cookie is repeated, because one of the two is not ours.
pub(super) fn id_hash(headers: &HeaderMap) -> Option<String> {
    // Other cookies may hold any bytes.
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

    fn parsed(cookies: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_bytes(cookie.as_bytes()).unwrap());
        }
        id_hash(&headers)
    }

    #[test]
    fn an_id_comes_back_from_its_cookie() {
        let id = Id::new().unwrap();
        let cookie = with_id(&id, Duration::hours(1)).unwrap();
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        assert_eq!(parsed(&[pair]), Some(id.hash()));
        assert_eq!(parsed(&[&format!("theme=dark; {pair}"), "a=b"]), Some(id.hash()));
        assert_eq!(parsed(&[&format!("name=é; {pair}")]), Some(id.hash()));
        assert_ne!(Id::new().unwrap().hash(), id.hash());
        assert_eq!(expired().to_str().unwrap().split('=').next(), Some(NAME));
    }

    #[test]
    fn a_doubled_or_misshapen_cookie_is_none() {
        let pair = "__Host-session=AAAAAAAAAAAAAAAAAAAAAA";
        assert!(parsed(&[pair]).is_some());
        assert_eq!(parsed(&[pair, pair]), None);
        assert_eq!(parsed(&[&format!("{pair}; {pair}")]), None);
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
            assert_eq!(parsed(&[wrong]), None, "{wrong}");
        }
    }
}
