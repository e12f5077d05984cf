//! `spillway serve`.

use jiff::Timestamp;
use spillway::access::{Access, AccessOptions};
use spillway::config::{Config, InForce, LoadedHotline, gazetteer_file, load_hotline, today};
use spillway::console::{Console, MetricsPage, Shared};
use spillway::live::{Engines, Server};
use spillway::replay::Replayer;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

/// How long the console's last answers may take.
const FAREWELL: Duration = Duration::from_secs(10);

/// To understand an address takes a thread some hundredths of a second, in which it does nothing
/// for other calls: with more threads than cores the system shares the time out.
const THREADS_PER_CORE: usize = 4;

/// Arguments of `spillway serve`.
#[derive(clap::Args)]
#[command(after_help = "\
When it answers calls it prints one line:
  ready sip:ADDRESS audiosocket:ADDRESS console:ADDRESS metrics:ADDRESS
and while there are no users a second one, with the secret by which the first administrator is
made (POST /api/v1/set-up), good for four days:
  set-up SECRET

SIGINT or SIGTERM stops it: no new calls are taken (503 with Retry-After), running calls may go on
for 20 seconds, then they are ended with their tickets saved.

Examples:
  spillway serve
  spillway serve --hotline demo-vi
  spillway --config /etc/spillway.toml serve")]
pub struct Args {
    /// The hotline that answers: a file in prompts/hotlines/ [default: the configuration's].
    #[arg(long, value_name = "NAME")]
    hotline: Option<String>,
}

/// Runs it.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    let mut config = Config::load(config)?;
    if let Some(name) = args.hotline {
        config.hotline = name;
    }
    let hotline = load_hotline(&config, &config.hotline, &today())?;
    warn_without_gazetteer(&config, &hotline);
    let in_force = Arc::new(InForce::new(config.clone(), Some(hotline.clone()))?);
    let engines = Engines::load(&config, &hotline)?;
    runtime()?.block_on(async {
        let stop = CancellationToken::new();
        let server = Server::start(config.clone(), hotline, engines).await?;
        let (console, set_up) = console(in_force, &server, stop.clone()).await?;
        let mut ready = format!("ready sip:{}", server.sip_addr());
        ready +=
            &server.audiosocket_addr().map(|a| format!(" audiosocket:{a}")).unwrap_or_default();
        if let Some(console) = &console {
            ready += &format!(" console:{}", console.local_addr()?);
        }
        // Who reads "ready" may stop it at once.
        let metrics = metrics_page(&config, &server, stop.clone()).await?;
        if let Some(metrics) = &metrics {
            ready += &format!(" metrics:{}", metrics.local_addr()?);
        }
        let signalled = signal()?;
        super::print(&format!("{ready}\n{set_up}"))?;
        let stopping = stop.clone();
        tokio::spawn(async move {
            signalled.await;
            stopping.cancel();
        });
        let console = console.map(|console| tokio::spawn(console.run()));
        let metrics = metrics.map(|metrics| tokio::spawn(metrics.run()));
        server.run(stop).await;
        for page in [console, metrics].into_iter().flatten() {
            // Who does not read to the end of an answer does not keep the server from ending.
            if let Ok(ended) = tokio::time::timeout(FAREWELL, page).await {
                ended??;
            }
        }
        anyhow::Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The threads that calls run on.
pub fn runtime() -> std::io::Result<Runtime> {
    let cores = std::thread::available_parallelism()?.get();
    Builder::new_multi_thread().worker_threads(THREADS_PER_CORE * cores).enable_all().build()
}

/// `/metrics`, where it is wanted.
async fn metrics_page(
    config: &Config,
    server: &Server,
    stop: CancellationToken,
) -> anyhow::Result<Option<MetricsPage>> {
    let Some(address) = config.metrics.listen else { return Ok(None) };
    Ok(Some(MetricsPage::bind(address, server.doorway(), stop).await?))
}

/// The console, where it is wanted, and the line that tells how to make the first administrator.
async fn console(
    in_force: Arc<InForce>,
    server: &Server,
    stop: CancellationToken,
) -> anyhow::Result<(Option<Console>, String)> {
    let config = in_force.config().clone();
    if !config.console.enabled {
        return Ok((None, String::new()));
    }
    let access = Access::new(&server.store(), AccessOptions::of(&config.access))?;
    let secret = access.set_up_secret(Timestamp::now()).await?;
    let set_up = secret.map(|secret| format!("set-up {}\n", secret.text())).unwrap_or_default();
    let shared = Shared {
        store: server.store(),
        access,
        archive: server.archive(),
        feed: server.feed(),
        switchboard: server.switchboard(),
        board: server.board(),
        replayer: Replayer::new(config.clone(), None),
        doorway: server.doorway(),
        in_force,
        proxies: config.console.proxies.clone().into(),
        stop,
    };
    Ok((Some(Console::bind(config.console.listen, shared).await?), set_up))
}

fn warn_without_gazetteer(config: &Config, loaded: &LoadedHotline) {
    let grammar = &loaded.hotline.grammar;
    if grammar.places().is_none() {
        let file = gazetteer_file(config, &grammar.country);
        let mend = format!("spillway models pull gazetteer-{}", grammar.country.to_lowercase());
        tracing::warn!(file = %file.display(), mend, "no gazetteer: addresses are taken as said");
    }
}

/// Hears SIGINT and SIGTERM from now on; done at the first.
fn signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
