//! Stripe's parameter format: `application/x-www-form-urlencoded`, nested names in brackets.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

/// Encoded names and values in the order of adding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Form(String);

impl Form {
    pub(super) fn with(mut self, name: &str, value: impl Display) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        encode(name, &mut self.0);
        self.0.push('=');
        encode(&value.to_string(), &mut self.0);
        self
    }

    /// Adds nothing for `None`: Stripe interprets an empty value as "unset".
    pub(super) fn with_some(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(super) fn with_metadata(self, metadata: &BTreeMap<String, String>) -> Self {
        metadata.iter().fold(self, |form, (name, value)| form.with(&format!("metadata[{name}]"), value))
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// The WHATWG's form encoding, which is also valid in a query.
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'*' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => {
                let _infallible = write!(out, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_reads_back_the_same() {
        let metadata = BTreeMap::from([("a]b&c".to_owned(), "x=y&z ü+%\n".to_owned())]);
        let form = Form::default().with("amount", 1_050).with_some("description", None::<&str>);
        let text = form.with("description", "a b").with_metadata(&metadata).into_text();
        assert!(text.starts_with("amount=1050&description=a+b&metadata%5Ba%5Db%26c%5D="), "{text}");
        let url = reqwest::Url::parse(&format!("http://localhost/?{text}")).unwrap();
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        assert_eq!(pairs[2], ("metadata[a]b&c]".to_owned(), "x=y&z ü+%\n".to_owned()));
    }
}
