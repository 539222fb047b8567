//! Detects the platform on which this process runs.

use super::ServeError;

/// The platform according to the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Platform {
    /// A Vercel function, or `vercel dev`.
    Vercel,
    /// AWS Lambda, or anything that speaks its runtime API.
    Lambda,
    Plain {
        port: u16,
    },
}

const DEFAULT_PORT: u16 = 3000;

/// `lambda_runtime` panics without these; every real Lambda sets them, but an emulator may not.
const LAMBDA_NAMES: [&str; 3] =
    ["AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"];

impl Platform {
    /// Detects the platform from the environment; an empty value counts as unset.
    ///
    /// Vercel is checked first, because its functions run on Lambda and may have Lambda's variables too.
    pub(super) fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ServeError> {
        let value = |name: &str| variable(name).filter(|value| !value.is_empty());
        if value("VERCEL_IPC_PATH").or_else(|| value("VERCEL")).is_some() {
            return Ok(Self::Vercel);
        }
        if value("AWS_LAMBDA_RUNTIME_API").is_some() {
            let missing: Vec<_> = LAMBDA_NAMES.into_iter().filter(|name| value(name).is_none()).collect();
            return if missing.is_empty() { Ok(Self::Lambda) } else { Err(ServeError::Missing(missing)) };
        }
        let port = value("PORT").map_or(Ok(DEFAULT_PORT), |port| port.parse());
        Ok(Self::Plain { port: port.map_err(|_| ServeError::Port)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(environment: &[(&str, &str)]) -> Result<Platform, ServeError> {
        Platform::from_env(|name| {
            let found = environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    const LAMBDA: [(&str, &str); 4] = [
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
        ("AWS_LAMBDA_FUNCTION_NAME", "kpis"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
    ];

    #[test]
    fn vercel_is_known_by_its_socket_or_its_name_even_on_lambda() {
        for sign in [("VERCEL_IPC_PATH", "/tmp/ipc.sock"), ("VERCEL", "1")] {
            let environment = [&[sign][..], &LAMBDA].concat();
            assert!(matches!(platform(&environment), Ok(Platform::Vercel)));
        }
    }

    #[test]
    fn lambda_is_known_by_its_runtime_api_and_must_be_whole() {
        assert!(matches!(platform(&LAMBDA), Ok(Platform::Lambda)));
        let error = platform(&LAMBDA[..2]).unwrap_err().to_string();
        assert!(error.contains("AWS_LAMBDA_FUNCTION_MEMORY_SIZE, AWS_LAMBDA_FUNCTION_VERSION"), "{error}");
    }

    #[test]
    fn anywhere_else_is_a_plain_server_on_the_port_of_the_environment() {
        assert!(matches!(platform(&[]), Ok(Platform::Plain { port: 3000 })));
        assert!(matches!(platform(&[("PORT", "8080"), ("VERCEL", "")]), Ok(Platform::Plain { port: 8080 })));
        assert!(matches!(platform(&[("PORT", "eighty")]), Err(ServeError::Port)));
    }
}
