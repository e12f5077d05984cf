//! Makes a pack's files of its verified downloads.

use super::digest::sha256_of;
use super::manifest::{Unpack, stays_inside};
use super::members::{open_zip, read_member};
use super::{PackError, conformer, ctranslate2, gazetteer, ggml};
use crate::engine::ctc;
use object::{Object, ObjectSegment, ObjectSymbol};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Unpacks `downloads` (in the manifest's order; for a gazetteer also our own file on the country)
/// into the empty directory `into` below `models_dir`. Gives what is worth telling of it.
pub(super) fn unpack(
    recipe: &Unpack,
    downloads: &[PathBuf],
    models_dir: &Path,
    into: &Path,
) -> Result<Vec<String>, PackError> {
    let done = match recipe {
        Unpack::Gazetteer { country } => return build_gazetteer(country, downloads, into),
        Unpack::Copy => downloads.iter().try_for_each(|from| {
            let to = into.join(from.file_name().unwrap_or_default());
            std::fs::copy(from, &to).map(drop).map_err(PackError::io(&to))
        }),
        Unpack::Tree { prefix } => downloads.iter().try_for_each(|from| tree(from, prefix, into)),
        Unpack::CtcConformer { member, model, vocabulary } => {
            let library = read_member(downloads, member)?;
            let data = |symbol| data_of(&library, symbol).map_err(PackError::malformed(member));
            write(into, "vocab.txt", data(vocabulary)?)?;
            let (model, told) = conformer::convert(data(model)?, model, models_dir)?;
            write(into, ctc::STATELESS, &model)?;
            return Ok(vec![format!("{}: {told}", ctc::STATELESS)]);
        }
        Unpack::Ctranslate2Whisper { parts, vocabulary, to } => {
            let mut model = vec![];
            for part in parts {
                model.append(&mut read_member(downloads, part)?);
            }
            let vocabulary = read_member(downloads, vocabulary)?;
            let f16 = ctranslate2::to_ggml(&model, &String::from_utf8_lossy(&vocabulary))
                .map_err(PackError::malformed("model.bin"))?;
            write(into, to, &quantize(&f16, "model.bin")?)
        }
        Unpack::GgmlQuantize { to } => downloads.iter().try_for_each(|from| {
            let f16 = std::fs::read(from).map_err(PackError::io(from))?;
            write(into, to, &quantize(&f16, &from.display().to_string())?)
        }),
    };
    done.map(|()| vec![])
}

/// Builds `gazetteer.bin`; of `sources` the `.toml` is our own, the others are packages.
fn build_gazetteer(
    country: &str,
    sources: &[PathBuf],
    into: &Path,
) -> Result<Vec<String>, PackError> {
    let is_ours = |path: &&PathBuf| path.extension().is_some_and(|e| e == "toml");
    let mut curated = gazetteer::Curated::default();
    if let Some(path) = sources.iter().find(is_ours) {
        let text = std::fs::read_to_string(path).map_err(PackError::io(path))?;
        curated = gazetteer::Curated::parse(&text)
            .map_err(|reason| PackError::Manifest { path: path.clone(), reason })?;
    }
    let archives: Vec<PathBuf> = sources.iter().filter(|p| !is_ours(p)).cloned().collect();
    let read = |member: &str| {
        read_member(&archives, member).map_err(|e| match e {
            PackError::Malformed { file, reason } => format!("{file} {reason}"),
            other => other.to_string(),
        })
    };
    let built = gazetteer::build(country, &read, &curated)
        .map_err(PackError::malformed(&format!("the packages for gazetteer-{country}")))?;
    let file = built.draft.to_bytes();
    write(into, "gazetteer.bin", &file)?;
    let mut notes = built.notes;
    let (units, bytes) = (built.draft.units.len(), file.len());
    let digest = sha256_of(&file);
    notes.push(format!("gazetteer.bin: {units} units, {bytes} bytes, sha256 {digest}"));
    Ok(notes)
}

fn quantize(f16: &[u8], name: &str) -> Result<Vec<u8>, PackError> {
    ggml::quantize_q8_0(f16).map_err(PackError::malformed(name))
}

/// Writes every file of the archive `from` that lies below `prefix`.
fn tree(from: &Path, prefix: &str, into: &Path) -> Result<(), PackError> {
    let name = from.display().to_string();
    let mut archive = open_zip(from)?;
    let mut files = 0;
    for i in 0..archive.len() {
        let mut entry = archive.by_index(i).map_err(PackError::malformed(&name))?;
        if !entry.is_file() {
            continue;
        }
        let member = entry.name().map_err(PackError::malformed(&name))?.into_owned();
        let Some(path) = member.strip_prefix(prefix) else { continue };
        if !stays_inside(path) {
            let wrong = format!("`{path}` would leave the pack's directory");
            return Err(PackError::malformed(&name)(wrong));
        }
        let to = into.join(path);
        let parent = to.parent().unwrap_or(into);
        std::fs::create_dir_all(parent).map_err(PackError::io(parent))?;
        let mut file = File::create(&to).map_err(PackError::io(&to))?;
        std::io::copy(&mut entry, &mut file).map_err(PackError::io(&to))?;
        files += 1;
    }
    if files == 0 {
        return Err(PackError::malformed(&name)(format!("has nothing below `{prefix}`")));
    }
    Ok(())
}

/// The data object `symbol` of an ELF library; `symbol_size` is its length as a `u64`.
fn data_of<'a>(library: &'a [u8], symbol: &str) -> Result<&'a [u8], String> {
    let elf = object::File::parse(library).map_err(|e| e.to_string())?;
    let at = |name: &str, length: u64| {
        let symbol = elf.dynamic_symbols().find(|s| s.name() == Ok(name));
        let address = symbol.ok_or_else(|| format!("has no symbol `{name}`"))?.address();
        let segment = |s: object::Segment<'a, '_>| s.data_range(address, length).ok().flatten();
        elf.segments().find_map(segment).ok_or_else(|| format!("`{name}` lies outside of the file"))
    };
    let size = at(&format!("{symbol}_size"), 8)?;
    let size = size.try_into().map(u64::from_le_bytes).map_err(|_| "is cut off".to_string())?;
    at(symbol, size)
}

fn write(into: &Path, file: &str, contents: &[u8]) -> Result<(), PackError> {
    let to = into.join(file);
    std::fs::write(&to, contents).map_err(PackError::io(&to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    fn archive(dir: &Path, members: &[(&str, &str)]) -> PathBuf {
        let path = dir.join("a.zip");
        let mut zip = zip::ZipWriter::new(File::create(&path).expect("create"));
        for (name, text) in members {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("member");
            zip.write_all(text.as_bytes()).expect("write");
        }
        zip.finish().expect("finish");
        path
    }

    #[test]
    fn a_tree_keeps_what_is_below_its_prefix() {
        let dir = tempfile::tempdir().expect("temp dir");
        let from = archive(dir.path(), &[("m/a", "1"), ("m/b/c", "2"), ("other", "3")]);
        let into = dir.path().join("into");
        std::fs::create_dir(&into).expect("dir");
        unpack(
            &Unpack::Tree { prefix: "m/".into() },
            std::slice::from_ref(&from),
            dir.path(),
            &into,
        )
        .expect("unpack");
        assert_eq!(std::fs::read_to_string(into.join("a")).expect("a"), "1");
        assert_eq!(std::fs::read_to_string(into.join("b/c")).expect("c"), "2");
        assert!(!into.join("other").exists());
        let error = unpack(&Unpack::Tree { prefix: "x/".into() }, &[from], dir.path(), &into);
        assert!(error.expect_err("nothing there").to_string().contains("nothing below `x/`"));
    }

    #[test]
    fn a_member_that_leaves_the_directory_is_refused() {
        let dir = tempfile::tempdir().expect("temp dir");
        let from = archive(dir.path(), &[("m/../../evil", "1")]);
        let into = dir.path().join("into");
        std::fs::create_dir(&into).expect("dir");
        let error = unpack(&Unpack::Tree { prefix: "m/".into() }, &[from], dir.path(), &into);
        assert!(error.expect_err("refused").to_string().contains("would leave"));
        assert!(!dir.path().join("evil").exists());
    }

    #[test]
    fn a_missing_member_is_named() {
        let dir = tempfile::tempdir().expect("temp dir");
        let from = archive(dir.path(), &[("m/a", "not a library")]);
        let recipe = |member: &str| Unpack::CtcConformer {
            member: member.into(),
            model: "s".into(),
            vocabulary: "t".into(),
        };
        let check = |member: &str, wanted: &str| {
            let error =
                unpack(&recipe(member), std::slice::from_ref(&from), dir.path(), dir.path());
            let error = error.expect_err(member).to_string();
            assert!(error.contains(wanted), "{error}");
        };
        check("m/b", "m/b: is in none of the packages");
        check("m/a", "m/a");
    }

    proptest! {
        #[test]
        fn any_bytes_are_no_library_and_not_fatal(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            prop_assert!(data_of(&bytes, "s").is_err());
            let mut headed = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0".to_vec();
            headed.extend_from_slice(&bytes);
            prop_assert!(data_of(&headed, "s").is_err());
        }
    }
}
