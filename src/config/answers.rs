//! What a hotline's operators may tell callers: approved answers, and scripts to read out.

use super::{Config, ConfigError, Finding};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Answers of one hotline.
const ANSWERS_MAX: usize = 1_000;
/// Characters of an answer's text.
const TEXT_CHARS_MAX: usize = 4_000;
/// Characters of its title and of each step.
const LINE_CHARS_MAX: usize = 300;
/// Steps of a script, and words that lead to an answer.
const LINES_MAX: usize = 20;

/// One approved answer, or one script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Its name, unique in the file: letters, digits and hyphens.
    #[schema(example = "food-today")]
    pub id: String,
    /// The question as callers put it, or the script's occasion.
    pub title: String,
    /// What may be told; empty for a script that has its steps only.
    #[serde(default)]
    pub text: String,
    /// What is read to the caller or asked, step by step.
    #[serde(default)]
    pub steps: Vec<String>,
    /// Categories of need it is for; empty: all.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Dispositions that it leads to; empty: any.
    #[serde(default)]
    pub dispositions: Vec<String>,
    /// Other words by which it is looked for.
    #[serde(default)]
    pub words: Vec<String>,
    /// Who approved it, and when.
    #[serde(default)]
    pub approved: String,
}

/// `prompts/answers/<hotline>.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerFile {
    #[serde(default)]
    answers: Vec<Answer>,
}

/// Where the answers of hotline `name` are, if it has any.
pub(super) fn answers_file(config: &Config, name: &str) -> PathBuf {
    config.prompts_dir.join("answers").join(format!("{name}.toml"))
}

/// Reads the answers of hotline `name` and checks them; a hotline without a file has none.
pub fn load_answers(config: &Config, name: &str) -> Result<Vec<Answer>, ConfigError> {
    let path = answers_file(config, name);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(e) => return Err(ConfigError::Unreadable { file: path, reason: e.to_string() }),
    };
    let read: Result<AnswerFile, _> = toml::from_str(&text);
    let malformed = |e: toml::de::Error| {
        let reason = e.to_string();
        ConfigError::Malformed { file: path.clone(), reason }
    };
    let answers = read.map_err(malformed)?.answers;
    let problems = problems(&answers, &path);
    if !problems.is_empty() {
        return Err(ConfigError::Problems { file: path, problems });
    }
    Ok(answers)
}

fn problems(answers: &[Answer], path: &Path) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut check = |ok: bool, key: String, problem: String| {
        if !ok {
            found.push(Finding { file: path.into(), key, problem });
        }
    };
    let count = answers.len();
    let few = format!("has {count}; keep at most {ANSWERS_MAX}, so that they are found at once");
    check(count <= ANSWERS_MAX, "answers".into(), few);
    let mut ids = BTreeSet::new();
    let id = |id: &str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let is_line = |line: &String| {
        (1..=LINE_CHARS_MAX).contains(&line.trim().chars().count()) && !line.contains('\0')
    };
    for answer in answers {
        let key = |key: &str| format!("answers.{key}");
        let problem = |what: &str| format!("\"{}\" {what}", answer.id);
        let name = "is no name of 1 to 64 letters, digits and hyphens";
        check(id(&answer.id), key("id"), problem(name));
        let twice = problem("is there twice; give each answer a name of its own");
        check(ids.insert(&answer.id), key("id"), twice);
        let title = "needs a title of 1 to 300 characters";
        check(is_line(&answer.title), key("title"), problem(title));
        let says = !answer.text.trim().is_empty() || !answer.steps.is_empty();
        check(says, key("text"), problem("says nothing; give it a text or steps"));
        let short = answer.text.chars().count() <= TEXT_CHARS_MAX && !answer.text.contains('\0');
        check(short, key("text"), problem("is longer than 4000 characters; say it in fewer"));
        for (name, lines) in [("steps", &answer.steps), ("words", &answer.words)] {
            let fine = lines.len() <= LINES_MAX && lines.iter().all(is_line);
            check(fine, key(name), problem("has more than 20, or one not of 1 to 300 characters"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(text: &str) -> Result<Vec<Answer>, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("answers")).unwrap();
        std::fs::write(dir.path().join("answers/mine.toml"), text).unwrap();
        let config = Config { prompts_dir: dir.path().into(), ..Config::default() };
        load_answers(&config, "mine")
    }

    #[test]
    fn what_is_wrong_is_told_with_its_key() {
        let check = |text: &str, want: &str| {
            let told = loaded(text).unwrap_err().to_string();
            assert!(told.contains("mine.toml") && told.contains(want), "{text}: {told}");
        };
        let one = "[[answers]]\nid = 'a'\ntitle = 'A'\n";
        check("[[answers]]\nid = 'a'", "title");
        check(&format!("{one}colour = 'red'"), "colour");
        check(one, "answers.text: \"a\" says nothing");
        check(&format!("{one}text = 'x'\n{one}text = 'y'"), "answers.id: \"a\" is there twice");
        check("[[answers]]\nid = 'a b'\ntitle = 'A'\ntext = 'x'", "answers.id: \"a b\" is no name");
        check(&format!("{one}steps = ['']"), "answers.steps");
        check("answers = 3", "line 1");
        let many: String = (0..=ANSWERS_MAX)
            .map(|n| format!("[[answers]]\nid = 'a{n}'\ntitle = 'A'\ntext = 'x'\n"))
            .collect();
        check(&many, "has 1001; keep at most 1000");
    }

    #[test]
    fn no_file_is_no_answer() {
        let config = Config { prompts_dir: "no-prompts".into(), ..Config::default() };
        assert_eq!(load_answers(&config, "mine").unwrap(), vec![]);
        assert_eq!(loaded("").unwrap(), vec![]);
    }

    #[test]
    fn the_answers_we_ship_are_good_and_fit_their_hotlines() {
        let prompts_dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
        let config = Config { prompts_dir, ..Config::default() };
        for name in ["demo-en", "demo-vi"] {
            let answers = load_answers(&config, name).unwrap();
            assert!(answers.len() >= 12, "{name}");
            let file = super::super::hotline::hotline_file(&config, name).unwrap();
            for answer in answers {
                assert!(answer.needs.iter().all(|n| file.needs.contains(n)), "{}", answer.id);
                let known = &file.callback.dispositions;
                assert!(answer.dispositions.iter().all(|d| known.contains(d)), "{}", answer.id);
            }
        }
    }
}
