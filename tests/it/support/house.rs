//! A folder with a configuration, data and prompts of its own.

use super::tones::tone;
use spillway::config::{Config, LoadedHotline, load_hotline};
use spillway::dialogue::Hotline;
use spillway::store::{StoreOptions, StoredTicket, TicketStore};
use spillway::ticket::CallId;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

/// The tone of each prompt of [`House::toned`]; all others have [`OTHER_HZ`].
pub const PROMPT_HZ: [(&str, u16); 10] = [
    ("announcement", 400),
    ("ask_consent", 450),
    ("ask_ticket_number", 760),
    ("ask_news", 880),
    ("ask_still_needed", 1_120),
    ("ask_name", 520),
    ("ask_name_again", 580),
    ("leave_message", 700),
    ("message_taken", 820),
    ("goodbye", 640),
];
/// The tone of a prompt that is not in [`PROMPT_HZ`].
pub const OTHER_HZ: u16 = 340;
/// The product's own tone, after which a message is left.
pub const BEEP_HZ: u16 = 1_000;
/// How long a prompt of [`House::toned`] lasts.
const PROMPT_FRAMES: usize = 15;

/// A house; gone when dropped.
pub struct House {
    dir: tempfile::TempDir,
    /// What programs that run here find in their environment besides the test's own.
    pub env: Vec<(&'static str, &'static str)>,
}

pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The hotline we ship for trying out.
pub fn demo_hotline() -> Arc<Hotline> {
    loaded_demo().hotline
}

/// The same with what it was made of.
pub fn loaded_demo() -> LoadedHotline {
    let prompts_dir = checkout().join("prompts");
    let config = Config { prompts_dir, models_dir: "no-models".into(), ..Config::default() };
    load_hotline(&config, "demo-en", "2026-01-01").expect("a good hotline")
}

/// True where espeak-ng, the voice that needs no model, can speak.
pub fn has_espeak() -> bool {
    let mut espeak = std::process::Command::new("espeak-ng");
    espeak.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    espeak.status().is_ok_and(|status| status.success())
}

impl House {
    /// With the prompts we ship. `models` is the models' folder, `None` for an empty one; `more`
    /// follows in the configuration.
    pub fn new(models: Option<&Path>, more: &str) -> House {
        let dir = tempfile::tempdir().expect("a folder");
        let house = House { dir, env: vec![] };
        house.configure(models, &checkout().join("prompts"), more);
        house
    }

    /// With the hotline we ship for trying out `language`.
    pub fn of_language(models: &Path, language: &str) -> House {
        let house = House::new(Some(models), "");
        let text = read(&house.config_file()).replace("'demo-en'", &format!("'demo-{language}'"));
        std::fs::write(house.config_file(), text).expect("written");
        house
    }

    /// With a hotline whose prompts are short tones, recorded as an owner would, and whose waits
    /// are as short as may be: what a caller hears is told by its pitch.
    pub fn toned(more: &str) -> House {
        let dir = tempfile::tempdir().expect("a folder");
        let house = House { dir, env: vec![] };
        let prompts = house.path("prompts");
        let language = prompts.join("languages/en");
        std::fs::create_dir_all(language.join("wav")).expect("made");
        std::fs::create_dir_all(prompts.join("hotlines")).expect("made");
        let ours = checkout().join("prompts");
        for file in ["languages/en/words.toml", "languages/en/needs.tsv"] {
            std::fs::copy(ours.join(file), prompts.join(file)).expect("copied");
        }
        let texts = read(&ours.join("languages/en/prompts.toml"));
        let texts: BTreeMap<String, String> = toml::from_str(&texts).expect("prompts");
        let short: BTreeMap<&str, &str> = texts.keys().map(|k| (k.as_str(), "Hm.")).collect();
        let short = toml::to_string(&short).expect("toml");
        std::fs::write(language.join("prompts.toml"), short).expect("written");
        for name in texts.keys() {
            let known = PROMPT_HZ.iter().find(|(prompt, _)| prompt == name);
            let hz = known.map_or(OTHER_HZ, |&(_, hz)| hz);
            record(&language.join("wav").join(format!("{name}.wav")), hz);
        }
        let waits = "\n[waits]\nclosed_ms = 500\nname_ms = 500\nopen_ms = 500\n\
                     engine_ms_max = 1000\n";
        let hotline = read(&ours.join("hotlines/demo-en.toml")) + waits;
        std::fs::write(prompts.join("hotlines/demo-en.toml"), hotline).expect("written");
        house.configure(None, &prompts, more);
        house
    }

    fn configure(&self, models: Option<&Path>, prompts: &Path, more: &str) {
        let models = models.map_or_else(|| self.path("no-models"), Path::to_path_buf);
        let text = format!(
            "data_dir = 'data'\nmodels_dir = '{}'\nprompts_dir = '{}'\nhotline = 'demo-en'\n\
             [sip]\nlisten = '127.0.0.1:0'\nmedia_ports = '26000-29999'\n\
             [audiosocket]\nlisten = '127.0.0.1:0'\n\
             [console]\nlisten = '127.0.0.1:0'\n{more}\n",
            models.display(),
            prompts.display()
        );
        std::fs::write(self.config_file(), text).expect("written");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn config_file(&self) -> PathBuf {
        self.path("spillway.toml")
    }

    pub fn data_dir(&self) -> PathBuf {
        self.path("data")
    }

    pub fn config(&self) -> Config {
        Config::load(Some(&self.config_file())).expect("a good configuration")
    }

    pub fn hotline(&self) -> LoadedHotline {
        load_hotline(&self.config(), "demo-en", "2026-01-01").expect("a good hotline")
    }

    /// Runs the program with this house's configuration.
    pub async fn spillway(&self, args: &[&str]) -> std::process::Output {
        tokio::process::Command::new(env!("CARGO_BIN_EXE_spillway"))
            .arg("--config")
            .arg(self.config_file())
            .args(args)
            .envs(self.env.iter().copied())
            .kill_on_drop(true)
            .output()
            .await
            .expect("spillway runs")
    }

    /// How each kept call fares in `spillway replay --journal`: `same`, `diverged`,
    /// `not_replayable` or `error`, with all that is told of it.
    pub async fn replays(&self) -> Vec<(String, serde_json::Value)> {
        let calls = self.data_dir().join("calls");
        let calls = calls.to_str().expect("utf-8");
        let finished = self.spillway(&["replay", "--json", "--journal", calls]).await;
        let told = String::from_utf8_lossy(&finished.stdout);
        let all: Vec<serde_json::Value> = serde_json::from_str(&told)
            .unwrap_or_else(|e| panic!("{e}: {told}{}", String::from_utf8_lossy(&finished.stderr)));
        let kind = |call: &serde_json::Value| {
            let outcome = call["outcome"].as_object().and_then(|o| o.keys().next().cloned());
            outcome.unwrap_or_else(|| "error".into())
        };
        all.into_iter().map(|call| (kind(&call), call)).collect()
    }

    /// The ticket of `call` when the call's end is on it; waits for that a while.
    pub async fn ended(&self, store: &TicketStore, call: &CallId) -> StoredTicket {
        for _ in 0..100 {
            let found = store.by_call(call).await.expect("the store is well");
            if let Some(ticket) = found.filter(|t| t.ended_unix_ms.is_some()) {
                return ticket;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no ticket of an ended call within 5 s");
    }

    /// The tickets as a second program finds them on disk.
    pub async fn store(&self) -> TicketStore {
        TicketStore::open_existing(&StoreOptions::new(&self.data_dir())).await.expect("a store")
    }
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

fn record(file: &Path, hz: u16) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(file, spec).expect("a wav");
    for sample in (0..PROMPT_FRAMES).flat_map(|n| tone(hz, n).0) {
        wav.write_sample(sample).expect("written");
    }
    wav.finalize().expect("written");
}
