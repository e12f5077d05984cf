//! The page: well-formed, self-contained, and deaf to what callers say.

use super::super::Options;
use super::super::made_up::{call, header};
use super::*;
use crate::audio::AudioFrame;
use crate::call::CallerFacts;
use crate::journal::Header;
use crate::replay::{CallResult, Results};
use crate::ticket::CallId;
use quick_xml::Reader;
use quick_xml::events::Event;
use std::path::Path;

const HOSTILE: &str = "<script>alert(1)</script> \"><img src=x onerror=alert(1)> &amp; ' </td>";

fn results(calls: Vec<CallResult>) -> Results {
    Results { header: header(), calls }
}

fn page_of(a: Vec<CallResult>, b: Vec<CallResult>, sound: Sound<'_>) -> String {
    let (a, b) = (results(a), results(b));
    let options = Options { alpha: 0.05, seed: 1 };
    let file = Path::new("run.jsonl");
    page(&Comparison::of((file, &a), (file, &b), options).expect("calls in common"), sound)
}

/// Each element's name in order; panics where one is not closed where it should be.
fn elements(page: &str) -> Vec<String> {
    const VOID: [&str; 2] = ["meta", "br"];
    let body = page.strip_prefix("<!DOCTYPE html>").expect("a document type");
    let mut reader = Reader::from_str(body);
    reader.config_mut().check_end_names = false;
    let (mut open, mut all) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(start) => {
                let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
                for attribute in start.html_attributes() {
                    let key = attribute.expect("an attribute").key;
                    let key = String::from_utf8_lossy(key.as_ref()).into_owned();
                    assert!(!key.starts_with("on"), "{name} has {key}");
                }
                all.push(name.clone());
                if !VOID.contains(&&*name) {
                    open.push(name);
                }
            }
            Event::End(end) => {
                let name = String::from_utf8_lossy(end.name().as_ref()).into_owned();
                assert_eq!(open.pop(), Some(name));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?}");
    all
}

#[test]
fn what_callers_say_is_text() {
    let hostile = |id: &str| {
        let mut call = call(id);
        let measures = call.measures.as_mut().expect("measures");
        measures.turns[1].text = HOSTILE.into();
        measures.turns[3].truth = Some(HOSTILE.into());
        measures.slots[0].value = HOSTILE.into();
        measures.slots[1].truth = Some(HOSTILE.into());
        (call.hotline, call.language) = (HOSTILE.into(), HOSTILE.into());
        call
    };
    let mut failed = hostile("three");
    (failed.measures, failed.error) = (None, Some(HOSTILE.into()));
    let page = page_of(
        vec![call("one"), call(HOSTILE), failed.clone()],
        vec![hostile("one"), hostile(HOSTILE), failed],
        Sound::With(None),
    );
    let elements = elements(&page);
    assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
    for refused in ["script", "img", "link", "iframe", "object", "form", "base"] {
        assert!(!elements.iter().any(|name| name == refused), "{refused}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn the_page_needs_nothing_else() {
    let mut changed = call("one");
    let measures = changed.measures.as_mut().expect("measures");
    measures.turns[3].text = "twelve garden treat".into();
    measures.slots[1].value = "12 Garden Treat".into();
    let page = page_of(vec![call("one")], vec![changed], Sound::Without);
    let elements = elements(&page);
    for (name, times) in [("svg", 6), ("h1", 1), ("article", 1), ("audio", 0)] {
        assert_eq!(elements.iter().filter(|e| *e == name).count(), times, "{name}");
    }
    assert!(page.contains("default-src 'none'"));
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("url("));
    assert!(page.contains("This file holds what callers said."));
    assert!(page.contains("twelve garden <del>street</del>"), "{page}");
    assert!(page.contains("twelve garden <ins>treat</ins>"));
    assert!(page.contains("✗ wrong"));
}

/// A call's folder with a recording of `frames` frames.
fn recorded(frames: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let caller = CallerFacts {
        call_id: CallId("one".into()),
        caller_id: String::new(),
        called: "bot".into(),
        entrance: "sip".into(),
        headers: vec![],
        answered_unix_ms: 0,
        form: crate::dialogue::Form::Full,
    };
    let header = Header::new(caller, "demo-en", "", "2026-01-01");
    let mut lines = serde_json::to_string(&header).expect("JSON") + "\n";
    for at in 0..frames {
        lines += &format!("{{\"t\":{},\"audio\":1}}\n", at * 20);
    }
    std::fs::write(folder.path().join("journal.jsonl"), lines).expect("written");
    let wav = folder.path().join("audio.wav");
    let mut wav = hound::WavWriter::create(wav, crate::seal::SPEC).expect("made");
    for sample in 0..frames * AudioFrame::SILENCE.0.len() {
        wav.write_sample(((sample % 100) * 100) as i16).expect("written");
        wav.write_sample(0i16).expect("written");
    }
    wav.finalize().expect("written");
    folder
}

#[test]
fn sound_is_heard_around_the_first_difference() {
    use base64::Engine;
    let folder = recorded(1_000);
    let mut a = call("one");
    a.journal = folder.path().join("journal.jsonl");
    let mut b = a.clone();
    b.measures.as_mut().expect("measures").turns[3].text = "other words".into();
    let page = page_of(vec![a.clone()], vec![b.clone()], Sound::With(None));
    let start = page.find("data:audio/wav;base64,").expect("sound");
    let address = page[start..].split('"').next().expect("an end");
    let wav = address.rsplit(',').next().expect("its octets");
    let wav = base64::engine::general_purpose::STANDARD.decode(wav).expect("base64");
    // 3 s to 19 s around the turn that begins at 9 s.
    assert_eq!(wav.len(), 58 + 16 * 8_000);
    assert!(page.contains("from 3.0 s to 19.0 s"), "{page}");
    assert!(page.contains("is at 9.0 s: 6.0 s from the start."));
    elements(&page);

    std::fs::remove_file(folder.path().join("audio.wav")).expect("removed");
    let page = page_of(vec![a.clone()], vec![b.clone()], Sound::With(None));
    assert!(page.contains("No sound: the recording is not there"), "{page}");
    b.journal = "nowhere/journal.jsonl".into();
    a.journal = b.journal.clone();
    let page = page_of(vec![a], vec![b], Sound::With(None));
    assert!(page.contains("No sound: nowhere/journal.jsonl: cannot be read"), "{page}");
}
