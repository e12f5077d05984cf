//! A user, and the row that keeps one.

use super::{AccessError, Role};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use std::collections::BTreeSet;
use utoipa::openapi::schema::{Array, ObjectBuilder, Type};

const NAME_CHARS_MAX: usize = 64;
const DISPLAY_NAME_CHARS_MAX: usize = 100;
/// Characters of an extension.
const EXTENSION_CHARS_MAX: usize = 32;
const LIST_MAX: usize = 200;

/// The name to log in with: lower-case ASCII, so that no two look alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
pub struct UserName(String);

impl UserName {
    /// Reads a name as typed; case and white space around it are not told apart.
    pub fn parse(typed: &str) -> Result<UserName, AccessError> {
        let name = typed.trim().to_ascii_lowercase();
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-_+@".contains(c);
        let letter = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !letter || name.len() > NAME_CHARS_MAX || !name.chars().all(plain) {
            let problem = "use 1 to 64 of a-z, 0-9 and .-_+@, a letter or digit first";
            return Err(AccessError::Invalid { field: "name", problem: problem.into() });
        }
        Ok(UserName(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for UserName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose tickets a user sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hotlines {
    /// Every hotline's, also those that come later.
    All,
    /// Of these.
    Only(BTreeSet<String>),
}

impl Hotlines {
    /// Whether `hotline` is among them.
    pub fn include(&self, hotline: &str) -> bool {
        match self {
            Hotlines::All => true,
            Hotlines::Only(names) => names.contains(hotline),
        }
    }

    /// Those of them that a list is narrowed down to by `asked`; `None` where it is not.
    pub fn narrowed(&self, asked: Option<String>) -> Option<Vec<String>> {
        match (self, asked) {
            (Hotlines::All, asked) => asked.map(|name| vec![name]),
            (Hotlines::Only(own), None) => Some(own.iter().cloned().collect()),
            (Hotlines::Only(own), Some(asked)) => {
                Some(own.get(&asked).cloned().into_iter().collect())
            }
        }
    }
}

/// What an administrator says of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name that others read.
    #[schema(min_length = 1, max_length = 100)]
    pub display_name: String,
    /// What the user may do.
    pub role: Role,
    /// Languages spoken, ISO 639-1; empty: any ([`crate::store::Pick`]).
    #[schema(schema_with = language_codes)]
    pub languages: BTreeSet<String>,
    /// Whose tickets the user sees.
    pub hotlines: Hotlines,
    /// Sees callers' personal data where the role alone does not.
    pub personal_data: bool,
    /// The user's own telephone: its number within the PBX; empty where there is none.
    #[serde(default)]
    #[schema(pattern = "^[0-9A-Za-z_-]{0,32}$", default = "")]
    pub extension: String,
}

fn language_codes() -> Array {
    let code = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z]{2}$"));
    let description = "Languages spoken, ISO 639-1; empty: any";
    Array::builder().items(code).max_items(Some(LIST_MAX)).description(Some(description)).build()
}

impl Profile {
    pub(super) fn check(&self) -> Result<(), AccessError> {
        let invalid = |field, problem: &str| {
            Err(AccessError::Invalid { field, problem: problem.to_string() })
        };
        let name = self.display_name.trim();
        let shown = |c: char| !c.is_control();
        if name.is_empty()
            || name.chars().count() > DISPLAY_NAME_CHARS_MAX
            || !name.chars().all(shown)
        {
            return invalid("display_name", "give 1 to 100 characters");
        }
        let code = |l: &String| l.len() == 2 && l.bytes().all(|b| b.is_ascii_lowercase());
        if self.languages.len() > LIST_MAX || !self.languages.iter().all(code) {
            return invalid("languages", "give codes of ISO 639-1, as \"en\"");
        }
        if let Hotlines::Only(names) = &self.hotlines
            && (names.len() > LIST_MAX || names.iter().any(|n| n.is_empty() || n.len() > 64))
        {
            return invalid("hotlines", "give the names of hotlines, or \"all\"");
        }
        let part = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        if self.extension.len() > EXTENSION_CHARS_MAX || !self.extension.chars().all(part) {
            return invalid("extension", "give at most 32 letters and digits, as \"204\"");
        }
        Ok(())
    }
}

/// Whether a user gets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// Invited: has not chosen a password yet.
    Invited,
    /// Gets in.
    Active,
    /// Does not get in, until enabled again.
    Disabled,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct User {
    /// The name to log in with.
    pub name: UserName,
    /// What an administrator says of the user.
    pub profile: Profile,
    /// Whether the user gets in.
    pub status: UserStatus,
    /// A second factor is set up.
    pub second_factor: bool,
    /// Raised by one at each change.
    pub version: u64,
    /// Since when.
    pub created_at: Timestamp,
    /// The last log-in.
    pub login_at: Option<Timestamp>,
}

impl User {
    /// As the audit log names who acts.
    pub(super) fn actor(&self) -> String {
        format!("{} {}", self.profile.role, self.name)
    }
}

pub(super) const SELECT: &str = "SELECT name, display_name, role, languages, hotlines, \
     personal_data, extension, status, password, totp, totp_pending, totp_step, version, \
     created_at, login_at FROM users";

/// A row of `users`.
#[derive(FromRow)]
pub(super) struct UserRow {
    pub(super) name: String,
    display_name: String,
    role: String,
    languages: String,
    hotlines: String,
    personal_data: i64,
    extension: String,
    status: String,
    pub(super) password: Option<String>,
    pub(super) totp: Option<String>,
    pub(super) totp_pending: Option<String>,
    pub(super) totp_step: i64,
    version: i64,
    created_at: i64,
    login_at: Option<i64>,
}

/// A time as the database keeps it, in milliseconds since 1970 UTC, with `user`'s row.
pub(super) fn kept_time(user: &str, unix_ms: i64) -> Result<Timestamp, AccessError> {
    let damaged = |_| AccessError::Damaged { user: user.into(), column: "a time" };
    Timestamp::from_millisecond(unix_ms).map_err(damaged)
}

impl UserRow {
    /// The user of this row; `None` for one that was removed.
    pub(super) fn user(&self) -> Result<Option<User>, AccessError> {
        let damaged = |column| AccessError::Damaged { user: self.name.clone(), column };
        let time = |unix_ms| kept_time(&self.name, unix_ms);
        let status = match self.status.as_str() {
            "removed" => return Ok(None),
            "disabled" => UserStatus::Disabled,
            "active" if self.password.is_none() => UserStatus::Invited,
            "active" => UserStatus::Active,
            _ => return Err(damaged("status")),
        };
        let languages = serde_json::from_str(&self.languages).map_err(|_| damaged("languages"))?;
        let hotlines = serde_json::from_str(&self.hotlines).map_err(|_| damaged("hotlines"))?;
        Ok(Some(User {
            name: UserName(self.name.clone()),
            profile: Profile {
                display_name: self.display_name.clone(),
                role: Role::named(&self.role).ok_or_else(|| damaged("role"))?,
                languages,
                hotlines,
                personal_data: self.personal_data == 1,
                extension: self.extension.clone(),
            },
            status,
            second_factor: self.totp.is_some(),
            version: u64::try_from(self.version).map_err(|_| damaged("version"))?,
            created_at: time(self.created_at)?,
            login_at: self.login_at.map(time).transpose()?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names() {
        let check = |typed: &str, want: Option<&str>| {
            let name = UserName::parse(typed).ok();
            assert_eq!(name.as_ref().map(UserName::as_str), want, "{typed:?}");
        };
        check("anna", Some("anna"));
        check(" Anna.Novak@example.org ", Some("anna.novak@example.org"));
        check(&"a".repeat(64), Some(&"a".repeat(64)));
        for bad in ["", " ", "-anna", "anna novak", "аnna", "anna:x", "anna\0", &"a".repeat(65)] {
            check(bad, None);
        }
    }

    proptest! {
        #[test]
        fn a_name_is_its_own_reading(typed in "[ -]?[a-zA-Z0-9.@:]{0,70}|.{0,20}") {
            if let Ok(name) = UserName::parse(&typed) {
                prop_assert_eq!(UserName::parse(name.as_str()).unwrap(), name);
            }
        }
    }

    #[test]
    fn profiles() {
        let good = r#"{"display_name": "Anna", "role": "operator", "languages": ["en", "vi"],
            "hotlines": {"only": ["demo-en"]}, "personal_data": false}"#;
        let check = |from: &str, to: &str, want: Option<&str>| {
            let profile: Profile = serde_json::from_str(&good.replace(from, to)).unwrap();
            let problem = match profile.check() {
                Err(AccessError::Invalid { field, .. }) => Some(field),
                _ => None,
            };
            assert_eq!(problem, want, "{to}");
        };
        check("", "", None);
        check(r#"{"only": ["demo-en"]}"#, r#""all""#, None);
        check("Anna", " ", Some("display_name"));
        check("Anna", r"An\nna", Some("display_name"));
        check("vi", "vie", Some("languages"));
        check("demo-en", "", Some("hotlines"));
        assert!(Hotlines::All.include("x") && !Hotlines::Only(BTreeSet::new()).include("x"));
    }
}
