//! Seeded defects: possible mistakes, made by changing a worker's requests and the answers it gets. Requests are
//! sent as if the code lacked a precaution, answers changed as if the code misread them. The code itself is the
//! deployed one.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use shared::domain::marketplace::booking::Step;

use super::wire::writes;
use support::booked::{booking_id, metadata};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// A due row is claimed without checking that it is unchanged.
    ClaimWithoutCondition,
    /// A claim does not increment the fencing token.
    FenceStands,
    /// The outcome of an effect is written without checking the claim.
    EndWithoutFence,
    /// The outcome is written without checking claim and status.
    EndWithoutState,
    /// A row that was changed since it was read is overwritten.
    VersionIgnored,
    /// A repeated event is treated as new.
    EventTakenForNew,
    /// An event is applied without checking whether it was applied meanwhile.
    EventAppliedTwice,
    /// An effect is created without checking whether it exists.
    BegunTwice,
    /// The suppression of an address is not checked.
    SuppressionIgnored,
    /// A transaction is split into separate writes.
    TransactionTorn,
    /// A throttled request is not repeated.
    ThrottleNotRepeated,
    /// A status changes without a due time for the next step.
    NextStepNotDue,
    /// A status changes without an audit entry.
    AuditForgotten,
    /// The claim on a payee does not exclude others.
    PayeeUnfenced,
    /// A look-up returns nothing without querying.
    LookUpBlind,
    /// An authorization that was captured is treated as voided.
    WinnerIgnored,
    /// Counters are not written with their change.
    CountersForgotten,
    /// A valid claim is treated as expired.
    ClaimThoughtOver,
    /// An old idempotency key is treated as recent.
    KeyThoughtYoung,
    /// Providers are called without an idempotency key.
    KeyForgotten,
    /// Each attempt uses a new idempotency key.
    KeyOfTheAttempt,
    /// An unknown outcome is treated as a refusal.
    DoubtTakenForRefusal,
    /// An unknown outcome is treated as success.
    DoubtTakenForDone,
    /// A refused capture is treated as success.
    RefusalTakenForDone,
    /// A refused look-up is treated as one without a result.
    RefusedLookUpTakenForNothing,
    /// A payment without our metadata is treated as ours.
    StrangerTakenForOurs,
    /// A refusal is not listed.
    RefusalNotListed,
    /// What waits is on no list of all companies, so no gauge counts it.
    WaitingNotCounted,
    /// A switch that is off is treated as on.
    SwitchIgnored,
    /// A refusal is recorded without creating the mail about it.
    RefusalMailForgotten,
    /// A mail about a refusal is created under two names.
    RefusalMailBegunTwice,
}

const REFUSAL_MAILS: [Step; 5] = [
    Step::ReleaseRefusedMail,
    Step::RefundRefusedMail,
    Step::RefundedMail,
    Step::ProfessionalDeclinedMail,
    Step::ProfessionalAcceptedMail,
];

/// The lists of all companies.
const OF_ALL: &str = "operator#waiting#";

const ENDS: [&str; 4] = ["done", "rejected", "unknown", "prepared"];

impl Defect {
    /// Applies the defect to a request to the table; returns the requests to send instead.
    pub fn change_request(self, operation: &str, body: &mut Value) -> Vec<Value> {
        if self == Self::TransactionTorn && operation == "TransactWriteItems" {
            return torn(body);
        }
        if self == Self::SuppressionIgnored
            && operation == "GetItem"
            && body["Key"]["pk"]["S"].as_str().is_some_and(|key| key.starts_with("SUPPRESSION#"))
        {
            body["Key"]["pk"]["S"] = json!("SUPPRESSION#of_another_address");
        }
        for mut write in writes(operation, body) {
            let (kind, status) = (write.kind().to_owned(), write.text("status").to_owned());
            let of_effect = !write.text("reason").is_empty() && ENDS.contains(&status.as_str());
            match self {
                Self::ClaimWithoutCondition if status == "sending" => write.leave_out(|_| true),
                Self::FenceStands if status == "sending" => write.leave_as_it_is("fence"),
                Self::EndWithoutFence if of_effect => write.leave_out(|name| name == "fence"),
                Self::EndWithoutState if of_effect => {
                    write.leave_out(|name| matches!(name, "fence" | "status"))
                }
                Self::VersionIgnored => write.leave_out(|name| name == "version"),
                Self::EventTakenForNew if kind == "EVENT" => {
                    write.leave_out(|name| name == "attribute_not_exists(pk)")
                }
                Self::EventAppliedTwice if kind == "EVENT" => write.leave_out(|name| name == "status"),
                Self::BegunTwice if write.text("sk").starts_with("ACTION#") => {
                    write.leave_out(|name| name == "attribute_not_exists(pk)")
                }
                Self::PayeeUnfenced if kind == "PAYEE" => write.leave_out(|_| true),
                Self::RefusalNotListed if write.text("list_status_pk").ends_with("#refused") => {
                    write.leave_unset("list_status_pk")
                }
                Self::WaitingNotCounted if write.text("list_pk").starts_with(OF_ALL) => {
                    write.leave_unset("list_pk")
                }
                Self::WaitingNotCounted if write.text("professional_pk").starts_with(OF_ALL) => {
                    write.leave_unset("professional_pk")
                }
                Self::NextStepNotDue => write.leave_unset("due_shard") && write.leave_unset("due_at"),
                _ => false,
            };
        }
        if let Some(forgotten) = self.forgotten_kind()
            && let Some(parts) = body["TransactItems"].as_array_mut()
        {
            parts.retain(|part| !part.to_string().contains(&format!("\"{forgotten}#")));
        }
        if let Some(parts) = body["TransactItems"].as_array_mut() {
            match self {
                Self::RefusalMailForgotten => {
                    parts.retain(|part| !begins_mail(part));
                    parts.iter_mut().for_each(forget_mails);
                }
                Self::RefusalMailBegunTwice => {
                    let again = |part: &Value| part.to_string().replace(":v1", ":v2").parse().ok();
                    let more: Vec<Value> =
                        parts.iter().filter(|part| begins_mail(part)).filter_map(again).collect();
                    parts.extend(more);
                }
                _ => {}
            }
        }
        vec![body.take()]
    }

    fn forgotten_kind(self) -> Option<&'static str> {
        match self {
            Self::AuditForgotten => Some("AUDIT"),
            Self::CountersForgotten => Some("KPI"),
            _ => None,
        }
    }

    /// Applies the defect to an answer of the table.
    pub fn change_read(self, answer: &str) -> Option<String> {
        const THROTTLED: &str = "ProvisionedThroughputExceededException";
        let forgotten = match self {
            Self::ThrottleNotRepeated if answer.contains(THROTTLED) => {
                return Some(answer.replace(THROTTLED, "ValidationException"));
            }
            Self::SwitchIgnored if answer.contains("\"SWITCHES#ALL\"") => {
                return Some(answer.replace("\"is_on\":{\"BOOL\":false}", "\"is_on\":{\"BOOL\":true}"));
            }
            Self::ClaimThoughtOver => "lease_until",
            Self::KeyThoughtYoung => "first_sent_at",
            _ => return None,
        };
        let mut answer: Value = serde_json::from_str(answer).ok()?;
        forget(forgotten, &mut answer).then(|| answer.to_string())
    }

    /// Applies the defect to a provider call; `number` is unique per call.
    pub fn change_call(self, headers: &mut HeaderMap, number: u64) {
        const KEY: &str = "idempotency-key";
        let Some(key) = headers.get(KEY).and_then(|key| key.to_str().ok()) else { return };
        match self {
            Self::KeyForgotten => drop(headers.remove(KEY)),
            Self::KeyOfTheAttempt => {
                let key = HeaderValue::from_str(&format!("{key}-{number}")).expect("a key is plain text");
                headers.insert(KEY, key);
            }
            _ => {}
        }
    }

    /// Applies the defect to a provider's answer to `sent`; returns the status and text that the worker gets
    /// instead.
    pub fn change_answer(
        self,
        method: &Method,
        path: &str,
        status: StatusCode,
        sent: &Value,
    ) -> Option<(StatusCode, Value)> {
        let in_doubt = *method == Method::POST && status.is_server_error();
        match self {
            Self::LookUpBlind if *method == Method::GET && path.ends_with("/transfers") => Some((
                StatusCode::OK,
                json!({"object": "list", "url": "/v1/transfers", "has_more": false, "data": []}),
            )),
            Self::WinnerIgnored if path.ends_with("/cancel") && status.is_client_error() => {
                let id = path.rsplit('/').nth(1).unwrap_or_default();
                Some((StatusCode::OK, canceled(id)))
            }
            Self::DoubtTakenForRefusal if in_doubt => Some((
                StatusCode::BAD_REQUEST,
                json!({"error": {"type": "invalid_request_error", "message": "refused"}}),
            )),
            Self::DoubtTakenForDone if in_doubt && path.ends_with("/transfers") => {
                Some((StatusCode::OK, transferred(sent)))
            }
            Self::RefusalTakenForDone if status.is_client_error() && path.ends_with("/capture") => {
                let id = path.rsplit('/').nth(1).unwrap_or_default();
                Some((StatusCode::OK, captured(id)))
            }
            Self::StrangerTakenForOurs if path.contains("/payment_intents/") && status.is_success() => {
                let mut payment = captured(path.rsplit('/').next().unwrap_or_default());
                payment["metadata"] = json!(metadata(booking_id("of another shop")));
                Some((StatusCode::OK, payment))
            }
            Self::RefusedLookUpTakenForNothing if *method == Method::GET && status.is_client_error() => {
                Some((StatusCode::OK, nothing(path)))
            }
            Self::DoubtTakenForDone if in_doubt => Some((StatusCode::OK, json!({"success": true}))),
            _ => None,
        }
    }
}

/// The parts of a transaction as separate requests.
fn torn(body: &Value) -> Vec<Value> {
    let parts = body["TransactItems"].as_array().into_iter().flatten().enumerate();
    let token = body["ClientRequestToken"].as_str().unwrap_or_default();
    let alone = |(number, part): (usize, &Value)| {
        // A token has 36 characters at most.
        let token = format!("{number:02}{}", token.get(2..).unwrap_or_default());
        json!({"TransactItems": [part], "ClientRequestToken": token})
    };
    parts.map(alone).collect()
}

/// Whether a part of a transaction creates a mail about a refusal.
fn begins_mail(part: &Value) -> bool {
    let row = &part["Put"]["Item"];
    let name = row["sk"]["S"].as_str().and_then(|key| key.strip_prefix("ACTION#"));
    let step = name.and_then(|name| name.split(':').next()).unwrap_or_default();
    REFUSAL_MAILS.iter().any(|mail| mail.as_str() == step)
}

/// Removes the records of created mails about refusals.
fn forget_mails(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            REFUSAL_MAILS.iter().for_each(|mail| drop(fields.remove(mail.as_str())));
            fields.values_mut().for_each(forget_mails);
        }
        Value::Array(values) => values.iter_mut().for_each(forget_mails),
        _ => {}
    }
}

/// Removes an attribute from every row of an answer; returns whether there was one.
fn forget(name: &str, answer: &mut Value) -> bool {
    match answer {
        Value::Object(fields) => {
            let had = fields.remove(name).is_some();
            fields.values_mut().fold(had, |had, field| forget(name, field) || had)
        }
        Value::Array(values) => {
            values.iter_mut().map(|value| forget(name, value)).filter(|had| *had).count() > 0
        }
        _ => false,
    }
}

/// A created transfer as Stripe returns it.
fn transferred(sent: &Value) -> Value {
    let amount: i64 = sent["amount"].as_str().and_then(|amount| amount.parse().ok()).unwrap_or_default();
    let [currency, destination] = ["currency", "destination"].map(|name| &sent[name]);
    json!({
        "id": "tr_thought", "object": "transfer", "amount": amount, "amount_reversed": 0, "created": 0,
        "currency": currency, "destination": destination, "livemode": false, "metadata": {},
        "reversed": false, "source_transaction": null, "transfer_group": sent["transfer_group"],
    })
}

/// An empty list, or a payment without our metadata.
fn nothing(path: &str) -> Value {
    let (_, id) = path.rsplit_once('/').unwrap_or_default();
    if id.starts_with("pi_") {
        return captured(id);
    }
    json!({"object": "list", "url": path, "has_more": false, "data": []})
}

/// A captured payment as Stripe returns it.
fn captured(id: &str) -> Value {
    json!({
        "id": id, "object": "payment_intent", "status": "succeeded", "amount": 10_000, "currency": "usd",
        "amount_capturable": 0, "amount_received": 10_000, "cancellation_reason": null,
        "latest_charge": null, "metadata": {}, "created": 0, "livemode": false,
    })
}

/// A cancelled payment as Stripe returns it.
fn canceled(id: &str) -> Value {
    json!({
        "id": id, "object": "payment_intent", "status": "canceled", "amount": 10_000, "currency": "usd",
        "amount_capturable": 0, "amount_received": 0, "cancellation_reason": "abandoned",
        "latest_charge": null, "metadata": {}, "created": 0, "livemode": false,
    })
}
