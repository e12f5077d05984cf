//! `spillway bench`.

use std::path::Path;
use std::process::ExitCode;

mod asr;

/// Arguments of `spillway bench`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Error rates, speed and delay of the recognisers over labelled recordings.
    Asr(asr::Args),
}

/// Runs it.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    match args.what {
        What::Asr(args) => asr::run(config, &args),
    }
}
