//! `spillway replay compare`.

use anyhow::Context;
use spillway::config::Config;
use spillway::replay::Results;
use spillway::replay::compare::report::{Sound, page};
use spillway::replay::compare::{Comparison, Options};
use spillway::seal::Keys;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `spillway replay compare`.
#[derive(clap::Args)]
#[command(after_help = "\
A and B are results files of two replays of the same calls, for example before and after a change
of a prompt, of words, of a threshold or of a model. Calls are paired by their id; those that only
one file has, or that could not be replayed, are named and are in no figure.

For each figure: its value in A and in B with the interval in which the true value is (95 %,
percentile bootstrap over calls), the difference, and p: how often chance alone makes so large a
difference when nothing changed (paired permutation test over calls, corrected for all figures by
Holm's method). 'same': no call differs in it. 'few': so few calls differ that nothing could be
shown; replay more calls. '-': a figure without a test of its own.

A verdict of 'worse' or 'better' stands where p is at most --alpha. With nothing changed that
happens, over all figures together, in at most that share of comparisons. 'no evidence' is not
'the same': see how wide the interval of the difference is.

The report is one HTML file without scripts that needs no network: figures, words that are said
otherwise, how long callers waited, whether confidence tells the truth, and of the 50 calls that
changed most slots, both transcripts side by side, and the recording around the first difference.
It holds what callers said and is made for its owner alone (mode 0600).

Exit status: 0 nothing got worse; 1 a figure is worse with evidence, or calls that A replayed could
not be replayed in B; 2 the two cannot be compared.

Examples:
  spillway replay compare before.jsonl after.jsonl
  spillway replay compare before.jsonl after.jsonl --report changes.html
  spillway replay compare before.jsonl after.jsonl --json | jq '.figures[] | {name, verdict}'")]
pub struct Args {
    /// Results that the others are measured by.
    #[arg(value_name = "A")]
    a: PathBuf,
    /// Results that are measured.
    #[arg(value_name = "B")]
    b: PathBuf,
    /// Write the report to this file; one that is there is replaced.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Leave the sound out of the report: it is smaller then, and holds no voices.
    #[arg(long, requires = "report")]
    no_audio: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// How often a change that is none may be called better or worse, between 0 and 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, value_parser = share)]
    alpha: f64,
    /// What resamples and swaps are drawn from: the same seed gives the same answer.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| *share > 0.0 && *share < 1.0);
    share.ok_or_else(|| "expected a number between 0 and 1, such as 0.05".into())
}

/// Runs it.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    let (a, b) = (Results::read(&args.a)?, Results::read(&args.b)?);
    let options = Options { alpha: args.alpha, seed: args.seed };
    let comparison = Comparison::of((&args.a, &a), (&args.b, &b), options)?;
    let text = match args.json {
        true => serde_json::to_string_pretty(&comparison)? + "\n",
        false => comparison.to_text(),
    };
    crate::command::print(&text)?;
    if let Some(file) = &args.report {
        let keys = match args.no_audio {
            true => None,
            false => Keys::of(&Config::load(config)?.recordings)?,
        };
        let sound = if args.no_audio { Sound::Without } else { Sound::With(keys.as_ref()) };
        write(file, &page(&comparison, sound))?;
    }
    Ok(ExitCode::from(u8::from(comparison.is_worse())))
}

/// Makes the file for its owner alone, and whole or not at all.
fn write(file: &Path, page: &str) -> anyhow::Result<()> {
    let mut name = file.file_name().context("--report wants a file's name")?.to_os_string();
    name.push(".part");
    let part = file.with_file_name(name);
    let problem = || format!("{}: cannot be written", file.display());
    match std::fs::remove_file(&part) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e).with_context(problem),
        _ => {}
    }
    let new = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
    new.and_then(|mut out| out.write_all(page.as_bytes())).with_context(problem)?;
    std::fs::rename(&part, file).with_context(problem)
}
