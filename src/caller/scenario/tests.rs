//! Scenarios read, and refused.

use super::*;

fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    Scenario::parse(Path::new("calls/a.toml"), text)
}

#[test]
fn a_whole_scenario() {
    let scenario = parse(
        r#"
        about = "test"
        language = "en"
        from = "+15550100"
        headers = { "X-Line" = "7" }
        pace = { prompt_end_ms = 500 }
        [[turn]]
        label = "consent"
        say = "Yes."
        expect_prompt = "recorded"
        [[turn]]
        after = "barge_in"
        at_ms = 400
        keys = "12#"
        [[turn]]
        after = "now"
        wait_ms = 100
        [[turn]]
        silence_ms = 8000
        [[turn]]
        hang_up = true
        [expect]
        complete = true
        parts.house = "12"
        slots.name = ["Mary Smith", "regex:^Mary"]
        "#,
    )
    .expect("good");
    let acts: Vec<_> = scenario.turns.iter().map(|t| (t.after, t.act.clone())).collect();
    let keys = "12#".chars().map(|c| DtmfDigit::try_from(c).unwrap()).collect();
    let want = vec![
        (After::Prompt, Act::Say("Yes.".into())),
        (After::BargeIn { at_ms: 400 }, Act::Keys(keys)),
        (After::Now, Act::Wait { ms: 100 }),
        (After::Prompt, Act::Silence { ms: 8_000 }),
        (After::Prompt, Act::HangUp),
    ];
    assert_eq!(acts, want);
    assert_eq!(scenario.turns[1].line, 11);
    assert_eq!(scenario.pace, Pace { prompt_end_ms: 500, ..Pace::default() });
    assert_eq!(scenario.headers, vec![("X-Line".to_owned(), "7".to_owned())]);
}

#[test]
fn a_bad_file_is_refused_with_file_line_key_and_what_is_expected() {
    fn check(text: &str, want: &[&str]) {
        let error = parse(text).expect_err(text).to_string();
        for part in want {
            assert!(error.contains(part), "{part:?} is not in:\n{error}");
        }
        assert!(error.starts_with("calls/a.toml"), "{error}");
    }
    check("", &["missing field `language`"]);
    check("language = \"english\"", &[":1: language:", "ISO 639-1"]);
    check("language = 'en'\nfrom = 'a b'", &[":2: from:", "digits"]);
    check("language = 'en'\nheaders = { X-A = \"a\\r\\nB: c\" }", &[":2: headers.X-A"]);
    check("language = 'en'\npace = { call_ms_max = 1 }", &[":2: pace.call_ms_max: is 1"]);
    check("language = 'en'\npace = { speed = 1 }", &["line 2", "`speed`", "`key_every_ms`"]);
    let turn = |body: &str| format!("language = 'en'\n\n[[turn]]\n{body}\n");
    check(&turn(""), &[":3: turn 1: has 0 acts; expected exactly one of say, play"]);
    check(&turn("say = 'a'\nkeys = '1'"), &[":3: turn 1: has 2 acts"]);
    check(&turn("say = ' '"), &[":4: turn 1: say: is empty"]);
    check(&turn("label = 'x'\nkeys = '12e'"), &[":5: turn 1: keys: 'e' is not a telephone"]);
    check(&turn("keys = ''"), &[":4: turn 1: keys: is empty"]);
    check(&turn("play = 'no.wav'"), &[":4: turn 1: play: calls/no.wav is not there"]);
    check(&turn("play = []"), &[":4: turn 1: play: is empty", "a list of them"]);
    check(&turn("say = 'a'\nwords = 'b'"), &[":5: turn 1: words: means nothing"]);
    check(&turn("say = 'a'\nafter = 'barge_in'"), &[":5: turn 1: after: at_ms is missing"]);
    check(&turn("say = 'a'\nat_ms = 5"), &[":5: turn 1: at_ms: means nothing"]);
    check(&turn("say = 'a'\nafter = 'then'"), &["line 5", "`then`", "`barge_in`"]);
    check(&turn("hang_up = false"), &[":4: turn 1: hang_up: is false"]);
    check(&turn("sya = 'a'"), &["line 4", "unknown field `sya`", "`say`"]);
    check(&turn("say = 'a'\nexpect_prompt = 'regex:('"), &["line 5", "regex parse error"]);
    check("language = 'en'\n[answer]\nring_ms = 300001", &[":2: answer.ring_ms: is 300001"]);
    check("language = 'en'\n[answer]\nrefuse = 'no'", &["line 3", "`no`", "`no_answer`"]);
    let expect = |body: &str| format!("language = 'en'\n[expect]\n{body}\n");
    check(&expect("slots.name = 3"), &["line 3", "a string, or a list of strings"]);
    check(&expect("slots.name = []"), &["line 3", "at least one"]);
    check(&expect("compete = true"), &["line 3", "unknown field `compete`", "`complete`"]);
}

#[test]
fn what_means_nothing_on_one_side_is_refused() {
    let answering = |body: &str, want: &str| {
        let scenario = parse(&format!("language = 'en'\n{body}")).expect(body);
        let got = scenario.check_answering().err().map_or("".into(), |e| e.to_string());
        assert!(got == want || !want.is_empty() && got.contains(want), "{body}: {got}");
    };
    answering("[answer]\nring_ms = 5\n[[turn]]\nafter = 'now'\nkeys = '1'", "");
    answering("[expect]\nhung_up_by = 'callee'", "");
    answering("[answer]\nrefuse = 'busy'", "");
    answering("from = '204'", "a.toml: from: is a calling number");
    answering("headers = { X-A = 'a' }", ": headers: go into");
    answering("answer = { refuse = 'busy' }\n[[turn]]\nkeys = '1'", ": turn: nothing is said");
    answering("[expect]\ncomplete = true", ": expect: ");
    answering("[expect]\nhung_up_by = 'bot'", ": expect.hung_up_by: no bot");
    answering("[[turn]]\nkeys = '1'\nexpect_prompt = 'a'", ": turn 1: expect_prompt: the words");
    let calling = |body: &str, want: &str| {
        let scenario = parse(&format!("language = 'en'\n{body}")).expect(body);
        let got = scenario.check_calling().err().map_or("".into(), |e| e.to_string());
        assert!(got == want || !want.is_empty() && got.contains(want), "{body}: {got}");
    };
    calling("from = '1'\n[[turn]]\nkeys = '1'\n[expect]\nhung_up_by = 'bot'", "");
    calling("[answer]\nring_ms = 5", ": answer: says how a call is answered; give --answer");
    calling("[expect]\nhung_up_by = 'callee'", ": expect.hung_up_by: who is called");
}

#[test]
fn the_scenarios_we_ship_can_be_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts/scenarios");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).expect("prompts/scenarios") {
        let file = entry.expect("entry").path();
        if file.extension().is_some_and(|e| e == "toml") {
            Scenario::load(&file).unwrap_or_else(|e| panic!("{e}"));
            names.push(file);
        }
    }
    assert!(names.len() >= 9, "{names:?}");
}
