//! Errors of the table.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// An error of the table, without data of the affected row.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The row was changed since it was read, or another transaction holds it: read it again.
    #[error("the row changed since it was read")]
    Conflict {
        /// The positions of the refused writes in the transaction.
        refused: Vec<usize>,
    },
    #[error("the table is unavailable: {0}")]
    Unavailable(String),
    /// A row does not have the shape that this version reads.
    #[error("a row cannot be read: {0}")]
    Shape(String),
    #[error("TABLE_NAME is not set")]
    Unconfigured,
}

/// Why facts cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// More facts than a genuine membership or booking ever has; with the maximum.
    #[error("more than {0} facts")]
    TooManyFacts(usize),
    /// The amounts do not balance; recording them would falsify the ledger.
    #[error("the books: {0}")]
    Books(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StoreError {
    /// An error of a request that was built or sent incorrectly.
    pub fn request(error: impl std::error::Error) -> Self {
        Self::Unavailable(chain(&error))
    }

    /// An error reported by the SDK, with the service's code.
    pub fn sdk<E: ProvideErrorMetadata + std::error::Error + 'static>(error: SdkError<E>) -> Self {
        let code = error.code().unwrap_or("no answer").to_owned();
        Self::Unavailable(format!("{code}: {}", chain(&error)))
    }

    pub(super) fn shape(error: serde_dynamo::Error) -> Self {
        Self::Shape(error.to_string())
    }
}

/// The texts of the nested errors, at most 300 characters.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text.chars().take(300).collect()
}
