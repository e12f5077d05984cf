//! `spillway tune`: thresholds that suit the callers there are.

use super::replay::{Source, bar, by_hotline, threads};
use anyhow::{Context, ensure};
use serde::Serialize;
use spillway::call::Output;
use spillway::config::{Config, Overlay, today};
use spillway::dialogue::HotlineFile;
use spillway::journal::Entry;
use spillway::replay::score::is_same_value;
use spillway::replay::tune::{
    BiasingReport, Corrected, Found, Half, Point, Trial, Tuned, Worths, biasing_of, search,
};
use spillway::replay::{CallResult, Job, Mode, Runner};
use spillway::ticket::SlotRecord;
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

const ABOUT: &str = "\
Searches better thresholds for a hotline by replaying recorded calls whose truth is known, as
`spillway replay --audio` does, and writes them as an overlay.

end-of-turn: the silences that end a turn ([hotline.waits]). Shorter ones answer sooner and cut more
callers off; the cost of a setting is the mean gap, and --cut-off seconds for each cut-off.

confirmation: the confidence bands ([hotline.confidence]). Higher ones ask more and write fewer
wrong values; the cost is --confirmation seconds a question, --wrong for each wrong value on a
ticket, and --left for each slot that is left to the operator.

biasing: the names and places that operators put right, said by three callers or more and not among
the phrases that the recogniser leans towards, become [hotline.biasing]. What fewer callers said is
held back: a rare name tells who called. Whether it helps, a replay with the overlay shows.

The calls are parted by chance: on one half the search walks downhill, at most --budget settings a
half of the thresholds; what is found is told of the other half, which it has not seen. The overlay
is written only where it is cheaper there too.";

const EXAMPLES: &str = "\
Examples:
  spillway tune var/calls --hotline demo-en --out better.toml
  spillway tune --hotline demo-vi --since 30d --only end-of-turn --budget 40 --out better.toml
  spillway replay --audio var/calls --overlay better.toml --results better.jsonl

Exit status: 0 done, better or not; 2 it could not be tried; 130 stopped by ctrl-c: what was found
so far is told, and nothing is written.";

/// Arguments of `spillway tune`.
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_long_help = EXAMPLES, after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    calls: Source,
    /// Where the overlay is written; without it nothing is.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Only this; else all three.
    #[arg(long, value_name = "WHAT")]
    only: Option<Only>,
    /// Settings tried for each half; each replays half of the calls.
    #[arg(long, value_name = "N", default_value_t = 24)]
    budget: usize,
    /// What chance is drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads [default: one for each core].
    #[arg(long, short = 'j', value_name = "N")]
    jobs: Option<usize>,
    /// What a turn that was cut off costs, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = Worths::default().cut_off_s)]
    cut_off: f64,
    /// What a wrong value on a ticket costs, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = Worths::default().wrong_s)]
    wrong: f64,
    /// What a question whether a value is right costs, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = Worths::default().confirmation_s)]
    confirmation: f64,
    /// What a slot costs that is left to the operator, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = Worths::default().left_s)]
    left: f64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What is tuned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Only {
    EndOfTurn,
    Confirmation,
    Biasing,
}

/// Everything that was found.
#[derive(Serialize)]
struct All {
    thresholds: Vec<Told>,
    #[serde(skip_serializing_if = "Option::is_none")]
    biasing: Option<BiasingReport>,
}

/// What a search came to, and whether it holds for other calls.
#[derive(Serialize)]
struct Told {
    half: Half,
    #[serde(flatten)]
    found: Found,
    /// As it is now, on the calls that were not searched on.
    held_out_now: Point,
    /// What was found, on these.
    held_out_best: Point,
}

impl Told {
    fn is_better(&self) -> bool {
        self.held_out_best.cost_s < self.held_out_now.cost_s
    }
}

/// Runs it.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let jobs = args.calls.jobs(&config, &runtime)?;
    let (name, jobs) = one_hotline(by_hotline(jobs), args.calls.hotline())?;
    let (searched, held_out) = parted(jobs, args.seed);
    ensure!(
        searched.len() >= 2 && !held_out.is_empty(),
        "there are {} calls of {name}: give at least three",
        searched.len() + held_out.len()
    );
    let hotline = spillway::config::load_hotline(&config, &name, &today())?.hotline;
    let stop = super::interrupted()?;
    let tuner = Tuner { config: &config, args: &args, name: &name, stop };
    let wanted = |what| args.only.is_none_or(|only| only == what);
    let mut all = All { thresholds: Vec::new(), biasing: None };
    for (what, half) in
        [(Only::EndOfTurn, Half::EndOfTurn), (Only::Confirmation, Half::Confirmation)]
    {
        if wanted(what) {
            all.thresholds.extend(tuner.tuned(half, &hotline.file, &searched, &held_out)?);
        }
    }
    if wanted(Only::Biasing) {
        let calls = searched.iter().chain(&held_out);
        let corrected: Vec<Corrected> =
            calls.flat_map(|job| corrected(job, &hotline.file)).collect();
        all.biasing = Some(biasing_of(&hotline, &corrected));
    }
    if args.json {
        super::print(&(serde_json::to_string_pretty(&all)? + "\n"))?;
    } else {
        all.thresholds.iter().try_for_each(|told| super::print(&text(told)))?;
        all.biasing.iter().try_for_each(|report| super::print(&words(report)))?;
    }
    if tuner.stop.load(Ordering::Relaxed) {
        return Ok(ExitCode::from(130));
    }
    match (&args.out, all.overlay(&name)) {
        (Some(path), Some(overlay)) => {
            write(path, &overlay)?;
            eprintln!("{}: written", path.display());
        }
        (Some(path), None) => eprintln!("{}: not written: nothing better", path.display()),
        (None, _) => {}
    }
    Ok(ExitCode::SUCCESS)
}

impl All {
    /// What is better, as an overlay; `None` where nothing is.
    fn overlay(&self, hotline: &str) -> Option<String> {
        let better = self.thresholds.iter().filter(|told| told.is_better());
        let tables = better.map(|told| table(&told.found.best.values));
        let lists = self.biasing.iter().filter_map(BiasingReport::overlay);
        let tables: String = tables.chain(lists).collect();
        (!tables.is_empty()).then(|| format!("only = [\"{hotline}\"]\n\n{tables}"))
    }
}

/// The names and addresses of a call that are not what they should be.
fn corrected(job: &Job, file: &HotlineFile) -> Vec<Corrected> {
    let Ok((mut reader, truth)) = (job.open)() else { return Vec::new() };
    let caller = reader.header().caller.caller_id.clone();
    let saved = (&mut reader).filter_map(|record| match record.ok()?.entry {
        Entry::Out(Output::SaveTicket(ticket)) => Some(ticket),
        _ => None,
    });
    let Some(ticket) = saved.last() else { return Vec::new() };
    let slot = |record: &SlotRecord| {
        let kind = file.slots.iter().find(|s| s.name == record.slot)?.kind;
        let right = truth.slot(&record.slot)?;
        (!is_same_value(right, &record.value)).then(|| Corrected {
            caller: caller.clone(),
            kind,
            told: record.value.clone(),
            right: right.into(),
        })
    };
    ticket.slots.iter().filter_map(slot).collect()
}

fn words(report: &BiasingReport) -> String {
    let mut text = format!("\nbiasing: {} words put right", report.words.len());
    text.push_str(&format!(", {} held back: too few callers said them\n", report.held_back));
    for word in &report.words {
        let what = if word.place { "place" } else { "name" };
        let listed = word.listed_at.map_or("not listed".into(), |at| format!("listed at {at}"));
        let added = if word.added { "added" } else { "-" };
        let (name, times, callers) = (&word.word, word.corrected, word.callers);
        text.push_str(&format!(
            "{what:6} {name:20} {times:4} times by {callers:4} callers, {listed}: {added}\n"
        ));
    }
    text
}

/// The hotline whose thresholds are tuned, and its calls: the one asked for, or the only one there
/// is.
fn one_hotline(
    mut found: BTreeMap<String, Vec<Job>>,
    asked: Option<&str>,
) -> anyhow::Result<(String, Vec<Job>)> {
    if let Some(asked) = asked {
        return Ok((asked.into(), found.remove(asked).unwrap_or_default()));
    }
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    ensure!(
        names.len() == 1,
        "the calls came to {}; name one hotline with --hotline",
        if names.is_empty() { "no hotline".into() } else { names.join(", ") }
    );
    found.pop_first().context("there is one")
}

/// The calls to search on, and those to look at afterwards.
fn parted(mut jobs: Vec<Job>, seed: u64) -> (Vec<Job>, Vec<Job>) {
    use rand::SeedableRng;
    use rand::seq::SliceRandom;
    jobs.sort_by(|a, b| a.journal.cmp(&b.journal));
    jobs.shuffle(&mut rand::rngs::StdRng::seed_from_u64(seed));
    let held_out = jobs.split_off(jobs.len().div_ceil(2));
    (jobs, held_out)
}

struct Tuner<'t> {
    config: &'t Config,
    args: &'t Args,
    name: &'t str,
    stop: Arc<AtomicBool>,
}

impl Tuner<'_> {
    fn tuned(
        &self,
        half: Half,
        file: &HotlineFile,
        searched: &[Job],
        held_out: &[Job],
    ) -> anyhow::Result<Option<Told>> {
        let now = half.values(file);
        let title = if half == Half::EndOfTurn { "end of turn" } else { "confirmation" };
        let bar = bar(title, "settings", self.args.budget as u64 + 2);
        let tried = |values: &[Tuned], jobs: &[Job]| {
            let point = self.point(half, values, jobs);
            bar.inc(1);
            point
        };
        let found =
            search(half, &now, self.args.budget, self.args.seed, |values| tried(values, searched))?;
        let Some(found) = found else { return Ok(None) };
        let now = tried(&found.now.values, held_out)?;
        let best = tried(&found.best.values, held_out)?;
        bar.finish_and_clear();
        let (Some(held_out_now), Some(held_out_best)) = (now, best) else { return Ok(None) };
        Ok(Some(Told { half, found, held_out_now, held_out_best }))
    }

    /// What `values` come to on `jobs`; `None` when the run was stopped.
    fn point(&self, half: Half, values: &[Tuned], jobs: &[Job]) -> anyhow::Result<Option<Point>> {
        let text = format!("only = [\"{}\"]\n{}", self.name, table(values));
        let overlay = Overlay::parse(Path::new("(the setting that is tried)"), text)?;
        let threads = threads(self.args.jobs);
        let mut runner = Runner::new(self.config, Some(overlay), Mode::Audio, threads);
        runner.stop = self.stop.clone();
        let results: Mutex<Vec<CallResult>> = Mutex::default();
        runner.run(jobs, &|result| {
            results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
        });
        if self.stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = results.iter().find_map(|r| r.error.as_ref()) {
            anyhow::bail!("{error}");
        }
        let worths = Worths {
            cut_off_s: self.args.cut_off,
            wrong_s: self.args.wrong,
            confirmation_s: self.args.confirmation,
            left_s: self.args.left,
        };
        Ok(Some(half.point(&results, &worths)))
    }
}

/// The values as a table of an overlay.
fn table(values: &[Tuned]) -> String {
    let name = values.first().map_or("", |v| v.table);
    let lines = values.iter().map(|v| format!("{} = {}\n", v.key, v.shown()));
    format!("[hotline.{name}]\n{}\n", lines.collect::<String>())
}

fn text(told: &Told) -> String {
    let (title, price, harm) = match told.half {
        Half::EndOfTurn => ("end of turn", "gap ms", "cut off %"),
        Half::Confirmation => ("confirmation", "questions", "wrong %"),
    };
    let keys: Vec<&str> = told.found.now.values.iter().map(|v| v.key).collect();
    let mut text = format!("\n{title}: {} settings tried\n", told.found.trials);
    text.push_str(&format!("{:10} {price:>10} {harm:>10} {:>8}", "", "cost s"));
    keys.iter().for_each(|key| text.push_str(&format!(" {key:>13}")));
    text.push('\n');
    let mut row = |title: &str, point: &Point, values: &[Tuned]| {
        let (price, harm, cost) = (point.price, point.harm, point.cost_s);
        text.push_str(&format!("{title:10} {price:10.2} {harm:10.2} {cost:8.2}"));
        values.iter().for_each(|v| text.push_str(&format!(" {:>13}", v.shown())));
        text.push('\n');
    };
    let found = &told.found;
    for Trial { values, point } in &found.curve.0 {
        row("trade-off", point, values);
    }
    row("now", &found.now.point, &found.now.values);
    row("found", &found.best.point, &found.best.values);
    row("now*", &told.held_out_now, &[]);
    row("found*", &told.held_out_best, &[]);
    text.push_str("* on the calls that were not searched on\n");
    text
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o644).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("{}", path.display()))
}
