//! `spillway scenario`: calls made by chance, and sets of recordings that know what is true.

use anyhow::{Context, ensure};
use serde::Serialize;
use spillway::caller::generate::{Callers, Clips, Generator, Habits};
use spillway::caller::{self, CallReport, Conversation, Cue, Paint, PhoneOptions, Scenario};
use spillway::config::{Config, PortRange, load_hotline, today};
use spillway::journal::{JOURNAL_FILE, Reader};
use spillway::seal::Keys;
use spillway::sip::{SipClient, SipTransport};
use spillway::store::{StoreOptions, call_dir};
use spillway::ticket::CallId;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const NEW_EXAMPLES: &str = "\
Examples:
  spillway scenario new --seed 1 --count 40 --hotline demo-en --into scenes
  spillway scenario new --seed 1 --count 80 --hotline demo-en,demo-vi --into scenes \\
      --clips speech/manifest.tsv --voice \"en=program: my-voice --loud\" --json

Each FILE is a scenario as `spillway call --scenario` performs it (`spillway call --help` tells its
keys). Its [expect] says what is true of the call: the slots' right values as an operator reads
them, and whether a life is at risk. What the caller does not tell is left out.

How the callers of a language speak is told by prompts/callers/LANG.toml; names and places are the
country's gazetteer's, needs are the language pack's examples. A manifest of recorded speech is a
tab-separated table with the columns lang, file, source, licence, human|tts, seconds, transcript,
files relative to it: its yes and no are played as answers, its sentences as needs.";

const RECORD_EXAMPLES: &str = "\
Examples:
  spillway serve --hotline demo-en &
  spillway scenario record sip:127.0.0.1:5070 scenes/*-en.toml --into set --at-once 4
  spillway replay --journal set

tools/record_calls.sh does that for each language of a folder of scenarios.

INTO/calls/CALL gets the call's journal.jsonl and audio.wav, a copy of its scenario.toml, the
caller's report.json, and expected.toml with what is true: the slots' right values and `emergency`
of the scenario's [expect], and [[turns]] with the words that were said in each turn of the call's
transcript. A turn whose words nobody wrote down, or that holds a part of an utterance only, is left
out; one in which the caller said nothing has empty words. A scenario whose call is there already
is not called again.

Exit status: 0 all are recorded; 1 some are not, each with its reason; 2 none could be tried.";

/// Arguments of `spillway scenario`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Make scenarios by chance: many names, places, needs, voices and manners.
    ///
    /// The same seed makes the same scenarios, each of them by itself: the third is the same
    /// whether 3 or 300 are made.
    #[command(after_long_help = NEW_EXAMPLES)]
    New(New),
    /// Call a running server by scenarios and keep each call with what is true of it.
    ///
    /// The server must run on this machine; give its --config, which tells where its calls are.
    #[command(after_long_help = RECORD_EXAMPLES)]
    Record(Record),
}

/// Arguments of `spillway scenario new`.
#[derive(clap::Args)]
struct New {
    /// What chance is drawn from.
    #[arg(long, value_name = "N")]
    seed: u64,
    /// How many.
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=100_000))]
    count: u64,
    /// The hotlines that are called, in turn.
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "demo-en")]
    hotline: Vec<String>,
    /// The folder they are written to, as 0001-LANG.toml and so on.
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// Recorded answers, to be played by the callers.
    #[arg(long, value_name = "MANIFEST")]
    clips: Option<PathBuf>,
    /// Recorded sentences in which callers tell their need: more make callers who talk at length.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "clips")]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=20))]
    sentences: u8,
    /// Of how many questions, in percent, callers do not listen to the end.
    #[arg(long, value_name = "PERCENT", default_value_t = 12)]
    #[arg(value_parser = clap::value_parser!(u8).range(0..=100))]
    hasty: u8,
    /// One more voice for the callers of a language, as in a scenario's `voice`; a program's path
    /// absolute, or relative to DIR. To be given as often as there are voices.
    #[arg(long, value_name = "LANG=VOICE", value_parser = voice_of)]
    voice: Vec<(String, String)>,
    /// Print JSON: a list of {"file", "hotline", "language", "about"}.
    #[arg(long)]
    json: bool,
}

/// Arguments of `spillway scenario record`.
#[derive(clap::Args)]
struct Record {
    /// Whom to call, for example sip:127.0.0.1:5070.
    #[arg(value_name = "SIP-ADDRESS")]
    target: String,
    /// What the callers do.
    #[arg(value_name = "SCENARIO", required = true)]
    scenarios: Vec<PathBuf>,
    /// The folder of the set.
    #[arg(long, value_name = "INTO")]
    into: PathBuf,
    /// Calls at the same time. More than the engines keep up with make long gaps.
    #[arg(long, value_name = "N", default_value_t = 4)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=200))]
    at_once: u16,
    /// UDP ports for the calls' RTP.
    #[arg(long, value_name = "FIRST-LAST", default_value = "23000-23999")]
    #[arg(value_parser = super::ports_of)]
    media_ports: PortRange,
}

/// One scenario that was made.
#[derive(Serialize)]
struct Made {
    file: PathBuf,
    hotline: String,
    language: String,
    about: String,
}

/// Runs it.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    match args.action {
        Action::New(new) => make(&config, &new),
        Action::Record(record) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(record_all(config, record))
        }
    }
}

fn voice_of(text: &str) -> Result<(String, String), String> {
    let (language, voice) = text.split_once('=').ok_or("write LANG=VOICE, as en=piper:NAME")?;
    Ok((language.to_owned(), voice.to_owned()))
}

fn make(config: &Config, new: &New) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(&new.into).with_context(|| format!("{}", new.into.display()))?;
    let date = today();
    let mut made = Vec::new();
    for (nth, name) in (0u64..).zip(&new.hotline) {
        let hotline = load_hotline(config, name, &date)?.hotline;
        let language = hotline.file.language.as_str();
        let clips = match &new.clips {
            Some(manifest) => Clips::load(manifest, language, &hotline.grammar.words)?,
            None => Clips::default(),
        };
        let voices = new.voice.iter().filter(|(l, _)| l == language).map(|(_, v)| v.clone());
        let voices = voices.chain(caller::voice::installed(language, &config.models_dir));
        let callers = Callers::load(&config.prompts_dir, language, clips, voices.collect())?;
        let generator = Generator::new(&hotline, &callers)?;
        let generator = generator.with(Habits {
            sentences: usize::from(new.sentences),
            hasty: f64::from(new.hasty) / 100.0,
        });
        let step = new.hotline.len();
        for number in (nth + 1..=new.count).step_by(step) {
            let file = new.into.join(format!("{number:04}-{language}.toml"));
            let text = generator.scenario(new.seed, number);
            // What was made is read again: whatever is wrong is found here and not in a call.
            let about = Scenario::parse(&file, &text)?.about;
            std::fs::write(&file, text).with_context(|| format!("{}", file.display()))?;
            let (hotline, language) = (name.clone(), language.to_owned());
            made.push(Made { file, hotline, language, about });
        }
    }
    made.sort_by(|a, b| a.file.cmp(&b.file));
    if new.json {
        super::print(&(serde_json::to_string_pretty(&made)? + "\n"))?;
    } else {
        for scenario in &made {
            super::print(&format!("{}  {}\n", scenario.file.display(), scenario.about))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What every call needs.
struct Recorder {
    config: Config,
    client: SipClient,
    options: PhoneOptions,
    into: PathBuf,
    stop: CancellationToken,
}

async fn record_all(config: Config, args: Record) -> anyhow::Result<ExitCode> {
    let mut scenarios = Vec::new();
    for file in &args.scenarios {
        let scenario = Scenario::load(file)?;
        scenario.check_calling()?;
        scenarios.push(scenario);
    }
    let calls = args.into.join("calls");
    std::fs::create_dir_all(&calls).with_context(|| format!("{}", calls.display()))?;
    let done = recorded_in(&calls);
    scenarios.retain(|s| !done.contains(&name_of(s)));
    let local_ip = caller::local_ip_towards(&args.target).await?;
    let client = SipClient::bind(local_ip, args.media_ports, SipTransport::Udp).await?;
    let options = PhoneOptions {
        target: args.target,
        prefer_pcma: false,
        record: None,
        store: StoreOptions::of(&config)?,
        keys: Keys::of(&config.recordings)?,
    };
    let stop = super::call::stopped();
    let recorder = Arc::new(Recorder { config, client, options, into: calls, stop });
    let all = scenarios.len();
    let failed = recorder.clone().run(scenarios, usize::from(args.at_once)).await?;
    let kept = all - failed;
    let before = match done.len() {
        0 => String::new(),
        n => format!(", {n} were there"),
    };
    super::print(&format!("{kept} of {all} calls are recorded{before}\n"))?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The names of the scenarios whose calls are in `calls`.
fn recorded_in(calls: &Path) -> Vec<String> {
    let folders = std::fs::read_dir(calls).into_iter().flatten().flatten();
    let name = |folder: PathBuf| {
        let report = std::fs::read(folder.join("report.json")).ok()?;
        let report: serde_json::Value = serde_json::from_slice(&report).ok()?;
        let scenario = Path::new(report.get("scenario")?.as_str()?).file_stem()?;
        Some(scenario.to_string_lossy().into_owned())
    };
    folders.filter_map(|entry| name(entry.path())).collect()
}

fn name_of(scenario: &Scenario) -> String {
    scenario.file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

impl Recorder {
    /// How many could not be recorded.
    async fn run(
        self: Arc<Self>,
        scenarios: Vec<Scenario>,
        at_once: usize,
    ) -> anyhow::Result<usize> {
        let (mut running, mut failed) = (JoinSet::new(), 0);
        let mut scenarios = scenarios.into_iter();
        loop {
            while running.len() < at_once && !self.stop.is_cancelled() {
                let Some(scenario) = scenarios.next() else { break };
                let recorder = self.clone();
                running.spawn(async move {
                    let name = name_of(&scenario);
                    (name, recorder.one(scenario).await)
                });
            }
            let Some(ended) = running.join_next().await else { break };
            let (name, result) = ended?;
            let text = match result {
                Ok(told) => told,
                Err(e) => {
                    failed += 1;
                    format!("not recorded: {e:#}")
                }
            };
            super::print(&format!("{name}  {text}\n"))?;
        }
        Ok(failed + scenarios.len())
    }

    async fn one(&self, scenario: Scenario) -> anyhow::Result<String> {
        let models_dir = self.config.models_dir.clone();
        let made = tokio::task::spawn_blocking(move || {
            let cues: Result<Vec<Cue>, _> = caller::cues(&scenario, &models_dir);
            cues.map(|cues| (scenario, cues))
        });
        let (scenario, cues) = made.await??;
        let mut nowhere = Conversation::new(std::io::sink(), Paint::Plain, Vec::new());
        let (client, options) = (&self.client, &self.options);
        let report =
            caller::place(client, options, &scenario, cues, &mut nowhere, &self.stop).await?;
        ensure!(!self.stop.is_cancelled(), "stopped");
        self.keep(&scenario, &report).await?;
        let missed = report.expectations.iter().filter(|c| !c.ok).count();
        let gap = report.gaps.p95_ms.map_or(String::new(), |ms| format!(", gap p95 {ms} ms"));
        let seconds = report.duration_ms / 1_000;
        Ok(format!("{seconds} s, {} turns{gap}, {missed} not as meant", report.turns.len()))
    }

    /// Puts the call's files into the set, with what is true of it.
    async fn keep(&self, scenario: &Scenario, report: &CallReport) -> anyhow::Result<()> {
        let caller::Side::Calling(reached) = &report.side else { return Ok(()) };
        let id = reached.call_id.clone().context("the server told no call id")?;
        let from = call_dir(&self.config.data_dir, &CallId(id.clone()))?;
        let journal = self.whole_journal(&from).await?;
        let truth = caller::truth_of(scenario, report, journal)?;
        let to = self.into.join(&id);
        std::fs::create_dir_all(&to).with_context(|| format!("{}", to.display()))?;
        for entry in std::fs::read_dir(&from).with_context(|| format!("{}", from.display()))? {
            let file = entry?.path();
            let name = file.file_name().unwrap_or_default();
            std::fs::copy(&file, to.join(name)).with_context(|| format!("{}", file.display()))?;
        }
        std::fs::copy(&scenario.file, to.join("scenario.toml"))?;
        std::fs::write(to.join("expected.toml"), toml::to_string(&truth)?)?;
        std::fs::write(to.join("report.json"), serde_json::to_string_pretty(report)?)?;
        Ok(())
    }

    /// The call's journal once the server has closed it.
    async fn whole_journal(&self, folder: &Path) -> anyhow::Result<Reader> {
        const TRIES: u32 = 100;
        let file = folder.join(JOURNAL_FILE);
        let keys = self.options.keys.as_ref();
        let mut every = tokio::time::interval(Duration::from_millis(100));
        for _ in 0..TRIES {
            every.tick().await;
            let mut reader = Reader::open(&file, keys)?;
            let readable = reader.by_ref().all(|record| record.is_ok());
            if readable && reader.ending().is_some() {
                return Ok(Reader::open(&file, keys)?);
            }
        }
        anyhow::bail!("{}: has no end after 10 s; is the server still busy?", file.display())
    }
}
