//! Buckets of rate limits, as rows.
//!
//! A row holds `tat`, the theoretical arrival time of the generic cell rate algorithm: until then the
//! bucket is not whole again. One conditional write both asks and takes. DynamoDB has no `max()`, so
//! the write has two forms, for a bucket that is whole and for one that is not; a refusal brings the row
//! as it stands.

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

/// One token to be taken from one row. Times are in whatever unit the caller counts in.
#[derive(Debug, Clone)]
pub(crate) struct TokenWrite {
    key: Key,
    request: Uuid,
    form: BucketForm,
    expires_at: i64,
}

/// The two forms of the one write.
#[derive(Debug, Clone, Copy)]
pub(crate) enum BucketForm {
    /// The bucket is whole: there is no row, or its `tat` has passed, or lies so far ahead that a clock
    /// was wrong.
    Idle { now: i128, absurd: i128, tat: i128 },
    /// The bucket lacks tokens, but not all of them.
    Busy { now: i128, latest: i128, interval: i128 },
}

/// A row as it was found or left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BucketRow {
    /// Until when it is not whole.
    pub tat: Option<i128>,
    /// Who took the last token: how a write that is sent twice recognises itself. Where somebody else came
    /// in between it does not, and takes two: rather a token too many than one request too many.
    pub last_request: Option<String>,
}

/// What became of the takings.
#[derive(Debug)]
pub(crate) enum TokenWriteOutcome {
    /// Each row gave its token. A single row is told as it is now; a transaction tells nothing.
    All(Option<BucketRow>),
    /// No row gave any; what each taking met, in their order.
    Nothing(Vec<TokenWriteConflict>),
}

/// What one of several takings met when nothing was taken.
#[derive(Debug)]
pub(crate) enum TokenWriteConflict {
    /// Nothing against it: another one was in the way.
    Free,
    /// Its condition failed on this row.
    Stands(BucketRow),
    /// Another transaction was at the row.
    Held,
}

impl TokenWrite {
    /// A token of the bucket named by class, hash and shard.
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

/// The write that gives a token back. It has no condition, so that it never stands in the way of what it is
/// written beside; a transaction's token keeps it from being made twice.
pub(crate) fn give_back((class, hash, shard): (&str, &str, u8), interval: i64) -> Write {
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
    /// Takes a token from each of the rows, which are all different, or from none. `round` tells apart
    /// the attempts of one request.
    pub(crate) async fn take(
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
                vec![TokenWriteConflict::Stands(BucketRow::read(failed.item.as_ref()))],
            )),
            Some(UpdateItemError::TransactionConflictException(_)) => {
                Ok(TokenWriteOutcome::Nothing(vec![TokenWriteConflict::Held]))
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
            Err(error) => match met(&error).filter(|met| met.len() == count) {
                Some(met) => Ok(TokenWriteOutcome::Nothing(met)),
                None => Err(StoreError::sdk(error)),
            },
        }
    }
}

/// Names one attempt by all there is to it: sent twice by the SDK it is done once, while another attempt
/// of the same request is a transaction of its own.
fn token(token_writes: &[TokenWrite], round: u32) -> Uuid {
    let request = token_writes.first().map_or(Uuid::nil(), |token_write| token_write.request);
    Uuid::new_v5(&request, format!("{round} {token_writes:?}").as_bytes())
}

/// What each taking of a cancelled transaction met; `None` where it was cancelled for anything but its
/// conditions and other transactions.
fn met(error: &SdkError<TransactWriteItemsError>) -> Option<Vec<TokenWriteConflict>> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return None;
    };
    let met = |reason: &CancellationReason| match reason.code() {
        None | Some("None") => Some(TokenWriteConflict::Free),
        Some("ConditionalCheckFailed") => {
            Some(TokenWriteConflict::Stands(BucketRow::read(reason.item.as_ref())))
        }
        Some("TransactionConflict") => Some(TokenWriteConflict::Held),
        Some(_) => None,
    };
    cancelled.cancellation_reasons().iter().map(met).collect()
}
