//! `spillway replay`: recorded calls through the same code again.

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use spillway::config::{Config, Overlay};
use spillway::replay::{
    CallResult, Impairment, Job, Mode, Outcome, RESULTS_VERSION, ResultsFile, RunHeader, Runner,
    journals_in,
};
use spillway::seal::Keys;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Runtime;

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

--impair has the caller's side pass through a line that is made of: loss=PERCENT (with burst=PACKETS
in runs of that mean length), jitter=MS (packets come sooner or later, evenly distributed),
noise=babble|white|pink|FILE.wav@DECIBELS below the caller's speech (babble: other callers of the
run), codec=pcmu|pcma, gain=DECIBELS. The jitter buffer and the concealment are those of a running
call. The same seed gives the same line.

Results hold what callers said: the file of --results is made for its owner alone (0600).";

const EXAMPLES: &str = "\
Examples:
  spillway replay --journal var/calls
  spillway replay --journal --since 1d
  spillway replay --audio --since 7d --corrected address
  spillway replay --audio var/calls --results now.jsonl
  spillway replay --audio var/calls --overlay slower.toml --results slower.jsonl
  spillway replay var/calls --impair bench
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
    #[command(flatten)]
    calls: Source,
    /// Feed the journals' inputs once more, and demand the same outputs [default].
    #[arg(long, conflicts_with = "audio")]
    journal: bool,
    /// Let the engines hear the calls once more.
    #[arg(long)]
    audio: bool,
    /// Changes of hotline, prompts, words and recogniser (TOML) that the calls come to.
    #[arg(long, value_name = "FILE")]
    overlay: Option<PathBuf>,
    /// Have the callers heard through a worse line, as loss=5,jitter=40,noise=babble@10dB; `bench`:
    /// a list of lines. Of several, a table tells what each does. See below.
    #[arg(long, value_name = "LINE", conflicts_with = "journal")]
    impair: Vec<String>,
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

/// Which calls.
#[derive(clap::Args)]
pub struct Source {
    /// Journals, calls' folders, or folders of those (searched at any depth). Encrypted ones are
    /// read with the configuration's keys. Without a PATH, calls are asked of the ticket store.
    #[arg(value_name = "PATH", required_unless_present = "query")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    query: query::Query,
}

impl Source {
    /// Only calls of this hotline.
    pub fn hotline(&self) -> Option<&str> {
        self.query.hotline()
    }

    /// The calls. Those of the store are read through it for as long as `runtime` lasts.
    pub fn jobs(&self, config: &Config, runtime: &Runtime) -> anyhow::Result<Vec<Job>> {
        if self.paths.is_empty() {
            return runtime.block_on(self.query.jobs(config));
        }
        anyhow::ensure!(
            !self.query.needs_store(),
            "give either PATH or what to ask the ticket store for; of a PATH only --hotline chooses"
        );
        let mut jobs = jobs_at(config, &self.paths)?;
        if let Some(hotline) = self.hotline() {
            jobs.retain(|job| job.hotline().is_none_or(|name| name == hotline));
        }
        Ok(jobs)
    }
}

/// `jobs` by the hotline they came to; those that cannot be heard again are left out.
pub fn by_hotline(jobs: Vec<Job>) -> BTreeMap<String, Vec<Job>> {
    let mut found: BTreeMap<String, Vec<Job>> = BTreeMap::new();
    for job in jobs {
        let opened = (job.open)().ok();
        if let Some((reader, _)) = opened.filter(|(reader, _)| reader.has_sound()) {
            found.entry(reader.header().hotline.clone()).or_default().push(job);
        }
    }
    found
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
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let jobs = args.calls.jobs(&config, &runtime)?;
    let stop = super::interrupted()?;
    let lines = impaired::lines(&args.impair)?;
    if lines.len() > 1 {
        return impaired::table(&config, &args, lines, &jobs, &stop);
    }
    one_run(&config, &args, lines.into_iter().next(), jobs, stop)
}

/// How the calls of one run are replayed.
fn runner(
    config: &Config,
    args: &Args,
    line: Option<Impairment>,
    jobs: &[Job],
    stop: &Arc<AtomicBool>,
) -> anyhow::Result<(RunHeader, Runner)> {
    let mode = if args.audio || line.is_some() { Mode::Audio } else { Mode::Journal };
    let overlay = args.overlay.as_deref().map(Overlay::load).transpose()?;
    let header = RunHeader {
        spillway_replay: RESULTS_VERSION,
        build: env!("CARGO_PKG_VERSION").into(),
        mode,
        overlay: overlay.as_ref().map(|o| o.text().to_string()),
        impair: line.as_ref().map(Impairment::to_string),
        seed: args.seed,
    };
    let mut runner = Runner::new(config, overlay, mode, threads(args.jobs));
    if let Some(line) = line {
        runner.impair(line, args.seed, jobs)?;
    }
    runner.stop = stop.clone();
    jobs.first().map_or(Ok(()), |job| runner.check(job))?;
    Ok((header, runner))
}

fn one_run(
    config: &Config,
    args: &Args,
    line: Option<Impairment>,
    mut jobs: Vec<Job>,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<ExitCode> {
    let (header, runner) = runner(config, args, line, &jobs, &stop)?;
    let (file, before) = match &args.results {
        Some(path) => {
            let (file, before) = ResultsFile::open(path, &header)?;
            (Some(file), before)
        }
        None => (None, Vec::new()),
    };
    let asked = jobs.len();
    let done: BTreeSet<&Path> = before.iter().map(|r| r.journal.as_path()).collect();
    jobs.retain(|job| !done.contains(job.journal.as_path()));
    if !before.is_empty() {
        eprintln!("{} calls are in the results already, {} are left", before.len(), jobs.len());
    }
    let results = replay(&runner, &jobs, file, before, args.json)?;
    if args.json {
        super::print(&(serde_json::to_string_pretty(&results)? + "\n"))?;
    } else {
        super::print(&text::totals(header.mode, &results, args.seed))?;
    }
    if results.len() < asked {
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
    let bar = bar("replayed", "calls", jobs.len() as u64);
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
            runner.stop.store(true, Ordering::Relaxed);
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

/// As many threads as are asked for, else one for each core.
pub fn threads(asked: Option<usize>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, |n| n.get());
    asked.unwrap_or_else(cores)
}

/// How far `what` has come.
pub fn bar(title: &str, what: &str, count: u64) -> ProgressBar {
    let template = format!("{title} {{bar:40}} {{pos}}/{{len}} {what}, {{per_sec}}, {{eta}} left");
    let style = ProgressStyle::with_template(&template);
    ProgressBar::new(count).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
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
