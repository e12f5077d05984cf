//! `spillway doctor --capacity`: how many calls this machine holds, measured on it.
//!
//! First the recogniser alone, with as many streams as fill it; then a server of its own with a few
//! made-up callers on this machine, for what a call costs besides. The one figure that is assumed
//! is how much callers speak.

use crate::command::serve;
use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use spillway::caller::generate::{Callers as Manners, Clips, Generator};
use spillway::caller::load::{Callers, LoadPlan, LoadStep, Scrape, Script, Served};
use spillway::caller::{self, CueAct, PhoneOptions, Scenario};
use spillway::capacity::{BUSY_SHARE, Bound, Machine};
use spillway::config::{Config, LoadedHotline, load_hotline, today};
use spillway::engine::{RecognitionEvent, RecognizerPool};
use spillway::live::{Engines, Server};
use spillway::sip::{SipClient, SipTransport};
use spillway::speech::{Expectation, RecognitionContext};
use spillway::store::StoreOptions;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::channel;
use tokio_util::sync::CancellationToken;

/// How long the recogniser is measured.
const HEARING: Duration = Duration::from_secs(12);
/// Streams for each of its threads: more than a batch holds at once.
const STREAMS: usize = 12;
/// Callers for each core, over what time they begin, and how long all of them call.
const CALLERS: usize = 8;
const RAMP: Duration = Duration::from_secs(14);
const CALLING: Duration = Duration::from_secs(32);
/// What they do.
const SCENARIOS: u64 = 8;
/// Threads of those who call, not of the server.
const CALLERS_THREADS: &str = "callers";
/// Cores that other programs may take without what is measured being worthless.
const OTHERS_MAX: f64 = 0.1;
const MIB: f64 = 1_048_576.0;

/// What is assumed, and of which hotline.
#[derive(clap::Args)]
pub struct Args {
    /// Which hotline answers [default: the configuration's].
    #[arg(long, value_name = "NAME", requires = "capacity")]
    hotline: Option<String>,
    /// How much of a call its caller speaks, of 100.
    #[arg(long, value_name = "PERCENT", default_value_t = 35, requires = "capacity")]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=100))]
    speech: u8,
}

/// What is told.
#[derive(Serialize)]
struct Told {
    hotline: String,
    recognizer: Option<&'static str>,
    #[serde(flatten)]
    machine: Machine,
    talk_share: f64,
    bounds: Vec<Bound>,
    calls_max: usize,
    calls_max_now: usize,
    /// Cores that other programs took meanwhile.
    others_cores: f64,
}

/// Runs it.
pub fn run(mut config: Config, args: &Args, json: bool) -> anyhow::Result<ExitCode> {
    if let Some(hotline) = &args.hotline {
        config.hotline.clone_from(hotline);
    }
    let hotline = load_hotline(&config, &config.hotline, &today())?;
    let bar = ProgressBar::new((HEARING + RAMP + CALLING).as_secs());
    let style = ProgressStyle::with_template("{msg:24} {bar:40} {pos}/{len} s");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message("making callers");
    let scripts = scripts(&config, &hotline)?;
    bar.set_message("loading engines");
    let engines = Engines::load(&config, &hotline)?;
    let callers = Builder::new_multi_thread().enable_all().thread_name(CALLERS_THREADS).build()?;
    let cores = std::thread::available_parallelism()?.get();
    let pool = engines.recognizer.clone();
    bar.set_message("recognising");
    let (begun, others_s) = (Instant::now(), others_cpu_s()?);
    let ticking = callers.spawn(tick(bar.clone()));
    let language = &hotline.hotline.file.language;
    let heard = pool.as_ref().map(|pool| {
        let hearing = heard(pool, language, &scripts);
        callers.block_on(hearing).map(|s| s / pool.workers().min(cores) as f64)
    });
    bar.set_message("answering calls");
    let (call_cores, call_bytes) = calls(&config, hotline, engines, scripts, &callers, cores)?;
    ticking.abort();
    bar.finish_and_clear();
    let others_cores = (others_cpu_s()? - others_s) / begun.elapsed().as_secs_f64();
    let process = procfs::process::Process::myself()?;
    let files = process.limits()?.max_open_files.soft_limit;
    let machine = Machine {
        cores,
        heard_s: heard.transpose()?,
        call_cores,
        call_bytes,
        free_bytes: free_bytes()?,
        files_max: match files {
            procfs::process::LimitValue::Value(max) => Some(max),
            procfs::process::LimitValue::Unlimited => None,
        },
        port_pairs: config.sip.media_ports.pairs(),
    };
    let talk_share = f64::from(args.speech) / 100.0;
    let bounds = machine.bounds(talk_share);
    let told = Told {
        hotline: config.hotline.clone(),
        recognizer: pool.map(|pool| pool.name()),
        calls_max: bounds.first().map_or(0, |bound| bound.calls),
        machine,
        talk_share,
        bounds,
        calls_max_now: config.limits.calls_max,
        others_cores,
    };
    let text = if json { serde_json::to_string_pretty(&told)? + "\n" } else { words(&told) };
    crate::command::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn tick(bar: ProgressBar) {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    loop {
        seconds.tick().await;
        bar.inc(1);
    }
}

/// Seconds of CPU that all other programs have used.
fn others_cpu_s() -> anyhow::Result<f64> {
    use procfs::CurrentSI;
    let all = procfs::KernelStats::current()?.total;
    let busy = all.user + all.nice + all.system + all.irq.unwrap_or(0) + all.softirq.unwrap_or(0);
    let busy_s = busy as f64 / procfs::ticks_per_second() as f64;
    Ok(busy_s - crate::command::process_cpu_s()?)
}

fn free_bytes() -> anyhow::Result<u64> {
    use procfs::Current;
    procfs::Meminfo::current()?.mem_available.context("/proc/meminfo has no MemAvailable")
}

/// Callers as `scenario new` makes them, with the voices that are installed.
fn scripts(config: &Config, hotline: &LoadedHotline) -> anyhow::Result<Vec<Script>> {
    let hotline = &hotline.hotline;
    let language = hotline.file.language.as_str();
    let voices = caller::voice::installed(language, &config.models_dir);
    let manners = Manners::load(
        &config.prompts_dir,
        language,
        Clips::default(),
        voices.into_iter().collect(),
    )?;
    let generator = Generator::new(hotline, &manners)?;
    let script = |number| {
        let text = generator.scenario(1, number);
        let scenario = Scenario::parse(Path::new("made-up.toml"), &text)?;
        let cues = caller::cues(&scenario, &config.models_dir)?;
        Ok(Script { scenario, cues })
    };
    (1..=SCENARIOS).map(script).collect()
}

/// Seconds of speech that `pool` recognises in a second when it has all it can do.
async fn heard(
    pool: &Arc<RecognizerPool>,
    language: &str,
    scripts: &[Script],
) -> anyhow::Result<f64> {
    let cues = scripts.iter().flat_map(|script| &script.cues);
    let lines = cues.filter_map(|cue| match &cue.act {
        CueAct::Speak(line) => Some(line.clone()),
        _ => None,
    });
    let lines: Vec<_> = lines.collect();
    let context = RecognitionContext {
        language: language.to_owned(),
        expectation: Expectation::Open,
        phrases: Vec::new().into(),
    };
    let begun = Instant::now();
    let streams = (0..STREAMS * pool.workers()).map(|stream| {
        let (pool, lines, context) = (pool.clone(), lines.clone(), context.clone());
        tokio::spawn(async move {
            let mut spoken_ms = 0;
            for line in lines.iter().cycle().skip(stream) {
                if begun.elapsed() >= HEARING {
                    break;
                }
                turn(&pool, context.clone(), line).await?;
                spoken_ms += line.speech_ms();
            }
            anyhow::Ok(spoken_ms)
        })
    });
    let streams: Vec<_> = streams.collect();
    let mut spoken_ms = 0;
    for stream in streams {
        spoken_ms += stream.await??;
    }
    Ok(spoken_ms as f64 / 1e3 / begun.elapsed().as_secs_f64())
}

/// One turn, as a call gives it to the recogniser, only without waiting for the caller to speak.
async fn turn(
    pool: &RecognizerPool,
    context: RecognitionContext,
    line: &caller::Line,
) -> anyhow::Result<()> {
    let (events, mut told) = channel(16);
    let recognition = pool.open(context, events)?;
    for index in 0..line.frames() {
        recognition.audio(line.frame(index).samples(), true)?;
    }
    recognition.pause()?;
    recognition.finish()?;
    while let Some(event) = told.recv().await {
        match event {
            RecognitionEvent::Final(_) => return Ok(()),
            RecognitionEvent::Failed(reason) => bail!("the recogniser failed: {reason}"),
            RecognitionEvent::Interim(_) => {}
        }
    }
    bail!("the recogniser ended")
}

/// Cores and bytes of memory that a call takes besides recognition.
fn calls(
    config: &Config,
    hotline: LoadedHotline,
    engines: Engines,
    scripts: Vec<Script>,
    runtime_of_callers: &Runtime,
    cores: usize,
) -> anyhow::Result<(f64, f64)> {
    let recognizer = engines.recognizer.as_ref().map_or("", |pool| pool.name());
    let scratch = tempfile::tempdir()?;
    let server = serve::runtime()?;
    let loopback: IpAddr = Ipv4Addr::LOCALHOST.into();
    let mut own = Config { data_dir: scratch.path().into(), ..Config::default() };
    own.sip.listen = SocketAddr::new(loopback, 0);
    own.limits.calls_max = CALLERS * cores * 2;
    own.engines = config.engines.clone();
    let store = StoreOptions::of(&own)?;
    let ports = own.sip.media_ports;
    let serving = server.block_on(Server::start(own, hotline, engines))?;
    let (target, doorway) = (format!("sip:{}", serving.sip_addr()), serving.doorway());
    let stop = CancellationToken::new();
    let running = server.spawn(serving.run(stop.clone()));
    let plan = LoadPlan {
        steps: vec![LoadStep { calls: CALLERS * cores, ramp: RAMP }],
        duration: CALLING,
        seed: 1,
    };
    let options = PhoneOptions { target, prefer_pcma: false, record: None, store, keys: None };
    let look = || doorway.metrics().map(|text| Scrape::parse(&text)).unwrap_or_default();
    let idle = look();
    let mut looks = Vec::new();
    let outcome = runtime_of_callers.block_on(async {
        let client = SipClient::bind(loopback, ports, SipTransport::Udp).await?;
        let callers = Callers::new(client, options, scripts, plan, CancellationToken::new());
        anyhow::Ok(callers.run(async |_| looks.push(look())).await)
    })?;
    stop.cancel();
    server.block_on(running)?;
    let step = outcome.steps.first().context("nobody called")?;
    let up = step.up_mean();
    let served = Served::of(&idle, &looks, step.full_s()).context("nothing was measured")?;
    anyhow::ensure!(up >= 1.0, "no call was up: see what `spillway call` says");
    let own = env!("CARGO_PKG_NAME");
    let others = |name: &str| name == recognizer || name == CALLERS_THREADS || name == own;
    let spent: f64 = served.cores.iter().filter(|(n, _)| !others(n)).map(|(_, c)| *c).sum();
    Ok((spent / up, served.bytes_per_call(up).max(0.0)))
}

fn words(told: &Told) -> String {
    let machine = &told.machine;
    let mut text = String::new();
    if let (Some(name), Some(heard_s)) = (told.recognizer, machine.heard_s) {
        let _ = writeln!(
            text,
            "recogniser   {heard_s:.1} s of speech a second on each of {} cores ({name})",
            machine.cores
        );
    }
    let _ = writeln!(
        text,
        "a call       {:.4} cores besides, {:.2} MiB; {:.4} cores in all when its caller speaks \
         for {:.0} % of it",
        machine.call_cores,
        machine.call_bytes / MIB,
        machine.cores_per_call(told.talk_share),
        100.0 * told.talk_share
    );
    let busy = format!(" (busy for {:.0} % of the time)", 100.0 * BUSY_SHARE);
    for bound in &told.bounds {
        let busy = if bound.what == "cores" { busy.as_str() } else { "" };
        let _ = writeln!(
            text,
            "{:12} {:6} calls{busy}; for more: {}",
            bound.what, bound.calls, bound.mend
        );
    }
    let _ =
        writeln!(text, "\nlimits.calls_max = {}   (now {})", told.calls_max, told.calls_max_now);
    if told.others_cores > OTHERS_MAX {
        let _ = writeln!(
            text,
            "Other programs took {:.1} cores meanwhile: measure again when they rest.",
            told.others_cores
        );
    }
    if told.calls_max_now > told.calls_max {
        let _ = writeln!(
            text,
            "It is set to more than this machine holds with hotline {}.",
            told.hotline
        );
    }
    text
}
