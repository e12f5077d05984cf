//! Tickets from and to other databases.

use super::database::Change;
use super::rows::{self, SELECT, TicketRow, signed};
use super::{StoreError, StoredTicket, TicketStore};
use crate::ticket::{Actor, TicketNumber};
use jiff::Timestamp;
use serde_json::json;
use sqlx::AssertSqlSafe;

/// What [`TicketStore::import`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Imported {
    /// Tickets added.
    pub added: u64,
    /// Tickets left out because their call, or their number, has a ticket already.
    pub known: u64,
}

impl TicketStore {
    /// Adds `tickets` as they are, all or none. Number 0 means the next free one; other numbers are
    /// kept.
    pub async fn import(
        &self,
        tickets: &[StoredTicket],
        by: &Actor,
        now: Timestamp,
    ) -> Result<Imported, StoreError> {
        let run = async |change: &mut Change| {
            let mut imported = Imported::default();
            for stored in tickets {
                let policy = self.policy(stored);
                let added = rows::insert(change, stored, &policy, &self.node).await;
                let Some(number) = added.map_err(|e| self.error(e))? else {
                    imported.known += 1;
                    continue;
                };
                self.note(change, now, by, "import", number, &json!({})).await?;
                imported.added += 1;
            }
            change.number_on_from("tickets", "number").await.map_err(|e| self.error(e))?;
            Ok(imported)
        };
        self.database.change(run).await
    }

    /// Tickets above number `after`, lowest first, at most `limit`: the last number of one page
    /// gives the next.
    pub async fn page(
        &self,
        after: TicketNumber,
        limit: u32,
    ) -> Result<Vec<StoredTicket>, StoreError> {
        let sql = format!("{SELECT} WHERE number > $1 ORDER BY number LIMIT {limit}");
        let query = sqlx::query_as::<_, TicketRow>(AssertSqlSafe(sql)).bind(signed(after.0));
        let rows = query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))?;
        rows.into_iter().map(|row| self.stored(row)).collect()
    }
}
