//! Who is there: operators who are ready, on a call or on a break, and the ticket each looks at.

use super::intake::instant;
use super::rows::signed;
use super::{StoreError, TicketStore};
use crate::ticket::TicketNumber;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who has not been heard of for so long is away: a console says each minute that it is there.
pub(super) const SEEN_WITHIN: SignedDuration = SignedDuration::from_secs(150);

/// What an agent is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// Takes calls and tickets.
    Ready,
    /// On a call, or writing it up.
    OnCall,
    /// On a break.
    Break,
    /// Not working.
    Away,
}

impl AgentState {
    const ALL: [AgentState; 4] =
        [AgentState::Ready, AgentState::OnCall, AgentState::Break, AgentState::Away];

    pub(super) fn name(self) -> &'static str {
        match self {
            AgentState::Ready => "ready",
            AgentState::OnCall => "on_call",
            AgentState::Break => "break",
            AgentState::Away => "away",
        }
    }
}

/// Somebody who is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// The user's name.
    pub user: String,
    /// What the user does.
    pub state: AgentState,
    /// Since when.
    pub since: Timestamp,
    /// The ticket that the user looks at.
    pub ticket: Option<TicketNumber>,
}

impl TicketStore {
    /// `user`, who works for `hotlines` (`None`: for all), does `state` and looks at `ticket`.
    pub async fn be_present(
        &self,
        user: &str,
        hotlines: Option<&[&str]>,
        state: AgentState,
        ticket: Option<TicketNumber>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO presence (name, hotlines, state, since, ticket, seen_at) \
             VALUES ($1, $2, $3, $4, $5, $4) ON CONFLICT (name) DO UPDATE SET \
             since = CASE WHEN presence.state = excluded.state AND presence.seen_at >= $6 \
                THEN presence.since ELSE excluded.since END, \
             hotlines = excluded.hotlines, state = excluded.state, ticket = excluded.ticket, \
             seen_at = excluded.seen_at";
        let query = sqlx::query(sql)
            .bind(user.to_string())
            .bind(hotlines.map_or("*".to_string(), |own| format!("/{}/", own.join("/"))))
            .bind(state.name())
            .bind(now.as_millisecond())
            .bind(ticket.map(|t| signed(t.0)))
            .bind((now - SEEN_WITHIN).as_millisecond());
        query.execute(self.database.pool()).await.map(drop).map_err(|e| self.error(e))
    }

    /// Who is there, by name; on `ticket` only, where one is given.
    pub async fn present(
        &self,
        ticket: Option<TicketNumber>,
        now: Timestamp,
    ) -> Result<Vec<Presence>, StoreError> {
        let sql = "SELECT name, state, since, ticket FROM presence WHERE seen_at >= $1 \
                   AND ($2 IS NULL OR ticket = $2) ORDER BY name";
        let query = sqlx::query_as::<_, (String, String, i64, Option<i64>)>(sql)
            .bind((now - SEEN_WITHIN).as_millisecond())
            .bind(ticket.map(|t| signed(t.0)));
        let rows = query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))?;
        let presence = |(user, state, since, ticket): (String, String, i64, Option<i64>)| {
            let known = AgentState::ALL.into_iter().find(|s| s.name() == state);
            Presence {
                user,
                state: known.unwrap_or(AgentState::Away),
                since: instant(since),
                ticket: ticket.map(|n| TicketNumber(n.unsigned_abs())),
            }
        };
        Ok(rows.into_iter().map(presence).collect())
    }

    /// How many agents work for `hotline` now, ready or on a call; 0 where nobody says so.
    pub async fn agents_at_work(&self, hotline: &str, now: Timestamp) -> Result<u32, StoreError> {
        let sql = "SELECT count(*) FROM presence WHERE seen_at >= $1 \
                   AND state IN ('ready', 'on_call') AND (hotlines = '*' OR hotlines LIKE $2)";
        let query = sqlx::query_scalar::<_, i64>(sql)
            .bind((now - SEEN_WITHIN).as_millisecond())
            .bind(format!("%/{hotline}/%"));
        let count = query.fetch_one(self.database.pool()).await.map_err(|e| self.error(e))?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}
