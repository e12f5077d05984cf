//! A journal's inputs once more, and whether the outputs are the same.

use super::score::{Step, align};
use crate::audio::FRAME_MS;

use crate::call::{Call, Input, Output, Sound};
use crate::journal::{Encoder, Entry, Header, JOURNAL_FILE, JournalError, Reader};
use crate::seal::SEALED;
use crate::time::CallTime;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};

/// Lines shown before the first difference.
const CONTEXT_LINES: usize = 6;

/// What can be replayed: a `Call`, or a test's toy.
pub trait Replayable {
    /// One input; infallible.
    fn handle(&mut self, now: CallTime, input: Input);
    /// One output; called until it gives [`Output::Timeout`].
    fn poll(&mut self) -> Output;
}

impl Replayable for Call {
    fn handle(&mut self, now: CallTime, input: Input) {
        Call::handle(self, now, input);
    }

    fn poll(&mut self) -> Output {
        Call::poll(self)
    }
}

impl<C: Replayable + ?Sized> Replayable for Box<C> {
    fn handle(&mut self, now: CallTime, input: Input) {
        (**self).handle(now, input);
    }

    fn poll(&mut self) -> Output {
        (**self).poll()
    }
}

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The same outputs, each at its time.
    Same {
        /// Frames of the caller's sound.
        frames: u64,
        /// Other inputs.
        inputs: u64,
        /// Outputs compared.
        outputs: u64,
    },
    /// Something else came out.
    Diverged(Box<Divergence>),
    /// The journal does not hold all that the call was decided from.
    NotReplayable {
        /// Why.
        reason: String,
    },
}

/// A text that is another now, where everything else is the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Difference {
    /// The prompt's name.
    pub prompt: String,
    /// Its text in the journal.
    pub expected: String,
    /// Its text now.
    pub got: String,
}

impl Difference {
    /// The prompt and the words that were changed: the same for each value that is read in it.
    pub fn change(&self) -> String {
        let words = |text: &str| text.split_whitespace().map(String::from).collect::<Vec<_>>();
        let (then, now) = (words(&self.expected), words(&self.got));
        let edits = align(&then, &now).into_iter().filter_map(|step| match step {
            Step::Right(..) => None,
            Step::Substituted(i, j) => Some(format!("[-{}-]{{+{}+}}", then[i], now[j])),
            Step::Deleted(i) => Some(format!("[-{}-]", then[i])),
            Step::Inserted(j) => Some(format!("{{+{}+}}", now[j])),
        });
        format!("prompt {}: {}", self.prompt, edits.collect::<Vec<_>>().join(" "))
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = |text: &str| text.split_whitespace().map(String::from).collect::<Vec<_>>();
        let (then, now) = (words(&self.expected), words(&self.got));
        let steps = align(&then, &now);
        write!(f, "prompt {}:", self.prompt)?;
        for step in steps {
            match step {
                Step::Right(i, _) => write!(f, " {}", then[i])?,
                Step::Substituted(i, j) => write!(f, " [-{}-]{{+{}+}}", then[i], now[j])?,
                Step::Deleted(i) => write!(f, " [-{}-]", then[i])?,
                Step::Inserted(j) => write!(f, " {{+{}+}}", now[j])?,
            }
        }
        Ok(())
    }
}

/// Differences of one call that are told of, by text.
const DIFFERENCES_MAX: usize = 100;

/// The first difference; all lines are the journal's own JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Divergence {
    /// Milliseconds since answer.
    pub at_ms: CallTime,
    /// The last lines that were the same, oldest first.
    pub before: Vec<String>,
    /// What the journal has; `None` when it has no further output here.
    pub expected: Option<String>,
    /// What came out; `None` when nothing more did.
    pub got: Option<String>,
    /// The prompts whose texts differ and how often they were played, up to where the call went
    /// another way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<(Difference, u32)>,
    /// To the end of the call nothing differs but these texts.
    #[serde(default)]
    pub only_words: bool,
}

impl std::fmt::Display for Divergence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "first difference {:.3} s after answer", self.at_ms.0 as f64 / 1e3)?;
        for line in &self.before {
            writeln!(f, "            {line}")?;
        }
        let nothing = "(no output here)";
        writeln!(f, "- expected  {}", self.expected.as_deref().unwrap_or(nothing))?;
        write!(f, "+ got       {}", self.got.as_deref().unwrap_or(nothing))?;
        for (difference, times) in &self.words {
            write!(f, "\n  {difference} ({times} times)")?;
        }
        if self.only_words {
            write!(f, "\n  and nothing else to the end of the call")?;
        }
        Ok(())
    }
}

/// All journals at or below `path`, in the order of their names.
pub fn journals_in(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        // Asked for by name: whether it is there shows when it is opened.
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            // A link could lead in a circle: `file_type` does not follow it.
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && is_journal(&entry.file_name().to_string_lossy()) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_journal(name: &str) -> bool {
    name.strip_suffix(SEALED).unwrap_or(name) == JOURNAL_FILE
}

/// Feeds the journal's inputs to the call that `make` builds from its header, at their times, and
/// compares each output with the journal's. Stops at the first difference. An error means that the
/// journal or its recording cannot be read.
pub fn replay_journal<C: Replayable, E>(
    reader: Reader,
    make: impl FnOnce(&Header) -> Result<C, E>,
) -> Result<Result<Outcome, E>, JournalError> {
    if !reader.has_sound() {
        let reason = "there is no recording (the caller declined it, or it was removed), and \
                      the call was decided from its sound";
        return Ok(Ok(Outcome::NotReplayable { reason: reason.into() }));
    }
    match make(reader.header()) {
        Ok(call) => Run::new(call).all(reader).map(Ok),
        Err(e) => Ok(Err(e)),
    }
}

/// One replay under way.
struct Run<C> {
    call: C,
    now: CallTime,
    /// What came out and was not yet found in the journal.
    got: VecDeque<Output>,
    timeout: Option<Option<CallTime>>,
    before: Context,
    first: Option<Divergence>,
    words: BTreeMap<Difference, u32>,
    frames: u64,
    inputs: u64,
    outputs: u64,
}

impl<C: Replayable> Run<C> {
    fn new(call: C) -> Run<C> {
        Run {
            call,
            now: CallTime(0),
            got: VecDeque::new(),
            timeout: None,
            before: Context::default(),
            first: None,
            words: BTreeMap::new(),
            frames: 0,
            inputs: 0,
            outputs: 0,
        }
    }

    fn all(mut self, mut reader: Reader) -> Result<Outcome, JournalError> {
        for record in &mut reader {
            let record = record?;
            match record.entry {
                Entry::Out(expected) => {
                    self.outputs += 1;
                    let got = self.got.pop_front();
                    if got.as_ref() != Some(&expected) {
                        let words = got.as_ref().and_then(|got| in_words(&expected, got));
                        let found = self.diverged(record.at, Some(expected), got);
                        match words {
                            Some(words) => self.differs(found, words),
                            None => return Ok(self.gone(Some(found), false)),
                        }
                        continue;
                    }
                    self.before.output(record.at, &expected);
                }
                Entry::In(input) => {
                    if let Some(got) = self.got.pop_front() {
                        let found = self.diverged(self.now, None, Some(got));
                        return Ok(self.gone(Some(found), false));
                    }
                    self.before.input(record.at, &input);
                    self.step(record.at, input);
                }
                Entry::Lost(lost) => {
                    let at = record.at.0 as f64 / 1e3;
                    let (frames, records) = (lost.frames, lost.records);
                    let reason = format!(
                        "same up to {at:.3} s, where the disk was too slow and {frames} frames \
                         and {records} lines were lost"
                    );
                    return Ok(Outcome::NotReplayable { reason });
                }
            }
        }
        // A process that died may have had no time to write the last input's outputs.
        let whole = matches!(reader.ending(), Some((_, crate::journal::Ending::Hangup(_))));
        let found = self.got.pop_front().filter(|_| whole);
        let found = found.map(|got| self.diverged(self.now, None, Some(got)));
        let only_words = found.is_none();
        Ok(self.gone(found, only_words))
    }

    /// Texts differ, and the call goes on.
    fn differs(&mut self, found: Divergence, words: Vec<Difference>) {
        for difference in words {
            if self.words.len() < DIFFERENCES_MAX || self.words.contains_key(&difference) {
                *self.words.entry(difference).or_default() += 1;
            }
        }
        self.first.get_or_insert(found);
    }

    /// What it came to; `last` is where it went another way.
    fn gone(self, last: Option<Divergence>, only_words: bool) -> Outcome {
        let Run { first, words, frames, inputs, outputs, .. } = self;
        match first.or(last) {
            Some(found) => {
                let words = words.into_iter().collect();
                Outcome::Diverged(Box::new(Divergence { words, only_words, ..found }))
            }
            None => Outcome::Same { frames, inputs, outputs },
        }
    }

    fn step(&mut self, now: CallTime, input: Input) {
        match input {
            Input::Audio(_) => self.frames += 1,
            _ => self.inputs += 1,
        }
        self.now = now;
        self.call.handle(now, input);
        loop {
            let output = self.call.poll();
            let Output::Timeout(at) = output else {
                self.got.push_back(output);
                continue;
            };
            // As in the journal, a deadline is told of once.
            if self.timeout != Some(at) {
                self.timeout = Some(at);
                self.got.push_back(output);
            }
            return;
        }
    }

    fn diverged(
        &mut self,
        at: CallTime,
        expected: Option<Output>,
        got: Option<Output>,
    ) -> Divergence {
        let json = |output: Output| {
            let mut line = Vec::new();
            Encoder::default().output(at, &output, &mut line);
            text(&line)
        };
        Divergence {
            at_ms: at,
            before: self.before.lines(),
            expected: expected.map(json),
            got: got.map(json),
            words: Vec::new(),
            only_words: false,
        }
    }
}

/// The prompts whose texts differ, where both outputs do the same with them; of what is only made
/// ready nothing is told, because it is told when it is played. `None`: they do something else.
fn in_words(expected: &Output, got: &Output) -> Option<Vec<Difference>> {
    match (expected, got) {
        (Output::Play { play: a, sounds: then }, Output::Play { play: b, sounds: now })
            if a == b && then.len() == now.len() =>
        {
            let sounds = then.iter().zip(now).filter(|(then, now)| then != now);
            sounds.map(|(then, now)| text_of(then, now)).collect()
        }
        (Output::Prepare { sounds: then }, Output::Prepare { sounds: now })
            if then.len() == now.len() =>
        {
            let sounds = then.iter().zip(now).filter(|(then, now)| then != now);
            sounds.map(|(then, now)| text_of(then, now)).collect::<Option<Vec<_>>>()?;
            Some(Vec::new())
        }
        _ => None,
    }
}

fn text_of(then: &Sound, now: &Sound) -> Option<Difference> {
    match (then, now) {
        (
            Sound::Prompt { name, language, text },
            Sound::Prompt { name: other, language: spoken, text: got },
        ) if (name, language) == (other, spoken) => {
            let (expected, got) = (text.clone(), got.clone());
            Some(Difference { prompt: name.clone(), expected, got })
        }
        _ => None,
    }
}

/// The last lines, with runs of frames in one.
#[derive(Default)]
struct Context {
    lines: VecDeque<String>,
    run: Option<(CallTime, u64)>,
}

impl Context {
    fn input(&mut self, at: CallTime, input: &Input) {
        if let Input::Audio(_) = input {
            let (_, frames) = self.run.get_or_insert((at, 0));
            *frames += 1;
            return;
        }
        let mut line = Vec::new();
        Encoder::default().input(at, input, &mut line);
        self.push(&line);
    }

    fn output(&mut self, at: CallTime, output: &Output) {
        let mut line = Vec::new();
        Encoder::default().output(at, output, &mut line);
        self.push(&line);
    }

    fn push(&mut self, line: &[u8]) {
        self.end_run();
        self.keep(text(line));
    }

    fn end_run(&mut self) {
        if let Some((at, frames)) = self.run.take() {
            let ms = frames * FRAME_MS;
            self.keep(format!(r#"{{"t":{},"audio":{frames}}} ({ms} ms)"#, at.0));
        }
    }

    fn keep(&mut self, line: String) {
        if self.lines.len() == CONTEXT_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    fn lines(&mut self) -> Vec<String> {
        self.end_run();
        self.lines.drain(..).collect()
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end().into()
}
