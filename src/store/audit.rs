//! The audit log: one entry for each change, sealed in runs by a chain of hashes.
//!
//! An entry is written with its change or not at all. Chaining each entry to the one before would
//! make all nodes' changes wait for each other, so [`TicketStore::seal`] closes the run of entries
//! since the last seal, once a second: SHA-256 over the seal before and over each entry in order.
//! What is younger than a second can still be changed unseen; what is sealed cannot, and who keeps
//! a seal's hash elsewhere sees when later ones were cut off.

use super::database::Change;
use super::rows::{json, signed};
use super::{StoreError, TicketStore};
use crate::ticket::{Actor, TicketNumber};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, FromRow};

/// The lock under which one node seals at a time: any number no other change uses.
const SEALING: i64 = 0x5ea1;
/// Entries in one seal, at most: what others wait for meanwhile takes one or two milliseconds.
const RUN_MAX: i64 = 100;
/// Entries of one ticket's history: more than a ticket takes.
const HISTORY_MAX: i64 = 10_000;

pub(super) const INSERT: &str =
    "INSERT INTO events (at, actor, act, ticket, detail) VALUES ($1, $2, $3, $4, $5)";

/// An entry of the log, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub struct AuditEvent {
    /// Its number; numbers rise, with gaps.
    pub id: i64,
    /// The seal that closes its run; none for the last second's.
    pub seal: Option<i64>,
    /// When, milliseconds since 1970 UTC.
    pub at: i64,
    /// Who: role and user name, `caller` or `clock`.
    pub actor: String,
    /// What was done.
    pub act: String,
    /// To which ticket.
    pub ticket: Option<i64>,
    /// More about it, as JSON; no personal data.
    pub detail: String,
}

impl AuditEvent {
    /// What the seal's hash is made of: everything but the seal itself.
    fn line(&self) -> String {
        let fields = (self.id, self.at, &self.actor, &self.act, self.ticket, &self.detail);
        line(&fields)
    }
}

fn line<T: Serialize>(value: &T) -> String {
    json(value) + "\n"
}

#[derive(Debug, FromRow)]
struct Seal {
    number: i64,
    at: i64,
    events: i64,
    hash: String,
}

fn hash(before: &str, number: i64, at: i64, events: &[AuditEvent]) -> String {
    let mut digest = Sha256::new();
    digest.update(line(&(before, number, at, events.len())));
    for event in events {
        digest.update(event.line());
    }
    hex::encode(digest.finalize())
}

/// A sealed entry about a ticket, for those who follow what happens.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct TicketEvent {
    /// The seal that closes its run.
    pub seal: i64,
    /// Its number; with the seal before it the order of the log.
    pub id: i64,
    /// When, milliseconds since 1970 UTC.
    pub at: i64,
    /// Who: role and user name, `caller` or `clock`.
    pub actor: String,
    /// What was done.
    pub act: String,
    /// To which ticket.
    pub ticket: i64,
    /// The ticket's hotline.
    pub hotline: String,
}

/// What [`TicketStore::verify_audit`] found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AuditReport {
    /// Seals that hold.
    pub seals: i64,
    /// Entries they close.
    pub events: i64,
    /// Entries that wait for the next seal.
    pub unsealed: i64,
    /// The last good seal's hash, to be kept elsewhere.
    pub head: String,
    /// True when the head that was asked for is among the good seals' hashes.
    pub head_found: bool,
    /// What does not hold, in words; nothing after it was looked at.
    pub broken: Option<String>,
}

const SEALS: &str = "SELECT number, at, events, hash FROM seals";
pub(super) const EVENTS: &str = "SELECT id, seal, at, actor, act, ticket, detail FROM events";

impl TicketStore {
    /// Writes an entry about a ticket as part of `change`; `detail` holds nothing that people said.
    pub(super) async fn note(
        &self,
        change: &mut Change,
        now: Timestamp,
        by: &Actor,
        act: &'static str,
        ticket: TicketNumber,
        detail: &serde_json::Value,
    ) -> Result<(), StoreError> {
        self.note_by(change, now, &by.to_string(), act, ticket, detail).await
    }

    /// The same by somebody who does not act on tickets, as role and user name.
    pub(super) async fn note_by(
        &self,
        change: &mut Change,
        now: Timestamp,
        actor: &str,
        act: &'static str,
        ticket: TicketNumber,
        detail: &serde_json::Value,
    ) -> Result<(), StoreError> {
        let (actor, number) = (actor.to_string(), Some(signed(ticket.0)));
        insert(change, now, actor, act, number, detail).await.map_err(|e| self.error(e))
    }

    /// Writes an entry about no ticket as part of `change`; `actor` as role and user name,
    /// `machine` or `nobody`.
    pub(crate) async fn note_of(
        &self,
        change: &mut Change,
        now: Timestamp,
        actor: &str,
        act: &'static str,
        detail: &serde_json::Value,
    ) -> Result<(), StoreError> {
        insert(change, now, actor.to_string(), act, None, detail).await.map_err(|e| self.error(e))
    }

    /// Closes the run of entries since the last seal; returns how many.
    pub async fn seal(&self, now: Timestamp) -> Result<u64, StoreError> {
        let waiting = sqlx::query("SELECT 1 FROM events WHERE seal IS NULL LIMIT 1");
        let waiting = waiting.fetch_optional(self.database.pool()).await;
        if waiting.map_err(|e| self.error(e))?.is_none() {
            return Ok(0);
        }
        let run =
            async |change: &mut Change| seal_run(change, now).await.map_err(|e| self.error(e));
        self.database.change(run).await
    }

    /// Entries after `after` in the order of the log, sealed ones only: (seal, id) of the last one
    /// read gives the next page.
    pub async fn events(
        &self,
        after: (i64, i64),
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let sql = format!(
            "{EVENTS} WHERE seal >= $1 AND (seal > $1 OR id > $2) ORDER BY seal, id LIMIT {limit}"
        );
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(after.0).bind(after.1);
        query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))
    }

    /// The last sealed entry, by (seal, id); what follows it is new.
    pub async fn last_event(&self) -> Result<(i64, i64), StoreError> {
        let sql = "SELECT seal, id FROM events WHERE seal IS NOT NULL \
                   ORDER BY seal DESC, id DESC LIMIT 1";
        let query = sqlx::query_as(sql).fetch_optional(self.database.pool()).await;
        Ok(query.map_err(|e| self.error(e))?.unwrap_or_default())
    }

    /// Sealed entries before `before`, (seal, id), the newest first.
    pub async fn events_back(
        &self,
        before: (i64, i64),
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let sql = format!(
            "{EVENTS} WHERE seal <= $1 AND (seal < $1 OR id < $2) \
             ORDER BY seal DESC, id DESC LIMIT {limit}"
        );
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(before.0).bind(before.1);
        query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))
    }

    /// The first seal made at `at` or later: no entry of that time stands before it. Past the last
    /// seal where there is none.
    pub async fn seal_from(&self, at: Timestamp) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce((SELECT min(number) FROM seals WHERE at >= $1), \
                   (SELECT max(number) + 1 FROM seals), 1)";
        self.seal_number(sql, at).await
    }

    /// The first seal after all that were made before `at`.
    pub async fn seal_past(&self, at: Timestamp) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce((SELECT max(number) + 1 FROM seals WHERE at < $1), 1)";
        self.seal_number(sql, at).await
    }

    async fn seal_number(&self, sql: &'static str, at: Timestamp) -> Result<i64, StoreError> {
        let query = sqlx::query_scalar(sql).bind(at.as_millisecond());
        query.fetch_one(self.database.pool()).await.map_err(|e| self.error(e))
    }

    /// Sealed entries about tickets after `after`, (seal, id), in the order of the log.
    pub async fn ticket_events(
        &self,
        after: (i64, i64),
        limit: u32,
    ) -> Result<Vec<TicketEvent>, StoreError> {
        let sql = format!(
            "SELECT e.seal, e.id, e.at, e.actor, e.act, e.ticket, t.hotline FROM events e \
             JOIN tickets t ON t.number = e.ticket \
             WHERE e.seal >= $1 AND (e.seal > $1 OR e.id > $2) ORDER BY e.seal, e.id LIMIT {limit}"
        );
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(after.0).bind(after.1);
        query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))
    }

    /// What was done to ticket `number`, in the order of the log.
    pub async fn history(&self, number: TicketNumber) -> Result<Vec<AuditEvent>, StoreError> {
        let sql = format!("{EVENTS} WHERE ticket = $1 ORDER BY id LIMIT {HISTORY_MAX}");
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(signed(number.0));
        query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))
    }

    /// Computes every seal again, and looks for the hash `head`, which was kept elsewhere: where
    /// it is gone, the log does not hold. Reads the whole log, one seal at a time.
    pub async fn verify_audit(&self, head: Option<&str>) -> Result<AuditReport, StoreError> {
        let mut report = self.verify(head).await.map_err(|e| self.error(e))?;
        if let Some(head) = head
            && !report.head_found
            && report.broken.is_none()
        {
            let cut = format!("head {head} is no longer in the log: its end was cut off");
            report.broken = Some(cut);
        }
        Ok(report)
    }

    async fn verify(&self, wanted: Option<&str>) -> Result<AuditReport, sqlx::Error> {
        let pool = self.database.pool();
        let unsealed = sqlx::query_scalar("SELECT count(*) FROM events WHERE seal IS NULL");
        let unsealed = unsealed.fetch_one(pool).await?;
        let (seals, events, head, head_found, broken) = (0, 0, String::new(), false, None);
        let mut report = AuditReport { seals, events, unsealed, head, head_found, broken };
        loop {
            let number = report.seals + 1;
            let sql = format!("{SEALS} WHERE number >= $1 ORDER BY number LIMIT 1");
            let seal: Option<Seal> =
                sqlx::query_as(AssertSqlSafe(sql)).bind(number).fetch_optional(pool).await?;
            let Some(seal) = seal else { return Ok(report) };
            let sql = format!("{EVENTS} WHERE seal = $1 ORDER BY id");
            let run: Vec<AuditEvent> =
                sqlx::query_as(AssertSqlSafe(sql)).bind(seal.number).fetch_all(pool).await?;
            report.broken = broken_seal(&seal, number, &run, &report.head);
            if report.broken.is_some() {
                return Ok(report);
            }
            report.seals = number;
            report.events += seal.events;
            report.head_found |= wanted == Some(seal.hash.as_str());
            report.head = seal.hash;
        }
    }
}

async fn insert(
    change: &mut Change,
    now: Timestamp,
    actor: String,
    act: &'static str,
    ticket: Option<i64>,
    detail: &serde_json::Value,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(INSERT)
        .bind(now.as_millisecond())
        .bind(actor)
        .bind(act)
        .bind(ticket)
        .bind(detail.to_string());
    query.execute(change.connection()).await.map(drop)
}

/// Closes the run of entries that are there now.
async fn seal_run(change: &mut Change, now: Timestamp) -> Result<u64, sqlx::Error> {
    change.alone(SEALING).await?;
    let sql = format!("{EVENTS} WHERE seal IS NULL ORDER BY id LIMIT {RUN_MAX}");
    let events: Vec<AuditEvent> =
        sqlx::query_as(AssertSqlSafe(sql)).fetch_all(change.connection()).await?;
    if events.is_empty() {
        return Ok(0);
    }
    let sql = format!("{SEALS} ORDER BY number DESC LIMIT 1");
    let last: Option<Seal> =
        sqlx::query_as(AssertSqlSafe(sql)).fetch_optional(change.connection()).await?;
    let (number, before) = last.map_or((1, String::new()), |s| (s.number + 1, s.hash));
    let at = now.as_millisecond();
    sqlx::query("INSERT INTO seals (number, at, events, hash) VALUES ($1, $2, $3, $4)")
        .bind(number)
        .bind(at)
        .bind(events.len() as i64)
        .bind(hash(&before, number, at, &events))
        .execute(change.connection())
        .await?;
    // By their ids: entries committed since they were read belong to the next seal.
    let ids: Vec<String> = events.iter().map(|e| e.id.to_string()).collect();
    let sql = format!("UPDATE events SET seal = $1 WHERE id IN ({})", ids.join(","));
    sqlx::query(AssertSqlSafe(sql)).bind(number).execute(change.connection()).await?;
    Ok(events.len() as u64)
}

fn broken_seal(seal: &Seal, number: i64, run: &[AuditEvent], before: &str) -> Option<String> {
    if seal.number != number {
        return Some(format!("seal {number} is missing"));
    }
    if run.len() as i64 != seal.events {
        let found = run.len();
        return Some(format!("seal {number} closes {} entries, {found} are there", seal.events));
    }
    let fits = hash(before, seal.number, seal.at, run) == seal.hash;
    (!fits).then(|| format!("seal {number} does not fit its {} entries", seal.events))
}
