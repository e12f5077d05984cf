//! Scenarios made by chance from a seed: callers of many names, places, needs and manners, and
//! what is true of each call.
//!
//! A generated caller answers what is asked: every turn but the last is bound to a prompt
//! (`only_if_asked`), so the call goes on whatever the bot makes of the words. They agree to what
//! is read back right, deny what is not and say it again, leave a slot to the operator in the end.

mod asked;
mod course;
mod document;
mod manner;
mod person;

pub use manner::{Clip, Clips, Manner};

use crate::dialogue::Hotline;
use course::{Course, Setting};
use person::People;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::path::{Path, PathBuf};

/// A need longer than this is a story.
const NEED_WORDS_MAX: usize = 14;

/// Why no scenarios can be made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// How callers speak cannot be read.
    #[error("{}: {reason}", file.display())]
    Manner {
        /// The file.
        file: PathBuf,
        /// Why; line and key where it is the file's.
        reason: String,
    },
    /// Names and places come from the gazetteer.
    #[error(
        "hotline {hotline}: the gazetteer of {country} is not installed; run: spillway models pull \
         gazetteer-{country}"
    )]
    NoGazetteer {
        /// The hotline.
        hotline: String,
        /// ISO 3166-1, lower case.
        country: String,
    },
}

/// What somebody may need, in their words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Need {
    category: String,
    text: String,
}

/// How much callers speak, and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Habits {
    /// Recorded sentences in which a need is told.
    pub sentences: usize,
    /// 0..=1: of how many questions callers do not listen to the end.
    pub hasty: f64,
}

impl Default for Habits {
    fn default() -> Habits {
        Habits { sentences: 1, hasty: 0.12 }
    }
}

/// Makes scenarios for one hotline.
pub struct Generator<'h> {
    setting: Setting<'h>,
}

/// What callers of a hotline do and say.
#[derive(Debug)]
pub struct Callers {
    manner: Manner,
    clips: Clips,
    needs: Vec<Need>,
    voices: Vec<String>,
}

impl Callers {
    /// Callers of `language` as `prompts_dir` tells of them, with recorded answers out of `clips`;
    /// `voices` speak beside those of the language's file.
    pub fn load(
        prompts_dir: &Path,
        language: &str,
        clips: Clips,
        voices: Vec<String>,
    ) -> Result<Callers, GenerateError> {
        let manner = Manner::load(prompts_dir, language)?;
        let file = prompts_dir.join("languages").join(language).join("needs.tsv");
        let needs = std::fs::read_to_string(&file)
            .map_err(|e| GenerateError::Manner { file, reason: e.to_string() })?;
        let voices = voices.into_iter().chain(manner.voices.iter().cloned()).collect();
        Ok(Callers { needs: needs_of(&needs), manner, clips, voices })
    }
}

fn needs_of(table: &str) -> Vec<Need> {
    let rows = table.lines().skip(1).filter_map(|line| line.split_once('\t'));
    let short = rows.filter(|(_, text)| text.split_whitespace().count() <= NEED_WORDS_MAX);
    short.map(|(category, text)| Need { category: category.into(), text: text.into() }).collect()
}

impl<'h> Generator<'h> {
    /// For calls to `hotline`.
    pub fn new(hotline: &'h Hotline, callers: &'h Callers) -> Result<Generator<'h>, GenerateError> {
        let Callers { manner, clips, needs, voices } = callers;
        let people = People::new(hotline, manner).ok_or_else(|| GenerateError::NoGazetteer {
            hotline: hotline.name.clone(),
            country: hotline.file.country.to_lowercase(),
        })?;
        let habits = Habits::default();
        let setting = Setting { hotline, manner, clips, needs, people, voices, habits };
        Ok(Generator { setting })
    }

    /// For callers of these habits.
    pub fn with(mut self, habits: Habits) -> Generator<'h> {
        self.setting.habits = habits;
        self
    }

    /// The text of scenario `number` of `seed`: the same whenever hotline, callers, clips and
    /// voices are.
    pub fn scenario(&self, seed: u64, number: u64) -> String {
        // Two rounds of chance part the numbers of one seed from those of the next.
        let mut of_seed = StdRng::seed_from_u64(seed);
        let rng = StdRng::seed_from_u64(of_seed.random::<u64>() ^ number);
        let document = Course::new(&self.setting, rng).written();
        // Strings, numbers and tables of them: there is nothing TOML cannot say.
        toml::to_string(&document).unwrap_or_default()
    }
}

/// One of `list`; `None` of an empty one.
fn one_of<'l>(list: &'l [String], rng: &mut StdRng) -> Option<&'l str> {
    let count = list.len();
    (count > 0).then(|| list[rng.random_range(0..count)].as_str())
}

/// `template` with `blanks` filled in; the first of a name counts.
fn filled(template: &str, blanks: &[(&str, &str)]) -> String {
    let fill =
        |text: String, (name, value): &(&str, &str)| text.replace(&format!("{{{name}}}"), value);
    blanks.iter().fold(template.to_owned(), fill)
}
