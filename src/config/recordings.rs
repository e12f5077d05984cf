//! `[recordings]`: whether what calls leave is encrypted, where it is kept, and for how long.

use serde::Deserialize;
use std::path::{Path, PathBuf};
use url::{Host, Url};

/// A hundred years.
const KEEP_DAYS_MAX: u32 = 36_500;

/// What becomes of the recording and the journal of a call that is over.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordingsConfig {
    /// The keys they are encrypted with, see [`crate::seal::Keys`]; without one they are plain,
    /// unless the keys are in the environment.
    pub key_file: Option<PathBuf>,
    /// A directory they are moved to after the call; without it, and without `s3`, they stay in
    /// `data_dir`.
    pub directory: Option<PathBuf>,
    /// A bucket they are moved to after the call.
    pub s3: Option<S3Config>,
    /// Days of 24 hours they are kept after the call's end.
    pub keep_days: u32,
}

impl Default for RecordingsConfig {
    fn default() -> Self {
        RecordingsConfig { key_file: None, directory: None, s3: None, keep_days: 90 }
    }
}

/// A bucket that speaks S3, and the way to it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// Its name; it must be there.
    pub bucket: String,
    /// `https://host:port` of the server; `None` for Amazon's in `region`.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// The region; servers of one's own mostly take any, `us-east-1` by custom.
    #[serde(default = "us_east")]
    pub region: String,
    /// Before each object's name; may be empty.
    #[serde(default)]
    pub prefix: String,
    /// Allows `http://` to another machine: names, times and, without a key, sound pass in the
    /// clear. To this machine it is always allowed.
    #[serde(default)]
    pub allow_http: bool,
    /// A certificate to trust besides the system's (PEM), for a server with a private one.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

fn us_east() -> String {
    "us-east-1".into()
}

impl RecordingsConfig {
    /// Makes its relative paths relative to `base`.
    pub(super) fn relative_to(&mut self, base: &Path) {
        let ca_file = self.s3.as_mut().and_then(|s3| s3.ca_file.as_mut());
        for path in [self.key_file.as_mut(), self.directory.as_mut(), ca_file].into_iter().flatten()
        {
            *path = base.join(&*path);
        }
    }

    /// What is wrong: the key, the problem, what to do.
    pub(super) fn problem(&self) -> Option<(&'static str, String, &'static str)> {
        if !(1..=KEEP_DAYS_MAX).contains(&self.keep_days) {
            let fix = "choose 1 to 36500 days; 36500 keeps them for ever";
            return Some(("recordings.keep_days", format!("is {}", self.keep_days), fix));
        }
        if self.directory.is_some() && self.s3.is_some() {
            let problem = "is there beside recordings.s3".into();
            return Some((
                "recordings.directory",
                problem,
                "name one place, and leave out the other",
            ));
        }
        let s3 = self.s3.as_ref()?;
        if s3.bucket.is_empty() || s3.bucket.contains('/') {
            let problem = format!("is \"{}\"", s3.bucket);
            return Some(("recordings.s3.bucket", problem, "give the bucket's name alone"));
        }
        let (problem, fix) = s3.http().err()?;
        Some(("recordings.s3.endpoint", problem, fix))
    }
}

impl S3Config {
    /// Whether requests go without TLS; the error says what is wrong with the endpoint, and what
    /// to do.
    pub fn http(&self) -> Result<bool, (String, &'static str)> {
        let Some(endpoint) = &self.endpoint else { return Ok(false) };
        let url = Url::parse(endpoint)
            .map_err(|e| (format!("is no address ({e})"), "write https://host:port"))?;
        if !url.username().is_empty() || url.password().is_some() {
            // Not shown: it would be logged with the address.
            let fix = "put the keys into the environment, as AWS_ACCESS_KEY_ID and \
                       AWS_SECRET_ACCESS_KEY";
            return Err(("holds a user or password".into(), fix));
        }
        let loopback = match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        match url.scheme() {
            "https" => Ok(false),
            "http" if loopback || self.allow_http => Ok(true),
            "http" => {
                let fix = "give the server a certificate and write https://, or set allow_http if \
                           the way to it is safe";
                Err((format!("is {endpoint}, which is reached in the clear"), fix))
            }
            scheme => Err((format!("begins with {scheme}"), "write https://host:port")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, ConfigError};

    fn loaded(text: &str) -> Result<RecordingsConfig, ConfigError> {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("spillway.toml");
        std::fs::write(&file, text).expect("written");
        Config::load(Some(&file)).map(|config| config.recordings)
    }

    #[test]
    fn what_is_wrong_is_told_with_its_key_and_a_fix() {
        let check = |text: &str, want: Option<[&str; 2]>| match (loaded(text), want) {
            (Ok(_), None) => {}
            (Err(e), Some(words)) => {
                let told = e.to_string();
                assert!(words.iter().all(|w| told.contains(w)), "{text}: {told}");
                assert!(!told.contains("hidden"), "{told}");
            }
            (got, _) => panic!("{text}: {got:?}"),
        };
        let s3 = |more: &str| format!("[recordings.s3]\nbucket = 'b'\n{more}\n");
        check("", None);
        check("[recordings]\nkeep_days = 30\ndirectory = 'kept'\nkey_file = 'k'", None);
        check("[recordings]\nkeep_days = 0", Some(["recordings.keep_days: is 0", "1 to 36500"]));
        check("[recordings]\nkeep_days = 36501", Some(["recordings.keep_days", "for ever"]));
        check("[recordings]\nkept_days = 1", Some(["kept_days", "unknown field"]));
        check(&s3(""), None);
        check(&format!("[recordings]\ndirectory = 'd'\n{}", s3("")), Some(["directory", "one"]));
        check("[recordings.s3]\nregion = 'x'", Some(["missing field", "bucket"]));
        check("[recordings.s3]\nbucket = 'a/b'", Some(["recordings.s3.bucket", "name alone"]));
        check(&s3("endpoint = 'http://10.0.0.5:9000'"), Some(["s3.endpoint", "allow_http"]));
        let keys = "endpoint = 'https://me:hidden@s3.example.org'";
        check(&s3(keys), Some(["recordings.s3.endpoint: holds a user", "AWS_ACCESS_KEY_ID"]));
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let text = "[recordings]\nkey_file = 'k'\ndirectory = '/srv/kept'";
        let got = loaded(text).expect("good");
        assert!(got.key_file.is_some_and(|k| k.is_absolute() && k.ends_with("k")));
        assert_eq!(got.directory, Some("/srv/kept".into()));
    }

    #[test]
    fn http_only_to_this_machine_or_when_told() {
        let check = |endpoint: &str, allow_http: bool, want: Result<bool, &str>| {
            let (bucket, region, prefix) = ("calls".into(), us_east(), String::new());
            let endpoint = Some(endpoint.to_string());
            let s3 = S3Config { bucket, endpoint, region, prefix, allow_http, ca_file: None };
            match (s3.http(), want) {
                (Ok(got), Ok(want)) => assert_eq!(got, want, "{s3:?}"),
                (Err((problem, fix)), Err(words)) => {
                    assert!(format!("{problem}; {fix}").contains(words), "{problem}; {fix}");
                }
                (got, _) => panic!("{s3:?}: {got:?}"),
            }
        };
        check("https://s3.example.org", false, Ok(false));
        check("http://127.0.0.1:9000", false, Ok(true));
        check("http://[::1]:9000/", false, Ok(true));
        check("http://localhost:9000", false, Ok(true));
        check("http://10.0.0.5:9000", false, Err("allow_http"));
        check("http://10.0.0.5:9000", true, Ok(true));
        check("http://localhost.example.org", false, Err("allow_http"));
        check("ftp://10.0.0.5", true, Err("begins with ftp"));
        check("10.0.0.5", true, Err("is no address"));
    }
}
