//! Laws of sealed files: what comes out is what went in, or an error; never something else.

use super::{
    CHUNK_EXTRA, Content, HEADER_BYTES, Keys, Name, SealError, Sealer, Unsealer, sealed_path,
};
use crate::ticket::CallId;
use proptest::prelude::*;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

/// A key file with `count` keys in it, made of numbers.
pub(crate) fn keys(count: u8) -> Keys {
    use base64::Engine;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("k");
    let key = |n: u8| std::array::from_fn::<u8, 32, _>(|i| i as u8 ^ (n << 5));
    let lines = (0..count).map(|n| base64::engine::general_purpose::STANDARD.encode(key(n)));
    let file = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path);
    let text: Vec<String> = lines.collect();
    std::io::Write::write_all(&mut file.unwrap(), text.join("\n").as_bytes()).unwrap();
    Keys::read(&path).unwrap()
}

pub(crate) fn call(id: &str) -> CallId {
    CallId(id.into())
}

pub(crate) fn seal(keys: &Keys, name: Name<'_>, chunk: u32, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut sealer = Sealer::begin(Vec::new(), keys, name, Content::Bytes, chunk).unwrap();
    parts.iter().for_each(|part| sealer.append(part).unwrap());
    sealer.finish().unwrap()
}

/// All that can be read, and how it ended.
pub(crate) fn unseal(
    keys: &Keys,
    name: Name<'_>,
    sealed: &[u8],
) -> (Vec<u8>, Result<(), SealError>) {
    let mut text = Vec::new();
    let mut file = match Unsealer::new(sealed, Some(keys), name) {
        Ok(file) => file,
        Err(e) => return (text, Err(e)),
    };
    loop {
        match file.next_chunk() {
            Ok(Some(mut chunk)) => text.append(&mut chunk),
            Ok(None) => return (text, Ok(())),
            Err(e) => return (text, Err(e)),
        }
    }
}

pub(crate) fn parts() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..8)
}

proptest! {
    #[test]
    fn what_is_sealed_is_read_and_what_is_cut_is_told(
        parts in parts(), chunk in 0u32..100, cut in any::<prop::sample::Index>(),
    ) {
        let (keys, id) = (keys(1), call("a"));
        let name = Name { call: &id, file: "f" };
        let sealed = seal(&keys, name, chunk, &parts);
        let (text, ended) = unseal(&keys, name, &sealed);
        prop_assert!(ended.is_ok(), "{ended:?}");
        prop_assert_eq!(&text, &parts.concat());
        let (start, ended) = unseal(&keys, name, &sealed[..cut.index(sealed.len())]);
        prop_assert!(matches!(ended, Err(SealError::Unfinished { .. })), "{ended:?}");
        prop_assert!(text.starts_with(&start));
    }
}

#[test]
fn no_changed_byte_goes_unseen() {
    let (keys, id) = (keys(1), call("a"));
    let name = Name { call: &id, file: "f" };
    for chunk in [0, 5] {
        let sealed = seal(&keys, name, chunk, &[b"hello".to_vec(), b"world".to_vec()]);
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[at] ^= 1 << bit;
                let (text, ended) = unseal(&keys, name, &changed);
                assert!(ended.is_err(), "byte {at} bit {bit}");
                assert!(b"helloworld".starts_with(&text));
            }
        }
        let longer = [sealed.as_slice(), b"x"].concat();
        assert!(matches!(unseal(&keys, name, &longer).1, Err(SealError::Damaged { .. })));
    }
}

#[test]
fn chunks_and_files_keep_their_places() {
    let (keys, id, other) = (keys(1), call("a"), call("b"));
    let name = Name { call: &id, file: "f" };
    let sealed = seal(&keys, name, 4, &[b"aaaabbbbcc".to_vec()]);
    let (header, chunks) = sealed.split_at(HEADER_BYTES);
    let stride = 4 + CHUNK_EXTRA;
    let (one, two, last) = (&chunks[..stride], &chunks[stride..2 * stride], &chunks[2 * stride..]);
    let check = |what: &str, parts: &[&[u8]], name: Name<'_>| {
        let (_, ended) = unseal(&keys, name, &parts.concat());
        assert!(matches!(ended, Err(SealError::Damaged { .. })), "{what}: {ended:?}");
    };
    check("swapped", &[header, two, one, last], name);
    check("left out", &[header, one, last], name);
    check("repeated", &[header, one, one, two, last], name);
    check("only the last", &[header, last], name);
    check("another call's", &[&sealed], Name { call: &other, file: "f" });
    check("another file", &[&sealed], Name { call: &id, file: "g" });
    let twin = seal(&keys, name, 4, &[b"aaaabbbbcc".to_vec()]);
    check("of two sealings", &[header, one, &twin[HEADER_BYTES + stride..]], name);
}

#[test]
fn keys_are_rotated_and_missed() {
    let (old, both, id) = (keys(1), keys(2), call("a"));
    let name = Name { call: &id, file: "f" };
    let text = vec![b"text".to_vec()];
    let (first, second) = (seal(&old, name, 0, &text), seal(&both, name, 0, &text));
    assert_eq!(unseal(&both, name, &first).0, b"text", "an older key still opens");
    assert_eq!(second[8..16], both.ids()[1].0, "the newest seals");
    let missed = unseal(&old, name, &second).1;
    assert!(matches!(missed, Err(SealError::NoSuchKey { key, .. }) if key == both.ids()[1]));
    let none = Unsealer::new(second.as_slice(), None, name).err();
    assert!(matches!(none, Some(SealError::NoKeys { .. })));
}

/// What the length of chunks costs; run with --ignored --nocapture.
#[test]
#[ignore = "a measurement"]
fn chunk_cost() {
    let (keys, id) = (keys(1), call("a"));
    let name = Name { call: &id, file: "f" };
    let minutes = 20;
    for chunk in [640, 3_200, 32_000, 65_536] {
        let begun = std::time::Instant::now();
        let mut sealer =
            Sealer::begin(std::io::sink(), &keys, name, Content::Samples, chunk).unwrap();
        (0..3_000 * minutes).for_each(|n| sealer.append(&[n as u8; 640]).unwrap());
        sealer.finish().unwrap();
        let ms = begun.elapsed().as_secs_f64() * 1e3 / f64::from(minutes);
        let extra = 100.0 * CHUNK_EXTRA as f64 / f64::from(chunk);
        println!("chunks of {chunk} bytes: {ms:.2} ms a minute of call, {extra:.2} % more bytes");
    }
}

#[test]
fn a_growing_file_is_followed() {
    let (keys, id, dir) = (keys(1), call("a"), tempfile::tempdir().unwrap());
    let name = Name { call: &id, file: "f" };
    let sealed = seal(&keys, name, 0, &[b"one\n".to_vec(), b"two\n".to_vec()]);
    let path = sealed_path(dir.path(), name.file);
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(&sealed[..HEADER_BYTES]).unwrap();
    let mut tail = Unsealer::follow(&path, Some(&keys), name).unwrap();
    let mut read = Vec::new();
    for at in HEADER_BYTES..sealed.len() {
        let part = tail.next_so_far().unwrap();
        read.extend(part.unwrap_or_default());
        file.write_all(&sealed[at..=at]).unwrap();
    }
    assert_eq!(read, b"one\ntwo\n");
    assert_eq!(tail.next_so_far().unwrap(), Some(vec![]), "the last chunk is empty");
    assert_eq!(tail.next_so_far().unwrap(), None);
}
