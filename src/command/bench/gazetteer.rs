//! `spillway bench gazetteer`: how long places are looked for.

use anyhow::Context;
use serde::Serialize;
use spillway::config::{Config, load_grammar};
use spillway::language::{Grammar, addresses};
use spillway::replay::understanding::{Case, cases};
use spillway::speech::Transcript;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Words of the longest span that is looked up.
const SPAN_WORDS: usize = 6;

/// Times each case is measured; the shortest counts, for the others waited for the processor.
const ROUNDS: usize = 5;

/// Arguments of `spillway bench gazetteer`.
#[derive(clap::Args)]
#[command(after_help = "The address cases of case files (see `spillway bench understanding \
--help`) are looked up. `look-up` is every span of a caller's words asked of the gazetteer; \
`reading` is the whole reading of the address, look-ups included.

Examples:
  spillway bench gazetteer
  spillway bench gazetteer fixtures/understanding/vi.tsv --json")]
pub struct Args {
    /// Case files [default: fixtures/understanding/<language>.tsv of every language].
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Times of one country.
#[derive(Serialize)]
struct Timed {
    country: String,
    addresses: usize,
    load_ms: f64,
    lookup_us: Spread,
    reading_us: Spread,
}

/// Times in microseconds.
#[derive(Serialize)]
struct Spread {
    p50: f64,
    p99: f64,
    max: f64,
}

/// Runs it.
pub fn run(config: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let mut by_country: BTreeMap<(String, String, String), Vec<Case>> = BTreeMap::new();
    for file in &files(&config, args)? {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let all = cases(&text).with_context(|| file.display().to_string())?;
        for case in all.into_iter().filter(|c| c.slot == "address") {
            let key = (case.country.clone(), case.lang.clone(), case.as_of.clone());
            by_country.entry(key).or_default().push(case);
        }
    }
    let mut measured: BTreeMap<String, Measured> = BTreeMap::new();
    for ((country, language, as_of), cases) in by_country {
        let start = Instant::now();
        let grammar = load_grammar(&config, &language, &country, &as_of)?;
        let load_ms = start.elapsed().as_secs_f64() * 1e3;
        if grammar.places().is_none() {
            let pack = format!("gazetteer-{}", country.to_lowercase());
            anyhow::bail!("{country}: no gazetteer; run: spillway models pull {pack}");
        }
        let of_country = measured.entry(country).or_default();
        of_country.load_ms = of_country.load_ms.max(load_ms);
        cases.iter().for_each(|case| of_country.measure(case, &grammar));
    }
    anyhow::ensure!(!measured.is_empty(), "no address cases in these files");
    let timed: Vec<Timed> = measured.into_iter().map(|(c, times)| times.told(c)).collect();
    let text = if args.json {
        format!("{}\n", serde_json::to_string_pretty(&timed)?)
    } else {
        table(&timed)
    };
    super::super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn files(config: &Config, args: &Args) -> anyhow::Result<Vec<PathBuf>> {
    if !args.files.is_empty() {
        return Ok(args.files.clone());
    }
    let dir = config.prompts_dir.join("languages");
    let languages = std::fs::read_dir(&dir).with_context(|| dir.display().to_string())?;
    let languages = languages.flatten().filter(|e| e.path().join("words.toml").is_file());
    let mut files: Vec<PathBuf> = languages
        .map(|e| format!("fixtures/understanding/{}.tsv", e.file_name().to_string_lossy()).into())
        .collect();
    files.retain(|file: &PathBuf| file.is_file());
    files.sort();
    anyhow::ensure!(!files.is_empty(), "no fixtures/understanding/ here: name a case file");
    Ok(files)
}

/// Times in microseconds, one of each for a case.
#[derive(Default)]
struct Measured {
    load_ms: f64,
    lookups: Vec<f64>,
    readings: Vec<f64>,
}

impl Measured {
    fn measure(&mut self, case: &Case, grammar: &Grammar) {
        let Some(places) = grammar.places() else { return };
        let tokens = grammar.tokens(&case.text);
        self.lookups.push(shortest(|| {
            let spoken = places.spoken(&tokens);
            for from in 0..tokens.len() {
                for to in from + 1..=tokens.len().min(from + SPAN_WORDS) {
                    black_box(places.matches_span(&spoken, from..to));
                }
            }
        }));
        let heard = Transcript::plain(case.text.as_str(), 1.0);
        self.readings.push(shortest(|| {
            black_box(addresses(&heard, grammar));
        }));
    }

    fn told(self, country: String) -> Timed {
        Timed {
            country,
            addresses: self.lookups.len(),
            load_ms: self.load_ms,
            lookup_us: spread(self.lookups),
            reading_us: spread(self.readings),
        }
    }
}

/// Microseconds of the quickest of [`ROUNDS`] runs.
fn shortest(mut run: impl FnMut()) -> f64 {
    let timed = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64() * 1e6
    });
    timed.fold(f64::INFINITY, f64::min)
}

fn spread(mut times: Vec<f64>) -> Spread {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (times.len() as f64 * share).ceil() as usize;
        times.get(place.saturating_sub(1)).copied().unwrap_or_default()
    };
    Spread { p50: at(0.5), p99: at(0.99), max: at(1.0) }
}

fn table(timed: &[Timed]) -> String {
    let mut out = format!(
        "{:8}{:>10}{:>9}  {:>27}  {:>27}\n{:8}{:>10}{:>9}  {:>9}{:>9}{:>9}  {:>9}{:>9}{:>9}\n",
        "country",
        "addresses",
        "load ms",
        "look-up us",
        "reading us",
        "",
        "",
        "",
        "p50",
        "p99",
        "max",
        "p50",
        "p99",
        "max"
    );
    for row in timed {
        let (l, r) = (&row.lookup_us, &row.reading_us);
        out += &format!(
            "{:8}{:>10}{:>9.0}  {:>9.0}{:>9.0}{:>9.0}  {:>9.0}{:>9.0}{:>9.0}\n",
            row.country, row.addresses, row.load_ms, l.p50, l.p99, l.max, r.p50, r.p99, r.max
        );
    }
    out
}
