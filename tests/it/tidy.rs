//! The house rules that a machine can check: layering, the core's purity, sizes, paths, prompts.
//!
//! Each rule is one test that lists every violation with file and line.

mod tokens;

use spillway::caller::Scenario;
use spillway::config::{Config, load_hotline};
use spillway::dialogue::PROMPTS;
use spillway::language::Words;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use tokens::{Code, CodePath};

/// Longest line, in characters.
const COLUMNS_MAX: usize = 100;
/// Longest function, `fn` and closing brace included.
const FUNCTION_LINES_MAX: usize = 70;
/// Longest file.
const FILE_LINES_MAX: usize = 600;
/// The last module of the core in `src/lib.rs`.
const CORE_ENDS_WITH: &str = "call";
/// The only queue whose bound is counted by hand (`src/store/writer.rs` says how), and one that
/// the SIP library wants and nobody sends to.
const UNBOUNDED: &[&str] = &["src/store/writer.rs", "src/sip/wire.rs"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file git knows of or would take in, with its text; binary files are left out.
fn files() -> Vec<(String, String)> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(list).current_dir(root()).output();
    let listed = match output {
        Ok(output) if output.status.success() => output.stdout,
        _ => {
            eprintln!("SKIPPED in part: no git here, so only src/, tests/ and prompts/ are read");
            walked().join("\0").into_bytes()
        }
    };
    let names: BTreeSet<String> =
        String::from_utf8(listed).expect("names").split('\0').map(str::to_string).collect();
    let files: Vec<(String, String)> = names
        .into_iter()
        .filter_map(|name| Some((std::fs::read_to_string(root().join(&name)).ok()?, name)))
        .map(|(text, name)| (name, text))
        .collect();
    assert!(files.len() > 100, "only {} files found: the rules would check nothing", files.len());
    files
}

fn walked() -> Vec<String> {
    let mut found = Vec::new();
    let mut dirs: Vec<PathBuf> = ["src", "tests", "prompts"].map(PathBuf::from).into();
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(root().join(&dir)).expect("a directory of ours").flatten() {
            let path = dir.join(entry.file_name());
            if entry.path().is_dir() {
                dirs.push(path);
            } else {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found
}

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    Path::new(name).extension().is_some_and(|e| extensions.iter().any(|x| e == *x))
}

/// A source file of the library or the program.
struct Source {
    name: String,
    /// Below the crate, outermost first; empty for `lib.rs` and `main.rs`.
    module: Vec<String>,
    code: Code,
}

impl Source {
    /// Its room: the outermost module.
    fn room(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }

    fn at(&self, path: &CodePath) -> String {
        format!("{}:{}: {}", self.name, path.line, path.parts.join("::"))
    }

    /// A file that is nothing but tests.
    fn is_test(&self) -> bool {
        self.module.last().is_some_and(|m| m.ends_with("tests"))
    }
}

fn sources() -> Vec<Source> {
    let rust = |name: &String| name.starts_with("src/") && has_extension(name, &["rs"]);
    files()
        .into_iter()
        .filter(|(name, _)| rust(name))
        .map(|(name, text)| {
            let stem = name["src/".len()..name.len() - ".rs".len()].to_string();
            let module: Vec<String> = stem
                .split('/')
                .filter(|part| !["lib", "main", "mod"].contains(part))
                .map(str::to_string)
                .collect();
            let code = tokens::read(&text, &module);
            Source { name, module, code }
        })
        .collect()
}

/// The modules of `src/lib.rs`, in its order.
fn rooms() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs");
    let named = |line: &str| Some(line.strip_prefix("pub mod ")?.strip_suffix(';')?.to_string());
    let rooms: Vec<String> = text.lines().filter_map(named).collect();
    assert!(rooms.iter().any(|r| r == CORE_ENDS_WITH), "no modules found in src/lib.rs");
    rooms
}

/// The rooms of the core, in order.
fn core() -> Vec<String> {
    let rooms = rooms();
    let end = rooms.iter().position(|r| r == CORE_ENDS_WITH).expect("checked by rooms()");
    rooms[..=end].to_vec()
}

fn none(rule: &str, violations: Vec<String>) {
    assert!(violations.is_empty(), "{rule}:\n  {}", violations.join("\n  "));
}

#[test]
fn a_module_uses_only_modules_above_it() {
    let rooms = rooms();
    let rank = |room: &str| rooms.iter().position(|r| r == room);
    let mut violations = Vec::new();
    for source in sources() {
        let room = source.room();
        if room.is_empty() || room == "command" {
            continue;
        }
        let Some(own) = rank(room) else {
            violations.push(format!("{}: {room} is not in src/lib.rs", source.name));
            continue;
        };
        let (code, tests) = (&source.code.paths, &source.code.test_paths);
        // A `crate` alone is a visibility.
        let inside = |p: &&CodePath| p.parts[0] == "crate" && p.parts.len() > 1;
        for path in code.iter().chain(tests).filter(inside) {
            let used = rank(&path.parts[1]);
            if used.is_none_or(|used| used > own) {
                violations.push(source.at(path));
            }
        }
    }
    none("uses a module that is not above its own in src/lib.rs", violations);
}

#[test]
fn the_core_has_no_io_no_clock_no_chance_and_no_async() {
    let refused =
        ["tokio", "rand", "async", "await", "Instant", "SystemTime", "HashMap", "HashSet"];
    let modules = ["fs", "net", "io", "env", "process", "thread", "sync::mpsc"];
    let core = core();
    let mut violations = Vec::new();
    for source in sources().iter().filter(|s| core.iter().any(|r| r == s.room())) {
        if source.is_test() {
            continue;
        }
        let bad = |path: &&CodePath| {
            refused.iter().any(|name| path.names(name))
                || modules.iter().any(|m| path.begins(&format!("std::{m}")))
        };
        violations.extend(source.code.paths.iter().filter(bad).map(|p| source.at(p)));
    }
    none("belongs in the shell, not in the core", violations);
}

#[test]
fn nothing_sleeps_and_queues_are_bounded() {
    let mut violations = Vec::new();
    for source in sources() {
        let may_be_endless = source.is_test() || UNBOUNDED.contains(&source.name.as_str());
        let sleeps = |p: &CodePath| ["sleep", "sleep_until", "sleep_ms"].iter().any(|s| p.names(s));
        let endless = |p: &CodePath| {
            !may_be_endless
                && (p.names("unbounded_channel") || p.begins("std::sync::mpsc::channel"))
        };
        let (code, tests) = (&source.code.paths, &source.code.test_paths);
        let asleep = code.iter().chain(tests).filter(|p| sleeps(p));
        violations.extend(asleep.chain(code.iter().filter(|p| endless(p))).map(|p| source.at(p)));
    }
    none("use a timer, a notification, or a bounded queue instead", violations);
}

#[test]
fn unsafe_stays_with_the_foreign_libraries() {
    let allowed =
        |name: &str| name.starts_with("src/engine/") || name == "src/speech/voice_activity.rs";
    let mut violations = Vec::new();
    for source in sources().iter().filter(|s| !allowed(&s.name)) {
        let paths = source.code.paths.iter().chain(&source.code.test_paths);
        violations.extend(paths.filter(|p| p.names("unsafe")).map(|p| source.at(p)));
    }
    none("`unsafe` belongs in src/engine/ (and in src/speech/voice_activity.rs)", violations);
}

#[test]
fn nothing_is_left_undone() {
    let macros = ["todo", "unimplemented", "dbg"];
    let mut violations = Vec::new();
    for source in sources() {
        let bad = |p: &&CodePath| macros.iter().any(|m| p.parts == [*m]);
        violations.extend(source.code.paths.iter().filter(bad).map(|p| source.at(p)));
    }
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX:")];
    for (name, text) in files() {
        let marked = text.lines().enumerate().filter(|(_, l)| marks.iter().any(|m| l.contains(m)));
        violations.extend(marked.map(|(i, line)| format!("{name}:{}: {}", i + 1, line.trim())));
    }
    none("not finished", violations);
}

#[test]
fn lines_functions_and_files_are_short() {
    let mut violations = Vec::new();
    for (name, text) in files() {
        if !has_extension(&name, &["rs", "sh", "py"]) && name != "Makefile" {
            continue;
        }
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            violations.push(format!("{name}: {lines} lines, at most {FILE_LINES_MAX}"));
        }
        for (i, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            if columns > COLUMNS_MAX {
                violations.push(format!("{name}:{}: {columns} columns", i + 1));
            }
        }
        if has_extension(&name, &["rs"]) {
            let code = tokens::read(&text, &[]);
            for function in code.functions.iter().filter(|f| f.lines > FUNCTION_LINES_MAX) {
                let tokens::Function { name: function, line, lines } = function;
                violations.push(format!("{name}:{line}: fn {function} has {lines} lines"));
            }
        }
    }
    none("too long", violations);
}

#[test]
fn every_file_says_what_it_is() {
    let rust = files().into_iter().filter(|(name, _)| has_extension(name, &["rs"]));
    let silent = rust.filter(|(_, text)| !text.starts_with("//! ")).map(|(name, _)| name);
    none("needs a `//!` line first", silent.collect());
}

#[test]
fn no_path_of_one_machine_is_written_down() {
    let places = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
    let mut violations = Vec::new();
    for (name, text) in files() {
        let lines = text.lines().enumerate();
        let bad = lines.filter(|(_, line)| places.iter().any(|place| line.contains(place)));
        violations.extend(bad.map(|(i, line)| format!("{name}:{}: {}", i + 1, line.trim())));
    }
    none("a path of one machine", violations);
}

/// The names of the files in `dir` of `prompts/`, without their extension.
fn prompt_files(dir: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join("prompts").join(dir)).expect("in prompts/");
    let stem = |e: std::fs::DirEntry| Some(e.path().file_stem()?.to_str()?.to_string());
    let names: Vec<String> = entries.flatten().filter_map(stem).collect();
    assert!(!names.is_empty(), "prompts/{dir} is empty");
    names
}

#[test]
fn every_prompt_pack_hotline_and_scenario_is_complete() {
    let prompts = root().join("prompts");
    let mut violations = Vec::new();
    for language in prompt_files("languages") {
        let dir = prompts.join("languages").join(&language);
        let text = |file: &str| std::fs::read_to_string(dir.join(file)).unwrap_or_default();
        match toml::from_str::<BTreeMap<String, String>>(&text("prompts.toml")) {
            Ok(texts) => {
                let missing = PROMPTS.iter().filter(|(name, _)| !texts.contains_key(*name));
                violations.extend(missing.map(|(name, _)| format!("{language}: no {name}")));
                let empty = texts.iter().filter(|(_, text)| text.trim().is_empty());
                violations.extend(empty.map(|(name, _)| format!("{language}: {name} is empty")));
            }
            Err(e) => violations.push(format!("{language}/prompts.toml: {e}")),
        }
        if let Err(e) = toml::from_str::<Words>(&text("words.toml")) {
            violations.push(format!("{language}/words.toml: {e}"));
        }
    }
    let hotlines = prompt_files("hotlines");
    let config = Config { prompts_dir: prompts.clone(), ..Config::default() };
    let load = |name: &String| load_hotline(&config, name, "2026-01-01");
    let bad = hotlines.iter().filter_map(|name| load(name).err());
    violations.extend(bad.map(|e| e.to_string()));
    for name in prompt_files("scenarios") {
        let file = prompts.join("scenarios").join(format!("{name}.toml"));
        violations.extend(Scenario::load(&file).err().map(|e| e.to_string()));
    }
    none("cannot be used", violations);
}

#[test]
fn the_example_configuration_names_every_default() {
    let example = root().join("spillway.example.toml");
    let mut read = Config::load(Some(&example)).unwrap_or_else(|e| panic!("{e}"));
    for dir in [&mut read.data_dir, &mut read.models_dir, &mut read.prompts_dir] {
        *dir = dir.strip_prefix(root()).expect("relative to the file").to_path_buf();
    }
    assert_eq!(read, Config::default());
}
