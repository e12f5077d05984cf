//! Who is told of changes by HTTP: the list that administrators keep.

use super::database::Change;
use super::intake::instant;
use super::rows::json;
use super::{StoreError, TicketStore, audit};
use crate::ticket::event_kinds;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rand::Rng;
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, FromRow};

/// So many webhooks have room to be sent at once without one waiting for another.
const WEBHOOKS_MAX: i64 = 32;
const NAME_CHARS_MAX: usize = 100;
const URL_CHARS_MAX: usize = 2_000;
/// In front of each secret (Standard Webhooks, "Secret serialization").
pub(crate) const SECRET_PREFIX: &str = "whsec_";
/// Of a secret: the specification asks for 24 to 64.
const SECRET_BYTES: usize = 32;
/// What becomes a ticket at Zammad: one message for each callback, not one for each change.
const ZAMMAD_KINDS: [&str; 5] = [
    "ticket.received",
    "ticket.put_through",
    "ticket.done",
    "ticket.unreached",
    "ticket.cancelled",
];

/// Why a webhook or a delivery could not be changed; nothing was.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// No webhook has this id.
    #[error("there is no webhook {0}")]
    NoSuchWebhook(i64),
    /// No delivery has this id.
    #[error("there is no delivery {0} that ended")]
    NoSuchDelivery(i64),
    /// Another one has this name.
    #[error("there is a webhook of this name already; choose another name")]
    NameTaken,
    /// There are enough.
    #[error("there are {WEBHOOKS_MAX} webhooks, and no more are sent; remove one first")]
    TooMany,
    /// One part of it makes no sense.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which part.
        field: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a receiver understands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum WebhookFormat {
    /// Our own: type, timestamp, and the ticket as the API shows it.
    #[default]
    Spillway,
    /// A new ticket for Zammad's `POST /api/v1/tickets`.
    Zammad {
        /// The group it goes to.
        group: String,
    },
}

/// A webhook as an administrator writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WebhookSpec {
    /// For people; each has its own.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Where to, as `https://crm.example/hooks`.
    #[schema(min_length = 1, max_length = 2_000)]
    pub url: String,
    /// What the receiver understands.
    #[serde(default)]
    pub format: WebhookFormat,
    /// Of which events, as `ticket.received`; empty: all that make sense for the format.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Sent as `Authorization`, for example `Token token=...`. Left out, it stays as it is; empty,
    /// none is sent.
    #[serde(default)]
    pub authorization: Option<String>,
    /// False to send nothing for now: what happens meanwhile is sent later.
    #[serde(default = "yes")]
    pub active: bool,
}

fn yes() -> bool {
    true
}

/// A webhook as it is shown: without what must stay secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Webhook {
    /// Its number.
    pub id: i64,
    /// For people.
    pub name: String,
    /// Where to.
    pub url: String,
    /// What the receiver understands.
    pub format: WebhookFormat,
    /// Of which events; empty: all.
    pub kinds: Vec<String>,
    /// True when an `Authorization` is sent.
    pub authorized: bool,
    /// Whether it is sent.
    pub active: bool,
    /// Why the last attempt failed, or why it is no longer active; null when all is well.
    pub problem: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A webhook just made, with the secret that is never shown again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// What the receiver checks signatures with: `whsec_` and base64.
    pub secret: String,
}

#[derive(Debug, FromRow)]
struct Row {
    id: i64,
    name: String,
    url: String,
    format: String,
    kinds: String,
    credentials: Option<String>,
    active: i64,
    problem: Option<String>,
    created_at: i64,
}

const SELECT: &str = "SELECT id, name, url, format, kinds, credentials, active, problem, \
     created_at FROM webhooks";

impl Row {
    fn into_webhook(self) -> Result<Webhook, String> {
        let wrong = |e: serde_json::Error| format!("webhook {}: {e}", self.id);
        Ok(Webhook {
            id: self.id,
            format: serde_json::from_str(&self.format).map_err(wrong)?,
            kinds: serde_json::from_str(&self.kinds).map_err(wrong)?,
            name: self.name,
            url: self.url,
            authorized: self.credentials.is_some(),
            active: self.active != 0,
            problem: self.problem,
            created_at: instant(self.created_at),
        })
    }
}

impl WebhookSpec {
    /// The same, tidied; an error names the part that makes no sense.
    fn checked(&self) -> Result<WebhookSpec, HookError> {
        let invalid = |field, problem: &str| HookError::Invalid { field, problem: problem.into() };
        let name = self.name.trim().to_string();
        let plain = |text: &str, most| {
            (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)
        };
        if !plain(&name, NAME_CHARS_MAX) {
            return Err(invalid("name", "give 1 to 100 characters"));
        }
        let url = self.url.trim();
        let parsed = reqwest::Url::parse(url).ok().filter(|_| plain(url, URL_CHARS_MAX));
        let parsed = parsed.filter(|u| matches!(u.scheme(), "http" | "https") && u.has_host());
        let Some(parsed) = parsed else {
            return Err(invalid("url", "write it as https://crm.example/hooks"));
        };
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(invalid("url", "holds a user or password; give them in `authorization`"));
        }
        let known = match &self.format {
            WebhookFormat::Spillway => event_kinds(),
            WebhookFormat::Zammad { group } if plain(group, NAME_CHARS_MAX) => ZAMMAD_KINDS.into(),
            WebhookFormat::Zammad { .. } => {
                return Err(invalid("format", "name Zammad's group in 1 to 100 characters"));
            }
        };
        if let Some(kind) = self.kinds.iter().find(|k| !known.contains(&k.as_str())) {
            let problem = format!("\"{kind}\" is none of {}", known.join(", "));
            return Err(invalid("kinds", &problem));
        }
        let zammad = matches!(self.format, WebhookFormat::Zammad { .. });
        let kinds = match self.kinds.is_empty() && zammad {
            true => vec![ZAMMAD_KINDS[0].to_string()],
            false => self.kinds.clone(),
        };
        let visible =
            |a: &str| a.len() <= URL_CHARS_MAX && a.bytes().all(|b| (32..127).contains(&b));
        if !self.authorization.as_deref().is_none_or(visible) {
            return Err(invalid("authorization", "write ASCII characters, as a header has"));
        }
        Ok(WebhookSpec { name, url: parsed.to_string(), kinds, ..self.clone() })
    }
}

impl TicketStore {
    /// Adds a webhook: it is told of what happens from now on.
    pub async fn create_webhook(
        &self,
        spec: &WebhookSpec,
        by: &str,
        now: Timestamp,
    ) -> Result<NewWebhook, HookError> {
        let spec = spec.checked()?;
        let secret = new_secret();
        let run = async |change: &mut Change| {
            let count = sqlx::query_scalar("SELECT count(*) FROM webhooks");
            let count: i64 =
                count.fetch_one(change.connection()).await.map_err(|e| self.error(e))?;
            if count >= WEBHOOKS_MAX {
                return Err(HookError::TooMany);
            }
            self.check_name(change, &spec.name, 0).await?;
            // Everything up to the last seal happened before.
            let sql = "INSERT INTO webhooks (name, url, format, kinds, secret, credentials, \
                       active, cursor_seal, cursor_id, created_at) SELECT $1, $2, $3, $4, $5, \
                       $6, $7, coalesce(max(number), 0) + 1, 0, $8 FROM seals RETURNING id";
            let query = sqlx::query_scalar(sql)
                .bind(spec.name.clone())
                .bind(spec.url.clone())
                .bind(json(&spec.format))
                .bind(json(&spec.kinds))
                .bind(secret.clone())
                .bind(spec.authorization.clone().filter(|a| !a.is_empty()))
                .bind(i64::from(spec.active))
                .bind(now.as_millisecond());
            let id = query.fetch_one(change.connection()).await.map_err(|e| self.error(e))?;
            self.note_webhook(change, now, by, "webhook_create", id).await?;
            self.webhook_in(change, id).await
        };
        Ok(NewWebhook { webhook: self.database.change(run).await?, secret: secret.clone() })
    }

    /// Changes a webhook; its secret stays.
    pub async fn update_webhook(
        &self,
        id: i64,
        spec: &WebhookSpec,
        by: &str,
        now: Timestamp,
    ) -> Result<Webhook, HookError> {
        let spec = spec.checked()?;
        let run = async |change: &mut Change| {
            self.check_name(change, &spec.name, id).await?;
            let sql = "UPDATE webhooks SET name = $1, url = $2, format = $3, kinds = $4, \
                       credentials = CASE $5 WHEN 1 THEN $6 ELSE credentials END, active = $7, \
                       problem = NULL WHERE id = $8";
            let query = sqlx::query(sql)
                .bind(spec.name.clone())
                .bind(spec.url.clone())
                .bind(json(&spec.format))
                .bind(json(&spec.kinds))
                .bind(i64::from(spec.authorization.is_some()))
                .bind(spec.authorization.clone().filter(|a| !a.is_empty()))
                .bind(i64::from(spec.active))
                .bind(id);
            let done = query.execute(change.connection()).await.map_err(|e| self.error(e))?;
            if done.rows_affected() == 0 {
                return Err(HookError::NoSuchWebhook(id));
            }
            self.note_webhook(change, now, by, "webhook_update", id).await?;
            self.webhook_in(change, id).await
        };
        self.database.change(run).await
    }

    /// Removes a webhook, with what it was still to be told.
    pub async fn remove_webhook(&self, id: i64, by: &str, now: Timestamp) -> Result<(), HookError> {
        let run = async |change: &mut Change| {
            let query = sqlx::query("DELETE FROM webhooks WHERE id = $1").bind(id);
            let done = query.execute(change.connection()).await.map_err(|e| self.error(e))?;
            if done.rows_affected() == 0 {
                return Err(HookError::NoSuchWebhook(id));
            }
            Ok(self.note_webhook(change, now, by, "webhook_remove", id).await?)
        };
        self.database.change(run).await
    }

    /// All webhooks, by their numbers.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, StoreError> {
        let query = sqlx::query_as::<_, Row>(AssertSqlSafe(format!("{SELECT} ORDER BY id")));
        let rows = query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))?;
        rows.into_iter().map(|row| self.as_webhook(row)).collect()
    }

    /// The webhook of that number.
    pub async fn webhook(&self, id: i64) -> Result<Option<Webhook>, StoreError> {
        let query = sqlx::query_as::<_, Row>(AssertSqlSafe(format!("{SELECT} WHERE id = $1")));
        let row = query.bind(id).fetch_optional(self.database.pool()).await;
        row.map_err(|e| self.error(e))?.map(|row| self.as_webhook(row)).transpose()
    }

    fn as_webhook(&self, row: Row) -> Result<Webhook, StoreError> {
        let database = self.name().to_string();
        row.into_webhook().map_err(|reason| StoreError::Failed { database, reason })
    }

    async fn webhook_in(&self, change: &mut Change, id: i64) -> Result<Webhook, HookError> {
        let query = sqlx::query_as::<_, Row>(AssertSqlSafe(format!("{SELECT} WHERE id = $1")));
        let row = query.bind(id).fetch_optional(change.connection()).await;
        let row = row.map_err(|e| self.error(e))?.ok_or(HookError::NoSuchWebhook(id))?;
        Ok(self.as_webhook(row)?)
    }

    async fn check_name(&self, change: &mut Change, name: &str, id: i64) -> Result<(), HookError> {
        let sql = "SELECT count(*) FROM webhooks WHERE name = $1 AND id <> $2";
        let query = sqlx::query_scalar(sql).bind(name.to_string()).bind(id);
        let taken: i64 = query.fetch_one(change.connection()).await.map_err(|e| self.error(e))?;
        if taken > 0 { Err(HookError::NameTaken) } else { Ok(()) }
    }

    /// What leaves the house, and who arranged it, is in the audit log.
    pub(super) async fn note_webhook(
        &self,
        change: &mut Change,
        now: Timestamp,
        by: &str,
        act: &'static str,
        id: i64,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(audit::INSERT)
            .bind(now.as_millisecond())
            .bind(by.to_string())
            .bind(act)
            .bind(None::<i64>)
            .bind(serde_json::json!({ "webhook": id }).to_string());
        query.execute(change.connection()).await.map(drop).map_err(|e| self.error(e))
    }
}

fn new_secret() -> String {
    let bytes: [u8; SECRET_BYTES] = rand::rng().random();
    format!("{SECRET_PREFIX}{}", STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused() {
        let good = WebhookSpec {
            name: " crm ".into(),
            url: "https://crm.example/hooks?x=1".into(),
            format: WebhookFormat::Spillway,
            kinds: vec!["ticket.done".into()],
            authorization: None,
            active: true,
        };
        let check = |change: fn(&mut WebhookSpec), want: &str| {
            let mut spec = good.clone();
            change(&mut spec);
            let got = spec.checked().map_or_else(|e| e.to_string(), |s| s.kinds.join(" "));
            assert!(got.contains(want), "{got}");
        };
        check(|_| (), "ticket.done");
        check(|s| s.name = " ".into(), "name: ");
        check(|s| s.url = "ftp://crm.example".into(), "url: ");
        check(|s| s.url = "crm.example/hooks".into(), "url: ");
        check(|s| s.url = "https://anna:secret@crm.example".into(), "`authorization`");
        check(|s| s.kinds = vec!["ticket.lost".into()], "\"ticket.lost\" is none of ticket.saved");
        check(|s| s.authorization = Some("a\r\nX-Evil: 1".into()), "authorization: ");
        check(|s| s.format = WebhookFormat::Zammad { group: "".into() }, "format: ");
        let zammad = |s: &mut WebhookSpec| {
            s.format = WebhookFormat::Zammad { group: "Users".into() };
            s.kinds = vec![];
        };
        check(zammad, "ticket.received");
        let claimed = |s: &mut WebhookSpec| {
            s.format = WebhookFormat::Zammad { group: "Users".into() };
            s.kinds = vec!["ticket.claimed".into()];
        };
        check(claimed, "\"ticket.claimed\" is none of ticket.received, ");
    }

    #[test]
    fn secrets_are_long_and_new() {
        let (one, two) = (new_secret(), new_secret());
        let key = |s: &str| STANDARD.decode(s.strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(key(&one).len(), 32);
        assert_ne!(one, two);
    }
}
