//! The operations of all providers.

use serde::{Deserialize, Serialize};

/// Defines each operation's name once, for rules and for request counts.
macro_rules! operations {
    ($($name:literal => $operation:ident, $request:literal;)*) => {
        /// An operation of a provider. The list is closed, because a rule for a misspelt name would never
        /// apply.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Operation {
            $(#[doc = $request] #[serde(rename = $name)] $operation,)*
        }

        impl Operation {
            /// The name used in rules and in request counts.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$operation => $name,)*
                }
            }
        }
    };
}

operations! {
    "*" => Any, "Every operation.";
    "notifications" => Notifications, "`POST /notifications`.";
    "dm_channels" => DmChannels, "`POST /dm_channels`.";
    "messages" => Messages, "`POST /messages`.";
    "extend" => Extend, "`POST /memberships/{id}/extend`.";
    "cancel" => Cancel, "`POST /memberships/{id}/cancel`.";
    "memberships" => Memberships, "`GET /memberships/{id}`.";
    "list_memberships" => ListMemberships, "`GET /memberships`.";
    "payments" => Payments, "`GET /payments/{id}`.";
    "access" => Access, "`GET /users/{user_id}/access/{resource_id}`.";
    "experiences" => Experiences, "`GET /experiences`.";
    "jwks" => Jwks, "`GET /.well-known/jwks.json`.";
    "emails" => Emails, "`POST /emails`.";
    "domains" => Domains, "`GET /domains`.";
    "discovery" => Discovery, "`GET /oidc/.well-known/openid-configuration`.";
    "issuer_keys" => IssuerKeys, "`GET /oidc/jwks`.";
    "codes" => Codes, "`POST /oidc/token`.";
    "create_payment_intent" => CreatePaymentIntent, "`POST /v1/payment_intents`.";
    "payment_intent" => PaymentIntent, "`GET /v1/payment_intents/{id}`.";
    "capture" => Capture, "`POST /v1/payment_intents/{id}/capture`.";
    "cancel_payment_intent" => CancelPaymentIntent, "`POST /v1/payment_intents/{id}/cancel`.";
    "create_refund" => CreateRefund, "`POST /v1/refunds`.";
    "refunds" => Refunds, "`GET /v1/refunds`.";
    "create_transfer" => CreateTransfer, "`POST /v1/transfers`.";
    "transfer" => Transfer, "`GET /v1/transfers/{id}`.";
    "transfers" => Transfers, "`GET /v1/transfers`.";
    "account" => Account, "`GET /v1/accounts/{id}`.";
    "balance" => Balance, "`GET /v1/balance`.";
    "balance_transactions" => BalanceTransactions, "`GET /v1/balance_transactions`.";
    "balance_transaction" => BalanceTransaction, "`GET /v1/balance_transactions/{id}`.";
    "events" => Events, "`GET /v1/events`.";
    "put_events" => PutEvents, "`PutEvents` of the event bus.";
    "batch" => Batch, "`POST /batch/` of analytics.";
    "envelope" => Envelope, "`POST /api/{project}/envelope/`.";
    "ingest" => Ingest, "Lines of the log.";
    "ping" => Ping, "A heartbeat of a job.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_written_as_they_are_counted() {
        for operation in [Operation::Any, Operation::DmChannels, Operation::Jwks, Operation::CreateTransfer] {
            assert_eq!(serde_json::to_value(operation).unwrap(), operation.name());
        }
    }
}
