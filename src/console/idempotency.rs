//! A POST with an `Idempotency-Key` is done once, however often a bad line makes it be sent.

use super::Shared;
use super::problem::Problem;
use crate::access::{Principal, Via};
use crate::store::{IdempotentRequest, KeptAnswer, Known};
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub(super) const HEADER: &str = "idempotency-key";
/// Characters of a key.
const KEY_CHARS_MAX: usize = 128;

/// In an answer whose secret is shown this once: it is not kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShownOnce;

/// Answers again what was answered before; behind the guard, which says whose key it is.
pub(super) async fn once(
    State(shared): State<Shared>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let asker = request.extensions().get::<Principal>().cloned();
    let key = request.headers().get(HEADER).cloned();
    let (Some(asker), Some(key), &Method::POST) = (asker, key, request.method()) else {
        return Ok(next.run(request).await);
    };
    let key = key.to_str().unwrap_or_default().to_string();
    if key.is_empty() || key.len() > KEY_CHARS_MAX {
        let fix = format!("Idempotency-Key: give 1 to {KEY_CHARS_MAX} characters of ASCII");
        return Err(Problem::invalid(fix));
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, super::BODY_BYTES_MAX).await.map_err(|_| {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is too large")
    })?;
    // A body may hold a password, which a plain hash would give away: who has the database has not
    // the key, of which a digest is kept, and so cannot try passwords.
    let fingerprint = digest(&[key.as_bytes(), parts.uri.to_string().as_bytes(), &body]);
    let key = digest(&[key.as_bytes()]);
    let owner = match asker.via() {
        Via::Session(_) => asker.user().name.to_string(),
        Via::Token(number) => format!("{} token {number}", asker.user().name),
    };
    let (key, fingerprint) = (key.as_str(), fingerprint.as_str());
    let known = IdempotentRequest { owner: &owner, key, fingerprint };
    match shared.store.begin_request(&known, Timestamp::now()).await? {
        Known::New => {
            let request = Request::from_parts(parts, Body::from(body));
            kept(&shared, &known, next.run(request).await).await
        }
        Known::Answered(answer) => Ok(again(answer)),
        Known::Running => {
            let detail = "the same request is still running; send it again in a moment";
            Err(Problem::new(StatusCode::CONFLICT, "running", detail).retry_after(1))
        }
        Known::Other => Err(Problem::invalid(
            "Idempotency-Key: was used for another request; give each its own",
        )),
    }
}

fn digest(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
        digest.update([0]);
    }
    hex::encode(digest.finalize())
}

/// The answer, after it was kept; failures of ours are not kept, so that another try may succeed.
async fn kept(
    shared: &Shared,
    request: &IdempotentRequest<'_>,
    response: Response,
) -> Result<Response, Problem> {
    if response.status().is_server_error() || response.status() == StatusCode::UNAUTHORIZED {
        shared.store.forget_request(request).await?;
        return Ok(response);
    }
    if response.extensions().get::<ShownOnce>().is_some() {
        let detail = "it was done, and its secret was shown then; make another";
        let problem = Problem::new(StatusCode::CONFLICT, "shown-once", detail);
        let body = serde_json::to_string(&problem).unwrap_or_default();
        let answer = KeptAnswer { status: StatusCode::CONFLICT.as_u16(), etag: None, body };
        shared.store.keep_answer(request, &answer).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let etag = parts.headers.get(header::ETAG).and_then(|v| v.to_str().ok());
    let answer = KeptAnswer {
        status: parts.status.as_u16(),
        etag: etag.map(String::from),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    shared.store.keep_answer(request, &answer).await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn again(answer: KeptAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = match status.is_client_error() {
        true => "application/problem+json",
        false => "application/json",
    };
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    match status {
        StatusCode::NO_CONTENT => headers.remove(header::CONTENT_TYPE),
        _ => headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind)),
    };
    if let Some(etag) = answer.etag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
        headers.insert(header::ETAG, etag);
    }
    response
}
