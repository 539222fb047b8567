//! The webhook secret of those who sign with its very text: Stripe, and Whop.

use std::fmt;

use ring::hmac;

/// A webhook secret as it was configured, its `ws_…` or `whsec_…` included. It never prints itself.
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// Reads one secret; white space around it comes from files and shells, and is not part of it.
    ///
    /// `None` for a blank text: an empty HMAC key is one that everybody knows.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.into()))
    }

    /// Reads a comma-separated list, newest first, so that a secret rotates without a gap.
    /// Blank entries are dropped; with an empty list nothing is verified.
    pub fn list(text: &str) -> Vec<Self> {
        text.split(',').filter_map(Self::new).collect()
    }

    /// The bytes of the whole text as a key, as Stripe and Whop sign. (Whop's own sample base64-encodes
    /// the secret before a library decodes it again, so that nothing is ever really decoded.)
    pub(in crate::providers) fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes())
    }

    /// The text, for those who read it in another way too.
    pub(in crate::providers) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_nothing_of_itself() {
        assert_eq!(format!("{:?}", Secret::list("ws_alpha,ws_beta")), "[Secret(hidden), Secret(hidden)]");
    }

    #[test]
    fn a_blank_secret_is_none() {
        assert!(Secret::new(" \n").is_none());
        assert_eq!(Secret::list("").len(), 0);
        assert_eq!(Secret::list(" , ws_alpha ,\n").len(), 1);
    }
}
