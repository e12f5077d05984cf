//! RFC 4475's torture messages, over UDP, to a server that must go on answering.

use super::consumer::{Exchange, Manners};
use super::phone::{Phone, status};
use std::path::PathBuf;
use std::time::Duration;

/// Requests that are legal and meant for a user agent like ours: each gets a final answer.
const VALID: &[&str] = &[
    "wsinv",
    "intmeth",
    "esc01",
    "escnull",
    "esc02",
    "lwsdisp",
    "longreq",
    "dblreq",
    "semiuri",
    "transports",
    "mpart01",
    "unksm2",
    "inv2543",
    "zeromf",
    "multi01",
    "unkscm",
    "cparam01",
    "cparam02",
    "regescrt",
    "bext01",
    "invut",
    "sdp01",
    "regaut01",
];

/// Broken ones that can still be answered, and with what (RFC 4475 3.1.2 and 3.3).
const REFUSED: &[(&str, u16)] = &[
    ("badinv01", 400),
    ("clerr", 400),
    ("ncl", 400),
    ("scalar02", 400),
    ("quotbal", 400),
    ("ltgtruri", 400),
    ("lwsruri", 400),
    ("lwsstart", 400),
    ("trws", 400),
    ("badvers", 505),
    ("mismatch01", 400),
    ("mcl01", 400),
    ("insuf", 400),
    ("multi01", 400),
    ("unkscm", 416),
    ("intmeth", 501),
    ("bext01", 420),
];

/// Where the messages are: beside the checkout, or where the environment says.
fn messages() -> Option<PathBuf> {
    let named = std::env::var_os("SPILLWAY_RFC4475").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/sip/rfc4475");
    let above = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/sip/rfc4475");
    named.into_iter().chain([beside, above]).find(|dir| dir.is_dir())
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc_4475() {
    let Some(dir) = messages() else {
        eprintln!("SKIPPED: no RFC 4475 messages; set SPILLWAY_RFC4475 to their folder");
        return;
    };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "dat"));
    files.sort();
    assert!(files.len() >= 49, "{} messages", files.len());
    let exchange = Exchange::open(Manners::default()).await;
    let mut wrong = Vec::new();
    for file in &files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let mut phone = Phone::udp(exchange.addr).await;
        phone.send(&std::fs::read(file).unwrap()).await;
        let mut last = 0;
        let due = VALID.contains(&name.as_str()) || REFUSED.iter().any(|(n, _)| *n == name);
        let wait = Duration::from_millis(if due { 1_500 } else { 60 });
        while last < 200 {
            let Some(message) = phone.receive(wait).await else { break };
            last = status(&message);
        }
        eprintln!("{name:12} {last}");
        if due && last < 200 {
            wrong.push(format!("{name}: no answer"));
        }
        if let Some((_, want)) = REFUSED.iter().find(|(n, _)| *n == name)
            && last != *want
        {
            wrong.push(format!("{name}: {last}, not {want}"));
        }
        phone.new_call();
        let alive = phone.ask("OPTIONS", 1, "", "").await;
        assert_eq!(status(&alive), 200, "after {name}: {alive}");
    }
    assert_eq!(wrong, Vec::<String>::new());
}
