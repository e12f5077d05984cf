//! Looks at every prerequisite and says how to mend what is missing.

use crate::config::Config;
use crate::engine::onnx;
use crate::engine::pack::{Pack, PackEngine, PackState, Packs};
use crate::seal::Keys;
use crate::store::{ArchivePlace, StoreError, StoreOptions, TicketStore};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};

/// The Debian packages, as `tools/setup.sh` installs them.
const PACKAGES: &str = include_str!("../tools/packages.txt");

/// One prerequisite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// False where calls are answered without it, only less well.
    pub needed: bool,
    /// How it stands.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// How a prerequisite stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// It is there.
    Present {
        /// Where, or which version.
        detail: String,
    },
    /// It is not there or not usable.
    Missing {
        /// What is wrong.
        detail: String,
        /// The command or the change that mends it.
        mend: String,
    },
}

impl Check {
    /// True when calls cannot be answered because of it.
    pub fn fails(&self) -> bool {
        self.needed && matches!(self.outcome, Outcome::Missing { .. })
    }

    fn present(name: impl Into<String>, detail: impl Into<String>) -> Check {
        let outcome = Outcome::Present { detail: detail.into() };
        Check { name: name.into(), needed: true, outcome }
    }

    fn missing(
        name: impl Into<String>,
        detail: impl Into<String>,
        mend: impl Into<String>,
    ) -> Check {
        let outcome = Outcome::Missing { detail: detail.into(), mend: mend.into() };
        Check { name: name.into(), needed: true, outcome }
    }

    fn optional(self) -> Check {
        Check { needed: false, ..self }
    }
}

/// Looks at everything `config` makes necessary.
pub fn examine(config: &Config) -> Vec<Check> {
    let mut checks = examine_running(config);
    checks.extend(ports(config));
    checks
}

/// The same from within a running server, which has the ports itself.
pub fn examine_running(config: &Config) -> Vec<Check> {
    let mut checks = system_packages();
    checks.push(libvosk(config));
    checks.push(onnx_runtime(config));
    checks.extend(large_pages());
    checks.push(espeak());
    checks.extend(prompts(config));
    checks.extend(packs(config));
    checks.push(data_dir(&config.data_dir));
    checks.push(database(config));
    checks.push(recordings(config));
    checks
}

/// Whether tickets can be kept: by a database of this version.
fn database(config: &Config) -> Check {
    let name = "database";
    let look = || -> Result<Check, String> {
        let options = StoreOptions::of(config).map_err(|e| e.to_string())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| e.to_string())?;
        runtime.block_on(async {
            match TicketStore::open_existing(&options).await {
                Ok(store) => {
                    let detail = store.name().to_string();
                    store.close().await;
                    Ok(Check::present(name, detail))
                }
                // The first start makes it.
                Err(StoreError::Missing { database }) => {
                    Ok(Check::present(name, format!("{database}: made by the first start")))
                }
                Err(e) => Err(e.to_string()),
            }
        })
    };
    look().unwrap_or_else(|problem| {
        let mend = "mend what is named; older tables: spillway migrate";
        Check::missing(name, problem, mend)
    })
}

/// The keys recordings are encrypted with, and those of their bucket; no server is asked.
fn recordings(config: &Config) -> Check {
    let (keys, place) = (Keys::of(&config.recordings), ArchivePlace::of(&config.recordings));
    let encrypted = match keys {
        Ok(Some(_)) => "encrypted",
        Ok(None) => "not encrypted",
        Err(e) => return Check::missing("recordings", "no keys", e.to_string()),
    };
    match place {
        Ok(_) => {
            let days = config.recordings.keep_days;
            Check::present("recordings", format!("{encrypted}, kept for {days} days"))
        }
        Err(e) => Check::missing("recordings", "no keys of their bucket", e.to_string()),
    }
}

/// The Debian packages where there is dpkg; what is needed to run shows in the other checks too.
fn system_packages() -> Vec<Check> {
    let lines = PACKAGES.lines().filter(|l| !l.starts_with('#'));
    let fields = lines.map(|l| l.split_whitespace().collect::<Vec<_>>());
    let mut checks = vec![];
    for field in fields {
        let [name, when, what @ ..] = &field[..] else { continue };
        let Some(installed) = installed_version(name) else { return vec![] };
        let title = format!("{name} ({when})");
        checks.push(match installed {
            Some(version) => Check::present(title, version).optional(),
            None => {
                let detail = format!("not installed; for {}", what.join(" "));
                Check::missing(title, detail, format!("apt-get install {name}")).optional()
            }
        });
    }
    checks
}

/// `None` where there is no dpkg, `Some(None)` where the package is not installed.
fn installed_version(package: &str) -> Option<Option<String>> {
    let output = Command::new("dpkg-query")
        .args(["--show", "--showformat", "${db:Status-Status} ${Version}", package])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.strip_prefix("installed ").map(str::to_string))
}

/// Linked programs do not even start without libvosk, so what is loaded is what there is; else the
/// one the next build will link.
fn libvosk(config: &Config) -> Check {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let is_it = |path: &&str| path.ends_with("/libvosk.so");
    let loaded = maps.lines().filter_map(|l| l.split_whitespace().last()).find(is_it);
    let installed = config.models_dir.join("native/libvosk.so");
    match loaded {
        Some(path) => Check::present("libvosk", path),
        None if installed.is_file() => Check::present("libvosk", installed.display().to_string()),
        None => {
            let detail = format!("neither loaded nor at {}", installed.display());
            Check::missing("libvosk", detail, "make setup")
        }
    }
}

fn onnx_runtime(config: &Config) -> Check {
    let name = "ONNX Runtime";
    match onnx::usable(&config.models_dir) {
        Ok((path, version)) => Check::present(name, format!("{version} in {}", path.display())),
        Err(error) => Check::missing(name, error.to_string(), "make setup"),
    }
}

/// Whether engines may have their weights in large pages; `None` where the system has none.
fn large_pages() -> Option<Check> {
    let setting = "/sys/kernel/mm/transparent_hugepage/enabled";
    let modes = std::fs::read_to_string(setting).ok()?;
    let mode = modes.split(['[', ']']).nth(1)?;
    let name = "large memory pages";
    let check = if mode == "never" {
        let mend = format!("as root: echo madvise > {setting}");
        Check::missing(name, "off: recognition is a tenth slower", mend)
    } else {
        Check::present(name, mode)
    };
    Some(check.optional())
}

fn espeak() -> Check {
    let name = "espeak-ng";
    let run = Command::new("espeak-ng").arg("--version").stdin(Stdio::null()).output();
    match run {
        Ok(output) if output.status.success() => {
            Check::present(name, String::from_utf8_lossy(&output.stdout).trim())
        }
        Ok(output) => Check::missing(
            name,
            format!("`espeak-ng --version` ended with {}", output.status),
            "apt-get install --reinstall espeak-ng",
        ),
        Err(error) => {
            Check::missing(name, format!("espeak-ng: {error}"), "apt-get install espeak-ng")
        }
    }
}

/// The prompts directory and the hotline that is to answer.
fn prompts(config: &Config) -> Vec<Check> {
    let dir = &config.prompts_dir;
    let mend = "set prompts_dir in the configuration, or restore the directory from git";
    let mut checks = vec![match languages(dir) {
        found if found.is_empty() => {
            Check::missing("prompts", format!("no languages in {}", dir.display()), mend)
        }
        found => {
            let list = found.into_iter().collect::<Vec<_>>().join(", ");
            Check::present("prompts", format!("{} ({list})", dir.display()))
        }
    }];
    let hotline = dir.join("hotlines").join(format!("{}.toml", config.hotline));
    // A hotline whose file is bad is told by `spillway serve`, with line and key.
    checks.push(if hotline.is_file() {
        Check::present("hotline", hotline.display().to_string())
    } else {
        let mend = "set hotline in the configuration to a file in prompts/hotlines/";
        Check::missing("hotline", format!("no {}", hotline.display()), mend)
    });
    checks
}

/// The languages there are prompts for: directories of `languages/`.
fn languages(prompts_dir: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(prompts_dir.join("languages")).into_iter().flatten().flatten();
    entries
        .filter(|e| e.path().is_dir())
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect()
}

/// The language of the hotline that is to answer, where its file says so.
fn hotline_language(config: &Config) -> Option<String> {
    let hotline = config.prompts_dir.join("hotlines").join(format!("{}.toml", config.hotline));
    let table: toml::Table = fs::read_to_string(hotline).ok()?.parse().ok()?;
    Some(table.get("language")?.as_str()?.to_string())
}

/// For each language a recogniser, gazetteers and, better than espeak-ng, a voice. What the hotline
/// does not speak is optional.
fn packs(config: &Config) -> Vec<Check> {
    let packs = match Packs::open(&config.models_dir, &config.prompts_dir) {
        Ok(packs) => packs,
        Err(error) => {
            let mend = "git checkout models/packs.toml";
            return vec![Check::missing("model packs", error.to_string(), mend)];
        }
    };
    let spoken = hotline_language(config);
    let mut checks = vec![];
    for language in languages(&config.prompts_dir) {
        let known = packs.manifest().packs.iter().filter(|p| p.languages.contains(&language));
        let (gazetteers, engines): (Vec<&Pack>, Vec<&Pack>) =
            known.partition(|p| p.engine == PackEngine::Gazetteer);
        let (voices, recognisers): (Vec<&Pack>, Vec<&Pack>) =
            engines.into_iter().partition(|p| p.engine == PackEngine::Piper);
        let recogniser = one_of(&packs, format!("recogniser for {language}"), &recognisers);
        let is_needed = spoken.as_ref().is_none_or(|spoken| *spoken == language);
        checks.push(if is_needed { recogniser } else { recogniser.optional() });
        if !voices.is_empty() {
            let voice = one_of(&packs, format!("voice for {language}"), &voices);
            checks.push(voice.optional());
        }
        // Without one, addresses are taken as they are said.
        checks.extend(gazetteers.iter().map(|gazetteer| {
            let country = gazetteer.country().unwrap_or_default().to_uppercase();
            one_of(&packs, format!("gazetteer of {country}"), &[gazetteer]).optional()
        }));
    }
    checks
}

/// Whether one of `candidates` is installed; if none, the first is the one to get.
fn one_of(packs: &Packs, name: String, candidates: &[&Pack]) -> Check {
    let usable = candidates.iter().find_map(|pack| match packs.state(pack, false) {
        PackState::Ready => Some(pack.name.clone()),
        PackState::Unstamped => Some(format!("{} (laid by hand)", pack.name)),
        PackState::Outdated => Some(format!("{} (outdated: pull it again)", pack.name)),
        PackState::Lacking(what) => Some(format!("{} WITHOUT {what}", pack.name)),
        PackState::Damaged(_) | PackState::Missing => None,
    });
    match (usable, candidates.first()) {
        (Some(detail), _) => Check::present(name, detail),
        (None, Some(first)) => {
            let detail = match packs.state(first, false) {
                PackState::Damaged(file) => format!("{}: `{file}` is damaged", first.name),
                _ => format!("{} is not installed", first.name),
            };
            Check::missing(name, detail, format!("spillway models pull {}", first.name))
        }
        (None, None) => {
            let mend = "add a pack to models/packs.toml, or offer this language by keys only";
            Check::missing(name, "no pack is known", mend)
        }
    }
}

fn data_dir(dir: &Path) -> Check {
    let probe = dir.join(".doctor");
    let try_it = || -> io::Result<()> {
        fs::create_dir_all(dir)?;
        fs::write(&probe, "x")?;
        fs::remove_file(&probe)
    };
    match try_it() {
        Ok(()) => Check::present("data directory", format!("{} is writable", dir.display())),
        Err(error) => Check::missing(
            "data directory",
            format!("{}: {error}", dir.display()),
            format!("mkdir -p {0} && chown $(id -un) {0}", dir.display()),
        ),
    }
}

fn ports(config: &Config) -> Vec<Check> {
    let sip = config.sip.listen;
    let udp = UdpSocket::bind(sip).map(drop);
    let tcp = TcpListener::bind(sip).map(drop);
    let mut checks = vec![port("SIP port", sip, udp.and(tcp), "sip.listen")];
    if let Some(address) = config.audiosocket.listen {
        let bound = TcpListener::bind(address).map(drop);
        checks.push(port("AudioSocket port", address, bound, "audiosocket.listen"));
    }
    if config.console.enabled {
        let address = config.console.listen;
        let bound = TcpListener::bind(address).map(drop);
        checks.push(port("console port", address, bound, "console.listen"));
    }
    checks
}

fn port(name: &str, address: SocketAddr, bound: io::Result<()>, key: &str) -> Check {
    match bound {
        Ok(()) => Check::present(name, format!("{address} is free")),
        Err(error) => Check::missing(
            name,
            format!("{address}: {error}"),
            format!(
                "stop what uses it (`ss -lptu sport = :{}`; a running `spillway serve` does) or \
                 change {key}",
                address.port()
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RecordingsConfig;

    fn find<'a>(checks: &'a [Check], name: &str) -> &'a Check {
        checks.iter().find(|c| c.name == name).unwrap_or_else(|| panic!("no check `{name}`"))
    }

    fn bare(dir: &Path) -> Config {
        let key_file = Some(dir.join("missing.key"));
        Config {
            recordings: RecordingsConfig { key_file, ..RecordingsConfig::default() },
            data_dir: dir.join("data"),
            models_dir: dir.join("models"),
            prompts_dir: dir.join("prompts"),
            hotline: "demo".into(),
            ..Config::default()
        }
    }

    #[test]
    fn what_is_missing_is_named_with_its_mend() {
        let dir = tempfile::tempdir().expect("temp dir");
        fs::create_dir_all(dir.path().join("prompts/languages/ko")).expect("dir");
        fs::write(dir.path().join("data"), "a file where a directory is wanted").expect("file");
        let checks = examine(&bare(dir.path()));
        let check = |name: &str, needed: bool, wanted: &str| {
            let found = find(&checks, name);
            let Outcome::Missing { mend, .. } = &found.outcome else { panic!("{found:?}") };
            assert!(mend.contains(wanted), "{found:?}");
            assert_eq!(found.fails(), needed, "{found:?}");
        };
        check("recogniser for ko", true, "spillway models pull whisper-base");
        check("ONNX Runtime", true, "make setup");
        check("hotline", true, "hotline");
        check("data directory", true, "mkdir -p");
        check("recordings", true, "openssl rand");
    }

    #[test]
    fn a_laid_out_place_passes() {
        let dir = tempfile::tempdir().expect("temp dir");
        for below in ["prompts/languages/ko", "prompts/hotlines", "models/vosk-ko/graph"] {
            fs::create_dir_all(dir.path().join(below)).expect("dir");
        }
        fs::write(dir.path().join("prompts/hotlines/demo.toml"), "").expect("file");
        for file in ["am/final.mdl", "conf/model.conf", "graph/HCLr.fst", "graph/Gr.fst"] {
            let path = dir.path().join("models/vosk-ko").join(file);
            fs::create_dir_all(path.parent().expect("parent")).expect("dir");
            fs::write(path, "x").expect("file");
        }
        let checks = examine(&bare(dir.path()));
        for name in ["prompts", "hotline", "recogniser for ko", "data directory"] {
            let found = find(&checks, name);
            assert!(matches!(found.outcome, Outcome::Present { .. }), "{found:?}");
        }
        assert!(!checks.iter().any(|c| c.name == "voice for ko"));
    }

    #[test]
    fn only_the_hotlines_language_is_needed() {
        let dir = tempfile::tempdir().expect("temp dir");
        for below in ["languages/ko", "languages/vi", "hotlines"] {
            fs::create_dir_all(dir.path().join("prompts").join(below)).expect("dir");
        }
        let hotline = dir.path().join("prompts/hotlines/demo.toml");
        fs::write(hotline, "language = \"vi\"\n").expect("file");
        let config = bare(dir.path());
        let checks = packs(&config);
        assert!(find(&checks, "recogniser for vi").fails());
        assert!(!find(&checks, "recogniser for ko").fails());
        assert!(!find(&checks, "voice for vi").fails());
    }

    #[test]
    fn a_used_port_is_told() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("bind");
        let mut config = Config::default();
        config.sip.listen = taken.local_addr().expect("address");
        let found = ports(&config);
        assert!(found[0].fails(), "{found:?}");
        config.audiosocket.listen = None;
        config.console.enabled = false;
        assert_eq!(ports(&config).len(), 1);
    }
}
