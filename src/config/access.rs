//! How users log in.

use serde::Deserialize;

/// How users log in.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessConfig {
    /// Minutes without a request that end a session.
    pub idle_minutes: u32,
    /// Hours after which a session ends however busy: a shift and its overtime.
    pub session_hours: u32,
    /// False only where browsers reach the console by plain HTTP: cookies then travel in clear.
    pub secure_cookies: bool,
    /// Which roles may do nothing before they have set up a second factor.
    pub second_factor: SecondFactorConfig,
}

/// Which roles may do nothing before they have set up a second factor (TOTP); it is open to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SecondFactorConfig {
    /// Operators must.
    pub operator: bool,
    /// Supervisors must.
    pub supervisor: bool,
    /// Observers must.
    pub observer: bool,
    /// QA must.
    pub qa: bool,
    /// Administrators must.
    pub administrator: bool,
}

/// NIST SP 800-63B-4, AAL2: at most an hour idle, at most a day in all; a shift is shorter.
impl Default for AccessConfig {
    fn default() -> Self {
        AccessConfig {
            idle_minutes: 60,
            session_hours: 12,
            secure_cookies: true,
            second_factor: SecondFactorConfig::default(),
        }
    }
}

impl AccessConfig {
    /// The first value out of range: key, what is wrong, and what to do.
    pub fn problem(&self) -> Option<(&'static str, String, &'static str)> {
        if !(5..=480).contains(&self.idle_minutes) {
            let problem = format!("is {}", self.idle_minutes);
            return Some(("access.idle_minutes", problem, "choose 5 to 480 minutes"));
        }
        if !(1..=24).contains(&self.session_hours) {
            let problem = format!("is {}", self.session_hours);
            return Some(("access.session_hours", problem, "choose 1 to 24 hours"));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let check = |text: &str, want: Option<&str>| {
            let config: AccessConfig = toml::from_str(text).unwrap();
            assert_eq!(config.problem().map(|p| p.0), want, "{text}");
        };
        check("", None);
        check("idle_minutes = 5\nsession_hours = 24", None);
        check("idle_minutes = 4", Some("access.idle_minutes"));
        check("session_hours = 25", Some("access.session_hours"));
        check("[second_factor]\nadministrator = true", None);
        assert!(toml::from_str::<AccessConfig>("[second_factor]\nboss = true").is_err());
    }
}
