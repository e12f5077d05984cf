//! The console's pages: what `web/` was built into, carried in the program.

use super::problem::Problem;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// Built by `make web`; a program built without it serves the API alone.
#[derive(rust_embed::Embed)]
#[folder = "web/dist"]
struct Dist;

/// The page that all of the console's addresses show.
const INDEX: &str = "index.html";
/// In that page, where the nonce goes.
const NONCE: &str = "__NONCE__";
/// Files named by their contents: they never change.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// A file of the console, or its page for an address that is none.
pub(super) async fn serve(request: Request) -> Result<Response, Problem> {
    let path = request.uri().path();
    let none = || Problem::not_found("there is nothing here; see /api/v1/openapi.json");
    if path == "/api" || path.starts_with("/api/") {
        return Err(none());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let detail = "pages are only read; see /api/v1/openapi.json";
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail));
    }
    let path = path.trim_start_matches('/');
    match path.rsplit('/').next().is_some_and(|name| name.contains('.')) {
        true => file(path, request.headers()).ok_or_else(none),
        false => page(),
    }
}

fn page() -> Result<Response, Problem> {
    let missing = || {
        let detail = "this program was built without its pages; run `make web` and build it again";
        Problem::not_found(detail)
    };
    let page = Dist::get(INDEX).ok_or_else(missing)?;
    let page = String::from_utf8_lossy(&page.data);
    let nonce = BASE64_STANDARD.encode(rand::random::<[u8; 16]>());
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; \
         connect-src 'self'; img-src 'self' data:; media-src 'self' blob:; font-src 'self'; \
         manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    let mut response = page.replace(NONCE, &nonce).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    // Base64 is always a header's text.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    let feature = HeaderName::from_static("permissions-policy");
    headers
        .insert(feature, HeaderValue::from_static("microphone=(self), camera=(), geolocation=()"));
    Ok(response)
}

/// The file `path`, compressed where the browser takes that and the build made it.
fn file(path: &str, asked: &HeaderMap) -> Option<Response> {
    let plain = Dist::get(path)?;
    let takes = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok());
    let takes_gzip = takes.flat_map(|v| v.split(',')).any(|v| v.trim().starts_with("gzip"));
    let packed = Some(format!("{path}.gz")).filter(|_| takes_gzip).and_then(|p| Dist::get(&p));
    let kind = HeaderValue::from_str(plain.metadata.mimetype()).ok()?;
    let is_packed = packed.is_some();
    let mut response = packed.unwrap_or(plain).data.into_owned().into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if is_packed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if path.starts_with("assets/") {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(IMMUTABLE));
    }
    Some(response)
}
