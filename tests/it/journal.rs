//! The journal's format, writing and reading, without a disk.

use crate::arbitrary;
use proptest::collection::vec;
use proptest::prelude::*;
use spillway::audio::AudioFrame;
use spillway::call::{HangupCause, Input, Output, PlayId, Sound};
use spillway::journal::{Encoder, Ending, Entry, Header, JournalError, Lost, Reader, Record};
use spillway::speech::Transcript;
use spillway::time::CallTime;

fn header() -> Header {
    let caller = arbitrary::caller_facts("67e55044-10b1-426f-9247-bb680e5fe0c8");
    let mut header = Header::new(caller, "demo", "c0ffee", "2026-01-01");
    header.build = "0.0.0-test".into();
    header
}

/// The journal of `entries`, each `step` milliseconds after the one before, and the records that
/// must come back: outputs bear the time of their input, repeated timeouts are left out.
fn journal(entries: &[(u64, Entry)]) -> (Vec<u8>, Vec<Record>) {
    let (mut encoder, mut bytes, mut records) = (Encoder::default(), Vec::new(), Vec::new());
    let (mut now, mut timeout) = (CallTime(0), None);
    encoder.header(&header(), &mut bytes);
    for (step, entry) in entries {
        match entry {
            Entry::In(input) => {
                now = now + *step;
                encoder.input(now, input, &mut bytes);
            }
            Entry::Out(output) => {
                encoder.output(now, output, &mut bytes);
                if let Output::Timeout(at) = output
                    && timeout.replace(*at) == Some(*at)
                {
                    continue;
                }
            }
            Entry::Lost(lost) => encoder.lost(now, *lost, &mut bytes),
        }
        records.push(Record { at: now, entry: entry.clone() });
    }
    encoder.end(now, Ending::Hangup(HangupCause::Finished), &mut bytes);
    (bytes, records)
}

fn read(bytes: &[u8]) -> Result<(Vec<Record>, Reader), JournalError> {
    let mut reader = Reader::from_bytes("test.jsonl", bytes.to_vec())?;
    let records = (&mut reader).collect::<Result<Vec<_>, _>>()?;
    Ok((records, reader))
}

fn entry() -> impl Strategy<Value = (u64, Entry)> {
    let step = prop_oneof![6 => Just(20_u64), 2 => 0_u64..45, 1 => 0..1_000_000_u64];
    let lost =
        any::<(u64, u64)>().prop_map(|(frames, records)| Entry::Lost(Lost { frames, records }));
    let entry = prop_oneof![
        10 => arbitrary::input().prop_map(Entry::In),
        5 => arbitrary::output().prop_map(Entry::Out),
        1 => lost,
    ];
    (step, entry)
}

/// Any text, and some that looks like a line.
fn line() -> impl Strategy<Value = String> {
    let key = prop_oneof![Just("in"), Just("out"), Just("audio"), Just("lost"), Just("end")];
    let value = prop_oneof![
        "\\PC{0,20}",
        "[0-9]{1,21}",
        Just("\"answered\"".to_string()),
        Just("{\"timeout\":5}".to_string()),
    ];
    let alike = (any::<u64>(), key, value)
        .prop_map(|(t, key, value)| format!("{{\"t\":{t},\"{key}\":{value}}}"));
    prop_oneof!["\\PC{0,40}", alike]
}

proptest! {
    #[test]
    fn what_is_written_is_read(entries in vec(entry(), 0..200)) {
        let (bytes, want) = journal(&entries);
        let (got, reader) = read(&bytes).unwrap();
        prop_assert_eq!(got, want);
        prop_assert_eq!(reader.header(), &header());
        let ending = reader.ending().map(|(_, e)| e);
        prop_assert_eq!(ending, Some(Ending::Hangup(HangupCause::Finished)));
        prop_assert_eq!(reader.whole_bytes(), bytes.len() as u64);
    }

    #[test]
    fn every_confidence_comes_back_to_the_bit(bits in vec(any::<f32>(), 1..100)) {
        for confidence in bits.into_iter().filter(|c| (0.0..=1.0).contains(c)) {
            let transcript = Transcript::plain("a", confidence);
            let turn = spillway::call::TurnId(1);
            let (bytes, _) = journal(&[(0, Entry::In(Input::Final { turn, transcript }))]);
            let (got, _) = read(&bytes).unwrap();
            let Entry::In(Input::Final { transcript, .. }) = &got[0].entry else { panic!() };
            prop_assert_eq!(transcript.confidence.to_bits(), confidence.to_bits());
        }
    }

    #[test]
    fn a_journal_cut_anywhere_is_read_up_to_there(
        entries in vec(entry(), 1..30),
        cut in any::<prop::sample::Index>(),
    ) {
        let (bytes, want) = journal(&entries);
        let cut = cut.index(bytes.len());
        match read(&bytes[..cut]) {
            Ok((got, reader)) => {
                prop_assert_eq!(&got[..], &want[..got.len()]);
                prop_assert_eq!(reader.ending(), None);
                let whole = bytes[..cut].iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
                prop_assert_eq!(reader.whole_bytes(), whole as u64);
            }
            Err(JournalError::Empty { .. }) => prop_assert!(!bytes[..cut].contains(&b'\n')),
            Err(e) => prop_assert!(false, "{e}"),
        }
    }

    #[test]
    fn damaged_bytes_never_panic(
        entries in vec(entry(), 1..20),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (mut bytes, _) = journal(&entries);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        // Damage inside a text may go unnoticed; what is noticed names the place.
        if let Err(JournalError::Malformed { line, offset, .. }) = read(&bytes) {
            prop_assert!(line >= 1 && offset <= bytes.len() as u64);
        }
    }

    #[test]
    fn any_lines_never_panic(lines in vec(line(), 0..10)) {
        let (mut bytes, _) = journal(&[]);
        bytes.truncate(bytes.iter().position(|&b| b == b'\n').unwrap() + 1);
        for line in lines {
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
        }
        let _ = read(&bytes);
    }
}

#[test]
fn the_format() {
    let audio = |step| (step, Entry::In(Input::Audio(AudioFrame::SILENCE)));
    let mut entries = vec![
        (0, Entry::In(Input::Answered)),
        (0, Entry::Out(Output::Play { play: PlayId(1), sounds: vec![Sound::Silence { ms: 200 }] })),
        (0, Entry::Out(Output::Timeout(Some(CallTime(900_000))))),
    ];
    for _ in 0..52 {
        entries.push(audio(20));
        entries.push((0, Entry::Out(Output::Timeout(Some(CallTime(900_000))))));
    }
    entries.extend([audio(21), audio(19)]);
    entries.push((3, Entry::Out(Output::Timeout(None))));
    entries.push((4, Entry::In(Input::Hangup(HangupCause::CallerHungUp))));
    let (bytes, _) = journal(&entries);
    let text = String::from_utf8(bytes).unwrap();
    let (head, lines) = text.split_once('\n').unwrap();
    let want = concat!(
        r#"{"spillway_journal":1,"build":"0.0.0-test","hotline":"demo","hotline_digest":"c0ffee","#,
        r#""units_as_of":"2026-01-01","#,
        r#""caller":{"call_id":"67e55044-10b1-426f-9247-bb680e5fe0c8","#,
        r#""caller_id":"+84901234567","called":"hotline","entrance":"sip","headers":"#,
        r#"[["diversion","<sip:queue@pbx>"]],"answered_unix_ms":1700000000000}}"#
    );
    assert_eq!(head, want);
    insta::assert_snapshot!(lines, @r#"
    {"t":0,"in":"answered"}
    {"t":0,"out":{"play":{"play":1,"sounds":[{"silence":{"ms":200}}]}}}
    {"t":0,"out":{"timeout":900000}}
    {"t":20,"audio":50}
    {"t":1020,"audio":4,"steps":[20,21,19]}
    {"t":1080,"out":{"timeout":null}}
    {"t":1084,"in":{"hangup":"caller_hung_up"}}
    {"t":1084,"end":"finished"}
    "#);
}

/// Reads `lines` below a good header and expects an error with `want` in it.
#[track_caller]
fn check_refused(lines: &str, want: &str) {
    let (mut bytes, _) = journal(&[]);
    bytes.truncate(bytes.iter().position(|&b| b == b'\n').unwrap() + 1);
    bytes.extend_from_slice(lines.as_bytes());
    match read(&bytes) {
        Err(e) => assert!(e.to_string().contains(want), "{e}\nhas no {want:?}"),
        Ok((records, _)) => panic!("{lines:?} was read as {records:?}"),
    }
}

#[test]
fn refuses() {
    let good = "{\"t\":40,\"in\":\"answered\"}\n";
    let second_line = journal(&[]).0.iter().position(|&b| b == b'\n').unwrap() + 1;
    check_refused("rubbish\n", &format!("test.jsonl: line 2 (byte {second_line})"));
    check_refused(&format!("{good}{{\"t\":1\n{good}"), "line 3");
    check_refused(&format!("{good}{{\"t\":39,\"in\":\"answered\"}}\n"), "time runs backwards");
    check_refused(&format!("{{\"t\":0,\"end\":\"finished\"}}\n{good}"), "after the end");
    check_refused("{\"t\":0,\"end\":\"tired\"}\n", "unknown variant");
    check_refused("{\"t\":0}\n", "exactly one of");
    check_refused("{\"t\":0,\"in\":\"answered\",\"out\":{\"timeout\":null}}\n", "exactly one of");
    check_refused("{\"t\":0,\"in\":{\"audio\":null}}\n", "\"audio\" line");
    check_refused("{\"t\":0,\"in\":\"answered\",\"mood\":1}\n", "unknown field");
    check_refused("{\"t\":0,\"audio\":0}\n", "0 frames");
    check_refused("{\"t\":0,\"audio\":51}\n", "51 frames");
    check_refused("{\"t\":0,\"audio\":-1}\n", "invalid value");
    check_refused("{\"t\":0,\"audio\":3,\"steps\":[20]}\n", "1 steps for 3 frames");
    check_refused("{\"t\":0,\"in\":\"answered\",\"steps\":[20]}\n", "steps without audio");
    check_refused("{\"t\":-1,\"in\":\"answered\"}\n", "line 2");
    check_refused("\n", "line 2");
    check_refused(&"x".repeat(5 << 20), "longer than");
}

#[test]
fn another_version_is_named() {
    let text = "{\"spillway_journal\":2,\"all\":\"different\"}\n";
    let error = Reader::from_bytes("test.jsonl", text.into()).err().unwrap();
    assert!(matches!(error, JournalError::Version { found: 2, .. }), "{error}");
    assert!(error.to_string().contains("journal version 2, this build reads 1"), "{error}");
}

#[test]
fn a_header_with_an_unknown_key_is_refused() {
    let (bytes, _) = journal(&[]);
    let text = String::from_utf8(bytes).unwrap().replacen("build", "built", 1);
    let error = Reader::from_bytes("test.jsonl", text.into()).err().unwrap();
    assert!(error.to_string().contains("line 1 (byte 0): unknown field `built`"), "{error}");
}
