//! An overlay: what a replay changes of a hotline, of its language's words and prompts and of the
//! recogniser, while their files stay as they are.

use super::{Config, ConfigError, Finding, hotline};
use crate::speech::Bonus;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// An overlay file, read and of the right shape; whether its values can be used is seen when a
/// hotline is loaded with it.
///
/// ```toml
/// only = ["demo-en"]             # absent: every hotline
///
/// [hotline]                      # keys of prompts/hotlines/<name>.toml
/// waits = { closed_ms = 400 }
/// [prompts]                      # prompts/languages/<language>/prompts.toml
/// ask_name = "What is your name?"
/// [words]                        # prompts/languages/<language>/words.toml; lists replace lists
/// yes = ["yes", "yeah"]
/// [engine]
/// recognizer = "whisper"         # or "ctc", "vosk"
/// models_dir = "other-models"    # with native/ in it; relative to the overlay
/// bonus = { token = 2.5, word = 0.5 }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    file: PathBuf,
    text: String,
    parts: Parts,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Parts {
    only: Vec<String>,
    hotline: Table,
    prompts: Table,
    words: Table,
    engine: EngineOverlay,
}

/// A file that an overlay's table is laid over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    Hotline,
    Prompts,
    Words,
}

impl Layer {
    /// The table's name.
    fn name(self) -> &'static str {
        match self {
            Layer::Hotline => "hotline",
            Layer::Prompts => "prompts",
            Layer::Words => "words",
        }
    }
}

/// A recogniser by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecognizerName {
    /// `engine::ctc`, Vietnamese.
    Ctc,
    /// `engine::whisper`.
    Whisper,
    /// `engine::vosk`.
    Vosk,
}

/// Which recogniser hears, and how; what is `None` stays as it is installed.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EngineOverlay {
    /// The recogniser.
    pub recognizer: Option<RecognizerName>,
    /// Where its model is.
    pub models_dir: Option<PathBuf>,
    /// What an expected phrase is worth; of `ctc` only.
    pub bonus: Option<Bonus>,
}

/// Above this the expected phrases are all that is ever heard.
const BONUS_MAX: f32 = 20.0;

impl Overlay {
    /// Reads `file`. Errors name file and key.
    pub fn load(file: &Path) -> Result<Overlay, ConfigError> {
        Overlay::parse(file, hotline::read_text(file)?)
    }

    /// The same of `text` that is no file; `file` stands in errors.
    pub fn parse(file: &Path, text: String) -> Result<Overlay, ConfigError> {
        let mut parts: Parts = hotline::parsed(file, &text)?;
        if let Some(models_dir) = &mut parts.engine.models_dir {
            *models_dir = file.parent().unwrap_or(Path::new(".")).join(&*models_dir);
        }
        let worths = parts.engine.bonus.iter().flat_map(|b| [b.token, b.word]);
        if let Some(worth) = worths.into_iter().find(|w| !(0.0..=BONUS_MAX).contains(w)) {
            return Err(ConfigError::Invalid {
                file: file.into(),
                key: "engine.bonus",
                problem: format!("holds {worth}"),
                fix: "choose 0 to 20 nats for each token",
            });
        }
        Ok(Overlay { file: file.into(), text, parts })
    }

    /// The file as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether calls to `hotline` are changed by it.
    pub fn applies_to(&self, hotline: &str) -> bool {
        self.parts.only.is_empty() || self.parts.only.iter().any(|name| name == hotline)
    }

    /// What it changes of the recogniser, for the hotlines it applies to.
    pub fn engine(&self) -> &EngineOverlay {
        &self.parts.engine
    }

    /// That the hotlines of `only` are there: a name with a slip would change nothing, unseen.
    pub(super) fn check_names(&self, config: &Config) -> Result<(), ConfigError> {
        let known = hotline::hotline_names(config);
        let missing = self.parts.only.iter().find(|name| !known.contains(name));
        missing.map_or(Ok(()), |name| {
            let known = known.join(", ");
            let reason = format!("only: there is no hotline \"{name}\"; known: {known}");
            Err(ConfigError::Hotline { file: self.file.clone(), reason })
        })
    }

    /// `text` of `file` with the overlay's table laid over it. `file` has to be good by itself, so
    /// that what is wrong with both is the overlay's.
    pub(super) fn over<T: DeserializeOwned>(
        &self,
        layer: Layer,
        file: &Path,
        text: &str,
    ) -> Result<T, ConfigError> {
        let own = hotline::parsed(file, text)?;
        let changes = self.layer(layer);
        if changes.is_empty() {
            return Ok(own);
        }
        let mut table: Table = hotline::parsed(file, text)?;
        merge(&mut table, changes);
        table.try_into().map_err(|e: toml::de::Error| {
            let (name, said) = (layer.name(), e.to_string());
            let reason = format!("[{name}], laid over {}: {}", file.display(), said.trim_end());
            ConfigError::Malformed { file: self.file.clone(), reason }
        })
    }

    /// The finding that `key` of a layer is wrong, where the overlay has set it.
    pub(super) fn finding(&self, layer: Layer, key: &str, problem: &str) -> Option<Finding> {
        let mut table = self.layer(layer);
        for part in key.split('.') {
            match table.get(part)? {
                Value::Table(inner) => table = inner,
                _ => break,
            }
        }
        let (file, key) = (self.file.clone(), format!("{}.{key}", layer.name()));
        Some(Finding { file, key, problem: problem.into() })
    }

    fn layer(&self, layer: Layer) -> &Table {
        match layer {
            Layer::Hotline => &self.parts.hotline,
            Layer::Prompts => &self.parts.prompts,
            Layer::Words => &self.parts.words,
        }
    }
}

/// Lays `changes` over `table`: tables are merged, everything else is replaced.
fn merge(table: &mut Table, changes: &Table) {
    for (key, change) in changes {
        match (table.get_mut(key), change) {
            (Some(Value::Table(own)), Value::Table(change)) => merge(own, change),
            _ => {
                table.insert(key.clone(), change.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LoadedHotline, load_hotline, load_hotline_over};

    fn config() -> Config {
        let prompts_dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
        Config { models_dir: prompts_dir.join("no-models"), prompts_dir, ..Config::default() }
    }

    fn laid(text: &str) -> Result<(Overlay, LoadedHotline), String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("overlay.toml");
        std::fs::write(&file, text).unwrap();
        let overlay = Overlay::load(&file).map_err(|e| e.to_string())?;
        let loaded = load_hotline_over(&config(), "demo-en", "2026-01-01", Some(&overlay));
        loaded.map(|loaded| (overlay, loaded)).map_err(|e| e.to_string())
    }

    #[test]
    fn what_it_says_is_changed_and_nothing_else() {
        let plain = load_hotline(&config(), "demo-en", "2026-01-01").unwrap();
        let text = "[hotline.waits]\nclosed_ms = 400\n[hotline.confidence]\nconfirm_below = 0.7\n\
                    [prompts]\nask_name = \"Who is it?\"\n[words]\nyes = [\"aye\"]\n";
        let (overlay, loaded) = laid(text).unwrap();
        assert_eq!(overlay.text(), text);
        let (was, is) = (&plain.hotline, &loaded.hotline);
        assert_eq!(is.file.waits.closed_ms, 400);
        assert_eq!(is.file.waits.name_ms, was.file.waits.name_ms);
        assert_eq!(is.file.confidence.confirm_below, 0.7);
        assert_eq!(is.file.confidence.reject_below, was.file.confidence.reject_below);
        assert_eq!(is.texts["ask_name"], "Who is it?");
        assert_eq!(is.texts["ask_need"], was.texts["ask_need"]);
        assert_eq!(is.grammar.words.yes, ["aye"], "lists replace");
        assert_eq!(is.grammar.words.no, was.grammar.words.no);
        assert_ne!(plain.digest, loaded.digest);
    }

    #[test]
    fn it_changes_only_the_hotlines_it_names() {
        let plain = load_hotline(&config(), "demo-en", "2026-01-01").unwrap();
        let (overlay, loaded) = laid("only = [\"demo-vi\"]\n[prompts]\nask_name = \"?\"").unwrap();
        assert_eq!((plain.digest, overlay.applies_to("demo-vi")), (loaded.digest, true));
        let error = laid("only = [\"demo\"]").unwrap_err();
        assert!(error.contains("overlay.toml: only: there is no hotline \"demo\""), "{error}");
    }

    #[test]
    fn its_errors_name_it_and_the_key() {
        fn check(text: &str, wants: &[&str]) {
            let error = laid(text).unwrap_err();
            for want in wants.iter().chain(&["overlay.toml"]) {
                assert!(error.contains(want), "{text}: {error}");
            }
        }
        check("[hotlin]", &["hotlin", "line 1"]);
        check("[hotline]\nwait = 3", &["[hotline]", "unknown field `wait`", "demo-en.toml"]);
        check("[hotline.waits]\nclosed = 3", &["[hotline]", "unknown field `closed`"]);
        check(
            "[hotline.waits]\nclosed_ms = \"3\"",
            &["[hotline]", "waits.closed_ms", "expected u64"],
        );
        check("[hotline.waits]\nclosed_ms = 3", &["hotline.waits.closed_ms: is 3; choose"]);
        check("[hotline]\nlanguage = \"../en\"", &["hotline.language"]);
        check("[prompts]\nask_nam = \"x\"", &["prompts.ask_nam: is no prompt"]);
        check("[prompts]\nask_name = 3", &["[prompts]", "ask_name"]);
        check("[words]\nyess = []", &["[words]", "unknown field `yess`", "words.toml"]);
        check("[engine]\nrecognizer = \"kaldi\"", &["kaldi", "`ctc`, `whisper`"]);
        check("[engine]\nbonus = { token = -1, word = 0 }", &["engine.bonus: holds -1; choose"]);
    }
}
