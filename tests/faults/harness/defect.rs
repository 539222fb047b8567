//! Mistakes that somebody could make, made at a worker's ways out: what it sends is sent as if the
//! code behind it lacked a precaution, and what it is told as if it misread it. The code itself is the
//! one that is deployed.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use shared::domain::marketplace::booking::Step;

use super::wire::writes;
use support::booked::{booking_id, metadata};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// What is due is read, and taken without looking whether it still stands as it was read.
    ClaimWithoutCondition,
    /// A claim leaves the fence where it was.
    FenceStands,
    /// The end of an effect is written whoever holds it by now.
    EndWithoutFence,
    /// The same of the end, and of its state.
    EndWithoutState,
    /// A row that somebody else has changed since it was read is written over.
    VersionIgnored,
    /// An event that comes again is taken for a new one.
    EventTakenForNew,
    /// An event is applied whether or not it was applied meanwhile.
    EventAppliedTwice,
    /// An effect is begun whether or not it was begun before.
    BegunTwice,
    /// It is not asked whether an address is one that mail came back from.
    SuppressionIgnored,
    /// What belongs together is written one row after the other.
    TransactionTorn,
    /// The state moves on, and nothing says when it has to be looked at next.
    NextStepNotDue,
    /// The state moves on, and the audit log does not tell.
    AuditForgotten,
    /// Who pays a professional does not keep others from it.
    PayeeUnfenced,
    /// A look-up that finds nothing because it does not look.
    LookUpBlind,
    /// A hold is thought to be free that somebody has captured.
    WinnerIgnored,
    /// Counters are written by themselves.
    CountersForgotten,
    /// A claim is thought to be over that is not.
    ClaimThoughtOver,
    /// A key is thought to be young however old it is.
    KeyThoughtYoung,
    /// Providers are called without a key.
    KeyForgotten,
    /// Each attempt has a key of its own.
    KeyOfTheAttempt,
    /// An answer that says nothing is taken for a refusal.
    DoubtTakenForRefusal,
    /// An answer that says nothing is taken for success.
    DoubtTakenForDone,
    /// A refusal of a capture is taken for success.
    RefusalTakenForDone,
    /// A look-up that is refused is taken for one that found nothing, or nothing of ours.
    RefusedLookUpTakenForNothing,
    /// A payment that does not say whose it is is thought to be ours.
    StrangerTakenForOurs,
    /// What was refused is on no list.
    RefusalNotListed,
    /// A refusal is recorded, and the mail about it is not begun.
    RefusalMailForgotten,
    /// A mail about a refusal is begun under two names.
    RefusalMailBegunTwice,
}

/// The mails about refusals.
const REFUSAL_MAILS: [Step; 5] = [
    Step::ReleaseRefusedMail,
    Step::RefundRefusedMail,
    Step::RefundedMail,
    Step::ProfessionalDeclinedMail,
    Step::ProfessionalAcceptedMail,
];

const ENDS: [&str; 4] = ["done", "rejected", "unknown", "prepared"];

impl Defect {
    /// Makes the mistake in a request to the table, where it can be made there; what is sent instead.
    pub fn sends(self, operation: &str, body: &mut Value) -> Vec<Value> {
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

    /// Makes the mistake in what the table answered.
    pub fn reads(self, answer: &str) -> Option<String> {
        let forgotten = match self {
            Self::ClaimThoughtOver => "lease_until",
            Self::KeyThoughtYoung => "first_sent_at",
            _ => return None,
        };
        let mut answer: Value = serde_json::from_str(answer).ok()?;
        forget(forgotten, &mut answer).then(|| answer.to_string())
    }

    /// Makes the mistake in a call of a provider; `number` is different for each.
    pub fn calls(self, headers: &mut HeaderMap, number: u64) {
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

    /// Makes the mistake in what a provider answered to what was `sent`; the status and the text it is
    /// taken for.
    pub fn hears(
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

/// The parts of a transaction, each by itself.
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

/// Whether a part of a transaction begins a mail about a refusal.
fn begins_mail(part: &Value) -> bool {
    let row = &part["Put"]["Item"];
    let name = row["sk"]["S"].as_str().and_then(|key| key.strip_prefix("ACTION#"));
    let step = name.and_then(|name| name.split(':').next()).unwrap_or_default();
    REFUSAL_MAILS.iter().any(|mail| mail.as_str() == step)
}

/// Forgets that a mail about a refusal was begun.
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

/// Takes an attribute out of every row of an answer; whether there was one.
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

/// A transfer as Stripe shows it once it was made.
fn transferred(sent: &Value) -> Value {
    let amount: i64 = sent["amount"].as_str().and_then(|amount| amount.parse().ok()).unwrap_or_default();
    let [currency, destination] = ["currency", "destination"].map(|name| &sent[name]);
    json!({
        "id": "tr_thought", "object": "transfer", "amount": amount, "amount_reversed": 0, "created": 0,
        "currency": currency, "destination": destination, "livemode": false, "metadata": {},
        "reversed": false, "source_transaction": null, "transfer_group": sent["transfer_group"],
    })
}

/// A list of nothing, or a payment that does not say whose it is.
fn nothing(path: &str) -> Value {
    let (_, id) = path.rsplit_once('/').unwrap_or_default();
    if id.starts_with("pi_") {
        return captured(id);
    }
    json!({"object": "list", "url": path, "has_more": false, "data": []})
}

/// A payment as Stripe shows it once its money was taken.
fn captured(id: &str) -> Value {
    json!({
        "id": id, "object": "payment_intent", "status": "succeeded", "amount": 10_000, "currency": "usd",
        "amount_capturable": 0, "amount_received": 10_000, "cancellation_reason": null,
        "latest_charge": null, "metadata": {}, "created": 0, "livemode": false,
    })
}

/// A payment as Stripe shows it once its hold was let go.
fn canceled(id: &str) -> Value {
    json!({
        "id": id, "object": "payment_intent", "status": "canceled", "amount": 10_000, "currency": "usd",
        "amount_capturable": 0, "amount_received": 0, "cancellation_reason": "abandoned",
        "latest_charge": null, "metadata": {}, "created": 0, "livemode": false,
    })
}
