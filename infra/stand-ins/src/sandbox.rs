//! All stand-ins together, in memory or in a folder that remembers them.

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
        Self::of(Context { clock, outbox: Outbox::new(), faults: Faults::new() })
    }

    /// The sandbox kept in the folder `dir`, created if absent, on a running clock.
    ///
    /// The clock shows `start_at`; without it, it goes on as if it had run since the last time,
    /// and in a new folder it shows the time of day. Nobody else can open the folder until the last
    /// clone is gone.
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

    /// Another sandbox that stands where this one does and goes its own way from here, on a clock that
    /// stands still and kept nowhere. Fault rules and the codes of the issuer stay behind.
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
            clock: context.clock,
            outbox: context.outbox,
            faults: context.faults,
        }
    }

    /// Everybody takes what is theirs of a record.
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
