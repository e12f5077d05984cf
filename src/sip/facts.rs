//! What the PBX says about a caller: believed because only allow-listed peers reach us.

use crate::ticket::TRIAL_BRANCH;
use rsipstack::sip::Request;
use rsipstack::sip::prelude::HeadersExt;

/// Most headers kept of one call.
const HEADERS_MAX: usize = 32;
/// Longest value kept, in characters.
const VALUE_CHARS_MAX: usize = 512;
/// Longest number or user part kept, in characters.
const USER_CHARS_MAX: usize = 64;

/// What an INVITE says about its caller.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct CallerHeaders {
    pub(super) caller_id: String,
    pub(super) called: String,
    pub(super) headers: Vec<(String, String)>,
}

impl CallerHeaders {
    pub(super) fn of(invite: &Request) -> CallerHeaders {
        let asserted = invite.headers.iter().filter_map(|h| {
            let asserted = h.name().eq_ignore_ascii_case("P-Asserted-Identity");
            asserted.then(|| user_of_address(h.value())).flatten()
        });
        let from = invite.from_header().ok().and_then(|f| user_of_address(f.value()));
        let to = invite.to_header().ok().and_then(|t| user_of_address(t.value()));
        CallerHeaders {
            caller_id: asserted.chain(from).find(|u| !is_anonymous(u)).unwrap_or_default(),
            called: to.or_else(|| user_of(&invite.uri.to_string())).unwrap_or_default(),
            headers: invite
                .headers
                .iter()
                .map(|h| (h.name().to_ascii_lowercase(), h.value()))
                .filter(|(name, value)| is_kept(name) && !claims_trial(name, value))
                .take(HEADERS_MAX)
                .map(|(name, value)| {
                    (bounded(&name, USER_CHARS_MAX), bounded(value, VALUE_CHARS_MAX))
                })
                .collect(),
        }
    }
}

/// Only the console's own entrance makes a call a trial: nobody's call is no caller's because a
/// header says so.
fn claims_trial(name: &str, value: &str) -> bool {
    matches!(name, "x-branch" | "x-queue") && value.trim().eq_ignore_ascii_case(TRIAL_BRANCH)
}

fn is_kept(name: &str) -> bool {
    const KEPT: [&str; 4] = ["p-asserted-identity", "diversion", "history-info", "user-to-user"];
    KEPT.contains(&name) || name.starts_with("x-")
}

/// The user part or telephone number of `"name" <sip:user@host>`, `tel:+123` and the like.
fn user_of_address(value: &str) -> Option<String> {
    match value.rfind('<') {
        Some(at) => user_of(value[at + 1..].split('>').next()?),
        None => user_of(value.split(',').next()?),
    }
}

/// The same of a bare URI. Parameters may stand in the user part of a telephone number (RFC 3261
/// 19.1.6) and a password behind it.
fn user_of(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.trim().split_once(':')?;
    let is_tel = scheme.eq_ignore_ascii_case("tel");
    let user = if is_tel { rest } else { rest.split_once('@')?.0 };
    let user = user.split([';', ':']).next()?;
    let user = bounded(&unescaped(user), USER_CHARS_MAX);
    (!user.is_empty()).then_some(user)
}

/// RFC 3323 and RFC 3325 say `anonymous`; PBXes say the others.
fn is_anonymous(user: &str) -> bool {
    ["anonymous", "unknown", "unavailable", "restricted"]
        .iter()
        .any(|w| user.eq_ignore_ascii_case(w))
}

/// `%41` as `A` (RFC 3261 19.1.2); what is no escape stays.
fn unescaped(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|h| std::str::from_utf8(h).ok());
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn bounded(text: &str, chars_max: usize) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsipstack::sip::SipMessage;

    fn facts(headers: &str) -> CallerHeaders {
        let text = format!(
            "INVITE sip:hotline@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\n\
             Call-ID: 1\r\nCSeq: 1 INVITE\r\n{headers}\r\n"
        );
        match SipMessage::try_from(text.as_bytes()).unwrap() {
            SipMessage::Request(request) => CallerHeaders::of(&request),
            SipMessage::Response(_) => panic!(),
        }
    }

    #[test]
    fn caller_and_called() {
        let check = |headers: &str, caller: &str, called: &str| {
            let facts = facts(headers);
            assert_eq!(
                (facts.caller_id.as_str(), facts.called.as_str()),
                (caller, called),
                "{headers}"
            );
        };
        let from = "From: \"Lan\" <sip:+84901234567@pbx>;tag=1\r\n";
        check(&format!("{from}To: <sip:1022@pbx>\r\n"), "+84901234567", "1022");
        check(&format!("{from}To: <sip:pbx>\r\n"), "+84901234567", "hotline");
        let asserted = "P-Asserted-Identity: \"L\" <sip:+84241@trunk;user=phone>\r\n";
        check(&format!("{asserted}{from}To: <sip:1022@pbx>\r\n"), "+84241", "1022");
        let tel = "P-Asserted-Identity: <tel:+8424111>\r\n";
        check(&format!("{tel}{from}To: <sip:1@p>\r\n"), "+8424111", "1");
        let hidden = "From: <sip:anonymous@anonymous.invalid>;tag=1\r\nTo: <sip:1@p>\r\n";
        check(hidden, "", "1");
        check("From: sip:%2B8490@pbx;tag=1\r\nTo: sip:1@p\r\n", "+8490", "1");
        check("From: <sip:+1;phone-context=x@pbx>;tag=1\r\nTo: <sip:1@p>\r\n", "+1", "1");
    }

    #[test]
    fn keeps_what_is_asked_and_bounds_it() {
        let base = "From: <sip:a@p>;tag=1\r\nTo: <sip:1@p>\r\nSubject: secret\r\n";
        let long = "x".repeat(9_000);
        let facts = facts(&format!(
            "{base}Diversion: <sip:112@p>;reason=no-answer\r\nX-Queue: {long}\r\n\
             User-to-User: 56a3\r\nHistory-Info: <sip:h@p>;index=1\r\n"
        ));
        let names: Vec<&str> = facts.headers.iter().map(|(n, _)| n.as_str()).collect();
        assert_eq!(names, ["diversion", "x-queue", "user-to-user", "history-info"]);
        assert_eq!(facts.headers[0].1, "<sip:112@p>;reason=no-answer");
        assert_eq!(facts.headers[1].1.len(), VALUE_CHARS_MAX);
        let trial = super::tests::facts(&format!("{base}X-Branch: Try-It\r\nX-Queue: food\r\n"));
        assert_eq!(trial.headers, [("x-queue".to_string(), "food".to_string())]);
        let many = format!("{base}{}", "X-A: 1\r\n".repeat(99));
        assert_eq!(super::tests::facts(&many).headers.len(), HEADERS_MAX);
    }
}
