//! One attempt to reach the table, over either transport: numbered, recorded, and subject to fault injection.

use serde_json::Value;
use shared::json::read_trusted;

use super::dispatch::dispatch;
use super::record::{Intervention, RequestRecord};
use super::{EmbeddedDynamo, Hook};

/// The result of an attempt for its caller.
pub(super) enum Outcome {
    /// An answer, of the attempt of this number.
    Answered { call: u64, status: u16, body: String },
    /// A connection that broke.
    Broken(&'static str),
    /// Nothing, for as long as it waits.
    Silent,
}

impl EmbeddedDynamo {
    /// Executes the operation of `x-amz-target`, unless the fault for this attempt or the hook prevents it.
    pub(super) fn attempt(&self, target: &str, body: &str, ordered: Option<Intervention>) -> Outcome {
        let operation = target.rsplit('.').next().unwrap_or_default();
        let mut record = RequestRecord::of(operation, &parse(body));

        let (call, hook) = self.number_call();
        // The hook runs without the lock, because it may read the log itself.
        let hooked = || hook.map_or(Intervention::Pass, |hook| hook(call, &record));
        let intervention = ordered.unwrap_or_else(hooked);
        let answered = |(status, body): (u16, String)| Outcome::Answered { call, status, body };
        let mut execute = || {
            let (status, answer) = dispatch(&self.database, operation, body);
            record.count_answer(&parse(&answer));
            (status, answer)
        };
        let outcome = match intervention {
            Intervention::Pass => answered(execute()),
            Intervention::FailBefore(failure) => answered(failure.answer(&record)),
            Intervention::FailAfter(failure) => {
                execute();
                answered(failure.answer(&record))
            }
            Intervention::DropBefore => Outcome::Broken("the connection broke before the request was sent"),
            Intervention::LoseAnswer => {
                execute();
                Outcome::Broken("the connection broke before the answer arrived")
            }
            Intervention::HangBefore => Outcome::Silent,
            Intervention::HangAfter => {
                execute();
                Outcome::Silent
            }
        };
        self.record(record);
        outcome
    }

    fn number_call(&self) -> (u64, Option<Hook>) {
        let mut ledger = self.ledger();
        ledger.calls += 1;
        (ledger.calls, ledger.hook.clone())
    }
}

fn parse(text: &str) -> Value {
    read_trusted(text.as_bytes()).unwrap_or_default()
}
