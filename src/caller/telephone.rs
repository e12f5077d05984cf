//! A telephone that waits for calls: rings, answers as its scenario says, or refuses.

use crate::caller::conversation::Conversation;
use crate::caller::phone::{PhoneError, Recording, RunningCall};
use crate::caller::report::{Answer, CallReport, Diary, Rung, Side};
use crate::caller::scenario::{Refuse, Scenario};
use crate::caller::script::{CallerScript, Cue};
use crate::config::{Cidr, PortRange, SipConfig};
use crate::leg::Leg;
use crate::sip::{IncomingCall, Refusal, SipError, SipServer};
use jiff::Timestamp;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A telephone with one line: who calls while it is in use is told 486.
pub struct Telephone {
    server: SipServer,
}

impl Telephone {
    /// Waits for SIP over UDP and TCP at `listen` (port 0: a free one); RTP takes pairs of `ports`.
    /// Whoever reaches the address may call.
    pub async fn plug_in(listen: SocketAddr, ports: PortRange) -> Result<Telephone, SipError> {
        let config = SipConfig {
            listen,
            media_ports: ports,
            allow: vec![Cidr::ANY_V4, Cidr::ANY_V6],
            ..SipConfig::default()
        };
        Ok(Telephone { server: SipServer::bind(config).await? })
    }

    /// Where it can be called, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Takes the next call of `scenario` and reports it; `None` when `stop` came before any call.
    pub async fn take<W: Write>(
        &mut self,
        scenario: &Scenario,
        cues: Vec<Cue>,
        record: Option<&Path>,
        conversation: &mut Conversation<W>,
        stop: &CancellationToken,
    ) -> Result<Option<CallReport>, PhoneError> {
        let call = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            call = self.server.accept() => call,
        };
        let Some(call) = call else { return Ok(None) };
        let call = InCall { scenario, conversation, stop }.run(call, cues, record);
        tokio::pin!(call);
        loop {
            tokio::select! {
                report = &mut call => return report.map(Some),
                Some(other) = self.server.accept() => other.decline(Refusal::Busy),
            }
        }
    }

    /// Waits until the last BYE is answered, but not longer than `within`.
    pub async fn unplug(self, within: Duration) {
        self.server.close(within).await;
    }
}

/// One call, from its first ring.
struct InCall<'a, W: Write> {
    scenario: &'a Scenario,
    conversation: &'a mut Conversation<W>,
    stop: &'a CancellationToken,
}

impl<W: Write> InCall<'_, W> {
    async fn run(
        mut self,
        call: IncomingCall,
        cues: Vec<Cue>,
        record: Option<&Path>,
    ) -> Result<CallReport, PhoneError> {
        let mut rung = Rung {
            from: call.caller_id().into(),
            called: call.called().into(),
            headers: call.headers().iter().cloned().collect(),
            rang_at: Timestamp::now(),
            rang_ms: 0,
            answer: Answer::NotAnswered,
        };
        self.conversation.rings(&rung.from);
        let begun = Instant::now();
        let (answer, leg) = self.ring(call).await;
        rung.rang_ms = begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        rung.answer = answer;
        self.conversation.rang(answer.words());
        let mut diary = Diary::default();
        if let Some(mut leg) = leg {
            // Made when there is something to keep: a call that was refused leaves no file.
            let mut recording = record.map(Recording::create).transpose()?;
            let mut call = RunningCall {
                leg: leg.as_mut(),
                script: CallerScript::new(cues, self.scenario.pace),
                is_answered: true,
                words: None,
                conversation: self.conversation,
                diary,
            };
            call.run(&mut recording, self.stop).await;
            diary = call.diary;
            drop(leg);
            recording.map_or(Ok(()), Recording::finish)?;
        }
        Ok(CallReport::new(self.scenario, Side::Called(rung), &diary, None))
    }

    /// Rings for as long as the scenario says, then does what it says.
    async fn ring(&mut self, mut call: IncomingCall) -> (Answer, Option<Box<dyn Leg>>) {
        let spec = self.scenario.answer.unwrap_or_default();
        let ring_ms = match spec.refuse {
            Some(Refuse::NoAnswer) => self.scenario.pace.call_ms_max,
            _ => spec.ring_ms,
        };
        if ring_ms > 0 {
            call.ring();
            let given_up = async {
                tokio::select! {
                    () = call.cancelled() => Answer::Cancelled,
                    () = self.stop.cancelled() => Answer::NotAnswered,
                }
            };
            let ring = Duration::from_millis(ring_ms);
            if let Ok(answer) = tokio::time::timeout(ring, given_up).await {
                return (answer, None);
            }
        }
        match spec.refuse {
            Some(Refuse::NoAnswer) => (Answer::NotAnswered, None),
            Some(Refuse::Busy) => {
                call.decline(Refusal::Busy);
                (Answer::Busy, None)
            }
            Some(Refuse::Decline) => {
                call.decline(Refusal::Decline);
                (Answer::Declined, None)
            }
            None => match call.pick_up().await {
                Ok(leg) => (Answer::Answered, Some(leg)),
                Err(SipError::Gone) => (Answer::Cancelled, None),
                Err(error) => {
                    tracing::warn!(%error, "a call cannot be answered");
                    (Answer::Failed, None)
                }
            },
        }
    }
}
