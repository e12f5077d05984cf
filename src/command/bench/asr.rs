//! `spillway bench asr`: labelled recordings through the recognisers as calls would bring them.

use anyhow::Context;
use spillway::config::Config;
use spillway::engine::factory_for;
use spillway::replay::score::{Entry, Heard, Report, measure, read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `spillway bench asr`.
#[derive(clap::Args)]
pub struct Args {
    /// Tab-separated list of recordings: lang, file, source, licence, human|tts, seconds,
    /// transcript.
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// Only this language.
    #[arg(long, value_name = "LANG")]
    lang: Option<String>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    /// Also print each recording that was not heard right, to standard error.
    #[arg(long)]
    errors: bool,
}

/// Runs it. A language whose pack is missing is left out, and said.
pub fn run(config: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let wanted = |e: &Entry| args.lang.as_ref().is_none_or(|lang| *lang == e.language);
    let entries: Vec<Entry> = read(&args.manifest)?.into_iter().filter(wanted).collect();
    anyhow::ensure!(!entries.is_empty(), "{}: no such recordings", args.manifest.display());
    let mut languages: Vec<&str> = entries.iter().map(|e| e.language.as_str()).collect();
    languages.sort_unstable();
    languages.dedup();
    let mut report = Report::default();
    for language in languages {
        let entries: Vec<Entry> =
            entries.iter().filter(|e| e.language == language).cloned().collect();
        let factory = match factory_for(language, &config.models_dir) {
            Ok((_, factory)) => factory,
            Err(e) => {
                eprintln!("{language}: left out: {e}");
                continue;
            }
        };
        let mut engine = factory().with_context(|| format!("{language}: no engine"))?;
        let bar = super::progress(language, entries.len());
        measure(&mut *engine, language, &entries, &mut report, |entry, heard| {
            if args.errors {
                bar.suspend(|| print_error(entry, heard));
            }
            bar.inc(1);
        })?;
        bar.finish_and_clear();
    }
    anyhow::ensure!(!report.groups.is_empty(), "no model pack for any of the languages");
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print_table(&report);
    }
    Ok(ExitCode::SUCCESS)
}

fn print_error(entry: &Entry, heard: &Heard) {
    let normal = |text: &str| spillway::replay::score::normalize(&entry.language, text);
    if normal(&entry.transcript) != normal(&heard.transcript.text) {
        eprintln!(
            "{}\t{}\t{}\t{:.2}\t{}",
            entry.file.display(),
            entry.transcript,
            heard.transcript.text,
            heard.transcript.confidence,
            heard.failed.as_deref().unwrap_or("")
        );
    }
}

fn print_table(report: &Report) {
    println!(
        "{:4} {:8} {:>5} {:>7} {:>6} {:>6} {:>5} {:>6} {:>7} {:>7}  source",
        "lang", "engine", "clips", "seconds", "WER %", "CER %", "empty", "RTF", "p50 ms", "p95 ms"
    );
    for g in &report.groups {
        println!(
            "{:4} {:8} {:5} {:7.1} {:6.1} {:6.1} {:5} {:6.3} {:7.1} {:7.1}  {}",
            g.lang,
            g.engine,
            g.clips,
            g.seconds,
            g.wer,
            g.cer,
            g.empty,
            g.rtf,
            g.final_ms_p50,
            g.final_ms_p95,
            g.source
        );
    }
    for (language, y) in &report.yesno {
        let answers = y.yes + y.no;
        println!(
            "{language}: yes/no questions: {} of {answers} right ({:.1} %), {} swapped, {} empty",
            y.right,
            100.0 * y.right as f64 / answers.max(1) as f64,
            y.swapped,
            y.empty
        );
    }
    for (language, d) in &report.digits {
        println!(
            "{language}: digits asked for: {} of {} right ({:.1} %), {} without any digit",
            d.right,
            d.clips,
            100.0 * d.right as f64 / d.clips.max(1) as f64,
            d.none
        );
    }
    println!("RTF: CPU seconds of the decoding thread for each second of sound (one core).");
    println!("p50, p95: from the end of the turn (0.7 s of silence) to the final transcript.");
}
