//! The caller's telephone: dials, steps the script every 20 ms, follows the journal, hangs up.

use crate::audio::{AudioFrame, FRAME_MS, SAMPLE_RATE_HZ};
use crate::call::HangupCause;
use crate::caller::conversation::Conversation;
use crate::caller::expect::Expectations;
use crate::caller::report::{CallReport, Diary, Reached, Side};
use crate::caller::scenario::Scenario;
use crate::caller::script::{Action, CallerScript, Cue};
use crate::caller::words::{JournalTail, Said};
use crate::leg::{Leg, LegEvent};
use crate::seal::Keys;
use crate::sip::{CallOptions, SipClient};
use crate::store::{StoreOptions, StoredTicket, TicketStore, call_dir};
use crate::ticket::{CallId, TicketStatus};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Steps between two looks into the journal when nothing is heard: 100 ms.
const LOOK_STEPS: u64 = 5;
/// How long the server may take after a call until the ticket is in its final state.
const TICKET_MS_MAX: u64 = 5_000;
/// From one look for the ticket to the next.
const TICKET_LOOK_MS: u64 = 100;
/// Only to look up a host: the port plays no part in the route.
const SIP_PORT: u16 = 5060;
/// How long an unanswered call rings.
const RING: Duration = Duration::from_secs(30);

/// Where and how to call.
#[derive(Debug, Clone)]
pub struct PhoneOptions {
    /// `sip:user@host:port`.
    pub target: String,
    /// Offer PCMA before PCMU.
    pub prefer_pcma: bool,
    /// Keep both sides here: stereo, left the caller, right the bot, as in Spillway's recordings.
    pub record: Option<PathBuf>,
    /// The server's tickets and recordings, where they can be reached from this machine.
    pub store: StoreOptions,
    /// The keys its journals are read with, if they are sealed.
    pub keys: Option<Keys>,
}

/// Why a call could not be made or judged.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// The call was not answered.
    #[error("{target}: {source}")]
    Sip {
        /// Whom we called.
        target: String,
        /// Why.
        source: crate::sip::SipError,
    },
    /// There is no way to the address.
    #[error("{target}: {reason}; expected an address such as sip:demo@127.0.0.1:5070")]
    Unreachable {
        /// Whom we wanted to call.
        target: String,
        /// Why.
        reason: String,
    },
    /// The recording could not be written.
    #[error("{file}: cannot be written: {reason}; give --record another path")]
    Record {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The ticket was to be compared and cannot be looked at.
    #[error(
        "the ticket cannot be looked at: {reason}; run `spillway call` on the server's machine \
         with the server's --config, or take what [expect] says of the ticket out of the scenario"
    )]
    Ticket {
        /// Why.
        reason: String,
    },
}

/// This machine's address on the way to the host of `target`, a SIP URI.
pub async fn local_ip_towards(target: &str) -> Result<IpAddr, PhoneError> {
    let unreachable =
        |reason: String| PhoneError::Unreachable { target: target.to_owned(), reason };
    let host = host_of(target).ok_or_else(|| unreachable("is no SIP address".into()))?;
    let found = tokio::net::lookup_host((host, SIP_PORT)).await;
    let mut found = found.map_err(|e| unreachable(e.to_string()))?;
    let far = found.next().ok_or_else(|| unreachable("the host has no address".into()))?;
    let any: IpAddr = match far {
        std::net::SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        std::net::SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    // Connecting a UDP socket sends nothing: it only asks for the route.
    let route = || {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect(far)?;
        socket.local_addr()
    };
    route().map(|local| local.ip()).map_err(|e| unreachable(e.to_string()))
}

/// The host of a SIP URI (RFC 3261 19.1.1), without the brackets of an IPv6 address.
fn host_of(uri: &str) -> Option<&str> {
    let rest = uri.get(..4).filter(|s| s.eq_ignore_ascii_case("sip:")).map(|_| &uri[4..])?;
    let rest = rest.split([';', '?']).next()?;
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = match rest.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?.0,
        None => rest.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

/// Places one call of `scenario` and reports it; `stop` breaks it off.
pub async fn place<W: Write>(
    client: &SipClient,
    options: &PhoneOptions,
    scenario: &Scenario,
    cues: Vec<Cue>,
    conversation: &mut Conversation<W>,
    stop: &CancellationToken,
) -> Result<CallReport, PhoneError> {
    let sip = CallOptions {
        from_user: scenario.from.clone(),
        headers: scenario.headers.clone(),
        prefer_pcma: options.prefer_pcma,
        timeout: RING,
    };
    let target = options.target.clone();
    let mut recording = options.record.as_deref().map(Recording::create).transpose()?;
    let dialed = client.call(&target, sip).await;
    let mut dialed = dialed.map_err(|source| PhoneError::Sip { target: target.clone(), source })?;
    let call_id = dialed.call_id.clone().map(CallId);
    let folder = call_id.as_ref().and_then(|id| call_dir(&options.store.data_dir, id).ok());
    let mut call = RunningCall {
        leg: dialed.leg.as_mut(),
        script: CallerScript::new(cues, scenario.pace),
        is_answered: false,
        words: folder.map(|f| JournalTail::new(f, options.keys.clone())),
        conversation,
        diary: Diary::default(),
    };
    call.run(&mut recording, stop).await;
    let RunningCall { words, mut diary, .. } = call;
    drop(dialed.leg);
    if let Some(recording) = recording {
        recording.finish()?;
    }
    let ticket = ticket(&options.store, call_id.as_ref(), &scenario.expect).await?;
    // The last words of the journal are on disk with the ticket.
    if let Some(mut words) = words {
        words.poll(&mut diary.said);
        diary.has_words = words.is_there();
    }
    let call_id = call_id.map(|id| id.0);
    let reached = Reached { target, call_id, answered_after_ms: dialed.answered_after_ms };
    Ok(CallReport::new(scenario, Side::Calling(reached), &diary, ticket))
}

/// A call that is up, from either side.
pub(super) struct RunningCall<'a, W: Write> {
    pub(super) leg: &'a mut dyn Leg,
    pub(super) script: CallerScript,
    /// The other side called.
    pub(super) is_answered: bool,
    pub(super) words: Option<JournalTail>,
    pub(super) conversation: &'a mut Conversation<W>,
    pub(super) diary: Diary,
}

impl<W: Write> RunningCall<'_, W> {
    /// Steps the call until it is over.
    pub(super) async fn run(
        &mut self,
        recording: &mut Option<Recording>,
        stop: &CancellationToken,
    ) {
        let answered = Instant::now();
        // A late step is made up for: the line gets 50 frames in every second.
        let mut ticks = tokio::time::interval(Duration::from_millis(FRAME_MS));
        let mut out = AudioFrame::SILENCE;
        let mut events = Vec::new();
        let mut step = 0;
        while !self.script.is_over() {
            tokio::select! {
                biased;
                () = stop.cancelled() => {
                    self.leg.hang_up(HangupCause::CallerHungUp);
                    break;
                }
                _ = ticks.tick() => {}
            }
            let now_ms = answered.elapsed().as_millis() as u64;
            events.clear();
            let heard = self.leg.exchange(&out, &mut events);
            if !self.is_answered {
                events.iter_mut().for_each(from_the_callers_side);
            }
            if let Some(recording) = recording {
                recording.append(&out, &heard);
            }
            out = self.step(now_ms, step, &heard, &events);
            self.diary.duration_ms = now_ms;
            step += 1;
        }
        self.diary.far_sound = self.script.far_sound();
    }

    fn step(
        &mut self,
        now_ms: u64,
        step: u64,
        heard: &AudioFrame,
        events: &[LegEvent],
    ) -> AudioFrame {
        let mut actions = Vec::new();
        let out = self.script.step(now_ms, heard, events, &mut actions);
        if !actions.is_empty() || step.is_multiple_of(LOOK_STEPS) {
            self.follow();
        }
        for action in actions {
            match action {
                Action::Press(key) => self.leg.send_dtmf(key),
                Action::HangUp => self.leg.hang_up(HangupCause::CallerHungUp),
                Action::Tell(event) => {
                    self.conversation.happened(now_ms, &event);
                    self.diary.events.push(event);
                }
            }
        }
        self.conversation.settle(now_ms);
        out
    }

    fn follow(&mut self) {
        let Some(words) = &mut self.words else { return };
        let mut said: Vec<Said> = Vec::new();
        words.poll(&mut said);
        for said in said {
            if let Said::Bot { text, .. } = &said {
                self.script.bot_says(text);
            }
            self.conversation.said(&said);
            self.diary.said.push(said);
        }
    }
}

/// A leg takes its far end for the caller; ours is the bot, who had nothing more to say.
fn from_the_callers_side(event: &mut LegEvent) {
    if let LegEvent::Hangup(cause @ HangupCause::CallerHungUp) = event {
        *cause = HangupCause::Finished;
    }
}

/// The call's ticket once it is in its final state, or as it is after five seconds.
async fn ticket(
    store: &StoreOptions,
    call: Option<&CallId>,
    expect: &Expectations,
) -> Result<Option<StoredTicket>, PhoneError> {
    let needed = expect.need_ticket();
    let unless_needed = |reason: String| match needed {
        true => Err(PhoneError::Ticket { reason }),
        false => Ok(None),
    };
    let Some(call) = call else {
        return unless_needed("the 200 had no X-Spillway-Call header".into());
    };
    let store = match TicketStore::open_existing(store).await {
        Ok(store) => store,
        Err(e) => return unless_needed(e.to_string()),
    };
    let mut looks = tokio::time::interval(Duration::from_millis(TICKET_LOOK_MS));
    let mut found = Ok(None);
    for _ in 0..TICKET_MS_MAX / TICKET_LOOK_MS {
        looks.tick().await;
        found = store.by_call(call).await;
        let done =
            |t: &StoredTicket| t.ticket.status != TicketStatus::Taking && t.ended_unix_ms.is_some();
        if !matches!(&found, Ok(t) if !t.as_ref().is_some_and(done)) {
            break;
        }
    }
    store.close().await;
    found.or_else(|e| unless_needed(e.to_string()))
}

/// Both sides of the call in a stereo wav: left ours, right the far end.
pub(super) struct Recording {
    file: PathBuf,
    wav: hound::WavWriter<BufWriter<File>>,
    failed: Option<hound::Error>,
}

impl Recording {
    pub(super) fn create(file: &Path) -> Result<Recording, PhoneError> {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: SAMPLE_RATE_HZ,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let wav = hound::WavWriter::create(file, spec)
            .map_err(|e| PhoneError::Record { file: file.into(), reason: e.to_string() })?;
        Ok(Recording { file: file.into(), wav, failed: None })
    }

    fn append(&mut self, own: &AudioFrame, far: &AudioFrame) {
        for (left, right) in own.samples().iter().zip(far.samples()) {
            let written = self.wav.write_sample(*left).and_then(|()| self.wav.write_sample(*right));
            if let (Err(e), None) = (written, &self.failed) {
                self.failed = Some(e);
            }
        }
    }

    pub(super) fn finish(self) -> Result<(), PhoneError> {
        let result = match self.failed {
            Some(e) => Err(e),
            None => self.wav.finalize(),
        };
        result.map_err(|e| PhoneError::Record { file: self.file, reason: e.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_sip_addresses() {
        fn check(uri: &str, want: Option<&str>) {
            assert_eq!(host_of(uri), want, "{uri}");
        }
        check("sip:127.0.0.1:5070", Some("127.0.0.1"));
        check("SIP:demo@pbx.example;transport=tcp", Some("pbx.example"));
        check("sip:a@[::1]:5070", Some("::1"));
        check("sip:a@b?X=1", Some("b"));
        for bad in ["", "sip", "sip:", "tel:+1", "sip:a@", "sip:[::1", "日本語"] {
            check(bad, None);
        }
    }

    #[test]
    fn a_recording_has_both_sides() {
        let dir = tempfile::tempdir().expect("dir");
        let file = dir.path().join("both.wav");
        let mut recording = Recording::create(&file).expect("made");
        recording.append(&AudioFrame([1; 160]), &AudioFrame([2; 160]));
        recording.finish().expect("written");
        let mut wav = hound::WavReader::open(&file).expect("wav");
        assert_eq!((wav.spec().channels, wav.duration()), (2, 160));
        let samples: Vec<i16> = wav.samples().map(|s| s.expect("sample")).collect();
        assert_eq!(samples[..4], [1, 2, 1, 2]);
        assert!(Recording::create(&dir.path().join("no/such.wav")).is_err());
    }
}
