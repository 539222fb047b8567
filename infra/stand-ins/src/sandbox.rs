//! All stand-ins together, in memory or stored in a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

pub use crate::base::journal::OpenJournalError;

use axum::Router;

use crate::base::Context;
use crate::base::journal::{ForeignRecord, Journal, Record};
use crate::better_stack::BetterStackStandIn;
use crate::bus::BusStandIn;
use crate::clock::SandboxClock;
use crate::fault::Faults;
use crate::healthchecks::HealthchecksStandIn;
use crate::oidc::OidcStandIn;
use crate::outbox::Outbox;
use crate::posthog::PostHogStandIn;
use crate::resend::ResendStandIn;
use crate::sentry::SentryStandIn;
use crate::stripe::StripeStandIn;
use crate::whop::WhopStandIn;

/// The file of the journal in the sandbox's folder.
const JOURNAL_FILE: &str = "sandbox.journal";

/// The providers, their effects, the injected faults and the clock; all clones share one state.
///
/// A sandbox in a folder survives the end of the process, except the request counts, which are observations
/// of one run.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// The clock of all stand-ins.
    pub clock: SandboxClock,
    pub outbox: Outbox,
    pub faults: Faults,
    /// Memberships, pushes and direct messages.
    pub whop: WhopStandIn,
    pub resend: ResendStandIn,
    /// An issuer of tokens; its codes are not stored.
    pub oidc: OidcStandIn,
    pub stripe: StripeStandIn,
    pub bus: BusStandIn,
    /// Analytics; its events are not stored.
    pub posthog: PostHogStandIn,
    /// Errors and check-ins, which are not stored.
    pub sentry: SentryStandIn,
    /// The log, which is not stored.
    pub better_stack: BetterStackStandIn,
    /// Heartbeats, which are not stored.
    pub healthchecks: HealthchecksStandIn,
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
    /// A sandbox in memory, dropped with its last clone.
    pub fn memory(clock: SandboxClock) -> Self {
        Self::of(Context { clock, outbox: Outbox::new(), faults: Faults::new() })
    }

    /// The sandbox stored in the folder `dir`, created if absent, on a running clock.
    ///
    /// The clock shows `start_at`; without it, it continues as if it had run since the last time, and in a
    /// new folder it shows the time of day. The folder is locked until the last clone is dropped.
    pub fn open(dir: &Path, start_at: Option<DateTime<Utc>>) -> Result<Self, OpenSandboxError> {
        fs::create_dir_all(dir)
            .map_err(|source| OpenSandboxError::Folder { path: dir.to_owned(), source })?;
        let path = dir.join(JOURNAL_FILE);
        let (journal, records) = Journal::open(&path)?;
        let sandbox = Self::of(Context {
            clock: SandboxClock::kept_in(journal.clone()),
            outbox: Outbox::kept_in(journal.clone()),
            faults: Faults::kept_in(journal),
        });
        for (index, record) in records.into_iter().enumerate() {
            let replayed = sandbox.replay(record);
            replayed.map_err(|ForeignRecord| OpenJournalError::foreign(&path, index))?;
        }
        if let Some(at) = start_at {
            sandbox.clock.set(at);
        }
        Ok(sandbox)
    }

    /// An independent copy in memory, on a clock that does not advance by itself. Fault rules and the
    /// issuer's codes are not copied.
    #[must_use]
    pub fn copy(&self) -> Self {
        let clock = SandboxClock::frozen(self.clock.now());
        let context = Context { clock, outbox: self.outbox.copy(), faults: Faults::new() };
        Self {
            whop: self.whop.copy(&context),
            resend: self.resend.copy(&context),
            stripe: self.stripe.copy(&context),
            bus: self.bus.copy(&context),
            posthog: self.posthog.copy(&context),
            ..Self::of(context)
        }
    }

    pub fn router(&self) -> Router {
        let apis = [
            self.whop.router(),
            self.resend.router(),
            self.oidc.router(),
            self.stripe.router(),
            self.bus.router(),
            self.posthog.router(),
            self.sentry.router(),
            self.better_stack.router(),
            self.healthchecks.router(),
        ];
        apis.into_iter().fold(Router::new(), Router::merge)
    }

    fn of(context: Context) -> Self {
        Self {
            whop: WhopStandIn::new(&context),
            resend: ResendStandIn::new(&context),
            oidc: OidcStandIn::new(&context),
            stripe: StripeStandIn::new(&context),
            bus: BusStandIn::new(&context),
            posthog: PostHogStandIn::new(&context),
            sentry: SentryStandIn::new(&context),
            better_stack: BetterStackStandIn::new(&context),
            healthchecks: HealthchecksStandIn::new(&context),
            clock: context.clock,
            outbox: context.outbox,
            faults: context.faults,
        }
    }

    /// Replays a record in every stand-in.
    fn replay(&self, mut record: Record) -> Result<(), ForeignRecord> {
        self.clock.replay(&mut record)?;
        self.faults.replay(&mut record)?;
        self.outbox.replay(&mut record)?;
        self.whop.replay(&mut record)?;
        self.resend.replay(&mut record)?;
        self.stripe.replay(&mut record)?;
        self.bus.replay(&mut record)?;
        record.finish()
    }
}
