//! Rows of rate-limit buckets.
//!
//! A row holds `tat`, the theoretical arrival time of the generic cell rate algorithm: the time at which the
//! bucket is full again. One conditional write both checks for a token and takes it. DynamoDB has no `max()`,
//! so the write has two forms, for a full bucket and for one that is not; a refused write returns the existing
//! row.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update,
};
use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::write::{Item, Write, number, text, with_key};
use crate::store::{Store, attribute_text};

/// The write that takes one token from one row. The caller chooses the unit of all times.
#[derive(Debug, Clone)]
pub(crate) struct TokenWrite {
    key: Key,
    request: Uuid,
    form: BucketForm,
    expires_at: i64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum BucketForm {
    /// The bucket is full: there is no row, or its `tat` has passed, or it is so far in the future that a clock
    /// must have been wrong.
    Idle { now: i128, absurd: i128, tat: i128 },
    /// Some tokens are taken, but not all.
    Busy { now: i128, latest: i128, interval: i128 },
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BucketRow {
    /// The time at which the bucket is full again.
    pub tat: Option<i128>,
    /// The request that took the last token, by which a repeated write recognizes itself. If another request wrote
    /// in between, the repetition takes a second token: that is safer than admitting one request too many.
    pub last_request: Option<String>,
}

#[derive(Debug)]
pub(crate) enum TokenWriteOutcome {
    /// Every token was taken. With the new row of a single write; a transaction returns no rows.
    All(Option<BucketRow>),
    /// No token was taken; with the conflict of each write, in their order.
    Nothing(Vec<TokenWriteConflict>),
}

/// The result of one write of a set that was refused.
#[derive(Debug)]
pub(crate) enum TokenWriteConflict {
    /// The write itself was acceptable; another one failed.
    NoConflict,
    /// Its condition failed; with the existing row.
    ConditionFailed(BucketRow),
    /// Another transaction held the row.
    RowLocked,
}

impl TokenWrite {
    /// A token of the bucket with this class, hash and shard.
    pub(crate) fn new(
        (class, hash, shard): (&str, &str, u8),
        request: Uuid,
        form: BucketForm,
        expires_at: i64,
    ) -> Self {
        Self { key: Key::limit(class, hash, shard), request, form, expires_at }
    }

    fn condition(&self) -> &'static str {
        match self.form {
            BucketForm::Idle { .. } => "attribute_not_exists(tat) OR tat <= :now OR tat > :absurd",
            BucketForm::Busy { .. } => "tat > :now AND tat <= :latest AND last_request <> :request",
        }
    }

    fn update(&self) -> String {
        let tat = match self.form {
            BucketForm::Idle { .. } => ":tat",
            BucketForm::Busy { .. } => "tat + :interval",
        };
        format!("SET tat = {tat}, last_request = :request, {} = :expires", keys::TTL)
    }

    fn values(&self) -> HashMap<String, AttributeValue> {
        let form = match self.form {
            BucketForm::Idle { now, absurd, tat } => [(":now", now), (":absurd", absurd), (":tat", tat)],
            BucketForm::Busy { now, latest, interval } => {
                [(":now", now), (":latest", latest), (":interval", interval)]
            }
        };
        let form = form.map(|(name, value)| (name.to_owned(), number(value)));
        let request = (":request".to_owned(), text(self.request.hyphenated().to_string()));
        let expires = (":expires".to_owned(), number(self.expires_at));
        form.into_iter().chain([request, expires]).collect()
    }

    fn into_item(self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(table)
            .set_key(Some(with_key(Item::new(), &self.key)))
            .update_expression(self.update())
            .condition_expression(self.condition())
            .set_expression_attribute_values(Some(self.values()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        Ok(TransactWriteItem::builder().update(update.build().map_err(StoreError::request)?).build())
    }
}

/// The write that refunds a token. It has no condition, so that it never makes its transaction fail; the
/// transaction's idempotency token prevents a second refund.
pub(crate) fn refund_write((class, hash, shard): (&str, &str, u8), interval: i64) -> Write {
    Write::update(Key::limit(class, hash, shard)).count("tat", -interval)
}

impl BucketRow {
    fn read(item: Option<&Item>) -> Self {
        let Some(item) = item else { return Self::default() };
        let tat = item.get("tat").and_then(|tat| tat.as_n().ok()).and_then(|tat| tat.parse().ok());
        Self { tat, last_request: attribute_text(item, "last_request").map(str::to_owned) }
    }
}

impl Store {
    /// Takes a token from each of the rows, which must be distinct, or from none. `round` distinguishes the
    /// attempts of one request.
    pub(crate) async fn take_tokens(
        &self,
        token_writes: Vec<TokenWrite>,
        round: u32,
    ) -> Result<TokenWriteOutcome, StoreError> {
        match <[TokenWrite; 1]>::try_from(token_writes) {
            Ok([token_write]) => self.take_one(token_write).await,
            Err(token_writes) => self.take_each(token_writes, round).await,
        }
    }

    async fn take_one(&self, token_write: TokenWrite) -> Result<TokenWriteOutcome, StoreError> {
        let request = self.client.update_item().table_name(&*self.table);
        let answer = request
            .set_key(Some(with_key(Item::new(), &token_write.key)))
            .update_expression(token_write.update())
            .condition_expression(token_write.condition())
            .set_expression_attribute_values(Some(token_write.values()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let error = match answer {
            Ok(output) => {
                return Ok(TokenWriteOutcome::All(Some(BucketRow::read(output.attributes.as_ref()))));
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Ok(TokenWriteOutcome::Nothing(
                vec![TokenWriteConflict::ConditionFailed(BucketRow::read(failed.item.as_ref()))],
            )),
            Some(UpdateItemError::TransactionConflictException(_)) => {
                Ok(TokenWriteOutcome::Nothing(vec![TokenWriteConflict::RowLocked]))
            }
            _ => Err(StoreError::sdk(error)),
        }
    }

    async fn take_each(
        &self,
        token_writes: Vec<TokenWrite>,
        round: u32,
    ) -> Result<TokenWriteOutcome, StoreError> {
        let count = token_writes.len();
        let token = token(&token_writes, round).hyphenated().to_string();
        let mut request = self.client.transact_write_items().client_request_token(token);
        for token_write in token_writes {
            request = request.transact_items(token_write.into_item(&self.table)?);
        }
        match request.send().await {
            Ok(_) => Ok(TokenWriteOutcome::All(None)),
            Err(error) => match conflicts(&error).filter(|conflicts| conflicts.len() == count) {
                Some(conflicts) => Ok(TokenWriteOutcome::Nothing(conflicts)),
                None => Err(StoreError::sdk(error)),
            },
        }
    }
}

/// The idempotency token of one attempt, derived from all its data: a retry of the SDK is applied once, while
/// another attempt of the same request is a separate transaction.
fn token(token_writes: &[TokenWrite], round: u32) -> Uuid {
    let request = token_writes.first().map_or(Uuid::nil(), |token_write| token_write.request);
    Uuid::new_v5(&request, format!("{round} {token_writes:?}").as_bytes())
}

/// The conflict of each write of a cancelled transaction; `None` if it was cancelled for another reason than its
/// conditions and other transactions.
fn conflicts(error: &SdkError<TransactWriteItemsError>) -> Option<Vec<TokenWriteConflict>> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return None;
    };
    let conflict = |reason: &CancellationReason| match reason.code() {
        None | Some("None") => Some(TokenWriteConflict::NoConflict),
        Some("ConditionalCheckFailed") => {
            Some(TokenWriteConflict::ConditionFailed(BucketRow::read(reason.item.as_ref())))
        }
        Some("TransactionConflict") => Some(TokenWriteConflict::RowLocked),
        Some(_) => None,
    };
    cancelled.cancellation_reasons().iter().map(conflict).collect()
}
