//! What a person decides about an event that was not applied: it is replayed, or dismissed with a note.

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::{EventStatus, Inbox, KEEP_DAYS, ReadAgain, StoredEvent};
use crate::domain::kernel::time;
use crate::domain::platform::event::Meaning;
use crate::store::StoreError;
use crate::store::due::SWEEP;
use crate::store::keys;
use crate::store::write::{Expect, Write, number, text};

/// Who dismisses an event, when and why.
#[derive(Debug, Clone)]
pub struct Dismissal {
    pub at: DateTime<Utc>,
    /// The person's id, as in the audit log.
    pub by: String,
    pub note: String,
}

impl StoredEvent {
    /// Whether a person may replay it: only if it was set aside, dismissed or ignored.
    pub fn is_replayable(&self) -> bool {
        match self.status {
            EventStatus::SetAside | EventStatus::Dismissed => true,
            EventStatus::Received => matches!(self.payload_min.meaning, Meaning::Ignored { .. }),
            EventStatus::Pending | EventStatus::Applied => false,
        }
    }

    /// Whether a person may dismiss it: only if it was set aside, or tried without success.
    pub fn is_dismissible(&self) -> bool {
        match self.status {
            EventStatus::SetAside => true,
            EventStatus::Pending => self.tries > 0,
            EventStatus::Applied | EventStatus::Received | EventStatus::Dismissed => false,
        }
    }

    /// The event, marked as dismissed. Its last reason stays: it says why it was not applied.
    pub fn dismissed(mut self, dismissal: &Dismissal) -> Self {
        self.status = EventStatus::Dismissed;
        self.dismissed_at = Some(dismissal.at);
        self.dismissed_by = Some(dismissal.by.clone());
        self.note = Some(dismissal.note.clone());
        self
    }
}

impl Inbox {
    /// The write that dismisses an event as it was read; must be in the transaction of its audit entry. It is kept
    /// from now on as long as an applied one, so that a dismissal can be corrected.
    pub fn dismiss(&self, event: &StoredEvent, dismissal: &Dismissal) -> Write {
        Write::update(event.key())
            .set("status", text(EventStatus::Dismissed.as_str()))
            .set("dismissed_at", text(time::format(dismissal.at)))
            .set("dismissed_by", text(&dismissal.by))
            .set("note", text(&dismissal.note))
            .set(keys::TTL, number((dismissal.at + Duration::days(KEEP_DAYS)).timestamp()))
            .remove("list_status_pk")
            .remove("list_pk")
            .remove("list_sk")
            .due(SWEEP, None)
            .expect(Expect::Equals("status", text(event.status.as_str())))
            .expect(Expect::Equals("tries", number(event.tries)))
            .expect(Expect::Equals("replays", number(event.replays)))
    }

    /// Makes a set-aside, dismissed or ignored event pending again, with a newly parsed payload, in one transaction
    /// with the audit entry; `false` if its status is not `from` any more.
    pub async fn replay(
        &self,
        event: &StoredEvent,
        from: EventStatus,
        audit: Option<Write>,
        token: Uuid,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let write = Write::update(event.key())
            .set_all(&ReadAgain { payload_min: &event.payload_min })?
            .set("status", text("pending"))
            .set("tries", number(0))
            .set("replays", number(event.replays + 1))
            .set("replayed_at", text(time::format(now)))
            .remove("dismissed_at")
            .remove("dismissed_by")
            .remove("note")
            .remove(keys::TTL)
            .remove("list_status_pk")
            .remove("list_pk")
            .remove("list_sk")
            .due(SWEEP, Some(now))
            .expect(Expect::Equals("status", text(from.as_str())))
            .expect(Expect::Equals("replays", number(event.replays)));
        match self.store.commit(token, [write].into_iter().chain(audit).collect()).await {
            Err(StoreError::Conflict { .. }) => Ok(false),
            committed => committed.map(|()| true),
        }
    }
}
