//! `spillway bench strange`: texts nobody says through the readers of the dialogue.

use super::understanding::{cases_of, hotlines, key};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::Serialize;
use spillway::config::Config;
use spillway::dialogue::Confidence;
use spillway::language::Grammar;
use spillway::replay::understanding::{Case, Strange, judge};
use spillway::speech::Transcript;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Milliseconds no reading may take.
const LIMIT_MS: f64 = 50.0;
/// The best of so many readings counts: one may have waited for the processor. All others come in
/// between, so that nothing is remembered of the last time.
const ROUNDS: usize = 3;
/// Everything a caller's words are read for.
const SLOTS: [&str; 8] =
    ["name", "address", "need", "yesno", "correction", "number", "phone", "mixed"];

/// Arguments of `spillway bench strange`.
#[derive(clap::Args)]
#[command(
    after_help = "Word salad, loops, broken words, any characters, digits and endless words, \
up to 100,000 characters, are read for every slot. The words are those of the labelled cases. The \
exit status is 1 where one reading took more than 50 ms.

Examples:
  spillway bench strange
  spillway bench strange --lang vi --texts 5000 --seed 7 --json"
)]
pub struct Args {
    /// Case files whose words are used [default: those of fixtures/understanding/].
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only this language.
    #[arg(long, value_name = "LANG")]
    lang: Option<String>,
    /// Texts for each language.
    #[arg(long, value_name = "N", default_value_t = 600)]
    texts: usize,
    /// What the texts are drawn from.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Times of one language.
#[derive(Serialize)]
struct Row {
    lang: String,
    texts: usize,
    readings: usize,
    ms_p50: f64,
    ms_p99: f64,
    ms_max: f64,
    /// What took longest: slot, kind of text, its characters.
    slowest: String,
}

/// Runs it.
pub fn run(config: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let mut all = cases_of(&args.files)?;
    all.retain(|c| args.lang.as_ref().is_none_or(|l| *l == c.lang));
    anyhow::ensure!(!all.is_empty(), "no such cases");
    let mut by_lang: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in &all {
        by_lang.entry(&case.lang).or_default().push(case);
    }
    let mut rows = Vec::new();
    for cases in by_lang.values() {
        let first = cases[0];
        let hotlines = hotlines(&config, std::slice::from_ref(first))?;
        rows.push(measure(args, cases, &hotlines[&key(first)].grammar));
    }
    super::super::print(&if args.json {
        format!("{}\n", serde_json::to_string_pretty(&rows)?)
    } else {
        table(&rows)
    })?;
    let good = rows.iter().all(|r| r.ms_max <= LIMIT_MS);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn measure(args: &Args, cases: &[&Case], grammar: &Grammar) -> Row {
    let words: Vec<&str> = cases.iter().flat_map(|c| c.text.split_whitespace()).collect();
    let mut rng = StdRng::seed_from_u64(args.seed);
    let kinds = (0..args.texts).map(|i| Strange::ALL[i % Strange::ALL.len()]);
    let texts: Vec<(Strange, String)> =
        kinds.map(|kind| (kind, kind.text(&words, &mut rng))).collect();
    let case = |i: usize| {
        let (slot, (kind, text)) = (SLOTS[i / texts.len()], &texts[i % texts.len()]);
        (Case { slot: slot.into(), text: text.clone(), ..cases[0].clone() }, *kind)
    };
    let mut all = vec![f64::INFINITY; SLOTS.len() * texts.len()];
    for _ in 0..ROUNDS {
        for (i, ms) in all.iter_mut().enumerate() {
            *ms = ms.min(read_ms(&case(i).0, grammar));
        }
    }
    let slowest = (0..all.len()).max_by(|a, b| all[*a].total_cmp(&all[*b]));
    let slowest = slowest.map_or(String::new(), |i| {
        let (case, kind) = case(i);
        format!("{}, {kind:?}, {} characters", case.slot, case.text.chars().count())
    });
    all.sort_by(f64::total_cmp);
    let at = |share: f64| all.get((share * all.len() as f64) as usize).copied().unwrap_or(0.0);
    Row {
        lang: cases[0].lang.clone(),
        texts: args.texts,
        readings: all.len(),
        ms_p50: at(0.5),
        ms_p99: at(0.99),
        ms_max: all.last().copied().unwrap_or(0.0),
        slowest,
    }
}

/// Milliseconds of one reading.
fn read_ms(case: &Case, grammar: &Grammar) -> f64 {
    let heard = Transcript::plain(case.text.clone(), 0.95);
    let begun = Instant::now();
    black_box(judge(case, &heard, grammar, &Confidence::default()));
    begun.elapsed().as_secs_f64() * 1e3
}

fn table(rows: &[Row]) -> String {
    let mut out = String::from("lang texts readings  p50 ms  p99 ms  max ms  the slowest\n");
    for r in rows {
        out += &format!(
            "{:<4} {:>5} {:>8} {:>7.2} {:>7.2} {:>7.2}  {}\n",
            r.lang, r.texts, r.readings, r.ms_p50, r.ms_p99, r.ms_max, r.slowest
        );
    }
    out
}
