//! The second factor: codes of an authenticator app (TOTP, RFC 6238) and recovery codes.

use super::secret::digest_of;
use super::user::UserRow;
use super::{
    Access, AccessError, By, Password, Permission, Principal, Role, Secret, User, UserName,
};
use crate::config::SecondFactorConfig;
use crate::store::Change;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use totp_rs::{Algorithm, Builder, Totp};

/// How many recovery codes are given at once.
pub const RECOVERY_CODES: usize = 10;
/// Of one code: 120 bits. NIST SP 800-63B, 3.1.2.2 lets look-up secrets from 112 bits on be kept
/// as a plain hash.
const RECOVERY_BYTES: usize = 15;
/// RFC 4226, 4, R6: 160 bits are recommended.
const SECRET_BYTES: usize = 20;
/// Who is named in the app beside the user.
const ISSUER: &str = "Spillway";

/// What an authenticator app needs to know; shown once, as a QR code of `url` or to be typed in.
#[derive(Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Enrolment {
    /// The secret, in base 32.
    pub secret: String,
    /// The same for the app, as `otpauth://totp/...`.
    pub url: String,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Enrolment")
    }
}

/// Whether the configuration demands a second factor of `user`.
pub(super) fn demanded(config: &SecondFactorConfig, user: &User) -> bool {
    match user.profile.role {
        Role::Operator => config.operator,
        Role::Supervisor => config.supervisor,
        Role::Observer => config.observer,
        Role::Qa => config.qa,
        Role::Administrator => config.administrator,
    }
}

/// The generator every authenticator app understands: SHA-1, six digits, 30 seconds; a code of the
/// step before or after is taken too (RFC 6238, 5.2: at most one for the network's delay).
fn generator(secret: totp_rs::Secret, name: &str) -> Result<Totp, AccessError> {
    let builder = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(30)
        .with_skew(1)
        .with_secret(secret)
        .with_account_name(name)
        .with_issuer(Some(ISSUER));
    builder.build().map_err(|e| AccessError::Failed(format!("TOTP refuses its parameters: {e}")))
}

/// The step whose code `code` is, if it is after `last`: RFC 6238, 5.2 has each taken once.
fn fresh_step(totp: &Totp, code: &str, last: i64, now: Timestamp) -> Option<i64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let step = totp.check(&code, u64::try_from(now.as_second()).ok()?)?;
    i64::try_from(step).ok().filter(|step| *step > last)
}

/// A recovery code's digest; hyphens, spaces and case do not matter.
fn recovery_digest(code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    digest_of("recovery", &plain.to_ascii_uppercase())
}

fn recovery_code() -> String {
    let code = totp_rs::Secret::from(rand::random::<[u8; RECOVERY_BYTES]>()).to_base32();
    let groups: Vec<&str> = (0..code.len()).step_by(4).filter_map(|i| code.get(i..i + 4)).collect();
    groups.join("-")
}

impl Access {
    /// Begins to set up a second factor for who asks and knows the password; it counts from
    /// [`Access::confirm_second_factor`] on. Refused where one is set up: who knows the password
    /// alone does not get to replace it.
    pub async fn begin_second_factor(
        &self,
        by: &Principal,
        password: &Password,
        now: Timestamp,
    ) -> Result<Enrolment, AccessError> {
        self.confirm_password(by, password, now).await?;
        let name = &by.user().name;
        let secret = totp_rs::Secret::from(rand::random::<[u8; SECRET_BYTES]>());
        let base32 = secret.to_base32();
        let totp = generator(secret, name.as_str())?;
        let url =
            totp.to_url().map_err(|e| AccessError::Failed(format!("no TOTP address: {e}")))?;
        let sql = "UPDATE users SET totp_pending = $1 WHERE name = $2 AND totp IS NULL";
        let query = sqlx::query(sql).bind(base32.clone()).bind(name.to_string());
        let run = async |change: &mut Change| self.run(change, query).await;
        match self.database().change(run).await? {
            0 => Err(AccessError::SecondFactorSetUp),
            _ => Ok(Enrolment { secret: base32, url }),
        }
    }

    /// Completes it, with a code that shows that the app has the secret. All the user's sessions
    /// end; with the secret of the one that goes on come the recovery codes, to be shown once.
    pub async fn confirm_second_factor(
        &self,
        by: &Principal,
        code: &str,
        now: Timestamp,
    ) -> Result<(Secret, Vec<String>), AccessError> {
        let session = by.session()?;
        let name = &by.user().name;
        let run = async |change: &mut Change| {
            let (row, user) = self.locked_user(change, name).await?;
            let pending = row.totp_pending.clone().ok_or(AccessError::BadCode)?;
            let totp = self.kept_generator(&row, &pending)?;
            let step = fresh_step(&totp, code, 0, now).ok_or(AccessError::BadCode)?;
            let sql = "UPDATE users SET totp = totp_pending, totp_pending = NULL, \
                 totp_step = $1, version = version + 1, updated_at = $2 WHERE name = $3";
            let query = sqlx::query(sql).bind(step).bind(now.as_millisecond());
            self.run(change, query.bind(name.to_string())).await?;
            let codes = self.new_recovery_codes(change, name).await?;
            let detail = json!({ "user": name });
            self.note(change, now, user.actor(), "second_factor_set_up", detail).await?;
            Ok((self.rotate(change, name, session, now).await?, codes))
        };
        self.database().change(run).await
    }

    /// Takes the user's own second factor away, for who knows password and code; wrong codes count
    /// as wrong passwords do.
    pub async fn drop_second_factor(
        &self,
        by: &Principal,
        password: &Password,
        code: &str,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        let (_, guesses) = self.charged_password(by, password, now).await?;
        let name = &by.user().name;
        let run = async |change: &mut Change| {
            let (row, user) = self.locked_user(change, name).await?;
            if row.totp.is_none() {
                return Err(AccessError::NoSuch("second factor"));
            }
            if !self.take_code(change, &row, code, now).await? {
                return Err(AccessError::BadCode);
            }
            self.clear_second_factor(change, name, user.actor(), now).await
        };
        self.database().change(run).await?;
        self.forgive(&guesses).await
    }

    /// Takes a user's second factor away, who lost phone and recovery codes; ends the sessions.
    pub async fn reset_second_factor(
        &self,
        by: By<'_>,
        name: &UserName,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        by.demand(Permission::ManageUsers)?;
        let run = async |change: &mut Change| {
            self.locked_user(change, name).await?;
            self.lock_out(change, name).await?;
            self.clear_second_factor(change, name, by.actor(), now).await
        };
        self.database().change(run).await
    }

    /// Whether `code` is good now, for the user of the locked `row`; then it is used up.
    pub(super) async fn take_code(
        &self,
        change: &mut Change,
        row: &UserRow,
        code: &str,
        now: Timestamp,
    ) -> Result<bool, AccessError> {
        let Some(secret) = &row.totp else { return Ok(false) };
        let totp = self.kept_generator(row, secret)?;
        if let Some(step) = fresh_step(&totp, code, row.totp_step, now) {
            let sql = "UPDATE users SET totp_step = $1 WHERE name = $2";
            self.run(change, sqlx::query(sql).bind(step).bind(row.name.clone())).await?;
            return Ok(true);
        }
        let sql = "DELETE FROM recovery_codes WHERE user_name = $1 AND digest = $2";
        let query = sqlx::query(sql).bind(row.name.clone()).bind(recovery_digest(code));
        let used = self.run(change, query).await? == 1;
        if used {
            let detail = json!({ "user": row.name });
            self.note(change, now, "nobody".into(), "recovery_code_used", detail).await?;
        }
        Ok(used)
    }

    async fn new_recovery_codes(
        &self,
        change: &mut Change,
        name: &UserName,
    ) -> Result<Vec<String>, AccessError> {
        let sql = "DELETE FROM recovery_codes WHERE user_name = $1";
        self.run(change, sqlx::query(sql).bind(name.to_string())).await?;
        let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
        for code in &codes {
            let sql = "INSERT INTO recovery_codes (user_name, digest) VALUES ($1, $2)";
            let query = sqlx::query(sql).bind(name.to_string()).bind(recovery_digest(code));
            self.run(change, query).await?;
        }
        Ok(codes)
    }

    async fn clear_second_factor(
        &self,
        change: &mut Change,
        name: &UserName,
        actor: String,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        let sql = "DELETE FROM recovery_codes WHERE user_name = $1";
        self.run(change, sqlx::query(sql).bind(name.to_string())).await?;
        let sql = "UPDATE users SET totp = NULL, totp_pending = NULL, version = version + 1, \
             updated_at = $1 WHERE name = $2";
        let query = sqlx::query(sql).bind(now.as_millisecond()).bind(name.to_string());
        self.run(change, query).await?;
        self.note(change, now, actor, "second_factor_removed", json!({ "user": name })).await
    }

    fn kept_generator(&self, row: &UserRow, base32: &str) -> Result<Totp, AccessError> {
        let damaged = |_| AccessError::Damaged { user: row.name.clone(), column: "totp" };
        generator(totp_rs::Secret::try_from_base32(base32).map_err(damaged)?, &row.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rfc() -> Totp {
        generator(totp_rs::Secret::from(b"12345678901234567890".to_vec()), "anna").unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// RFC 6238, appendix B; of its eight digits the last six.
    #[test]
    fn vectors() {
        let check = |second: i64, code: &str| {
            assert_eq!(fresh_step(&rfc(), code, 0, at(second)), Some(second / 30), "{code}");
        };
        check(59, "287082");
        check(1_111_111_109, "081804");
        check(1_111_111_111, "050471");
        check(1_234_567_890, "005924");
        check(2_000_000_000, "279037");
        check(20_000_000_000, "353130");
    }

    #[test]
    fn a_code_is_good_once_and_for_a_minute_and_a_half() {
        let check = |second: i64, code: &str, last: i64, want: Option<i64>| {
            assert_eq!(fresh_step(&rfc(), code, last, at(second)), want, "{second} {code:?}");
        };
        check(1_234_567_890, "005924", 41_152_262, Some(41_152_263));
        check(1_234_567_890, "005924", 41_152_263, None);
        check(1_234_567_890 + 30, "005 924", 0, Some(41_152_263));
        check(1_234_567_890 - 30, "005924", 0, Some(41_152_263));
        check(1_234_567_890 + 60, "005924", 0, None);
        check(1_234_567_890 - 60, "005924", 0, None);
        for bad in ["", "5924", "0005924", "00592a", "٠٠٥٩٢٤"] {
            check(1_234_567_890, bad, 0, None);
        }
    }

    #[test]
    fn recovery_codes() {
        let code = recovery_code();
        assert_eq!((code.len(), code.split('-').count()), (29, 6), "{code}");
        let typed = code.to_lowercase().replace('-', " ");
        assert_eq!(recovery_digest(&typed), recovery_digest(&code));
        assert_ne!(recovery_code(), code);
    }

    proptest! {
        #[test]
        fn anything_may_come_in(code in ".{0,12}", second in 0i64..4_000_000_000) {
            let step = fresh_step(&rfc(), &code, 0, at(second));
            prop_assert!(step.is_none_or(|s| (second / 30 - s).abs() <= 1));
        }
    }
}
