//! Finds ONNX Runtime and proves it is the right one before anything is initialised with it.

use crate::engine::EngineError;
use std::ffi::{CStr, c_char, c_void};
use std::path::{Path, PathBuf};

/// The oldest ONNX Runtime that works, as (major, minor).
pub const ONNX_RUNTIME_VERSION_MIN: (u32, u32) = (1, 24);

const MEND: &str = "run `make setup`";

/// `OrtApiBase` of `onnxruntime_c_api.h`: the one structure whose layout is promised for ever.
#[repr(C)]
struct OrtApiBase {
    _get_api: unsafe extern "C" fn(u32) -> *const c_void,
    get_version_string: unsafe extern "C" fn() -> *const c_char,
}

/// The ONNX Runtime library in `models_dir`, known to load and to be new enough.
///
/// Every engine gets its path here before `ort::init_from`: with a missing or older library
/// initialisation never returns.
pub fn onnx_runtime(models_dir: &Path) -> Result<PathBuf, EngineError> {
    let path = find(&models_dir.join("native"))?;
    let version = version_of(&path)?;
    if !is_new_enough(&version) {
        let (major, minor) = ONNX_RUNTIME_VERSION_MIN;
        return Err(EngineError::Missing(format!(
            "{} is ONNX Runtime {version}, at least {major}.{minor} is needed; {MEND}",
            path.display()
        )));
    }
    Ok(path)
}

/// The version an ONNX Runtime library says it is.
pub fn onnx_runtime_version(models_dir: &Path) -> Result<String, EngineError> {
    version_of(&find(&models_dir.join("native"))?)
}

/// The newest `libonnxruntime.so*` in `dir`.
fn find(dir: &Path) -> Result<PathBuf, EngineError> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name == "libonnxruntime.so" || name.starts_with("libonnxruntime.so.")
        })
        .collect();
    found.sort_by_key(|path| numbers(&path.to_string_lossy()));
    found.pop().ok_or_else(|| {
        EngineError::Missing(format!("no libonnxruntime.so in {}; {MEND}", dir.display()))
    })
}

#[allow(unsafe_code)]
fn version_of(path: &Path) -> Result<String, EngineError> {
    let missing = |e: libloading::Error| {
        EngineError::Missing(format!("{} does not load ({e}); {MEND}", path.display()))
    };
    let broken =
        || EngineError::Broken { engine: "onnxruntime", reason: format!("no version; {MEND}") };
    // SAFETY: loading runs the library's initialisers. It is the file `make setup` verified by
    // sha256 or one its owner put into the models directory, and the engines load it all the same.
    let library = unsafe { libloading::Library::new(path) }.map_err(missing)?;
    // SAFETY: `OrtGetApiBase` has had this signature in every release of ONNX Runtime.
    let get_base =
        unsafe { library.get::<unsafe extern "C" fn() -> *const OrtApiBase>(b"OrtGetApiBase\0") }
            .map_err(missing)?;
    // SAFETY: takes nothing; returns null or a structure that lives as long as the library.
    let base = unsafe { get_base().as_ref() }.ok_or_else(broken)?;
    // SAFETY: takes nothing; returns null or a NUL-terminated string of the library's own.
    let text = unsafe { (base.get_version_string)() };
    if text.is_null() {
        return Err(broken());
    }
    // SAFETY: not null, NUL-terminated, and `library` is still loaded.
    let version = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
    // ONNX Runtime starts threads and registers handlers: unloading it again is not safe.
    std::mem::forget(library);
    Ok(version)
}

fn is_new_enough(version: &str) -> bool {
    let (major, minor) = ONNX_RUNTIME_VERSION_MIN;
    numbers(version) >= vec![u64::from(major), u64::from(minor)]
}

/// The numbers in a text, for comparing versions.
fn numbers(text: &str) -> Vec<u64> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        let check = |version: &str, wanted| assert_eq!(is_new_enough(version), wanted, "{version}");
        check("1.24.1", true);
        check("1.24", true);
        check("1.23.9", false);
        check("1.9.0", false);
        check("2.0.0", true);
        check("", false);
    }

    #[test]
    fn a_missing_or_foreign_library_is_an_error_with_the_mend() {
        let dir = tempfile::tempdir().expect("temp dir");
        let check = |wanted: &str| {
            let error = onnx_runtime(dir.path()).expect_err("not there").to_string();
            assert!(error.contains(wanted) && error.contains("make setup"), "{error}");
        };
        check("no libonnxruntime.so");
        let native = dir.path().join("native");
        std::fs::create_dir(&native).expect("dir");
        std::fs::write(native.join("libonnxruntime.so.1.24.1"), "not a library").expect("file");
        check("does not load");
    }

    #[test]
    fn the_installed_library_is_found_and_new_enough() {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        if find(&models.join("native")).is_err() {
            eprintln!("SKIPPED: no ONNX Runtime in models/native; run `make setup`");
            return;
        }
        let path = onnx_runtime(&models).expect("usable");
        let version = onnx_runtime_version(&models).expect("version");
        assert!(path.to_string_lossy().ends_with(&version), "{path:?} says {version}");
    }
}
