//! The sandbox: one clock, one outbox, one set of faults, and the stand-ins that share them.

use crate::clock::SandboxClock;
use crate::fault::Faults;
use crate::outbox::Outbox;
use crate::resend::ResendStandIn;
use crate::whop::WhopStandIn;

/// Everything outside of the service.
#[derive(Clone)]
pub struct Sandbox {
    /// What time it is.
    pub clock: SandboxClock,
    /// What left.
    pub outbox: Outbox,
    /// What goes wrong.
    pub faults: Faults,
    /// Whop.
    pub whop: WhopStandIn,
    /// Resend.
    pub resend: ResendStandIn,
}

impl Sandbox {
    /// A sandbox that forgets everything at its end.
    pub fn memory(clock: SandboxClock) -> Self {
        let (outbox, faults) = (Outbox::new(), Faults::new());
        let whop = WhopStandIn::new(clock.clone(), outbox.clone(), faults.clone());
        let resend = ResendStandIn::new(clock.clone(), outbox.clone(), faults.clone());
        Self { clock, outbox, faults, whop, resend }
    }
}
