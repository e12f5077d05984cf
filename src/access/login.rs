//! Logging in: name, password, and the second factor where one is set up.

use super::password::Line;
use super::throttle::Subject;
use super::user::UserRow;
use super::{
    Access, AccessError, Password, Principal, Secret, SecretKind, User, UserName, UserStatus, Via,
};
use crate::store::Change;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::net::IpAddr;

/// How long a browser is known after the last log-in from it.
pub(super) const DEVICE_KEPT: SignedDuration = SignedDuration::from_hours(180 * 24);

/// From where a request comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client<'a> {
    /// The browser's address; behind a reverse proxy the one that the proxy, if trusted, tells.
    pub address: IpAddr,
    /// The `User-Agent` header.
    pub agent: &'a str,
}

/// What somebody gives to be let in.
#[derive(Debug, Clone, Copy)]
pub struct Credentials<'a> {
    /// The name, as typed.
    pub name: &'a str,
    /// The password.
    pub password: &'a Password,
    /// A code of the authenticator app, or a recovery code.
    pub code: Option<&'a str>,
    /// Of the device's cookie.
    pub device: Option<&'a Secret>,
    /// Of the session's cookie that the browser still has: that session ends.
    pub session: Option<&'a Secret>,
}

/// Somebody was let in.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// For the session's cookie.
    pub session: Secret,
    /// For the device's cookie, for [`LoggedIn::DEVICE_COOKIE_FOR`].
    pub device: Secret,
    /// Who it is.
    pub principal: Principal,
}

impl LoggedIn {
    /// How long a browser is to keep the device's cookie.
    pub const DEVICE_COOKIE_FOR: std::time::Duration = DEVICE_KEPT.unsigned_abs();
}

/// What is known of an attempt before the password is looked at.
struct Attempt {
    row: Option<UserRow>,
    /// The digest of the device's secret, where it is this user's.
    device: Option<String>,
    guesses: Subject,
    /// Counted for strangers only.
    address: Option<Subject>,
}

impl Access {
    /// Lets somebody in who gives the right `credentials`. The session's secret is a new one.
    ///
    /// The answer for a wrong password, an unknown, invited or disabled user and a wrong code is
    /// the same, and costs the same hashing.
    pub async fn log_in(
        &self,
        credentials: &Credentials<'_>,
        client: &Client<'_>,
        now: Timestamp,
    ) -> Result<LoggedIn, AccessError> {
        let attempt = self.attempt(credentials, client).await?;
        if let Some(address) = &attempt.address {
            self.look(address, now).await?;
        }
        self.charge(&attempt.guesses, now).await?;
        let kept = attempt.row.as_ref().and_then(|row| row.password.as_deref());
        let line = if attempt.device.is_some() { Line::Known } else { Line::Strangers };
        let verified = match self.hasher.verify(credentials.password, kept, line).await {
            Ok(verified) => verified,
            Err(e) => {
                self.forgive(&attempt.guesses).await?;
                return Err(e);
            }
        };
        let user = attempt.row.as_ref().map(UserRow::user).transpose()?.flatten();
        let active = user.as_ref().filter(|u| u.status == UserStatus::Active);
        let (Some(user), Some(kept), true) = (active, kept, verified.matches) else {
            self.refused(&attempt, user.as_ref(), "password", now).await?;
            return Err(AccessError::LoginRefused);
        };
        if user.second_factor && credentials.code.is_none() {
            self.forgive(&attempt.guesses).await?;
            return Err(AccessError::CodeNeeded);
        }
        let run = async |change: &mut Change| {
            self.enter(change, credentials, client, &attempt, (&user.name, kept), now).await
        };
        let Some((session, device, number)) = self.database().change(run).await? else {
            self.refused(&attempt, Some(user), "code", now).await?;
            return Err(AccessError::LoginRefused);
        };
        if verified.outdated {
            self.hash_again(&user.name, credentials.password, kept).await;
        }
        let principal = self.principal(user.name.as_str(), Via::Session(number), None).await?;
        Ok(LoggedIn { session, device, principal })
    }

    /// Ends the session of `secret`; nothing happens where there is none.
    pub async fn log_out(&self, secret: &Secret, now: Timestamp) -> Result<(), AccessError> {
        let run = async |change: &mut Change| {
            let sql = "DELETE FROM sessions WHERE digest = $1 RETURNING user_name";
            let query = sqlx::query_scalar(sql).bind(secret.digest());
            let name: Option<String> =
                query.fetch_optional(change.connection()).await.map_err(|e| self.error(e))?;
            let Some(name) = name else { return Ok(()) };
            let (_, user) = self.locked_user(change, &UserName::parse(&name)?).await?;
            self.note(change, now, user.actor(), "logout", json!({ "user": name })).await
        };
        self.database().change(run).await
    }

    async fn attempt(
        &self,
        credentials: &Credentials<'_>,
        client: &Client<'_>,
    ) -> Result<Attempt, AccessError> {
        let name = UserName::parse(credentials.name).ok();
        let row = match &name {
            Some(name) => self.found(name).await?,
            None => None,
        };
        let typed = name.as_ref().map_or(credentials.name, UserName::as_str);
        // Also for names that nobody has, so that the answer takes as long.
        let device: Option<String> = match credentials.device.map(Secret::digest) {
            Some(digest) => {
                let sql = "SELECT digest FROM devices WHERE digest = $1 AND user_name = $2";
                let query = sqlx::query_scalar(sql).bind(digest).bind(typed.to_string());
                query.fetch_optional(self.database().pool()).await.map_err(|e| self.error(e))?
            }
            None => None,
        };
        let (guesses, address) = match &device {
            Some(digest) => (Subject::device(digest), None),
            None => (Subject::name(typed), Some(Subject::address(client.address))),
        };
        Ok(Attempt { row, device, guesses, address })
    }

    /// Counts and notes a refusal; against the name or device it was counted in advance.
    async fn refused(
        &self,
        attempt: &Attempt,
        user: Option<&User>,
        wrong: &'static str,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        let run = async |change: &mut Change| {
            if let Some(address) = &attempt.address {
                self.count_failure(change, address, now).await?;
            }
            // Unknown names are not noted: somebody may have typed a password there.
            let Some(user) = user else { return Ok(()) };
            let detail = json!({
                "user": user.name, "wrong": wrong, "status": user.status,
                "known_device": attempt.device.is_some(),
            });
            self.note(change, now, "nobody".into(), "login_refused", detail).await
        };
        self.database().change(run).await
    }

    /// Looks at the code, once more at the user, and opens a session; `None` for a wrong code.
    async fn enter(
        &self,
        change: &mut Change,
        credentials: &Credentials<'_>,
        client: &Client<'_>,
        attempt: &Attempt,
        (name, kept): (&UserName, &str),
        now: Timestamp,
    ) -> Result<Option<(Secret, Secret, i64)>, AccessError> {
        let (row, user) = self.locked_user(change, name).await?;
        // While the password was hashed, somebody may have changed it or disabled the user.
        if user.status != UserStatus::Active || row.password.as_deref() != Some(kept) {
            return Err(AccessError::LoginRefused);
        }
        if row.totp.is_some() {
            let code = credentials.code.unwrap_or_default();
            if !self.take_code(change, &row, code, now).await? {
                return Ok(None);
            }
        }
        if let Some(session) = credentials.session {
            let sql = "DELETE FROM sessions WHERE digest = $1";
            self.run(change, sqlx::query(sql).bind(session.digest())).await?;
        }
        let (address, agent) = client.kept();
        let (secret, number) = self.open_session(change, name, (&address, agent), now).await?;
        if let Some(digest) = &attempt.device {
            let sql = "DELETE FROM devices WHERE digest = $1";
            self.run(change, sqlx::query(sql).bind(digest.clone())).await?;
        }
        let device = self.insert_device(change, name, now).await?;
        self.forget_failures(change, &attempt.guesses).await?;
        let sql = "UPDATE users SET login_at = $1 WHERE name = $2";
        let query = sqlx::query(sql).bind(now.as_millisecond()).bind(name.to_string());
        self.run(change, query).await?;
        let detail = json!({
            "user": name, "session": number, "known_device": attempt.device.is_some(),
        });
        self.note(change, now, user.actor(), "login", detail).await?;
        Ok(Some((secret, device, number)))
    }

    pub(super) async fn insert_device(
        &self,
        change: &mut Change,
        name: &UserName,
        now: Timestamp,
    ) -> Result<Secret, AccessError> {
        let device = Secret::new(SecretKind::Device);
        let sql = "INSERT INTO devices (digest, user_name, seen_at) VALUES ($1, $2, $3)";
        let query = sqlx::query(sql).bind(device.digest()).bind(name.to_string());
        self.run(change, query.bind(now.as_millisecond())).await?;
        Ok(device)
    }

    /// Keeps a right password at the cost of today. The user is in whether that works or not.
    async fn hash_again(&self, name: &UserName, password: &Password, before: &str) {
        let again = async {
            let kept = self.hasher.hash(password).await?;
            let sql = "UPDATE users SET password = $1 WHERE name = $2 AND password = $3";
            let query = sqlx::query(sql).bind(kept).bind(name.to_string()).bind(before.to_string());
            self.database().change(async |change: &mut Change| self.run(change, query).await).await
        };
        if let Err(error) = again.await {
            tracing::warn!(%error, "a password keeps its old hashing cost until next time");
        }
    }
}
