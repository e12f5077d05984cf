//! What stands before every route: who asks, may they, and does the request come from our pages.

use super::Shared;
use super::document::{Rule, Rules};
use super::problem::Problem;
use crate::access::{AccessError, Principal, Secret, SecretKind};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use jiff::Timestamp;
use std::sync::Arc;

/// The header that repeats what only our pages can know (OWASP, "Cross-Site Request Forgery
/// Prevention", synchroniser token).
pub(super) const CSRF_HEADER: &str = "x-csrf-token";

/// What the guard goes by.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) shared: Shared,
    pub(super) rules: Arc<Rules>,
}

/// Lets a request through whose route allows who asks, with the [`Principal`] in it.
pub(super) async fn guard(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let rule = path.and_then(|path| guard.rules.of(request.method(), path));
    let Some(rule) = rule else {
        return Err(Problem::new(StatusCode::FORBIDDEN, "denied", "this is open to nobody"));
    };
    let unsafe_method = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if (unsafe_method && is_cross_site(request.headers())) || is_foreign_socket(request.headers()) {
        let detail = "the request came from another site's page";
        return Err(Problem::new(StatusCode::FORBIDDEN, "cross-site", detail));
    }
    if rule != Rule::Public {
        let principal = guard.shared.principal(request.headers(), unsafe_method).await?;
        if let Rule::Permission(permission) = rule {
            principal.demand(permission)?;
        }
        request.extensions_mut().insert(principal);
    }
    Ok(next.run(request).await)
}

impl Shared {
    /// Who sends a request with these headers: an API token goes before a session's cookie.
    async fn principal(
        &self,
        headers: &HeaderMap,
        unsafe_method: bool,
    ) -> Result<Principal, Problem> {
        let now = Timestamp::now();
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let token = value.to_str().ok().and_then(|v| v.strip_prefix("Bearer "));
            let token = token.and_then(|t| Secret::parse(SecretKind::Token, t.trim()));
            let token = token.ok_or(AccessError::NotLoggedIn)?;
            return Ok(self.access.token(&token, now).await?);
        }
        let session = self.cookie(headers, SecretKind::Session);
        let session = session.ok_or(AccessError::NotLoggedIn)?;
        let principal = self.access.session(&session, now).await?;
        let told = headers.get(CSRF_HEADER).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if unsafe_method && !session.is_csrf_token(told) {
            let detail = "send the csrf_token of GET /api/v1/session in the header X-CSRF-Token";
            return Err(Problem::new(StatusCode::FORBIDDEN, "csrf", detail));
        }
        Ok(principal)
    }

    /// The secret in a cookie.
    pub(super) fn cookie(&self, headers: &HeaderMap, kind: SecretKind) -> Option<Secret> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
        self.access.cookies().find(kind, cookies)
    }
}

/// Browsers say from where a request comes (Fetch Metadata); programs say nothing.
fn is_cross_site(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    match text(HeaderName::from_static("sec-fetch-site")) {
        Some(site) => !matches!(site, "same-origin" | "none"),
        None => is_foreign(headers),
    }
}

/// Whether another site's page opens a WebSocket. That is a GET, nothing keeps other sites from
/// reading what comes back, and the browser says in `Origin` whose page it is (RFC 6455, 10.2).
fn is_foreign_socket(headers: &HeaderMap) -> bool {
    headers.contains_key(header::UPGRADE) && is_foreign(headers)
}

/// Whether the page that `Origin` names is another server's; programs name none.
fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|v| v.to_str().unwrap_or_default());
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) => {
            origin.split_once("://").is_none_or(|(_, authority)| authority != host)
        }
        _ => false,
    }
}

/// What every answer says to browsers (OWASP, "HTTP Security Response Headers").
pub(super) async fn private(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let policy = "default-src 'none'; style-src 'self'; form-action 'self'; \
                  frame-ancestors 'none'; base-uri 'none'";
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, policy),
    ] {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_sites() {
        let check = |headers: &[(&'static str, &str)], want: bool| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(is_cross_site(&map), want, "{headers:?}");
        };
        check(&[], false);
        check(&[("host", "a.example")], false);
        check(&[("sec-fetch-site", "same-origin")], false);
        check(&[("sec-fetch-site", "none")], false);
        check(&[("sec-fetch-site", "same-site")], true);
        check(&[("sec-fetch-site", "cross-site"), ("host", "a.example")], true);
        check(&[("origin", "https://a.example"), ("host", "a.example")], false);
        check(&[("origin", "https://b.example"), ("host", "a.example")], true);
        check(&[("origin", "null"), ("host", "a.example")], true);
    }

    #[test]
    fn other_sites_sockets() {
        let check = |headers: &[(&'static str, &str)], want: bool| {
            let mut map = HeaderMap::from_iter([(header::HOST, "a.example".parse().unwrap())]);
            for (name, value) in headers {
                map.insert(*name, HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(is_foreign_socket(&map), want, "{headers:?}");
        };
        let socket = ("upgrade", "websocket");
        check(&[socket], false);
        check(&[socket, ("origin", "https://a.example")], false);
        check(&[socket, ("origin", "https://b.example")], true);
        check(&[socket, ("origin", "https://a.example:8443")], true);
        check(&[socket, ("origin", "null")], true);
        check(&[socket, ("sec-fetch-site", "same-origin"), ("origin", "https://b.example")], true);
        check(&[("origin", "https://b.example")], false);
    }
}
