//! Access to AWS: one HTTP client, credentials from the platform, and no default credential chain.
//!
//! | place | credentials |
//! | --- | --- |
//! | Lambda | the function's role: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` |
//! | Vercel | a role assumed with Vercel's token of the request ([`role`]): `AWS_ROLE_ARN` |
//! | anywhere | keys of our own: `TABLE_ACCESS_KEY_ID`, `TABLE_SECRET_ACCESS_KEY` |
//!
//! Vercel's hosts may have `AWS_…` keys of their own, which have no rights in our account; they are ignored.

#[cfg(feature = "event-bus")]
pub mod bus;
mod connector;
pub mod role;
pub mod secrets;

use std::time::Duration;

use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};

use connector::Connector;
use role::RoleCredentials;

/// How long opening the connection early may delay the start.
const OPENING_TIMEOUT: Duration = Duration::from_millis(1_500);

/// Region and credentials for AWS. `Debug` shows no key.
#[derive(Clone)]
pub struct Aws {
    pub region: String,
    pub identity: Identity,
}

#[derive(Clone)]
pub enum Identity {
    /// Keys from the environment.
    Keys(Credentials),
    /// The ARN of a role that is assumed with Vercel's token.
    Role(String),
}

impl Aws {
    /// Reads the environment; `None` if it configures no AWS.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let get = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|v| !v.is_empty());
        let on_vercel = get("VERCEL").or_else(|| get("VERCEL_IPC_PATH")).is_some();
        let region = get("TABLE_REGION").or_else(|| get("AWS_REGION"))?;
        let own = get("TABLE_ACCESS_KEY_ID").zip(get("TABLE_SECRET_ACCESS_KEY"));
        let role = get("AWS_ROLE_ARN").filter(|_| on_vercel);
        let platforms = get("AWS_ACCESS_KEY_ID").zip(get("AWS_SECRET_ACCESS_KEY")).filter(|_| !on_vercel);
        let keys = |(id, secret): (String, String), token| {
            Identity::Keys(Credentials::new(id, secret, token, None, "environment"))
        };
        let identity = match (own, role, platforms) {
            (Some(own), _, _) => keys(own, None),
            (None, Some(role), _) => Identity::Role(role),
            (None, None, Some(platforms)) => keys(platforms, get("AWS_SESSION_TOKEN")),
            (None, None, None) => return None,
        };
        Some(Self { region, identity })
    }

    /// A DynamoDB client over `http`.
    pub fn dynamodb(&self, http: &reqwest::Client, endpoint: Option<&str>) -> aws_sdk_dynamodb::Client {
        let mut builder = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(self.credentials(http))
            .http_client(Connector::new(http.clone()))
            .timeout_config(time_outs());
        builder.set_endpoint_url(endpoint.map(str::to_owned));
        aws_sdk_dynamodb::Client::from_conf(builder.build())
    }

    fn credentials(&self, http: &reqwest::Client) -> SharedCredentialsProvider {
        match &self.identity {
            Identity::Keys(keys) => SharedCredentialsProvider::new(keys.clone()),
            Identity::Role(arn) => {
                SharedCredentialsProvider::new(RoleCredentials::new(http.clone(), &self.region, arn))
            }
        }
    }
}

impl std::fmt::Debug for Aws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Aws({})", self.region)
    }
}

/// Opens the connection that the first request will use: an instance has a whole processor while it starts and
/// only a part of one afterwards. DynamoDB's root path answers anybody, free of charge. Errors are ignored here,
/// because the first request will report them.
pub async fn prewarm(http: &reqwest::Client, region: &str, endpoint: Option<&str>) {
    let usual = || format!("https://dynamodb.{region}.amazonaws.com/");
    let url = endpoint.map_or_else(usual, str::to_owned);
    let opened = async { http.get(url).send().await?.bytes().await };
    if !matches!(tokio::time::timeout(OPENING_TIMEOUT, opened).await, Ok(Ok(_))) {
        tracing::debug!("the connection to DynamoDB could not be opened early");
    }
}

/// The table answers in milliseconds, so slow requests are retried or reported instead of waited for.
fn time_outs() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(1_000))
        .operation_attempt_timeout(Duration::from_millis(2_000))
        .operation_timeout(Duration::from_millis(6_000))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(environment: &[(&str, &str)]) -> Option<Aws> {
        Aws::read(|name| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    const LAMBDA: [(&str, &str); 4] = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "of_the_function"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_SESSION_TOKEN", "t"),
    ];

    fn key_id(aws: &Aws) -> &str {
        match &aws.identity {
            Identity::Keys(keys) => keys.access_key_id(),
            Identity::Role(_) => "a role",
        }
    }

    #[test]
    fn on_lambda_the_functions_role_asks() {
        let aws = read(&LAMBDA).unwrap();
        assert_eq!((key_id(&aws), aws.region.as_str()), ("of_the_function", "us-east-1"));
    }

    #[test]
    fn on_vercel_the_hosts_credentials_are_ignored() {
        let host = [&LAMBDA[..], &[("VERCEL", "1")]].concat();
        assert!(read(&host).is_none());
        let with_role = [&host[..], &[("AWS_ROLE_ARN", "arn:aws:iam::1:role/justonce")]].concat();
        assert_eq!(key_id(&read(&with_role).unwrap()), "a role");
    }

    #[test]
    fn keys_of_our_own_come_before_any_other() {
        let own =
            [("TABLE_REGION", "eu-west-1"), ("TABLE_ACCESS_KEY_ID", "own"), ("TABLE_SECRET_ACCESS_KEY", "s")];
        let aws = read(&[&LAMBDA[..], &own, &[("VERCEL", "1"), ("AWS_ROLE_ARN", "arn")]].concat()).unwrap();
        assert_eq!((key_id(&aws), aws.region.as_str()), ("own", "eu-west-1"));
    }

    #[test]
    fn an_environment_without_aws_settings_has_no_credentials() {
        assert!(read(&[]).is_none());
        assert!(read(&LAMBDA[..1]).is_none());
    }
}
