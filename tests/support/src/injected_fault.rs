//! One fault at the request with a given number.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use local::embedded::{Failure, Intervention};
use stand_ins::fault::FaultKind;
use tokio::sync::Notify;

use crate::world::World;

/// The SDK's attempts per request: a fault repeated this often reaches the code behind it.
const ATTEMPTS: u64 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultPoint {
    /// The process dies before a request reaches the table.
    DeathBefore,
    /// The process dies after it was executed.
    DeathAfter,
    /// The table answers with an error this many times.
    Error(Failure, u64),
    /// The table executes the request and the answer is lost, this many times.
    Lost(u64),
    /// The process dies before a provider call has its effect.
    DeathBeforeCall,
    /// The process dies after the effect.
    DeathAfterCall,
}

pub const FAULT_POINTS: [FaultPoint; 9] = [
    FaultPoint::DeathBefore,
    FaultPoint::DeathAfter,
    FaultPoint::Error(Failure::Throttled, 1),
    FaultPoint::Error(Failure::Internal, ATTEMPTS),
    FaultPoint::Error(Failure::Conflict, 1),
    FaultPoint::Lost(1),
    FaultPoint::Lost(ATTEMPTS),
    FaultPoint::DeathBeforeCall,
    FaultPoint::DeathAfterCall,
];

/// A fault that waits for its call.
pub struct InjectedFault {
    occurred: Arc<AtomicBool>,
    died: Arc<Notify>,
}

impl InjectedFault {
    /// A fault at the n-th call from now.
    pub fn at(world: &World, fault: FaultPoint, chosen: u64) -> Self {
        let injected_fault = Self { occurred: Arc::default(), died: Arc::default() };
        let (occurred, died) = (injected_fault.occurred.clone(), injected_fault.died.clone());
        let hit = move || occurred.store(true, Ordering::SeqCst);
        let service = &world.service;
        if let FaultPoint::DeathBeforeCall | FaultPoint::DeathAfterCall = fault {
            let acts = fault == FaultPoint::DeathAfterCall;
            service.sandbox.faults.intercept(Arc::new(move |call, _| {
                (call >= chosen).then(|| {
                    hit();
                    died.notify_one();
                    // The broken answer reaches no one, because the caller is dead.
                    if acts && call == chosen { FaultKind::DropAfter } else { FaultKind::DropBefore }
                })
            }));
            return injected_fault;
        }
        service.dynamo.reset_requests();
        service.dynamo.intercept(Arc::new(move |call, _| {
            let (length, intervention) = match fault {
                FaultPoint::DeathAfter if call == chosen => (u64::MAX, Intervention::HangAfter),
                FaultPoint::DeathBefore | FaultPoint::DeathAfter => (u64::MAX, Intervention::HangBefore),
                FaultPoint::Error(failure, length) => (length, Intervention::FailBefore(failure)),
                FaultPoint::Lost(length) => (length, Intervention::LoseAnswer),
                FaultPoint::DeathBeforeCall | FaultPoint::DeathAfterCall => (0, Intervention::Pass),
            };
            if call < chosen || call - chosen >= length {
                return Intervention::Pass;
            }
            hit();
            if length == u64::MAX {
                died.notify_one();
            }
            intervention
        }));
        injected_fault
    }

    /// The process dies after the n-th request to the table.
    pub fn death_at(world: &World, chosen: u64) -> Self {
        Self::at(world, FaultPoint::DeathAfter, chosen)
    }

    /// Runs `run_worker` until it ends or its process dies; returns whether the fault occurred.
    pub async fn during<T>(self, run_worker: impl Future<Output = T>) -> bool {
        tokio::select! {
            biased;
            () = self.died.notified() => {}
            _ = run_worker => {}
        }
        self.occurred.load(Ordering::SeqCst)
    }
}
