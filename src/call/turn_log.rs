//! Who said what when: a call's turns, made of its inputs and outputs alone. While a call runs, and
//! after it from its journal.

use super::{Input, Note, Output, PlayId, Sound, TurnId};
use crate::rtp::DtmfDigit;
use crate::time::CallTime;
use std::collections::VecDeque;
use std::sync::Arc;

/// Characters of one turn that are kept.
const TEXT_CHARS_MAX: usize = 1_000;

/// Who had a turn.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The bot spoke.
    Bot,
    /// The caller spoke.
    Caller,
    /// The caller pressed keys.
    Keys,
}

/// One side's turn, as others read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpokenTurn {
    /// Its number within the call, from 1; turns that turn out to be nothing vanish again.
    pub number: u32,
    /// Who.
    pub speaker: Speaker,
    /// What: the prompt's text, the words so far, the keys.
    pub text: String,
    /// Its beginning, milliseconds since the answer.
    pub from_ms: u64,
    /// Its end; `None` while it goes on.
    pub to_ms: Option<u64>,
    /// The words will not change any more.
    pub settled: bool,
}

/// The turns of one call so far.
pub struct TurnLog {
    turns: VecDeque<Arc<SpokenTurn>>,
    turns_max: usize,
    numbered: u32,
    changed: bool,
    /// What the bot is saying, and the number of its turn.
    playing: Option<(PlayId, u32)>,
    /// What the caller is saying, and the number of the turn.
    said: Option<(TurnId, u32)>,
}

impl TurnLog {
    /// Of a call that begins; of very many turns the last `turns_max` are kept.
    pub fn new(turns_max: usize) -> TurnLog {
        let (turns, playing, said) = (VecDeque::new(), None, None);
        TurnLog { turns, turns_max, numbered: 0, changed: false, playing, said }
    }

    /// The turns, the newest last.
    pub fn turns(&self) -> &VecDeque<Arc<SpokenTurn>> {
        &self.turns
    }

    /// Whether there was a change since this was last asked.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// What the call was told.
    pub fn input(&mut self, now: CallTime, input: &Input) {
        match input {
            Input::Interim { turn, transcript } => self.heard(*turn, &transcript.text, false),
            Input::Final { turn, transcript } => self.heard(*turn, &transcript.text, true),
            Input::Dtmf(digit) => self.key(now, *digit),
            Input::PromptFinished { play } => self.prompt_over(now, *play),
            _ => {}
        }
    }

    /// What the call asked for.
    pub fn output(&mut self, now: CallTime, output: &Output) {
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
            _ => {}
        }
    }

    /// The call is over: nothing more comes of what was being said.
    pub fn end(&mut self) {
        self.change(self.said.map(|(_, number)| number), |t| t.settled = true);
    }

    fn begin(&mut self, speaker: Speaker, from_ms: u64, mut text: String) -> u32 {
        cut(&mut text);
        self.numbered += 1;
        let (number, settled) = (self.numbered, speaker == Speaker::Bot);
        let turn = SpokenTurn { number, speaker, text, from_ms, to_ms: None, settled };
        if self.turns.len() >= self.turns_max.max(1) {
            self.turns.pop_front();
        }
        self.turns.push_back(Arc::new(turn));
        self.changed = true;
        number
    }

    fn change(&mut self, number: Option<u32>, change: impl FnOnce(&mut SpokenTurn)) {
        let turn = self.turns.iter_mut().rev().find(|t| Some(t.number) == number);
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
        self.turns.retain(|t| Some(t.number) != number || !t.text.is_empty());
    }

    fn key(&mut self, now: CallTime, digit: DtmfDigit) {
        let last = self.turns.back().filter(|t| t.speaker == Speaker::Keys);
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
}

fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::Transcript;
    use crate::time::MediaTime;

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
        let mut log = TurnLog::new(9);
        for (at, event) in happens.iter().enumerate() {
            let now = CallTime(1_000 * at as u64);
            match event {
                Ok(output) => log.output(now, output),
                Err(input) => log.input(now, input),
            }
        }
        let line = |t: &Arc<SpokenTurn>| {
            let (to, open) = (t.to_ms.map_or("-".into(), |ms| ms.to_string()), !t.settled);
            let open = if open { " ..." } else { "" };
            format!("{} {:?} {}-{to} {}{open}", t.number, t.speaker, t.from_ms, t.text)
        };
        let turns: Vec<String> = log.turns().iter().map(line).collect();
        assert_eq!(turns, want);
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
    fn what_is_kept_is_bounded() {
        let mut log = TurnLog::new(200);
        for n in 1..=205 {
            log.output(CallTime(0), &play(n, &"ř".repeat(TEXT_CHARS_MAX + 1)));
        }
        assert_eq!((log.turns().len(), log.turns()[0].number), (200, 6));
        assert_eq!(log.turns()[0].text, "ř".repeat(TEXT_CHARS_MAX));
    }

    #[test]
    fn a_change_is_told_once_and_the_end_settles() {
        let mut log = TurnLog::new(9);
        assert!(!log.take_changed());
        log.output(CallTime(0), &started(1));
        log.input(CallTime(0), &interim(1, "Da"));
        assert!(log.take_changed() && !log.take_changed());
        log.end();
        assert!(log.turns()[0].settled && log.take_changed());
    }
}
