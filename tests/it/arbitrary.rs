//! Strategies for the core's values.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use spillway::audio::AudioFrame;
use spillway::call::{CallerFacts, HangupCause, Input, Note, Output, PlayId, Sound, TurnId};
use spillway::rtp::DtmfDigit;
use spillway::speech::{
    Alternative, Expectation, RecognitionContext, SpeechSegment, Transcript, Word,
};
use spillway::ticket::{
    CallId, CallbackBy, Consent, Inquiry, Priority, Progress, SlotRecord, SlotStatus, Ticket,
    TicketNumber, TicketStanding, TicketStatus,
};
use spillway::time::{CallTime, MediaTime};

pub fn caller_facts(call_id: &str) -> CallerFacts {
    CallerFacts {
        call_id: CallId(call_id.into()),
        caller_id: "+84901234567".into(),
        called: "hotline".into(),
        entrance: "sip".into(),
        headers: vec![("diversion".into(), "<sip:queue@pbx>".into())],
        answered_unix_ms: 1_700_000_000_000,
        form: spillway::dialogue::Form::Full,
    }
}

fn confidence() -> impl Strategy<Value = f32> {
    prop_oneof![Just(0.0), Just(1.0), 0.0_f32..=1.0]
}

/// Any text: quotes, line feeds, control characters, other scripts.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,12}", "[a-z \\\\\"\n\r\t\u{0}đế한]{0,12}"]
}

pub fn transcript() -> impl Strategy<Value = Transcript> {
    let word = (text(), any::<u32>(), any::<u32>(), confidence()).prop_map(
        |(text, start_ms, end_ms, confidence)| Word { text, start_ms, end_ms, confidence },
    );
    let alternative =
        (text(), confidence()).prop_map(|(text, confidence)| Alternative { text, confidence });
    (text(), confidence(), vec(word, 0..3), vec(alternative, 0..3)).prop_map(
        |(text, confidence, words, alternatives)| Transcript {
            text,
            confidence,
            words,
            alternatives,
        },
    )
}

fn segments() -> impl Strategy<Value = Vec<SpeechSegment>> {
    let position = 0..i64::MAX as u64;
    let segment = (position.clone(), position)
        .prop_map(|(start, end)| SpeechSegment { start: MediaTime(start), end: MediaTime(end) });
    vec(segment, 0..3)
}

fn slot() -> impl Strategy<Value = SlotRecord> {
    let status = prop_oneof![
        Just(SlotStatus::Empty),
        Just(SlotStatus::Heard),
        Just(SlotStatus::Confirmed),
        Just(SlotStatus::OperatorToComplete),
    ];
    let parts = vec((text(), text()), 0..3);
    (text(), status, text(), parts, text(), confidence(), segments()).prop_map(
        |(slot, status, value, parts, heard, confidence, audio)| SlotRecord {
            slot,
            status,
            value,
            parts,
            heard,
            confidence,
            audio,
        },
    )
}

/// A ticket of call "1" at revision 1.
pub fn ticket() -> impl Strategy<Value = Ticket> {
    let status = prop_oneof![
        Just(TicketStatus::Taking),
        Just(TicketStatus::Open),
        Just(TicketStatus::Closed)
    ];
    let priority =
        prop_oneof![Just(Priority::Normal), Just(Priority::High), Just(Priority::Emergency)];
    let consent =
        prop_oneof![Just(Consent::Unasked), Just(Consent::Given), Just(Consent::Declined)];
    let texts = (text(), text(), text(), text());
    let rest = (vec(slot(), 0..4), any::<bool>(), any::<bool>(), segments());
    let inquiry = (any::<u64>(), any::<bool>())
        .prop_map(|(n, withdraws)| Inquiry { ticket: TicketNumber(n), withdraws });
    let last = (option::of(1_u8..=5), option::of(inquiry), vec((text(), text()), 0..3));
    (status, priority, consent, texts, rest, last).prop_map(
        |(status, priority, consent, texts, rest, (rating, inquiry, facts))| Ticket {
            call_id: CallId("1".into()),
            revision: 1,
            hotline: texts.0,
            language: texts.1,
            caller_id: texts.2,
            callback_number: texts.3,
            consent,
            priority,
            status,
            slots: rest.0,
            complete: rest.1,
            to_be_transcribed: rest.2,
            message: rest.3,
            rating,
            inquiry,
            facts,
        },
    )
}

fn hangup_cause() -> impl Strategy<Value = HangupCause> {
    prop_oneof![
        Just(HangupCause::CallerHungUp),
        Just(HangupCause::Finished),
        Just(HangupCause::MediaTimeout),
        Just(HangupCause::ShuttingDown),
    ]
}

fn standing() -> impl Strategy<Value = Option<TicketStanding>> {
    let progress = prop_oneof![
        Just(Progress::Waiting),
        text().prop_map(Progress::AtOffice),
        Just(Progress::Settled),
    ];
    let standing = (any::<u64>(), progress, any::<bool>(), callback_by());
    prop::option::of(standing.prop_map(|(number, progress, late, by)| TicketStanding {
        number: TicketNumber(number),
        progress,
        late,
        by,
    }))
}

fn callback_by() -> impl Strategy<Value = Option<CallbackBy>> {
    let time = || (0..24_i8, 0..60_i8).prop_map(|(h, m)| jiff::civil::time(h, m, 0, 0));
    let date = (1..13_i8, 1..29_i8).prop_map(|(m, d)| jiff::civil::date(2026, m, d));
    let by = prop_oneof![
        time().prop_map(CallbackBy::Today),
        time().prop_map(CallbackBy::Tomorrow),
        (date, time()).prop_map(|(date, time)| CallbackBy::On(date, time)),
    ];
    prop::option::of(by)
}

/// Any input; a frame is silence, because a journal alone has no sound.
pub fn input() -> impl Strategy<Value = Input> {
    let turn = any::<u32>().prop_map(TurnId);
    prop_oneof![
        8 => Just(Input::Audio(AudioFrame::SILENCE)),
        1 => Just(Input::Answered),
        1 => (0_u8..16).prop_map(|c| Input::Dtmf(DtmfDigit::from_event(c).unwrap())),
        1 => (turn.clone(), transcript())
            .prop_map(|(turn, transcript)| Input::Interim { turn, transcript }),
        1 => (turn.clone(), transcript())
            .prop_map(|(turn, transcript)| Input::Final { turn, transcript }),
        1 => turn.prop_map(|turn| Input::EngineFailed { turn }),
        1 => any::<u32>().prop_map(|n| Input::PromptFinished { play: PlayId(n) }),
        1 => (any::<u64>(), any::<u32>(), callback_by(), standing()).prop_map(
            |(n, revision, by, earlier)| {
                Input::TicketSaved { number: TicketNumber(n), revision, by, earlier }
            }
        ),
        1 => (any::<u64>(), standing())
            .prop_map(|(n, standing)| Input::TicketFound { number: TicketNumber(n), standing }),
        1 => any::<u32>().prop_map(|revision| Input::TicketNotSaved { revision }),
        1 => any::<bool>().prop_map(Input::Hold),
        1 => hangup_cause().prop_map(Input::Hangup),
        1 => Just(Input::Timeout),
    ]
}

fn sound() -> impl Strategy<Value = Sound> {
    prop_oneof![
        (text(), text(), text()).prop_map(|(name, language, text)| Sound::Prompt {
            name,
            language,
            text
        }),
        any::<(u16, u16)>().prop_map(|(hz, ms)| Sound::Tone { hz, ms }),
        any::<u16>().prop_map(|ms| Sound::Silence { ms }),
    ]
}

pub fn output() -> impl Strategy<Value = Output> {
    let turn = any::<u32>().prop_map(TurnId);
    let context = (text(), vec(text(), 0..3)).prop_map(|(language, phrases)| RecognitionContext {
        language,
        expectation: Expectation::YesNo,
        phrases: phrases.into(),
    });
    let deadline = option::of((0_u64..4).prop_map(CallTime));
    prop_oneof![
        4 => deadline.prop_map(Output::Timeout),
        1 => (any::<u32>(), vec(sound(), 0..3))
            .prop_map(|(n, sounds)| Output::Play { play: PlayId(n), sounds }),
        1 => vec(sound(), 0..3).prop_map(|sounds| Output::Prepare { sounds }),
        1 => any::<u32>().prop_map(|n| Output::StopPlaying { play: PlayId(n) }),
        1 => (turn.clone(), any::<u64>(), context).prop_map(|(turn, from, context)| {
            Output::Recognize { turn, from: MediaTime(from), context }
        }),
        1 => turn.clone().prop_map(|turn| Output::EndOfSpeech { turn }),
        1 => turn.clone().prop_map(|turn| Output::AbandonTurn { turn }),
        1 => ticket().prop_map(|t| Output::SaveTicket(Box::new(t))),
        1 => any::<u64>().prop_map(|n| Output::FindTicket { number: TicketNumber(n) }),
        1 => Just(Output::DiscardRecording),
        1 => text().prop_map(|to| Output::Transfer { to }),
        1 => hangup_cause().prop_map(Output::Hangup),
        1 => (turn, text(), text()).prop_map(|(turn, slot, value)| {
            Output::Note(Note::Understood { turn, slot, value })
        }),
    ]
}
