//! What one call tells the board: made of its inputs and outputs alone, and waiting for nobody.

use super::board::{Board, RunningCall, StereoFrame};
use crate::audio::AudioFrame;
use crate::call::{HangupCause, Input, Output, TurnLog};
use crate::ticket::{Ticket, TicketNumber};
use crate::time::CallTime;
use std::sync::Arc;
use tokio::sync::{broadcast, watch};

/// Turns of one call that are shown; older ones are in its journal.
const TURNS_MAX: usize = 200;
/// Frames kept for who listens in over a slow line: 2.5 s. Who is slower misses sound.
const SOUND_MAX: usize = 128;

/// Watches one call; when dropped the call is off the board.
pub(super) struct Witness {
    board: Board,
    call: RunningCall,
    /// Something is to be told.
    changed: bool,
    turns: TurnLog,
    state: watch::Sender<Arc<RunningCall>>,
    sound: Option<broadcast::Sender<StereoFrame>>,
}

impl Witness {
    /// With the way to the call's sound, for who listens in.
    pub(super) fn new(
        board: Board,
        call: RunningCall,
    ) -> (Witness, broadcast::WeakSender<StereoFrame>) {
        let state = watch::Sender::new(Arc::new(call.clone()));
        let sound = broadcast::Sender::new(SOUND_MAX);
        let listeners = sound.downgrade();
        let (turns, sound) = (TurnLog::new(TURNS_MAX), Some(sound));
        let witness = Witness { board, call, changed: true, turns, state, sound };
        (witness, listeners)
    }

    /// The call's state, always the newest; it tells of the call's end too.
    pub(super) fn state(&self) -> watch::Receiver<Arc<RunningCall>> {
        self.state.subscribe()
    }

    /// 20 ms of both sides.
    pub(super) fn sound(&self, heard: &AudioFrame, out: &AudioFrame) {
        let Some(sound) = self.sound.as_ref().filter(|s| s.receiver_count() > 0) else { return };
        let stereo = std::array::from_fn(|i| match i % 2 {
            0 => heard.0[i / 2],
            _ => out.0[i / 2],
        });
        let _ = sound.send(Arc::new(stereo));
    }

    pub(super) fn input(&mut self, now: CallTime, input: &Input) {
        self.turns.input(now, input);
        match input {
            Input::TicketSaved { number, .. } if self.call.ticket != Some(*number) => {
                self.call.ticket = Some(*number);
                self.changed = true;
            }
            _ => {}
        }
    }

    pub(super) fn output(&mut self, now: CallTime, output: &Output) {
        self.turns.output(now, output);
        match output {
            Output::SaveTicket(ticket) => self.filled(ticket),
            // Who declined to be recorded is not listened in to.
            Output::DiscardRecording => self.sound = None,
            _ => {}
        }
    }

    /// Tells what changed since the last time; `asked`: the slot or stage that is asked for now.
    pub(super) fn tell(&mut self, asked: &str) {
        if self.call.asked != asked {
            self.call.asked = asked.into();
            self.changed = true;
        }
        self.publish();
    }

    /// The call is over, its ticket kept.
    pub(super) fn end(mut self, cause: HangupCause, ticket: Option<TicketNumber>) {
        self.call.ended = Some(cause);
        self.call.ticket = self.call.ticket.or(ticket);
    }

    fn publish(&mut self) {
        if self.turns.take_changed() {
            self.call.turns = self.turns.turns().clone();
            self.changed = true;
        }
        if std::mem::take(&mut self.changed) {
            let state = Arc::new(self.call.clone());
            self.state.send_replace(state.clone());
            self.board.tell(state);
        }
    }

    fn filled(&mut self, ticket: &Ticket) {
        self.call.slots = ticket.slots.clone().into();
        (self.call.priority, self.call.consent) = (ticket.priority, ticket.consent);
        self.changed = true;
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.sound = None;
        // Dropped by a task that broke, it says so.
        self.call.ended = self.call.ended.or(Some(HangupCause::InternalError));
        self.call.asked.clear();
        self.turns.end();
        self.changed = true;
        self.publish();
        self.board.end(&self.call.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::FRAME_SAMPLES;
    use crate::call::CallerFacts;
    use crate::ticket::CallId;
    use tokio::sync::broadcast::error::TryRecvError;

    fn begun(board: &Board) -> Witness {
        let facts = CallerFacts {
            call_id: CallId("c1".into()),
            caller_id: "+14155550132".into(),
            called: String::new(),
            entrance: "sip".into(),
            headers: vec![],
            answered_unix_ms: 0,
            form: crate::dialogue::Form::Full,
        };
        board.begin(&facts, "demo", "en")
    }

    #[test]
    fn who_follows_is_told_once_for_each_change_and_of_the_end() {
        let board = Board::default();
        let mut witness = begun(&board);
        let (running, mut news) = board.follow();
        assert_eq!(running.len(), 1);
        for _ in 0..3 {
            witness.tell("consent");
        }
        assert_eq!(news.try_recv().unwrap().asked, "consent");
        assert_eq!(news.try_recv(), Err(TryRecvError::Empty));
        witness.end(HangupCause::Finished, Some(TicketNumber(7)));
        let last = news.try_recv().unwrap();
        assert_eq!((last.ended, last.ticket), (Some(HangupCause::Finished), Some(TicketNumber(7))));
        assert!(board.calls().is_empty() && board.call(&last.id).is_none());
        // A task that breaks leaves no call on the board.
        drop(begun(&board));
        assert_eq!(news.try_recv().unwrap().ended, Some(HangupCause::InternalError));
        assert!(board.calls().is_empty());
    }

    #[test]
    fn who_listens_in_hears_both_sides_until_the_end_or_the_consent_is_declined() {
        let (board, id) = (Board::default(), CallId("c1".into()));
        let (caller, bot) = (AudioFrame([1; FRAME_SAMPLES]), AudioFrame([2; FRAME_SAMPLES]));
        let mut witness = begun(&board);
        witness.sound(&caller, &bot);
        let mut sound = board.listen(&id).unwrap();
        witness.sound(&caller, &bot);
        assert_eq!(sound.try_recv().unwrap()[..4], [1, 2, 1, 2]);
        assert_eq!(sound.try_recv(), Err(TryRecvError::Empty));
        for _ in 0..SOUND_MAX + 3 {
            witness.sound(&caller, &bot);
        }
        assert_eq!(sound.try_recv(), Err(TryRecvError::Lagged(3)));
        witness.output(CallTime(0), &Output::DiscardRecording);
        witness.sound(&caller, &bot);
        while sound.try_recv().is_ok() {}
        assert_eq!(sound.try_recv(), Err(TryRecvError::Closed));
        assert!(board.listen(&id).is_none() && board.call(&id).is_some());
        drop(witness);
        let witness = begun(&board);
        let mut sound = board.listen(&id).unwrap();
        drop(witness);
        assert_eq!(sound.try_recv(), Err(TryRecvError::Closed));
    }
}
