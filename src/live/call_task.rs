//! One call, told 20 ms after 20 ms: media and engines on one side, [`Call`] on the other.

use super::ear::Ear;
use super::media_path::{MediaHandle, Order, Step};
use super::metrics::Metrics;
use super::tickets::TicketDesk;
use super::turn_trace::TurnTrace;
use super::witness::Witness;
use crate::call::{Call, CallerFacts, HangupCause, Input, Note, Output, PlayId};
use crate::dialogue::Hotline;
use crate::engine::announcer::Announcer;
use crate::leg::LegEvent;
use crate::store::CallLog;
use crate::ticket::Ticket;
use crate::time::CallTime;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Everything one call needs of its surroundings.
pub(super) struct CallTask {
    pub(super) hotline: Arc<Hotline>,
    pub(super) facts: CallerFacts,
    pub(super) media: MediaHandle,
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
    /// What is being said: its number for the media path, and for the call.
    playing: Option<(u64, PlayId)>,
    plays: u64,
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
            playing: None,
            plays: 0,
            trace: TurnTrace::new(metrics.clone(), Instant::now()),
            inputs: VecDeque::from([Input::Answered]),
            last_ticket: None,
            rescued: false,
            ended: None,
        };
        let answered = Instant::now();
        let mut now = CallTime(0);
        let cause = loop {
            let Some(step) = running.task.media.step().await else {
                break HangupCause::InternalError;
            };
            now = now.max(CallTime(answered.elapsed().as_millis() as u64));
            running.step(now, step);
            if let Some(cause) = running.ended {
                break cause;
            }
        };
        running.close(now, cause).await;
    }
}

impl Running {
    /// 20 ms of sound, then everything that happened.
    fn step(&mut self, now: CallTime, step: Step) {
        if step.sounding {
            self.trace.sounded(step.at);
        }
        while let Some(input) = self.inputs.pop_front() {
            self.input(now, input);
        }
        self.audio(now, &step);
        // The end of what was said before is no news.
        let finished = self.playing.take_if(|(number, _)| step.finished == Some(*number));
        self.inputs.extend(finished.map(|(_, play)| Input::PromptFinished { play }));
        self.inputs.extend(step.transfer_failed.then_some(Input::TransferFailed));
        self.inputs.extend(step.events.into_iter().map(|event| match event {
            LegEvent::Dtmf(digit) => Input::Dtmf(digit),
            LegEvent::Hold(held) => Input::Hold(held),
            LegEvent::Hangup(cause) => Input::Hangup(cause),
        }));
        self.task.ear.inputs(&mut self.inputs);
        while let Some(news) = self.task.desk.news() {
            self.inputs.push_back(news);
        }
        if self.task.stop.is_cancelled() {
            self.order(Order::HangUp(HangupCause::ShuttingDown));
            self.inputs.push_back(Input::Hangup(HangupCause::ShuttingDown));
        }
        while self.ended.is_none()
            && let Some(input) = self.inputs.pop_front()
        {
            self.input(now, input);
        }
        self.task.witness.tell(self.call.asked());
    }

    fn audio(&mut self, now: CallTime, step: &Step) {
        self.task.log.audio(now, &step.heard, &step.out);
        self.task.witness.sound(&step.heard, &step.out);
        self.guarded(now, Input::Audio(step.heard));
        if self.call.is_voiced() {
            self.trace.voiced(step.at);
        }
        self.task.ear.frame(&step.heard, self.call.is_voiced());
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
                self.playing = None;
                self.order(Order::Stop);
                self.call = Call::rescue(hotline, facts, ticket, self.call.media());
                self.inputs.push_back(Input::Answered);
            }
            _ => {
                self.order(Order::HangUp(HangupCause::InternalError));
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
            Output::Play { play, sounds } => {
                self.plays += 1;
                self.playing = Some((self.plays, play));
                let audio = task.announcer.request(&sounds);
                self.order(Order::Play(self.plays, audio));
            }
            Output::Prepare { sounds } => task.announcer.prepare(&sounds),
            Output::StopPlaying { play } => {
                if self.playing.take_if(|(_, playing)| *playing == play).is_some() {
                    self.order(Order::Stop);
                }
            }
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
            Output::Transfer { to } => self.order(Order::Transfer(to)),
            Output::Hangup(cause) => {
                self.order(Order::HangUp(cause));
                self.ended = Some(cause);
            }
            Output::Note(Note::EngineLost) => {
                tracing::warn!(call = %task.facts.call_id, "no recogniser: taking a message");
            }
            Output::Note(_) | Output::Timeout(_) => {}
        }
    }

    fn order(&mut self, order: Order) {
        if !self.task.media.order(order) {
            self.ended = self.ended.or(Some(HangupCause::InternalError));
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
