//! Users: listing, adding, changing, disabling, removing.

use super::user::{SELECT, UserRow};
use super::{
    Access, AccessError, By, Permission, Profile, Role, Secret, User, UserName, UserStatus,
};
use crate::store::Change;
use jiff::Timestamp;
use serde_json::json;
use sqlx::AssertSqlSafe;

/// The lock under which users are managed, one change at a time, so that two administrators do
/// not remove each other: any number that no other change uses.
const MANAGING: i64 = 0x0acce55;

impl Access {
    /// All users, by name.
    pub async fn users(&self, by: By<'_>) -> Result<Vec<User>, AccessError> {
        by.demand(Permission::ManageUsers)?;
        let sql = format!("{SELECT} WHERE status <> 'removed' ORDER BY name");
        let query = sqlx::query_as::<_, UserRow>(AssertSqlSafe(sql));
        let rows = query.fetch_all(self.database().pool()).await.map_err(|e| self.error(e))?;
        rows.iter().filter_map(|row| row.user().transpose()).collect()
    }

    /// One user.
    pub async fn user(&self, by: By<'_>, name: &UserName) -> Result<User, AccessError> {
        by.demand(Permission::ManageUsers)?;
        let row = self.found(name).await?;
        row.map(|row| row.user()).transpose()?.flatten().ok_or(AccessError::NoSuch("user"))
    }

    /// Adds a user; with the secret that comes with it the user chooses a password
    /// ([`Access::accept`]).
    pub async fn add_user(
        &self,
        by: By<'_>,
        name: &UserName,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<(User, Secret), AccessError> {
        by.demand(Permission::ManageUsers)?;
        profile.check()?;
        let run = async |change: &mut Change| {
            self.managing(change).await?;
            self.insert_user(change, name, profile, now).await?;
            let detail = json!({ "user": name, "role": profile.role });
            self.note(change, now, by.actor(), "user_added", detail).await?;
            let secret = self.insert_invitation(change, Some(name), now).await?;
            Ok((self.locked_user(change, name).await?.1, secret))
        };
        self.database().change(run).await
    }

    /// Replaces a user's profile; with `if_version` only at that version of it. A change of role
    /// or grant ends the user's sessions: no session's secret is worth more than when it was made.
    pub async fn change_user(
        &self,
        by: By<'_>,
        name: &UserName,
        profile: &Profile,
        if_version: Option<u64>,
        now: Timestamp,
    ) -> Result<User, AccessError> {
        by.demand(Permission::ManageUsers)?;
        profile.check()?;
        let run = async |change: &mut Change| {
            self.managing(change).await?;
            let (_, user) = self.locked_user(change, name).await?;
            if let Some(version) = if_version
                && version != user.version
            {
                return Err(AccessError::Changed { version: user.version });
            }
            if profile.role != Role::Administrator {
                self.spare_last_administrator(change, &user).await?;
            }
            self.write_profile(change, name, profile, now).await?;
            let before = &user.profile;
            let rights = |p: &Profile| (p.role, p.personal_data);
            if rights(before) != rights(profile) {
                self.end_all_sessions(change, name).await?;
            }
            let detail = json!({
                "user": name, "role": profile.role, "role_before": before.role,
                "hotlines": profile.hotlines, "personal_data": profile.personal_data,
            });
            self.note(change, now, by.actor(), "user_changed", detail).await?;
            Ok(self.locked_user(change, name).await?.1)
        };
        self.database().change(run).await
    }

    /// Keeps a user out at once, sessions and tokens too, or lets the user in again.
    pub async fn set_disabled(
        &self,
        by: By<'_>,
        name: &UserName,
        disabled: bool,
        now: Timestamp,
    ) -> Result<User, AccessError> {
        by.demand(Permission::ManageUsers)?;
        let (status, act) = match disabled {
            true => ("disabled", "user_disabled"),
            false => ("active", "user_enabled"),
        };
        let run = async |change: &mut Change| {
            self.managing(change).await?;
            let (_, user) = self.locked_user(change, name).await?;
            if disabled {
                self.spare_last_administrator(change, &user).await?;
                self.lock_out(change, name).await?;
            }
            let sql = "UPDATE users SET status = $1, version = version + 1, updated_at = $2 \
                 WHERE name = $3";
            let query = sqlx::query(sql).bind(status).bind(now.as_millisecond());
            self.run(change, query.bind(name.to_string())).await?;
            self.note(change, now, by.actor(), act, json!({ "user": name })).await?;
            Ok(self.locked_user(change, name).await?.1)
        };
        self.database().change(run).await
    }

    /// Removes a user: nothing is left but the name, which is in the audit log and on tickets and
    /// is not given again.
    pub async fn remove_user(
        &self,
        by: By<'_>,
        name: &UserName,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        by.demand(Permission::ManageUsers)?;
        let run = async |change: &mut Change| {
            self.managing(change).await?;
            let (_, user) = self.locked_user(change, name).await?;
            self.spare_last_administrator(change, &user).await?;
            self.lock_out(change, name).await?;
            for table in ["api_tokens", "recovery_codes"] {
                let sql = format!("DELETE FROM {table} WHERE user_name = $1");
                self.run(change, sqlx::query(AssertSqlSafe(sql)).bind(name.to_string())).await?;
            }
            let sql = "UPDATE users SET status = 'removed', display_name = '', languages = '[]', \
                 hotlines = '{\"only\":[]}', personal_data = 0, extension = '', password = NULL, \
                 totp = NULL, totp_pending = NULL, version = version + 1, updated_at = $1 \
                 WHERE name = $2";
            let query = sqlx::query(sql).bind(now.as_millisecond()).bind(name.to_string());
            self.run(change, query).await?;
            self.note(change, now, by.actor(), "user_removed", json!({ "user": name })).await
        };
        self.database().change(run).await
    }

    /// Lets one change of users run at a time.
    pub(super) async fn managing(&self, change: &mut Change) -> Result<(), AccessError> {
        change.alone(MANAGING).await.map_err(|e| self.error(e))
    }

    pub(super) async fn insert_user(
        &self,
        change: &mut Change,
        name: &UserName,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        let sql = "INSERT INTO users (name, display_name, role, languages, hotlines, \
             personal_data, status, totp_step, version, created_at, updated_at) \
             VALUES ($1, '', $2, '[]', '[]', 0, 'active', 0, 0, $3, $3) ON CONFLICT DO NOTHING";
        let query = sqlx::query(sql).bind(name.to_string()).bind(profile.role.name());
        match self.run(change, query.bind(now.as_millisecond())).await? {
            0 => Err(AccessError::NameTaken(name.to_string())),
            _ => self.write_profile(change, name, profile, now).await,
        }
    }

    async fn write_profile(
        &self,
        change: &mut Change,
        name: &UserName,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        let sql = "UPDATE users SET display_name = $1, role = $2, languages = $3, hotlines = $4, \
             personal_data = $5, extension = $6, version = version + 1, updated_at = $7 \
             WHERE name = $8";
        let query = sqlx::query(sql)
            .bind(profile.display_name.trim().to_string())
            .bind(profile.role.name())
            .bind(json!(profile.languages).to_string())
            .bind(json!(profile.hotlines).to_string())
            .bind(i64::from(profile.personal_data))
            .bind(profile.extension.clone())
            .bind(now.as_millisecond())
            .bind(name.to_string());
        self.run(change, query).await?;
        Ok(())
    }

    /// The row of `name`, removed or not.
    pub(super) async fn found(&self, name: &UserName) -> Result<Option<UserRow>, AccessError> {
        let query = sqlx::query_as(AssertSqlSafe(format!("{SELECT} WHERE name = $1")));
        let query = query.bind(name.to_string());
        query.fetch_optional(self.database().pool()).await.map_err(|e| self.error(e))
    }

    /// The user `name` and the row, which nobody else changes meanwhile.
    pub(super) async fn locked_user(
        &self,
        change: &mut Change,
        name: &UserName,
    ) -> Result<(UserRow, User), AccessError> {
        let sql = change.locking(&format!("{SELECT} WHERE name = $1"));
        let query = sqlx::query_as::<_, UserRow>(sql).bind(name.to_string());
        let row = query.fetch_optional(change.connection()).await.map_err(|e| self.error(e))?;
        let row = row.ok_or(AccessError::NoSuch("user"))?;
        let user = row.user()?.ok_or(AccessError::NoSuch("user"))?;
        Ok((row, user))
    }

    /// Ends what lets `name` in without a password: sessions, known devices, invitations.
    pub(super) async fn lock_out(
        &self,
        change: &mut Change,
        name: &UserName,
    ) -> Result<(), AccessError> {
        for sql in [
            "DELETE FROM sessions WHERE user_name = $1",
            "DELETE FROM devices WHERE user_name = $1",
            "DELETE FROM invitations WHERE user_name = $1",
        ] {
            self.run(change, sqlx::query(sql).bind(name.to_string())).await?;
        }
        Ok(())
    }

    /// Refuses when nobody but `user` can let others in.
    async fn spare_last_administrator(
        &self,
        change: &mut Change,
        user: &User,
    ) -> Result<(), AccessError> {
        if user.profile.role != Role::Administrator || user.status != UserStatus::Active {
            return Ok(());
        }
        let sql = "SELECT count(*) FROM users WHERE role = 'administrator' AND \
             status = 'active' AND password IS NOT NULL AND name <> $1";
        let query = sqlx::query_scalar(sql).bind(user.name.to_string());
        let others: i64 = query.fetch_one(change.connection()).await.map_err(|e| self.error(e))?;
        if others == 0 { Err(AccessError::LastAdministrator) } else { Ok(()) }
    }
}
