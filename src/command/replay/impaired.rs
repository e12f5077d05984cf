//! `spillway replay --impair`: what worse lines do to calls.

use super::{Args, replay, runner};
use serde::Serialize;
use spillway::config::Config;
use spillway::replay::{Figure, Impairment, Job, Summary};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The lines of `--impair bench`: a good one, then each fault by itself and worse, then together.
const BENCH: [&str; 13] = [
    "none",
    "codec=pcmu",
    "codec=pcma",
    "gain=-12",
    "gain=-24",
    "loss=2",
    "loss=5",
    "loss=10,burst=3",
    "jitter=40",
    "noise=babble@20dB",
    "noise=babble@10dB",
    "noise=babble@5dB",
    "loss=5,jitter=40,noise=babble@10dB,codec=pcma,gain=-12",
];
/// The figures of the table, and what stands above them.
const COLUMNS: [(&str, &str); 6] = [
    ("completion", "complete"),
    ("slots_exact", "slots right"),
    ("wer", "WER"),
    ("not_understood", "not underst."),
    ("confirmations", "confirm."),
    ("duration", "duration"),
];

/// The lines that were asked for.
pub fn lines(asked: &[String]) -> anyhow::Result<Vec<Impairment>> {
    let each = asked.iter().flat_map(|line| match line.as_str() {
        "bench" => BENCH.to_vec(),
        line => vec![line],
    });
    Ok(each.map(Impairment::parse).collect::<Result<_, _>>()?)
}

/// What the calls came to through one line.
#[derive(Serialize)]
struct Row {
    impair: String,
    #[serde(flatten)]
    summary: Summary,
}

/// Replays `jobs` through each of `lines`, and prints what becomes of them.
pub fn table(
    config: &Config,
    args: &Args,
    lines: Vec<Impairment>,
    jobs: &[Job],
    stop: &Arc<AtomicBool>,
) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(args.results.is_none(), "--results: give one --impair with it");
    let mut rows = Vec::new();
    for line in lines {
        let impair = line.to_string();
        eprintln!("{impair}");
        let (_, runner) = runner(config, args, Some(line), jobs, stop)?;
        let results = replay(&runner, jobs, None, Vec::new(), true)?;
        if stop.load(Ordering::Relaxed) {
            return Ok(ExitCode::from(130));
        }
        rows.push(Row { impair, summary: Summary::of(&results, args.seed) });
    }
    if args.json {
        super::super::print(&(serde_json::to_string_pretty(&rows)? + "\n"))?;
    } else {
        super::super::print(&text(&rows))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn text(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.impair.len()).max().unwrap_or(0);
    let mut text = format!("{:width$}  calls", "line");
    for (_, title) in COLUMNS {
        text.push_str(&format!("  {title:>12}"));
    }
    for row in rows {
        text.push_str(&format!("\n{:width$}  {:5}", row.impair, row.summary.calls));
        for (name, _) in COLUMNS {
            let figure = row.summary.figures.iter().find(|f| f.metric.name == name);
            text.push_str(&format!("  {:>12}", figure.map_or("-".into(), shown)));
        }
    }
    text + "\n"
}

fn shown(figure: &Figure) -> String {
    figure.value.map_or("-".into(), |value| figure.metric.unit.show(value))
}
