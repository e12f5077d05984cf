//! One call's sound: what its leg hears, and what the bot is saying on it.

use crate::audio::AudioFrame;
use crate::call::HangupCause;
use crate::engine::announcer::{PromptAudio, PromptFrame};
use crate::leg::{Leg, LegEvent};
use tokio::sync::mpsc::{self, error::TryRecvError, error::TrySendError};
use tokio::time::Instant;

/// Steps that may wait for a call's machine, one minute: it reads an address in a hundredth of a
/// second, so whoever is that far behind is lost.
const STEPS_MAX: usize = 3_000;
/// Orders that may wait for the next step; far more than a machine gives in 20 ms.
const ORDERS_MAX: usize = 64;

/// What a call's machine has done with its sound.
pub(super) enum Order {
    /// This is said next, instead of what is being said; its number is told when it is over.
    Play(u64, PromptAudio),
    /// Nothing is said.
    Stop,
    /// The far end is to go elsewhere.
    Transfer(String),
    /// The leg ends.
    HangUp(HangupCause),
}

/// 20 ms of a call.
pub(super) struct Step {
    /// When they were over.
    pub(super) at: Instant,
    /// The caller.
    pub(super) heard: AudioFrame,
    /// The bot.
    pub(super) out: AudioFrame,
    /// What went out belongs to a prompt.
    pub(super) sounding: bool,
    /// The prompt that just came to its end.
    pub(super) finished: Option<u64>,
    /// The leg cannot go elsewhere.
    pub(super) transfer_failed: bool,
    /// What happened on the leg.
    pub(super) events: Vec<LegEvent>,
}

/// A call's end of its media path. Dropping it ends the leg.
pub(super) struct MediaHandle {
    orders: mpsc::Sender<Order>,
    steps: mpsc::Receiver<Step>,
}

impl MediaHandle {
    /// The next 20 ms; `None` when the path broke.
    pub(super) async fn step(&mut self) -> Option<Step> {
        self.steps.recv().await
    }

    /// False when the path broke.
    #[must_use]
    pub(super) fn order(&self, order: Order) -> bool {
        self.orders.try_send(order).is_ok()
    }
}

/// The leg's end of it, stepped every 20 ms.
pub(super) struct MediaPath {
    leg: Box<dyn Leg>,
    playing: Option<(u64, PromptAudio)>,
    orders: mpsc::Receiver<Order>,
    steps: mpsc::Sender<Step>,
}

impl MediaPath {
    pub(super) fn new(leg: Box<dyn Leg>) -> (MediaPath, MediaHandle) {
        let (order, orders) = mpsc::channel(ORDERS_MAX);
        let (step, steps) = mpsc::channel(STEPS_MAX);
        let path = MediaPath { leg, playing: None, orders, steps: step };
        (path, MediaHandle { orders: order, steps })
    }

    /// One step: 20 ms out, 20 ms in. False when the path is over.
    pub(super) fn step(&mut self) -> bool {
        let Some(transfer_failed) = self.obey() else { return false };
        let (out, sounding, finished) = self.next_frame();
        let mut events = Vec::new();
        let heard = self.leg.exchange(&out, &mut events);
        let at = Instant::now();
        let step = Step { at, heard, out, sounding, finished, transfer_failed, events };
        match self.steps.try_send(step) {
            Ok(()) => true,
            Err(TrySendError::Closed(_)) => false,
            Err(TrySendError::Full(_)) => {
                tracing::error!("a call's machine is a minute behind: the call is ended");
                self.end(HangupCause::InternalError);
                false
            }
        }
    }

    /// Ends the leg; the call's machine learns it when the path is dropped.
    pub(super) fn end(&mut self, cause: HangupCause) {
        self.leg.hang_up(cause);
    }

    /// Does what was ordered; whether a transfer failed, and `None` when the call is over.
    fn obey(&mut self) -> Option<bool> {
        let mut transfer_failed = false;
        loop {
            match self.orders.try_recv() {
                Ok(Order::Play(number, audio)) => self.playing = Some((number, audio)),
                Ok(Order::Stop) => self.playing = None,
                Ok(Order::Transfer(to)) => transfer_failed |= !self.leg.transfer(&to),
                Ok(Order::HangUp(cause)) => self.end(cause),
                Err(TryRecvError::Empty) => return Some(transfer_failed),
                Err(TryRecvError::Disconnected) => return None,
            }
        }
    }

    /// The next 20 ms of what is said, whether it is said by somebody, and what came to its end.
    fn next_frame(&mut self) -> (AudioFrame, bool, Option<u64>) {
        let Some((number, audio)) = &mut self.playing else {
            return (AudioFrame::SILENCE, false, None);
        };
        match audio.frame() {
            PromptFrame::Ready(frame) => (frame, true, None),
            PromptFrame::NotYet => (AudioFrame::SILENCE, false, None),
            PromptFrame::Finished => {
                let finished = *number;
                self.playing = None;
                (AudioFrame::SILENCE, false, Some(finished))
            }
        }
    }
}
