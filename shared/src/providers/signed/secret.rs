//! A webhook secret whose text itself is the key, as Stripe and Whop use it.

use std::fmt;

use ring::hmac;

/// A webhook secret as configured, including its `ws_…` or `whsec_…`. `Debug` does not show it.
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// Parses one secret. Surrounding white space comes from files and shells and is removed.
    ///
    /// `None` for a blank text, because everybody knows the empty HMAC key.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.into()))
    }

    /// Parses a comma-separated list, newest first, so that secrets rotate without a gap. Blank entries are
    /// dropped; with an empty list nothing can be verified.
    pub fn list(text: &str) -> Vec<Self> {
        text.split(',').filter_map(Self::new).collect()
    }

    /// The bytes of the whole text as an HMAC key, as Stripe and Whop sign. (Whop's own sample base64-encodes the
    /// secret before a library decodes it again, so nothing is really decoded.)
    pub(in crate::providers) fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes())
    }

    /// The text, for code that decodes it differently.
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
