//! One typed configuration, checked whole before anything starts; every error names file, key, fix.

use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

mod access;
mod answers;
mod callback_line;
mod cidr;
mod console;
mod hotline;
mod in_force;
mod overlay;
mod ports;
mod recordings;

pub use access::{AccessConfig, SecondFactorConfig};
pub use answers::{Answer, load_answers};
pub use callback_line::CallbackLineConfig;
pub use cidr::Cidr;
pub use console::ConsoleConfig;
pub use hotline::{
    LoadedHotline, check_hotline, gazetteer_file, hotline_file, load_grammar, load_hotline,
    load_hotline_over, load_policies, load_prompts, load_words, today,
};
pub use in_force::{HotlineInForce, InForce};
pub use overlay::{EngineOverlay, Overlay, RecognizerName};
pub use ports::PortRange;
pub use recordings::{RecordingsConfig, S3Config};

/// Everything an administrator may set; the defaults serve this machine only.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Tickets, recordings and journals live here.
    pub data_dir: PathBuf,
    /// Model packs, as `spillway models pull` leaves them.
    pub models_dir: PathBuf,
    /// Hotlines and language packs.
    pub prompts_dir: PathBuf,
    /// The hotline that answers, by the name of its file in `prompts/hotlines/`.
    pub hotline: String,
    /// SIP signalling and RTP media.
    pub sip: SipConfig,
    /// The AudioSocket entrance.
    pub audiosocket: AudioSocketConfig,
    /// How much this machine takes on.
    pub limits: LimitsConfig,
    /// How speech is recognised and spoken.
    pub engines: EnginesConfig,
    /// Where tickets are kept.
    pub store: StoreConfig,
    /// How users log in.
    pub access: AccessConfig,
    /// The operators' console and its API.
    pub console: ConsoleConfig,
    /// What the node tells Prometheus.
    pub metrics: MetricsConfig,
    /// The line by which operators call back.
    pub callback_line: CallbackLineConfig,
    /// What becomes of recordings and journals.
    pub recordings: RecordingsConfig,
    /// Telling others of tickets.
    pub webhooks: WebhooksConfig,
}

/// Telling others of tickets by HTTP; whom, administrators keep in the database.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksConfig {
    /// Networks whose receivers are trusted: told by plain http too, and told at all on this
    /// machine and at link-local addresses.
    pub allow_http: Vec<Cidr>,
}

/// Where tickets are kept.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// `"sqlite"` for a file in `data_dir`, or PostgreSQL's address for several nodes:
    /// `postgres://user@host/database`. The password is better kept in `PGPASSWORD` or `~/.pgpass`.
    pub database: String,
    /// This node's name; each node of one database needs its own.
    pub node: String,
}

impl StoreConfig {
    /// PostgreSQL's address; `None` for SQLite.
    pub fn address(&self) -> Option<&str> {
        (self.database != "sqlite").then_some(self.database.as_str())
    }
}

/// SIP signalling and RTP media.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SipConfig {
    /// Address for SIP over UDP and TCP.
    pub listen: SocketAddr,
    /// Address told to the far end where it differs (behind NAT).
    pub advertise: Option<IpAddr>,
    /// UDP ports for RTP, for example `"20000-20999"`.
    pub media_ports: PortRange,
    /// Where media and calls may come from and go to; anything else is refused.
    pub allow: Vec<Cidr>,
    /// Seconds without RTP that end a call (suspended on hold).
    pub media_timeout_s: u64,
}

/// The AudioSocket entrance.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AudioSocketConfig {
    /// TCP address; absent to have none.
    pub listen: Option<SocketAddr>,
    /// Peers that may connect.
    pub allow: Vec<Cidr>,
}

/// What the node tells Prometheus.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsConfig {
    /// TCP address of `/metrics`, without login; absent to have none.
    pub listen: Option<SocketAddr>,
}

/// How much this machine takes on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Calls at once; the next gets 503 with Retry-After.
    pub calls_max: usize,
}

/// Whether speech is recognised at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecognizerChoice {
    /// By the best engine installed for the hotline's language.
    Auto,
    /// Not: callers answer by keys and leave a message after the tone.
    None,
}

/// How speech is recognised and spoken.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EnginesConfig {
    /// `"auto"` or `"none"`.
    pub recognizer: RecognizerChoice,
    /// Engine threads for each recogniser; 0 means one for each core.
    pub workers: usize,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            data_dir: "var".into(),
            models_dir: "models".into(),
            prompts_dir: "prompts".into(),
            hotline: "demo-en".into(),
            sip: SipConfig::default(),
            audiosocket: AudioSocketConfig::default(),
            limits: LimitsConfig::default(),
            engines: EnginesConfig::default(),
            store: StoreConfig::default(),
            access: AccessConfig::default(),
            console: ConsoleConfig::default(),
            metrics: MetricsConfig::default(),
            callback_line: CallbackLineConfig::default(),
            recordings: RecordingsConfig::default(),
            webhooks: WebhooksConfig::default(),
        }
    }
}

impl Default for SipConfig {
    fn default() -> Self {
        SipConfig {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5070),
            advertise: None,
            media_ports: PortRange { first: 20_000, last: 20_999 },
            allow: vec![Cidr::LOOPBACK_V4, Cidr::LOOPBACK_V6],
            media_timeout_s: 40,
        }
    }
}

impl Default for AudioSocketConfig {
    fn default() -> Self {
        AudioSocketConfig { listen: None, allow: vec![Cidr::LOOPBACK_V4, Cidr::LOOPBACK_V6] }
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        LimitsConfig { calls_max: 60 }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        StoreConfig { database: "sqlite".into(), node: "local".into() }
    }
}

impl Default for EnginesConfig {
    fn default() -> Self {
        EnginesConfig { recognizer: RecognizerChoice::Auto, workers: 0 }
    }
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("{file}: cannot be read: {reason}")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The file is not what it should be; `toml` names line, key and what was expected.
    #[error("{file}: {reason}")]
    Malformed {
        /// The file.
        file: PathBuf,
        /// Line, key, expectation.
        reason: String,
    },
    /// No such hotline, or one that cannot be read on that day.
    #[error("{file}: {reason}")]
    Hotline {
        /// The file.
        file: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A file is read well and says what cannot be.
    #[error("{file}: cannot be used:{}", lines(problems))]
    Problems {
        /// The file.
        file: PathBuf,
        /// All that is wrong, also with files that belong to it.
        problems: Vec<Finding>,
    },
    /// A value is out of range or contradicts another.
    #[error("{file}: {key}: {problem}; {fix}")]
    Invalid {
        /// The file.
        file: PathBuf,
        /// The dotted key.
        key: &'static str,
        /// What is wrong.
        problem: String,
        /// What to do.
        fix: &'static str,
    },
}

/// One thing wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// The key; empty where the file as a whole is meant.
    pub key: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

fn lines(problems: &[Finding]) -> String {
    let line = |p: &Finding| format!("\n  {}: {}: {}", p.file.display(), p.key, p.problem);
    problems.iter().map(line).collect()
}

impl ConfigError {
    /// All that is wrong, one by one.
    pub fn findings(&self) -> Vec<Finding> {
        let whole = |file: &PathBuf, reason: &str| {
            vec![Finding { file: file.clone(), key: String::new(), problem: reason.into() }]
        };
        match self {
            ConfigError::Problems { problems, .. } => problems.clone(),
            ConfigError::Unreadable { file, reason }
            | ConfigError::Malformed { file, reason }
            | ConfigError::Hotline { file, reason } => whole(file, reason),
            ConfigError::Invalid { file, key, problem, fix } => vec![Finding {
                file: file.clone(),
                key: (*key).into(),
                problem: format!("{problem}; {fix}"),
            }],
        }
    }
}

impl Config {
    /// Reads `file`, or the defaults when there is none and `file` was not asked for by name.
    /// Relative directories in it are relative to it.
    pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
        let default = Path::new("spillway.toml");
        let file = match file {
            Some(file) => file,
            None if default.exists() => default,
            None => return Config::default().checked(default),
        };
        let text = std::fs::read_to_string(file)
            .map_err(|e| ConfigError::Unreadable { file: file.into(), reason: e.to_string() })?;
        let mut config: Config = toml::from_str(&text)
            .map_err(|e| ConfigError::Malformed { file: file.into(), reason: e.to_string() })?;
        let base = file.parent().unwrap_or(Path::new("."));
        for dir in [&mut config.data_dir, &mut config.models_dir, &mut config.prompts_dir] {
            *dir = base.join(&*dir);
        }
        config.recordings.relative_to(base);
        config.checked(file)
    }

    fn checked(self, file: &Path) -> Result<Config, ConfigError> {
        let invalid = |key, problem: String, fix| {
            Err(ConfigError::Invalid { file: file.into(), key, problem, fix })
        };
        let pairs = self.sip.media_ports.pairs();
        if self.limits.calls_max == 0 {
            return invalid("limits.calls_max", "is 0".into(), "set it to at least 1");
        }
        if pairs < self.limits.calls_max {
            return invalid(
                "sip.media_ports",
                format!("holds {pairs} calls but limits.calls_max is {}", self.limits.calls_max),
                "give two ports for each call or lower limits.calls_max",
            );
        }
        if self.sip.allow.is_empty() {
            return invalid("sip.allow", "is empty".into(), "name the networks of your PBX");
        }
        if !(5..=3600).contains(&self.sip.media_timeout_s) {
            let problem = format!("is {}", self.sip.media_timeout_s);
            return invalid("sip.media_timeout_s", problem, "choose 5 to 3600 seconds");
        }
        let schemes = ["postgres://", "postgresql://"];
        if self.store.address().is_some_and(|a| !schemes.iter().any(|s| a.starts_with(s))) {
            // Not shown: it may hold a password.
            let fix = "write \"sqlite\", or an address as postgres://user@host/database";
            return invalid("store.database", "is no database we know".into(), fix);
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        let node = &self.store.node;
        if !(1..=64).contains(&node.len()) || !node.chars().all(plain) {
            let fix = "give 1 to 64 letters, digits, hyphens and dots, as a host name has";
            return invalid("store.node", format!("is \"{node}\""), fix);
        }
        let problem = self.access.problem().or_else(|| self.recordings.problem());
        let problem = problem.or_else(|| self.callback_line.problem());
        if let Some((key, problem, fix)) = problem {
            return invalid(key, problem, fix);
        }
        if self.sip.listen.ip().is_unspecified() && self.sip.advertise.is_none() {
            return invalid(
                "sip.advertise",
                format!("is missing while sip.listen is {}", self.sip.listen),
                "set it to the address your PBX reaches this machine at",
            );
        }
        Ok(self)
    }
}
