//! Who asks, and what that one may do.

use super::{AccessError, Permission, User};
use crate::ticket::Actor;
use serde::Serialize;
use std::collections::BTreeSet;

/// How somebody showed who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// By a session, of this number.
    Session(i64),
    /// By an API token, of this number.
    Token(i64),
}

/// Who asks, for the time of one request: a user, and what was allowed when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    user: User,
    via: Via,
    permissions: BTreeSet<Permission>,
    must_enrol: bool,
}

impl Principal {
    /// `scopes`: a token's. `must_enrol`: the role demands a second factor that is not set up.
    pub(super) fn new(
        user: User,
        via: Via,
        scopes: Option<&BTreeSet<Permission>>,
        must_enrol: bool,
    ) -> Principal {
        let mut permissions = user.profile.role.permissions(user.profile.personal_data);
        permissions.retain(|p| !must_enrol && scopes.is_none_or(|scopes| scopes.contains(p)));
        Principal { user, via, permissions, must_enrol }
    }

    /// The user.
    pub fn user(&self) -> &User {
        &self.user
    }

    /// How the user showed it.
    pub fn via(&self) -> Via {
        self.via
    }

    /// All that the user may do.
    pub fn permissions(&self) -> &BTreeSet<Permission> {
        &self.permissions
    }

    /// True while the user may only set up a second factor.
    pub fn must_enrol(&self) -> bool {
        self.must_enrol
    }

    /// Whether the user may.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// Refuses unless the user may.
    pub fn demand(&self, permission: Permission) -> Result<(), AccessError> {
        match (self.may(permission), self.must_enrol) {
            (true, _) => Ok(()),
            (false, true) => Err(AccessError::EnrolFirst(self.user.profile.role)),
            (false, false) => Err(AccessError::Denied(permission)),
        }
    }

    /// Refuses unless the user may, for a ticket of `hotline`. A hotline the user does not see is
    /// as if it were not there.
    pub fn demand_on(&self, permission: Permission, hotline: &str) -> Result<(), AccessError> {
        self.demand(permission)?;
        match self.user.profile.hotlines.include(hotline) {
            true => Ok(()),
            false => Err(AccessError::NoSuch("ticket")),
        }
    }

    /// The session's number; what a person alone may do is refused to tokens.
    pub(super) fn session(&self) -> Result<i64, AccessError> {
        match self.via {
            Via::Session(number) => Ok(number),
            Via::Token(_) => Err(AccessError::SessionNeeded),
        }
    }

    /// As the audit log names who acts.
    pub fn name_in_log(&self) -> String {
        match self.via {
            Via::Session(_) => self.user.actor(),
            Via::Token(number) => format!("{} token {number}", self.user.actor()),
        }
    }

    /// As who the user acts on tickets; `None` for who does not.
    pub fn actor(&self) -> Option<Actor> {
        let name = || self.user.name.to_string();
        if self.may(Permission::SuperviseTickets) {
            return Some(Actor::Supervisor(name()));
        }
        self.may(Permission::WorkTickets).then(|| Actor::Operator(name()))
    }
}

/// By whom users are managed.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// Somebody who is logged in.
    Principal(&'a Principal),
    /// Whoever may read the database's password: the command line on the server.
    Machine,
}

impl By<'_> {
    pub(super) fn demand(&self, permission: Permission) -> Result<(), AccessError> {
        match self {
            By::Principal(principal) => principal.demand(permission),
            By::Machine => Ok(()),
        }
    }

    /// As the audit log names who acts.
    pub(super) fn actor(&self) -> String {
        match self {
            By::Principal(principal) => principal.name_in_log(),
            By::Machine => "machine".into(),
        }
    }
}
