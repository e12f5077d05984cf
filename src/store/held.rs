//! Which tickets are under legal hold, and what the archive will let go of next.

use super::intake::instant;
use super::{Archive, ArchiveError, StoreError, TicketStore};
use crate::ticket::TicketNumber;
use jiff::{SignedDuration, Timestamp};
use sqlx::AssertSqlSafe;

/// Holds that are listed.
const HELD_MAX: i64 = 500;

/// A ticket under legal hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The ticket.
    pub number: TicketNumber,
    /// Its hotline.
    pub hotline: String,
    /// Why.
    pub reason: String,
    /// Who put it under hold, as role and user name, and when; `None` where the log does not tell.
    pub by: Option<(String, Timestamp)>,
}

/// What the archive keeps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// Calls whose files are kept.
    pub calls: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// When the call that is kept longest ended.
    pub oldest: Option<Timestamp>,
    /// Calls whose time is over.
    pub due: u64,
    /// Calls whose time is over within each of the next seven days of 24 hours.
    pub due_next: [u64; 7],
}

impl TicketStore {
    /// The tickets under legal hold, lowest first, at most 500.
    pub async fn held(&self) -> Result<Vec<Held>, StoreError> {
        let sql = format!(
            "SELECT t.number, t.hotline, t.hold, e.actor, e.at FROM tickets t \
             LEFT JOIN events e ON e.id = \
                (SELECT max(id) FROM events WHERE ticket = t.number AND act = 'hold') \
             WHERE t.hold IS NOT NULL ORDER BY t.number LIMIT {HELD_MAX}"
        );
        type Row = (i64, String, String, Option<String>, Option<i64>);
        let query = sqlx::query_as::<_, Row>(AssertSqlSafe(sql));
        let rows = query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))?;
        let held = |(number, hotline, reason, actor, at): Row| Held {
            number: TicketNumber(number.unsigned_abs()),
            hotline,
            reason,
            by: actor.zip(at.map(instant)),
        };
        Ok(rows.into_iter().map(held).collect())
    }

    /// What of the queue people may choose from: the districts and branches of the tickets that
    /// wait, each with its hotline, in order; of each at most `max`.
    pub async fn places_in_queue(
        &self,
        max: u32,
    ) -> Result<[Vec<(String, String)>; 2], StoreError> {
        let mut both = [vec![], vec![]];
        for (column, found) in ["district", "branch"].into_iter().zip(&mut both) {
            let sql = format!(
                "SELECT DISTINCT hotline, {column} FROM tickets \
                 WHERE stage IN {} AND {column} <> '' ORDER BY 1, 2 LIMIT {max}",
                super::queue::PENDING
            );
            let query = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(self.database.pool()).await;
            *found = query.map_err(|e| self.error(e))?;
        }
        Ok(both)
    }
}

impl Archive {
    /// What is kept at `now`, and when it falls due after `keep_days` days. Lists the whole
    /// archive.
    pub async fn kept(&self, now: Timestamp, keep_days: u32) -> Result<Kept, ArchiveError> {
        let (files, ended) = (self.list().await?, self.ended().await?);
        let mut kept = Kept {
            calls: ended.len() as u64,
            bytes: files.iter().map(|file| file.bytes).sum(),
            oldest: ended.first().map(|first| first.ended),
            ..Kept::default()
        };
        let keep = SignedDuration::from_hours(24 * i64::from(keep_days));
        for call in ended {
            let left = (call.ended + keep).duration_since(now);
            let day = usize::try_from(left.as_hours().div_euclid(24));
            match day {
                _ if left.is_negative() => kept.due += 1,
                Ok(day) => kept.due_next.get_mut(day).into_iter().for_each(|n| *n += 1),
                Err(_) => {}
            }
        }
        Ok(kept)
    }
}
