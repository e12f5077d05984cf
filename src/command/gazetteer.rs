//! `spillway gazetteer`: places as callers say them.

use jiff::civil::Date;
use serde::Serialize;
use spillway::config::{self, Config, gazetteer_file, load_grammar};
use spillway::language::gazetteer::{Gazetteer, Share, UnitId};
use spillway::language::{Grammar, addresses, with_marks};
use spillway::speech::Transcript;
use std::path::Path;
use std::process::ExitCode;

/// Arguments of `spillway gazetteer`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Show what an address, in a caller's words, may be.
    Lookup(Lookup),
}

/// Arguments of `spillway gazetteer lookup`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  spillway gazetteer lookup \"so muoi hai duong le loi phuong ben nghe quan mot\" \\
      --country vn --as-of 2021-09-01
  spillway gazetteer lookup \"na vinohradské dvanáct v praze\" --country cz --json")]
struct Lookup {
    /// The address as a caller says it; tones and diacritics may be missing.
    words: String,
    /// ISO 3166-1 alpha-2 code of the country.
    #[arg(long, value_name = "CODE")]
    country: String,
    /// Language of the words [default: the country's main one].
    #[arg(long, value_name = "LANG")]
    lang: Option<String>,
    /// The day whose administrative units are meant [default: today].
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<jiff::civil::Date>,
    /// Print the candidates as JSON.
    #[arg(long)]
    json: bool,
}

/// One reading of the words.
#[derive(Serialize)]
struct Candidate {
    /// 0..=1.
    confidence: f32,
    address: String,
    parts: Vec<(String, String)>,
    /// The units meant, smallest first: code, kind, name.
    units: Vec<Unit>,
}

#[derive(Serialize)]
struct Unit {
    code: String,
    name: String,
    /// What became of it until today; empty where it still is what it was.
    today: Vec<Successor>,
}

#[derive(Serialize)]
struct Successor {
    code: String,
    name: String,
    /// Only a part of the old unit went there.
    part: bool,
}

/// Runs it.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    let What::Lookup(args) = args.what;
    let config = Config::load(config)?;
    let country = args.country.to_uppercase();
    let language = args.lang.as_deref().or_else(|| main_language(&country));
    let language = language.ok_or_else(|| {
        anyhow::anyhow!("{country}: no language is known for it; name one with --lang")
    })?;
    let today = config::today();
    let as_of = args.as_of.map_or_else(|| today.clone(), |d| d.to_string());
    let grammar = load_grammar(&config, language, &country, &as_of)?;
    let Some(places) = grammar.places() else {
        anyhow::bail!(
            "{} is not there; run: spillway models pull gazetteer-{}",
            gazetteer_file(&config, &country).display(),
            country.to_lowercase()
        );
    };
    let found = candidates(&args.words, &grammar, places, today.parse()?);
    if args.json {
        super::print(&format!("{}\n", serde_json::to_string_pretty(&found)?))?;
    } else {
        super::print(&table(&found))?;
    }
    Ok(if found.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn main_language(country: &str) -> Option<&'static str> {
    let known = [
        ("VN", "vi"),
        ("CZ", "cs"),
        ("UA", "uk"),
        ("RU", "ru"),
        ("KR", "ko"),
        ("US", "en"),
        ("GB", "en"),
        ("IE", "en"),
        ("AU", "en"),
        ("CA", "en"),
    ];
    known.iter().find(|(c, _)| *c == country).map(|(_, language)| *language)
}

fn candidates(words: &str, grammar: &Grammar, places: &Gazetteer, today: Date) -> Vec<Candidate> {
    let readings = addresses(&Transcript::plain(with_marks(words, grammar), 1.0), grammar);
    let candidate = |reading: spillway::language::SlotValue| {
        let coded = ["locality_code", "district_code", "region_code"].map(|c| reading.part(c));
        let units = coded.into_iter().filter_map(|code| places.with_code(code, grammar.date));
        let units = units.map(|u| unit(u, places, today)).collect();
        let (confidence, address) = (reading.confidence, reading.value);
        Candidate { confidence, address, parts: reading.parts, units }
    };
    readings.into_iter().map(candidate).collect()
}

fn unit(id: UnitId, places: &Gazetteer, today: Date) -> Unit {
    let named = |id: UnitId| {
        let unit = places.unit(id);
        (unit.code.to_string(), format!("{} {}", unit.kind, unit.name).trim().to_string())
    };
    let (code, name) = named(id);
    let successors = places.successors(id, today).into_iter().filter(|(s, _)| *s != id);
    let today = successors.map(|(s, share)| {
        let (code, name) = named(s);
        Successor { code, name, part: share == Share::Part }
    });
    Unit { code, name, today: today.collect() }
}

fn table(found: &[Candidate]) -> String {
    if found.is_empty() {
        return "nothing that looks like an address\n".into();
    }
    let mut out = String::new();
    for (candidate, rank) in found.iter().zip(1..) {
        out += &format!("{rank}. {:.2}  {}\n", candidate.confidence, candidate.address);
        for unit in &candidate.units {
            out += &format!("      {:<12} {}\n", unit.code, unit.name);
            for today in &unit.today {
                let share = if today.part { "partly" } else { "wholly" };
                out += &format!("        today {share} {:<8} {}\n", today.code, today.name);
            }
        }
    }
    out
}
