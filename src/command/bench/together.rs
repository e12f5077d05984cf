//! `spillway bench together`: how much one core hears of callers who speak at once.

use anyhow::Context;
use spillway::audio::FRAME_SAMPLES;
use spillway::config::Config;
use spillway::engine::{RecognitionEvent, Recognizer, StreamId, factory_for};
use spillway::replay::score::{load, read, telephone};
use spillway::speech::{Expectation, RecognitionContext};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `spillway bench together`.
#[derive(clap::Args)]
pub struct Args {
    /// Recordings, as for `bench asr`; they are said one after the other.
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// In this language.
    #[arg(long, value_name = "LANG", default_value = "vi")]
    lang: String,
    /// How many callers speak at once.
    #[arg(long, value_name = "N,..", value_delimiter = ',', default_values_t = [1, 4, 8])]
    callers: Vec<usize>,
    /// How long each speaks.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    seconds: usize,
    /// How often each number of callers is measured, in turn; the medians are told.
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
}

/// Runs it.
pub fn run(config: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let samples = args.seconds * 8_000;
    let most = args.callers.iter().max().copied().unwrap_or(0);
    let none = samples == 0 || args.rounds == 0 || args.callers.contains(&0);
    anyhow::ensure!(!none, "--callers, --seconds and --rounds are at least 1");
    let mut speech = Vec::new();
    for entry in read(&args.manifest)?.iter().filter(|e| e.language == args.lang) {
        speech.extend(telephone(&load(&entry.file)?));
        if speech.len() >= most * samples {
            break;
        }
    }
    let manifest = args.manifest.display();
    anyhow::ensure!(!speech.is_empty(), "{manifest}: nothing is said in {} there", args.lang);
    let speech: Vec<i16> = speech.into_iter().cycle().take(most * samples).collect();
    let (name, factory) = factory_for(&args.lang, &config.models_dir)?;
    let mut engine = factory().with_context(|| format!("{}: no engine", args.lang))?;
    let mut speeds = vec![Vec::new(); args.callers.len()];
    let bar = super::progress(name, args.rounds * args.callers.len());
    for _ in 0..args.rounds {
        for (callers, speeds) in args.callers.iter().zip(&mut speeds) {
            let voices: Vec<&[i16]> = speech.chunks_exact(samples).take(*callers).collect();
            let cpu = crate::command::process_cpu_s()?;
            hear(&mut *engine, &args.lang, &voices)?;
            speeds.push((callers * args.seconds) as f64 / (crate::command::process_cpu_s()? - cpu));
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    println!("callers  heard");
    for (callers, speeds) in args.callers.iter().zip(speeds) {
        println!("{callers:7} {:6.1}", super::median(speeds));
    }
    println!("heard: seconds of sound for each second of CPU ({name}, one thread)");
    Ok(ExitCode::SUCCESS)
}

/// One turn of each voice, in frames of 20 ms that come at the same time.
fn hear(engine: &mut dyn Recognizer, language: &str, voices: &[&[i16]]) -> anyhow::Result<()> {
    let (language, expectation) = (language.to_string(), Expectation::Open);
    let context = RecognitionContext { language, expectation, phrases: Vec::new().into() };
    let mut failed = None;
    let mut emit = |_, event| {
        if let RecognitionEvent::Failed(reason) = event {
            failed = Some(reason);
        }
    };
    for id in 0..voices.len() {
        engine.open(StreamId(id as u64), &context)?;
    }
    let frames = voices.iter().map(|v| v.len().div_ceil(FRAME_SAMPLES)).max().unwrap_or(0);
    for at in 0..frames {
        for (id, voice) in voices.iter().enumerate() {
            if let Some(frame) = voice.chunks(FRAME_SAMPLES).nth(at) {
                engine.audio(StreamId(id as u64), frame, true);
            }
        }
        while engine.work(&mut emit) {}
    }
    for id in 0..voices.len() {
        engine.finish(StreamId(id as u64));
    }
    while engine.work(&mut emit) {}
    match failed {
        Some(reason) => anyhow::bail!("{reason}"),
        None => Ok(()),
    }
}
