//! Reports of calls that were never made.

use super::*;
use crate::call::PlayId;
use std::path::Path;

fn scenario() -> Scenario {
    let text = "language = 'en'\n\
        [[turn]]\nlabel = 'consent'\nsay = 'Yes.'\nexpect_prompt = 'recorded'\n\
        [[turn]]\nkeys = '1#'\nexpect_prompt = 'your name'\n\
        [[turn]]\nhang_up = true\n\
        [expect]\nhung_up_by = 'caller'\ngap_ms_p95_max = 500\n";
    Scenario::parse(Path::new("a.toml"), text).expect("scenario")
}

fn reached() -> Side {
    let call_id = Some("id".into());
    Side::Calling(Reached { target: "sip:a@b".into(), call_id, answered_after_ms: 7 })
}

fn diary() -> Diary {
    let bot = |at_ms, text: &str| Said::Bot { play: PlayId(1), at_ms, text: text.into() };
    Diary {
        events: vec![
            Event::PromptStarted { at_ms: 40 },
            Event::PromptEnded { from_ms: 40, to_ms: 1_000 },
            Event::TurnStarted { turn: 0, at_ms: 1_700 },
            Event::TurnEnded { turn: 0, at_ms: 2_000 },
            Event::Answered { turn: 0, at_ms: 2_600, gap_ms: 600 },
            Event::TurnStarted { turn: 1, at_ms: 4_000 },
            Event::TurnEnded { turn: 1, at_ms: 4_300 },
            Event::SpokenOver { turn: 1 },
            Event::TurnStarted { turn: 2, at_ms: 6_000 },
            Event::HungUp { at_ms: 6_000 },
        ],
        said: vec![
            bot(20, "This call is recorded."),
            bot(900, "Yes or no?"),
            Said::EndOfTurn { at_ms: 2_440 },
            Said::Heard { at_ms: 2_500, text: "yes".into(), confidence: 0.75 },
            bot(2_550, "What is your name?"),
        ],
        has_words: true,
        duration_ms: 6_000,
        far_sound: FarSound { sound_ms: 1_000, level_dbfs: Some(-20.0) },
    }
}

#[test]
fn a_report_tells_turns_gaps_and_what_was_not_as_expected() {
    let report = CallReport::new(&scenario(), reached(), &diary(), None);
    let turn = |t: &TurnReport| (t.turn, t.act, t.said.clone(), t.gap_ms, t.spoken_over);
    let turns: Vec<_> = report.turns.iter().map(turn).collect();
    let want = vec![
        (1, "say", "Yes.".to_owned(), Some(600), false),
        (2, "keys", "1#".to_owned(), None, true),
        (3, "hang_up", String::new(), None, false),
    ];
    assert_eq!(turns, want);
    assert_eq!(report.turns[0].prompt.as_deref(), Some("This call is recorded. Yes or no?"));
    assert_eq!(report.turns[0].heard, [HeardReport { text: "yes".into(), confidence: 0.75 }]);
    assert_eq!(report.turns[1].prompt.as_deref(), Some("What is your name?"));
    assert_eq!(report.first_sound_ms, Some(40));
    assert_eq!((report.gaps.count, report.key_gaps.count), (1, 0));
    let wrong: Vec<_> = report.expectations.iter().filter(|c| !c.ok).collect();
    assert_eq!(report.expectations.len(), 4);
    assert_eq!(wrong.len(), 1);
    assert_eq!((wrong[0].what.as_str(), wrong[0].got.as_str()), ("gap_ms_p95", "600"));
    assert!(!report.as_expected);
    let verdict = report.verdict(Paint::Plain);
    assert!(verdict.contains("✗ gap_ms_p95            600   (expected: at most 500)"), "{verdict}");
    assert!(verdict.contains("✓ hung_up_by            caller"), "{verdict}");
    assert!(verdict.ends_with("1 of 4 not as expected.\n"), "{verdict}");
    let summary = report.summary(Paint::Plain);
    assert!(summary.contains("call ended after 00:06.0, the caller hung up"), "{summary}");
    assert!(summary.contains("gap after speech: p50 0.60 s, p95 0.60 s"), "{summary}");
    // The server's clock is 20 ms behind.
    let parts = "end of turn 0.46 s, recognition 0.06 s, decision 0.05 s, speech 0.03 s";
    assert!(summary.contains(parts), "{summary}");
}

#[test]
fn words_of_a_server_that_began_late_go_to_the_right_turn() {
    let bot = |at_ms, text: &str| Said::Bot { play: PlayId(1), at_ms, text: text.into() };
    let mut diary = diary();
    diary.events[0] = Event::PromptStarted { at_ms: 700 };
    // Answered at once, by a key: 1,700 ms in the caller's clock.
    diary.said = vec![bot(0, "This call is recorded."), bot(1_050, "What is your name?")];
    let report = CallReport::new(&scenario(), reached(), &diary, None);
    assert_eq!(report.turns[0].prompt.as_deref(), Some("This call is recorded."));
    assert_eq!(report.turns[1].prompt.as_deref(), Some("What is your name?"));
}

#[test]
fn prompts_that_nobody_can_know_are_not_checked() {
    let diary = Diary { has_words: false, said: Vec::new(), ..diary() };
    let report = CallReport::new(&scenario(), reached(), &diary, None);
    assert_eq!(report.turns[0].prompt, None);
    assert!(report.expectations.iter().all(|c| !c.what.contains("prompt")));
    // A prompt that was to be heard and was not is wrong, though.
    let diary = Diary { has_words: true, ..diary };
    let report = CallReport::new(&scenario(), reached(), &diary, None);
    let wrong = report.expectations.iter().filter(|c| !c.ok && c.what.contains("prompt"));
    assert_eq!(wrong.count(), 2);
}

#[test]
fn a_call_that_did_not_go_as_written_says_where() {
    let mut diary = diary();
    diary.events.truncate(5);
    let failure = Failure::NoAnswer { turn: 1, waited_ms: 10_000 };
    diary.events.push(Event::Failed(failure));
    diary.events.push(Event::HungUp { at_ms: 14_000 });
    let report = CallReport::new(&scenario(), reached(), &diary, None);
    let want =
        "the far end said nothing for 10.0 s after turn 1 (pace.answer_ms_max) (turn 2: a.toml:6)";
    assert_eq!(report.failure.as_deref(), Some(want));
    assert!(!report.as_expected);
    assert!(report.verdict(Paint::Plain).ends_with("The call did not go as written.\n"));
}

#[test]
fn percentiles_are_nearest_rank() {
    fn check(gaps_ms: &[u64], want: (Option<u64>, Option<u64>, Option<u64>)) {
        let gaps = Gaps::of(gaps_ms.iter().copied());
        assert_eq!((gaps.p50_ms, gaps.p95_ms, gaps.max_ms), want, "{gaps_ms:?}");
        assert_eq!(gaps.count, gaps_ms.len());
    }
    check(&[], (None, None, None));
    check(&[7], (Some(7), Some(7), Some(7)));
    check(&[4, 1, 3, 2], (Some(2), Some(4), Some(4)));
    let hundred: Vec<u64> = (1..=100).rev().collect();
    check(&hundred, (Some(50), Some(95), Some(100)));
}

#[test]
fn the_json_is_one_flat_object_with_the_documented_keys() {
    let report = CallReport::new(&scenario(), reached(), &diary(), None);
    let json = serde_json::to_value(&report).expect("json");
    assert_eq!(json["call_id"], "id");
    assert_eq!(json["turns"][0]["gap_ms"], 600);
    assert_eq!(json["turns"][0]["heard"][0]["text"], "yes");
    assert_eq!(json["gaps"]["p95_ms"], 600);
    assert!(json["ticket"].is_null());
    assert_eq!(json["expectations"][0]["ok"], true);
    assert_eq!(json["hung_up_by"], "caller");
}

#[test]
fn a_call_that_rang_is_as_written_or_not() {
    let check = |answer: Answer, refuse: &str, who: Option<Party>, failure: Option<&str>| {
        let refuse = if refuse.is_empty() { "".into() } else { format!("refuse = '{refuse}'") };
        let text = format!("language = 'en'\n[answer]\n{refuse}");
        let scenario = Scenario::parse(Path::new("a.toml"), &text).expect("scenario");
        let (from, called) = ("+1".into(), "204".into());
        let (headers, rang_at) = (BTreeMap::new(), Timestamp::UNIX_EPOCH);
        let rung = Rung { from, called, headers, rang_at, rang_ms: 1_500, answer };
        let report = CallReport::new(&scenario, Side::Called(rung), &Diary::default(), None);
        assert_eq!((report.hung_up_by, report.failure.as_deref()), (who, failure), "{answer:?}");
        assert_eq!(report.as_expected, failure.is_none());
        assert!(report.summary(Paint::Plain).contains("rang for 1.50 s"));
    };
    check(Answer::Busy, "busy", Some(Party::Callee), None);
    check(Answer::Declined, "decline", Some(Party::Callee), None);
    check(Answer::Cancelled, "no_answer", Some(Party::Caller), None);
    let gone = "the call was not answered: the caller gave up";
    check(Answer::Cancelled, "", Some(Party::Caller), Some(gone));
    check(Answer::Cancelled, "busy", Some(Party::Caller), Some(gone));
    let late = "the call was not answered: does not answer";
    check(Answer::NotAnswered, "no_answer", None, Some(late));
}
