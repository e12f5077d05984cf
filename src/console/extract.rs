//! What handlers take out of a request; what cannot be taken is answered with a problem.

use super::Shared;
use super::problem::Problem;
use crate::access::Principal;
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{ConnectInfo, FromRef, FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::net::{IpAddr, SocketAddr};

/// The body, as JSON without NUL characters, which PostgreSQL's text cannot hold.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>, Problem> {
        let Json(text) = Json::<Box<RawValue>>::from_request(request, state).await?;
        if has_nul(text.get()) {
            return Err(no_nul("the body"));
        }
        let Json(value) = Json::from_bytes(text.get().as_bytes())?;
        Ok(Body(value))
    }
}

/// Whether a string in this JSON holds NUL, which JSON can only write as an escape.
fn has_nul(json: &str) -> bool {
    // After an odd number of backslashes the escape's own is itself escaped.
    let backslashes = |at| json[..at].bytes().rev().take_while(|b| *b == b'\\').count();
    json.match_indices(r"\u0000").any(|(at, _)| backslashes(at) % 2 == 0)
}

fn no_nul(place: &str) -> Problem {
    Problem::invalid(format!("{place} holds a NUL character (U+0000); leave it out"))
}

/// The values in the path.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub(super) struct Place<T>(pub(super) T);

/// The values behind the question mark, without NUL characters too.
pub(super) struct Asked<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked<T>, Problem> {
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(no_nul("the query"));
        }
        let Query(value) = Query::from_request_parts(parts, state).await?;
        Ok(Asked(value))
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Problem {
        let name = match &rejection {
            JsonRejection::MissingJsonContentType(_) => "not-json",
            JsonRejection::JsonSyntaxError(_) => "malformed",
            JsonRejection::JsonDataError(_) => "invalid",
            _ => "unreadable-body",
        };
        Problem::new(rejection.status(), name, rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Problem {
        // Nothing has such a number or name.
        Problem::not_found(rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Problem {
        Problem::invalid(rejection.body_text())
    }
}

/// Who asks; the guard has put it there.
pub(super) struct Asker(pub(super) Principal);

impl<S: Sync> FromRequestParts<S> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Asker, Problem> {
        let asker = parts.extensions.get::<Principal>().cloned();
        asker.map(Asker).ok_or_else(|| crate::access::AccessError::NotLoggedIn.into())
    }
}

/// The version that the asker has read: `If-Match` (RFC 9110, 13.1.1), with the one tag that our
/// `ETag` gave. `None` where it is absent or `*`.
pub(super) struct IfMatch(pub(super) Option<u64>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<IfMatch, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(IfMatch(None)) };
        let value = value.to_str().unwrap_or_default().trim();
        if value == "*" {
            return Ok(IfMatch(None));
        }
        let tag = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
        let version = tag.and_then(|v| v.parse().ok());
        // A tag that we never gave matches nothing.
        let stale = || {
            let detail = "If-Match is none of our tags; read it again and send its ETag";
            Problem::new(StatusCode::PRECONDITION_FAILED, "changed", detail)
        };
        version.map(|v| IfMatch(Some(v))).ok_or_else(stale)
    }
}

/// The browser's address and what it says it is.
#[derive(Debug, Clone)]
pub(super) struct Remote {
    pub(super) address: IpAddr,
    pub(super) agent: String,
}

impl<S: Sync> FromRequestParts<S> for Remote
where
    Shared: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Remote, Problem> {
        let shared = Shared::from_ref(state);
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::from([127, 0, 0, 1]), |c| c.0.ip());
        let address = address(peer, &parts.headers, |ip| {
            shared.proxies.iter().any(|network| network.contains(ip))
        });
        let agent = parts.headers.get(header::USER_AGENT);
        let agent = agent.and_then(|v| v.to_str().ok()).unwrap_or_default();
        Ok(Remote { address, agent: agent.into() })
    }
}

/// Who asked the nearest proxy that is not ours: `X-Forwarded-For` is read from its end as long as
/// what wrote it is trusted, because its beginning is the asker's own.
fn address(peer: IpAddr, headers: &HeaderMap, trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    let told = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok());
    let told: Vec<&str> = told.flat_map(|v| v.split(',')).map(str::trim).collect();
    let mut address = peer;
    for hop in told.iter().rev() {
        if !trusted(address) {
            break;
        }
        let Ok(hop) = hop.parse() else { break };
        address = hop;
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nul_is_found_however_it_stands(text in r"[\x00\\u0a\u{1f600}]{0,12}") {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(has_nul(&json), text.contains('\0'), "{}", json);
        }
    }

    #[test]
    fn addresses_are_believed_from_our_proxies_only() {
        let check = |peer: &str, told: &[&str], want: &str| {
            let mut headers = HeaderMap::new();
            for line in told {
                headers.append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
            }
            let trusted = |ip: IpAddr| ip.is_loopback() || ip == IpAddr::from([10, 0, 0, 1]);
            let found = address(peer.parse().unwrap(), &headers, trusted);
            assert_eq!(found.to_string(), want, "{peer} {told:?}");
        };
        check("192.0.2.7", &[], "192.0.2.7");
        check("192.0.2.7", &["198.51.100.1"], "192.0.2.7");
        check("127.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("127.0.0.1", &["203.0.113.9, 198.51.100.1"], "198.51.100.1");
        check("127.0.0.1", &["203.0.113.9, 10.0.0.1"], "203.0.113.9");
        check("127.0.0.1", &["203.0.113.9", "10.0.0.1"], "203.0.113.9");
        check("127.0.0.1", &["nonsense"], "127.0.0.1");
        check("::1", &["2001:db8::1"], "2001:db8::1");
    }
}
