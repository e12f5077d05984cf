//! `spillway replay`: recorded calls through the same code again.

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use spillway::config::{Config, Overlay};
use spillway::replay::{
    CallResult, Job, Mode, Outcome, RESULTS_VERSION, ResultsFile, RunHeader, Runner, journals_in,
};
use spillway::seal::Keys;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

mod compare;
mod impaired;
mod query;
mod text;

const ABOUT: &str = "\
Replays recorded calls through the code that took them.

--journal feeds each call's inputs to the same machine once more: every output must come out as it
was, at its time, bit for bit. What differs is shown with what came before it.

--audio lets the engines hear the caller's side once more, faster than it was spoken, and the
dialogue goes where their words lead it. As long as it goes as it did, the caller's side is the
recording. Where it goes another way, the recorded caller answers the question that is asked with
the sound in which they answered it before, says it again when asked again, and agrees to what is
read back when it is true; what they were never asked is answered with keys or not at all, and
counted. Prompts last as long as they did, and are not spoken again.

What is true of a call is what operators put on its ticket and reviewers wrote down, or the
expected.toml beside its journal.

Results hold what callers said: the file of --results is made for its owner alone (0600).";

const EXAMPLES: &str = "\
Examples:
  spillway replay --journal var/calls
  spillway replay --journal --since 1d
  spillway replay --audio --since 7d --corrected address
  spillway replay --audio var/calls --results now.jsonl
  spillway replay --audio var/calls --overlay slower.toml --results slower.jsonl
  spillway replay compare now.jsonl slower.jsonl --report slower.html

Exit status: 0 all that can be replayed came out (with --journal: the same); 1 with --journal,
something differs; 2 a call could not be read, or the run could not be begun; 130 stopped by ctrl-c:
with --results the same command goes on.";

/// Arguments of `spillway replay`.
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_long_help = EXAMPLES, after_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Journals, calls' folders, or folders of those (searched at any depth). Encrypted ones are
    /// read with the configuration's keys. Without a PATH, calls are asked of the ticket store.
    #[arg(value_name = "PATH", required_unless_present = "query")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    query: query::Query,
    /// Feed the journals' inputs once more, and demand the same outputs [default].
    #[arg(long, conflicts_with = "audio")]
    journal: bool,
    /// Let the engines hear the calls once more.
    #[arg(long)]
    audio: bool,
    /// Changes of hotline, prompts, words and recogniser (TOML) that the calls come to.
    #[arg(long, value_name = "FILE")]
    overlay: Option<PathBuf>,
    /// What chance is drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Calls replayed at once with --journal, threads with --audio [default: one for each core].
    #[arg(long, short = 'j', value_name = "N")]
    jobs: Option<usize>,
    /// Write each call's result to FILE, one JSON object a line; a run that was stopped goes on
    /// where it was.
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// Print JSON: a list of the results.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Subcommand)]
enum What {
    /// Say what got better and what got worse from one replay to another, and whether that is more
    /// than chance.
    Compare(compare::Args),
}

/// Runs it.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    if let Some(What::Compare(args)) = args.what {
        return compare::run(config, args);
    }
    let config = Config::load(config)?;
    let mode = if args.audio { Mode::Audio } else { Mode::Journal };
    let overlay = args.overlay.as_deref().map(Overlay::load).transpose()?;
    let header = RunHeader {
        spillway_replay: RESULTS_VERSION,
        build: env!("CARGO_PKG_VERSION").into(),
        mode,
        overlay: overlay.as_ref().map(|o| o.text().to_string()),
        impair: None,
        seed: args.seed,
    };
    // Calls of the store are read through it for as long as the run lasts.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut jobs = match args.paths.is_empty() {
        false => jobs_at(&config, &args.paths)?,
        true => runtime.block_on(args.query.jobs(&config))?,
    };
    let (file, before) = match &args.results {
        Some(path) => {
            let (file, before) = ResultsFile::open(path, &header)?;
            (Some(file), before)
        }
        None => (None, Vec::new()),
    };
    let done: BTreeSet<&Path> = before.iter().map(|r| r.journal.as_path()).collect();
    jobs.retain(|job| !done.contains(job.journal.as_path()));
    if !before.is_empty() {
        eprintln!("{} calls are in the results already, {} are left", before.len(), jobs.len());
    }
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let runner = Runner::new(&config, overlay, mode, args.jobs.unwrap_or(cores));
    let stop = runner.stop.clone();
    super::on_interrupt(move || stop.store(true, std::sync::atomic::Ordering::Relaxed))?;
    let results = replay(&runner, &jobs, file, before, args.json)?;
    if args.json {
        super::print(&(serde_json::to_string_pretty(&results)? + "\n"))?;
    } else {
        super::print(&text::totals(mode, &results))?;
    }
    if results.len() < jobs.len() {
        eprintln!("stopped; the same command with --results goes on");
        return Ok(ExitCode::from(130));
    }
    Ok(status(&results))
}

fn jobs_at(config: &Config, paths: &[PathBuf]) -> anyhow::Result<Vec<Job>> {
    let keys = Keys::of(&config.recordings)?.map(Arc::new);
    let mut jobs = Vec::new();
    for path in paths {
        let found = journals_in(path).with_context(|| format!("{}", path.display()))?;
        anyhow::ensure!(
            !found.is_empty(),
            "{}: there is no journal.jsonl in it; calls are kept in {}",
            path.display(),
            config.data_dir.join("calls").display()
        );
        jobs.extend(found.iter().map(|journal| Job::at(journal, keys.clone())));
    }
    Ok(jobs)
}

/// Replays `jobs`, with a bar that tells how far it has come; gives all results, those of `before`
/// among them.
fn replay(
    runner: &Runner,
    jobs: &[Job],
    file: Option<ResultsFile>,
    before: Vec<CallResult>,
    quiet: bool,
) -> anyhow::Result<Vec<CallResult>> {
    let style =
        ProgressStyle::with_template("replayed {bar:40} {pos}/{len} calls, {per_sec}, {eta} left");
    let bar = ProgressBar::new(jobs.len() as u64);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let kept = Mutex::new((file, before, None));
    runner.run(jobs, &|result| {
        if !quiet {
            // A reader that has seen enough is no reason to stop.
            bar.suspend(|| super::print(&text::line(&result)).ok());
        }
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let written = kept.0.as_mut().map_or(Ok(()), |file| file.add(&result));
        if let Err(error) = written {
            kept.2.get_or_insert(error);
            runner.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        }
        kept.1.push(result);
        bar.inc(1);
    });
    bar.finish_and_clear();
    let (_, mut results, failed) = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = failed {
        return Err(error.into());
    }
    results.sort_by(|a, b| a.journal.cmp(&b.journal));
    Ok(results)
}

fn status(results: &[CallResult]) -> ExitCode {
    let differs = |r: &CallResult| matches!(r.outcome, Some(Outcome::Diverged(_)));
    if results.iter().any(|r| r.error.is_some()) {
        ExitCode::from(2)
    } else if results.iter().any(differs) {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    }
}
