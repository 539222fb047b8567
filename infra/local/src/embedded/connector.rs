//! The SDK's side: an HTTP client whose only host is the embedded engine.

use std::io;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

use super::dispatch::dispatch;
use super::record::{Intervention, RequestRecord};
use super::{EmbeddedDynamo, Hook};

impl HttpClient for EmbeddedDynamo {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for EmbeddedDynamo {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let dynamo = self.clone();
        HttpConnectorFuture::new(async move {
            // A real request gives way to other tasks both on its way there and on its way back;
            // a caller that is cancelled in between does not learn what was committed.
            tokio::task::yield_now().await;
            let answer = dynamo.attempt(&request);
            tokio::task::yield_now().await;
            match answer {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        })
    }
}

impl EmbeddedDynamo {
    /// One attempt; `None` where it is never answered.
    fn attempt(&self, request: &HttpRequest) -> Option<Result<HttpResponse, ConnectorError>> {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let body = request.body().bytes().and_then(|bytes| std::str::from_utf8(bytes).ok());
        let Some(body) = body else { return Some(Err(broken("the request has no text"))) };
        let mut record = RequestRecord::of(operation, &parse(body));

        let (call, hook) = self.number_call();
        // The hook runs without the lock: it may look at the log itself.
        let intervention = hook.map_or(Intervention::Pass, |hook| hook(call, &record));
        let mut execute = || {
            let (status, answer) = dispatch(&self.database, operation, body);
            record.count_answer(&parse(&answer));
            (status, answer)
        };
        let answer = match intervention {
            Intervention::Pass => Some(Ok(execute())),
            Intervention::FailBefore(failure) => Some(Ok(failure.answer(&record))),
            Intervention::FailAfter(failure) => {
                execute();
                Some(Ok(failure.answer(&record)))
            }
            Intervention::DropBefore => Some(Err(broken("the connection broke before the request was sent"))),
            Intervention::LoseAnswer => {
                execute();
                Some(Err(broken("the connection broke before the answer arrived")))
            }
            Intervention::HangBefore => None,
            Intervention::HangAfter => {
                execute();
                None
            }
        };
        self.ledger().requests.push(record);
        answer.map(|answer| answer.and_then(|(status, answer)| response(call, status, answer)))
    }

    fn number_call(&self) -> (u64, Option<Hook>) {
        let mut ledger = self.ledger();
        ledger.calls += 1;
        (ledger.calls, ledger.hook.clone())
    }
}

fn response(call: u64, status: u16, body: String) -> Result<HttpResponse, ConnectorError> {
    let status = status.try_into().map_err(|error| ConnectorError::other(Box::new(error), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    response.headers_mut().insert("x-amzn-requestid", format!("EMBEDDED{call:044}"));
    Ok(response)
}

fn broken(how: &'static str) -> ConnectorError {
    ConnectorError::io(Box::new(io::Error::new(io::ErrorKind::ConnectionReset, how)))
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
