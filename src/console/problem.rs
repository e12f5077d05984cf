//! What a request is answered that failed: problem details (RFC 9457).

use crate::access::AccessError;
use crate::store::{ActError, StoreError};
use crate::ticket::Refused;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Seconds after which it makes sense to try again when the database is away.
const RETRY_AFTER_S: u64 = 5;

/// Why a request failed (RFC 9457); nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Which problem, for programs: `urn:spillway:problem:` and a name that later versions keep.
    #[serde(rename = "type")]
    #[schema(example = "urn:spillway:problem:held")]
    kind: String,
    /// The name in words.
    #[schema(example = "held")]
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 409)]
    status: u16,
    /// What happened and what to do, for people.
    detail: String,
    /// What the ticket's or the user's version is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    /// Seconds to wait before trying again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
}

impl Problem {
    /// Of this HTTP status and name; `detail` says what to do.
    pub(super) fn new(status: StatusCode, name: &str, detail: impl Into<String>) -> Problem {
        Problem {
            kind: format!("urn:spillway:problem:{name}"),
            title: name.replace('-', " "),
            status: status.as_u16(),
            detail: detail.into(),
            version: None,
            retry_after_s: None,
        }
    }

    /// There is nothing of that name or number, or not for who asks.
    pub(super) fn not_found(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    /// A value that cannot be taken.
    pub(super) fn invalid(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }

    /// Somebody else is served first; to be tried again in so many seconds.
    pub(super) fn busy(detail: impl Into<String>, seconds: u64) -> Problem {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "busy", detail).retry_after(seconds)
    }

    /// Its HTTP status.
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// To be tried again in so many seconds.
    pub(super) fn retry_after(self, seconds: u64) -> Problem {
        Problem { retry_after_s: Some(seconds), ..self }
    }

    pub(super) fn at_version(self, version: u64) -> Problem {
        Problem { version: Some(version), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer realm=\"spillway\"");
            headers.insert(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        tracing::error!(%error, "a request failed");
        match error {
            StoreError::Locked { .. } | StoreError::Unreachable { .. } => {
                let detail = "the database is away or busy; try again in a moment";
                let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail);
                problem.retry_after(RETRY_AFTER_S)
            }
            // What it is about is the administrator's to know: it is in the log.
            _ => Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "failed",
                "the server could not do it; its log says why",
            ),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        let (status, name) = match &refused {
            Refused::Stage { .. } => (StatusCode::CONFLICT, "wrong-stage"),
            Refused::Held { .. } => (StatusCode::CONFLICT, "held"),
            Refused::Rated => (StatusCode::CONFLICT, "rated"),
            Refused::NotAllowed { .. } => (StatusCode::FORBIDDEN, "denied"),
            Refused::Quiet { .. } => (StatusCode::CONFLICT, "quiet-hours"),
            Refused::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
        };
        Problem::new(status, name, refused.to_string())
    }
}

impl From<ActError> for Problem {
    fn from(error: ActError) -> Problem {
        let detail = error.to_string();
        match error {
            ActError::NoSuchTicket(_) => Problem::not_found(detail),
            ActError::Changed { version } => {
                let problem = Problem::new(StatusCode::PRECONDITION_FAILED, "changed", detail);
                problem.at_version(version)
            }
            ActError::Refused(refused) => refused.into(),
            ActError::Store(e) => e.into(),
        }
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Problem {
        let detail = error.to_string();
        let (status, name) = match error {
            AccessError::LoginRefused => (StatusCode::UNAUTHORIZED, "login-refused"),
            AccessError::CodeNeeded => (StatusCode::UNAUTHORIZED, "code-needed"),
            AccessError::NotLoggedIn => (StatusCode::UNAUTHORIZED, "not-logged-in"),
            AccessError::Throttled { wait_s } => {
                let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "throttled", detail);
                return problem.retry_after(wait_s);
            }
            AccessError::Busy => return Problem::busy(detail, 1),
            AccessError::Denied(_) | AccessError::ScopeTooWide(_) => {
                (StatusCode::FORBIDDEN, "denied")
            }
            AccessError::EnrolFirst(_) => (StatusCode::FORBIDDEN, "enrol-first"),
            AccessError::SessionNeeded => (StatusCode::FORBIDDEN, "session-needed"),
            AccessError::NoSuch(_) => (StatusCode::NOT_FOUND, "not-found"),
            AccessError::NameTaken(_) => (StatusCode::CONFLICT, "name-taken"),
            AccessError::SecondFactorSetUp => (StatusCode::CONFLICT, "second-factor-set-up"),
            AccessError::LastAdministrator => (StatusCode::CONFLICT, "last-administrator"),
            AccessError::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            AccessError::Weak(_) => (StatusCode::UNPROCESSABLE_ENTITY, "weak-password"),
            AccessError::BadInvitation => (StatusCode::UNPROCESSABLE_ENTITY, "bad-invitation"),
            AccessError::BadCode => (StatusCode::UNPROCESSABLE_ENTITY, "bad-code"),
            AccessError::Changed { version } => {
                let problem = Problem::new(StatusCode::PRECONDITION_FAILED, "changed", detail);
                return problem.at_version(version);
            }
            AccessError::Damaged { .. } | AccessError::Failed(_) => {
                tracing::error!(%detail, "a request failed");
                let detail = "the server could not do it; its log says why";
                return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", detail);
            }
            AccessError::Store(e) => return e.into(),
        };
        Problem::new(status, name, detail)
    }
}
