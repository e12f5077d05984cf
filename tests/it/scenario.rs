//! Scenarios made by chance, and a recorded call that knows what is true of it.

use crate::support::house::{House, checkout, has_espeak};
use crate::support::server::Here;
use crate::support::skipped;
use spillway::caller::generate::{Callers, Clips, Generator};
use spillway::caller::{Act, Scenario};
use spillway::config::{Config, Overlay, load_hotline};
use spillway::dialogue::Hotline;
use spillway::engine::scripted::Scripted;
use spillway::engine::{Factory, Recognizer};
use spillway::language::gazetteer::{Draft, DraftUnit, Level};
use spillway::replay::{CallMeasures, CallTruth, Job, Mode, Runner};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A country of a few people in one town.
fn install_gazetteer(models: &Path, country: &str) {
    let mut draft = Draft::new(country);
    let place = |name: &str, level, parents: &[u32]| DraftUnit {
        name: name.into(),
        level,
        kind: String::new(),
        code: String::new(),
        parents: parents.into(),
        from: 0,
        to: 0,
        population: 0,
    };
    // The region that our Vietnamese hotline serves.
    let region = place("Hồ Chí Minh", Level::Region, &[]);
    draft.units = vec![region, place("Dover", Level::Locality, &[0])];
    let names = |names: &[&str]| names.iter().map(|n| (n.to_string(), 1)).collect();
    draft.given_names = names(&["Mary", "John", "Ann", "David"]);
    draft.family_names = names(&["Smith", "Johnson", "Miller"]);
    draft.streets = names(&["Church Street", "Oak Avenue", "Station Road"]);
    let folder = models.join(format!("gazetteer-{country}"));
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::write(folder.join("gazetteer.bin"), draft.to_bytes()).expect("written");
}

fn hotline(language: &str, country: &str) -> Arc<Hotline> {
    let models = tempfile::tempdir().expect("a folder");
    install_gazetteer(models.path(), country);
    let (prompts_dir, models_dir) = (checkout().join("prompts"), models.path().to_owned());
    let config = Config { prompts_dir, models_dir, ..Config::default() };
    let name = format!("demo-{language}");
    load_hotline(&config, &name, "2026-10-01").expect("a good hotline").hotline
}

fn callers(language: &str, clips: Clips) -> Callers {
    Callers::load(&checkout().join("prompts"), language, clips, vec![]).expect("good callers")
}

#[test]
fn a_scenario_hangs_on_its_seed_and_number_alone() {
    let hotline = hotline("en", "us");
    let callers = callers("en", Clips::default());
    let one = Generator::new(&hotline, &callers).expect("a gazetteer");
    let other = Generator::new(&hotline, &callers).expect("a gazetteer");
    let in_order: Vec<String> = (1..=8).map(|n| one.scenario(7, n)).collect();
    let back: Vec<String> = (1..=8).rev().map(|n| other.scenario(7, n)).collect();
    assert!(in_order.iter().eq(back.iter().rev()));
    let different: std::collections::BTreeSet<&String> = in_order.iter().collect();
    assert_eq!(different.len(), 8);
    assert_ne!(one.scenario(8, 1), in_order[0]);
}

#[test]
fn every_language_makes_scenarios_that_can_be_performed() {
    for (language, country) in [("en", "us"), ("vi", "vn"), ("ko", "kr"), ("ru", "ru")] {
        let hotline = hotline(language, country);
        let callers = callers(language, Clips::default());
        let generator = Generator::new(&hotline, &callers).expect("a gazetteer");
        for number in 1..=25 {
            let text = generator.scenario(3, number);
            let file = format!("{number:04}-{language}.toml");
            let scenario = Scenario::parse(Path::new(&file), &text);
            let scenario = scenario.unwrap_or_else(|e| panic!("{e}\n{text}"));
            scenario.check_calling().expect("a caller's");
            assert!(scenario.turns.len() >= 4, "{text}");
            assert!(scenario.expect.priority.is_some(), "{text}");
            let bound = |turn: &&spillway::caller::Turn| turn.only_if_asked.is_some();
            let unbound = scenario.turns.iter().filter(|turn| !bound(turn));
            assert!(unbound.clone().count() <= 1, "{text}");
            assert!(unbound.into_iter().all(|turn| turn.act == Act::HangUp), "{text}");
        }
    }
}

#[test]
fn what_is_expected_is_what_the_caller_says() {
    let hotline = hotline("en", "us");
    let callers = callers("en", Clips::default());
    let generator = Generator::new(&hotline, &callers).expect("a gazetteer");
    let mut told = 0;
    for number in 1..=40 {
        let text = generator.scenario(5, number);
        let scenario = Scenario::parse(Path::new("a.toml"), &text).expect("good");
        let spoken = scenario.turns.iter().filter_map(|turn| match &turn.act {
            Act::Say(words) => Some(words.to_lowercase()),
            _ => None,
        });
        let spoken: Vec<String> = spoken.collect();
        for slot in ["name", "need"] {
            let Some(value) = scenario.expect.slots.get(slot).and_then(|v| v.words()) else {
                continue;
            };
            let value = value.to_lowercase();
            let by_key = scenario.turns.iter().any(|turn| {
                turn.label.as_deref() == Some(slot) && matches!(turn.act, Act::Keys(_))
            });
            assert!(by_key || spoken.iter().any(|s| s.contains(&value)), "{value}: {text}");
            told += 1;
        }
    }
    assert!(told > 50, "{told}");
}

/// Prompts that tell which they are, in a word or two.
fn name_prompts(house: &House) {
    let file = house.path("prompts/languages/en/prompts.toml");
    let shipped = checkout().join("prompts/languages/en/prompts.toml");
    let texts = std::fs::read_to_string(shipped).expect("prompts");
    let texts: BTreeMap<String, String> = toml::from_str(&texts).expect("prompts");
    let blanks = |text: &str| {
        let pieces = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
        pieces.map(|(name, _)| format!(" {{{name}}}")).collect::<String>()
    };
    let short = |(name, text): (&String, &String)| {
        let value = format!("{}{}.", name.replace('_', " "), blanks(text));
        (name.clone(), value)
    };
    let short: BTreeMap<String, String> = texts.iter().map(short).collect();
    std::fs::write(file, toml::to_string(&short).expect("toml")).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_call_comes_out_as_its_truth_says() {
    if !has_espeak() {
        return skipped("espeak-ng is not installed; run: apt-get install espeak-ng");
    }
    let house = House::toned("");
    name_prompts(&house);
    install_gazetteer(&house.path("no-models"), "us");
    let callers = house.path("prompts/callers");
    std::fs::create_dir_all(&callers).expect("made");
    let manner = std::fs::read_to_string(checkout().join("prompts/callers/en.toml")).expect("en");
    // Nobody hears words here: callers press keys.
    let manner = manner.replace("synthetic_share = 1.0", "synthetic_share = 0.0");
    std::fs::write(callers.join("en.toml"), manner).expect("written");
    let clips = house.path("clips.tsv");
    let table = "lang\tfile\tsource\tlicence\thuman|tts\tseconds\ttranscript\n\
                 en\tno.wav\there\tMIT\thuman\t1.0\tsomewhere\n";
    std::fs::write(&clips, table).expect("written");
    let (scenes, set) = (house.path("scenes"), house.path("set"));
    std::fs::create_dir_all(&scenes).expect("made");
    std::fs::write(house.path("no.wav"), b"").expect("written");
    let text = |path: &Path| path.to_str().expect("utf-8").to_owned();
    let (into, manifest) = (text(&scenes), text(&clips));
    let args = ["scenario", "new", "--seed", "4", "--count", "12", "--into", &into, "--clips"];
    let made = house.spillway(&[&args[..], &[manifest.as_str(), "--json"]].concat()).await;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

    let scenario = by_keys(&scenes);
    let server = Here::start(&house, None).await;
    let target = format!("sip:{}", server.sip);
    let (file, into) = (text(&scenario.file), text(&set));
    let told = house.spillway(&["scenario", "record", &target, &file, "--into", &into]).await;
    let out = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.status.success(), "{out}{}", String::from_utf8_lossy(&told.stderr));
    assert!(out.ends_with("1 of 1 calls are recorded\n"), "{out}");

    let calls = std::fs::read_dir(set.join("calls")).expect("calls");
    let folder = calls.flatten().next().expect("a call").path();
    let truth = CallTruth::in_folder(&folder).expect("readable");
    let report = std::fs::read_to_string(folder.join("report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("json");
    assert_eq!(report["as_expected"], true, "{report:#}");
    assert_eq!(truth.emergency, Some(false));
    assert!(truth.slot("need").is_some() && truth.slot("callback_number").is_some(), "{truth:?}");
    for slot in report["ticket"]["ticket"]["slots"].as_array().expect("slots") {
        let known = truth.slot(slot["slot"].as_str().expect("a name"));
        assert!(known.is_none_or(|value| slot["value"] == value), "{slot} {truth:?}");
    }
    // It is there, and is not called again.
    let again = house.spillway(&["scenario", "record", &target, &file, "--into", &into]).await;
    assert_eq!(String::from_utf8_lossy(&again.stdout), "0 of 0 calls are recorded, 1 were there\n");
    server.stop().await;
    let replays = house.spillway(&["replay", "--journal", &into]).await;
    assert!(replays.status.success(), "{}", String::from_utf8_lossy(&replays.stdout));
    let journal = folder.join("journal.jsonl");
    heard_again(&house, &journal, &truth);
}

/// The simulated caller leads the call as the caller did, and as long; also where a prompt is
/// another.
fn heard_again(house: &House, journal: &Path, truth: &CallTruth) {
    let (prompts_dir, models_dir) = (house.path("prompts"), house.path("no-models"));
    let config = Config { prompts_dir, models_dir, ..Config::default() };
    let measures = |mode, overlay: Option<&str>| {
        let text = |text: &str| Overlay::parse(Path::new("overlay"), text.into()).expect("good");
        let mut runner = Runner::new(&config, overlay.map(text), mode, 1);
        runner.engines = Some(Box::new(|_: &Hotline| {
            let made = || Ok(Box::new(Scripted::new(Default::default())) as Box<dyn Recognizer>);
            Ok(Box::new(made) as Factory)
        }));
        let results = Mutex::new(Vec::new());
        runner.run(&[Job::at(journal, None)], &|result| results.lock().unwrap().push(result));
        let result = results.into_inner().unwrap().pop().expect("one");
        *result.measures.unwrap_or_else(|| panic!("{:?}", result.error))
    };
    let recorded = measures(Mode::Journal, None);
    let heard = measures(Mode::Audio, None);
    let longer = format!("[prompts]\nask_need = \"{}\"\n", "need ".repeat(20));
    let reworded = measures(Mode::Audio, Some(&longer));
    for measures in [&recorded, &heard, &reworded] {
        for slot in &measures.slots {
            let known = truth.slot(&slot.slot);
            assert!(known.is_none_or(|value| slot.value == value), "{slot:?} {truth:?}");
        }
        assert_eq!((measures.complete, measures.improvised), (recorded.complete, 0));
    }
    assert_eq!(heard.slots, recorded.slots);
    let said = |of: &CallMeasures| of.turns.iter().map(|t| t.text.clone()).collect::<Vec<_>>();
    assert_eq!(said(&heard), said(&recorded));
    assert!(heard.duration_ms.abs_diff(recorded.duration_ms) < 1_000, "{heard:#?}");
    assert!(reworded.duration_ms > heard.duration_ms + 1_000, "{reworded:#?}");
}

/// One of the scenarios in `folder` that goes to its end, without a word and without a wait.
fn by_keys(folder: &Path) -> Scenario {
    let files = std::fs::read_dir(folder).expect("scenarios");
    let mut files: Vec<_> = files.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let fits = |scenario: &Scenario| {
        let known = |slot| scenario.expect.slots.contains_key(slot);
        let swift = |act: &Act| matches!(act, Act::Keys(_) | Act::HangUp);
        known("need") && known("callback_number") && scenario.turns.iter().all(|t| swift(&t.act))
    };
    let mut all = files.iter().map(|file| Scenario::load(file).expect("good"));
    all.find(fits).expect("one of twelve by keys")
}
