//! `spillway load`: many callers at once, and what they felt.

use anyhow::{Context, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use spillway::caller::load::{
    CallRecord, Callers, LoadPlan, LoadReport, LoadStep, Percentiles, Scrape, Script, Served,
    StepReport, page,
};
use spillway::caller::{self, PhoneOptions, Scenario};
use spillway::config::{Config, PortRange};
use spillway::seal::Keys;
use spillway::sip::{SipClient, SipTransport};
use spillway::speech::AnswerKind;
use spillway::store::StoreOptions;
use std::cmp::Reverse;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Reasons for calls that did not go as written, the commonest first.
const FAILURES_TOLD: usize = 3;

const EXAMPLES: &str = "\
Examples:
  spillway scenario new --seed 1 --count 100 --hotline demo-vi --into scenes
  spillway serve --hotline demo-vi &       # with limits.calls_max = 201, metrics.listen set
  spillway load sip:127.0.0.1:5070 --calls 2 --scenario scenes --json > alone.json
  spillway load sip:127.0.0.1:5070 --calls 201 --scenario scenes --duration 10m \\
      --metrics http://127.0.0.1:9464/metrics --baseline alone.json
  spillway load sip:127.0.0.1:5070 --calls 1,60,120,180,240 --duration 2m --scenario scenes \\
      --metrics http://127.0.0.1:9464/metrics --html load.html

Each of the callers follows one scenario after the other, in an order of their own, for as long as
it takes; who comes to an end dials again within two seconds. They begin one by one; figures are of
the time when all of them call. Let --ramp be as long as a call: in a shorter time all come to tell
their story at once, and so again and again. At its end those who are still talking hang up, and
their tickets are not judged.

Gaps are those that callers hear: from their last voiced sample to the answer's first, both jitter
buffers in them. Closed questions are those for yes or no, digits or a choice; the others are open.

The server must run on this machine: give its --config, which tells where its calls and tickets are.
What the callers cost is this program's own time on the processor, and comes on top.

Exit status: 0 all calls were answered; 1 some were not; 2 it could not be tried.";

/// Arguments of `spillway load`.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// Whom to call, for example sip:127.0.0.1:5070.
    #[arg(value_name = "SIP-ADDRESS")]
    target: String,
    /// Callers at once; of several numbers each comes on top of the one before.
    #[arg(long, value_name = "N,..", value_delimiter = ',', required = true)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=2_000))]
    calls: Vec<u16>,
    /// What they do: scenarios, or folders of them.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    scenario: Vec<PathBuf>,
    /// How long all of them call: 90s, 10m, 2h.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = time)]
    duration: Duration,
    /// Over what time those of one number begin [default: a quarter of a second for each].
    #[arg(long, value_name = "TIME", value_parser = time)]
    ramp: Option<Duration>,
    /// What chance is drawn from: who calls how, and when.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The server's metrics (metrics.listen): its processor time, memory, lateness and stages.
    #[arg(long, value_name = "URL")]
    metrics: Option<String>,
    /// What an earlier load printed with --json, of a few callers by the same scenarios: how many
    /// tickets are as right as theirs.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// What `doctor --capacity --json` printed of this machine: how near the server's recogniser
    /// comes to what it manages with nothing else to do.
    #[arg(long, value_name = "FILE", requires = "metrics")]
    capacity: Option<PathBuf>,
    /// Print JSON, each call with it.
    #[arg(long)]
    json: bool,
    /// Write a page with tables here, and of several numbers of callers with plots.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// UDP ports for the callers' RTP, two for each.
    #[arg(long, value_name = "FIRST-LAST", default_value = "30000-34999")]
    #[arg(value_parser = super::ports_of)]
    media_ports: PortRange,
}

/// What is read of a machine's capacity.
#[derive(Deserialize)]
struct Capacity {
    heard_s: Option<f64>,
}

/// A time above zero, as 90s, 10m or 2h.
pub fn time(text: &str) -> Result<Duration, String> {
    let parsed: Result<jiff::SignedDuration, _> = text.parse();
    let positive = parsed.ok().and_then(|d| Duration::try_from(d).ok()).filter(|d| !d.is_zero());
    positive.ok_or_else(|| format!("\"{text}\" is no time; write 90s, 10m or 2h"))
}

/// Runs it.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    ensure!(args.calls.is_sorted(), "--calls: each number is at least the one before it");
    let baseline = args.baseline.as_deref().map(baseline).transpose()?;
    let bare_speed = args.capacity.as_deref().map(bare_speed).transpose()?;
    let scripts = scripts(&args.scenario, &config.models_dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(load(&config, &args, scripts, baseline))?;
    let report = LoadReport { bare_speed: bare_speed.flatten(), ..report };
    let text = match args.json {
        true => serde_json::to_string_pretty(&report)? + "\n",
        false => told(&report),
    };
    if let Some(file) = &args.html {
        std::fs::write(file, page(&report)).with_context(|| format!("{}", file.display()))?;
    }
    super::print(&text)?;
    Ok(if report.steps.iter().all(|step| step.refused == 0) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn baseline(file: &Path) -> anyhow::Result<Vec<CallRecord>> {
    let text = std::fs::read(file).with_context(|| format!("{}", file.display()))?;
    let report: LoadReport = serde_json::from_slice(&text)
        .with_context(|| format!("{}: is not what `load --json` prints", file.display()))?;
    Ok(report.calls)
}

/// What a core recognises in a second by itself, by a machine's capacity in `file`.
fn bare_speed(file: &Path) -> anyhow::Result<Option<f64>> {
    let text = std::fs::read(file).with_context(|| format!("{}", file.display()))?;
    let machine: Capacity = serde_json::from_slice(&text).with_context(|| {
        format!("{}: is not what `doctor --capacity --json` prints", file.display())
    })?;
    Ok(machine.heard_s)
}

/// The scenarios of `paths`, each with its sound.
fn scripts(paths: &[PathBuf], models_dir: &Path) -> anyhow::Result<Vec<Script>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).with_context(|| format!("{}", path.display()))?;
        let found = entries.flatten().map(|entry| entry.path());
        files.extend(found.filter(|file| file.extension().is_some_and(|e| e == "toml")));
    }
    files.sort();
    ensure!(!files.is_empty(), "there is no scenario; make some: spillway scenario new --help");
    let bar = super::replay::bar("made", "scenarios", files.len() as u64);
    let made = files.iter().map(|file| {
        let scenario = Scenario::load(file)?;
        scenario.check_calling()?;
        let cues = caller::cues(&scenario, models_dir)?;
        bar.inc(1);
        Ok(Script { scenario, cues })
    });
    let made = made.collect();
    bar.finish_and_clear();
    made
}

async fn scraped(url: Option<&String>) -> anyhow::Result<Option<Scrape>> {
    let Some(url) = url.cloned() else { return Ok(None) };
    let scrape = tokio::task::spawn_blocking(move || Scrape::fetch(&url)).await?;
    scrape.map(Some).map_err(anyhow::Error::msg)
}

/// What was read at one moment of a step.
struct Look {
    step: usize,
    at: Instant,
    own_s: f64,
    scrape: anyhow::Result<Option<Scrape>>,
}

impl Look {
    async fn at(step: usize, metrics: Option<&String>) -> Look {
        let scrape = scraped(metrics).await;
        Look { step, at: Instant::now(), own_s: super::process_cpu_s().unwrap_or(0.0), scrape }
    }
}

async fn load(
    config: &Config,
    args: &Args,
    scripts: Vec<Script>,
    baseline: Option<Vec<CallRecord>>,
) -> anyhow::Result<LoadReport> {
    let idle = scraped(args.metrics.as_ref()).await?;
    let local_ip = caller::local_ip_towards(&args.target).await?;
    let client = SipClient::bind(local_ip, args.media_ports, SipTransport::Udp).await?;
    let options = PhoneOptions {
        target: args.target.clone(),
        prefer_pcma: false,
        record: None,
        store: StoreOptions::of(config)?,
        keys: Keys::of(&config.recordings)?,
    };
    let plan = plan(args);
    let callers = Callers::new(client, options, scripts, plan.clone(), super::call::stopped());
    let watching = tokio::spawn(watch(callers.clone(), plan));
    let mut looks = Vec::new();
    let outcome =
        callers.run(async |step| looks.push(Look::at(step, args.metrics.as_ref()).await)).await;
    watching.abort();
    let mut report = LoadReport::new(&args.target, args.seed, outcome, baseline.as_deref());
    for (nth, step) in report.steps.iter_mut().enumerate() {
        let of_step = looks.iter().filter(|look| look.step == nth);
        measure(step, of_step.collect(), idle.as_ref())?;
    }
    Ok(report)
}

fn plan(args: &Args) -> LoadPlan {
    let quarter = Duration::from_millis(250);
    let mut before = 0;
    let steps = args.calls.iter().map(|&calls| {
        let new = u32::from(calls - std::mem::replace(&mut before, calls));
        LoadStep { calls: calls.into(), ramp: args.ramp.unwrap_or(quarter * new) }
    });
    LoadPlan { steps: steps.collect(), duration: args.duration, seed: args.seed }
}

/// What a step cost, from the looks at it.
fn measure(step: &mut StepReport, looks: Vec<&Look>, idle: Option<&Scrape>) -> anyhow::Result<()> {
    let (Some(full), Some(end)) = (looks.first(), looks.last()) else { return Ok(()) };
    let seconds = (end.at - full.at).as_secs_f64();
    step.callers_cores = (end.own_s - full.own_s) / seconds;
    let mut scrapes = Vec::new();
    for look in looks {
        match &look.scrape {
            Ok(scrape) => scrapes.extend(scrape.clone()),
            Err(error) => anyhow::bail!("{error}"),
        }
    }
    step.served = idle.and_then(|idle| Served::of(idle, &scrapes, seconds));
    Ok(())
}

/// Shows how far it has come.
async fn watch(callers: Arc<Callers>, plan: LoadPlan) {
    let seconds: u64 = plan.steps.iter().map(|s| (s.ramp + plan.duration).as_secs()).sum();
    let most = plan.steps.last().map_or(0, |step| step.calls);
    let style = ProgressStyle::with_template("{msg} {bar:40} {elapsed} of {len} s");
    let bar = ProgressBar::new(seconds);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut every = tokio::time::interval(Duration::from_secs(1));
    for second in 0.. {
        every.tick().await;
        bar.set_position(second);
        bar.set_message(format!("{} of {most} calls", callers.up()));
    }
}

fn percent(of: (usize, usize)) -> String {
    match of {
        (_, 0) => "none to judge".into(),
        (part, all) => format!("{:.1} % of {all}", 100.0 * part as f64 / all as f64),
    }
}

fn gap(kind: &str, gap: &Percentiles) -> String {
    let ms = |value: Option<u64>| value.map_or("-".into(), |ms| ms.to_string());
    let [p50, p90, p95, p99] = [gap.p50, gap.p90, gap.p95, gap.p99].map(ms);
    format!(
        "{kind:<11}p50 {p50:>5}  p90 {p90:>5}  p95 {p95:>5}  p99 {p99:>5} ms  ({})\n",
        gap.count
    )
}

/// The report for people; its last line is the whole in short.
fn told(report: &LoadReport) -> String {
    let told = |step| told_step(step, report);
    report.steps.iter().map(told).collect::<Vec<_>>().join("\n")
}

fn told_step(report: &StepReport, load: &LoadReport) -> String {
    let mut text = String::new();
    let (up, answered) = (report.up_mean, report.answered);
    let _ = writeln!(
        text,
        "calls      {up:.1} up on average, {} at least; {answered} answered, {} refused, {} went \
         otherwise than written",
        report.up_min, report.refused, report.failed
    );
    let mut failures: Vec<(&String, &usize)> = report.failures.iter().collect();
    failures.sort_by_key(|(_, times)| Reverse(**times));
    for (why, times) in failures.into_iter().take(FAILURES_TOLD) {
        let _ = writeln!(text, "           {times} times: {why}");
    }
    let _ = writeln!(text, "speech     {:.0} % of the time", 100.0 * report.talk_share);
    let alone = load.values_right_alone.map(|of| format!("; of few callers' {}", percent(of)));
    let alone = alone.unwrap_or_default();
    let _ = writeln!(text, "tickets    values right: {}{alone}", percent(report.values_right));
    if let Some(as_right) = report.as_right_as_alone {
        let among = load.as_right_among_alone.filter(|(_, all)| *all > 0);
        let among = among.map(|of| format!("; those among themselves: {}", percent(of)));
        let _ = writeln!(
            text,
            "           as right as with few callers: {}{}",
            percent(as_right),
            among.unwrap_or_default()
        );
    }
    for (kind, gaps) in &report.gap_ms {
        text += &gap(&format!("gap {}", kind.name()), gaps);
    }
    if let Some(served) = &report.served {
        text += &served_text(served, report.up_mean, load.bare_speed);
    }
    let _ = writeln!(text, "callers    {:.2} cores", report.callers_cores);
    let p95 = |(kind, gap): (&AnswerKind, &Percentiles)| {
        gap.p95.map(|ms| format!("{} {ms} ms", kind.name()))
    };
    let gaps: Vec<String> = report.gap_ms.iter().filter_map(p95).collect();
    let right = report.as_right_as_alone.map(|r| format!(", as right as alone {}", percent(r)));
    let cores = report.served.as_ref().map(|s| format!(", {:.2} cores", s.all_cores()));
    let _ = writeln!(
        text,
        "{} calls at once for {:.0} s: gap p95 {}{}{}",
        report.calls_at_once,
        report.full_s,
        gaps.join(", "),
        right.unwrap_or_default(),
        cores.unwrap_or_default()
    );
    text
}

fn served_text(served: &Served, calls: f64, bare_speed: Option<f64>) -> String {
    let mut text = String::new();
    let in_time = served.in_time.map_or("-".into(), |s| format!("{:.3} %", 100.0 * s));
    let p999 = served.late_p999_s.map_or("-".into(), |s| format!("{:.1} ms", 1e3 * s));
    let _ = writeln!(text, "frames     {in_time} within 20 ms of their time; p99.9 {p999}");
    let queue = [served.queue_mean_s, served.queue_max_s].map(|s| 1e3 * s);
    let _ = writeln!(text, "queue      {:.0} ms on average, {:.0} at most", queue[0], queue[1]);
    if let (Some(audio), Some(speed)) = (served.recognizer_audio, served.recognizer_speed) {
        let share = bare_speed.map(|bare| format!(", {:.0} % of it alone", 100.0 * speed / bare));
        let share = share.unwrap_or_default();
        let _ =
            writeln!(text, "recogniser {audio:.1} s of sound a second; {speed:.1} a core{share}");
    }
    let forms: Vec<String> = served.forms.iter().map(|(form, n)| format!("{form} {n}")).collect();
    let _ = writeln!(text, "forms      {}", forms.join(", "));
    for (stage, s) in &served.stages_p95_s {
        let _ = writeln!(text, "  {stage:<20} p95 {:>5.0} ms", 1e3 * s);
    }
    let mut cores: Vec<(&String, &f64)> = served.cores.iter().collect();
    cores.sort_by(|a, b| b.1.total_cmp(a.1));
    let threads = cores.iter().filter(|(_, c)| **c >= 0.005);
    let threads: Vec<String> = threads.map(|(name, c)| format!("{name} {c:.2}")).collect();
    let all = served.all_cores();
    let _ = writeln!(text, "server     {all:.2} cores: {}", threads.join(", "));
    let mib = 1024.0 * 1024.0;
    let _ = writeln!(
        text,
        "memory     {:.0} MiB before the first call, {:.2} MiB more for each{}",
        served.idle_bytes / mib,
        served.bytes_per_call(calls) / mib,
        served.bytes_per_hour.map_or(String::new(), |b| format!(", {:+.1} MiB an hour", b / mib))
    );
    text
}
