//! A real S3-compatible server of the test's own, on loopback: s3s-fs (crates.io) or moto (PyPI).
//!
//! `SPILLWAY_TEST_S3` names the program, otherwise it is looked for on the PATH:
//!
//! ```text
//! cargo install s3s-fs --features binary
//! pip install 'moto[server]'
//! ```

use spillway::store::{ArchivePlace, S3Bucket, S3Keys};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to start.
const START: Duration = Duration::from_secs(60);
const BUCKET: &str = "calls";

/// A running server; it and its data are gone when dropped.
pub struct S3 {
    /// Which one.
    pub program: PathBuf,
    _dir: tempfile::TempDir,
    at: SocketAddr,
    server: Child,
}

impl S3 {
    /// Starts one, with a bucket in it; `None`, said loudly, where there is none.
    pub fn start() -> Option<S3> {
        let Some(program) = program() else {
            eprintln!(
                "SKIPPED: no S3-compatible server here (cargo install s3s-fs --features binary, \
                 or pip install 'moto[server]'; SPILLWAY_TEST_S3 may name the program)"
            );
            return None;
        };
        let dir = tempfile::tempdir().expect("a folder");
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let at = free.local_addr().expect("bound");
        drop(free);
        let moto = is_moto(&program);
        let mut command = Command::new(&program);
        let port = at.port().to_string();
        if moto {
            command.args(["-H", "127.0.0.1", "-p", &port]);
        } else {
            // Its buckets are folders.
            std::fs::create_dir(dir.path().join(BUCKET)).expect("a bucket");
            command.args(["--host", "127.0.0.1", "--port", &port, "--access-key", "id"]);
            command.args(["--secret-key", "secret"]).arg(dir.path());
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = command.spawn().expect("the server starts");
        let s3 = S3 { program, _dir: dir, at, server };
        s3.wait();
        if moto {
            s3.request(&format!("PUT /{BUCKET}"));
        }
        Some(s3)
    }

    /// Its bucket; `prefix` is before each object's name.
    pub fn bucket(&self, prefix: &str) -> ArchivePlace {
        ArchivePlace::S3(S3Bucket {
            bucket: BUCKET.into(),
            endpoint: Some(format!("http://{}", self.at)),
            region: "us-east-1".into(),
            prefix: prefix.into(),
            allow_http: false,
            ca_file: None,
            keys: S3Keys::new("id", "secret", None),
        })
    }

    fn request(&self, line: &str) {
        let mut peer = TcpStream::connect(self.at).expect("it listens");
        let host = self.at;
        let head = "Content-Length: 0\r\nConnection: close";
        write!(peer, "{line} HTTP/1.1\r\nHost: {host}\r\n{head}\r\n\r\n").expect("written");
        let mut answer = String::new();
        peer.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn wait(&self) {
        let begun = Instant::now();
        while TcpStream::connect(self.at).is_err() {
            assert!(begun.elapsed() < START, "the S3 server is not up after {START:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn is_moto(program: &Path) -> bool {
    program.file_name().is_some_and(|name| name.to_string_lossy().contains("moto"))
}

fn program() -> Option<PathBuf> {
    let named = std::env::var_os("SPILLWAY_TEST_S3").map(PathBuf::from);
    named.or_else(|| {
        let path = std::env::var_os("PATH")?;
        let programs = ["s3s-fs", "moto_server"];
        let mut found = programs
            .iter()
            .flat_map(|name| std::env::split_paths(&path).map(move |dir| dir.join(name)));
        found.find(|file| file.is_file())
    })
}
