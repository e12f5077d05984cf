//! `spillway bench`.

use indicatif::{ProgressBar, ProgressStyle};
use std::path::Path;
use std::process::ExitCode;

mod asr;
mod biasing;
mod clips;
mod confusions;
mod console;
mod gazetteer;
mod queue;
mod replay;
mod strange;
mod together;
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
    /// How much one core hears of callers who speak at once.
    Together(together::Args),
    /// How long places are looked for, over the addresses of labelled cases.
    Gazetteer(gazetteer::Args),
    /// How well names, addresses, needs and answers are understood, over labelled cases.
    Understanding(understanding::Args),
    /// How long the readers take over texts nobody says: loops, word salad, any characters.
    Strange(strange::Args),
    /// What expected phrases do for the words they hold, and what they invent.
    ///
    /// Each recording is heard twice as the answer to a question for an address: with nothing
    /// expected, and with all names, drawn pairs and distractors expected. Names are few in the
    /// recordings, so a pair of neighbouring words of each longer sentence is drawn by chance to
    /// stand in for one. Of several values of --bonus the one is taken that does best on every
    /// other recording, and the others are reported.
    Biasing(biasing::Args),
    /// How long operators wait at a long queue, in SQLite and PostgreSQL.
    Queue(queue::Args),
    /// How soon a saved ticket is in every open console.
    Console(console::Args),
    /// What a replay by audio costs beside its decoder alone, both in one run.
    Replay(replay::Args),
    /// Count what a recogniser makes of what is said, for the model of its noise.
    Confusions(confusions::Args),
}

/// How many of `clips` recordings are heard.
fn progress(prefix: &str, clips: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {bar:40} {pos}/{len} {eta}");
    let bar = ProgressBar::new(clips as u64).with_prefix(prefix.to_string());
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Runs it.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    match args.what {
        What::Asr(args) => asr::run(config, &args),
        What::Together(args) => together::run(config, &args),
        What::Gazetteer(args) => gazetteer::run(config, &args),
        What::Understanding(args) => understanding::run(config, &args),
        What::Strange(args) => strange::run(config, &args),
        What::Biasing(args) => biasing::run(config, &args),
        What::Queue(args) => queue::run(&args),
        What::Console(args) => console::run(&args),
        What::Replay(args) => replay::run(config, &args),
        What::Confusions(args) => confusions::run(config, &args),
    }
}
