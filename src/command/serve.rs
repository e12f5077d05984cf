//! `spillway serve`.

use spillway::config::{Config, LoadedHotline, gazetteer_file, load_hotline};
use spillway::live::{Engines, Server};
use std::path::Path;
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;

/// Arguments of `spillway serve`.
#[derive(clap::Args)]
#[command(after_help = "\
When it answers calls it prints one line:
  ready sip:ADDRESS audiosocket:ADDRESS

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
    let hotline = load_hotline(&config, &config.hotline, &super::today())?;
    warn_without_gazetteer(&config, &hotline);
    let engines = Engines::load(&config, &hotline)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = Server::start(config, hotline, engines).await?;
        let audiosocket = server.audiosocket_addr().map(|a| format!(" audiosocket:{a}"));
        let ready = format!("ready sip:{}{}\n", server.sip_addr(), audiosocket.unwrap_or_default());
        super::print(&ready)?;
        let stop = CancellationToken::new();
        let signalled = stop.clone();
        tokio::spawn(async move {
            if let Err(error) = signal().await {
                tracing::error!(%error, "no signals: stop with SIGKILL");
                return;
            }
            signalled.cancel();
        });
        server.run(stop).await;
        anyhow::Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn warn_without_gazetteer(config: &Config, loaded: &LoadedHotline) {
    let grammar = &loaded.hotline.grammar;
    if grammar.places().is_none() {
        let file = gazetteer_file(config, &grammar.country);
        let mend = format!("spillway models pull gazetteer-{}", grammar.country.to_lowercase());
        tracing::warn!(file = %file.display(), mend, "no gazetteer: addresses are taken as said");
    }
}

async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
