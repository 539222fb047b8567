//! Limits what reaches a router: path and query, and a body of limited size.

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use http::Uri;
use http::uri::PathAndQuery;
use http_body::Body;
use http_body_util::BodyExt;

/// Why a body was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyRefused {
    TooLarge,
    /// The connection broke, or the body's encoding is invalid.
    Broken,
}

/// The limit of 256 KiB and one byte more, so that the router sees that a body is too large and answers 413.
pub(super) const MAX_BODY_BYTES: usize = 256 * 1024 + 1;

/// How much of an oversized body is read and discarded. If the connection is closed while the client still sends,
/// the client sees a reset instead of the answer. This is the most that Vercel accepts (4.5 MB).
const MAX_DISCARDED_BYTES: usize = 4_718_592;

/// Collects a body up to the router's limit.
pub(super) async fn collect<B>(body: B) -> Result<Bytes, BodyRefused>
where
    B: Body<Data = Bytes>,
{
    let mut body = pin!(body);
    let mut buffered = BytesMut::new();
    let mut seen_bytes = 0;
    while seen_bytes <= MAX_DISCARDED_BYTES
        && let Some(frame) = body.frame().await
    {
        let Ok(data) = frame.map_err(|_| BodyRefused::Broken)?.into_data() else { continue };
        seen_bytes += data.len();
        if seen_bytes <= MAX_BODY_BYTES {
            buffered.extend_from_slice(&data);
        } else {
            buffered = BytesMut::new();
        }
    }
    if seen_bytes > MAX_BODY_BYTES { Err(BodyRefused::TooLarge) } else { Ok(buffered.freeze()) }
}

/// The URI without scheme and authority, so that routers see the same on every platform.
pub(super) fn origin_form(uri: &Uri) -> Uri {
    let path = uri.path_and_query().filter(|path| path.as_str().starts_with('/'));
    path.cloned().unwrap_or_else(|| PathAndQuery::from_static("/")).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};

    #[test]
    fn only_path_and_query_remain_of_a_uri() {
        for (sent, seen) in [
            ("https://x.lambda-url.us-east-1.on.aws/a/b?c=d&e", "/a/b?c=d&e"),
            ("http://127.0.0.1:3000", "/"),
            ("/a%2Fb?q=%20", "/a%2Fb?q=%20"),
            ("//elsewhere.example/a", "//elsewhere.example/a"),
            ("example.com:443", "/"),
            ("*", "/"),
        ] {
            assert_eq!(origin_form(&sent.parse().unwrap()), seen, "{sent}");
        }
    }

    #[tokio::test]
    async fn a_body_is_taken_up_to_the_limit_and_not_a_byte_more() {
        let body = |bytes: usize| Full::new(Bytes::from(vec![b'a'; bytes]));
        assert_eq!(collect(body(0)).await.unwrap().len(), 0);
        assert_eq!(collect(body(MAX_BODY_BYTES)).await.unwrap().len(), MAX_BODY_BYTES);
        assert_eq!(collect(body(MAX_BODY_BYTES + 1)).await, Err(BodyRefused::TooLarge));
    }

    #[tokio::test]
    async fn an_endless_body_is_not_read_to_its_end() {
        let chunk = Bytes::from(vec![b'a'; 64 * 1024]);
        let endless = stream::repeat_with(move || Ok::<_, Infallible>(Frame::data(chunk.clone())));
        assert_eq!(collect(StreamBody::new(endless)).await, Err(BodyRefused::TooLarge));
    }

    #[tokio::test]
    async fn a_broken_body_is_refused() {
        let frames = [Ok(Frame::data(Bytes::from_static(b"half"))), Err("reset")];
        assert_eq!(collect(StreamBody::new(stream::iter(frames))).await, Err(BodyRefused::Broken));
    }
}
