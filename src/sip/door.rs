//! What happens to a message's bytes before the SIP library sees them: framing, checks of RFC 3261
//! 7 and 8.2 that the library leaves out, and answers to what it would drop without a word
//! (unknown methods, malformed requests). No IO.

use super::ALLOW;
use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::{Method, SipMessage, Transport};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transport::SipConnection;
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;

/// Longest message that is read, in bytes: what a UDP datagram can hold.
pub(super) const MESSAGE_BYTES_MAX: usize = 65_535;

/// Stands for the From tag an RFC 2543 caller did not send; never leaves this host.
const TAG_OF_RFC_2543: &str = ";tag=none-rfc2543";

/// What to do with a message.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Give it to the transaction layer.
    Pass(Box<SipMessage>),
    /// Send these bytes back to where it came from and forget it (RFC 3261 8.2.7).
    Reply(Vec<u8>),
    /// Say nothing.
    Drop(&'static str),
}

/// What a stream's buffer begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    /// A message of so many bytes.
    Message(usize),
    /// So many bytes of keep-alive: CRLF, answered where it is CRLFCRLF (RFC 5626 4.4.1).
    KeepAlive(usize),
    /// Not all of it is here yet.
    Incomplete,
    /// Where the message ends cannot be told: the connection is of no further use.
    Broken,
}

/// Finds the end of the message at the beginning of a stream (RFC 3261 18.3).
pub(super) fn frame(buffer: &[u8]) -> Frame {
    let blank = buffer.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    if blank >= 2 {
        return Frame::KeepAlive(blank);
    }
    let Some(head) = head_length(buffer) else {
        let full = buffer.len() > MESSAGE_BYTES_MAX;
        return if full { Frame::Broken } else { Frame::Incomplete };
    };
    let (_, fields) = unfold(&String::from_utf8_lossy(&buffer[..head]));
    // over a stream Content-Length is mandatory (RFC 3261 20.14)
    match content_length(&fields) {
        Ok(Some(body)) if head + body > MESSAGE_BYTES_MAX => Frame::Broken,
        Ok(Some(body)) if buffer.len() < head + body => Frame::Incomplete,
        Ok(Some(body)) => Frame::Message(head + body),
        Ok(None) | Err(Flaw { .. }) => Frame::Broken,
    }
}

/// Looks at one whole message from `source`.
pub(super) fn examine(bytes: &[u8], source: SocketAddr, transport: Transport) -> Verdict {
    let Some(head) = head_length(bytes) else { return Verdict::Drop("no end of headers") };
    let (start, fields) = unfold(&String::from_utf8_lossy(&bytes[..head]));
    let body = &bytes[head..];
    if start.starts_with("SIP/") {
        return match SipMessage::try_from(&rebuilt(&start, &fields, body)[..]) {
            Ok(message) => Verdict::Pass(Box::new(message)),
            Err(_) => Verdict::Drop("malformed response"),
        };
    }
    let flaw = match inspect(&start, &fields, body, source, transport) {
        Ok(message) => return Verdict::Pass(Box::new(message)),
        Err(flaw) => flaw,
    };
    if start.starts_with("ACK ") || !fields.iter().any(|(name, _)| name == "Via") {
        // an ACK is never answered (RFC 3261 17); without Via nobody could match the answer
        return Verdict::Drop(flaw.words);
    }
    Verdict::Reply(refusal(&fields, source, &flaw))
}

/// A message as it goes out: without what [`examine`] put in for RFC 2543 callers.
pub(super) fn released(bytes: &[u8]) -> Cow<'_, [u8]> {
    let invented = TAG_OF_RFC_2543.as_bytes();
    let head = head_length(bytes).unwrap_or(bytes.len());
    match bytes[..head].windows(invented.len()).position(|w| w == invented) {
        Some(at) => Cow::Owned([&bytes[..at], &bytes[at + invented.len()..]].concat()),
        None => Cow::Borrowed(bytes),
    }
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Flaw {
    status: u16,
    words: &'static str,
}

const fn bad(words: &'static str) -> Flaw {
    Flaw { status: 400, words }
}

type Fields = Vec<(String, String)>;

fn inspect(
    start: &str,
    fields: &Fields,
    body: &[u8],
    source: SocketAddr,
    transport: Transport,
) -> Result<SipMessage, Flaw> {
    let (method, uri) = request_line(start)?;
    check_fields(fields, method)?;
    let length = content_length(fields)?.unwrap_or(body.len());
    let body = body.get(..length).ok_or(bad("Body Shorter Than Content-Length"))?;
    let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
    if !["sip", "sips", "tel"].iter().any(|s| scheme.eq_ignore_ascii_case(s)) {
        return Err(Flaw { status: 416, words: "Unsupported URI Scheme" });
    }
    let mut fields = fields.clone();
    for (name, value) in &mut fields {
        if name == "From" && !has_tag(value) {
            value.push_str(TAG_OF_RFC_2543);
        }
    }
    let message =
        SipMessage::try_from(&rebuilt(start, &fields, body)[..]).map_err(|_| bad("Bad Request"))?;
    let message = SipConnection::update_msg_received(message, source, transport)
        .map_err(|_| bad("Bad Via"))?;
    let typed = message.from_header().and_then(|h| h.typed().map(|_| ())).is_ok()
        && message.to_header().and_then(|h| h.typed().map(|_| ())).is_ok();
    if !typed {
        return Err(bad("Bad From Or To"));
    }
    if let SipMessage::Request(request) = &message
        && TransactionKey::from_request(request, TransactionRole::Server).is_err()
    {
        // the library would drop it without a word
        return Err(bad("Bad Request"));
    }
    if method == "INVITE" && message.typed_contact_headers().is_err() {
        return Err(bad("Bad Contact"));
    }
    Ok(message)
}

fn request_line(start: &str) -> Result<(&str, &str), Flaw> {
    let parts: Vec<&str> = start.split(' ').collect();
    let &[method, uri, version] = &parts[..] else { return Err(bad("Bad Request-Line")) };
    let token = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
    if method.is_empty() || !method.chars().all(token) || uri.is_empty() || uri.starts_with('<') {
        return Err(bad("Bad Request-Line"));
    }
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        let sip = version.get(..4).is_some_and(|v| v.eq_ignore_ascii_case("SIP/"));
        let unknown = Flaw { status: 505, words: "Version Not Supported" };
        return Err(if sip { unknown } else { bad("Bad Request-Line") });
    }
    // methods are case-sensitive (RFC 3261 7.1); the library's parser is not
    if !Method::all().iter().any(|m| m.to_string() == method) {
        return Err(Flaw { status: 501, words: "Not Implemented" });
    }
    Ok((method, uri))
}

fn check_fields(fields: &Fields, method: &str) -> Result<(), Flaw> {
    let all = |name: &'static str| values(fields, name);
    for name in ["From", "To", "Call-ID", "CSeq"] {
        match all(name).count() {
            0 => return Err(bad("Missing Mandatory Header")),
            1 => {}
            _ => return Err(bad("Repeated Header")),
        }
    }
    if all("Max-Forwards").count() > 1 {
        return Err(bad("Repeated Header"));
    }
    if all("Max-Forwards").any(|v| v.trim().parse::<u8>().is_err()) {
        return Err(bad("Bad Max-Forwards"));
    }
    if all("Call-ID").any(|v| v.is_empty()) {
        return Err(bad("Bad Call-ID"));
    }
    let mut cseq = all("CSeq").flat_map(|v| v.split_ascii_whitespace());
    let number = cseq.next().and_then(|n| n.parse::<u32>().ok());
    // RFC 3261 8.1.1.5: less than 2**31
    if number.is_none_or(|n| n >= 1 << 31) || cseq.next() != Some(method) {
        return Err(bad("Bad CSeq"));
    }
    let balanced =
        |v: &str| v.replace("\\\\", "").replace("\\\"", "").matches('"').count().is_multiple_of(2);
    if !all("From").chain(all("To")).chain(all("Contact")).all(balanced) {
        return Err(bad("Unbalanced Quotes"));
    }
    if all("Via").chain(all("Contact")).any(has_empty_parameter) {
        return Err(bad("Empty Parameter"));
    }
    Ok(())
}

/// The values of every header of that name.
fn values<'a>(fields: &'a Fields, name: &'a str) -> impl Iterator<Item = &'a str> {
    fields.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
}

fn content_length(fields: &Fields) -> Result<Option<usize>, Flaw> {
    let mut lengths = values(fields, "Content-Length").map(str::trim);
    let Some(first) = lengths.next() else { return Ok(None) };
    if lengths.any(|other| other != first) {
        return Err(bad("Contradicting Content-Length"));
    }
    let digits = !first.is_empty() && first.bytes().all(|b| b.is_ascii_digit());
    let length = digits.then(|| first.parse().ok()).flatten();
    length.map(Some).ok_or(bad("Bad Content-Length"))
}

/// Length of the start line and headers with the empty line; a bare LF ends a line too.
fn head_length(bytes: &[u8]) -> Option<usize> {
    let crlf = bytes.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4);
    crlf.or_else(|| bytes.windows(2).position(|w| w == b"\n\n").map(|at| at + 2))
}

/// Start line and headers: folded lines joined (RFC 3261 7.3.1), compact names written out. Lines
/// without a colon are no headers and are left out.
fn unfold(head: &str) -> (String, Fields) {
    let mut lines =
        head.split('\n').map(|l| l.strip_suffix('\r').unwrap_or(l)).skip_while(|l| l.is_empty());
    let start = lines.next().unwrap_or_default().to_string();
    let mut fields: Fields = Vec::new();
    for line in lines.filter(|l| !l.is_empty()) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((long_name(name.trim()), value.trim().to_string()));
        }
    }
    for (_, value) in &mut fields {
        *value = value.trim().to_string();
    }
    (start, fields)
}

/// The usual spelling of the names that matter here (RFC 3261 7.3.3).
fn long_name(name: &str) -> String {
    const NAMES: &[(&str, &str)] = &[
        ("v", "Via"),
        ("f", "From"),
        ("t", "To"),
        ("i", "Call-ID"),
        ("m", "Contact"),
        ("l", "Content-Length"),
        ("c", "Content-Type"),
        ("e", "Content-Encoding"),
        ("k", "Supported"),
        ("s", "Subject"),
        ("r", "Refer-To"),
        ("b", "Referred-By"),
        ("x", "Session-Expires"),
        ("", "CSeq"),
        ("", "Max-Forwards"),
    ];
    let known = NAMES
        .iter()
        .find(|(short, long)| name.eq_ignore_ascii_case(long) || name.eq_ignore_ascii_case(short));
    known.filter(|_| !name.is_empty()).map_or(name, |(_, long)| long).to_string()
}

/// The message again, with one right Content-Length.
fn rebuilt(start: &str, fields: &Fields, body: &[u8]) -> Vec<u8> {
    let mut out = format!("{start}\r\n");
    for (name, value) in fields.iter().filter(|(name, _)| name != "Content-Length") {
        // white space within "SIP / 2.0 / UDP" or "; tag = 1" is legal and more than the library
        // reads
        let value = match name.as_str() {
            "Via" => tight(value),
            "From" | "To" => tight_params(value),
            _ => value.clone(),
        };
        out.push_str(&format!("{name}: {value}\r\n"));
    }
    out.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    let mut out = out.into_bytes();
    out.extend_from_slice(body);
    out
}

/// `SIP / 2.0 / UDP host ; branch = x` as `SIP/2.0/UDP host;branch=x` (RFC 3261 25.1: SLASH, SEMI
/// and EQUAL may stand in white space).
fn tight(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for part in value.split_ascii_whitespace() {
        let joins = |s: &str, at_end: bool| {
            let c = if at_end { s.chars().next_back() } else { s.chars().next() };
            c.is_none_or(|c| "/;=:,".contains(c))
        };
        if !joins(&out, true) && !joins(part, false) {
            out.push(' ');
        }
        out.push_str(part);
    }
    out
}

/// The same for what follows an address.
fn tight_params(value: &str) -> String {
    let (address, params) = value.split_at(value.rfind('>').map_or(0, |at| at + 1));
    format!("{address}{}", tight(params))
}

/// `;;`, `;,` and the like: parameters that are none (RFC 4475 3.1.2.1).
fn has_empty_parameter(value: &str) -> bool {
    let mut quoted = false;
    let mut last = ' ';
    for c in value.chars().filter(|c| !c.is_whitespace()) {
        if c == '"' && last != '\\' {
            quoted = !quoted;
        }
        if !quoted && matches!((last, c), (';' | ',', ';' | ',')) {
            return true;
        }
        last = c;
    }
    !quoted && matches!(last, ';' | ',')
}

fn has_tag(value: &str) -> bool {
    // parameters of the header stand behind the address
    let params = value.rfind('>').map_or(value, |at| &value[at..]);
    params
        .split(';')
        .skip(1)
        .any(|p| p.split('=').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("tag")))
}

/// A stateless response made of what can be read of the request (RFC 3261 8.2.6, 8.2.7).
fn refusal(fields: &Fields, source: SocketAddr, flaw: &Flaw) -> Vec<u8> {
    let mut out = format!("SIP/2.0 {} {}\r\n", flaw.status, flaw.words);
    let mut top = true;
    for (name, value) in fields {
        let value = match name.as_str() {
            "Via" if std::mem::take(&mut top) => stamped(value, source),
            "To" if !has_tag(value) => format!("{value};tag={}", stateless_tag(fields)),
            "Via" | "From" | "To" | "Call-ID" | "CSeq" => value.clone(),
            _ => continue,
        };
        out.push_str(&format!("{name}: {value}\r\n"));
    }
    if matches!(flaw.status, 405 | 501) {
        out.push_str(&format!("Allow: {ALLOW}\r\n"));
    }
    out.push_str("Content-Length: 0\r\n\r\n");
    out.into_bytes()
}

/// The top Via with where the request came from (RFC 3261 18.2.1, RFC 3581).
fn stamped(via: &str, source: SocketAddr) -> String {
    let (first, rest) = match via.find(',') {
        Some(at) => via.split_at(at),
        None => (via, ""),
    };
    let kept = first.split(';').filter(|p| !p.trim().eq_ignore_ascii_case("rport"));
    let kept: Vec<&str> = kept.collect();
    format!("{};received={};rport={}{rest}", kept.join(";"), source.ip(), source.port())
}

/// The same tag for every copy of a request, without remembering it (RFC 3261 8.2.7).
fn stateless_tag(fields: &Fields) -> String {
    let mut hasher = DefaultHasher::new();
    fields.iter().filter(|(n, _)| n == "Call-ID" || n == "CSeq").for_each(|f| f.hash(&mut hasher));
    format!("{:x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn source() -> SocketAddr {
        "192.0.2.7:5062".parse().unwrap()
    }

    fn request(start: &str, change: &[(&str, &str)]) -> Vec<u8> {
        let method = start.split(' ').next().unwrap();
        let usual = [
            ("Via", "SIP/2.0/UDP pbx.example;branch=z9hG4bK1;rport".to_string()),
            ("From", "<sip:a@pbx.example>;tag=1".to_string()),
            ("To", "<sip:b@pbx.example>".to_string()),
            ("Call-ID", "c1".to_string()),
            ("CSeq", format!("1 {method}")),
            ("Max-Forwards", "70".to_string()),
            ("Content-Length", "0".to_string()),
        ];
        let mut text = format!("{start}\r\n");
        for (name, value) in &usual {
            let other = change.iter().find(|(n, _)| n == name);
            let value = other.map_or(value.as_str(), |(_, v)| v);
            if value != "-" {
                text += &format!("{name}: {value}\r\n");
            }
        }
        (text + "\r\n").into_bytes()
    }

    fn status(bytes: &[u8]) -> String {
        match examine(bytes, source(), Transport::Udp) {
            Verdict::Pass(_) => "pass".into(),
            Verdict::Drop(_) => "drop".into(),
            Verdict::Reply(bytes) => String::from_utf8(bytes).unwrap()[8..11].to_string(),
        }
    }

    #[test]
    fn judges_requests() {
        let check = |start: &str, change: &[(&str, &str)], want: &str| {
            assert_eq!(status(&request(start, change)), want, "{start} {change:?}");
        };
        let options = "OPTIONS sip:b@pbx.example SIP/2.0";
        check(options, &[], "pass");
        check("DANCE sip:b@pbx.example SIP/2.0", &[], "501");
        check("options sip:b@pbx.example SIP/2.0", &[], "501");
        check("OPTIONS sip:b@pbx.example SIP/7.0", &[], "505");
        check("OPTIONS  sip:b@pbx.example SIP/2.0", &[], "400");
        check("OPTIONS <sip:b@pbx.example> SIP/2.0", &[], "400");
        check("OPTIONS mailto:b@pbx.example SIP/2.0", &[], "416");
        check("INVITE tel:+84123 SIP/2.0", &[], "pass");
        check("ACK  sip:b@pbx.example SIP/2.0", &[], "drop");
        check(options, &[("Via", "-")], "drop");
        check(options, &[("Via", "nonsense")], "400");
        check(options, &[("To", "-")], "400");
        check(options, &[("CSeq", "1 INVITE")], "400");
        check(options, &[("CSeq", "2147483648 OPTIONS")], "400");
        check(options, &[("Max-Forwards", "256")], "400");
        check(options, &[("Content-Length", "-1")], "400");
        check(options, &[("Content-Length", "9")], "400");
        check(options, &[("Content-Length", "-")], "pass");
        check(options, &[("From", "\"A <sip:a@pbx.example>;tag=1")], "400");
        check(options, &[("From", "<sip:a@pbx.example>")], "pass");
        check(options, &[("Via", "SIP / 2.0 / UDP  pbx.example ; branch = z9hG4bK2")], "pass");
        check(options, &[("From", "\"A \\\" B\" <sip:a@x> ; tag = 9")], "pass");
        check(options, &[("To", "sip:b@x ;   tag    = 9")], "pass");
        check(options, &[("Via", "SIP/2.0/UDP pbx.example;branch=z9hG4bK3;;,;,,")], "400");
    }

    #[test]
    fn refusals_can_be_matched_by_the_client() {
        let bytes = request("DANCE sip:b@pbx.example SIP/2.0", &[]);
        let Verdict::Reply(reply) = examine(&bytes, source(), Transport::Udp) else { panic!() };
        let text = String::from_utf8(reply).unwrap();
        let via = "Via: SIP/2.0/UDP pbx.example;branch=z9hG4bK1;received=192.0.2.7;rport=5062\r\n";
        for part in [via, "Call-ID: c1\r\n", "CSeq: 1 DANCE\r\n", "Allow: INVITE,"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(text.contains("To: <sip:b@pbx.example>;tag="), "{text}");
    }

    #[test]
    fn folded_and_compact_headers_and_bad_utf8() {
        let mut text =
            b"OPTIONS sip:b@x SIP/2.0\r\nv: SIP/2.0/UDP x;branch=z9hG4bK1\r\nf: \"\xff\"\r\n \
            <sip:a@x>\r\n ;tag=1\r\nTO : <sip:b@x>\r\ni: 9\r\ncseq: 7\r\n OPTIONS\r\nl: 2\r\n\r\n"
                .to_vec();
        text.extend_from_slice(b"hi and more");
        let Verdict::Pass(message) = examine(&text, source(), Transport::Udp) else { panic!() };
        let SipMessage::Request(request) = *message else { panic!() };
        assert_eq!(request.body, b"hi");
        assert_eq!(request.cseq_header().unwrap().seq().unwrap(), 7);
        assert_eq!(request.from_header().unwrap().tag().unwrap().unwrap().value(), "1");
    }

    #[test]
    fn nothing_invented_goes_out() {
        let bytes = request("BYE sip:b@x SIP/2.0", &[("From", "<sip:a@x>")]);
        let Verdict::Pass(message) = examine(&bytes, source(), Transport::Udp) else { panic!() };
        let inside = message.to_bytes();
        assert!(String::from_utf8_lossy(&inside).contains(TAG_OF_RFC_2543));
        let outside = String::from_utf8(released(&inside).into_owned()).unwrap();
        assert!(outside.contains("From: <sip:a@x>\r\n"), "{outside}");
        assert_eq!(&*released(outside.as_bytes()), outside.as_bytes());
    }

    #[test]
    fn frames() {
        let check = |bytes: &[u8], want| assert_eq!(frame(bytes), want, "{bytes:?}");
        let whole = b"OPTIONS sip:b SIP/2.0\r\nl: 2\r\n\r\nhi";
        check(whole, Frame::Message(whole.len()));
        check(&whole[..whole.len() - 1], Frame::Incomplete);
        check(&whole[..20], Frame::Incomplete);
        check(b"\r\n\r\nOPTIONS", Frame::KeepAlive(4));
        check(b"", Frame::Incomplete);
        check(b"OPTIONS sip:b SIP/2.0\r\n\r\n", Frame::Broken);
        check(b"OPTIONS sip:b SIP/2.0\r\nl: 99999\r\n\r\n", Frame::Broken);
        check(b"OPTIONS sip:b SIP/2.0\r\nl: 1\r\nl: 2\r\n\r\n", Frame::Broken);
        check(&[b'a'; MESSAGE_BYTES_MAX + 1], Frame::Broken);
    }

    proptest! {
        #[test]
        fn survives_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            examine(&bytes, source(), Transport::Udp);
            frame(&bytes);
        }

        #[test]
        fn survives_mutilated_requests(
            at in 0usize..400,
            with in any::<Vec<u8>>(),
            cut in 0usize..9,
        ) {
            let mut bytes = request("INVITE sip:b@pbx.example;x=\"y\" SIP/2.0", &[]);
            let at = at % bytes.len();
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, with);
            examine(&bytes, source(), Transport::Udp);
            frame(&bytes);
        }
    }
}
