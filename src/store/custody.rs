//! Who decides that the files of a call may go: legal hold, the end of the case, and time.

use super::database::Change;
use super::rows::{plain, signed};
use super::{Archive, ArchiveError, Due, Removal, StoreError, StoredTicket, TicketStore};
use crate::ticket::{Actor, CallId, Stage, TicketNumber};
use jiff::Timestamp;
use serde_json::json;

/// Characters of a hold's reason.
const REASON_CHARS_MAX: usize = 200;
/// Calls let go and removed at a time.
const PURGE_AT_ONCE: usize = 100;

/// Why a hold or an erasure was refused; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    /// No ticket has this number.
    #[error("there is no ticket {0}")]
    NoSuchTicket(TicketNumber),
    /// Under legal hold.
    #[error(
        "ticket {0} is under legal hold; when the hold is over, `spillway recordings release {0}`"
    )]
    Held(TicketNumber),
    /// The call is not over.
    #[error("the call of ticket {0} still runs; try again when it is over")]
    Running(TicketNumber),
    /// Not a supervisor.
    #[error("legal hold and erasure are for supervisors")]
    NotAllowed,
    /// A hold without a reason, or with a long one.
    #[error("give a reason of 1 to {REASON_CHARS_MAX} characters, such as a case number")]
    Reason,
    /// A case's number that may name somebody.
    #[error("give the case's number alone: at most 40 letters, digits, '.', '-' and '/'")]
    Reference,
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a purge came to.
#[derive(Debug, Default)]
pub struct Purged {
    /// What was removed, and what could not be.
    pub removal: Removal,
    /// Calls whose time is over and that stay: under legal hold, or their case is not closed.
    pub stay: u64,
}

/// Whether the files of a call whose time is over may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Free,
    Stays,
}

impl TicketStore {
    /// Puts ticket `number` under legal hold: nothing of its call, nor of the repeat calls merged
    /// into it, is purged or erased before [`TicketStore::release`]. The reason stands on the
    /// ticket; the audit log tells who, and when.
    pub async fn hold(
        &self,
        number: TicketNumber,
        reason: &str,
        by: &Actor,
        now: Timestamp,
    ) -> Result<StoredTicket, CustodyError> {
        let reason = reason.trim();
        if !(1..=REASON_CHARS_MAX).contains(&reason.chars().count()) {
            return Err(CustodyError::Reason);
        }
        self.set_hold(number, Some(plain(reason)), by, now).await
    }

    /// Ends a legal hold; no error when there was none.
    pub async fn release(
        &self,
        number: TicketNumber,
        by: &Actor,
        now: Timestamp,
    ) -> Result<StoredTicket, CustodyError> {
        self.set_hold(number, None, by, now).await
    }

    /// Writes into the audit log that `file` of ticket `number` was handed out.
    pub async fn handed_out(
        &self,
        number: TicketNumber,
        file: &str,
        by: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let detail = json!({ "file": file });
        let run = async |change: &mut Change| {
            self.note_by(change, now, by, "hand_out", number, &detail).await
        };
        self.database.change(run).await
    }

    /// Writes into the audit log that tickets were taken out as a file.
    pub async fn exported(&self, by: &str, now: Timestamp) -> Result<(), StoreError> {
        let run =
            async |change: &mut Change| self.note_of(change, now, by, "export", &json!({})).await;
        self.database.change(run).await
    }

    /// Writes into the audit log that somebody listened in on the running call of ticket `number`.
    pub async fn listened_in(
        &self,
        number: TicketNumber,
        by: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let run = async |change: &mut Change| {
            self.note_by(change, now, by, "listen", number, &json!({})).await
        };
        self.database.change(run).await
    }

    async fn set_hold(
        &self,
        number: TicketNumber,
        hold: Option<String>,
        by: &Actor,
        now: Timestamp,
    ) -> Result<StoredTicket, CustodyError> {
        if !matches!(by, Actor::Supervisor(_)) {
            return Err(CustodyError::NotAllowed);
        }
        let run = async |change: &mut Change| {
            let found = self.locked(change, "number", signed(number.0)).await?;
            let mut stored = found.ok_or(CustodyError::NoSuchTicket(number))?;
            if stored.hold == hold {
                return Ok(stored);
            }
            let act = if hold.is_some() { "hold" } else { "release_hold" };
            self.note(change, now, by, act, number, &json!({})).await?;
            stored.hold = hold.clone();
            self.write_custody(change, &mut stored).await?;
            Ok(stored)
        };
        self.database.change(run).await
    }

    /// Removes from `archive` the files of the calls that ended more than `keep_days` days before
    /// `now`: not of those under legal hold, and not of those whose case is still open, because
    /// somebody has to listen to them. The audit log tells of each before it goes.
    pub async fn purge(
        &self,
        archive: &Archive,
        now: Timestamp,
        keep_days: u32,
    ) -> Result<Purged, ArchiveError> {
        let mut purged = Purged::default();
        let due = archive.due(now, keep_days).await?;
        for some in due.chunks(PURGE_AT_ONCE) {
            let mut free = Vec::new();
            for due in some {
                match self.let_go(&due.call, now).await? {
                    true => free.push(due.clone()),
                    false => purged.stay += 1,
                }
            }
            let removal = archive.purge(free).await;
            purged.removal.removed.extend(removal.removed);
            purged.removal.failed.extend(removal.failed);
        }
        archive.forget_erased(now, keep_days).await?;
        Ok(purged)
    }

    /// What [`TicketStore::purge`] would remove now; changes nothing.
    pub async fn purgeable(
        &self,
        archive: &Archive,
        now: Timestamp,
        keep_days: u32,
    ) -> Result<(Vec<Due>, u64), ArchiveError> {
        let (mut free, mut stay) = (Vec::new(), 0);
        for due in archive.due(now, keep_days).await? {
            let (stored, case) = self.with_case(&due.call).await?;
            match standing(stored.iter().chain(&case)) {
                Standing::Free => free.push(due),
                Standing::Stays => stay += 1,
            }
        }
        Ok((free, stay))
    }

    /// The ticket of `call`, and the one it was merged into.
    async fn with_case(
        &self,
        call: &CallId,
    ) -> Result<(Option<StoredTicket>, Option<StoredTicket>), StoreError> {
        let stored = self.by_call(call).await?;
        let case = match stored.as_ref().and_then(merged_into) {
            Some(number) => self.get(number).await?,
            None => None,
        };
        Ok((stored, case))
    }

    /// True when the files of `call` may go now, and then the audit log and the ticket say so: who
    /// holds the ticket from here on is told that they are gone.
    async fn let_go(&self, call: &CallId, now: Timestamp) -> Result<bool, StoreError> {
        let (stored, case) = self.with_case(call).await?;
        if standing(stored.iter().chain(&case)) == Standing::Stays {
            return Ok(false);
        }
        let case = case.map(|case| case.number);
        let run = async |change: &mut Change| {
            // In order of number, so that this and a merge never wait for each other.
            let case = match case {
                Some(number) => self.locked(change, "number", signed(number.0)).await?,
                None => None,
            };
            let Some(mut stored) = self.locked(change, "call_id", call.0.clone()).await? else {
                self.note_of(change, now, "clock", "purge", &json!({ "call": call })).await?;
                return Ok(true);
            };
            let moved = merged_into(&stored) != case.as_ref().map(|c| c.number);
            if moved || standing(case.iter().chain([&stored])) == Standing::Stays {
                return Ok(false);
            }
            if stored.files_gone_unix_ms.is_none() {
                self.note(change, now, &Actor::Clock, "purge", stored.number, &json!({})).await?;
                stored.files_gone_unix_ms = Some(now.as_millisecond());
                self.forget_words(change, stored.number).await?;
                self.write_custody(change, &mut stored).await?;
            }
            Ok(true)
        };
        self.database.change(run).await
    }

    /// Writes hold and end of the files, as the ticket's next version.
    pub(super) async fn write_custody(
        &self,
        change: &mut Change,
        stored: &mut StoredTicket,
    ) -> Result<(), StoreError> {
        stored.version += 1;
        let sql =
            "UPDATE tickets SET version = $1, hold = $2, files_gone_at = $3 WHERE number = $4";
        let query = sqlx::query(sql)
            .bind(signed(stored.version))
            .bind(stored.hold.clone())
            .bind(stored.files_gone_unix_ms)
            .bind(signed(stored.number.0));
        query.execute(change.connection()).await.map(drop).map_err(|e| self.error(e))
    }
}

/// The earlier ticket that stands for this one.
pub(super) fn merged_into(stored: &StoredTicket) -> Option<TicketNumber> {
    match stored.callback.stage {
        Stage::Merged { into, .. } => Some(into),
        _ => None,
    }
}

/// Of a call's ticket and the one that stands for it.
fn standing<'t>(tickets: impl IntoIterator<Item = &'t StoredTicket>) -> Standing {
    let stays = tickets.into_iter().any(|t| {
        let stage = &t.callback.stage;
        t.hold.is_some() || stage.is_pending() || *stage == Stage::Taking
    });
    if stays { Standing::Stays } else { Standing::Free }
}
