//! The SDK's side: an HTTP client whose only host is the embedded engine.

use std::io;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use super::attempt::Outcome;
use super::{EmbeddedDynamo, Intervention};

impl HttpClient for EmbeddedDynamo {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for EmbeddedDynamo {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.answer(request, None)
    }
}

impl EmbeddedDynamo {
    /// Answers one attempt. With a fault `ordered` for it, the hook is not called. Other connectors call this
    /// too.
    pub fn answer(&self, request: HttpRequest, ordered: Option<Intervention>) -> HttpConnectorFuture {
        let dynamo = self.clone();
        HttpConnectorFuture::new(async move {
            // A real request yields to other tasks before and after it executes; a caller that is cancelled
            // in between does not learn what was committed.
            tokio::task::yield_now().await;
            let answer_time = dynamo.answer_time();
            if !answer_time.is_zero() {
                tokio::time::sleep(answer_time).await;
            }
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            let body = request.body().bytes().and_then(|bytes| std::str::from_utf8(bytes).ok());
            let outcome = match body {
                Some(body) => dynamo.attempt(target, body, ordered),
                None => Outcome::Broken("the request has no text"),
            };
            tokio::task::yield_now().await;
            match outcome {
                Outcome::Answered { call, status, body } => response(call, status, body),
                Outcome::Broken(how) => Err(broken(how)),
                Outcome::Silent => std::future::pending().await,
            }
        })
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
