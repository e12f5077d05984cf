//! The words of a running call, out of the journal its server writes on the same machine.

use crate::call::{Input, Note, Output, PlayId, Sound};
use crate::journal::JOURNAL_FILE;
use crate::seal::{self, Keys, Name, Unsealer};
use crate::speech::Expectation;
use crate::time::CallTime;
use serde::Deserialize;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

/// Read at most so much at once: a call writes a few kilobytes a second.
const READ_BYTES_MAX: u64 = 1 << 20;

/// One thing the journal tells of what was said and understood. Times are the server's, in
/// milliseconds since it answered; the caller's own clock starts some milliseconds later.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// The bot begins to say this.
    Bot {
        /// Which playing.
        play: PlayId,
        /// When.
        at_ms: u64,
        /// The words.
        text: String,
    },
    /// The bot breaks off.
    Stopped {
        /// Which playing.
        play: PlayId,
        /// When.
        at_ms: u64,
    },
    /// The caller is heard to speak.
    Listening {
        /// When.
        at_ms: u64,
        /// What is expected of them.
        expectation: Expectation,
    },
    /// The caller is taken to have ended.
    EndOfTurn {
        /// When.
        at_ms: u64,
    },
    /// What the recogniser made of the caller's turn.
    Heard {
        /// When.
        at_ms: u64,
        /// The words.
        text: String,
        /// 0..=1.
        confidence: f32,
    },
    /// What the dialogue made of it.
    Understood {
        /// When.
        at_ms: u64,
        /// The slot that was asked.
        slot: String,
        /// Its value; `None` when nothing could be made of it.
        value: Option<String>,
    },
}

impl Said {
    /// When, in milliseconds since the server answered.
    pub fn at_ms(&self) -> u64 {
        match self {
            Said::Bot { at_ms, .. }
            | Said::Stopped { at_ms, .. }
            | Said::Listening { at_ms, .. }
            | Said::EndOfTurn { at_ms }
            | Said::Heard { at_ms, .. }
            | Said::Understood { at_ms, .. } => *at_ms,
        }
    }
}

/// The parts of a journal line that hold words; other lines have none of them.
#[derive(Deserialize)]
struct Line {
    t: CallTime,
    #[serde(rename = "in")]
    input: Option<Input>,
    #[serde(rename = "out")]
    output: Option<Output>,
}

/// Follows a journal while it grows. Never waits: what is not there yet comes with a later poll.
pub struct JournalTail {
    folder: PathBuf,
    keys: Option<Keys>,
    file: Option<Source>,
    unfinished: Vec<u8>,
}

enum Source {
    Plain(File),
    Sealed(Box<Unsealer<File>>),
}

impl JournalTail {
    /// Follows the journal in a call's `folder`, which need not be there yet; a sealed one needs
    /// `keys`.
    pub fn new(folder: PathBuf, keys: Option<Keys>) -> JournalTail {
        JournalTail { folder, keys, file: None, unfinished: Vec::new() }
    }

    /// True when there is a journal.
    pub fn is_there(&self) -> bool {
        self.file.is_some()
    }

    /// Appends what has been written since the last poll.
    pub fn poll(&mut self, said: &mut Vec<Said>) {
        if self.file.is_none() {
            self.file = self.open();
        }
        // An error here leaves the call without words, which the conversation shows.
        match &mut self.file {
            None => return,
            Some(Source::Plain(file)) => {
                let _ = file.take(READ_BYTES_MAX).read_to_end(&mut self.unfinished);
            }
            Some(Source::Sealed(file)) => {
                while let Ok(Some(mut lines)) = file.next_so_far() {
                    self.unfinished.append(&mut lines);
                }
            }
        }
        let Some(end) = self.unfinished.iter().rposition(|&b| b == b'\n') else { return };
        for line in self.unfinished[..end].split(|&b| b == b'\n') {
            if let Ok(line) = serde_json::from_slice::<Line>(line) {
                said.extend(line.said());
            }
        }
        self.unfinished.drain(..=end);
    }

    fn open(&self) -> Option<Source> {
        let (path, is_sealed) = seal::find(&self.folder, JOURNAL_FILE);
        if !is_sealed {
            return File::open(path).ok().map(Source::Plain);
        }
        let call = seal::call_of(&self.folder);
        let name = Name { call: &call, file: JOURNAL_FILE };
        let file = Unsealer::follow(&path, self.keys.as_ref(), name).ok()?;
        Some(Source::Sealed(Box::new(file)))
    }
}

impl Line {
    fn said(self) -> Option<Said> {
        let at_ms = self.t.as_ms();
        match (self.input, self.output) {
            (Some(Input::Final { transcript, .. }), _) => Some(Said::Heard {
                at_ms,
                text: transcript.text,
                confidence: transcript.confidence,
            }),
            (_, Some(Output::Play { play, sounds })) => {
                let text = words_of(&sounds);
                (!text.is_empty()).then_some(Said::Bot { play, at_ms, text })
            }
            (_, Some(Output::Recognize { context, .. })) => {
                Some(Said::Listening { at_ms, expectation: context.expectation })
            }
            (_, Some(Output::EndOfSpeech { .. })) => Some(Said::EndOfTurn { at_ms }),
            (_, Some(Output::StopPlaying { play })) => Some(Said::Stopped { play, at_ms }),
            (_, Some(Output::Note(Note::Understood { slot, value, .. }))) => {
                Some(Said::Understood { at_ms, slot, value: Some(value) })
            }
            (_, Some(Output::Note(Note::NotUnderstood { slot }))) => {
                Some(Said::Understood { at_ms, slot, value: None })
            }
            _ => None,
        }
    }
}

fn words_of(sounds: &[Sound]) -> String {
    let words = sounds.iter().filter_map(|sound| match sound {
        Sound::Prompt { text, .. } => Some(text.trim()),
        Sound::Tone { .. } => Some("(tone)"),
        Sound::Silence { .. } => None,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::TurnId;
    use crate::speech::Transcript;
    use std::io::Write;

    fn line(t: u64, key: &str, value: impl serde::Serialize) -> String {
        format!("{{\"t\":{t},\"{key}\":{}}}\n", serde_json::to_string(&value).expect("json"))
    }

    #[test]
    fn a_growing_journal_gives_each_word_once() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join(JOURNAL_FILE);
        let mut tail = JournalTail::new(dir.path().into(), None);
        let mut said = Vec::new();
        tail.poll(&mut said);
        assert!(!tail.is_there() && said.is_empty());

        let prompt = |text: &str| Sound::Prompt {
            name: "p".into(),
            language: "en".into(),
            text: text.into(),
        };
        let sounds = vec![prompt("Hello. "), Sound::Silence { ms: 300 }, prompt("Your name?")];
        let play = line(40, "out", Output::Play { play: PlayId(1), sounds });
        let transcript = Transcript::plain("mary", 0.5);
        let heard = line(90, "in", Input::Final { turn: TurnId(1), transcript });
        let lost = Note::NotUnderstood { slot: "name".into() };
        let lost = line(91, "out", Output::Note(lost));
        let stop = line(95, "out", Output::StopPlaying { play: PlayId(1) });
        let head =
            "{\"spillway_journal\":1}\n{\"t\":0,\"in\":\"answered\"}\n{\"t\":0,\"audio\":50}\n";
        let whole = format!("{head}{play}{heard}{lost}{stop}");

        // In two writes, the first of which ends in the middle of a line.
        let mut file = File::create(&path).expect("file");
        let cut = head.len() + play.len() + 10;
        file.write_all(&whole.as_bytes()[..cut]).expect("write");
        tail.poll(&mut said);
        let hello = Said::Bot { play: PlayId(1), at_ms: 40, text: "Hello. Your name?".into() };
        assert_eq!(said, [hello]);
        assert!(tail.is_there());
        said.clear();
        file.write_all(&whole.as_bytes()[cut..]).expect("write");
        tail.poll(&mut said);
        tail.poll(&mut said);
        let want = [
            Said::Heard { at_ms: 90, text: "mary".into(), confidence: 0.5 },
            Said::Understood { at_ms: 91, slot: "name".into(), value: None },
            Said::Stopped { play: PlayId(1), at_ms: 95 },
        ];
        assert_eq!(said, want);
        let times: Vec<_> = said.iter().map(Said::at_ms).collect();
        assert_eq!(times, [90, 91, 95]);
    }

    #[test]
    fn a_sealed_journal_is_followed_with_its_key() {
        let dir = tempfile::tempdir().expect("dir");
        let folder = dir.path().join("a");
        std::fs::create_dir(&folder).expect("a call's folder");
        let (keys, call) = (seal::tests::keys(1), seal::call_of(&folder));
        let name = Name { call: &call, file: JOURNAL_FILE };
        let head = "{\"spillway_journal\":1}\n".to_string();
        let stop = line(95, "out", Output::StopPlaying { play: PlayId(1) });
        let parts = [head.into_bytes(), stop.into_bytes()];
        let sealed = seal::tests::seal(&keys, name, 0, &parts);
        let path = seal::sealed_path(&folder, JOURNAL_FILE);
        // The end is not there yet, and the last line only half.
        std::fs::write(&path, &sealed[..sealed.len() - 30]).expect("written");
        let poll = |tail: &mut JournalTail| {
            let mut said = Vec::new();
            tail.poll(&mut said);
            said
        };
        let mut tail = JournalTail::new(folder.clone(), Some(keys));
        assert_eq!(poll(&mut tail), []);
        assert!(tail.is_there());
        std::fs::write(&path, &sealed).expect("written");
        assert_eq!(poll(&mut tail), [Said::Stopped { play: PlayId(1), at_ms: 95 }]);
        let mut keyless = JournalTail::new(folder, None);
        assert_eq!(poll(&mut keyless), []);
        assert!(!keyless.is_there());
    }
}
