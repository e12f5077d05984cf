//! `spillway replay`: recorded calls through the same code again.

use anyhow::Context;
use serde::Serialize;
use spillway::config::Config;
use spillway::journal::Reader;
use spillway::replay::{Outcome, ReplayError, Replayer, journals_in};
use spillway::seal::Keys;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `spillway replay`.
#[derive(clap::Args)]
pub struct Args {
    /// Journals, calls' folders, or folders of those (searched at any depth): every output must
    /// come out again as it was. Encrypted ones are read with the configuration's keys.
    #[arg(long, value_name = "PATH", num_args = 1.., required = true)]
    journal: Vec<PathBuf>,
    /// Print JSON: a list of {"journal", "outcome" or "error", "hotline_changed"}.
    #[arg(long)]
    json: bool,
}

/// How one journal fared; exactly one of `outcome` and `error` is there.
#[derive(Serialize)]
struct Fared {
    journal: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The hotline's files are not those the call was taken with.
    hotline_changed: bool,
}

/// Runs it: 0 when all that can be replayed came out the same, 1 when something differs, 2 when a
/// journal cannot be read.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let mut journals = Vec::new();
    for path in &args.journal {
        let found = journals_in(path).with_context(|| format!("{}", path.display()))?;
        anyhow::ensure!(
            !found.is_empty(),
            "{}: there is no journal.jsonl in it; calls are kept in {}",
            path.display(),
            config.data_dir.join("calls").display()
        );
        journals.extend(found);
    }
    let keys = Keys::of(&config.recordings)?;
    let replayer = Replayer::new(config, None);
    let mut all = Vec::new();
    for journal in journals {
        let fared = replay(&replayer, keys.as_ref(), journal);
        if !args.json {
            super::print(&text(&fared))?;
        }
        all.push(fared);
    }
    let count = |is: fn(&Fared) -> bool| all.iter().filter(|f| is(f)).count();
    let diverged = count(|f| matches!(f.outcome, Some(Outcome::Diverged(_))));
    let unreadable = count(|f| f.error.is_some());
    let not_replayable = count(|f| matches!(f.outcome, Some(Outcome::NotReplayable { .. })));
    if args.json {
        super::print(&(serde_json::to_string_pretty(&all)? + "\n"))?;
    } else {
        let same = all.len() - diverged - unreadable - not_replayable;
        super::print(&format!(
            "{same} same, {diverged} different, {not_replayable} not replayable, \
             {unreadable} unreadable\n"
        ))?;
    }
    Ok(match (unreadable, diverged) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::from(1),
        _ => ExitCode::from(2),
    })
}

fn replay(replayer: &Replayer, keys: Option<&Keys>, journal: PathBuf) -> Fared {
    let reader = Reader::open(&journal, keys).map_err(ReplayError::from);
    match reader.and_then(|reader| replayer.replay(reader)) {
        Ok(replayed) => {
            let hotline_changed = replayed.hotline_changed;
            Fared { journal, outcome: Some(replayed.outcome), error: None, hotline_changed }
        }
        Err(e) => {
            let (error, hotline_changed) = (Some(e.to_string()), false);
            Fared { journal, outcome: None, error, hotline_changed }
        }
    }
}

fn text(fared: &Fared) -> String {
    let journal = fared.journal.display();
    let hint = if fared.hotline_changed {
        "the hotline's files have changed since this call; with those of its day it may be the \
         same\n"
    } else {
        ""
    };
    match (&fared.outcome, &fared.error) {
        (Some(Outcome::Same { frames, inputs, outputs }), _) => format!(
            "same        {journal} ({:.1} s of sound, {inputs} other inputs, {outputs} outputs)\n",
            *frames as f64 / 50.0
        ),
        (Some(Outcome::Diverged(divergence)), _) => {
            format!("different   {journal}: {divergence}\n{hint}")
        }
        (Some(Outcome::NotReplayable { reason }), _) => {
            format!("not replayable  {journal}: {reason}\n")
        }
        (None, error) => {
            // The error names the file itself.
            format!("unreadable  {}\n", error.as_deref().unwrap_or("no reason was given"))
        }
    }
}
