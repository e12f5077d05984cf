//! A hotline and its language pack, read from `prompts/`.

use super::ConfigError;
use crate::dialogue::{Hotline, HotlineFile, Part, PromptTexts};
use crate::language::Words;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A hotline ready to answer, and what it was made of.
#[derive(Debug, Clone)]
pub struct LoadedHotline {
    /// The hotline.
    pub hotline: Arc<Hotline>,
    /// SHA-256, in hexadecimal, of its three files.
    pub digest: String,
}

/// Reads `prompts/hotlines/<name>.toml` and the language pack it names, and checks them whole.
pub fn load_hotline(prompts_dir: &Path, name: &str) -> Result<LoadedHotline, ConfigError> {
    let hotlines = prompts_dir.join("hotlines");
    let path = hotlines.join(format!("{name}.toml"));
    if name.contains(['/', '\\']) || !path.is_file() {
        let reason = format!("there is no hotline of this name; {}", known(&hotlines));
        return Err(ConfigError::Hotline { file: path, reason });
    }
    let mut digest = Sha256::new();
    let file: HotlineFile = read(&path, &mut digest)?;
    let pack = prompts_dir.join("languages").join(&file.language);
    let texts_path = pack.join("prompts.toml");
    let texts: PromptTexts = read(&texts_path, &mut digest)?;
    let words: Words = read(&pack.join("words.toml"), &mut digest)?;
    let hotline = Hotline::new(name, file, texts, words).map_err(|problems| {
        let line = |part: Part, file: &PathBuf| {
            let lines = problems.iter().filter(|p| p.part == part);
            let lines: Vec<String> = lines
                .map(|p| format!("\n  {}: {}: {}", file.display(), p.key, p.problem))
                .collect();
            lines.concat()
        };
        let reason = line(Part::Hotline, &path) + &line(Part::Prompts, &texts_path);
        ConfigError::Hotline { file: path.clone(), reason: format!("cannot be used:{reason}") }
    })?;
    let digest = digest.finalize().iter().map(|b| format!("{b:02x}")).collect();
    Ok(LoadedHotline { hotline: Arc::new(hotline), digest })
}

fn read<T: DeserializeOwned>(path: &Path, digest: &mut Sha256) -> Result<T, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| ConfigError::Unreadable { file: path.into(), reason: e.to_string() })?;
    digest.update(text.as_bytes());
    toml::from_str(&text)
        .map_err(|e| ConfigError::Malformed { file: path.into(), reason: e.to_string() })
}

fn known(hotlines: &Path) -> String {
    let names = std::fs::read_dir(hotlines).into_iter().flatten().flatten();
    let mut names: Vec<String> = names
        .filter_map(|e| e.path().file_stem().map(|s| s.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    if names.is_empty() {
        format!("{} holds none: is prompts_dir right?", hotlines.display())
    } else {
        format!("known: {}", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompts() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts")
    }

    #[test]
    fn every_hotline_we_ship_is_good() {
        for name in ["demo-en", "demo-vi", "demo-ko"] {
            load_hotline(&prompts(), name).unwrap_or_else(|e| panic!("{e}"));
        }
    }

    #[test]
    fn an_unknown_name_lists_the_known() {
        let error = load_hotline(&prompts(), "demo").unwrap_err().to_string();
        assert!(error.contains("known: demo-en, demo-ko, demo-vi"), "{error}");
        assert!(load_hotline(&prompts(), "../hotlines/demo-en").is_err());
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
        copy("hotlines/demo-en.toml", |t| t);
        copy("languages/en/words.toml", |t| t);
        copy("languages/en/prompts.toml", |t| t.replace("ask_name =", "ask_nam ="));
        let error = load_hotline(dir.path(), "demo-en").unwrap_err().to_string();
        for want in ["prompts.toml: ask_name: is missing", "prompts.toml: ask_nam: is no prompt"] {
            assert!(error.contains(want), "{error}");
        }
        copy("languages/en/words.toml", |t| t.replace("no = [", "no = 3 #"));
        let error = load_hotline(dir.path(), "demo-en").unwrap_err().to_string();
        assert!(error.contains("words.toml") && error.contains("line"), "{error}");
    }
}
