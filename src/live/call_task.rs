//! One call, stepped by its own 20 ms clock: leg and engines on one side, [`Call`] on the other.

use super::ear::Ear;
use super::metrics::Metrics;
use super::mouth::Mouth;
use super::tickets::TicketDesk;
use super::turn_trace::TurnTrace;
use super::witness::Witness;
use crate::audio::{AudioFrame, FRAME_MS};
use crate::call::{Call, CallerFacts, HangupCause, Input, Note, Output};
use crate::dialogue::Hotline;
use crate::engine::announcer::Announcer;
use crate::leg::{Leg, LegEvent};
use crate::store::CallLog;
use crate::ticket::Ticket;
use crate::time::CallTime;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// Everything one call needs of its surroundings.
pub(super) struct CallTask {
    pub(super) hotline: Arc<Hotline>,
    pub(super) facts: CallerFacts,
    pub(super) leg: Box<dyn Leg>,
    pub(super) announcer: Arc<Announcer>,
    pub(super) ear: Ear,
    pub(super) log: CallLog,
    pub(super) desk: TicketDesk,
    pub(super) witness: Witness,
    pub(super) metrics: Arc<Metrics>,
    pub(super) stop: CancellationToken,
}

/// A running call.
struct Running {
    call: Call,
    task: CallTask,
    mouth: Mouth,
    trace: TurnTrace,
    inputs: VecDeque<Input>,
    last_ticket: Option<Ticket>,
    rescued: bool,
    ended: Option<HangupCause>,
}

impl CallTask {
    /// Runs the call to its end; returns when its ticket and files are complete.
    pub(super) async fn run(self) {
        let call = Call::new(self.hotline.clone(), self.facts.clone());
        let metrics = self.metrics.clone();
        let mut running = Running {
            call,
            task: self,
            mouth: Mouth::default(),
            trace: TurnTrace::new(metrics.clone(), Instant::now()),
            inputs: VecDeque::from([Input::Answered]),
            last_ticket: None,
            rescued: false,
            ended: None,
        };
        let answered = Instant::now();
        let mut tick = tokio::time::interval(Duration::from_millis(FRAME_MS));
        // The recording and the far end's jitter buffer want every frame, late or not.
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut now = CallTime(0);
        let cause = loop {
            let due = tick.tick().await;
            now = now.max(CallTime(answered.elapsed().as_millis() as u64));
            running.step(now);
            metrics.late(due.elapsed());
            if let Some(cause) = running.ended {
                break cause;
            }
        };
        running.close(now, cause).await;
    }
}

impl Running {
    /// One tick: 20 ms out, 20 ms in, then everything that happened.
    fn step(&mut self, now: CallTime) {
        let (out, finished) = self.mouth.frame();
        let mut events = Vec::new();
        let heard = self.task.leg.exchange(&out, &mut events);
        if self.mouth.is_sounding() {
            self.trace.sounded(Instant::now());
        }
        while let Some(input) = self.inputs.pop_front() {
            self.input(now, input);
        }
        self.audio(now, &heard, &out);
        self.inputs.extend(finished.map(|play| Input::PromptFinished { play }));
        self.inputs.extend(events.into_iter().map(|event| match event {
            LegEvent::Dtmf(digit) => Input::Dtmf(digit),
            LegEvent::Hold(held) => Input::Hold(held),
            LegEvent::Hangup(cause) => Input::Hangup(cause),
        }));
        self.task.ear.inputs(&mut self.inputs);
        while let Some(news) = self.task.desk.news() {
            self.inputs.push_back(news);
        }
        if self.task.stop.is_cancelled() {
            self.task.leg.hang_up(HangupCause::ShuttingDown);
            self.inputs.push_back(Input::Hangup(HangupCause::ShuttingDown));
        }
        while self.ended.is_none()
            && let Some(input) = self.inputs.pop_front()
        {
            self.input(now, input);
        }
        self.task.witness.tell(self.call.asked());
    }

    fn audio(&mut self, now: CallTime, heard: &AudioFrame, out: &AudioFrame) {
        self.task.log.audio(now, heard, out);
        self.task.witness.sound(heard, out);
        self.guarded(now, Input::Audio(*heard));
        if self.call.is_voiced() {
            self.trace.voiced(Instant::now());
        }
        self.task.ear.frame(heard, self.call.is_voiced());
        self.drain(now);
    }

    fn input(&mut self, now: CallTime, input: Input) {
        self.task.log.input(now, &input);
        self.task.witness.input(now, &input);
        self.trace.input(Instant::now(), &input);
        let hung_up = match input {
            Input::Hangup(cause) => Some(cause),
            _ => None,
        };
        self.guarded(now, input);
        self.drain(now);
        self.ended = self.ended.or(hung_up);
    }

    /// A panic is a bug of ours: the caller still leaves a message, and their ticket is kept.
    fn guarded(&mut self, now: CallTime, input: Input) {
        let handled = catch_unwind(AssertUnwindSafe(|| self.call.handle(now, input)));
        if handled.is_ok() {
            return;
        }
        tracing::error!(call = %self.task.facts.call_id, "the call's machine broke");
        let facts = self.task.facts.clone();
        let hotline = self.task.hotline.clone();
        match self.last_ticket.clone() {
            Some(ticket) if !self.rescued => {
                self.rescued = true;
                self.mouth = Mouth::default();
                self.call = Call::rescue(hotline, facts, ticket, self.call.media());
                self.inputs.push_back(Input::Answered);
            }
            _ => {
                self.task.leg.hang_up(HangupCause::InternalError);
                self.ended = Some(HangupCause::InternalError);
            }
        }
    }

    fn drain(&mut self, now: CallTime) {
        loop {
            let output = self.call.poll();
            self.task.log.output(now, &output);
            self.task.witness.output(now, &output);
            self.trace.output(Instant::now(), &output);
            if let Output::Timeout(_) = output {
                return;
            }
            self.carry_out(output);
        }
    }

    fn carry_out(&mut self, output: Output) {
        let task = &mut self.task;
        match output {
            Output::Play { play, sounds } => self.mouth.play(&task.announcer, play, &sounds),
            Output::Prepare { sounds } => task.announcer.prepare(&sounds),
            Output::StopPlaying { play } => self.mouth.stop(play),
            Output::Recognize { turn, from, context } => task.ear.open(turn, from, context),
            Output::SpeechPaused { turn } => task.ear.pause(turn),
            Output::EndOfSpeech { turn } => task.ear.finish(turn),
            Output::AbandonTurn { turn } => task.ear.abandon(turn),
            Output::SaveTicket(ticket) => {
                self.last_ticket = Some((*ticket).clone());
                task.desk.save(*ticket);
            }
            Output::FindTicket { number } => {
                task.desk.find(&self.call.ticket().hotline, number);
            }
            // The log has removed the sound when it wrote this output down.
            Output::DiscardRecording => {}
            Output::Transfer { to } => {
                if !task.leg.transfer(&to) {
                    self.inputs.push_back(Input::TransferFailed);
                }
            }
            Output::Hangup(cause) => {
                task.leg.hang_up(cause);
                self.ended = Some(cause);
            }
            Output::Note(Note::EngineLost) => {
                tracing::warn!(call = %task.facts.call_id, "no recogniser: taking a message");
            }
            Output::Note(_) | Output::Timeout(_) => {}
        }
    }

    async fn close(self, now: CallTime, cause: HangupCause) {
        let Running { task, .. } = self;
        let call = task.facts.call_id.clone();
        // The ticket first: it is what must not be lost.
        let ticket = task.desk.close(cause, now.as_ms()).await;
        task.metrics.ended(cause);
        task.witness.end(cause, ticket);
        task.log.end(now, cause);
        tracing::info!(%call, %cause, seconds = now.as_ms() / 1_000, "call ended");
    }
}
