//! API tokens: what a program shows instead of a session.

use super::user::kept_time;
use super::{Access, AccessError, By, Permission, Principal, Secret, SecretKind, UserName, Via};
use crate::store::Change;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::any::AnyArguments;
use sqlx::query::QueryAs;
use sqlx::{Any, AssertSqlSafe, FromRow};
use std::collections::BTreeSet;

/// The longest life of a token: who needs it longer makes another each year.
const LIFE_MAX: SignedDuration = SignedDuration::from_hours(366 * 24);
/// A token in use is written down at most so often, in milliseconds.
const USED_STEP_MS: i64 = 60_000;
const LABEL_CHARS_MAX: usize = 100;

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for.
    #[schema(min_length = 1, max_length = 100)]
    pub label: String,
    /// What it may do; never more than its owner may at that moment.
    pub scopes: BTreeSet<Permission>,
    /// Until when; at most 366 days from now.
    pub expires_at: Timestamp,
}

/// A token, as its owner sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Token {
    /// Its number.
    pub number: i64,
    /// Whose it is.
    pub owner: String,
    /// What it is for.
    pub label: String,
    /// What it may do, if its owner may.
    pub scopes: BTreeSet<Permission>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct TokenRow {
    number: i64,
    user_name: String,
    label: String,
    scopes: String,
    created_at: i64,
    expires_at: i64,
    used_at: Option<i64>,
    revoked_at: Option<i64>,
}

const COLUMNS: &str =
    "number, user_name, label, scopes, created_at, expires_at, used_at, revoked_at";

impl TokenRow {
    fn scopes(&self) -> Result<BTreeSet<Permission>, AccessError> {
        let damaged = |_| AccessError::Damaged { user: self.user_name.clone(), column: "scopes" };
        // A scope that this version does not know allows nothing.
        let names: Vec<String> = serde_json::from_str(&self.scopes).map_err(damaged)?;
        Ok(names.iter().filter_map(|name| Permission::named(name)).collect())
    }

    fn token(self) -> Result<Token, AccessError> {
        let time = |unix_ms| kept_time(&self.user_name, unix_ms);
        Ok(Token {
            scopes: self.scopes()?,
            number: self.number,
            created_at: time(self.created_at)?,
            expires_at: time(self.expires_at)?,
            used_at: self.used_at.map(time).transpose()?,
            revoked_at: self.revoked_at.map(time).transpose()?,
            owner: self.user_name,
            label: self.label,
        })
    }
}

impl Access {
    /// Who asks, by an API token (`Authorization: Bearer spw_...`, RFC 6750).
    pub async fn token(&self, secret: &Secret, now: Timestamp) -> Result<Principal, AccessError> {
        let sql = format!("SELECT {COLUMNS} FROM api_tokens WHERE digest = $1");
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(secret.digest());
        let found = self.token_principal(query, now).await?;
        let (principal, (number, used_at)) = found;
        let now_ms = now.as_millisecond();
        if used_at.is_none_or(|used| now_ms - used >= USED_STEP_MS) {
            let sql = "UPDATE api_tokens SET used_at = $1 WHERE number = $2 AND \
                 (used_at IS NULL OR used_at < $1)";
            let query = sqlx::query(sql).bind(now_ms).bind(number);
            self.database().change(async |c: &mut Change| self.run(c, query).await).await?;
        }
        Ok(principal)
    }

    /// Whose token `query` finds, with its number and when it was last used.
    async fn token_principal(
        &self,
        query: QueryAs<'_, Any, TokenRow, AnyArguments>,
        now: Timestamp,
    ) -> Result<(Principal, (i64, Option<i64>)), AccessError> {
        let row = query.fetch_optional(self.database().pool()).await.map_err(|e| self.error(e))?;
        let now_ms = now.as_millisecond();
        let row = row.filter(|row| row.revoked_at.is_none() && row.expires_at > now_ms);
        let row = row.ok_or(AccessError::NotLoggedIn)?;
        let scopes = row.scopes()?;
        let via = Via::Token(row.number);
        let principal = self.principal(&row.user_name, via, Some(&scopes)).await?;
        Ok((principal, (row.number, row.used_at)))
    }

    /// What the token of this number may do now.
    pub(super) async fn token_again(
        &self,
        number: i64,
        now: Timestamp,
    ) -> Result<Principal, AccessError> {
        let sql = format!("SELECT {COLUMNS} FROM api_tokens WHERE number = $1");
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(number);
        self.token_principal(query, now).await.map(|(principal, _)| principal)
    }

    /// Makes a token for who asks; its text is shown this once.
    pub async fn add_token(
        &self,
        by: &Principal,
        new: &NewToken,
        now: Timestamp,
    ) -> Result<(Token, Secret), AccessError> {
        by.session()?;
        let label = new.label.trim();
        if label.is_empty() || label.chars().count() > LABEL_CHARS_MAX {
            let problem = "give 1 to 100 characters that say what it is for".to_string();
            return Err(AccessError::Invalid { field: "label", problem });
        }
        if let Some(wide) = new.scopes.iter().find(|scope| !by.may(**scope)) {
            return Err(AccessError::ScopeTooWide(*wide));
        }
        let life = new.expires_at.duration_since(now);
        if !life.is_positive() || life > LIFE_MAX {
            let problem = "give a time within the next 366 days".to_string();
            return Err(AccessError::Invalid { field: "expires_at", problem });
        }
        let (secret, name) = (Secret::new(SecretKind::Token), &by.user().name);
        let run = async |change: &mut Change| {
            let sql = format!(
                "INSERT INTO api_tokens (digest, user_name, label, scopes, created_at, \
                 expires_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING {COLUMNS}"
            );
            let query = sqlx::query_as(AssertSqlSafe(sql))
                .bind(secret.digest())
                .bind(name.to_string())
                .bind(label.to_string())
                .bind(json!(new.scopes).to_string())
                .bind(now.as_millisecond())
                .bind(new.expires_at.as_millisecond());
            let row: TokenRow =
                query.fetch_one(change.connection()).await.map_err(|e| self.error(e))?;
            let detail = json!({
                "user": name, "token": row.number, "scopes": new.scopes,
                "expires_at": new.expires_at.to_string(),
            });
            self.note(change, now, by.user().actor(), "token_added", detail).await?;
            row.token()
        };
        self.database().change(run).await.map(|token| (token, secret.clone()))
    }

    /// The tokens of user `name`, newest first; for that user, and for who manages users.
    pub async fn tokens(&self, by: By<'_>, name: &UserName) -> Result<Vec<Token>, AccessError> {
        demand_own(by, name)?;
        let sql =
            format!("SELECT {COLUMNS} FROM api_tokens WHERE user_name = $1 ORDER BY number DESC");
        let query = sqlx::query_as::<_, TokenRow>(AssertSqlSafe(sql)).bind(name.to_string());
        let rows = query.fetch_all(self.database().pool()).await.map_err(|e| self.error(e))?;
        rows.into_iter().map(TokenRow::token).collect()
    }

    /// Makes a token of user `name` useless at once; for that user, and for who manages users.
    pub async fn revoke_token(
        &self,
        by: By<'_>,
        name: &UserName,
        number: i64,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        demand_own(by, name)?;
        let run = async |change: &mut Change| {
            let sql = "UPDATE api_tokens SET revoked_at = $1 \
                 WHERE number = $2 AND user_name = $3 AND revoked_at IS NULL";
            let query = sqlx::query(sql).bind(now.as_millisecond()).bind(number);
            if self.run(change, query.bind(name.to_string())).await? == 0 {
                return Err(AccessError::NoSuch("token"));
            }
            let detail = json!({ "user": name, "token": number });
            self.note(change, now, by.actor(), "token_revoked", detail).await
        };
        self.database().change(run).await
    }
}

/// A user's own, by a session; otherwise for who manages users.
fn demand_own(by: By<'_>, name: &UserName) -> Result<(), AccessError> {
    match by {
        By::Principal(principal) if principal.user().name == *name => {
            principal.session().map(|_| ())
        }
        _ => by.demand(Permission::ManageUsers),
    }
}
