//! What callers think of the help they got, once for each ticket that ended.

use super::database::Change;
use super::intake::instant;
use super::rows::signed;
use super::{ActError, StoreError, TicketStore};
use crate::ticket::{Actor, Rating, Refused, TicketNumber};
use jiff::Timestamp;
use serde_json::json;

impl TicketStore {
    /// Keeps the caller's `score` for ticket `number`, 1 (bad) to 5 (good). Refused while the
    /// ticket is somebody's duty, and a second time.
    pub async fn rate(
        &self,
        number: TicketNumber,
        score: u8,
        now: Timestamp,
    ) -> Result<Rating, ActError> {
        let run = async |change: &mut Change| {
            let found = self.locked(change, "number", signed(number.0)).await?;
            let stored = found.ok_or(ActError::NoSuchTicket(number))?;
            let rating = Rating::new(&stored.callback.stage, score, now)?;
            let sql = "INSERT INTO ratings (ticket, at, score, rater) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT DO NOTHING";
            let query = sqlx::query(sql)
                .bind(signed(number.0))
                .bind(now.as_millisecond())
                .bind(i64::from(score))
                .bind(Actor::Caller.to_string());
            let done = query.execute(change.connection()).await.map_err(|e| self.error(e))?;
            if done.rows_affected() == 0 {
                return Err(Refused::Rated.into());
            }
            let detail = json!({ "score": score });
            self.note(change, now, &Actor::Caller, "rate", number, &detail).await?;
            Ok(rating)
        };
        self.database.change(run).await
    }

    /// How the caller rated ticket `number`, if they did.
    pub async fn rating(&self, number: TicketNumber) -> Result<Option<Rating>, StoreError> {
        let query = sqlx::query_as("SELECT score, at FROM ratings WHERE ticket = $1");
        let row = query.bind(signed(number.0)).fetch_optional(self.database.pool()).await;
        let row: Option<(i64, i64)> = row.map_err(|e| self.error(e))?;
        let score = |score: i64| u8::try_from(score).unwrap_or(0);
        Ok(row.map(|(s, at)| Rating { score: score(s), at: instant(at) }))
    }
}
