//! Dialogues as conversations: what the caller says, what the bot does, what the ticket holds.

use super::*;
use crate::language::tests as words;
use crate::ticket::{Inquiry, Progress};
use crate::time::MediaTime;

pub(crate) fn hotline(language: &str) -> Arc<Hotline> {
    let (file, texts) = match language {
        "vi" => (
            include_str!("../../prompts/hotlines/demo-vi.toml"),
            include_str!("../../prompts/languages/vi/prompts.toml"),
        ),
        "ko" => (
            include_str!("../../prompts/hotlines/demo-ko.toml"),
            include_str!("../../prompts/languages/ko/prompts.toml"),
        ),
        _ => (
            include_str!("../../prompts/hotlines/demo-en.toml"),
            include_str!("../../prompts/languages/en/prompts.toml"),
        ),
    };
    let file: HotlineFile = toml::from_str(file).expect("hotline");
    let texts = toml::from_str(texts).expect("prompts");
    let grammar = words::grammar(language, &file.country);
    Arc::new(Hotline::new("demo", file, texts, grammar).expect("a good hotline"))
}

/// Runs answers through a dialogue: `"*1"` is keys, `""` silence, the rest words. Gives the ticket
/// and the last thing said.
fn run(language: &str, caller_id: &str, answers: &[&str]) -> (Ticket, String, Vec<Move>) {
    let mut dialogue = Dialogue::new(hotline(language), CallId("c1".into()), caller_id, Vec::new());
    let mut moves = vec![dialogue.begin()];
    dialogue.numbered(TicketNumber(42), None);
    for (i, answer) in answers.iter().enumerate() {
        let start = MediaTime(i as u64 * 8_000);
        let segment = SpeechSegment { start, end: MediaTime(start.0 + 4_000) };
        let transcript = Transcript::plain(*answer, 0.9);
        moves.push(match answer.strip_prefix('*') {
            Some(keys) => dialogue.heard(Answer::Keys(keys)),
            None if answer.is_empty() => dialogue.heard(Answer::Silence),
            None => dialogue.heard(Answer::Words(&transcript, segment)),
        });
    }
    let said = moves.last().expect("moves").say.iter().map(|p| p.text.clone()).collect::<Vec<_>>();
    (dialogue.ticket().clone(), said.join(" "), moves)
}

fn check(language: &str, answers: &[&str], slots: &[(&str, &str, SlotStatus)], complete: bool) {
    let caller = if language == "vi" { "0903123456" } else { "+14155550132" };
    let (ticket, said, _) = run(language, caller, answers);
    let got: Vec<(&str, &str, SlotStatus)> =
        ticket.slots.iter().map(|s| (s.slot.as_str(), s.value.as_str(), s.status)).collect();
    assert_eq!(got, slots, "{answers:?}\nlast said: {said}");
    assert_eq!(ticket.complete, complete, "{answers:?}\nlast said: {said}");
}

use SlotStatus::{Confirmed, Empty, OperatorToComplete};

const NAME: (&str, &str, SlotStatus) = ("name", "Mary Johnson", Confirmed);
const ADDRESS: (&str, &str, SlotStatus) = ("address", "12 Garden Street", Confirmed);
const NEED: (&str, &str, SlotStatus) = ("need", "We have no food left", Confirmed);
const PHONE: (&str, &str, SlotStatus) = ("callback_number", "+14155550132", Confirmed);
const GOOD: [&str; 5] =
    ["yes", "My name is Mary Johnson.", "12 Garden Street.", "We have no food left.", "yes"];

fn good_then(more: &[&'static str]) -> Vec<&'static str> {
    GOOD.iter().chain(more).copied().collect()
}

#[test]
fn the_straight_way() {
    check("en", &good_then(&["yes"]), &[NAME, ADDRESS, NEED, PHONE], true);
    let (ticket, said, moves) = run("en", "+14155550132", &good_then(&["yes", "*5"]));
    assert_eq!(ticket.rating, Some(5));
    assert_eq!(ticket.consent, Consent::Given);
    assert_eq!(ticket.status, TicketStatus::Open);
    assert!(said.contains("Goodbye"), "{said}");
    assert_eq!(moves.last().map(|m| m.ask.is_none()), Some(true));
    assert!(moves[6].say.iter().any(|p| p.text.contains("number is 42")), "{:?}", moves[6].say);
}

#[test]
fn a_number_that_is_whole_is_waited_for_no_longer() {
    let mut dialogue = Dialogue::new(hotline("en"), CallId("c4".into()), "", Vec::new());
    let mut next = dialogue.begin();
    for answer in &GOOD[..4] {
        let transcript = Transcript::plain(*answer, 0.9);
        let segment = SpeechSegment { start: MediaTime(0), end: MediaTime(4_000) };
        next = dialogue.heard(Answer::Words(&transcript, segment));
    }
    let question = next.ask.expect("a question");
    assert_eq!((question.slot.as_str(), question.settled_ms), ("callback_number", 300));
    let check = |said: &str, want: Completeness| {
        let got = dialogue.completeness(&Transcript::plain(said, 0.9));
        assert_eq!(got, want, "{said}");
    };
    check("four one five five five", Completeness::Open);
    check("four one five five five five oh one three two", Completeness::Complete);
}

#[test]
fn a_story_is_not_read_back_whole() {
    let story = "we have no food left since the water came on Monday and the road is gone so \
                 that nobody can come here with a car and my mother who is eighty needs medicine";
    let answers = [GOOD[0], GOOD[1], GOOD[2], story, "yes", "yes"];
    let (ticket, _, moves) = run("en", "+14155550132", &answers);
    assert_eq!(ticket.value("need"), story);
    let said: Vec<&str> = moves.iter().flat_map(|m| &m.say).map(|p| p.text.as_str()).collect();
    let read = "You said: we have no food left since the water came on Monday and the road is \
                gone so that nobody can, and so on.";
    assert!(said.contains(&read), "{said:?}");
}

/// A caller who has ticket 17 already.
fn run_again(earlier: &TicketStanding, answers: &[&str]) -> (Ticket, Vec<String>) {
    let caller = "+14155550132";
    let mut dialogue = Dialogue::new(hotline("en"), CallId("c2".into()), caller, Vec::new());
    let mut moves = vec![dialogue.begin()];
    dialogue.numbered(TicketNumber(42), None);
    dialogue.known(earlier.clone());
    for answer in answers {
        let transcript = Transcript::plain(*answer, 0.9);
        let segment = SpeechSegment { start: MediaTime(0), end: MediaTime(4_000) };
        moves.push(match answer.strip_prefix('*') {
            Some(keys) => dialogue.heard(Answer::Keys(keys)),
            None if answer.is_empty() => dialogue.heard(Answer::Silence),
            None => dialogue.heard(Answer::Words(&transcript, segment)),
        });
    }
    let said = |m: &Move| m.say.iter().map(|p| p.text.clone()).collect::<Vec<_>>().join(" ");
    dialogue.hung_up(None);
    (dialogue.ticket().clone(), moves.iter().map(said).collect())
}

#[test]
fn who_calls_again_is_told_how_it_stands() {
    let by = Some(CallbackBy::Today(jiff::civil::time(17, 0, 0, 0)));
    let (number, progress) = (TicketNumber(17), Progress::Waiting);
    let waits = TicketStanding { number, progress, late: false, by };
    let late = TicketStanding { late: true, by: None, ..waits.clone() };
    let office = Progress::AtOffice("Ward 3".into());
    let office = TicketStanding { progress: office, by: None, ..waits.clone() };
    let check = |earlier: &TicketStanding, answers: &[&str], said: &str, inquiry: Option<bool>| {
        let (ticket, all) = run_again(earlier, answers);
        let last = all.last().expect("said");
        assert!(last.contains(said), "{answers:?}: {all:?}");
        let want = inquiry.map(|withdraws| Inquiry { ticket: number, withdraws });
        assert_eq!((ticket.inquiry, ticket.status), (want, TicketStatus::Open), "{answers:?}");
    };
    check(&waits, &["yes"], "ticket number is 17. A person will call you before 5 PM today", None);
    check(&late, &["yes"], "We are sorry. We could not call you in time. You have", None);
    check(&office, &["yes"], "is with Ward 3", None);
    check(&waits, &["yes"], "something new?", None);
    check(&waits, &["no"], "something new?", None);
    check(&waits, &["yes", "no"], "still need our call?", Some(false));
    check(&waits, &["yes", "*2", "*1"], "Goodbye", Some(false));
    check(&waits, &["yes", "no", ""], "did not hear", Some(false));
    check(&waits, &["yes", "no", "", ""], "Goodbye", Some(false));
    check(&waits, &["yes", "no", "no"], "is withdrawn", Some(true));
    check(&waits, &["yes", "yes"], "What is your name", None);
    check(&waits, &["yes", "", ""], "What is your name", None);
    // Who begins to tell is listened to.
    let (ticket, all) = run_again(&waits, &["yes", "My name is Mary Johnson."]);
    assert_eq!(ticket.value("name"), "Mary Johnson", "{all:?}");
    assert_eq!(ticket.inquiry, None);
}

#[test]
fn a_ticket_is_asked_about_by_its_number() {
    let mut dialogue = Dialogue::new(hotline("en"), CallId("c3".into()), "", Vec::new());
    dialogue.begin();
    let keys = |dialogue: &mut Dialogue, keys| dialogue.heard(Answer::Keys(keys));
    assert_eq!(keys(&mut dialogue, "3").say[0].name, "ask_ticket_number");
    assert_eq!(keys(&mut dialogue, "0017").find, Some(TicketNumber(17)));
    let next = dialogue.found(TicketNumber(17), None).expect("words");
    assert!(next.say[0].text.contains("no ticket with the number 17"), "{next:?}");
    assert_eq!(next.say[1].name, "ask_consent");
    keys(&mut dialogue, "3");
    keys(&mut dialogue, "17");
    let progress = Progress::Settled;
    let settled = TicketStanding { number: TicketNumber(17), progress, late: false, by: None };
    let next = dialogue.found(TicketNumber(17), Some(settled.clone())).expect("words");
    assert!(next.say[0].text.contains("17 is settled"), "{next:?}");
    // Late news interrupts nothing.
    keys(&mut dialogue, "1");
    assert_eq!(dialogue.found(TicketNumber(17), Some(settled)), None);
    let words = Transcript::plain("one seven", 0.9);
    let mut spoken = Dialogue::new(hotline("en"), CallId("c4".into()), "", Vec::new());
    spoken.begin();
    keys(&mut spoken, "3");
    let segment = SpeechSegment { start: MediaTime(0), end: MediaTime(4_000) };
    assert_eq!(spoken.heard(Answer::Words(&words, segment)).find, Some(TicketNumber(17)));
}

#[test]
fn corrections() {
    let house = ("address", "72 Garden Street", Confirmed);
    let answers = good_then(&["No, the house number is seventy two.", "yes"]);
    check("en", &answers, &[NAME, house, NEED, PHONE], true);
    let name = ("name", "Mary Johnston", Confirmed);
    let answers = good_then(&["no", "*1", "Mary Johnston", "yes"]);
    check("en", &answers, &[name, ADDRESS, NEED, PHONE], true);
    let answers = good_then(&["No, the name is wrong.", "Mary Johnston", "yes"]);
    check("en", &answers, &[name, ADDRESS, NEED, PHONE], true);
    let answers = good_then(&["no", "the name", "Mary Johnston", "yes"]);
    check("en", &answers, &[name, ADDRESS, NEED, PHONE], true);
    let answers = good_then(&["My name is Mary Johnston.", "yes"]);
    check("en", &answers, &[name, ADDRESS, NEED, PHONE], true);
}

#[test]
fn what_was_just_taken_is_denied_at_the_next_question() {
    let answers = |denial| {
        let mut answers = GOOD.to_vec();
        answers.insert(3, denial);
        answers.push("yes");
        answers
    };
    let house = ("address", "14 Garden Street", Confirmed);
    let denial = "No, it is 14 Garden Street.";
    check("en", &answers(denial), &[NAME, house, NEED, PHONE], true);
}

#[test]
fn a_denied_value_is_never_offered_again() {
    let (_, said, _) = run("en", "+14155550132", &good_then(&["no", "*1", "Mary Johnson"]));
    assert!(said.contains("did not understand"), "{said}");
}

#[test]
fn keys_alone_make_a_ticket() {
    let slots = [
        ("name", "", OperatorToComplete),
        ("address", "", OperatorToComplete),
        ("need", "food or groceries", Confirmed),
        PHONE,
    ];
    check("en", &["*1", "*#", "*#", "*1", "*1", "*1"], &slots, false);
}

#[test]
fn the_fuller_the_machine_the_shorter_the_form() {
    // What was asked and said, and the slots.
    let check = |form: Form, caller: &str, answers: &[&str], said: &[&str], slots: [&str; 4]| {
        let call = CallId("c5".into());
        let mut dialogue = Dialogue::new(hotline("en"), call, caller, Vec::new()).cut_to(form);
        let mut moves = vec![dialogue.begin()];
        let segment = SpeechSegment { start: MediaTime(0), end: MediaTime(4_000) };
        for answer in answers {
            let transcript = Transcript::plain(*answer, 0.9);
            moves.push(match answer.strip_prefix('*') {
                Some(keys) => dialogue.heard(Answer::Keys(keys)),
                None => dialogue.heard(Answer::Words(&transcript, segment)),
            });
        }
        for (next, said) in moves.iter().zip(said) {
            let all: Vec<_> = next.say.iter().map(|p| p.text.as_str()).collect();
            assert!(all.join(" ").contains(said), "{form:?} {said:?}: {all:?}");
        }
        dialogue.hung_up(None);
        let ticket = dialogue.ticket().clone();
        let values: Vec<&str> = ticket.slots.iter().map(|s| s.value.as_str()).collect();
        assert_eq!(values, slots, "{form:?}");
        assert_eq!(ticket.status, TicketStatus::Open, "{form:?}");
        (ticket, moves)
    };
    let known = "+14155550132";
    let need = "We have no food left";
    let right = "right";
    let said = ["I will take down", "What do you need", "call you back on", right, "is noted"];
    let answers = ["yes", "We have no food left.", "yes", "yes"];
    let (ticket, _) = check(Form::Short, known, &answers, &said, ["", "", need, known]);
    assert_eq!(ticket.facts, [("form".to_string(), "short".to_string())]);
    assert!(!ticket.complete, "an operator asks for the rest");
    // What is told all the same is kept.
    let told = "My name is Mary Johnson and we have no food left.";
    let answers = ["yes", told, "yes"];
    let slots = ["Mary Johnson", "", told.trim_end_matches('.'), known];
    check(Form::Short, known, &answers, &said[..2], slots);
    let said = ["only the keys", "press 1", "call you back on", right];
    let (_, moves) =
        check(Form::Keys, known, &["*1", "*1", "*1"], &said, ["", "", "food or groceries", known]);
    assert!(moves.iter().flat_map(|m| &m.ask).all(|q| q.context.is_none()), "{moves:?}");
    let (ticket, moves) = check(Form::Number, known, &[], &["number is noted"], [""; 4]);
    assert!(moves[0].ask.is_none() && moves[0].save && moves[0].discard_recording, "{moves:?}");
    assert_eq!(ticket.callback_number, known);
    // Nobody can call back who withholds their number: they are asked for it.
    let answers = ["*1", "*1", "*4155550199", "*1"];
    let said = ["only the keys", "press 1", "key in", "4155550199"];
    check(Form::Number, "", &answers, &said[..3], ["", "", "food or groceries", "+14155550199"]);
}

#[test]
fn another_number() {
    let other = ("callback_number", "+14155550199", Confirmed);
    let mut answers = GOOD[..4].to_vec();
    answers.extend(["*2", "*4155550199", "*1", "yes"]);
    check("en", &answers, &[NAME, ADDRESS, NEED, other], true);
    let mut answers = GOOD[..4].to_vec();
    answers.extend(["no", "four one five five five five oh one nine nine", "yes", "yes"]);
    check("en", &answers, &[NAME, ADDRESS, NEED, other], true);
}

#[test]
fn silence_leaves_a_partial_ticket_and_ends() {
    let (ticket, said, moves) = run("en", "+14155550132", &["", "", "", "", "", ""]);
    assert_eq!(ticket.consent, Consent::Unasked);
    assert!(ticket.slots.iter().all(|s| matches!(s.status, Empty | OperatorToComplete)));
    assert_eq!(ticket.callback_number, "+14155550132");
    assert!(said.contains("Goodbye"), "{said}");
    assert!(moves.last().expect("moves").ask.is_none());
}

#[test]
fn what_is_not_understood_goes_to_an_operator_with_its_sound() {
    let mut answers = GOOD.to_vec();
    answers[1] = "42";
    answers.insert(2, "17");
    answers.insert(3, "99");
    let (ticket, ..) = run("en", "+14155550132", &answers);
    let name = ticket.slot("name").expect("name");
    assert_eq!((name.status, name.audio.len()), (OperatorToComplete, 3));
    assert!(ticket.to_be_transcribed);
    assert_eq!(ticket.value("address"), "12 Garden Street");
}

#[test]
fn without_consent_no_sound_is_referred_to() {
    let mut answers = good_then(&["yes"]);
    answers[0] = "no";
    let (ticket, _, moves) = run("en", "+14155550132", &answers);
    assert!(moves[1].discard_recording);
    assert_eq!(ticket.consent, Consent::Declined);
    assert!(ticket.slots.iter().all(|s| s.audio.is_empty()));
    assert!(ticket.complete);
}

#[test]
fn an_emergency_pre_empts() {
    let (ticket, said, _) = run("en", "+14155550132", &["yes", "Help, he is not breathing!"]);
    assert_eq!(ticket.priority, Priority::Emergency);
    assert!(said.contains("911") && said.contains("your name"), "{said}");
}

#[test]
fn an_emergency_is_taken_with_all_that_is_told() {
    let told = "My name is Mary Johnson. My husband is not breathing.";
    let (ticket, said, _) = run("en", "+14155550132", &["yes", told]);
    assert_eq!(ticket.value("name"), "Mary Johnson");
    assert_eq!((ticket.value("need"), ticket.slots[2].parts[0].1.as_str()), (told, "EMERGENCY"));
    assert_eq!(ticket.slots[2].audio.len(), 1);
    assert!(said.contains("911") && said.contains("your address"), "{said}");
}

#[test]
fn what_is_promised_at_the_end() {
    use jiff::civil::{date, time};
    let check = |language: &str, by: Option<CallbackBy>, want: &str| {
        let caller = "+14155550132";
        let mut dialogue =
            Dialogue::new(hotline(language), CallId("c1".into()), caller, Vec::new());
        dialogue.begin();
        dialogue.numbered(TicketNumber(42), by);
        // A later save need not know better.
        dialogue.numbered(TicketNumber(42), None);
        let close = dialogue.close(vec![]);
        let said: String = close.say.iter().map(|p| p.text.as_str()).collect();
        assert!(said.contains(want), "{language}: {said}");
    };
    let (five, half) = (time(17, 0, 0, 0), time(9, 30, 0, 0));
    let thursday = date(2026, 3, 5);
    check("en", None, "call you within two working days");
    check("en", Some(CallbackBy::Today(five)), "call you before 5 PM today");
    check("en", Some(CallbackBy::Tomorrow(half)), "before 9:30 AM tomorrow");
    check("en", Some(CallbackBy::On(thursday, time(12, 0, 0, 0))), "before 12 PM on Thursday");
    check("vi", Some(CallbackBy::Today(five)), "gọi lại trước 17 giờ hôm nay");
    check("vi", Some(CallbackBy::Today(time(0, 0, 0, 0))), "trước 24 giờ hôm nay");
    check("vi", Some(CallbackBy::On(thursday, half)), "trước 9 giờ 30 thứ năm");
    check("ko", Some(CallbackBy::Tomorrow(five)), "내일 오후 5시 전에 전화");
}

#[test]
fn a_lost_engine_means_a_message() {
    let mut dialogue = Dialogue::new(hotline("en"), CallId("c1".into()), "", Vec::new());
    dialogue.begin();
    let lost = dialogue.engine_failed();
    assert!(lost.tone && lost.ask.as_ref().is_some_and(|q| q.context.is_none()));
    let segment = SpeechSegment { start: MediaTime(0), end: MediaTime(8_000) };
    let done = dialogue.heard(Answer::Words(&Transcript::default(), segment));
    assert!(done.save && done.ask.is_none());
    assert!(dialogue.ticket().to_be_transcribed);
    assert_eq!(dialogue.ticket().message, [segment]);
}

#[test]
fn vietnamese_and_korean() {
    let slots = [
        ("name", "Nguyễn Thị Hoa", Confirmed),
        ("address", "", OperatorToComplete),
        ("need", "nhà tôi hết gạo rồi", Confirmed),
        ("callback_number", "+84903123456", Confirmed),
    ];
    let answers = [
        "dạ đồng ý",
        "tôi tên là nguyễn thị hoa",
        "*#",
        "nhà tôi hết gạo rồi",
        "dạ đúng",
        "đúng rồi",
    ];
    check("vi", &answers, &slots, false);
    let (ticket, ..) = run("ko", "01012345678", &["네", "김철수", "*#", "*1", "*1", "네"]);
    assert_eq!(ticket.value("name"), "김철수");
    assert_eq!(ticket.value("callback_number"), "+821012345678");
}

#[test]
fn a_bad_hotline_is_refused_with_every_problem() {
    let mut file: HotlineFile =
        toml::from_str(include_str!("../../prompts/hotlines/demo-en.toml")).expect("hotline");
    let mut texts: PromptTexts =
        toml::from_str(include_str!("../../prompts/languages/en/prompts.toml")).expect("prompts");
    file.needs.push("GOLD".into());
    file.waits.closed_ms = 3;
    texts.remove("ask_name");
    texts.insert("ask_adress".into(), "?".into());
    texts.insert("goodbye".into(), "Bye {titel}".into());
    let problems = Hotline::new("bad", file, texts, words::grammar("en", "US")).expect_err("bad");
    let keys: Vec<&str> = problems.iter().map(|p| p.key.as_str()).collect();
    assert_eq!(keys, ["needs", "waits.closed_ms", "ask_name", "goodbye", "ask_adress"]);
}

/// Keys, words, corrections, yes, no, silence.
const ANY_ANSWER: &str =
    "(\\*[0-9#*]{1,12}|[a-z ]{0,20}|no the (name|street) is [a-z]{2,8}|yes|no|)";

proptest::proptest! {
    /// Whatever is said or pressed, every move either asks or ends, and the revision only grows.
    #[test]
    fn never_stuck(answers in proptest::collection::vec(ANY_ANSWER, 0..40)) {
        let mut dialogue =
            Dialogue::new(hotline("en"), CallId("c1".into()), "4155550132", Vec::new());
        let mut last = dialogue.begin();
        let mut revision = 0;
        for answer in &answers {
            let transcript = Transcript::plain(answer.as_str(), 0.8);
            let segment = SpeechSegment { start: MediaTime(0), end: MediaTime(8) };
            if last.ask.is_none() {
                break;
            }
            last = match answer.strip_prefix('*') {
                Some(keys) => dialogue.heard(Answer::Keys(keys)),
                None if answer.is_empty() => dialogue.heard(Answer::Silence),
                None => dialogue.heard(Answer::Words(&transcript, segment)),
            };
            proptest::prop_assert!(!last.say.is_empty());
            proptest::prop_assert!(dialogue.ticket().revision >= revision);
            revision = dialogue.ticket().revision;
        }
    }
}
