//! `spillway call` against a toy bot on our own SIP server, which speaks in tones, keeps a journal
//! and leaves a ticket: real SIP and RTP, the program as users run it.

use spillway::audio::{AudioFrame, FRAME_MS, level};
use spillway::call::{HangupCause, Input, Output, PlayId, Sound, TurnId};
use spillway::config::{PortRange, SipConfig};
use spillway::journal::{Encoder, JOURNAL_FILE};
use spillway::leg::LegEvent;
use spillway::sip::{IncomingCall, SipServer};
use spillway::speech::Transcript;
use spillway::store::{CallEnd, Stamps, StoreOptions, TicketStore, call_dir};
use spillway::ticket::{CallId, Consent, Priority, SlotRecord, SlotStatus, Ticket, TicketStatus};
use spillway::time::CallTime;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Output as Finished;
use std::time::Duration;

/// Silence after which the toy answers.
const ENDPOINT_MS: u64 = 400;
/// What the gap may be: the endpoint, two jitter buffers, and a busy machine.
const GAP_MS: std::ops::Range<u64> = ENDPOINT_MS..ENDPOINT_MS + 500;

/// A bot that says each of `prompts` (length, words) in tones, the next one when the caller has
/// answered, and hangs up after the last.
struct ToyBot {
    data_dir: PathBuf,
    prompts: Vec<(u64, &'static str)>,
}

impl ToyBot {
    /// Takes one call on a free port, which it returns.
    async fn start(self) -> u16 {
        let config = SipConfig {
            listen: "127.0.0.1:0".parse().expect("address"),
            media_ports: PortRange { first: 24_000, last: 25_999 },
            ..SipConfig::default()
        };
        // As a real server does, before the first call.
        TicketStore::open(&StoreOptions::new(&self.data_dir)).await.expect("store").close().await;
        let mut server = SipServer::bind(config).await.expect("bound");
        let port = server.local_addr().port();
        tokio::spawn(async move {
            while let Some(call) = server.accept().await {
                self.take(call).await;
            }
        });
        port
    }

    async fn take(&self, call: IncomingCall) {
        let id = CallId(uuid::Uuid::new_v4().to_string());
        let caller_id = call.caller_id().to_owned();
        let folder = call_dir(&self.data_dir, &id).expect("folder");
        std::fs::create_dir_all(&folder).expect("made");
        let mut journal = Journal {
            file: File::create(folder.join(JOURNAL_FILE)).expect("journal"),
            encoder: Encoder::default(),
        };
        let mut leg = call.answer(&id).await.expect("answered");
        let mut ticks = tokio::time::interval(Duration::from_millis(FRAME_MS));
        let (mut out, mut events) = (AudioFrame::SILENCE, Vec::new());
        let (mut now_ms, mut until_ms, mut next, mut keys) = (0, 0, 0, String::new());
        // The first prompt comes by itself, a second after the answer.
        let mut voice_end_ms = Some(600);
        loop {
            ticks.tick().await;
            now_ms += FRAME_MS;
            events.clear();
            let heard = leg.exchange(&out, &mut events);
            if level::peak(heard.samples()) > 1_000 {
                voice_end_ms = Some(now_ms);
            }
            for event in &events {
                match event {
                    LegEvent::Dtmf(key) => {
                        keys.push(key.as_char());
                        voice_end_ms = Some(now_ms);
                    }
                    LegEvent::Hangup(_) => return self.end(&id, &caller_id, &keys).await,
                    LegEvent::Hold(_) => {}
                }
            }
            let answered = voice_end_ms.is_some_and(|end| now_ms >= end + ENDPOINT_MS);
            if now_ms >= until_ms && answered {
                let Some((ms, words)) = self.prompts.get(next) else {
                    leg.hang_up(HangupCause::Finished);
                    return self.end(&id, &caller_id, &keys).await;
                };
                next += 1;
                if next > 1 {
                    journal.heard(now_ms, next);
                }
                journal.plays(now_ms, next, words);
                until_ms = now_ms + ms;
                voice_end_ms = (next == self.prompts.len()).then_some(until_ms);
            }
            out = if now_ms < until_ms { tone() } else { AudioFrame::SILENCE };
        }
    }

    async fn end(&self, id: &CallId, caller_id: &str, keys: &str) {
        let store = TicketStore::open(&StoreOptions::new(&self.data_dir)).await.expect("store");
        let stamps = Stamps { created_unix_ms: 1, updated_unix_ms: 2 };
        store.save(&ticket(id, caller_id, keys), stamps).await.expect("saved");
        let end =
            CallEnd { cause: Some(HangupCause::Finished), duration_ms: 1_000, ended_unix_ms: 3 };
        store.finish(id, end).await.expect("finished");
        store.close().await;
    }
}

struct Journal {
    file: File,
    encoder: Encoder,
}

impl Journal {
    fn plays(&mut self, now_ms: u64, number: usize, words: &str) {
        let sounds =
            vec![Sound::Prompt { name: String::new(), language: "en".into(), text: words.into() }];
        let play = PlayId(number as u32);
        let mut lines = Vec::new();
        self.encoder.output(CallTime(now_ms), &Output::Play { play, sounds }, &mut lines);
        self.file.write_all(&lines).expect("written");
    }

    fn heard(&mut self, now_ms: u64, number: usize) {
        let transcript = Transcript::plain(format!("answer {number}"), 0.75);
        let input = Input::Final { turn: TurnId(number as u32), transcript };
        let mut lines = Vec::new();
        self.encoder.input(CallTime(now_ms), &input, &mut lines);
        self.file.write_all(&lines).expect("written");
    }
}

fn tone() -> AudioFrame {
    AudioFrame(std::array::from_fn(|i| if i / 8 % 2 == 0 { 6_000 } else { -6_000 }))
}

fn ticket(id: &CallId, caller_id: &str, keys: &str) -> Ticket {
    let slot = SlotRecord {
        slot: "name".into(),
        status: SlotStatus::Confirmed,
        value: "Mary Smith".into(),
        parts: vec![("given".into(), "Mary".into())],
        heard: keys.into(),
        confidence: 1.0,
        audio: Vec::new(),
    };
    Ticket {
        call_id: id.clone(),
        revision: 1,
        hotline: "toy".into(),
        language: "en".into(),
        caller_id: caller_id.into(),
        callback_number: keys.into(),
        consent: Consent::Given,
        priority: Priority::Normal,
        status: TicketStatus::Open,
        slots: vec![slot],
        complete: true,
        to_be_transcribed: false,
        message: Vec::new(),
        rating: None,
        inquiry: None,
        facts: Vec::new(),
    }
}

/// A folder with a line to play, a configuration and a scenario.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new(scenario: &str) -> Place {
        let dir = tempfile::tempdir().expect("dir");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(dir.path().join("line.wav"), spec).expect("wav");
        for n in 0..32_000 {
            // 1 s of sound, then 1 s of silence that is no part of the line.
            let loud = if n < 16_000 { 9_000.0 } else { 0.0 };
            wav.write_sample((f32::sin(n as f32 * 0.3) * loud) as i16).expect("sample");
        }
        wav.finalize().expect("wav");
        let config = "data_dir = 'data'\nmodels_dir = 'none'\nprompts_dir = 'prompts'\n";
        std::fs::write(dir.path().join("spillway.toml"), config).expect("config");
        std::fs::write(dir.path().join("call.toml"), scenario).expect("scenario");
        Place { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    async fn call(&self, target: &str, more: &[&str]) -> Finished {
        tokio::process::Command::new(env!("CARGO_BIN_EXE_spillway"))
            .args(["call", target, "--config"])
            .arg(self.path("spillway.toml"))
            .args(more)
            .kill_on_drop(true)
            .output()
            .await
            .expect("spillway runs")
    }

    /// Calls a toy bot with `prompts`; `more` follows the scenario on the command line.
    async fn call_toy(&self, prompts: &[(u64, &'static str)], more: &[&str]) -> Finished {
        let bot = ToyBot { data_dir: self.path("data"), prompts: prompts.to_vec() };
        let port = bot.start().await;
        let scenario = self.path("call.toml").display().to_string();
        let more: Vec<&str> = ["--scenario", &scenario].iter().chain(more).copied().collect();
        self.call(&format!("sip:toy@127.0.0.1:{port}"), &more).await
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("utf-8")
}

fn json(finished: &Finished) -> serde_json::Value {
    let (out, err) = (text(&finished.stdout), text(&finished.stderr));
    serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}\n{err}"))
}

const SCENARIO: &str = "language = 'en'\nfrom = '+12025550143'\n\
    pace = { prompt_end_ms = 400 }\n\
    [[turn]]\nplay = 'line.wav'\nexpect_prompt = 'your name'\n\
    [[turn]]\nkeys = '12#'\nexpect_prompt = 'regex:^Your n.m'\n\
    [expect]\ncomplete = true\ncallback_number = '12'\nslots.name = 'mary SMITH'\n\
    parts.given = 'Mary'\nhung_up_by = 'bot'\ngap_ms_p95_max = 5000\n";
const PROMPTS: [(u64, &str); 3] =
    [(1_000, "Hello, your name?"), (800, "Your number?"), (600, "Goodbye.")];

#[tokio::test(flavor = "multi_thread")]
async fn a_call_as_json() {
    let place = Place::new(SCENARIO);
    let finished = place.call_toy(&PROMPTS, &["--json", "--record", "/dev/null"]).await;
    let report = json(&finished);
    assert_eq!(finished.status.code(), Some(0), "{report:#}\n{}", text(&finished.stderr));
    assert_eq!(report["as_expected"], true);
    assert_eq!(report["hung_up_by"], "bot");
    assert_eq!(report["turns"].as_array().map(Vec::len), Some(2));
    assert_eq!(report["turns"][0]["prompt"], "Hello, your name?");
    assert_eq!(report["turns"][0]["heard"][0]["text"], "answer 2");
    assert_eq!(report["turns"][1]["said"], "12#");
    assert_eq!(report["ticket"]["ticket"]["caller_id"], "+12025550143");
    assert_eq!(report["ticket"]["ticket"]["slots"][0]["heard"], "12#", "each key once, in order");
    for (gaps, turn) in [("gaps", 0), ("key_gaps", 1)] {
        let gap = report[gaps]["p50_ms"].as_u64().expect(gaps);
        assert!(GAP_MS.contains(&gap), "{gaps}: {gap} ms");
        assert_eq!(report["turns"][turn]["gap_ms"], gap);
        assert_eq!(report[gaps]["count"], 1);
    }
    // The line's trailing second of silence is not spoken: its end is that of the sound.
    let turn = &report["turns"][0];
    let spoken_ms = turn["end_ms"].as_u64().expect("end") - turn["at_ms"].as_u64().expect("at");
    assert!((980..1_200).contains(&spoken_ms), "{spoken_ms} ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_for_people_over_tcp_with_a_wrong_ticket() {
    let scenario = SCENARIO.replace("mary SMITH", "Mary Jones").replace("n.m", "nam");
    let place = Place::new(&scenario);
    let wav = place.path("both.wav");
    let more = ["--transport", "tcp", "--codec", "pcma", "--record", wav.to_str().expect("utf-8")];
    let finished = place.call_toy(&PROMPTS, &more).await;
    let out = text(&finished.stdout);
    assert_eq!(finished.status.code(), Some(1), "{out}\n{}", text(&finished.stderr));
    let wants = [
        "bot     Hello, your name?",
        "caller  (plays ",
        "heard   \"answer 2\" 0.75",
        "gap 0.",
        "caller  [1][2][#]",
        "bot     (hangs up: finished)",
        "gap after speech: p50 0.",
        "Ticket 1: open",
        "✓ turn 1 expect_prompt  your name",
        "✗ turn 2 expect_prompt  Your number?   (expected: regex:^Your nam)",
        "✗ slots.name            Mary Smith   (expected: Mary Jones)",
        "2 of 8 not as expected.",
    ];
    for want in wants {
        assert!(out.contains(want), "{want:?} is not in:\n{out}");
    }
    assert!(!out.contains('\x1b'), "no colours in a pipe");
    check_recording(&wav);
}

/// Left the caller's second, right the bot's 2.4 seconds.
fn check_recording(wav: &Path) {
    let samples: Vec<i16> = hound::WavReader::open(wav)
        .expect("recording")
        .into_samples()
        .map(|s| s.expect("sample"))
        .collect();
    let loud_ms = |channel: usize| {
        let side: Vec<i16> = samples.iter().skip(channel).step_by(2).copied().collect();
        side.chunks(160).filter(|c| level::peak(c) > 1_000).count() * 20
    };
    let (caller, bot) = (loud_ms(0), loud_ms(1));
    assert!((980..=1_040).contains(&caller), "caller {caller} ms");
    assert!((2_300..=2_600).contains(&bot), "bot {bot} ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_have_their_gaps_together() {
    let scenario = "language = 'en'\npace = { prompt_end_ms = 300 }\n[[turn]]\nkeys = '1'\n";
    let place = Place::new(scenario);
    let prompts = [(300, "One?"), (300, "Two.")];
    let finished = place.call_toy(&prompts, &["--json", "--repeat", "3"]).await;
    let report = json(&finished);
    assert_eq!(finished.status.code(), Some(0), "{report:#}");
    assert_eq!(report["calls"].as_array().map(Vec::len), Some(3));
    assert_eq!(report["key_gaps"]["count"], 3);
    assert_eq!(report["gaps"]["count"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_hangs_up_too_early_is_not_as_expected() {
    let place = Place::new(SCENARIO);
    let finished = place.call_toy(&PROMPTS[..1], &[]).await;
    let out = text(&finished.stdout);
    assert_eq!(finished.status.code(), Some(1), "{out}");
    let want = "the far end was gone before turn 1";
    assert!(out.contains(want), "{out}");
    assert!(out.contains("call.toml:4)"), "{out}");
    assert!(out.contains("The call did not go as written."), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_says_why_and_what_to_do() {
    async fn check(place: &Place, target: &str, more: &[&str], wants: &[&str]) {
        let finished = place.call(target, more).await;
        let err = text(&finished.stderr);
        assert_eq!(finished.status.code(), Some(2), "{err}");
        for want in wants {
            assert!(err.contains(want), "{want:?} is not in:\n{err}");
        }
    }
    let place = Place::new("language = 'en'\n[[turn]]\nkeys = '1'\n");
    let file = place.path("call.toml").display().to_string();
    let scenario = ["--scenario", &file];
    check(&place, "sip:a@127.0.0.1", &[], &["--scenario FILE is missing", "--help"]).await;
    std::fs::create_dir_all(place.path("prompts/scenarios")).expect("made");
    std::fs::copy(&file, place.path("prompts/scenarios/one.toml")).expect("copied");
    check(&place, "sip:a@127.0.0.1", &[], &["there are", "scenarios/one.toml"]).await;
    check(&place, "sip:a@127.0.0.1", &["--scenario", "no.toml"], &["no.toml: cannot be"]).await;
    check(&place, "tel:+1", &scenario, &["tel:+1: is no SIP address", "expected"]).await;
    // A port on which nothing listens any more.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("port").local_addr();
    let target = format!("sip:a@{}", free.expect("address"));
    let tcp = ["--scenario", &file, "--transport", "tcp"];
    check(&place, &target, &tcp, &[&target, "check"]).await;
    std::fs::write(place.path("call.toml"), "language = 'en'\nturns = 1\n").expect("written");
    check(&place, "sip:a@127.0.0.1", &scenario, &["call.toml", "line 2", "`turns`"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_nobody_can_see_cannot_be_judged() {
    let place = Place::new("language = 'en'\n[[turn]]\nhang_up = true\n[expect]\nticket = true\n");
    let elsewhere = tempfile::tempdir().expect("dir");
    let prompts = vec![(300, "Hello?"), (300, "Bye.")];
    let bot = ToyBot { data_dir: elsewhere.path().into(), prompts };
    let target = format!("sip:toy@127.0.0.1:{}", bot.start().await);
    let file = place.path("call.toml").display().to_string();
    let finished = place.call(&target, &["--scenario", &file]).await;
    let (out, err) = (text(&finished.stdout), text(&finished.stderr));
    assert_eq!(finished.status.code(), Some(2), "{out}{err}");
    assert!(out.contains("bot     (speaks 0.3 s)"), "{out}");
    assert!(err.contains("--config"), "{err}");
}
