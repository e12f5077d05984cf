//! `spillway bench`.

use std::path::Path;
use std::process::ExitCode;

mod asr;
mod biasing;
mod confusions;
mod gazetteer;
mod understanding;

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
    /// How long places are looked for, over the addresses of labelled cases.
    Gazetteer(gazetteer::Args),
    /// How well names, addresses, needs and answers are understood, over labelled cases.
    Understanding(understanding::Args),
    /// What expected phrases do for the words they hold, and what they invent.
    Biasing(biasing::Args),
    /// Count what a recogniser makes of what is said, for the model of its noise.
    Confusions(confusions::Args),
}

/// Runs it.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    match args.what {
        What::Asr(args) => asr::run(config, &args),
        What::Gazetteer(args) => gazetteer::run(config, &args),
        What::Understanding(args) => understanding::run(config, &args),
        What::Biasing(args) => biasing::run(config, &args),
        What::Confusions(args) => confusions::run(config, &args),
    }
}
