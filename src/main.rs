//! The `spillway` program: one subcommand, one file in `command/`.

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

mod command;

/// A self-hosted, fully offline voice agent that answers a public hotline's overflow.
#[derive(Parser)]
#[command(version, about, long_about = None, max_term_width = 100)]
struct Cli {
    /// Configuration file [default: spillway.toml, if there is one].
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer calls.
    Serve(command::serve::Args),
    /// Place a scripted call over real SIP and RTP and report both sides.
    Call(command::call::Args),
    /// Make scenarios by chance, and record the calls they make.
    Scenario(command::scenario::Args),
    /// Call with many callers at once, and tell what they felt.
    Load(command::load::Args),
    /// Tell how many lines, machines and operators a demand needs.
    Simulate(command::simulate::Args),
    /// Run recorded calls through the same code again.
    Replay(command::replay::Args),
    /// Search better thresholds for a hotline by replaying its calls.
    Tune(command::tune::Args),
    /// Make recorded calls into tests that name nobody.
    Fixture(command::fixture::Args),
    /// Measure what this build does on this machine.
    Bench(command::bench::Args),
    /// Fetch, verify and list model packs.
    Models(command::models::Args),
    /// Look places up as callers say them.
    Gazetteer(command::gazetteer::Args),
    /// List and show callback tickets.
    Tickets(command::tickets::Args),
    /// List, read, hold, purge and erase the recordings and journals of calls.
    Recordings(command::recordings::Args),
    /// Count a period's calls and callbacks: by need, office, hour and more.
    Statistics(command::statistics::Args),
    /// Add, list and remove those who may log in.
    Users(command::users::Args),
    /// Bring the database's tables up to date.
    Migrate(command::migrate::Args),
    /// Print the audit log, or prove that nobody changed it.
    Audit(command::audit::Args),
    /// Print the OpenAPI document of the REST API.
    Openapi(command::openapi::Args),
    /// Check every prerequisite and say how to mend what is missing.
    Doctor(command::doctor::Args),
}

impl Command {
    fn runs_engines(&self) -> bool {
        use Command::{Bench, Replay, Serve, Tune};
        matches!(self, Serve(_) | Replay(_) | Tune(_) | Bench(_))
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.command.runs_engines() {
        command::with_large_pages();
    }
    keep_panics_private();
    log_to_stderr(matches!(cli.command, Command::Serve(_)));
    let config = cli.config.as_deref();
    let result = match cli.command {
        Command::Serve(args) => command::serve::run(config, args),
        Command::Call(args) => command::call::run(config, args),
        Command::Scenario(args) => command::scenario::run(config, args),
        Command::Load(args) => command::load::run(config, args),
        Command::Simulate(args) => command::simulate::run(&args),
        Command::Replay(args) => command::replay::run(config, args),
        Command::Tune(args) => command::tune::run(config, args),
        Command::Fixture(args) => command::fixture::run(config, args),
        Command::Bench(args) => command::bench::run(config, args),
        Command::Models(args) => command::models::run(config, args),
        Command::Gazetteer(args) => command::gazetteer::run(config, args),
        Command::Tickets(args) => command::tickets::run(config, args),
        Command::Recordings(args) => command::recordings::run(config, args),
        Command::Statistics(args) => command::statistics::run(config, args),
        Command::Users(args) => command::users::run(config, args),
        Command::Migrate(args) => command::migrate::run(config, &args),
        Command::Audit(args) => command::audit::run(config, args),
        Command::Openapi(args) => command::openapi::run(&args),
        Command::Doctor(args) => command::doctor::run(config, args),
    };
    result.unwrap_or_else(|e| {
        eprintln!("spillway: {e:#}");
        ExitCode::from(2)
    })
}

/// A panic's message may hold a caller's words: only where it happened is told.
fn keep_panics_private() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|l| format!("{}:{}", l.file(), l.line()));
        let place = place.unwrap_or_default();
        eprintln!("spillway: a bug at {place}; please report it");
    }));
}

/// `SPILLWAY_LOG` chooses what is logged, for example `spillway=debug`; a server tells more by
/// itself than a command whose output people read. The SIP library logs whole messages, so its
/// level is capped whatever is asked for.
fn log_to_stderr(serving: bool) {
    use std::io::IsTerminal;
    use tracing_subscriber::EnvFilter;
    let default = if serving { "warn,spillway=info" } else { "warn" };
    let asked = std::env::var("SPILLWAY_LOG").unwrap_or_else(|_| default.into());
    let directives = format!("{asked},{}", spillway::sip::LOG_DIRECTIVE);
    let filter = EnvFilter::try_new(&directives).unwrap_or_else(|_| EnvFilter::new("warn"));
    let colour = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour);
    log.with_writer(std::io::stderr).init();
}
