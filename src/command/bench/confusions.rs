//! `spillway bench confusions`: what the recogniser makes of what is said, counted.

use anyhow::Context;
use rand::SeedableRng;
use rand::rngs::StdRng;
use spillway::config::Config;
use spillway::engine::factory_for;
use spillway::replay::impair::Noise;
use spillway::replay::score::{Entry, read};
use spillway::replay::understanding::{Confusions, measure};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `spillway bench confusions`.
#[derive(clap::Args)]
pub struct Args {
    /// Tab-separated list of recordings: lang, file, source, licence, human|tts, seconds,
    /// transcript.
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// The language.
    #[arg(long, value_name = "LANG", default_value = "vi")]
    lang: String,
    /// A wav file of noise to lay over the recordings; may be given several times.
    #[arg(long, value_name = "WAV")]
    noise: Vec<PathBuf>,
    /// How many decibel the noise lies below the voice: all recordings are heard once for each;
    /// `clean` is without noise.
    #[arg(long, value_name = "DB,...", value_delimiter = ',', default_value = "clean")]
    snr_db: Vec<Level>,
    /// The noise's places are drawn from this.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write the table to this file instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// `clean` or decibel.
#[derive(Clone, Copy)]
struct Level(Option<f64>);

impl std::str::FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Level, String> {
        match text.trim() {
            "clean" => Ok(Level(None)),
            number => match number.parse::<f64>() {
                Ok(db) if db.is_finite() => Ok(Level(Some(db))),
                _ => Err("neither `clean` nor a number of decibel".into()),
            },
        }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            None => f.write_str("clean"),
            Some(db) => write!(f, "{db} dB"),
        }
    }
}

/// Runs it. The word error rate at each level goes to standard error.
pub fn run(config: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let mut entries: Vec<Entry> = read(&args.manifest)?;
    entries.retain(|e| e.language == args.lang);
    anyhow::ensure!(!entries.is_empty(), "{}: nothing in {}", args.manifest.display(), args.lang);
    let noise = match args.snr_db.iter().any(|level| level.0.is_some()) {
        true => Some(Noise::load(&args.noise)?),
        false => None,
    };
    let (name, factory) = factory_for(&args.lang, &config.models_dir)?;
    let mut engine = factory().with_context(|| format!("{}: no engine", args.lang))?;
    let mut rng = StdRng::seed_from_u64(args.seed);
    let mut all = Confusions::new(&args.lang);
    let bar = super::progress("heard", entries.len() * args.snr_db.len());
    let mut levels = Vec::new();
    for level in &args.snr_db {
        let mut own = Confusions::new(&args.lang);
        let over = noise.as_ref().zip(level.0);
        measure(&mut *engine, &entries, over, &mut rng, &mut own, || bar.inc(1))?;
        levels.push(format!("{level} {:.1} %", own.wer()));
        all.merge(&own);
    }
    bar.finish_and_clear();
    let about = format!(
        "made by `spillway bench confusions`: {name}, {} recordings, word error rate {:.1} % ({})",
        entries.len() * args.snr_db.len(),
        all.wer(),
        levels.join(", ")
    );
    eprintln!("{about}");
    let table = all.to_tsv(&about);
    match &args.out {
        Some(file) => std::fs::write(file, table)
            .with_context(|| format!("{}: not written", file.display()))?,
        None => crate::command::print(&table)?,
    }
    Ok(ExitCode::SUCCESS)
}
