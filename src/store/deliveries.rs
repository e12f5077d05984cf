//! What receivers of webhooks are told, were told, and could not be told.
//!
//! The audit log is the source: [`TicketStore::fill_webhooks`] follows it with a cursor for each
//! webhook and makes a delivery of each entry, in one change with the cursor's move. A delivery is
//! done when its receiver said so, and that is kept: a process that dies in between sends it again,
//! with the same id. What is sent is read when it is sent, so nothing personal is kept twice.

use super::audit::{AuditEvent, EVENTS};
use super::database::Change;
use super::intake::instant;
use super::{HookError, StoreError, TicketStore, WebhookFormat};
use crate::ticket::{TicketNumber, event_kind};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, FromRow};

/// Audit entries looked at in one change.
const FILL_MAX: i64 = 500;
/// Deliveries forgotten in one change.
const PURGE_MAX: i64 = 1_000;
/// How long a node may take over one attempt; then another node makes it.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How long what was delivered is kept.
const DONE_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long what could not be delivered is kept.
const DEAD_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How far a delivery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be sent, for the first time or again.
    Waiting,
    /// The receiver has it.
    Done,
    /// Tried as often as is tried: in the dead-letter list.
    Dead,
}

impl DeliveryState {
    /// Its name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Done => "done",
            DeliveryState::Dead => "dead",
        }
    }
}

/// One event for one receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WebhookDelivery {
    /// Its number.
    pub id: i64,
    /// Of which webhook.
    pub webhook: i64,
    /// The audit entry it tells of.
    pub event: i64,
    /// The ticket.
    pub ticket: TicketNumber,
    /// The kind of event, as `ticket.claimed`.
    pub kind: String,
    /// Who did it, as in the audit log.
    pub actor: String,
    /// When that was.
    pub at: Timestamp,
    /// How far it has come.
    pub state: DeliveryState,
    /// Attempts that ended.
    pub attempts: u32,
    /// When it is tried next; of one being sent, when another node may take it over; of one that
    /// ended, when it did.
    pub next_at: Timestamp,
    /// The HTTP status of the last attempt; null without an answer.
    pub last_status: Option<u16>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// Which deliveries, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveryFilter {
    /// Only this webhook's.
    pub webhook: Option<i64>,
    /// Only those that have come so far.
    pub state: Option<DeliveryState>,
    /// Only ids below this one: the last id of one page gives the next page.
    pub before: Option<i64>,
}

/// A delivery that this node, and no other, sends now.
#[derive(Clone)]
pub struct ClaimedDelivery {
    /// What is to be told.
    pub delivery: WebhookDelivery,
    /// Where to.
    pub url: String,
    /// What the receiver understands.
    pub format: WebhookFormat,
    /// What it is signed with.
    pub secret: String,
    /// What is sent as `Authorization`.
    pub authorization: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Delivered {
        /// The HTTP status.
        status: u16,
    },
    /// There is nothing left to tell.
    Void {
        /// Why.
        reason: String,
    },
    /// The receiver does not have it.
    Failed {
        /// The HTTP status, where there was an answer.
        status: Option<u16>,
        /// What went wrong.
        error: String,
        /// When to try again; `None`: no more.
        again_at: Option<Timestamp>,
    },
    /// The receiver wants nothing more (410 Gone).
    Gone,
}

#[derive(Debug, FromRow)]
struct Row {
    id: i64,
    webhook: i64,
    event: i64,
    ticket: i64,
    kind: String,
    actor: String,
    at: i64,
    state: String,
    attempts: i64,
    next_at: i64,
    last_status: Option<i64>,
    last_error: Option<String>,
}

const SELECT: &str = "SELECT id, webhook, event, ticket, kind, actor, at, state, attempts, \
     next_at, last_status, last_error FROM webhook_deliveries";

impl From<Row> for WebhookDelivery {
    fn from(row: Row) -> WebhookDelivery {
        WebhookDelivery {
            id: row.id,
            webhook: row.webhook,
            event: row.event,
            ticket: TicketNumber(row.ticket.unsigned_abs()),
            kind: row.kind,
            actor: row.actor,
            at: instant(row.at),
            state: match row.state.as_str() {
                "done" => DeliveryState::Done,
                "dead" => DeliveryState::Dead,
                _ => DeliveryState::Waiting,
            },
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            next_at: instant(row.next_at),
            last_status: row.last_status.and_then(|s| u16::try_from(s).ok()),
            last_error: row.last_error,
        }
    }
}

/// Where a webhook sends, and how.
#[derive(Debug, FromRow)]
struct Target {
    url: String,
    format: String,
    secret: String,
    credentials: Option<String>,
    problem: Option<String>,
}

impl TicketStore {
    /// Makes deliveries of what was sealed since; returns true when there may be more to do.
    pub async fn fill_webhooks(&self, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "SELECT w.id FROM webhooks w WHERE w.active = 1 AND EXISTS (SELECT 1 FROM \
                   events e WHERE e.seal >= w.cursor_seal AND (e.seal > w.cursor_seal OR \
                   e.id > w.cursor_id)) ORDER BY w.id";
        let behind: Vec<i64> = sqlx::query_scalar(sql)
            .fetch_all(self.database.pool())
            .await
            .map_err(|e| self.error(e))?;
        let mut more = false;
        for webhook in behind {
            let run = async |change: &mut Change| {
                fill(change, webhook, now).await.map_err(|e| self.error(e))
            };
            more |= self.database.change(run).await?;
        }
        Ok(more)
    }

    /// The active webhooks that have something to send by `now`.
    pub async fn webhooks_due(&self, now: Timestamp) -> Result<Vec<i64>, StoreError> {
        let sql = "SELECT w.id FROM webhooks w WHERE w.active = 1 AND EXISTS (SELECT 1 FROM \
                   webhook_deliveries d WHERE d.webhook = w.id AND d.state = 'waiting' \
                   AND d.next_at <= $1) ORDER BY w.id";
        let query = sqlx::query_scalar(sql).bind(now.as_millisecond());
        query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))
    }

    /// Takes what `webhook` is to be told by `now`, at most `limit`; of a receiver whose last
    /// attempt failed, one. Each is to be settled within a minute.
    pub async fn claim_deliveries(
        &self,
        webhook: i64,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let run = async |change: &mut Change| {
            claim(change, webhook, limit, now).await.map_err(|e| self.error(e))
        };
        let Some((target, rows)) = self.database.change(run).await? else { return Ok(vec![]) };
        let wrong = |e: serde_json::Error| StoreError::Failed {
            database: self.name().to_string(),
            reason: format!("webhook {webhook}: {e}"),
        };
        let format: WebhookFormat = serde_json::from_str(&target.format).map_err(wrong)?;
        let claimed = |row: Row| ClaimedDelivery {
            delivery: row.into(),
            url: target.url.clone(),
            format: format.clone(),
            secret: target.secret.clone(),
            authorization: target.credentials.clone(),
        };
        Ok(rows.into_iter().map(claimed).collect())
    }

    /// Keeps how an attempt ended. When its minute was over meanwhile, another node's attempt
    /// counts, and this returns false.
    pub async fn settle_delivery(
        &self,
        claimed: &ClaimedDelivery,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let run = async |change: &mut Change| {
            settle(change, &claimed.delivery, outcome, now).await.map_err(|e| self.error(e))
        };
        self.database.change(run).await
    }

    /// Deliveries, newest first; with [`DeliveryState::Dead`] the dead-letter list.
    pub async fn deliveries(
        &self,
        filter: &DeliveryFilter,
        limit: u32,
    ) -> Result<Vec<WebhookDelivery>, StoreError> {
        let mut conditions = vec!["1 = 1".to_string()];
        conditions.extend(filter.webhook.map(|id| format!("webhook = {id}")));
        conditions.extend(filter.state.map(|state| format!("state = '{}'", state.name())));
        conditions.extend(filter.before.map(|id| format!("id < {id}")));
        let conditions = conditions.join(" AND ");
        let sql = format!("{SELECT} WHERE {conditions} ORDER BY id DESC LIMIT {limit}");
        let query = sqlx::query_as::<_, Row>(AssertSqlSafe(sql));
        let rows = query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))?;
        Ok(rows.into_iter().map(WebhookDelivery::from).collect())
    }

    /// Sends a delivery that ended once more, from the first attempt on, under the same id.
    pub async fn redeliver(&self, id: i64, by: &str, now: Timestamp) -> Result<(), HookError> {
        let sql = "UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, next_at = $1 \
                   WHERE id = $2 AND state <> 'waiting' RETURNING webhook";
        let run = async |change: &mut Change| {
            let query = sqlx::query_scalar(sql).bind(now.as_millisecond()).bind(id);
            let found = query.fetch_optional(change.connection()).await;
            let webhook = found.map_err(|e| self.error(e))?.ok_or(HookError::NoSuchDelivery(id))?;
            Ok(self.note_webhook(change, now, by, "webhook_redeliver", webhook).await?)
        };
        self.database.change(run).await
    }

    /// Forgets what ended long ago: what was delivered after a week, the rest after 90 days.
    pub async fn purge_deliveries(&self, now: Timestamp) -> Result<u64, StoreError> {
        let sql = format!(
            "DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries \
             WHERE state = $1 AND next_at < $2 LIMIT {PURGE_MAX})"
        );
        let run = async |change: &mut Change| {
            let mut gone = 0;
            for (state, kept) in
                [(DeliveryState::Done, DONE_KEPT), (DeliveryState::Dead, DEAD_KEPT)]
            {
                let query = sqlx::query(AssertSqlSafe(sql.clone()))
                    .bind(state.name())
                    .bind((now - kept).as_millisecond());
                let done = query.execute(change.connection()).await;
                gone += done.map_err(|e| self.error(e))?.rows_affected();
            }
            Ok(gone)
        };
        self.database.change(run).await
    }
}

/// Follows the audit log by one step; true when there may be more.
async fn fill(change: &mut Change, webhook: i64, now: Timestamp) -> Result<bool, sqlx::Error> {
    let select = "SELECT kinds, cursor_seal, cursor_id FROM webhooks WHERE id = $1 AND active = 1";
    let cursor: Option<(String, i64, i64)> = sqlx::query_as(change.skipping_locked(select))
        .bind(webhook)
        .fetch_optional(change.connection())
        .await?;
    // None: another node is at it.
    let Some((kinds, seal, id)) = cursor else { return Ok(false) };
    let kinds: Vec<String> =
        serde_json::from_str(&kinds).map_err(|e| sqlx::Error::Decode(e.into()))?;
    let sql = format!(
        "{EVENTS} WHERE seal >= $1 AND (seal > $1 OR id > $2) ORDER BY seal, id LIMIT {FILL_MAX}"
    );
    let events: Vec<AuditEvent> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(seal)
        .bind(id)
        .fetch_all(change.connection())
        .await?;
    let Some(last) = events.last() else { return Ok(false) };
    for event in &events {
        let detail: serde_json::Value = serde_json::from_str(&event.detail).unwrap_or_default();
        let stage = detail["escalation"].as_str().or(detail["stage"].as_str());
        let kind = event_kind(&event.act, stage.unwrap_or_default());
        let wanted = kind.filter(|k| kinds.is_empty() || kinds.iter().any(|wanted| wanted == k));
        let (Some(kind), Some(ticket)) = (wanted, event.ticket) else { continue };
        let sql = "INSERT INTO webhook_deliveries (webhook, event, ticket, kind, actor, at, state, \
                   attempts, next_at) VALUES ($1, $2, $3, $4, $5, $6, 'waiting', 0, $7) \
                   ON CONFLICT DO NOTHING";
        sqlx::query(sql)
            .bind(webhook)
            .bind(event.id)
            .bind(ticket)
            .bind(kind)
            .bind(event.actor.clone())
            .bind(event.at)
            .bind(now.as_millisecond())
            .execute(change.connection())
            .await?;
    }
    sqlx::query("UPDATE webhooks SET cursor_seal = $1, cursor_id = $2 WHERE id = $3")
        .bind(last.seal.unwrap_or(seal))
        .bind(last.id)
        .bind(webhook)
        .execute(change.connection())
        .await?;
    Ok(events.len() as i64 == FILL_MAX)
}

async fn claim(
    change: &mut Change,
    webhook: i64,
    limit: usize,
    now: Timestamp,
) -> Result<Option<(Target, Vec<Row>)>, sqlx::Error> {
    let sql = "SELECT url, format, secret, credentials, problem FROM webhooks \
               WHERE id = $1 AND active = 1";
    let target = sqlx::query_as::<_, Target>(sql).bind(webhook);
    let Some(target) = target.fetch_optional(change.connection()).await? else { return Ok(None) };
    // A receiver in trouble is not helped by all that waits for it.
    let limit = if target.problem.is_some() { limit.min(1) } else { limit };
    let sql = format!(
        "{SELECT} WHERE webhook = $1 AND state = 'waiting' AND next_at <= $2 \
         ORDER BY next_at, id LIMIT {limit}"
    );
    let query = sqlx::query_as::<_, Row>(change.skipping_locked(&sql));
    let query = query.bind(webhook).bind(now.as_millisecond());
    let mut rows = query.fetch_all(change.connection()).await?;
    let until = (now + LEASE).as_millisecond();
    for row in &mut rows {
        row.next_at = until;
        let sql = "UPDATE webhook_deliveries SET next_at = $1 WHERE id = $2";
        sqlx::query(sql).bind(until).bind(row.id).execute(change.connection()).await?;
    }
    Ok(Some((target, rows)))
}

async fn settle(
    change: &mut Change,
    delivery: &WebhookDelivery,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let (state, next_at, status, error) = match outcome {
        Outcome::Delivered { status } => (DeliveryState::Done, now, Some(*status), None),
        Outcome::Void { reason } => (DeliveryState::Done, now, None, Some(reason.clone())),
        Outcome::Failed { status, error, again_at: Some(at) } => {
            (DeliveryState::Waiting, *at, *status, Some(error.clone()))
        }
        Outcome::Failed { status, error, again_at: None } => {
            (DeliveryState::Dead, now, *status, Some(error.clone()))
        }
        Outcome::Gone => (DeliveryState::Dead, now, Some(410), Some("410 Gone".into())),
    };
    let sql = "UPDATE webhook_deliveries SET state = $1, attempts = attempts + 1, next_at = $2, \
               last_status = $3, last_error = $4 WHERE id = $5 AND state = 'waiting' \
               AND next_at = $6";
    let query = sqlx::query(sql)
        .bind(state.name())
        .bind(next_at.as_millisecond())
        .bind(status.map(i64::from))
        .bind(error.clone())
        .bind(delivery.id)
        .bind(delivery.next_at.as_millisecond());
    if query.execute(change.connection()).await?.rows_affected() == 0 {
        return Ok(false);
    }
    let (problem, gone) = match outcome {
        Outcome::Delivered { .. } => (None, false),
        Outcome::Void { .. } => return Ok(true),
        Outcome::Failed { .. } => (error, false),
        Outcome::Gone => (Some("the receiver wants no more (410 Gone)".into()), true),
    };
    let sql = "UPDATE webhooks SET problem = $1, active = CASE $2 WHEN 1 THEN 0 ELSE active END \
               WHERE id = $3 AND (coalesce(problem, '') <> coalesce($4, '') OR $5 = 1)";
    let query = sqlx::query(sql)
        .bind(problem.clone())
        .bind(i64::from(gone))
        .bind(delivery.webhook)
        .bind(problem)
        .bind(i64::from(gone));
    query.execute(change.connection()).await?;
    Ok(true)
}
