//! The kinds of faults that a sweep injects at one request.

use axum::http::StatusCode;
use local::embedded::{Failure, Intervention};
use stand_ins::fault::{ErrorCode, FaultKind};

use super::gate::{Asked, Order};
use super::scheduler::ClockJump;
use super::touch::Touch;

/// The SDK's attempts per request: a fault repeated this often reaches the code behind it.
const ATTEMPTS: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before a request reaches the table.
    DeathBeforeRequest,
    /// The process dies after the table executed a request.
    DeathAfterRequest,
    /// The process dies before a provider call has its effect.
    DeathBeforeCall,
    /// The process dies after the effect of a provider call.
    DeathAfterCall,
    /// The table throttles one attempt, and the SDK tries again.
    Throttle,
    /// The table answers every attempt with an internal error.
    InternalErrors,
    /// Another transaction holds the rows of a request.
    Conflict,
    /// The table executes one attempt and its answer is lost.
    LostAnswer,
    /// The table executes a request and the answers to all attempts are lost.
    LostAnswers,
    /// A provider refuses a call, or answers it with an error.
    Provider(FaultKind),
    /// An index repeats its last answer.
    StaleIndex,
    /// The worker is held up: the clock moves by this much, and the other workers run meanwhile.
    HoldUp(ClockJump),
}

/// The faults of the table and of the process, at requests to the table.
pub const FAULTS_AT_TABLE: [Fault; 7] = [
    Fault::DeathBeforeRequest,
    Fault::DeathAfterRequest,
    Fault::Throttle,
    Fault::InternalErrors,
    Fault::Conflict,
    Fault::LostAnswer,
    Fault::LostAnswers,
];

/// The deaths of the process around provider calls.
pub const FAULTS_AT_PROVIDERS: [Fault; 2] = [Fault::DeathBeforeCall, Fault::DeathAfterCall];

pub const DEATHS: [Fault; 4] =
    [Fault::DeathBeforeRequest, Fault::DeathAfterRequest, Fault::DeathBeforeCall, Fault::DeathAfterCall];

/// A refusal of each kind.
pub const REFUSALS: [Fault; 5] = [
    refusal(StatusCode::BAD_REQUEST, "charge_expired_for_capture"),
    refusal(StatusCode::PAYMENT_REQUIRED, "card_declined"),
    refusal(StatusCode::FORBIDDEN, "account_closed"),
    refusal(StatusCode::NOT_FOUND, "resource_missing"),
    refusal(StatusCode::UNPROCESSABLE_ENTITY, "validation_error"),
];

/// Errors of a provider that do not say whether the call had its effect: it had none, or it had.
pub const ERRORS_OF_PROVIDERS: [Fault; 2] = [
    Fault::Provider(FaultKind::Status(StatusCode::INTERNAL_SERVER_ERROR)),
    Fault::Provider(FaultKind::ErrorAfter(StatusCode::INTERNAL_SERVER_ERROR)),
];

const fn refusal(status: StatusCode, code: &str) -> Fault {
    Fault::Provider(FaultKind::Refused(status, ErrorCode::new(code)))
}

impl Fault {
    /// Whether it can occur at a request: `before` is the worker's previous request.
    pub fn concerns(self, before: Option<&Asked>, asked: &Asked) -> bool {
        match self {
            Self::DeathAfterRequest => before.is_some_and(is_of_table),
            Self::DeathAfterCall => before.is_some_and(Asked::is_of_provider),
            Self::DeathBeforeCall | Self::Provider(_) => asked.is_of_provider(),
            Self::StaleIndex => asked.touch == Touch::Index,
            Self::HoldUp(_) => before.is_some(),
            _ => is_of_table(asked),
        }
    }

    pub fn is_death(self) -> bool {
        DEATHS.contains(&self)
    }

    pub fn holds_up(self) -> bool {
        matches!(self, Self::HoldUp(_))
    }

    /// How the request is released, and how many attempts of it; a death or a pause changes no request.
    pub fn order(self) -> (Order, usize) {
        let at_table = |intervention, attempts| (Order::Table(intervention), attempts);
        match self {
            Self::Throttle => at_table(Intervention::FailBefore(Failure::Throttled), 1),
            Self::InternalErrors => at_table(Intervention::FailBefore(Failure::Internal), ATTEMPTS),
            Self::Conflict => at_table(Intervention::FailBefore(Failure::Conflict), 1),
            Self::LostAnswer => at_table(Intervention::LoseAnswer, 1),
            Self::LostAnswers => at_table(Intervention::LoseAnswer, ATTEMPTS),
            Self::Provider(kind) => (Order::Provider(kind), 1),
            Self::StaleIndex => (Order::Stale, 1),
            _ => (Order::Go, 1),
        }
    }

    /// How many effects may end in doubt; the SDK's own attempts prevent it after one throttle or lost answer.
    pub fn most_doubts(self) -> usize {
        match self {
            Self::Throttle | Self::LostAnswer | Self::StaleIndex => 0,
            Self::HoldUp(pause) => usize::from(pause > ClockJump::zero()),
            _ => 1,
        }
    }

    pub fn is_refusal(self) -> bool {
        matches!(self, Self::Provider(FaultKind::Refused(..)))
    }

    /// Whether it may change which effects are refused.
    pub fn may_refuse(self) -> bool {
        self.is_refusal() || self.holds_up()
    }
}

fn is_of_table(asked: &Asked) -> bool {
    !asked.is_of_provider() && asked.touch != Touch::Nothing
}
