//! Where the linker and the program find the libraries that no crate brings.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // `sqlx::migrate!` embeds the folder, and cannot tell cargo of a new file in it.
    println!("cargo:rerun-if-changed=src/store/migrations");
    // The console's pages are embedded; where they are not built yet, there are none.
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/dist");
    if let Err(error) = std::fs::create_dir_all(&pages) {
        println!("cargo:warning={} cannot be made: {error}", pages.display());
    }
    println!("cargo:rerun-if-changed=web/dist");
    let native = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/native");
    if !native.join("libvosk.so").exists() {
        println!("cargo:warning=models/native/libvosk.so is missing: run `make setup`");
    }
    println!("cargo:rustc-link-search=native={}", native.display());
    // Found beside the program or in its models directory when the checkout has moved away.
    for place in [native.to_string_lossy().as_ref(), "$ORIGIN", "$ORIGIN/models/native"] {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{place}");
    }
    // espeak-rs builds espeak-ng with libsonic, and with libpcaudio where its header is, but tells
    // the linker of neither.
    println!("cargo:rustc-link-arg=-lsonic");
    if Path::new("/usr/include/pcaudiolib/audio.h").exists() {
        println!("cargo:rustc-link-arg=-lpcaudio");
    }
}
