//! What one call tells the board: made of its inputs and outputs alone, and waiting for nobody.

use super::board::{Board, RunningCall, RunningTurn, Speaker, StereoFrame};
use crate::audio::AudioFrame;
use crate::call::{HangupCause, Input, Note, Output, PlayId, Sound, TurnId};
use crate::rtp::DtmfDigit;
use crate::ticket::{Ticket, TicketNumber};
use crate::time::CallTime;
use std::sync::Arc;
use tokio::sync::{broadcast, watch};

/// Turns of one call that are shown; older ones are in its journal.
const TURNS_MAX: usize = 200;
/// Characters of one turn that are shown.
const TEXT_CHARS_MAX: usize = 1_000;
/// Frames kept for who listens in over a slow line: 2.5 s. Who is slower misses sound.
const SOUND_MAX: usize = 128;

/// Watches one call; when dropped the call is off the board.
pub(super) struct Witness {
    board: Board,
    call: RunningCall,
    /// Something is to be told.
    changed: bool,
    numbered: u32,
    /// What the bot is saying, and the number of its turn.
    playing: Option<(PlayId, u32)>,
    /// What the caller is saying, and the number of the turn.
    said: Option<(TurnId, u32)>,
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
        let (playing, said, sound) = (None, None, Some(sound));
        let witness =
            Witness { board, call, changed: true, numbered: 0, playing, said, state, sound };
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
        match input {
            Input::Interim { turn, transcript } => self.heard(*turn, &transcript.text, false),
            Input::Final { turn, transcript } => self.heard(*turn, &transcript.text, true),
            Input::Dtmf(digit) => self.key(now, *digit),
            Input::PromptFinished { play } => self.prompt_over(now, *play),
            Input::TicketSaved { number, .. } if self.call.ticket != Some(*number) => {
                self.call.ticket = Some(*number);
                self.changed = true;
            }
            _ => {}
        }
    }

    pub(super) fn output(&mut self, now: CallTime, output: &Output) {
        match output {
            Output::Play { play, sounds } => self.speaking(now, *play, sounds),
            Output::StopPlaying { play } => self.prompt_over(now, *play),
            Output::Note(Note::SpeechStarted { turn }) => {
                self.turn_over(now);
                let number = self.begin(Speaker::Caller, now.as_ms(), String::new());
                self.said = Some((*turn, number));
            }
            Output::Recognize { turn, from, .. } => {
                let from_ms = from.as_ms();
                self.change(self.number_of(*turn), |t| t.from_ms = from_ms);
            }
            Output::Note(Note::SpeechEnded { turn, end }) => {
                let to_ms = end.as_ms();
                self.change(self.number_of(*turn), |t| t.to_ms = Some(to_ms));
            }
            // Its sound is kept, so it was something though no word was heard.
            Output::Note(Note::EngineLost) => self.turn_over(now),
            Output::AbandonTurn { turn } if self.speaks(*turn) => self.abandoned(now),
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
        if std::mem::take(&mut self.changed) {
            let state = Arc::new(self.call.clone());
            self.state.send_replace(state.clone());
            self.board.tell(state);
        }
    }

    fn begin(&mut self, speaker: Speaker, from_ms: u64, mut text: String) -> u32 {
        cut(&mut text);
        self.numbered += 1;
        let (number, settled) = (self.numbered, speaker == Speaker::Bot);
        let turn = RunningTurn { number, speaker, text, from_ms, to_ms: None, settled };
        if self.call.turns.len() == TURNS_MAX {
            self.call.turns.pop_front();
        }
        self.call.turns.push_back(Arc::new(turn));
        self.changed = true;
        number
    }

    fn change(&mut self, number: Option<u32>, change: impl FnOnce(&mut RunningTurn)) {
        let turn = self.call.turns.iter_mut().rev().find(|t| Some(t.number) == number);
        if let Some(turn) = turn {
            change(Arc::make_mut(turn));
            self.changed = true;
        }
    }

    fn number_of(&self, turn: TurnId) -> Option<u32> {
        self.said.filter(|(id, _)| *id == turn).map(|(_, number)| number)
    }

    fn speaks(&self, turn: TurnId) -> bool {
        self.number_of(turn).is_some()
    }

    fn speaking(&mut self, now: CallTime, play: PlayId, sounds: &[Sound]) {
        if let Some((before, _)) = self.playing {
            self.prompt_over(now, before);
        }
        let words = |sound: &Sound| match sound {
            Sound::Prompt { text, .. } => Some(text.clone()),
            Sound::Tone { .. } | Sound::Silence { .. } => None,
        };
        let words: Vec<String> = sounds.iter().filter_map(words).collect();
        if !words.is_empty() {
            let number = self.begin(Speaker::Bot, now.as_ms(), words.join(" "));
            self.playing = Some((play, number));
        }
    }

    fn prompt_over(&mut self, now: CallTime, play: PlayId) {
        if let Some((_, number)) = self.playing.take_if(|(id, _)| *id == play) {
            self.change(Some(number), |t| t.to_ms = Some(now.as_ms()));
        }
    }

    fn heard(&mut self, turn: TurnId, text: &str, settled: bool) {
        let mut text = text.to_string();
        cut(&mut text);
        self.change(self.number_of(turn), |t| (t.text, t.settled) = (text, settled));
    }

    /// Nothing more comes of the caller's turn.
    fn turn_over(&mut self, now: CallTime) {
        if let Some((_, number)) = self.said.take() {
            self.change(Some(number), |t| {
                t.settled = true;
                t.to_ms = t.to_ms.or(Some(now.as_ms()));
            });
        }
    }

    /// The same, and it was nothing if no word was heard: a cough.
    fn abandoned(&mut self, now: CallTime) {
        let number = self.said.map(|(_, number)| number);
        self.turn_over(now);
        self.call.turns.retain(|t| Some(t.number) != number || !t.text.is_empty());
    }

    fn key(&mut self, now: CallTime, digit: DtmfDigit) {
        let last = self.call.turns.back().filter(|t| t.speaker == Speaker::Keys);
        let number = match last {
            Some(keys) => keys.number,
            None => self.begin(Speaker::Keys, now.as_ms(), String::new()),
        };
        self.change(Some(number), |t| {
            t.text.push(digit.as_char());
            cut(&mut t.text);
            (t.settled, t.to_ms) = (true, Some(now.as_ms()));
        });
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
        self.change(self.said.map(|(_, number)| number), |t| t.settled = true);
        self.changed = true;
        self.publish();
        self.board.end(&self.call.id);
    }
}

fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::FRAME_SAMPLES;
    use crate::call::CallerFacts;
    use crate::speech::Transcript;
    use crate::ticket::CallId;
    use crate::time::MediaTime;
    use tokio::sync::broadcast::error::TryRecvError;

    fn begun(board: &Board) -> Witness {
        let facts = CallerFacts {
            call_id: CallId("c1".into()),
            caller_id: "+14155550132".into(),
            called: String::new(),
            entrance: "sip".into(),
            headers: vec![],
            answered_unix_ms: 0,
        };
        board.begin(&facts, "demo", "en")
    }

    fn play(play: u32, text: &str) -> Output {
        let (name, language) = (String::new(), "en".into());
        let tone = Sound::Tone { hz: 1_000, ms: 400 };
        let prompt = Sound::Prompt { name, language, text: text.into() };
        Output::Play { play: PlayId(play), sounds: vec![prompt, tone] }
    }

    fn started(turn: u32) -> Output {
        Output::Note(Note::SpeechStarted { turn: TurnId(turn) })
    }

    fn interim(turn: u32, words: &str) -> Input {
        Input::Interim { turn: TurnId(turn), transcript: Transcript::plain(words, 0.5) }
    }

    fn key(key: char) -> Input {
        Input::Dtmf(key.try_into().unwrap())
    }

    /// The turns as lines, after things that happen a second apart.
    fn check(happens: &[Result<Output, Input>], want: &[&str]) {
        let board = Board::default();
        let mut witness = begun(&board);
        for (at, event) in happens.iter().enumerate() {
            let now = CallTime(1_000 * at as u64);
            match event {
                Ok(output) => witness.output(now, output),
                Err(input) => witness.input(now, input),
            }
        }
        witness.tell("name");
        let call = board.call(&CallId("c1".into())).unwrap();
        let line = |t: &Arc<RunningTurn>| {
            let (to, open) = (t.to_ms.map_or("-".into(), |ms| ms.to_string()), !t.settled);
            let open = if open { " ..." } else { "" };
            format!("{} {:?} {}-{to} {}{open}", t.number, t.speaker, t.from_ms, t.text)
        };
        let turns: Vec<String> = call.turns.iter().map(line).collect();
        assert_eq!(
            (turns, call.asked.as_str()),
            (want.iter().map(|l| l.to_string()).collect(), "name")
        );
    }

    #[test]
    fn turns() {
        let finished = Input::PromptFinished { play: PlayId(1) };
        let ended = Output::Note(Note::SpeechEnded { turn: TurnId(1), end: MediaTime(24_000) });
        let words = Transcript::plain("David Miller", 0.9);
        let said = Input::Final { turn: TurnId(1), transcript: words };
        check(
            &[Ok(play(1, "Name?")), Err(finished), Ok(started(1)), Err(interim(1, "Da"))],
            &["1 Bot 0-1000 Name?", "2 Caller 2000-- Da ..."],
        );
        check(
            &[Ok(started(1)), Err(interim(1, "Da")), Ok(ended), Err(said)],
            &["1 Caller 0-3000 David Miller"],
        );
        check(
            &[Ok(play(1, "A")), Ok(Output::StopPlaying { play: PlayId(1) }), Ok(play(2, "B"))],
            &["1 Bot 0-1000 A", "2 Bot 2000-- B"],
        );
        check(&[Err(key('1')), Err(key('2')), Err(key('#'))], &["1 Keys 0-2000 12#"]);
        let abandon = Output::AbandonTurn { turn: TurnId(1) };
        check(&[Ok(started(1)), Ok(abandon.clone())], &[]);
        check(
            &[Ok(started(1)), Err(interim(1, "Wait")), Ok(abandon.clone())],
            &["1 Caller 0-2000 Wait"],
        );
        let lost = Output::Note(Note::EngineLost);
        check(&[Ok(started(1)), Ok(lost), Ok(abandon)], &["1 Caller 0-1000 "]);
        check(&[Err(interim(7, "Who?"))], &[]);
    }

    #[test]
    fn what_is_shown_is_bounded() {
        let board = Board::default();
        let mut witness = begun(&board);
        for n in 1..=TURNS_MAX as u32 + 5 {
            witness.output(CallTime(0), &play(n, &"ř".repeat(TEXT_CHARS_MAX + 1)));
        }
        witness.tell("");
        let call = board.calls().remove(0);
        assert_eq!((call.turns.len(), call.turns[0].number), (TURNS_MAX, 6));
        assert_eq!(call.turns[0].text, "ř".repeat(TEXT_CHARS_MAX));
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
