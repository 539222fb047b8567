//! A client for the parts of Stripe's API that we use.
//!
//! The API version is pinned here and nowhere else. Every changing call sends an `Idempotency-Key`, which Stripe
//! honours for 24 hours. The client does not retry: the holder of the key knows what may be repeated.

use serde::de::DeserializeOwned;

use super::account::StripeAccount;
use super::balance::{Balance, BalanceFilter, BalanceTransaction, EventFilter, FetchedEvent};
use super::error::classify;
use super::form::Form;
use super::list::{ListCursor, ListPage};
use super::payment::{CancellationReason, NewPaymentIntent, PaymentIntent};
use super::refund::{NewRefund, Refund};
use super::transfer::{NewTransfer, Transfer, TransferFilter};
use crate::domain::kernel::provider::Provider;
use crate::json;
use crate::providers::call::CallError;
use crate::providers::call_counts;
use crate::providers::client::read_within;

/// The version of all requests and answers here. Events use the version of the account's webhook endpoint.
pub const API_VERSION: &str = "2025-04-30.basil";

/// Far more than a page of a hundred complete events; a larger answer is refused.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// More than any error document has.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// A client for the platform's account.
#[derive(Clone)]
pub struct Stripe {
    http: reqwest::Client,
    base: String,
    secret_key: String,
}

impl Stripe {
    /// A client for `base` (without `/v1`) with the platform's secret key.
    pub fn new(http: reqwest::Client, base: &str, secret_key: &str) -> Self {
        Self { http, base: base.trim_end_matches('/').to_owned(), secret_key: secret_key.to_owned() }
    }

    /// Creates a PaymentIntent with manual capture.
    pub async fn create_payment_intent(
        &self,
        key: &str,
        new: &NewPaymentIntent,
    ) -> Result<PaymentIntent, CallError> {
        self.change("payment_intents", key, with_charge(new.form())).await
    }

    /// Fetches a PaymentIntent with its charge.
    pub async fn payment_intent(&self, id: &str) -> Result<PaymentIntent, CallError> {
        self.read(&format!("payment_intents/{}", check_id(id)?), with_charge(Form::default())).await
    }

    /// Captures the authorized amount.
    pub async fn capture(&self, key: &str, id: &str) -> Result<PaymentIntent, CallError> {
        let path = format!("payment_intents/{}/capture", check_id(id)?);
        self.change(&path, key, with_charge(Form::default())).await
    }

    /// Cancels the PaymentIntent and so voids the authorization. [`CallError::WrongState`] names the state that
    /// prevents it.
    pub async fn cancel(
        &self,
        key: &str,
        id: &str,
        reason: CancellationReason,
    ) -> Result<PaymentIntent, CallError> {
        let form = Form::default().with("cancellation_reason", reason.as_str());
        self.change(&format!("payment_intents/{}/cancel", check_id(id)?), key, with_charge(form)).await
    }

    /// Refunds a captured payment. A charge that is already refunded is [`CallError::Rejected`] as
    /// `charge_already_refunded`; one that the customer's bank has disputed, as `charge_disputed`.
    pub async fn refund(&self, key: &str, new: &NewRefund) -> Result<Refund, CallError> {
        self.change("refunds", key, new.form()).await
    }

    /// Fetches a page of the refunds of one PaymentIntent, failed ones included.
    pub async fn refunds(
        &self,
        payment_intent: &str,
        from: &ListCursor,
    ) -> Result<ListPage<Refund>, CallError> {
        let form = Form::default().with("payment_intent", payment_intent).with_page(from);
        self.page("refunds", form, from).await
    }

    /// Transfers money to a professional's account.
    pub async fn create_transfer(&self, key: &str, new: &NewTransfer) -> Result<Transfer, CallError> {
        self.change("transfers", key, new.form()).await
    }

    /// Fetches a transfer with its reversals.
    pub async fn transfer(&self, id: &str) -> Result<Transfer, CallError> {
        self.read(&format!("transfers/{}", check_id(id)?), Form::default()).await
    }

    pub async fn transfers(
        &self,
        filter: &TransferFilter,
        from: &ListCursor,
    ) -> Result<ListPage<Transfer>, CallError> {
        self.page("transfers", filter.form(from), from).await
    }

    /// Fetches an account; one that does not exist or denies access is returned as `deleted`.
    pub async fn account(&self, id: &str) -> Result<StripeAccount, CallError> {
        match self.read(&format!("accounts/{}", check_id(id)?), Form::default()).await {
            Err(CallError::Absent) => Ok(StripeAccount::gone(id)),
            other => other,
        }
    }

    pub async fn balance(&self) -> Result<Balance, CallError> {
        self.read("balance", Form::default()).await
    }

    pub async fn balance_transactions(
        &self,
        filter: &BalanceFilter,
        from: &ListCursor,
    ) -> Result<ListPage<BalanceTransaction>, CallError> {
        self.page("balance_transactions", filter.form(from), from).await
    }

    pub async fn balance_transaction(&self, id: &str) -> Result<BalanceTransaction, CallError> {
        let form = Form::default().with("expand[]", "source");
        self.read(&format!("balance_transactions/{}", check_id(id)?), form).await
    }

    pub async fn events(
        &self,
        filter: &EventFilter,
        from: &ListCursor,
    ) -> Result<ListPage<FetchedEvent>, CallError> {
        self.page("events", filter.form(from), from).await
    }

    async fn page<T: DeserializeOwned>(
        &self,
        path: &str,
        form: Form,
        from: &ListCursor,
    ) -> Result<ListPage<T>, CallError> {
        self.read::<ListPage<T>>(path, form).await.map(|page| page.in_reading_direction(from))
    }

    /// A read has no effect, so every failure can be retried.
    async fn read<T: DeserializeOwned>(&self, path: &str, form: Form) -> Result<T, CallError> {
        let request = self.http.get(format!("{}/v1/{path}?{}", self.base, form.into_text()));
        self.send(request).await.map_err(CallError::of_reading)
    }

    async fn change<T: DeserializeOwned>(&self, path: &str, key: &str, form: Form) -> Result<T, CallError> {
        let request = self
            .http
            .post(format!("{}/v1/{path}", self.base))
            .header("idempotency-key", key)
            .header(reqwest::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.into_text());
        self.send(request).await
    }

    async fn send<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, CallError> {
        let request = request.bearer_auth(&self.secret_key).header("stripe-version", API_VERSION);
        let sent = call_counts::send(Provider::Stripe, request).await;
        let response = sent.map_err(|error| CallError::from_transport(&error))?;
        let status = response.status();
        if !status.is_success() {
            let headers = response.headers().clone();
            let body = read_within(response, MAX_ERROR_BYTES).await.unwrap_or_default();
            return Err(classify(status.as_u16(), &headers, &body));
        }
        let in_doubt = |reason: &str| CallError::InDoubt { reason: reason.to_owned() };
        let body = read_within(response, MAX_ANSWER_BYTES).await;
        let body = body.ok_or_else(|| in_doubt("answer_cut_off"))?;
        json::read_trusted(&body).map_err(|_| in_doubt("unreadable_answer"))
    }
}

/// Expands the charge, which holds the refunded amount, disputes, and the end of the authorization.
fn with_charge(form: Form) -> Form {
    form.with("expand[]", "latest_charge")
}

/// Refuses an id that would change the path, such as one with a slash.
fn check_id(id: &str) -> Result<&str, CallError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !id.is_empty() && id.bytes().all(plain) { Ok(id) } else { Err(CallError::Absent) }
}

impl std::fmt::Debug for Stripe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stripe({})", self.base)
    }
}
