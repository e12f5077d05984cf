//! The queue's statements without the queue: the limit that its benchmark is held against.

use super::database::Change;
use super::queue::next;
use super::rows::{TicketRow, UPDATE_CALLBACK};
use super::{StoreError, TicketStore, audit};
use sqlx::Arguments;
use sqlx::any::AnyArguments;
use std::time::{Duration, Instant};

impl TicketStore {
    /// Claims the first open ticket of `hotline` `times` times with nothing but SQL on one
    /// connection, and writes each row back as claimed; how long each took. For measuring: what it
    /// claims is not leased to anybody.
    pub async fn plain_claims(
        &self,
        hotline: &str,
        times: usize,
    ) -> Result<Vec<Duration>, StoreError> {
        let mut took = Vec::with_capacity(times);
        for _ in 0..times {
            let begun = Instant::now();
            let run = async |change: &mut Change| {
                self.plain_claim(change, hotline).await.map_err(|e| self.error(e))
            };
            if !self.database.change(run).await? {
                break;
            }
            took.push(begun.elapsed());
        }
        Ok(took)
    }

    async fn plain_claim(&self, change: &mut Change, hotline: &str) -> Result<bool, sqlx::Error> {
        let query = sqlx::query_as::<_, TicketRow>(change.skipping_locked(&next(0)));
        let query = query.bind(hotline.to_string()).bind(0_i64).bind(None::<String>);
        let Some(row) = query.fetch_optional(change.connection()).await? else {
            return Ok(false);
        };
        let mut values = AnyArguments::default();
        let add = |values: &mut AnyArguments| -> Result<(), sqlx::error::BoxDynError> {
            values.add(1_i64)?;
            values.add("claimed".to_string())?;
            for number in [0_i64, 0, 0, 0] {
                values.add(number)?;
            }
            values.add("anna".to_string())?;
            values.add(None::<String>)?;
            values.add(None::<i64>)?;
            values.add(0_i64)?;
            values.add(row.callback.clone())?;
            values.add(None::<i64>)?;
            values.add(None::<i64>)?;
            values.add(" anna 901000001 ".to_string())?;
            values.add(String::new())?;
            values.add(row.number)
        };
        add(&mut values).map_err(sqlx::Error::Encode)?;
        sqlx::query_with(UPDATE_CALLBACK, values).execute(change.connection()).await?;
        sqlx::query(audit::INSERT)
            .bind(0_i64)
            .bind("operator anna")
            .bind("claim")
            .bind(Some(row.number))
            .bind(r#"{"stage":"claimed"}"#)
            .execute(change.connection())
            .await?;
        Ok(true)
    }
}
