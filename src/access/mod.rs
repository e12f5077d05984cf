//! Who may do what: users and their roles, log-ins, sessions, API tokens.
//!
//! Everything is refused that the table in [`Permission`] does not allow. A request brings a
//! [`Secret`], as a session's cookie or as an API token; [`Access::session`] or [`Access::token`]
//! makes a [`Principal`] of it, of what the database says at that moment; the principal is asked
//! for a [`Permission`]. So who is disabled, demoted or logged out is so with the next request.
//!
//! The database keeps digests of what opens something, never the thing itself, but for the TOTP
//! secrets, which have to be known to be checked.

use crate::config::{AccessConfig, SecondFactorConfig};
use crate::store::{Change, Database, TicketStore};
use jiff::{SignedDuration, Timestamp};
use password::Hasher;
use sqlx::Any;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use std::time::Duration;

mod common;
mod cookie;
mod error;
mod invitation;
mod login;
mod password;
mod principal;
mod role;
mod second_factor;
mod secret;
mod session;
mod throttle;
mod token;
mod user;
mod users;

pub use cookie::Cookies;
pub use error::AccessError;
pub use invitation::INVITATION_LIFE;
pub use login::{Client, Credentials, LoggedIn};
pub use password::{HashingCost, PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, Password, WeakPassword};
pub use principal::{By, Principal, Via};
pub use role::{Permission, Role};
pub use second_factor::{Enrolment, RECOVERY_CODES};
pub use secret::{Secret, SecretKind};
pub use session::Session;
pub use token::{NewToken, Token};
pub use user::{Hotlines, Profile, User, UserName, UserStatus};

/// How users log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessOptions {
    /// How long a session without a request lasts.
    pub idle: SignedDuration,
    /// How long a session lasts at most.
    pub session: SignedDuration,
    /// Which roles may do nothing before they have set up a second factor.
    pub second_factor: SecondFactorConfig,
    /// How cookies are written.
    pub cookies: Cookies,
    /// What the hashing of a password costs; kept passwords of a lower cost are hashed again at
    /// the next log-in.
    pub cost: HashingCost,
}

impl AccessOptions {
    /// What the configuration says.
    pub fn of(config: &AccessConfig) -> AccessOptions {
        AccessOptions {
            idle: SignedDuration::from_mins(config.idle_minutes.into()),
            session: SignedDuration::from_hours(config.session_hours.into()),
            second_factor: config.second_factor,
            cookies: Cookies { secure: config.secure_cookies },
            cost: HashingCost::default(),
        }
    }
}

/// The users and their log-ins, beside the tickets in one database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Access {
    store: TicketStore,
    options: AccessOptions,
    hasher: Hasher,
}

impl Access {
    /// In the database of `store`. Hashes one password, which takes some tens of milliseconds.
    pub fn new(store: &TicketStore, options: AccessOptions) -> Result<Access, AccessError> {
        let (store, hasher) = (store.clone(), Hasher::new(options.cost)?);
        Ok(Access { store, options, hasher })
    }

    /// How cookies are written.
    pub fn cookies(&self) -> Cookies {
        self.options.cookies
    }

    /// How long a browser is to keep a session's cookie.
    pub fn session_cookie_for(&self) -> Duration {
        self.options.session.unsigned_abs()
    }

    /// Deletes what has expired; returns how many rows. To be called every few minutes.
    pub async fn sweep(&self, now: Timestamp) -> Result<u64, AccessError> {
        let now_ms = now.as_millisecond();
        let ago = |duration: SignedDuration| now_ms - duration.as_millis() as i64;
        let deletes = [
            ("DELETE FROM sessions WHERE created_at <= $1", ago(self.options.session)),
            ("DELETE FROM sessions WHERE seen_at <= $1", ago(self.options.idle)),
            ("DELETE FROM devices WHERE seen_at <= $1", ago(login::DEVICE_KEPT)),
            ("DELETE FROM invitations WHERE expires_at <= $1", now_ms),
            ("DELETE FROM login_failures WHERE last_at <= $1", now_ms - throttle::FORGOTTEN_MS),
        ];
        let run = async |change: &mut Change| {
            let mut deleted = 0;
            for (sql, before) in deletes {
                deleted += self.run(change, sqlx::query(sql).bind(before)).await?;
            }
            Ok(deleted)
        };
        self.database().change(run).await
    }

    /// Runs `query`; returns how many rows it changed.
    async fn run(
        &self,
        change: &mut Change,
        query: Query<'_, Any, AnyArguments>,
    ) -> Result<u64, AccessError> {
        let done = query.execute(change.connection()).await;
        Ok(done.map_err(|e| self.error(e))?.rows_affected())
    }

    /// Writes `act` by `actor` into the audit log as part of `change`; `detail` holds no secret.
    async fn note(
        &self,
        change: &mut Change,
        now: Timestamp,
        actor: String,
        act: &'static str,
        detail: serde_json::Value,
    ) -> Result<(), AccessError> {
        let noted = self.store.note_of(change, now, &actor, act, &detail).await;
        noted.map_err(AccessError::Store)
    }

    fn database(&self) -> &Database {
        self.store.database()
    }

    fn error(&self, e: sqlx::Error) -> AccessError {
        AccessError::Store(self.database().error(e))
    }
}
