//! The DSN of a Sentry project: `https://<public key>@<host>[/<path>]/<project>`.
//!
//! Source: develop.sentry.dev/sdk/foundations/transport/authentication

#[derive(Clone, PartialEq, Eq)]
pub struct Dsn {
    base: String,
    public_key: String,
    project: String,
}

/// Why a DSN is invalid. The error does not show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DsnError {
    #[error("expected https://<key>@<host>/<project>")]
    Scheme,
    #[error("has no public key before the @")]
    Key,
    #[error("has a secret part, which Sentry no longer uses; take the DSN without it")]
    Secret,
    #[error("has no host after the @")]
    Host,
    #[error("has no project number at its end")]
    Project,
}

impl Dsn {
    pub fn parse(text: &str) -> Result<Self, DsnError> {
        let (scheme, rest) = text.split_once("://").ok_or(DsnError::Scheme)?;
        if !matches!(scheme, "https" | "http") {
            return Err(DsnError::Scheme);
        }
        let (key, place) = rest.split_once('@').ok_or(DsnError::Key)?;
        if key.contains(':') {
            return Err(DsnError::Secret);
        }
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(DsnError::Key);
        }
        let (place, project) = place.rsplit_once('/').ok_or(DsnError::Project)?;
        let host = place.split('/').next().unwrap_or_default();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
        if host.is_empty() || !host.bytes().all(plain) {
            return Err(DsnError::Host);
        }
        if project.is_empty() || !project.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(DsnError::Project);
        }
        let base = format!("{scheme}://{place}");
        Ok(Self { base, public_key: key.to_owned(), project: project.to_owned() })
    }

    /// The URL for envelopes.
    pub(super) fn envelope_url(&self) -> String {
        format!("{}/api/{}/envelope/", self.base, self.project)
    }

    /// The authentication header of the project.
    pub(super) fn auth_header(&self) -> (&'static str, String) {
        let client = concat!("justonce/", env!("CARGO_PKG_VERSION"));
        let key = &self.public_key;
        ("x-sentry-auth", format!("Sentry sentry_version=7, sentry_client={client}, sentry_key={key}"))
    }
}

impl std::fmt::Debug for Dsn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dsn({}/{})", self.base, self.project)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_goes_to_the_project_under_the_host_and_its_path() {
        for (dsn, url) in [
            (
                "https://0123abcd@o1.ingest.us.sentry.io/4501",
                "https://o1.ingest.us.sentry.io/api/4501/envelope/",
            ),
            ("https://k@sentry.example.com/errors/7", "https://sentry.example.com/errors/api/7/envelope/"),
            ("http://k@127.0.0.1:9000/1", "http://127.0.0.1:9000/api/1/envelope/"),
        ] {
            assert_eq!(Dsn::parse(dsn).unwrap().envelope_url(), url);
        }
    }

    #[test]
    fn a_mistake_is_named_and_the_key_is_not_shown() {
        for (dsn, mistake) in [
            ("hunter2", DsnError::Scheme),
            ("ftp://hunter2@host/1", DsnError::Scheme),
            ("https://o1.ingest.sentry.io/1", DsnError::Key),
            ("https://@host/1", DsnError::Key),
            ("https://hunter2 @host/1", DsnError::Key),
            ("https://key:hunter2@host/1", DsnError::Secret),
            ("https://hunter2@/1", DsnError::Host),
            ("https://hunter2@ho st/1", DsnError::Host),
            ("https://hunter2@host", DsnError::Project),
            ("https://hunter2@host/", DsnError::Project),
            ("https://hunter2@host/one", DsnError::Project),
        ] {
            assert_eq!(Dsn::parse(dsn), Err(mistake), "{dsn}");
            assert!(!mistake.to_string().contains("hunter2"));
        }
        assert!(!format!("{:?}", Dsn::parse("https://hunter2@host/1").unwrap()).contains("hunter2"));
    }
}
