//! `spillway bench biasing`: what expected phrases gain, and what they invent.

use anyhow::Context;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;
use spillway::config::Config;
use spillway::engine::ctc;
use spillway::engine::{Recognizer, factory_for};
use spillway::replay::impair::Noise;
use spillway::replay::score::{
    BiasClip, Biased, Entry, Score, load, normalize, read, spelled, telephone,
};
use spillway::speech::Bonus;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `spillway bench biasing`.
#[derive(clap::Args)]
pub struct Args {
    /// Tab-separated list of recordings: lang, file, source, licence, human|tts, seconds,
    /// transcript. Those of one word are left out.
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// The language.
    #[arg(long, value_name = "LANG", default_value = "vi")]
    lang: String,
    /// Only recordings whose source holds this text.
    #[arg(long, value_name = "TEXT", default_value = "")]
    source: String,
    /// Places and persons, one in a line.
    #[arg(long, value_name = "FILE", default_value = "fixtures/understanding/names-vi.txt")]
    names: PathBuf,
    /// Phrases nobody says, one in a line.
    #[arg(long, value_name = "FILE", default_value = "fixtures/understanding/distractors-vi.txt")]
    distractors: PathBuf,
    /// A wav file of noise to lay over the recordings; may be given several times.
    #[arg(long, value_name = "WAV")]
    noise: Vec<PathBuf>,
    /// How many decibel that lies below the voice.
    #[arg(long, value_name = "DB", default_value_t = 10.0, allow_negative_numbers = true)]
    snr_db: f64,
    /// Worth of each token of a phrase of several words (Vietnamese only), for example 2,3,4
    /// [default: the engine's own].
    #[arg(long, value_name = "NATS,...", value_delimiter = ',')]
    bonus: Vec<f32>,
    /// Pairs and the noise's places are drawn from this.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// What is printed.
#[derive(Serialize)]
struct Report {
    lang: String,
    /// All recordings, or the half that nothing was tuned on.
    reported: &'static str,
    /// Taken from the other half; `null` for the engine's own.
    bonus: Option<f32>,
    names: usize,
    drawn: usize,
    distractors: usize,
    without: Biased,
    with: Biased,
    /// Fewer errors on words of names, in percent.
    names_reduction: Option<f64>,
    /// The same of drawn pairs.
    drawn_reduction: Option<f64>,
    /// Of both together.
    reduction: Option<f64>,
    /// Recordings with an invented distractor, in percent.
    false_accept_percent: f64,
    /// Distractors that were invented in any recording, in percent.
    invented_percent: f64,
}

/// A false name is as bad as this many words heard wrong.
const FALSE_ACCEPT_COST: usize = 3;

/// Runs it.
pub fn run(config: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let mut rng = StdRng::seed_from_u64(args.seed);
    let names = phrases(&args.names)?;
    let said = |text: &String| spelled(&args.lang, text);
    let (clips, drawn) = clips(args, &names.iter().map(said).collect::<Vec<_>>(), &mut rng)?;
    let mut distractors = phrases(&args.distractors)?;
    distractors.retain(|d| !clips.iter().any(|c| c.says(&normalize(&args.lang, d))));
    let plain: Vec<Vec<String>> = distractors.iter().map(|d| normalize(&args.lang, d)).collect();
    let expected: Vec<String> = names
        .iter()
        .map(|n| said(n).join(" "))
        .chain(drawn.clone())
        .chain(distractors.iter().cloned())
        .collect();
    let bar = super::progress("heard", 0);
    let hear = |bonus: Option<f32>, clips: &[&BiasClip], phrases: &[String]| {
        let mut engine = engine(&args.lang, &config.models_dir, bonus)?;
        bar.inc_length(clips.len() as u64);
        let heard = Biased::hear(&mut *engine, &args.lang, clips, phrases, &plain, || bar.inc(1));
        anyhow::Ok(heard)
    };
    let all: Vec<&BiasClip> = clips.iter().collect();
    let half = |n: usize| clips.iter().skip(n).step_by(2).collect::<Vec<_>>();
    let (mut bonus, mut best) = (None, usize::MAX);
    for &tried in &args.bonus {
        let heard = hear(Some(tried), &half(0), &expected)?;
        let cost = heard.names.wrong + heard.drawn.wrong + FALSE_ACCEPT_COST * heard.false_accepts;
        bar.suspend(|| eprintln!("bonus {tried}, first half: {}", line(&heard)));
        if cost < best {
            (bonus, best) = (Some(tried), cost);
        }
    }
    let reported = if bonus.is_some() { half(1) } else { all };
    let without = hear(bonus, &reported, &[])?;
    let with = hear(bonus, &reported, &expected)?;
    bar.finish_and_clear();
    let both = |b: &Biased| Score {
        words: b.names.words + b.drawn.words,
        wrong: b.names.wrong + b.drawn.wrong,
    };
    let report = Report {
        lang: args.lang.clone(),
        reported: if bonus.is_some() { "second half" } else { "all" },
        bonus,
        names: names.len(),
        drawn: drawn.len(),
        distractors: distractors.len(),
        names_reduction: without.names.reduction(with.names),
        drawn_reduction: without.drawn.reduction(with.drawn),
        reduction: both(&without).reduction(both(&with)),
        invented_percent: 100.0 * with.invented.len() as f64 / distractors.len().max(1) as f64,
        false_accept_percent: 100.0 * with.false_accepts as f64 / with.clips.max(1) as f64,
        without,
        with,
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(ExitCode::SUCCESS)
}

/// The lines of `file` but empty ones and those that begin with `#`.
fn phrases(file: &Path) -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("{}: cannot be read; name another file", file.display()))?;
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    Ok(lines.map(str::to_string).collect())
}

fn engine(
    lang: &str,
    models_dir: &Path,
    bonus: Option<f32>,
) -> anyhow::Result<Box<dyn Recognizer>> {
    let Some(token) = bonus else { return Ok(factory_for(lang, models_dir)?.1()?) };
    anyhow::ensure!(lang == "vi", "--bonus is for the Vietnamese engine only");
    let word = Bonus::OPEN.word;
    Ok(ctc::factory(models_dir, Some(Bonus { token, word }))?()?)
}

/// The recordings as they are heard, and the pairs that were drawn from them.
fn clips(
    args: &Args,
    names: &[Vec<String>],
    rng: &mut StdRng,
) -> anyhow::Result<(Vec<BiasClip>, Vec<String>)> {
    let noise = if args.noise.is_empty() { None } else { Some(Noise::load(&args.noise)?) };
    let entries: Vec<Entry> = read(&args.manifest)?;
    let (mut clips, mut drawn) = (Vec::new(), Vec::new());
    for entry in entries.iter().filter(|e| e.language == args.lang) {
        let said = spelled(&args.lang, &entry.transcript);
        if said.len() < 2 && !names.contains(&said) || !entry.source.contains(&args.source) {
            continue;
        }
        // Of short sentences a pair would be most of it.
        let pair = (said.len() >= 4).then(|| rng.random_range(0..said.len() - 1));
        drawn.extend(pair.map(|at| said[at..at + 2].join(" ")));
        let mut samples = load(&entry.file)?;
        if let Some(noise) = &noise {
            samples = noise.over(&samples, args.snr_db, rng);
        }
        clips.push(BiasClip::new(telephone(&samples), said, names, pair));
    }
    anyhow::ensure!(!clips.is_empty(), "{}: no such recordings", args.manifest.display());
    Ok((clips, drawn))
}

fn line(b: &Biased) -> String {
    format!(
        "names {} of {} words wrong, drawn pairs {} of {}, WER {:.1} %, distractors in {} of {}",
        b.names.wrong, b.names.words, b.drawn.wrong, b.drawn.words, b.wer, b.false_accepts, b.clips
    )
}

fn print(report: &Report) {
    let bonus = report.bonus.map_or("the engine's own".into(), |b| b.to_string());
    println!(
        "{}: {} recordings ({}); expected: {} names, {} drawn pairs, {} distractors; bonus {bonus}",
        report.lang,
        report.with.clips,
        report.reported,
        report.names,
        report.drawn,
        report.distractors
    );
    println!("without: {}", line(&report.without));
    println!("with:    {}", line(&report.with));
    let percent = |p: Option<f64>| p.map_or("none to reduce".into(), |p| format!("{p:.1} %"));
    println!(
        "recall of names {:.1} -> {:.1} %, of drawn pairs {:.1} -> {:.1} %",
        report.without.names.recall(),
        report.with.names.recall(),
        report.without.drawn.recall(),
        report.with.drawn.recall()
    );
    println!(
        "relative error reduction: names {}, drawn pairs {}, both {}",
        percent(report.names_reduction),
        percent(report.drawn_reduction),
        percent(report.reduction)
    );
    let invented: Vec<&str> = report.with.invented.iter().map(String::as_str).collect();
    println!(
        "false accepts: {:.1} % of the distractors are heard, in {:.1} % of the recordings \
         (without: {:.1} %) {}",
        report.invented_percent,
        report.false_accept_percent,
        100.0 * report.without.false_accepts as f64 / report.without.clips.max(1) as f64,
        invented.join(", ")
    );
}
