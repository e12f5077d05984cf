//! The subcommands: each parses its arguments, calls one room, prints.

pub mod audit;
pub mod bench;
pub mod call;
pub mod doctor;
pub mod fixture;
pub mod gazetteer;
pub mod load;
pub mod migrate;
pub mod models;
pub mod openapi;
pub mod recordings;
pub mod replay;
pub mod scenario;
pub mod serve;
pub mod simulate;
pub mod statistics;
pub mod tickets;
pub mod tune;
pub mod users;

use spillway::config::PortRange;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What becomes true at the first ctrl-c; at the second the program ends.
pub fn interrupted() -> std::io::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let told = interrupted.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    std::thread::Builder::new().name("interrupt".into()).spawn(move || {
        runtime.block_on(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                told.store(true, Ordering::Relaxed);
            }
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        });
    })?;
    Ok(interrupted)
}

/// Seconds of CPU that this process has used: user and system time, proc(5).
pub fn process_cpu_s() -> anyhow::Result<f64> {
    let stat = procfs::process::Process::myself()?.stat()?;
    Ok((stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64)
}

/// UDP ports, as FIRST-LAST.
pub fn ports_of(text: &str) -> Result<PortRange, String> {
    PortRange::try_from(text.to_owned())
}

/// Has the C library take memory in large pages, for which the program begins anew: glibc looks at
/// its tunables only then (glibc manual, "Memory Allocation Tunables"). An engine goes through all
/// its weights for every piece of speech, and does so a tenth faster in large pages. One arena:
/// another's memory would not be in large pages.
pub fn with_large_pages() {
    use std::os::unix::process::CommandExt;
    const TUNABLES: &str = "GLIBC_TUNABLES";
    let set = std::env::var(TUNABLES).unwrap_or_default();
    if set.contains("glibc.malloc.hugetlb") {
        return;
    }
    let large = "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1";
    let tunables = if set.is_empty() { large.to_owned() } else { format!("{set}:{large}") };
    let mut args = std::env::args_os();
    let (Some(name), Ok(program)) = (args.next(), std::env::current_exe()) else { return };
    // It comes back only where it failed, and then the program goes on as it is.
    let mut anew = std::process::Command::new(program);
    let _ = anew.arg0(name).args(args).env(TUNABLES, tunables).exec();
}

/// Prints to standard output. A reader that has seen enough (`| head`) is no error.
pub fn print(text: &str) -> std::io::Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
