//! The ONNX Runtime library: found, checked and loaded once for every engine of the process.

use super::EngineError;
use ort::session::Session;
use ort::session::builder::SessionBuilder;
use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

const ENGINE: &str = "onnxruntime";
/// The oldest ONNX Runtime 1.x that `ort` takes as it is built here, `piper-rs` and all: 24.
const MINOR_MIN: u32 = ort::MINOR_VERSION;
const MEND: &str = "run `make models` to get it";

/// The library in use: an `ort` environment can be set up once in a process.
static LOADED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Makes the ONNX Runtime under `models_dir/native` ready; does nothing when one is ready.
///
/// The version is checked before `ort` sees the library: given an older or a missing one, `ort`
/// waits for itself while it builds its error, for ever.
pub fn init(models_dir: &Path) -> Result<(), EngineError> {
    let mut loaded = LOADED.lock().unwrap_or_else(|e| e.into_inner());
    if loaded.is_some() {
        return Ok(());
    }
    let (library, _) = usable(models_dir)?;
    ort::init_from(&library).map_err(broken)?.with_telemetry(false).commit();
    *loaded = Some(library);
    Ok(())
}

/// The library under `models_dir/native` and its version, known to load and to be new enough.
pub fn usable(models_dir: &Path) -> Result<(PathBuf, String), EngineError> {
    let library = find(&models_dir.join("native"))?;
    let version = check(&library)?;
    Ok((library, version))
}

/// A model on one thread that sleeps when it has nothing to do; call [`init`] before.
///
/// Our threads are our own: an engine worker is one thread, and a runtime that spins between
/// sentences would take the second core from the callers.
pub fn model(file: &Path) -> Result<Session, EngineError> {
    if !file.is_file() {
        return Err(EngineError::Missing(format!("{}: no such model; {MEND}", file.display())));
    }
    builder()
        .and_then(|mut builder| builder.commit_from_file(file).map_err(|e| e.to_string()))
        .map_err(|e| broken(format!("{}: {e}", file.display())))
}

/// As [`model`], of an ONNX file in memory.
pub(super) fn model_in(bytes: &[u8]) -> Result<Session, EngineError> {
    builder()
        .and_then(|mut builder| builder.commit_from_memory(bytes).map_err(|e| e.to_string()))
        .map_err(broken)
}

fn builder() -> Result<SessionBuilder, String> {
    if LOADED.lock().unwrap_or_else(|e| e.into_inner()).is_none() {
        return Err("no ONNX Runtime is loaded".into());
    }
    let said = |e: ort::Error<_>| e.to_string();
    let builder = Session::builder().map_err(|e| e.to_string())?;
    let builder = builder.with_intra_threads(1).map_err(said)?;
    let builder = builder.with_inter_threads(1).map_err(said)?;
    let builder = builder.with_intra_op_spinning(false).map_err(said)?;
    builder.with_inter_op_spinning(false).map_err(said)
}

/// ONNX Runtime's errors as ours.
pub(super) fn broken(reason: impl std::fmt::Display) -> EngineError {
    EngineError::Broken { engine: ENGINE, reason: reason.to_string() }
}

/// The newest `libonnxruntime.so*` in `dir`.
fn find(dir: &Path) -> Result<PathBuf, EngineError> {
    let versions = |path: &Path| -> Option<Vec<u32>> {
        let rest = path.file_name()?.to_str()?.strip_prefix("libonnxruntime.so")?;
        Some(rest.split('.').filter_map(|n| n.parse().ok()).collect())
    };
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter_map(|path| Some((versions(&path)?, path)))
        .max()
        .map(|(_, path)| path)
        .ok_or_else(|| {
            let dir = dir.display();
            EngineError::Missing(format!("{dir}: no libonnxruntime.so is there; {MEND}"))
        })
}

/// Loads `library`, reads its version and refuses one that is too old.
#[allow(unsafe_code)]
fn check(library: &Path) -> Result<String, EngineError> {
    let name = library.display();
    let unusable = |e: libloading::Error| {
        EngineError::Missing(format!("{name}: not a usable ONNX Runtime ({e}); {MEND}"))
    };
    let absolute = std::path::absolute(library).map_err(broken)?;
    // SAFETY: the library is ONNX Runtime as our model pack verified it by digest (or the
    // administrator put it there); its initialisers have no preconditions.
    let handle = unsafe { libloading::Library::new(absolute) }.map_err(unusable)?;
    type GetApiBase = unsafe extern "C" fn() -> *const ort::sys::OrtApiBase;
    // SAFETY: `OrtGetApiBase` has this type in every release (onnxruntime_c_api.h).
    let get_api_base = unsafe { handle.get::<GetApiBase>(b"OrtGetApiBase\0") }.map_err(unusable)?;
    // SAFETY: it takes nothing and returns a pointer to a static table, checked for null below.
    let base = unsafe { get_api_base() };
    if base.is_null() {
        return Err(broken(format!("{name}: gives no API; {MEND}")));
    }
    // SAFETY: the table and the NUL-terminated string live as long as `handle`.
    let version = unsafe { CStr::from_ptr(((*base).GetVersionString)()) }.to_string_lossy();
    let mut numbers = version.split('.').map(|n| n.parse::<u32>().unwrap_or(0));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if major != 1 || minor < MINOR_MIN {
        return Err(EngineError::Missing(format!(
            "{name}: ONNX Runtime {version} is too old, 1.{MINOR_MIN} or newer is needed; {MEND}"
        )));
    }
    Ok(version.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(result: Result<(), EngineError>, says: &str) {
        match result {
            Err(EngineError::Missing(text)) => {
                assert!(text.contains(says) && text.contains("make models"), "{text}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_missing_library_is_said_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        missing(find(&dir.path().join("native")).map(|_| ()), "no libonnxruntime.so");
        missing(find(dir.path()).map(|_| ()), "no libonnxruntime.so");
    }

    #[test]
    fn a_file_that_is_no_library_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("libonnxruntime.so.1.24.1");
        std::fs::write(&file, b"not a library").unwrap();
        assert_eq!(find(dir.path()).unwrap(), file);
        missing(check(&file).map(drop), "not a usable ONNX Runtime");
    }

    #[test]
    fn the_newest_by_number_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["libonnxruntime.so.1.9.0", "libonnxruntime.so.1.24.1", "libother.so.2"] {
            std::fs::write(dir.path().join(name), b"").unwrap();
        }
        assert!(find(dir.path()).unwrap().ends_with("libonnxruntime.so.1.24.1"));
    }

    /// An old runtime made by hand: one function that answers "1.17.3".
    #[test]
    fn an_older_library_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (source, library) =
            (dir.path().join("old.c"), dir.path().join("libonnxruntime.so.1.17.3"));
        let code = "static const char *version(void) { return \"1.17.3\"; }\n\
                    static const void *base[2] = { 0, (const void *)version };\n\
                    const void *OrtGetApiBase(void) { return base; }\n";
        std::fs::write(&source, code).unwrap();
        let built = std::process::Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .status();
        if !built.is_ok_and(|status| status.success()) {
            eprintln!("SKIPPED: an_older_library_is_refused: no C compiler `cc` here");
            return;
        }
        missing(check(&library).map(drop), "1.17.3 is too old");
    }
}
