//! Sessions: a log-in that a cookie carries on.

use super::user::kept_time;
use super::{
    Access, AccessError, By, Client, Permission, Principal, Secret, SecretKind, UserName,
    UserStatus, Via,
};
use crate::store::Change;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use sqlx::FromRow;

/// A session in use is written down at most so often, in milliseconds; it may end earlier by that.
const SEEN_STEP_MS: i64 = 60_000;
/// Of a browser's description, so many characters are kept.
const AGENT_CHARS_MAX: usize = 120;

/// A session, as its user sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Session {
    /// Its number.
    pub number: i64,
    /// From where it was opened.
    pub address: String,
    /// By which browser, in its own words.
    pub agent: String,
    /// When.
    pub created_at: Timestamp,
    /// Its last request, to the minute.
    pub seen_at: Timestamp,
}

#[derive(FromRow)]
struct SessionRow {
    number: i64,
    address: String,
    agent: String,
    created_at: i64,
    seen_at: i64,
}

const SELECT: &str = "SELECT number, address, agent, created_at, seen_at FROM sessions";

impl Access {
    /// Who asks, by the secret of a session's cookie.
    pub async fn session(&self, secret: &Secret, now: Timestamp) -> Result<Principal, AccessError> {
        let sql = "SELECT number, user_name, created_at, seen_at FROM sessions WHERE digest = $1";
        let query = sqlx::query_as(sql).bind(secret.digest());
        let row: Option<(i64, String, i64, i64)> =
            query.fetch_optional(self.database().pool()).await.map_err(|e| self.error(e))?;
        let (number, name, created_at, seen_at) = row.ok_or(AccessError::NotLoggedIn)?;
        let now_ms = now.as_millisecond();
        let (age, idle) = (now_ms - created_at, now_ms - seen_at);
        let over = |ms: i64, longest: jiff::SignedDuration| i128::from(ms) >= longest.as_millis();
        if over(age, self.options.session) || over(idle, self.options.idle) {
            return Err(AccessError::NotLoggedIn);
        }
        let principal = self.principal(&name, Via::Session(number), None).await?;
        if idle >= SEEN_STEP_MS {
            let sql = "UPDATE sessions SET seen_at = $1 WHERE number = $2 AND seen_at < $1";
            let query = sqlx::query(sql).bind(now_ms).bind(number);
            self.database().change(async |c: &mut Change| self.run(c, query).await).await?;
        }
        Ok(principal)
    }

    /// What `by` may do now, whom a stream has let in a while ago; an error where that ended.
    pub async fn again(&self, by: &Principal, now: Timestamp) -> Result<Principal, AccessError> {
        let number = match by.via() {
            Via::Session(number) => number,
            Via::Token(number) => return self.token_again(number, now).await,
        };
        let sql = "SELECT digest FROM sessions WHERE number = $1 AND created_at > $2 AND \
                   seen_at > $3";
        let since = |longest: jiff::SignedDuration| now - longest;
        let query = sqlx::query_scalar(sql)
            .bind(number)
            .bind(since(self.options.session).as_millisecond())
            .bind(since(self.options.idle).as_millisecond());
        let found: Option<String> =
            query.fetch_optional(self.database().pool()).await.map_err(|e| self.error(e))?;
        found.ok_or(AccessError::NotLoggedIn)?;
        self.principal(by.user().name.as_str(), by.via(), None).await
    }

    /// What the database says of user `name` now.
    pub(super) async fn principal(
        &self,
        name: &str,
        via: Via,
        scopes: Option<&std::collections::BTreeSet<Permission>>,
    ) -> Result<Principal, AccessError> {
        let row = self.found(&UserName::parse(name)?).await?;
        let user = row.map(|row| row.user()).transpose()?.flatten();
        let user = user.filter(|u| u.status == UserStatus::Active);
        let user = user.ok_or(AccessError::NotLoggedIn)?;
        let demanded = super::second_factor::demanded(&self.options.second_factor, &user);
        let must_enrol = demanded && !user.second_factor;
        Ok(Principal::new(user, via, scopes, must_enrol))
    }

    /// The user's own sessions that have not ended, newest first.
    pub async fn sessions(
        &self,
        by: &Principal,
        now: Timestamp,
    ) -> Result<Vec<Session>, AccessError> {
        by.session()?;
        let now_ms = now.as_millisecond();
        let since = |longest: jiff::SignedDuration| now_ms - longest.as_millis() as i64;
        let sql = format!(
            "{SELECT} WHERE user_name = $1 AND created_at > $2 AND seen_at > $3 \
             ORDER BY number DESC"
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(by.user().name.to_string())
            .bind(since(self.options.session))
            .bind(since(self.options.idle));
        let rows: Vec<SessionRow> =
            query.fetch_all(self.database().pool()).await.map_err(|e| self.error(e))?;
        let time = |unix_ms| kept_time(by.user().name.as_str(), unix_ms);
        let session = |row: SessionRow| {
            let (created_at, seen_at) = (time(row.created_at)?, time(row.seen_at)?);
            let SessionRow { number, address, agent, .. } = row;
            Ok(Session { number, address, agent, created_at, seen_at })
        };
        rows.into_iter().map(session).collect()
    }

    /// Ends one of the user's own sessions.
    pub async fn end_session(
        &self,
        by: &Principal,
        number: i64,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        by.session()?;
        let name = &by.user().name;
        let run = async |change: &mut Change| {
            let sql = "DELETE FROM sessions WHERE number = $1 AND user_name = $2";
            let query = sqlx::query(sql).bind(number).bind(name.to_string());
            if self.run(change, query).await? == 0 {
                return Err(AccessError::NoSuch("session"));
            }
            let detail = json!({ "user": name, "session": number });
            self.note(change, now, by.user().actor(), "logout", detail).await
        };
        self.database().change(run).await
    }

    /// Logs user `name` out everywhere, and lets known devices be strangers again; users
    /// themselves, and who manages them.
    pub async fn end_sessions(
        &self,
        by: By<'_>,
        name: &UserName,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        match by {
            By::Principal(principal) if principal.user().name == *name => {
                principal.session()?;
            }
            _ => by.demand(Permission::ManageUsers)?,
        }
        let run = async |change: &mut Change| {
            self.locked_user(change, name).await?;
            self.end_all_sessions(change, name).await?;
            let sql = "DELETE FROM devices WHERE user_name = $1";
            self.run(change, sqlx::query(sql).bind(name.to_string())).await?;
            self.note(change, now, by.actor(), "logout_everywhere", json!({ "user": name })).await
        };
        self.database().change(run).await
    }

    pub(super) async fn end_all_sessions(
        &self,
        change: &mut Change,
        name: &UserName,
    ) -> Result<(), AccessError> {
        let sql = "DELETE FROM sessions WHERE user_name = $1";
        self.run(change, sqlx::query(sql).bind(name.to_string())).await?;
        Ok(())
    }

    /// Opens a session; its secret is new whatever the browser brought.
    pub(super) async fn open_session(
        &self,
        change: &mut Change,
        name: &UserName,
        (address, agent): (&str, &str),
        now: Timestamp,
    ) -> Result<(Secret, i64), AccessError> {
        let secret = Secret::new(SecretKind::Session);
        let sql = "INSERT INTO sessions (digest, user_name, address, agent, created_at, seen_at) \
             VALUES ($1, $2, $3, $4, $5, $5) RETURNING number";
        let query = sqlx::query_scalar(sql)
            .bind(secret.digest())
            .bind(name.to_string())
            .bind(address.to_string())
            .bind(
                agent.chars().filter(|c| !c.is_control()).take(AGENT_CHARS_MAX).collect::<String>(),
            )
            .bind(now.as_millisecond());
        let number = query.fetch_one(change.connection()).await.map_err(|e| self.error(e))?;
        Ok((secret, number))
    }

    /// Ends all the user's sessions and opens one in the place of session `number`.
    pub(super) async fn rotate(
        &self,
        change: &mut Change,
        name: &UserName,
        number: i64,
        now: Timestamp,
    ) -> Result<Secret, AccessError> {
        let sql = "SELECT address, agent FROM sessions WHERE number = $1 AND user_name = $2";
        let query = sqlx::query_as(sql).bind(number).bind(name.to_string());
        let row: Option<(String, String)> =
            query.fetch_optional(change.connection()).await.map_err(|e| self.error(e))?;
        let (address, agent) = row.ok_or(AccessError::NotLoggedIn)?;
        self.end_all_sessions(change, name).await?;
        Ok(self.open_session(change, name, (&address, &agent), now).await?.0)
    }
}

impl Client<'_> {
    /// What is kept of it with a session.
    pub(super) fn kept(&self) -> (String, &str) {
        (self.address.to_canonical().to_string(), self.agent)
    }
}
