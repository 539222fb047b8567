//! Reads a history from the API, page by page.

use reqwest::{StatusCode, Url};
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::json;
use shared::providers::client::{client, read_within};

use crate::options::Options;

/// A page has at most a hundred entries, which are far smaller than this.
const MAX_PAGE_BYTES: usize = 4 * 1024 * 1024;

/// The entries of an object, oldest first.
#[derive(Debug, Default)]
pub struct History {
    pub entries: Vec<Map<String, Value>>,
    /// Whether there are more than were read.
    pub more: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("{0}: expected the URL of the API, such as https://api.example.com")]
    Url(String),
    #[error("{host} does not answer: {reason}")]
    Unreachable { host: String, reason: String },
    #[error("{host} answers {status}: {detail}")]
    Refused {
        host: String,
        status: StatusCode,
        /// The API's own sentence, and the field that is wrong.
        detail: String,
    },
    #[error("{host} does not answer as this API does; is it the right URL?")]
    Unreadable { host: String },
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Map<String, Value>>,
    next_cursor: Option<String>,
}

/// The parts of a problem document that say what is wrong.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    detail: String,
    errors: Vec<FieldProblem>,
    request_id: String,
}

#[derive(Deserialize)]
struct FieldProblem {
    field: String,
    message: String,
}

/// The object's entries, at most as many as the options say.
pub async fn history(options: &Options) -> Result<History, ApiError> {
    let base = Url::parse(&options.url).map_err(|_| ApiError::Url(options.url.clone()))?;
    let host = base.host_str().unwrap_or_default().to_owned();
    let unreachable = |reason: String| ApiError::Unreachable { host: host.clone(), reason };
    let client = client().map_err(|error| unreachable(error.to_string()))?;
    let (mut history, mut cursor) = (History::default(), None);
    loop {
        let url =
            page_url(&base, options, cursor.as_deref()).ok_or_else(|| ApiError::Url(options.url.clone()))?;
        let mut request = client.get(url).bearer_auth(&options.key);
        if let Some(company) = &options.company {
            request = request.header("x-company-id", company);
        }
        let response = request.send().await.map_err(|error| unreachable(error.without_url().to_string()))?;
        let status = response.status();
        let body = read_within(response, MAX_PAGE_BYTES).await.unwrap_or_default();
        if !status.is_success() {
            return Err(refused(host, status, &body));
        }
        let page: Page =
            json::read_trusted(&body).map_err(|_| ApiError::Unreadable { host: host.clone() })?;
        history.entries.extend(page.data);
        cursor = page.next_cursor;
        history.more = cursor.is_some() || history.entries.len() > options.most;
        if cursor.is_none() || history.entries.len() >= options.most {
            history.entries.truncate(options.most);
            return Ok(history);
        }
    }
}

fn page_url(base: &Url, options: &Options, cursor: Option<&str>) -> Option<Url> {
    let mut url = base.clone();
    url.path_segments_mut().ok()?.pop_if_empty().extend(["api", "history", &options.kind, &options.id]);
    let parameters = [("from", options.from.as_deref()), ("cursor", cursor), ("limit", Some("100"))];
    for (name, value) in parameters {
        if let Some(value) = value {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    Some(url)
}

fn refused(host: String, status: StatusCode, body: &[u8]) -> ApiError {
    let problem: Problem = json::read_trusted(body).unwrap_or_default();
    let fields = problem.errors.iter().map(|error| format!(" {}: {}.", error.field, error.message));
    let detail = format!("{}{}", problem.detail, fields.collect::<String>());
    let detail = match problem.request_id.as_str() {
        "" => detail,
        id => format!("{detail} (request {id})"),
    };
    ApiError::Refused { host, status, detail }
}
