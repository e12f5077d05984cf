//! A real PostgreSQL of the test's own: a cluster in a temporary folder, on loopback.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to start.
const START: Duration = Duration::from_secs(60);

/// A running server; it and its data are gone when dropped.
pub struct Postgres {
    dir: tempfile::TempDir,
    programs: PathBuf,
    /// Whom it runs as: PostgreSQL refuses root.
    user: Option<(u32, u32)>,
    port: u16,
    server: Child,
}

impl Postgres {
    /// Starts one; `None`, said loudly, where PostgreSQL is not installed.
    pub fn start() -> Option<Postgres> {
        let Some(programs) = programs() else {
            eprintln!("SKIPPED: no PostgreSQL here (Debian: apt-get install postgresql)");
            return None;
        };
        let dir = tempfile::tempdir().expect("a folder");
        let user = unprivileged();
        if let Some((uid, gid)) = user {
            chown(dir.path(), Some(uid), Some(gid)).expect("root may give files away");
        }
        let data = dir.path().join("data");
        let mut initdb = as_user(&programs.join("initdb"), user);
        initdb.arg("-D").arg(&data).args(["-U", "spillway", "-A", "trust", "-E", "UTF8"]);
        let made = initdb.args(["--locale=C.UTF-8", "--no-sync"]).output().expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("bound").port();
        drop(free);
        let server = serve(&programs, &data, user, port);
        let postgres = Postgres { dir, programs, user, port, server };
        postgres.wait();
        Some(postgres)
    }

    /// Where its one database is.
    pub fn address(&self) -> String {
        format!("postgres://spillway@127.0.0.1:{}/postgres", self.port)
    }

    /// Cuts it off at once, as a power failure does.
    pub fn kill(&mut self) {
        let all = Command::new("kill").args(["-QUIT", &self.server.id().to_string()]).status();
        assert!(all.expect("kill runs").success());
        self.server.wait().expect("waited for");
    }

    /// Starts it again on what is on its disk.
    pub fn restart(&mut self) {
        self.server = serve(&self.programs, &self.dir.path().join("data"), self.user, self.port);
        self.wait();
    }

    /// Lets it fall silent: its connections stay, and nothing comes over them.
    pub fn stall(&self) {
        self.signal("-STOP");
    }

    /// It speaks again.
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.server.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let children = children.expect("Linux");
        // The parent first: it makes no new ones then.
        let all = Command::new("kill").arg(signal).arg(id.to_string()).status();
        assert!(all.expect("kill runs").success());
        // One that ended meanwhile is no failure.
        let _ = Command::new("kill").arg(signal).args(children.split_whitespace()).status();
    }

    fn wait(&self) {
        let begun = Instant::now();
        let port = self.port.to_string();
        let ready = || {
            let mut probe = Command::new(self.programs.join("pg_isready"));
            let probe = probe.args(["-h", "127.0.0.1", "-p", &port, "-U", "spillway"]);
            probe.stdout(Stdio::null()).status().is_ok_and(|s| s.success())
        };
        while !ready() {
            assert!(begun.elapsed() < START, "PostgreSQL is not up after {START:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-QUIT", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
    }
}

fn serve(programs: &Path, data: &Path, user: Option<(u32, u32)>, port: u16) -> Child {
    let mut server = as_user(&programs.join("postgres"), user);
    server.arg("-D").arg(data).args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k", ""]);
    let log = std::fs::File::create(data.join("server.log")).expect("a log");
    server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    server.spawn().expect("postgres starts")
}

/// `program`, to be run as `user`.
fn as_user(program: &Path, user: Option<(u32, u32)>) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(program);
    // The caller's folder may be closed to that user.
    command.current_dir("/");
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// Nobody's ids, where this runs as root.
fn unprivileged() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    let me = std::fs::metadata("/proc/self").expect("Linux").uid();
    (me == 0).then(|| {
        let passwd = std::fs::read_to_string("/etc/passwd").expect("readable");
        let line = passwd.lines().find(|l| l.starts_with("postgres:"));
        let ids = line.map(|l| l.split(':').skip(2).take(2).collect::<Vec<_>>());
        let id = |i: usize| ids.as_ref()?.get(i)?.parse().ok();
        (id(0).unwrap_or(65_534), id(1).unwrap_or(65_534))
    })
}

/// Where the newest installed version has its programs.
fn programs() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").and_then(|path| {
        // Only some of its programs may be linked from there.
        let initdb = std::env::split_paths(&path).map(|dir| dir.join("initdb"));
        let found = initdb.filter_map(|file| file.canonicalize().ok()).next()?;
        found.parent().map(Path::to_path_buf)
    });
    let installed = || {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
        let newest = versions.map(|v| v.path().join("bin")).filter(|b| b.join("initdb").exists());
        newest.max()
    };
    on_path.or_else(installed)
}
