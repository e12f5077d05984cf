//! Roles and what each may do: one table, and nothing that is not in it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a user is in the call centre.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Calls callers back.
    Operator,
    /// Leads a shift: also acts on what others hold, listens in, exports.
    Supervisor,
    /// Of an oversight body: reads, and sees no personal data unless that is granted.
    Observer,
    /// Judges calls and improves the bot by them.
    Qa,
    /// Runs the system; sees callers' personal data no more than an observer does.
    Administrator,
}

impl Role {
    /// All, in the order of the table.
    pub const ALL: [Role; 5] =
        [Role::Operator, Role::Supervisor, Role::Observer, Role::Qa, Role::Administrator];

    /// As it is written in the database, the API and the audit log.
    pub fn name(self) -> &'static str {
        match self {
            Role::Operator => "operator",
            Role::Supervisor => "supervisor",
            Role::Observer => "observer",
            Role::Qa => "qa",
            Role::Administrator => "administrator",
        }
    }

    /// The role of this name.
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|r| r.name() == name)
    }

    /// What this role may do; `personal_data`: it was granted to this user.
    pub fn permissions(self, personal_data: bool) -> BTreeSet<Permission> {
        let granted = |p: &Permission| *p == Permission::SeePersonalData && personal_data;
        let all = Permission::ALL.into_iter();
        all.filter(|p| p.roles().contains(&self) || granted(p)).collect()
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that may be done; also the scope of an API token. What belongs to a user alone (the
/// own password, sessions, tokens, second factor, presence) needs none.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
pub enum Permission {
    /// Read tickets, their history and the queue.
    #[serde(rename = "tickets:read")]
    ReadTickets,
    /// Claim, ring, correct, schedule, refer and finish tickets.
    #[serde(rename = "tickets:work")]
    WorkTickets,
    /// Act on tickets that others hold; merge, reopen, escalate.
    #[serde(rename = "tickets:supervise")]
    SuperviseTickets,
    /// Take tickets out as files.
    #[serde(rename = "tickets:export")]
    ExportTickets,
    /// Bring tickets in from files.
    #[serde(rename = "tickets:import")]
    ImportTickets,
    /// See callers' names, numbers, addresses and words; without it they are masked.
    #[serde(rename = "personal_data:read")]
    SeePersonalData,
    /// Hear the recordings and clips.
    #[serde(rename = "recordings:listen")]
    HearRecordings,
    /// Hold recordings back from deletion, and lift that.
    #[serde(rename = "recordings:hold")]
    HoldRecordings,
    /// Erase what is kept of a caller, at the caller's request.
    #[serde(rename = "callers:erase")]
    EraseCallers,
    /// See running calls with their transcripts, agents and queue.
    #[serde(rename = "calls:watch")]
    WatchCalls,
    /// Listen in on running calls.
    #[serde(rename = "calls:listen")]
    ListenIn,
    /// Replay, score and mark calls; make fixtures of them.
    #[serde(rename = "calls:review")]
    ReviewCalls,
    /// Read statistics and ratings.
    #[serde(rename = "statistics:read")]
    ReadStatistics,
    /// Tell how many calls agents answered, as the PBX does.
    #[serde(rename = "statistics:report")]
    ReportStatistics,
    /// Read hotlines, packs, configuration and health.
    #[serde(rename = "system:read")]
    ReadSystem,
    /// Change retention, webhooks and what else is set while running.
    #[serde(rename = "system:manage")]
    ManageSystem,
    /// Read the audit log.
    #[serde(rename = "audit:read")]
    ReadAudit,
    /// Add, change, disable and remove users; end their sessions and tokens.
    #[serde(rename = "users:manage")]
    ManageUsers,
}

impl Permission {
    /// All, in the order of the table.
    pub const ALL: [Permission; 18] = [
        Permission::ReadTickets,
        Permission::WorkTickets,
        Permission::SuperviseTickets,
        Permission::ExportTickets,
        Permission::ImportTickets,
        Permission::SeePersonalData,
        Permission::HearRecordings,
        Permission::HoldRecordings,
        Permission::EraseCallers,
        Permission::WatchCalls,
        Permission::ListenIn,
        Permission::ReviewCalls,
        Permission::ReadStatistics,
        Permission::ReportStatistics,
        Permission::ReadSystem,
        Permission::ManageSystem,
        Permission::ReadAudit,
        Permission::ManageUsers,
    ];

    /// The table. Who decides that data be erased is not who could hide traces by it: erasing is
    /// the supervisor's, the audit log and the users are the administrator's.
    const fn roles(self) -> &'static [Role] {
        use Role::{Administrator, Observer, Operator, Qa, Supervisor};
        match self {
            Permission::ReadTickets => &[Operator, Supervisor, Observer, Qa, Administrator],
            Permission::WorkTickets => &[Operator, Supervisor],
            Permission::SuperviseTickets => &[Supervisor],
            Permission::ExportTickets => &[Supervisor],
            Permission::ImportTickets => &[Supervisor],
            Permission::SeePersonalData => &[Operator, Supervisor, Qa],
            Permission::HearRecordings => &[Operator, Supervisor, Qa],
            Permission::HoldRecordings => &[Supervisor],
            Permission::EraseCallers => &[Supervisor],
            Permission::WatchCalls => &[Supervisor],
            Permission::ListenIn => &[Supervisor],
            Permission::ReviewCalls => &[Supervisor, Qa],
            Permission::ReadStatistics => &[Supervisor, Observer, Qa, Administrator],
            Permission::ReportStatistics => &[Supervisor, Administrator],
            Permission::ReadSystem => &[Administrator],
            Permission::ManageSystem => &[Administrator],
            Permission::ReadAudit => &[Observer, Administrator],
            Permission::ManageUsers => &[Administrator],
        }
    }

    /// As a scope: `tickets:read`.
    pub fn name(self) -> &'static str {
        match self {
            Permission::ReadTickets => "tickets:read",
            Permission::WorkTickets => "tickets:work",
            Permission::SuperviseTickets => "tickets:supervise",
            Permission::ExportTickets => "tickets:export",
            Permission::ImportTickets => "tickets:import",
            Permission::SeePersonalData => "personal_data:read",
            Permission::HearRecordings => "recordings:listen",
            Permission::HoldRecordings => "recordings:hold",
            Permission::EraseCallers => "callers:erase",
            Permission::WatchCalls => "calls:watch",
            Permission::ListenIn => "calls:listen",
            Permission::ReviewCalls => "calls:review",
            Permission::ReadStatistics => "statistics:read",
            Permission::ReportStatistics => "statistics:report",
            Permission::ReadSystem => "system:read",
            Permission::ManageSystem => "system:manage",
            Permission::ReadAudit => "audit:read",
            Permission::ManageUsers => "users:manage",
        }
    }

    /// The permission of this name.
    pub fn named(name: &str) -> Option<Permission> {
        Permission::ALL.into_iter().find(|p| p.name() == name)
    }
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        let head = Role::ALL.map(|r| format!("{:<14}", r.name())).concat();
        let mut table = format!("{:<19}{}\n", "", head.trim_end());
        for permission in Permission::ALL {
            let of = |r: Role| r.permissions(false).contains(&permission);
            let marks = Role::ALL.map(|r| format!("{:<14}", if of(r) { "yes" } else { "-" }));
            table += &format!("{:<19}{}\n", permission.name(), marks.concat().trim_end());
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn names_are_one_thing_everywhere() {
        let quoted = |name: &str| serde_json::Value::from(name);
        for role in Role::ALL {
            assert_eq!(Role::named(role.name()), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), quoted(role.name()));
        }
        for permission in Permission::ALL {
            assert_eq!(Permission::named(permission.name()), Some(permission));
            assert_eq!(serde_json::to_value(permission).unwrap(), quoted(permission.name()));
        }
        let distinct: BTreeSet<_> = Permission::ALL.iter().map(|p| p.name()).collect();
        assert_eq!(distinct.len(), Permission::ALL.len());
        assert_eq!(Role::named("Operator"), None);
        assert_eq!(Permission::named("*"), None);
    }

    #[test]
    fn a_grant_adds_one_thing_and_an_observer_only_reads() {
        for role in Role::ALL {
            let more: BTreeSet<_> = role.permissions(true);
            let added: Vec<_> = more.difference(&role.permissions(false)).copied().collect();
            assert!(added.is_empty() || added == [Permission::SeePersonalData], "{role}");
        }
        let reads = |p: &Permission| p.name().ends_with(":read");
        assert!(Role::Observer.permissions(true).iter().all(reads));
    }
}
