//! `spillway bench understanding`: labelled cases through the readers of the dialogue.

use anyhow::Context;
use spillway::config::{Config, load_grammar};
use spillway::dialogue::Confidence;
use spillway::language::Grammar;
use spillway::replay::understanding::{Case, UnderstandingReport, cases, judge};
use spillway::speech::Transcript;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How sure an engine is of plain text: nothing was doubted.
const TEXT_CONFIDENCE: f32 = 0.95;

/// Arguments of `spillway bench understanding`.
#[derive(clap::Args)]
#[command(after_help = "A case file is tab-separated with the header
  lang  country  as_of  slot  text  expected  note
where slot is name, address, need, yesno, correction, number, phone or mixed.

Examples:
  spillway bench understanding
  spillway bench understanding --lang vi --slot address --failures 50
  spillway bench understanding my-cases.tsv --json")]
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
    let files = files(args)?;
    let mut all = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        all.extend(cases(&text).with_context(|| file.display().to_string())?);
    }
    let wanted = |c: &Case| {
        args.lang.as_ref().is_none_or(|l| *l == c.lang)
            && args.slot.as_ref().is_none_or(|s| *s == c.slot)
    };
    all.retain(wanted);
    anyhow::ensure!(!all.is_empty(), "no such cases");
    let grammars = grammars(&config, &all)?;
    let mut report = UnderstandingReport::default();
    for case in &all {
        let heard = Transcript::plain(case.text.as_str(), TEXT_CONFIDENCE);
        let judged = judge(case, &heard, &grammars[&key(case)], &Confidence::default());
        report.add(case, &judged);
    }
    if args.json {
        super::super::print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        super::super::print(&report.table(args.failures))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn files(args: &Args) -> anyhow::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = args.files.iter().chain(&args.more).cloned().collect();
    if files.is_empty() {
        let dir = Path::new("fixtures/understanding");
        let entries = std::fs::read_dir(dir)
            .with_context(|| format!("{}: name a case file", dir.display()))?;
        files.extend(entries.flatten().map(|e| e.path()).filter(|p| is_case_file(p)));
        files.sort();
    }
    Ok(files)
}

/// Case files are named by their language; the folder holds confusion tables, too.
fn is_case_file(path: &Path) -> bool {
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    path.extension().is_some_and(|e| e == "tsv") && !stem.starts_with("confusions")
}

type Key = (String, String, String);

fn key(case: &Case) -> Key {
    (case.lang.clone(), case.country.clone(), case.as_of.clone())
}

fn grammars(config: &Config, cases: &[Case]) -> anyhow::Result<HashMap<Key, Grammar>> {
    let mut grammars: HashMap<Key, Grammar> = HashMap::new();
    for case in cases {
        if grammars.contains_key(&key(case)) {
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
        grammars.insert(key(case), grammar);
    }
    Ok(grammars)
}
