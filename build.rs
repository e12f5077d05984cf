fn main() {
    let lib =
        std::path::Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("models/native");
    println!("cargo:rustc-link-search=native={}", lib.display());
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", lib.display());
    println!("cargo:rustc-link-arg=-lsonic");
    println!("cargo:rerun-if-changed=build.rs");
    // `sqlx::migrate!` embeds the folder, and cannot tell cargo of a new file in it.
    println!("cargo:rerun-if-changed=src/store/migrations");
}
