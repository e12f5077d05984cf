//! `spillway bench understanding`: labelled cases through the readers of the dialogue.

use super::clips::Clips;
use anyhow::Context;
use rand::SeedableRng;
use rand::rngs::StdRng;
use spillway::config::{Config, load_grammar, load_hotline};
use spillway::dialogue::{Confidence, Hotline, HotlineFile};
use spillway::replay::understanding::{
    Case, NoiseModel, UnderstandingReport, alarms, cases, judge, lead,
};
use spillway::speech::Transcript;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// How sure an engine is of plain text: nothing was doubted.
const TEXT_CONFIDENCE: f32 = 0.95;
/// Our own cases and measured confusions.
const FIXTURES: &str = "fixtures/understanding";

/// Arguments of `spillway bench understanding`.
#[derive(clap::Args)]
#[command(after_help = "A case file is tab-separated with the header
  lang  country  as_of  slot  text  expected  note
where slot is name, address, need, yesno, correction, number, phone or mixed.

Examples:
  spillway bench understanding
  spillway bench understanding --lang vi --slot address --failures 50
  spillway bench understanding --lang vi --wer 25 --seed 7
  spillway bench understanding my-cases.tsv --json
  spillway bench understanding my-cases.tsv --manifest my-recordings.tsv

With --wer the words are spoiled as a recogniser spoils them, by the confusions measured on real
recordings (fixtures/understanding/confusions-<lang>.tsv). Each mixed case is also led through the
whole form by a simulated caller who denies what is read back wrongly and says it once more.

With --manifest the cases are heard, not read: each case with a recording whose transcript has the
same words goes through the language's recogniser, with what its slot's question expects; the other
cases are left out. The manifest is that of `spillway bench asr`.")]
pub struct Args {
    /// Case files [default: every .tsv of fixtures/understanding/ that holds cases].
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// More case files, for scripts.
    #[arg(long = "cases", value_name = "FILE")]
    more: Vec<PathBuf>,
    /// Only this language.
    #[arg(long, value_name = "LANG")]
    lang: Option<String>,
    /// Only this slot.
    #[arg(long, value_name = "SLOT")]
    slot: Option<String>,
    /// Spoil the words to this word error rate, in percent.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=90))]
    wer: Option<u8>,
    /// Hear the cases in these recordings (see above) instead of reading them.
    #[arg(long, value_name = "FILE", conflicts_with = "wer")]
    manifest: Option<PathBuf>,
    /// What the spoiling draws its mistakes from.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many failures to print.
    #[arg(long, value_name = "N", default_value_t = 20)]
    failures: usize,
    /// Print the report as JSON, with all failures.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub fn run(config: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let named: Vec<PathBuf> = args.files.iter().chain(&args.more).cloned().collect();
    let mut all = cases_of(&named)?;
    let wanted = |c: &Case| {
        args.lang.as_ref().is_none_or(|l| *l == c.lang)
            && args.slot.as_ref().is_none_or(|s| *s == c.slot)
    };
    all.retain(wanted);
    anyhow::ensure!(!all.is_empty(), "no such cases");
    let report = match &args.manifest {
        Some(manifest) => heard(&config, &mut Clips::open(&config, manifest, &mut all)?, &all)?,
        None => read(Bench::new(&config, args, &all)?, &all),
    };
    if args.json {
        super::super::print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        super::super::print(&report.table(args.failures))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The cases read, spoiled or not.
fn read(mut bench: Bench, cases: &[Case]) -> UnderstandingReport {
    let mut report = UnderstandingReport::default();
    for case in cases {
        let words = bench.hear(&case.lang, &case.text);
        let hotline = bench.hotlines[&key(case)].clone();
        add(&mut report, case, &words, &hotline);
        if case.slot == "mixed" {
            let score = report.forms.entry(case.lang.clone()).or_default();
            lead(case, hotline, &mut |text| bench.hear(&case.lang, text), score);
        }
    }
    report
}

fn add(report: &mut UnderstandingReport, case: &Case, words: &Transcript, hotline: &Hotline) {
    let judged = judge(case, words, &hotline.grammar, &Confidence::default());
    report.add(case, &judged, alarms(words, &hotline.grammar));
}

/// The cases heard, each in all its recordings.
fn heard(
    config: &Config,
    clips: &mut Clips,
    cases: &[Case],
) -> anyhow::Result<UnderstandingReport> {
    let hotlines = hotlines(config, cases)?;
    let mut report = UnderstandingReport::default();
    for case in cases {
        let hotline = &hotlines[&key(case)];
        for words in clips.hear(case, hotline)? {
            add(&mut report, case, &words, hotline);
        }
    }
    Ok(report)
}

/// What the cases are read with.
struct Bench {
    hotlines: HashMap<Key, Arc<Hotline>>,
    noise: HashMap<String, NoiseModel>,
    /// 0..=1; `None` for clean text.
    wer: Option<f64>,
    rng: StdRng,
}

impl Bench {
    fn new(config: &Config, args: &Args, cases: &[Case]) -> anyhow::Result<Bench> {
        let mut noise = HashMap::new();
        let wer = args.wer.map(|percent| f64::from(percent) / 100.0);
        for case in cases.iter().filter(|_| wer.is_some()) {
            if !noise.contains_key(&case.lang) {
                noise.insert(case.lang.clone(), noise_of(&case.lang)?);
            }
        }
        let hotlines = hotlines(config, cases)?;
        Ok(Bench { hotlines, noise, wer, rng: StdRng::seed_from_u64(args.seed) })
    }

    fn hear(&mut self, lang: &str, text: &str) -> Transcript {
        match (self.wer, self.noise.get(lang)) {
            (Some(wer), Some(noise)) => noise.spoil(text, wer, &mut self.rng),
            _ => Transcript::plain(text, TEXT_CONFIDENCE),
        }
    }
}

/// The confusions measured for `lang`.
fn noise_of(lang: &str) -> anyhow::Result<NoiseModel> {
    let file = Path::new(FIXTURES).join(format!("confusions-{lang}.tsv"));
    let text = std::fs::read_to_string(&file).with_context(|| {
        format!("{}: no confusions are measured for {lang}; choose another --lang", file.display())
    })?;
    NoiseModel::from_tsv(&text).map_err(|e| anyhow::anyhow!("{}: {e}", file.display()))
}

/// The cases of the files named, or of ours.
pub(super) fn cases_of(named: &[PathBuf]) -> anyhow::Result<Vec<Case>> {
    let mut files = named.to_vec();
    if files.is_empty() {
        let dir = Path::new(FIXTURES);
        let entries = std::fs::read_dir(dir)
            .with_context(|| format!("{}: name a case file", dir.display()))?;
        files.extend(entries.flatten().map(|e| e.path()).filter(|p| is_case_file(p)));
        files.sort();
    }
    let mut all = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        all.extend(cases(&text).with_context(|| file.display().to_string())?);
    }
    Ok(all)
}

/// Case files are named by their language; the folder holds confusion tables, too.
fn is_case_file(path: &Path) -> bool {
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    path.extension().is_some_and(|e| e == "tsv") && !stem.starts_with("confusions")
}

pub(super) type Key = (String, String, String);

pub(super) fn key(case: &Case) -> Key {
    (case.lang.clone(), case.country.clone(), case.as_of.clone())
}

/// The demonstration hotline of each language, working with every need that is known, in the
/// case's country and on its day.
pub(super) fn hotlines(
    config: &Config,
    cases: &[Case],
) -> anyhow::Result<HashMap<Key, Arc<Hotline>>> {
    let mut hotlines: HashMap<Key, Arc<Hotline>> = HashMap::new();
    for case in cases {
        if hotlines.contains_key(&key(case)) {
            continue;
        }
        let grammar = load_grammar(config, &case.lang, &case.country, &case.as_of)?;
        if grammar.places().is_none() {
            eprintln!(
                "{}: no gazetteer; run: spillway models pull gazetteer-{}",
                case.country,
                case.country.to_lowercase()
            );
        }
        let demo = load_hotline(config, &format!("demo-{}", case.lang), &case.as_of)?.hotline;
        // Emergencies are found whatever a hotline works with.
        let worked = |c: &&String| grammar.words.needs.contains_key(*c);
        let needs = grammar.needs.categories().iter().filter(worked).cloned().collect();
        let file = HotlineFile { country: case.country.clone(), needs, ..demo.file.clone() };
        let hotline = Hotline::new(&demo.name, file, demo.texts.clone(), grammar);
        let hotline = hotline.map_err(|p| anyhow::anyhow!("{}: {p:?}", demo.name))?;
        hotlines.insert(key(case), Arc::new(hotline));
    }
    Ok(hotlines)
}
