//! `spillway replay compare`, as typed.

use spillway::replay::score::{CallScore, SlotScore};
use spillway::replay::{CallMeasures, CallResult, Mode, RESULTS_VERSION, ResultsFile, RunHeader};
use spillway::ticket::CallId;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

/// A results file of 30 calls, each with so many confirmations.
fn results(file: &Path, confirmations: u32) {
    let header = RunHeader {
        spillway_replay: RESULTS_VERSION,
        build: "0.1.0".into(),
        mode: Mode::Audio,
        overlay: None,
        impair: None,
        seed: 1,
    };
    let (mut out, _) = ResultsFile::open(file, &header).unwrap();
    for at in 0..30 {
        let slot = SlotScore { slot: "name".into(), confirmations, rank: None };
        let score = CallScore { turns: 3, slots: vec![slot], ..CallScore::default() };
        let measures = CallMeasures { complete: true, score, ..CallMeasures::default() };
        out.add(&CallResult {
            call: CallId(format!("call-{at}")),
            journal: format!("calls/call-{at}/journal.jsonl").into(),
            hotline: "demo-en".into(),
            language: "en".into(),
            outcome: None,
            hotline_changed: false,
            measures: Some(Box::new(measures)),
            error: None,
        })
        .unwrap();
    }
}

fn compare(dir: &Path, args: &str) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_spillway"))
        .args(["replay", "compare"])
        .args(args.split(' '))
        .current_dir(dir)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn status_table_json_and_report() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    results(&dir.join("a.jsonl"), 1);
    results(&dir.join("b.jsonl"), 2);

    let (status, text, error) = compare(dir, "a.jsonl a.jsonl");
    assert_eq!((status, &*error), (Some(0), ""));
    assert!(text.contains("worse: nothing\nbetter: nothing\n30 calls in both runs"), "{text}");

    let (status, text, _) = compare(dir, "a.jsonl b.jsonl");
    assert_eq!(status, Some(1));
    let line = text.lines().find(|line| line.starts_with("confirmations ")).unwrap();
    assert!(line.contains("<0.001  worse"), "{line}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");

    let (status, text, _) = compare(dir, "b.jsonl a.jsonl --json");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let figures = json["figures"].as_array().unwrap();
    let figure = figures.iter().find(|figure| figure["name"] == "confirmations").unwrap();
    assert_eq!(
        (status, &figure["verdict"], &figure["difference"]),
        (Some(0), &"better".into(), &serde_json::json!(-1.0))
    );

    for _ in 0..2 {
        let (status, ..) = compare(dir, "a.jsonl b.jsonl --report out.html");
        assert_eq!(status, Some(1));
        let mode = std::fs::metadata(dir.join("out.html")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let page = std::fs::read_to_string(dir.join("out.html")).unwrap();
    assert!(page.contains("B is worse than A") && page.contains("confirmations +1"), "{page}");
}

#[test]
fn what_cannot_be_compared() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    results(&dir.join("a.jsonl"), 1);
    let whole = std::fs::read_to_string(dir.join("a.jsonl")).unwrap();
    std::fs::write(dir.join("odd.jsonl"), whole.replacen("\"call-3\"", "3", 1)).unwrap();
    std::fs::write(dir.join("none.jsonl"), whole.lines().next().unwrap().to_string() + "\n")
        .unwrap();
    let check = |args, want: &str| {
        let (status, _, error) = compare(dir, args);
        assert_eq!(status, Some(2), "{args}: {error}");
        assert!(error.contains(want), "{args}: {error}");
    };
    check("a.jsonl gone.jsonl", "gone.jsonl");
    check("a.jsonl odd.jsonl", "odd.jsonl: line 5 (byte ");
    check("a.jsonl none.jsonl", "a.jsonl and none.jsonl: there is no call that both runs replayed");
    check("a.jsonl a.jsonl --alpha 2", "between 0 and 1");
    check("a.jsonl a.jsonl --no-audio", "--report");
    check("a.jsonl a.jsonl --report nowhere/out.html", "nowhere/out.html: cannot be written");
}
