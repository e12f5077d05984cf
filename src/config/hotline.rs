//! A hotline and its language pack, read from `prompts/`.

use super::overlay::Layer;
use super::{Config, ConfigError, Finding, Overlay};
use crate::dialogue::{Hotline, HotlineFile, Part, Problem, PromptTexts};
use crate::language::gazetteer::{Gazetteer, GazetteerError};
use crate::language::{Grammar, NeedModel, Words};
use crate::ticket::Policies;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A hotline ready to answer, and what it was made of.
#[derive(Debug, Clone)]
pub struct LoadedHotline {
    /// The hotline.
    pub hotline: Arc<Hotline>,
    /// SHA-256, in hexadecimal, of the files it was made of.
    pub digest: String,
    /// The day whose administrative units addresses are read by (ISO 8601).
    pub date: String,
}

/// Reads `prompts/hotlines/<name>.toml`, the language pack it names and the country's gazetteer,
/// and checks them whole. Addresses are read as of `date` (ISO 8601), or of the hotline's own
/// `units_as_of`.
pub fn load_hotline(config: &Config, name: &str, date: &str) -> Result<LoadedHotline, ConfigError> {
    load_hotline_over(config, name, date, None)
}

/// The same with `overlay` laid over the files, where it applies to this hotline.
pub fn load_hotline_over(
    config: &Config,
    name: &str,
    date: &str,
    overlay: Option<&Overlay>,
) -> Result<LoadedHotline, ConfigError> {
    let path = hotline_path(config, name)?;
    let text = read_text(&path)?;
    overlay.map_or(Ok(()), |overlay| overlay.check_names(config))?;
    let overlay = overlay.filter(|overlay| overlay.applies_to(name));
    load_text(config, name, path, &text, date, overlay)
}

/// The same with `text` in the place of the hotline's file, which need not be there.
pub fn check_hotline(
    config: &Config,
    name: &str,
    text: &str,
    date: &str,
) -> Result<LoadedHotline, ConfigError> {
    let path = config.prompts_dir.join("hotlines").join(format!("{name}.toml"));
    load_text(config, name, path, text, date, None)
}

/// Reads `prompts/hotlines/<name>.toml` alone; whether its values can be used is not looked at.
pub fn hotline_file(config: &Config, name: &str) -> Result<HotlineFile, ConfigError> {
    let path = hotline_path(config, name)?;
    read(&path, &mut Sha256::new())
}

/// The prompt texts of `language`; whether they are all there is not looked at.
pub fn load_prompts(config: &Config, language: &str) -> Result<PromptTexts, ConfigError> {
    read(&language_pack(config, language)?.join("prompts.toml"), &mut Sha256::new())
}

/// How callers of `language` say things.
pub fn load_words(config: &Config, language: &str) -> Result<Words, ConfigError> {
    read(&language_pack(config, language)?.join("words.toml"), &mut Sha256::new())
}

/// The folder of a language's pack; an error where `language` is no code, which could lead
/// elsewhere.
fn language_pack(config: &Config, language: &str) -> Result<PathBuf, ConfigError> {
    let packs = config.prompts_dir.join("languages");
    if is_code(language) {
        return Ok(packs.join(language));
    }
    Err(ConfigError::Hotline { file: packs, reason: "language: write its ISO code, as en".into() })
}

fn is_code(code: &str) -> bool {
    !code.is_empty() && code.bytes().all(|b| b.is_ascii_alphabetic())
}

fn prompts_path(config: &Config, language: &str) -> PathBuf {
    config.prompts_dir.join("languages").join(language).join("prompts.toml")
}

/// The names of all hotlines in `prompts/hotlines/`, in order.
pub(super) fn hotline_names(config: &Config) -> Vec<String> {
    names(&config.prompts_dir.join("hotlines"))
}

fn hotline_path(config: &Config, name: &str) -> Result<PathBuf, ConfigError> {
    let hotlines = config.prompts_dir.join("hotlines");
    let path = hotlines.join(format!("{name}.toml"));
    if name.contains(['/', '\\', '\0']) || !path.is_file() {
        let reason = format!("there is no hotline of this name; {}", known(&hotlines));
        return Err(ConfigError::Hotline { file: path, reason });
    }
    Ok(path)
}

fn load_text(
    config: &Config,
    name: &str,
    path: PathBuf,
    text: &str,
    date: &str,
    overlay: Option<&Overlay>,
) -> Result<LoadedHotline, ConfigError> {
    let mut digest = Sha256::new();
    digest.update(text.as_bytes());
    let file: HotlineFile = parsed_over(overlay, Layer::Hotline, &path, text)?;
    let finding = |layer, own: &Path, key: &str, problem: &str| {
        let own = || Finding { file: own.into(), key: key.into(), problem: problem.into() };
        overlay.and_then(|o| o.finding(layer, key, problem)).unwrap_or_else(own)
    };
    let language = &file.language;
    // Folders are named by them.
    for (key, code, like) in [("language", language, "en"), ("country", &file.country, "US")] {
        if !is_code(code) {
            let problem = format!("is \"{code}\"; write its ISO code, as {like}");
            let problems = vec![finding(Layer::Hotline, &path, key, &problem)];
            return Err(ConfigError::Problems { file: path, problems });
        }
    }
    let texts_path = prompts_path(config, language);
    let texts_text = text_of(&texts_path, &mut digest)?;
    let texts: PromptTexts = parsed_over(overlay, Layer::Prompts, &texts_path, &texts_text)?;
    let date = file.units_as_of.clone().unwrap_or_else(|| date.to_string());
    let grammar = grammar(config, language, &file.country, &date, overlay, &mut digest)?;
    let hotline = Hotline::new(name, file, texts, grammar).map_err(|problems| {
        let finding = |p: &Problem| match p.part {
            Part::Hotline => finding(Layer::Hotline, &path, &p.key, &p.problem),
            Part::Prompts => finding(Layer::Prompts, &texts_path, &p.key, &p.problem),
        };
        let problems = problems.iter().map(finding).collect();
        ConfigError::Problems { file: path.clone(), problems }
    })?;
    if let Some(overlay) = overlay {
        digest.update(overlay.text().as_bytes());
    }
    let digest = hex::encode(digest.finalize());
    Ok(LoadedHotline { hotline: Arc::new(hotline), digest, date })
}

/// The words of `language`, its need examples, and the gazetteer of `country` as of `date`.
///
/// A gazetteer that is not installed is no error: addresses are then taken as they are said.
pub fn load_grammar(
    config: &Config,
    language: &str,
    country: &str,
    date: &str,
) -> Result<Grammar, ConfigError> {
    grammar(config, language, country, date, None, &mut Sha256::new())
}

fn grammar(
    config: &Config,
    language: &str,
    country: &str,
    date: &str,
    overlay: Option<&Overlay>,
    digest: &mut Sha256,
) -> Result<Grammar, ConfigError> {
    let pack = config.prompts_dir.join("languages").join(language);
    let words_path = pack.join("words.toml");
    let words_text = text_of(&words_path, digest)?;
    let words: Words = parsed_over(overlay, Layer::Words, &words_path, &words_text)?;
    let examples = text_of(&pack.join("needs.tsv"), digest)?;
    let places = gazetteer_file(config, country);
    let places = match std::fs::read(&places) {
        Ok(bytes) => {
            digest.update(&bytes);
            let reason = |e: GazetteerError| format!("{e}; run: {}", pull(country));
            let unusable = |e| ConfigError::Malformed { file: places.clone(), reason: reason(e) };
            Some(Arc::new(Gazetteer::from_bytes(&bytes).map_err(unusable)?))
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => {
            return Err(ConfigError::Unreadable { file: places, reason: e.to_string() });
        }
    };
    let needs = Arc::new(NeedModel::learn(&examples, &words));
    let day = date.parse().map_err(|_| ConfigError::Hotline {
        file: pack,
        reason: format!("units_as_of is \"{date}\"; write a day as 2021-09-01"),
    })?;
    Ok(Grammar::new(language, country, day, words, needs, places))
}

/// The day whose administrative units are meant by default: today, here (ISO 8601).
pub fn today() -> String {
    jiff::Zoned::now().date().to_string()
}

/// How each hotline in `prompts/hotlines/` works its callbacks: a node serves one hotline's calls
/// and all hotlines' tickets.
pub fn load_policies(config: &Config) -> Result<Policies, ConfigError> {
    let mut policies = BTreeMap::new();
    for name in hotline_names(config) {
        let path = hotline_path(config, &name)?;
        let file: HotlineFile = read(&path, &mut Sha256::new())?;
        let policy = file.callback_policy().map_err(|problems| {
            let finding = |(key, problem)| Finding { file: path.clone(), key, problem };
            let problems = problems.into_iter().map(finding).collect();
            ConfigError::Problems { file: path.clone(), problems }
        })?;
        policies.insert(name, Arc::new(policy));
    }
    Ok(Policies::new(policies))
}

/// Where the gazetteer of `country` is installed.
pub fn gazetteer_file(config: &Config, country: &str) -> PathBuf {
    let pack = format!("gazetteer-{}", country.to_lowercase());
    config.models_dir.join(pack).join("gazetteer.bin")
}

fn pull(country: &str) -> String {
    format!("spillway models pull gazetteer-{}", country.to_lowercase())
}

fn text_of(path: &Path, digest: &mut Sha256) -> Result<String, ConfigError> {
    let text = read_text(path)?;
    digest.update(text.as_bytes());
    Ok(text)
}

pub(super) fn read_text(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|e| ConfigError::Unreadable { file: path.into(), reason: e.to_string() })
}

fn read<T: DeserializeOwned>(path: &Path, digest: &mut Sha256) -> Result<T, ConfigError> {
    parsed(path, &text_of(path, digest)?)
}

/// `text` of `path`, with `overlay` laid over it.
fn parsed_over<T: DeserializeOwned>(
    overlay: Option<&Overlay>,
    layer: Layer,
    path: &Path,
    text: &str,
) -> Result<T, ConfigError> {
    overlay.map_or_else(|| parsed(path, text), |overlay| overlay.over(layer, path, text))
}

pub(super) fn parsed<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ConfigError> {
    toml::from_str(text)
        .map_err(|e| ConfigError::Malformed { file: path.into(), reason: e.to_string() })
}

/// The hotlines' names, in order.
fn names(hotlines: &Path) -> Vec<String> {
    let files = std::fs::read_dir(hotlines).into_iter().flatten().flatten().map(|e| e.path());
    let mut names: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .filter_map(|path| path.file_stem().map(|s| s.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    names
}

fn known(hotlines: &Path) -> String {
    let names = names(hotlines);
    if names.is_empty() {
        format!("{} holds none: is prompts_dir right?", hotlines.display())
    } else {
        format!("known: {}", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(prompts_dir: &Path) -> Config {
        let models_dir = prompts_dir.join("no-models");
        Config { prompts_dir: prompts_dir.into(), models_dir, ..Config::default() }
    }

    fn prompts() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts")
    }

    #[test]
    fn every_hotline_we_ship_is_good() {
        for name in ["demo-en", "demo-vi", "demo-ko", "demo-cs", "demo-uk", "demo-ru"] {
            load_hotline(&config(&prompts()), name, "2026-01-01").unwrap_or_else(|e| panic!("{e}"));
        }
    }

    #[test]
    fn an_unknown_name_lists_the_known() {
        let load = |name| load_hotline(&config(&prompts()), name, "2026-01-01");
        let error = load("demo").unwrap_err().to_string();
        assert!(error.contains("known: demo-cs, demo-en, demo-ko"), "{error}");
        assert!(load("../hotlines/demo-en").is_err());
    }

    #[test]
    fn a_bad_pack_names_file_and_key() {
        let dir = tempfile::tempdir().unwrap();
        let copy = |path: &str, change: fn(String) -> String| {
            let to = dir.path().join(path);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            let text = std::fs::read_to_string(prompts().join(path)).unwrap();
            std::fs::write(to, change(text)).unwrap();
        };
        let error = || {
            let loaded = load_hotline(&config(dir.path()), "demo-en", "2026-01-01");
            loaded.unwrap_err().to_string()
        };
        copy("hotlines/demo-en.toml", |t| t);
        copy("languages/en/words.toml", |t| t);
        copy("languages/en/needs.tsv", |t| t);
        copy("languages/en/prompts.toml", |t| t.replace("ask_name =", "ask_nam ="));
        for want in ["prompts.toml: ask_name: is missing", "prompts.toml: ask_nam: is no prompt"] {
            assert!(error().contains(want), "{}", error());
        }
        copy("languages/en/words.toml", |t| t.replace("no = [", "no = 3 #"));
        assert!(error().contains("words.toml") && error().contains("line"), "{}", error());
        copy("languages/en/words.toml", |t| t);
        copy("languages/en/prompts.toml", |t| t);
        let broken = dir.path().join("no-models/gazetteer-us/gazetteer.bin");
        std::fs::create_dir_all(broken.parent().unwrap()).unwrap();
        std::fs::write(broken, b"not a gazetteer").unwrap();
        assert!(error().contains("models pull gazetteer-us"), "{}", error());
    }
}
