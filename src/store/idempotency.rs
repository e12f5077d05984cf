//! Requests that may be sent again: what was answered the first time (IETF draft
//! "The Idempotency-Key HTTP Header Field").

use super::database::Change;
use super::{StoreError, TicketStore};
use jiff::{SignedDuration, Timestamp};
use sqlx::FromRow;

/// How long an answer is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// After so long a request that was not answered is no more: its process died.
const RUNNING_MAX: SignedDuration = SignedDuration::from_secs(60);

/// A request that may be sent again.
#[derive(Debug, Clone, Copy)]
pub struct IdempotentRequest<'a> {
    /// Whose key it is.
    pub owner: &'a str,
    /// The key.
    pub key: &'a str,
    /// What the request says, as a digest: a key is good for one request only.
    pub fingerprint: &'a str,
}

/// An answer, as it is given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The `ETag` header.
    pub etag: Option<String>,
    /// The body.
    pub body: String,
}

/// What is known of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is to be done, and [`TicketStore::keep_answer`] or
    /// [`TicketStore::forget_request`] to be called.
    New,
    /// It is being done.
    Running,
    /// It was done, with this answer.
    Answered(KeptAnswer),
    /// The key was used for another request.
    Other,
}

#[derive(FromRow)]
struct Row {
    fingerprint: String,
    at: i64,
    status: Option<i64>,
    etag: Option<String>,
    body: Option<String>,
}

impl TicketStore {
    /// Whether `request` was sent before; notes that it is being done where not.
    pub async fn begin_request(
        &self,
        request: &IdempotentRequest<'_>,
        now: Timestamp,
    ) -> Result<Known, StoreError> {
        let now_ms = now.as_millisecond();
        let run = async |change: &mut Change| {
            let sql = "INSERT INTO idempotency_keys (owner, key, fingerprint, at) \
                       VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
            let query = sqlx::query(sql)
                .bind(request.owner.to_string())
                .bind(request.key.to_string())
                .bind(request.fingerprint.to_string())
                .bind(now_ms);
            let inserted = query.execute(change.connection()).await.map_err(|e| self.error(e))?;
            if inserted.rows_affected() > 0 {
                return Ok(Known::New);
            }
            let sql = change.locking(
                "SELECT fingerprint, at, status, etag, body FROM idempotency_keys \
                 WHERE owner = $1 AND key = $2",
            );
            let query = sqlx::query_as::<_, Row>(sql)
                .bind(request.owner.to_string())
                .bind(request.key.to_string());
            let row = query.fetch_optional(change.connection()).await;
            let Some(row) = row.map_err(|e| self.error(e))? else { return Ok(Known::Running) };
            if row.fingerprint != request.fingerprint {
                return Ok(Known::Other);
            }
            if let (Some(status), Some(body)) = (row.status, row.body) {
                let status = u16::try_from(status).unwrap_or(500);
                return Ok(Known::Answered(KeptAnswer { status, etag: row.etag, body }));
            }
            if i128::from(now_ms - row.at) < RUNNING_MAX.as_millis() {
                return Ok(Known::Running);
            }
            let sql = "UPDATE idempotency_keys SET at = $1 WHERE owner = $2 AND key = $3";
            let query = sqlx::query(sql)
                .bind(now_ms)
                .bind(request.owner.to_string())
                .bind(request.key.to_string());
            query.execute(change.connection()).await.map_err(|e| self.error(e))?;
            Ok(Known::New)
        };
        self.database.change(run).await
    }

    /// Keeps what `request` was answered, for a day.
    pub async fn keep_answer(
        &self,
        request: &IdempotentRequest<'_>,
        answer: &KeptAnswer,
    ) -> Result<(), StoreError> {
        let run = async |change: &mut Change| {
            let sql = "UPDATE idempotency_keys SET status = $1, etag = $2, body = $3 \
                       WHERE owner = $4 AND key = $5";
            let query = sqlx::query(sql)
                .bind(i64::from(answer.status))
                .bind(answer.etag.clone())
                .bind(answer.body.clone())
                .bind(request.owner.to_string())
                .bind(request.key.to_string());
            query.execute(change.connection()).await.map(drop).map_err(|e| self.error(e))
        };
        self.database.change(run).await
    }

    /// Forgets `request`, which came to nothing: sent again it is done again.
    pub async fn forget_request(&self, request: &IdempotentRequest<'_>) -> Result<(), StoreError> {
        let run = async |change: &mut Change| {
            let sql = "DELETE FROM idempotency_keys WHERE owner = $1 AND key = $2";
            let query =
                sqlx::query(sql).bind(request.owner.to_string()).bind(request.key.to_string());
            query.execute(change.connection()).await.map(drop).map_err(|e| self.error(e))
        };
        self.database.change(run).await
    }

    /// Deletes answers older than a day; to be called every few minutes.
    pub async fn sweep_requests(&self, now: Timestamp) -> Result<(), StoreError> {
        let before = (now - KEPT).as_millisecond();
        let run = async |change: &mut Change| {
            let query = sqlx::query("DELETE FROM idempotency_keys WHERE at < $1").bind(before);
            query.execute(change.connection()).await.map(drop).map_err(|e| self.error(e))
        };
        self.database.change(run).await
    }
}
