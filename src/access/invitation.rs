//! Passwords are chosen by who uses them: by an invitation, or by who knows the one before.

use super::password::Line;
use super::throttle::Subject;
use super::{
    Access, AccessError, By, Hotlines, Password, Permission, Principal, Profile, Role, Secret,
    SecretKind, User, UserName, UserStatus,
};
use crate::store::Change;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::BTreeSet;

/// How long an invitation is good for: over a long weekend.
pub const INVITATION_LIFE: SignedDuration = SignedDuration::from_hours(96);

impl Access {
    /// The secret by which the first administrator is made ([`Access::first_administrator`]), for
    /// `spillway serve` to print; `None` once there are users.
    pub async fn set_up_secret(&self, now: Timestamp) -> Result<Option<Secret>, AccessError> {
        let run = async |change: &mut Change| {
            self.managing(change).await?;
            if self.has_users(change).await? {
                return Ok(None);
            }
            self.insert_invitation(change, None, now).await.map(Some)
        };
        self.database().change(run).await
    }

    /// Makes the first user, an administrator.
    pub async fn first_administrator(
        &self,
        secret: &Secret,
        name: &UserName,
        display_name: &str,
        password: &Password,
        now: Timestamp,
    ) -> Result<User, AccessError> {
        let profile = Profile {
            display_name: display_name.to_string(),
            role: Role::Administrator,
            languages: BTreeSet::new(),
            hotlines: Hotlines::All,
            personal_data: false,
            extension: String::new(),
        };
        profile.check()?;
        password.check(&[name.as_str(), display_name])?;
        self.invited(secret, now).await?;
        let kept = self.hasher.hash(password).await?;
        let run = async |change: &mut Change| {
            self.managing(change).await?;
            if self.has_users(change).await?
                || self.take_invitation(change, secret, now).await?.is_some()
            {
                return Err(AccessError::BadInvitation);
            }
            self.run(change, sqlx::query("DELETE FROM invitations")).await?;
            self.insert_user(change, name, &profile, now).await?;
            self.write_password(change, name, &kept, now).await?;
            let detail = json!({ "user": name, "role": profile.role });
            self.note(change, now, "machine".into(), "user_added", detail).await?;
            Ok(self.locked_user(change, name).await?.1)
        };
        self.database().change(run).await
    }

    /// Invites a user to choose a new password, after the old one was forgotten; the old one holds
    /// until then. Earlier invitations are void.
    pub async fn invite(
        &self,
        by: By<'_>,
        name: &UserName,
        now: Timestamp,
    ) -> Result<Secret, AccessError> {
        by.demand(Permission::ManageUsers)?;
        let run = async |change: &mut Change| {
            self.locked_user(change, name).await?;
            let void = sqlx::query("DELETE FROM invitations WHERE user_name = $1");
            self.run(change, void.bind(name.to_string())).await?;
            self.note(change, now, by.actor(), "user_invited", json!({ "user": name })).await?;
            self.insert_invitation(change, Some(name), now).await
        };
        self.database().change(run).await
    }

    /// Chooses the password of whom `secret` invited; ends the user's sessions. The secret that
    /// comes back is for the device's cookie: who chose the password is no stranger.
    pub async fn accept(
        &self,
        secret: &Secret,
        password: &Password,
        now: Timestamp,
    ) -> Result<(UserName, Secret), AccessError> {
        let name = self.invited(secret, now).await?.ok_or(AccessError::BadInvitation)?;
        let name = UserName::parse(&name)?;
        let row = self.found(&name).await?.ok_or(AccessError::BadInvitation)?;
        let user = row.user()?.ok_or(AccessError::BadInvitation)?;
        password.check(&[name.as_str(), &user.profile.display_name])?;
        let kept = self.hasher.hash(password).await?;
        let run = async |change: &mut Change| {
            let (_, user) = self.locked_user(change, &name).await?;
            let invited = self.take_invitation(change, secret, now).await?;
            if invited.as_deref() != Some(name.as_str()) || user.status == UserStatus::Disabled {
                return Err(AccessError::BadInvitation);
            }
            self.lock_out(change, &name).await?;
            self.write_password(change, &name, &kept, now).await?;
            let detail = json!({ "user": name, "by": "invitation" });
            self.note(change, now, user.actor(), "password_chosen", detail).await?;
            self.insert_device(change, &name, now).await
        };
        self.database().change(run).await.map(|device| (name.clone(), device))
    }

    /// Chooses another password for who knows the one before; ends all the user's sessions. The
    /// secret is that of the session that goes on.
    pub async fn change_password(
        &self,
        by: &Principal,
        old: &Password,
        new: &Password,
        now: Timestamp,
    ) -> Result<Secret, AccessError> {
        let session = by.session()?;
        let name = &by.user().name;
        new.check(&[name.as_str(), &by.user().profile.display_name])?;
        let known = self.confirm_password(by, old, now).await?;
        let kept = self.hasher.hash(new).await?;
        let run = async |change: &mut Change| {
            let (row, user) = self.locked_user(change, name).await?;
            if row.password.as_deref() != Some(known.as_str()) {
                return Err(AccessError::LoginRefused);
            }
            self.write_password(change, name, &kept, now).await?;
            let detail = json!({ "user": name, "by": "password" });
            self.note(change, now, user.actor(), "password_chosen", detail).await?;
            self.rotate(change, name, session, now).await
        };
        self.database().change(run).await
    }

    /// Demands the password of who is logged in already, and gives what is kept of it. Counted by
    /// itself: who took over a session does not get to guess.
    pub(super) async fn confirm_password(
        &self,
        by: &Principal,
        password: &Password,
        now: Timestamp,
    ) -> Result<String, AccessError> {
        let (kept, guesses) = self.charged_password(by, password, now).await?;
        self.forgive(&guesses).await?;
        Ok(kept)
    }

    /// As [`Access::confirm_password`], where more than the password has to be right before the
    /// attempt is forgiven.
    pub(super) async fn charged_password(
        &self,
        by: &Principal,
        password: &Password,
        now: Timestamp,
    ) -> Result<(String, Subject), AccessError> {
        by.session()?;
        let name = &by.user().name;
        let guesses = Subject::confirmation(name.as_str());
        self.charge(&guesses, now).await?;
        let row = self.found(name).await?.ok_or(AccessError::NotLoggedIn)?;
        let verified = self.hasher.verify(password, row.password.as_deref(), Line::Known).await?;
        let kept = row.password.filter(|_| verified.matches);
        kept.map(|kept| (kept, guesses)).ok_or(AccessError::LoginRefused)
    }

    pub(super) async fn insert_invitation(
        &self,
        change: &mut Change,
        name: Option<&UserName>,
        now: Timestamp,
    ) -> Result<Secret, AccessError> {
        let secret = Secret::new(SecretKind::Invitation);
        let sql = "INSERT INTO invitations (digest, user_name, expires_at) VALUES ($1, $2, $3)";
        let expires_at = now.as_millisecond() + INVITATION_LIFE.as_millis() as i64;
        let query = sqlx::query(sql).bind(secret.digest()).bind(name.map(UserName::to_string));
        self.run(change, query.bind(expires_at)).await?;
        Ok(secret)
    }

    /// Whom `secret` invites; looked up before anything is hashed for it.
    async fn invited(
        &self,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Option<String>, AccessError> {
        let sql = "SELECT user_name FROM invitations WHERE digest = $1 AND expires_at > $2";
        let query = sqlx::query_scalar(sql).bind(secret.digest()).bind(now.as_millisecond());
        let found =
            query.fetch_optional(self.database().pool()).await.map_err(|e| self.error(e))?;
        found.ok_or(AccessError::BadInvitation)
    }

    /// Whom `secret` invited; it is used up.
    async fn take_invitation(
        &self,
        change: &mut Change,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Option<String>, AccessError> {
        let sql = "DELETE FROM invitations WHERE digest = $1 AND expires_at > $2 \
             RETURNING user_name";
        let query = sqlx::query_scalar(sql).bind(secret.digest()).bind(now.as_millisecond());
        let taken = query.fetch_optional(change.connection()).await.map_err(|e| self.error(e))?;
        taken.ok_or(AccessError::BadInvitation)
    }

    async fn has_users(&self, change: &mut Change) -> Result<bool, AccessError> {
        let query = sqlx::query("SELECT 1 FROM users LIMIT 1");
        let found = query.fetch_optional(change.connection()).await.map_err(|e| self.error(e))?;
        Ok(found.is_some())
    }

    async fn write_password(
        &self,
        change: &mut Change,
        name: &UserName,
        kept: &str,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        let sql = "UPDATE users SET password = $1, version = version + 1, updated_at = $2 \
             WHERE name = $3";
        let query = sqlx::query(sql).bind(kept.to_string()).bind(now.as_millisecond());
        self.run(change, query.bind(name.to_string())).await?;
        Ok(())
    }
}
