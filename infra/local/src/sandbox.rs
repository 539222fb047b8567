//! All stand-ins together, in memory or in a folder that remembers them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

pub use crate::journal::OpenJournalError;

use crate::better_stack::BetterStackStandIn;
use crate::bus::BusStandIn;
use crate::clock::SandboxClock;
use crate::fault::Faults;
use crate::journal::{Journal, Record};
use crate::oidc::OidcStandIn;
use crate::outbox::Outbox;
use crate::posthog::PostHogStandIn;
use crate::resend::ResendStandIn;
use crate::sentry::SentryStandIn;
use crate::stripe::StripeStandIn;
use crate::whop::WhopStandIn;

/// The file in the folder of a sandbox that holds all it remembers.
const JOURNAL_FILE: &str = "sandbox.journal";

/// The providers, the effects they had, the trouble they have and the time they tell; all clones
/// share one state.
///
/// What is kept in a folder survives whatever ends the process, except the request counts, which
/// are observations of one run.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// The time everything else here tells.
    pub clock: SandboxClock,
    pub outbox: Outbox,
    pub faults: Faults,
    /// Memberships, pushes and direct messages.
    pub whop: WhopStandIn,
    pub resend: ResendStandIn,
    /// An issuer of tokens, which forgets its codes with the process.
    pub oidc: OidcStandIn,
    pub stripe: StripeStandIn,
    pub bus: BusStandIn,
    /// Analytics, which forgets with the process.
    pub posthog: PostHogStandIn,
    /// Errors and check-ins, forgotten with the process.
    pub sentry: SentryStandIn,
    /// The log, forgotten with the process.
    pub better_stack: BetterStackStandIn,
}

/// The folder is not there for this process.
#[derive(Debug, thiserror::Error)]
pub enum OpenSandboxError {
    /// The folder cannot be created.
    #[error("{} cannot be created: {source}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    /// The file in it is in use, damaged or out of reach.
    #[error(transparent)]
    Journal(#[from] OpenJournalError),
}

impl Sandbox {
    /// A sandbox that is gone with its last clone and never touches a disk.
    pub fn memory(clock: SandboxClock) -> Self {
        Self::of(clock, Outbox::new(), Faults::new(), Journal::default())
    }

    /// The sandbox kept in the folder `dir`, created if absent, on a running clock.
    ///
    /// The clock shows `start_at`; without it, it goes on as if it had run since the last time,
    /// and in a new folder it shows the time of day. Nobody else can open the folder until the last
    /// clone is gone.
    pub fn open(dir: &Path, start_at: Option<DateTime<Utc>>) -> Result<Self, OpenSandboxError> {
        fs::create_dir_all(dir)
            .map_err(|source| OpenSandboxError::Folder { path: dir.to_owned(), source })?;
        let (journal, records) = Journal::open(&dir.join(JOURNAL_FILE))?;
        let clock = SandboxClock::kept_in(journal.clone());
        let sandbox =
            Self::of(clock, Outbox::kept_in(journal.clone()), Faults::kept_in(journal.clone()), journal);
        records.into_iter().for_each(|record| sandbox.replay(record));
        if let Some(at) = start_at {
            sandbox.clock.set(at);
        }
        Ok(sandbox)
    }

    /// Another sandbox that stands where this one does and goes its own way from here, on a clock that
    /// stands still and kept nowhere. Fault rules and the codes of the issuer stay behind.
    #[must_use]
    pub fn copy(&self) -> Self {
        let (clock, outbox) = (SandboxClock::frozen(self.clock.now()), self.outbox.copy());
        let copy = Self::of(clock, outbox, Faults::new(), Journal::default());
        let Self { clock, outbox, faults, .. } = &copy;
        let whop = self.whop.copy(clock.clone(), outbox.clone(), faults.clone());
        let resend = self.resend.copy(clock.clone(), outbox.clone(), faults.clone());
        let stripe = self.stripe.copy(clock.clone(), outbox.clone(), faults.clone());
        let bus = self.bus.copy(clock.clone(), faults.clone());
        let posthog = self.posthog.copy(faults.clone());
        Self { whop, resend, stripe, bus, posthog, ..copy }
    }

    fn of(clock: SandboxClock, outbox: Outbox, faults: Faults, journal: Journal) -> Self {
        let whop = WhopStandIn::new(clock.clone(), outbox.clone(), faults.clone());
        let resend = ResendStandIn::new(clock.clone(), outbox.clone(), faults.clone());
        let oidc = OidcStandIn::new(clock.clone(), faults.clone());
        let stripe = StripeStandIn::new(clock.clone(), outbox.clone(), faults.clone());
        let bus = BusStandIn::new(clock.clone(), faults.clone(), journal);
        let posthog = PostHogStandIn::new(faults.clone());
        let sentry = SentryStandIn::new(faults.clone());
        let better_stack = BetterStackStandIn::new(faults.clone());
        Self { clock, outbox, faults, whop, resend, oidc, stripe, bus, posthog, sentry, better_stack }
    }

    fn replay(&self, record: Record) {
        let Record { clock, faults, outbox_cleared, sent, whop, resend, stripe, bus } = record;
        if let Some(setting) = clock {
            self.clock.replay(setting);
        }
        if let Some(rules) = faults {
            self.faults.replay(rules);
        }
        self.outbox.replay(outbox_cleared, sent);
        self.whop.replay(whop);
        if let Some(accepted) = resend {
            self.resend.replay(accepted);
        }
        self.stripe.replay(stripe);
        self.bus.replay(bus);
    }
}
