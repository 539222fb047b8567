//! What can go wrong with the table.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// An error of the table, without any data of the row it happened on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed the row since it was read, or holds it right now: read again.
    #[error("the row changed since it was read")]
    Conflict {
        /// Which writes of the transaction were refused, by position.
        refused: Vec<usize>,
    },
    /// The table did not answer, or answered with an error.
    #[error("the table did not do it: {0}")]
    Unavailable(String),
    /// A row is not of the shape this version writes.
    #[error("a row cannot be read: {0}")]
    Shape(String),
    /// No table is configured.
    #[error("TABLE_NAME is not set")]
    Unconfigured,
}

/// Why facts cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// More facts than any honest membership or booking gathers; with the most that are kept.
    #[error("more than {0} facts")]
    TooManyFacts(usize),
    /// Amounts that do not add up, which would falsify the books.
    #[error("the books: {0}")]
    Books(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StoreError {
    /// An error of a request that should have worked.
    pub fn request(error: impl std::error::Error) -> Self {
        Self::Unavailable(chain(&error))
    }

    /// An error the SDK reports, with the service's own code.
    pub fn sdk<E: ProvideErrorMetadata + std::error::Error + 'static>(error: SdkError<E>) -> Self {
        let code = error.code().unwrap_or("no answer").to_owned();
        Self::Unavailable(format!("{code}: {}", chain(&error)))
    }

    pub(super) fn shape(error: serde_dynamo::Error) -> Self {
        Self::Shape(error.to_string())
    }
}

/// The kinds of the nested errors; their texts would repeat each other.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text.chars().take(300).collect()
}
