//! `spillway call --answer`: a telephone that waits, called by `spillway call` and by hand.

use crate::support::tones::{is_tone, tone};
use serde_json::Value;
use spillway::audio::FRAME_SAMPLES;
use spillway::caller::{Answer, CallReport, Conversation, Paint, Party, Scenario, Side, Telephone};
use spillway::config::PortRange;
use spillway::sip::{CallOptions, Dialed, SipClient, SipError, SipTransport};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

const CALLEE_HZ: u16 = 600;
const CALLER_HZ: u16 = 1_000;
const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PORTS: PortRange = PortRange { first: 42_000, last: 43_999 };

/// A folder with a second of each party's tone, and their scenarios.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new(callee: &str, caller: &str) -> Place {
        let place = Place { dir: tempfile::tempdir().expect("dir") };
        for (name, hz) in [("callee", CALLEE_HZ), ("caller", CALLER_HZ)] {
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: 8_000,
                bits_per_sample: 16,
                sample_format: hound::SampleFormat::Int,
            };
            let file = place.path(&format!("{name}-line.wav"));
            let mut wav = hound::WavWriter::create(file, spec).expect("wav");
            for sample in (0..50).flat_map(|n| tone(hz, n).0) {
                wav.write_sample(sample).expect("sample");
            }
            wav.finalize().expect("wav");
        }
        let config = "data_dir = 'data'\nmodels_dir = 'none'\n";
        std::fs::write(place.path("spillway.toml"), config).expect("config");
        for (name, body) in [("callee", callee), ("caller", caller)] {
            let text = format!("language = 'en'\n{body}");
            std::fs::write(place.path(&format!("{name}.toml")), text).expect("scenario");
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `spillway call` of `party`'s scenario, its sound kept beside it.
    fn spillway(&self, party: &str, words: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_spillway"))
            .args(["call", "--json", "--config"])
            .arg(self.path("spillway.toml"))
            .arg("--scenario")
            .arg(self.path(&format!("{party}.toml")))
            .arg("--record")
            .arg(self.path(&format!("{party}.wav")))
            .args(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("spillway runs")
    }

    /// How many milliseconds of `party`'s recording hold a tone: own side, far side.
    fn heard_ms(&self, party: &str, hz: u16) -> (usize, usize) {
        let file = self.path(&format!("{party}.wav"));
        let wav = hound::WavReader::open(file).expect("recording");
        let samples: Vec<i16> = wav.into_samples().map(|s| s.expect("sample")).collect();
        let side = |channel: usize| {
            let side: Vec<i16> = samples.iter().skip(channel).step_by(2).copied().collect();
            side.chunks_exact(FRAME_SAMPLES).filter(|frame| is_tone(frame, hz)).count() * 20
        };
        (side(0), side(1))
    }
}

/// The address in the line that says a telephone is ready.
async fn ready(telephone: &mut Child) -> String {
    let err = telephone.stderr.as_mut().expect("piped");
    let mut line = String::new();
    BufReader::new(err).read_line(&mut line).await.expect("a line");
    line.trim().strip_prefix("ready sip:").unwrap_or_else(|| panic!("{line}")).to_owned()
}

async fn report(party: Child) -> Value {
    let out = party.wait_with_output().await.expect("ended");
    let (text, err) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    let report: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}{err}"));
    assert_eq!(out.status.code(), Some(0), "{report:#}\n{err}");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn two_programs_talk() {
    let callee = "[answer]\nring_ms = 400\n[[turn]]\nafter = 'now'\nplay = 'callee-line.wav'\n\
        [[turn]]\nhang_up = true\n[expect]\nhung_up_by = 'callee'\n";
    let caller = "from = '+12025550143'\nheaders = { X-Queue = 'night' }\n\
        [[turn]]\nplay = 'caller-line.wav'\n";
    let place = Place::new(callee, caller);
    let mut called = place.spillway("callee", &["--answer", "127.0.0.1:0", "--repeat", "2"]);
    let address = ready(&mut called).await;
    for transport in ["udp", "tcp"] {
        let words = [&format!("sip:204@{address}"), "--transport", transport];
        let calling = report(place.spillway("caller", &words)).await;
        assert_eq!(calling["hung_up_by"], "bot", "{calling:#}");
        assert!(calling["answered_after_ms"].as_u64().is_some_and(|ms| ms >= 400), "{calling:#}");
        let (own, far) = place.heard_ms("caller", CALLER_HZ);
        assert!(own > 900 && far == 0, "no echo of their own: {own} {far}");
        assert!(place.heard_ms("caller", CALLEE_HZ).1 > 900, "the called party is heard");
    }
    let both = report(called).await;
    assert_eq!(both["as_expected"], true, "{both:#}");
    for (number, call) in both["calls"].as_array().expect("calls").iter().enumerate() {
        assert_eq!(call["from"], "+12025550143", "{call:#}");
        assert_eq!((&call["called"], &call["answer"]), (&"204".into(), &"answered".into()));
        assert_eq!(call["headers"]["x-queue"], "night");
        assert!(call["rang_ms"].as_u64().is_some_and(|ms| (400..1_500).contains(&ms)), "{call:#}");
        let sound_ms = call["far_sound"]["sound_ms"].as_u64().expect("milliseconds");
        assert!((900..1_100).contains(&sound_ms), "{call:#}");
        let party = format!("callee-{}", number + 1);
        let ((own, far), heard) =
            (place.heard_ms(&party, CALLEE_HZ), place.heard_ms(&party, CALLER_HZ));
        assert!(own > 900 && far == 0 && heard.1 > 900, "{own} {far} {heard:?}");
    }
}

/// A telephone in this process, with `body` as its scenario.
async fn telephone(body: &str) -> (Telephone, Scenario) {
    let scenario = Scenario::parse(Path::new("t.toml"), &format!("language = 'en'\n{body}"));
    let scenario = scenario.expect("scenario");
    scenario.check_answering().expect("a called party's");
    let address = SocketAddr::new(LOCALHOST, 0);
    (Telephone::plug_in(address, PORTS).await.expect("plugged in"), scenario)
}

async fn taken(telephone: &mut Telephone, scenario: &Scenario) -> CallReport {
    let cues = spillway::caller::cues(scenario, Path::new("none")).expect("cues");
    let mut nowhere = Conversation::new(std::io::sink(), Paint::Plain, Vec::new()).answering();
    let stop = CancellationToken::new();
    let report = telephone.take(scenario, cues, None, &mut nowhere, &stop).await;
    report.expect("taken").expect("called")
}

/// The client goes last: its sockets carry the goodbye.
async fn dial(address: SocketAddr, timeout: Duration) -> Result<(Dialed, SipClient), SipError> {
    let client = SipClient::bind(LOCALHOST, PORTS, SipTransport::Udp).await.expect("client");
    let options = CallOptions {
        from_user: "+12025550100".into(),
        headers: Vec::new(),
        prefer_pcma: false,
        timeout,
    };
    let dialed = client.call(&format!("sip:204@{address}"), options).await?;
    Ok((dialed, client))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_refuses_as_people_do() {
    let long = Duration::from_secs(10);
    let check = async |body: &str, wait: Duration, status: Option<u16>, want: Answer| {
        let (mut telephone, scenario) = telephone(body).await;
        let dialed = dial(telephone.address(), wait);
        let (report, dialed) = tokio::join!(taken(&mut telephone, &scenario), dialed);
        match (dialed.err(), status) {
            (Some(SipError::Refused { status, .. }), Some(wanted)) => assert_eq!(status, wanted),
            (Some(SipError::NoAnswer { .. }), None) => {}
            (other, _) => panic!("{body}: {:?}", other.map(|e| e.to_string())),
        }
        let Side::Called(rung) = &report.side else { panic!("{report:#?}") };
        assert_eq!((rung.answer, &*rung.from), (want, "+12025550100"));
        report
    };
    for ring in ["", "ring_ms = 300\n"] {
        let body = |refuse: &str| format!("[answer]\n{ring}refuse = '{refuse}'");
        let busy = check(&body("busy"), long, Some(486), Answer::Busy).await;
        assert_eq!((busy.hung_up_by, busy.as_expected), (Some(Party::Callee), true));
        let declined = check(&body("decline"), long, Some(603), Answer::Declined).await;
        assert!(declined.as_expected, "{declined:#?}");
    }
    let brief = Duration::from_millis(700);
    let body = "[answer]\nrefuse = 'no_answer'";
    let gone = check(body, brief, None, Answer::Cancelled).await;
    assert_eq!((gone.hung_up_by, gone.as_expected), (Some(Party::Caller), true));
    // A person who would have answered finds nobody: that is not as written.
    let late = check("[answer]\nring_ms = 60000", brief, None, Answer::Cancelled).await;
    assert!(late.failure.as_deref().is_some_and(|f| f.contains("gave up")), "{late:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_has_one_line() {
    let (mut telephone, scenario) = telephone("[expect]\nhung_up_by = 'caller'").await;
    let address = telephone.address();
    let callers = async {
        let (first, client) = dial(address, Duration::from_secs(10)).await.expect("answered");
        let second = dial(address, Duration::from_secs(10)).await.err().map(|e| e.to_string());
        assert_eq!(second.as_deref(), Some("refused: 486 Busy Here"));
        drop(first);
        client.close(Duration::from_secs(2)).await;
    };
    let (report, ()) = tokio::join!(taken(&mut telephone, &scenario), callers);
    assert!(report.as_expected, "{report:#?}");
    telephone.unplug(Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_rings_and_has_manners() {
    use crate::sip::phone::{Phone, header, status};
    let (mut telephone, scenario) = telephone("[answer]\nring_ms = 200").await;
    let mut phone = Phone::udp(telephone.address()).await;
    let options = phone.ask("OPTIONS", 1, "", "").await;
    assert_eq!(status(&options), 200);
    phone.new_call();
    let by_hand = async {
        let offer = phone.sdp(1, "");
        let invite = phone.request("INVITE", 2, "", &offer);
        phone.send(invite.as_bytes()).await;
        let wait = Duration::from_secs(5);
        let mut told = Vec::new();
        let answer = loop {
            let message = phone.receive(wait).await.expect("a response");
            told.push(status(&message));
            if status(&message) == 180 {
                assert!(header(&message, "Contact").is_some(), "{message}");
                assert!(header(&message, "To").is_some_and(|to| to.contains(";tag=")), "{message}");
            }
            if status(&message) >= 200 {
                break message;
            }
        };
        assert_eq!(told, [100, 180, 200]);
        assert!(header(&answer, "X-Spillway-Call").is_none(), "no hotline's: {answer}");
        phone.to = header(&answer, "To").expect("to");
        phone.ack(2, "").await;
        let held = phone.sdp(2, "a=sendonly\r\n");
        let again = phone.ask("INVITE", 3, "", &held).await;
        assert_eq!(status(&again), 200);
        assert!(again.contains("a=recvonly"), "{again}");
        phone.ack(3, "").await;
        assert_eq!(status(&phone.ask("OPTIONS", 4, "", "").await), 200);
        assert_eq!(status(&phone.ask("BYE", 5, "", "").await), 200);
    };
    let (report, ()) = tokio::join!(taken(&mut telephone, &scenario), by_hand);
    assert_eq!((report.hung_up_by, report.as_expected), (Some(Party::Caller), true));
}
