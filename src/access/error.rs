//! Why somebody may not do something, or why it could not be done.

use super::{Permission, Role, WeakPassword};
use crate::store::StoreError;

/// Why something was refused; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Name, password or code: which one, an attacker need not know.
    #[error("name, password or code is wrong, or the user is disabled; try again")]
    LoginRefused,
    /// Too many failures before this one; nothing was looked at.
    #[error("too many failed attempts; try again in {wait_s} seconds")]
    Throttled {
        /// Seconds to wait, for `Retry-After`.
        wait_s: u64,
    },
    /// The password is right; a second factor is set up and was not given.
    #[error("enter the code of your authenticator app, or a recovery code")]
    CodeNeeded,
    /// More log-ins at once than this machine checks beside its calls.
    #[error("too many log-ins at once; try again in a moment")]
    Busy,
    /// No session, an ended one, or a token that is unknown, expired or revoked.
    #[error("log in first")]
    NotLoggedIn,
    /// This role, or this token, may not.
    #[error("needs the permission {0}; ask an administrator for a role or a token that has it")]
    Denied(Permission),
    /// The role demands a second factor that this user has not set up.
    #[error("set up a second factor first: your role ({0}) demands one")]
    EnrolFirst(Role),
    /// A token tried what only a person may.
    #[error("an API token may not do that; log in with a password")]
    SessionNeeded,
    /// No such user, session or token, or none of this user's.
    #[error("there is no {0} of that name or number")]
    NoSuch(&'static str),
    /// Names are given once, also after their user was removed.
    #[error("the name {0} is taken, or was a removed user's; choose another")]
    NameTaken(String),
    /// A value that cannot be kept.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What would be right.
        problem: String,
    },
    /// The password is too easy to guess.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// Somebody changed the user since it was read.
    #[error("the user was changed meanwhile: it is at version {version}; read it again")]
    Changed {
        /// Its version now.
        version: u64,
    },
    /// Somebody must be left who can let others in.
    #[error("this is the last administrator; make another one first")]
    LastAdministrator,
    /// Used, expired or never given.
    #[error(
        "this invitation is used or expired; ask an administrator for another, or run `spillway \
         users invite NAME`"
    )]
    BadInvitation,
    /// The code does not fit, or was used already.
    #[error("the code is wrong or was used already; wait for the next one")]
    BadCode,
    /// There is one already.
    #[error(
        "a second factor is set up; remove it first, with its code or a recovery code, or ask an \
         administrator to"
    )]
    SecondFactorSetUp,
    /// A scope that the token's owner has not.
    #[error("you have not the permission {0} yourself; leave it out")]
    ScopeTooWide(Permission),
    /// One row holds what no version wrote.
    #[error(
        "user {user}: {column}: the row was edited or damaged; correct it or put back a backup"
    )]
    Damaged {
        /// The user's name.
        user: String,
        /// The column.
        column: &'static str,
    },
    /// The hashing of passwords or codes fails.
    #[error("{0}; check the machine's memory and restart spillway")]
    Failed(String),
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}
