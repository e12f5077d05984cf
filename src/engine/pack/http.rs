//! Resumable download from an official address (RFC 9110, section 14: range requests).

use super::{PackError, Progress};
use indicatif::ProgressBar;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::http::{Response, StatusCode, header};

/// Tries in a row that bring no new byte before giving up.
const IDLE_TRIES_MAX: u32 = 3;

/// Downloads files, resuming what an earlier run left.
pub(super) struct Downloader {
    agent: ureq::Agent,
    progress: Progress,
}

/// How one request ended.
enum Leg {
    /// The file is whole.
    Done,
    /// The connection broke; this many bytes are there.
    Broke(u64, String),
}

impl Downloader {
    /// Waits `connect_max` for an address to answer, and for each piece thereafter six times that.
    pub(super) fn new(connect_max: Duration, progress: Progress) -> Downloader {
        let config = ureq::Agent::config_builder()
            .timeout_resolve(Some(connect_max))
            .timeout_connect(Some(connect_max))
            .timeout_recv_response(Some(connect_max * 6))
            .timeout_per_read(Some(connect_max * 6))
            .http_status_as_error(false)
            // A range counts the bytes of the file, so they must come as they are.
            .accept_encoding("identity")
            .build();
        Downloader { agent: config.into(), progress }
    }

    /// Brings `url` to `to`, by way of `to` with `.part` added, which a broken transfer leaves.
    pub(super) fn download(
        &self,
        url: &str,
        to: &Path,
        bytes: Option<u64>,
    ) -> Result<(), PackError> {
        let part = part_of(to);
        let bar = self.progress.bar(bytes.unwrap_or(0));
        let mut idle_tries = 0;
        let mut had = length(&part);
        loop {
            match self.transfer(url, &part, &bar) {
                Ok(Leg::Done) => break,
                Ok(Leg::Broke(got, reason)) => {
                    idle_tries = if got > had { 0 } else { idle_tries + 1 };
                    had = got;
                    if idle_tries == IDLE_TRIES_MAX {
                        return Err(PackError::BrokeOff { url: url.into(), got, reason });
                    }
                }
                Err(error) => return Err(error),
            }
        }
        bar.finish_and_clear();
        std::fs::rename(&part, to).map_err(PackError::io(to))
    }

    /// One request for what is still missing.
    fn transfer(&self, url: &str, part: &Path, bar: &ProgressBar) -> Result<Leg, PackError> {
        let had = length(part);
        let mut request = self.agent.get(url);
        if had > 0 {
            request = request.header(header::RANGE, format!("bytes={had}-"));
        }
        let mut response = match request.call() {
            Ok(response) => response,
            Err(e) if had > 0 && !is_unreachable(&e) => return Ok(Leg::Broke(had, e.to_string())),
            Err(e) => {
                return Err(PackError::Unreachable { url: url.into(), reason: e.to_string() });
            }
        };
        let start = match response.status() {
            StatusCode::PARTIAL_CONTENT if range_of(&response).map(|r| r.0) == Some(had) => had,
            // The server does not resume, or not there: from the beginning.
            StatusCode::OK => 0,
            StatusCode::PARTIAL_CONTENT => return restart(part),
            // Nothing is missing any more, or the file there is a shorter one now.
            StatusCode::RANGE_NOT_SATISFIABLE if range_of(&response) == Some((0, had)) => {
                return Ok(Leg::Done);
            }
            StatusCode::RANGE_NOT_SATISFIABLE => return restart(part),
            status => {
                return Err(PackError::Refused { url: url.into(), status: status.as_u16() });
            }
        };
        let total = response.body().content_length().map(|rest| start + rest);
        if let Some(total) = total {
            bar.set_length(total);
        }
        let mut file = open_at(part, start)?;
        let (got, broke) = copy(&mut response.body_mut().as_reader(), &mut file, start, bar)
            .map_err(PackError::io(part))?;
        match broke {
            Some(reason) => Ok(Leg::Broke(got, reason)),
            None if total.is_some_and(|total| got < total) => {
                Ok(Leg::Broke(got, "the server closed the connection".into()))
            }
            None => Ok(Leg::Done),
        }
    }
}

/// Copies until the end or a break, and says how far it got; an error is the file's.
fn copy(
    from: &mut impl Read,
    to: &mut File,
    start: u64,
    bar: &ProgressBar,
) -> std::io::Result<(u64, Option<String>)> {
    let mut piece = vec![0; 1 << 16];
    let mut got = start;
    loop {
        bar.set_position(got);
        match from.read(&mut piece) {
            Ok(0) => return Ok((got, None)),
            Ok(n) => {
                to.write_all(&piece[..n])?;
                got += n as u64;
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Ok((got, Some(e.to_string()))),
        }
    }
}

fn open_at(part: &Path, start: u64) -> Result<File, PackError> {
    let open = || {
        let mut file = File::options().create(true).truncate(false).write(true).open(part)?;
        file.set_len(start)?;
        file.seek(std::io::SeekFrom::Start(start))?;
        Ok(file)
    };
    open().map_err(PackError::io(part))
}

fn restart(part: &Path) -> Result<Leg, PackError> {
    std::fs::remove_file(part).map_err(PackError::io(part))?;
    Ok(Leg::Broke(0, "the file at the address has changed".into()))
}

/// First byte and, for an unsatisfied range (`bytes */N`), the length of the file there.
fn range_of(response: &Response<ureq::Body>) -> Option<(u64, u64)> {
    let text = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    if range == "*" {
        return Some((0, total.parse().ok()?));
    }
    Some((range.split_once('-')?.0.parse().ok()?, 0))
}

fn is_unreachable(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => true,
        ureq::Error::Timeout(t) => {
            matches!(t, ureq::Timeout::Resolve | ureq::Timeout::Connect)
        }
        ureq::Error::Io(e) => e.kind() == std::io::ErrorKind::ConnectionRefused,
        _ => false,
    }
}

fn part_of(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |m| m.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::net::{Shutdown, TcpListener};
    use std::sync::{Arc, Mutex};

    /// What the server does with one connection.
    #[derive(Clone, Copy)]
    enum Act {
        /// Serves what was asked for.
        Serve,
        /// Promises everything, sends this many bytes of it and hangs up.
        CutAfter(usize),
        /// Serves the whole file whatever range was asked for.
        IgnoreRange,
        /// Answers 404.
        NotFound,
    }

    /// A server of `content` that plays one act per connection; gives its URL and a log of ranges.
    fn server(content: Vec<u8>, acts: Vec<Act>) -> (String, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let url = format!("http://{}/f", listener.local_addr().expect("address"));
        let asked = Arc::new(Mutex::new(vec![]));
        let log = asked.clone();
        std::thread::spawn(move || {
            for act in acts {
                let (mut stream, _) = listener.accept().expect("accept");
                let mut range = String::new();
                for line in BufReader::new(&stream).lines() {
                    let line = line.expect("line");
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("range: ") {
                        range = value.into();
                    }
                    if line.is_empty() {
                        break;
                    }
                }
                log.lock().expect("log").push(range.clone());
                let answer = answer(&content, act, &range);
                stream.write_all(&answer).expect("send");
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
        (url, asked)
    }

    fn answer(content: &[u8], act: Act, range: &str) -> Vec<u8> {
        let from = range.strip_prefix("bytes=").and_then(|r| r.strip_suffix('-'));
        let from = from.map(|r| r.parse::<usize>().expect("a number"));
        let total = content.len();
        let (head, body) = match (act, from) {
            (Act::NotFound, _) => ("404 Not Found\r\n".to_string(), &content[..0]),
            (Act::IgnoreRange, _) | (_, None) => ("200 OK\r\n".to_string(), content),
            (_, Some(from)) if from >= total => {
                let head = format!("416 No\r\nContent-Range: bytes */{total}\r\n");
                (head, &content[..0])
            }
            (_, Some(from)) => {
                let range = format!("bytes {from}-{}/{total}", total - 1);
                (format!("206 Partial\r\nContent-Range: {range}\r\n"), &content[from..])
            }
        };
        let mut out = format!("HTTP/1.1 {head}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        let sent = if let Act::CutAfter(n) = act { &body[..n] } else { body };
        out.extend_from_slice(sent);
        out
    }

    fn content() -> Vec<u8> {
        (0..300_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    }

    fn downloader() -> Downloader {
        Downloader::new(Duration::from_secs(5), Progress::Silent)
    }

    #[test]
    fn every_way_a_transfer_may_go_ends_with_the_whole_file() {
        // (bytes an earlier run left, acts, ranges that must be asked for)
        let check = |left: usize, acts: &[Act], ranges: &[&str]| {
            let dir = tempfile::tempdir().expect("temp dir");
            let to = dir.path().join("f");
            if left > 0 {
                std::fs::write(part_of(&to), &content()[..left]).expect("part");
            }
            let (url, asked) = server(content(), acts.to_vec());
            downloader().download(&url, &to, None).expect("download");
            assert_eq!(*asked.lock().expect("log"), ranges);
            assert!(std::fs::read(&to).expect("file") == content(), "other bytes: {ranges:?}");
            assert!(!part_of(&to).exists());
        };
        check(0, &[Act::Serve], &[""]);
        check(1000, &[Act::Serve], &["bytes=1000-"]);
        check(0, &[Act::CutAfter(70_000), Act::Serve], &["", "bytes=70000-"]);
        check(
            5,
            &[Act::CutAfter(10), Act::CutAfter(0), Act::CutAfter(20), Act::Serve],
            &["bytes=5-", "bytes=15-", "bytes=15-", "bytes=35-"],
        );
        check(1000, &[Act::IgnoreRange], &["bytes=1000-"]);
        check(300_000, &[Act::Serve], &["bytes=300000-"]);
    }

    #[test]
    fn a_longer_left_over_than_the_file_is_thrown_away() {
        let dir = tempfile::tempdir().expect("temp dir");
        let to = dir.path().join("f");
        std::fs::write(part_of(&to), vec![7; 300_001]).expect("part");
        let (url, asked) = server(content(), vec![Act::Serve, Act::Serve]);
        downloader().download(&url, &to, None).expect("download");
        assert_eq!(*asked.lock().expect("log"), ["bytes=300001-", ""]);
        assert!(std::fs::read(&to).expect("file") == content());
    }

    #[test]
    fn a_transfer_that_gets_no_further_is_given_up_and_its_bytes_are_kept() {
        let dir = tempfile::tempdir().expect("temp dir");
        let to = dir.path().join("f");
        let acts = [&[Act::CutAfter(999)], &[Act::CutAfter(0); 3][..]].concat();
        let (url, _) = server(content(), acts);
        let error = downloader().download(&url, &to, None).expect_err("broke off");
        assert!(matches!(error, PackError::BrokeOff { got: 999, .. }), "{error}");
        assert_eq!(length(&part_of(&to)), 999);
        assert!(!to.exists());
    }

    #[test]
    fn a_missing_file_and_a_dead_address_are_told_apart() {
        let dir = tempfile::tempdir().expect("temp dir");
        let to = dir.path().join("f");
        let (url, _) = server(content(), vec![Act::NotFound]);
        let error = downloader().download(&url, &to, None).expect_err("404");
        assert!(matches!(error, PackError::Refused { status: 404, .. }), "{error}");
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let url = format!("http://{}/f", listener.local_addr().expect("address"));
        drop(listener);
        let error = downloader().download(&url, &to, None).expect_err("refused");
        assert!(matches!(error, PackError::Unreachable { .. }), "{error}");
    }
}
