//! A real S3-compatible server of the test's own, on loopback: s3s-fs, whose buckets are folders.

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use spillway::config::S3Config;
use spillway::store::{ArchivePlace, S3Bucket, S3Keys};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::thread::JoinHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const BUCKET: &str = "calls";
const KEY_ID: &str = "id";
const SECRET: &str = "secret";

/// A server; it and its data are gone when dropped.
pub struct S3 {
    dir: tempfile::TempDir,
    at: SocketAddr,
    running: Option<(CancellationToken, JoinHandle<()>)>,
}

impl S3 {
    /// Starts one, with a bucket in it.
    pub fn start() -> S3 {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join(BUCKET)).expect("a bucket");
        let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let at = free.local_addr().expect("bound");
        drop(free);
        let mut s3 = S3 { dir, at, running: None };
        s3.resume();
        s3
    }

    /// Its bucket; `prefix` is before each object's name.
    pub fn bucket(&self, prefix: &str) -> ArchivePlace {
        let at = S3Config {
            bucket: BUCKET.into(),
            endpoint: Some(self.endpoint()),
            region: "us-east-1".into(),
            prefix: prefix.into(),
            allow_http: false,
            ca_file: None,
        };
        ArchivePlace::S3(S3Bucket { at, keys: S3Keys::new(KEY_ID, SECRET, None) })
    }

    /// The same as a configuration says it.
    pub fn config(&self) -> String {
        format!("[recordings.s3]\nbucket = '{BUCKET}'\nendpoint = '{}'\n", self.endpoint())
    }

    /// Its keys, as the environment of a program.
    pub fn env() -> [(&'static str, &'static str); 2] {
        [("AWS_ACCESS_KEY_ID", KEY_ID), ("AWS_SECRET_ACCESS_KEY", SECRET)]
    }

    /// The folder that its bucket is.
    pub fn folder(&self) -> PathBuf {
        self.dir.path().join(BUCKET)
    }

    fn endpoint(&self) -> String {
        format!("http://{}", self.at)
    }

    /// Goes away, with all its connections.
    pub fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            stop.cancel();
            thread.join().expect("the server ends");
        }
    }

    /// Comes back where it was.
    pub fn resume(&mut self) {
        let files = s3s_fs::FileSystem::new(self.dir.path()).expect("a folder");
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
        let service = builder.build();
        let (stop, (up, is_up)) = (CancellationToken::new(), std::sync::mpsc::channel());
        let (at, stopped) = (self.at, stop.clone());
        let thread = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            let runtime = runtime.worker_threads(1).enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind(at).await.expect("its port");
                up.send(()).expect("waited for");
                tokio::select! {
                    () = stopped.cancelled() => {}
                    () = serve(listener, service) => {}
                }
            });
        });
        is_up.recv().expect("it listens");
        self.running = Some((stop, thread));
    }
}

async fn serve(listener: TcpListener, service: S3Service) {
    let http = Builder::new(TokioExecutor::new());
    while let Ok((socket, _)) = listener.accept().await {
        let connection = http.serve_connection(TokioIo::new(socket), service.clone());
        let connection = connection.into_owned();
        tokio::spawn(async move {
            // A client that goes away is no failure.
            let _ = connection.await;
        });
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.stop();
    }
}
