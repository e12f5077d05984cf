//! `spillway call`: a scripted caller, or called party, over real SIP and RTP.

mod answering;

use clap::ValueEnum;
use serde::Serialize;
use spillway::caller::{
    self, CallReport, Conversation, Cue, Gaps, Paint, PhoneOptions, Role, Scenario, Stages,
};
use spillway::config::{Config, PortRange};
use spillway::seal::Keys;
use spillway::sip::{SipClient, SipTransport};
use spillway::store::StoreOptions;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long the last BYE may take to be answered.
const FAREWELL: Duration = Duration::from_secs(2);

const EXAMPLES: &str = "\
Examples:
  spillway call sip:127.0.0.1:5070 --scenario prompts/scenarios/demo-en.toml
      the demo call, both sides as they speak, then the ticket
  spillway call sip:127.0.0.1:5070 --scenario prompts/scenarios/demo-en.toml --record call.wav
      and keep the sound: left the caller, right the bot
  spillway call sip:127.0.0.1:5070 --scenario prompts/scenarios/demo-en.toml --repeat 20 --json \\
      | jq .gaps
      the gaps between question and answer over 20 calls
  spillway call sip:hotline@192.0.2.7 --scenario my-call.toml --transport tcp --codec pcma
      any other SIP server; its words are shown where its data_dir can be read
  spillway call --answer 127.0.0.1:5090 --scenario operator.toml --record operator.wav
      a telephone that waits for one call and answers it: the operator's, when the console calls
      back and [callback_line] has operator = \"sip:{number}@127.0.0.1:5090\"
  spillway call --answer 127.0.0.1:0 --scenario citizen.toml --repeat 5 --json
      one that takes five calls, on a free port: standard error says \"ready sip:127.0.0.1:PORT\"

A scenario says who calls and what they do:
  language = \"en\"                  # of the caller's voice
  from = \"+12025550143\"            # calling number; leave it out to withhold it
  voice = \"program: ./voice.sh ru\" # or \"espeak\", \"piper:NAME\"; the language's own without:
                                   #   a program that reads text and writes a wav
  [[turn]]                         # waits until the bot's prompt has ended, then:
  say = \"Yes.\"                     #   or play = \"line.wav\" or a list of such, keys = \"12#\",
                                   #   silence_ms = 8000, wait_ms = 2000 (thinks first),
                                   #   hang_up = true
  expect_prompt = \"recorded\"       # words the bot must have said, or \"regex:...\"
  only_if_asked = \"is that right\"  # left out unless the bot has just said this
  words = \"yes\"                  # what is said in the wav of play, and
  tells = [\"name\"]               #   the slots a turn tells: for `scenario record`
  [[turn]]
  after = \"barge_in\"               # or \"now\"; speaks this far into the prompt:
  at_ms = 1500
  say = \"Mary Smith.\"
  [expect]                         # of the ticket; each may also be a list, or \"regex:...\"
  complete = true
  slots.name = \"Mary Smith\"
  parts.house = \"12\"

With --answer it says how the called party answers and what they do; the far end is a person:
  language = \"en\"
  [answer]                         # without: answers at once
  ring_ms = 2000                   # rings this long before anything else
  refuse = \"busy\"                  # 486; or \"decline\", 603; or \"no_answer\": rings on
  [[turn]]
  after = \"now\"                    # who picks up speaks first
  say = \"Hello?\"
  [[turn]]                         # waits until the far end has spoken and is quiet again
  say = \"Yes, this is she.\"
  [[turn]]
  hang_up = true                   # without: once nobody speaks for pace.answer_ms_max
  [expect]
  hung_up_by = \"callee\"            # or \"caller\"

Exit status: 0 as expected; 1 not as expected; 2 the call could not be made, taken or judged.";

/// Arguments of `spillway call`.
#[derive(clap::Args)]
#[command(
    about = "Place, or answer, a scripted call over real SIP and RTP and report it",
    long_about = "Place, or answer, a scripted call over real SIP and RTP and report it.\n\n\
        The caller waits for each prompt to end, then speaks, presses keys or hangs up as the \
        scenario says. Both sides are printed as they speak, with times and with the gap between \
        the end of the caller's words and the first sound of the answer, as heard on the line. \
        The bot's words and what it understood come from the call's journal, which is read where \
        the server's data_dir is on this machine (give the server's --config). The ticket is \
        shown at the end and compared with the scenario's [expect].\n\n\
        With --answer it is a telephone that waits for a call instead. It has one line: who calls \
        while it is in use gets 486. Ctrl-C unplugs it.",
    override_usage = "spillway call <SIP-ADDRESS> --scenario <FILE> [OPTIONS]\n       \
        spillway call --answer <IP:PORT> --scenario <FILE> [OPTIONS]",
    after_long_help = EXAMPLES
)]
pub struct Args {
    /// Whom to call, for example sip:127.0.0.1:5070.
    #[arg(value_name = "SIP-ADDRESS", required_unless_present = "answer")]
    target: Option<String>,
    /// Wait for calls at this address instead, over UDP and TCP; port 0 takes a free one.
    #[arg(long, value_name = "IP:PORT", conflicts_with_all = ["target", "transport", "codec"])]
    answer: Option<SocketAddr>,
    /// What the caller does; see the examples of `spillway call --help`.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Calls to make, or to take, one after the other.
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    repeat: u32,
    /// What carries SIP.
    #[arg(long, value_enum, default_value = "udp")]
    transport: Transport,
    /// The codec offered first.
    #[arg(long, value_enum, default_value = "pcmu")]
    codec: Codec,
    /// Print one JSON document instead: turns, gaps, ticket, expectations (with --repeat, a list
    /// of calls and the gaps over all).
    #[arg(long)]
    json: bool,
    /// Keep both sides in a stereo wav: left the scenario's, right the far end's (with --repeat,
    /// numbered).
    #[arg(long, value_name = "WAV")]
    record: Option<PathBuf>,
    /// UDP ports for the call's RTP.
    #[arg(long, value_name = "FIRST-LAST", default_value = "22000-22999")]
    #[arg(value_parser = super::ports_of)]
    media_ports: PortRange,
}

#[derive(Clone, Copy, ValueEnum)]
enum Transport {
    Udp,
    Tcp,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Codec {
    /// G.711 mu-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
}

/// Many calls as `--json` prints them.
#[derive(Serialize)]
struct Printed<'a> {
    calls: &'a [CallReport],
    gaps: Gaps,
    key_gaps: Gaps,
    as_expected: bool,
}

/// One run of the command.
struct Run {
    args: Args,
    config: Config,
    scenario: Scenario,
    cues: Vec<Cue>,
    paint: Paint,
}

/// Runs it.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let Some(file) = &args.scenario else {
        anyhow::bail!(missing_scenario(&config.prompts_dir.join("scenarios")));
    };
    let scenario = Scenario::load(file)?;
    match args.answer {
        Some(_) => scenario.check_answering()?,
        None => scenario.check_calling()?,
    }
    let cues = caller::cues(&scenario, &config.models_dir)?;
    let paint = if args.json { Paint::Plain } else { Paint::for_stdout() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let run = Run { args, config, scenario, cues, paint };
    runtime.block_on(async {
        match (run.args.answer, &run.args.target) {
            (Some(listen), _) => run.answer(listen).await,
            (None, target) => run.place(target.as_deref().unwrap_or_default()).await,
        }
    })
}

/// Cancelled by Ctrl-C.
pub(super) fn stopped() -> CancellationToken {
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            told.cancel();
        }
    });
    stop
}

impl Run {
    async fn place(&self, target: &str) -> anyhow::Result<ExitCode> {
        let stop = stopped();
        let transport = match self.args.transport {
            Transport::Udp => SipTransport::Udp,
            Transport::Tcp => SipTransport::Tcp,
        };
        let local_ip = caller::local_ip_towards(target).await?;
        let client = SipClient::bind(local_ip, self.args.media_ports, transport).await?;
        let mut reports = Vec::new();
        for number in 1..=self.args.repeat {
            reports.push(self.one(&client, target, number, &stop).await?);
            if stop.is_cancelled() {
                break;
            }
        }
        client.close(FAREWELL).await;
        self.end(&reports)
    }

    fn end(&self, reports: &[CallReport]) -> anyhow::Result<ExitCode> {
        self.print_all(reports)?;
        let as_expected = reports.iter().all(|r| r.as_expected);
        Ok(if as_expected { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }

    async fn one(
        &self,
        client: &SipClient,
        target: &str,
        number: u32,
        stop: &CancellationToken,
    ) -> anyhow::Result<CallReport> {
        let options = PhoneOptions {
            target: target.into(),
            prefer_pcma: self.args.codec == Codec::Pcma,
            record: self.args.record.as_deref().map(|file| self.numbered(file, number)),
            store: StoreOptions::of(&self.config)?,
            keys: Keys::of(&self.config.recordings)?,
        };
        let shown = self.scenario.turns.iter().map(caller::shown).collect();
        let cues = self.cues.clone();
        if self.args.json {
            let mut nowhere = Conversation::new(std::io::sink(), Paint::Plain, shown);
            let report =
                caller::place(client, &options, &self.scenario, cues, &mut nowhere, stop).await;
            return Ok(report?);
        }
        super::print(&self.heading(target, number))?;
        let mut live = Conversation::new(std::io::stdout(), self.paint, shown);
        let report = caller::place(client, &options, &self.scenario, cues, &mut live, stop).await?;
        super::print(&self.ending(&report)?)?;
        Ok(report)
    }

    /// Which of many calls it is.
    fn which(&self, number: u32) -> String {
        match self.args.repeat {
            1 => String::new(),
            all => format!("Call {number} of {all}: "),
        }
    }

    fn heading(&self, target: &str, number: u32) -> String {
        let which = self.which(number);
        let from = match self.scenario.from.as_str() {
            "" => "a withheld number",
            from => from,
        };
        self.headed(&format!("{which}{} calls {target} from {from}", self.name()))
    }

    /// A heading, and what the scenario is about.
    fn headed(&self, words: &str) -> String {
        let mut text = self.paint.paint(Role::Heading, words);
        if !self.scenario.about.is_empty() {
            text = format!("{text}\n{}", self.scenario.about);
        }
        text + "\n\n"
    }

    fn name(&self) -> String {
        let stem = self.scenario.file.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }

    fn ending(&self, report: &CallReport) -> anyhow::Result<String> {
        let mut text = format!("\n{}", report.summary(self.paint));
        if let Some(ticket) = &report.ticket {
            let ticket = super::tickets::ticket_text(ticket.clone(), &self.config)?;
            text += &format!("\n{ticket}");
        }
        Ok(text + "\n" + &report.verdict(self.paint) + "\n")
    }

    fn print_all(&self, reports: &[CallReport]) -> anyhow::Result<()> {
        let turns = |speech: bool| {
            let turns = reports.iter().flat_map(|r| &r.turns);
            Gaps::of(turns.filter(|t| t.is_speech() == speech).filter_map(|t| t.gap_ms))
        };
        let (gaps, key_gaps) = (turns(true), turns(false));
        let stages = reports.iter().flat_map(|r| &r.turns).filter_map(|t| t.stages);
        let stages: Vec<Stages> = stages.collect();
        let right = reports.iter().filter(|r| r.as_expected).count();
        let text = match (self.args.json, reports) {
            (true, [report]) if self.args.repeat == 1 => serde_json::to_string_pretty(report)?,
            (true, calls) => {
                let as_expected = right == calls.len();
                serde_json::to_string_pretty(&Printed { calls, gaps, key_gaps, as_expected })?
            }
            (false, [_]) => return Ok(()),
            (false, calls) => {
                let role = if right == calls.len() { Role::Good } else { Role::Bad };
                let all = format!("{right} of {} calls went as expected.", calls.len());
                caller::gap_lines(&gaps, &key_gaps, &stages) + &self.paint.paint(role, &all)
            }
        };
        super::print(&(text + "\n"))?;
        Ok(())
    }

    /// `call.wav`, or `call-3.wav` for the third of many.
    fn numbered(&self, file: &Path, number: u32) -> PathBuf {
        if self.args.repeat == 1 {
            return file.to_owned();
        }
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let extension = file.extension().unwrap_or("wav".as_ref()).to_string_lossy();
        file.with_file_name(format!("{stem}-{number}.{extension}"))
    }
}

/// Says what is missing, and which scenarios there are.
fn missing_scenario(folder: &Path) -> String {
    let mut text = "--scenario FILE is missing: it says what the caller does".to_owned();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|e| e.path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "toml"));
    files.sort();
    let about = files.iter().map(|file| {
        let about = Scenario::load(file).map_or_else(|_| "(cannot be read)".into(), |s| s.about);
        format!("\n  {}  {about}", file.display())
    });
    let about: String = about.collect();
    if about.is_empty() {
        text += "; `spillway call --help` shows how to write one";
    } else {
        text += "; there are\n";
        text += about.trim_start_matches('\n');
    }
    text
}
