//! One signed POST over HTTP.

use super::network::{Forbidden, Networks, Resolver};
use super::sign::signature;
use crate::store::ClaimedDelivery;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Response, Url, redirect};
use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

/// How long a receiver may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// As much of an answer is read, so that the connection can be used again; nobody looks at it.
const ANSWER_BYTES_MAX: usize = 1_024;
/// Of an error as it is kept.
const ERROR_CHARS_MAX: usize = 300;

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// TLS cannot be used.
    #[error(
        "no HTTP client for webhooks: {0}; install the system's certificates (ca-certificates)"
    )]
    Client(String),
    /// The receiver did not answer, or cannot be reached.
    #[error("{0}")]
    Unanswered(String),
    /// The address is one that is not sent to.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The row was edited by hand.
    #[error("{0} of the webhook cannot be used; remove it and make it anew")]
    Unusable(&'static str),
}

/// What a receiver answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After` in seconds.
    pub retry_after: Option<i64>,
}

/// HTTP connections to receivers; clones share them. No redirect is followed, no proxy asked.
#[derive(Clone)]
pub struct Http {
    networks: Networks,
    /// Or why there is none: only who has webhooks needs to mend that.
    secure: Result<Client, String>,
    plain: Result<Client, String>,
}

impl Http {
    /// Certificates are checked as the system does.
    pub fn new(networks: Networks) -> Http {
        // An error means that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = |secure| {
            let resolver = Resolver::new(networks.clone(), secure);
            let client = builder().https_only(secure).dns_resolver(resolver).build();
            client.map_err(|e| e.to_string())
        };
        Http { secure: client(true), plain: client(false), networks: networks.clone() }
    }

    /// Sends `body` as the message that `claimed` is; `now` is the time it is signed for.
    pub async fn post(
        &self,
        claimed: &ClaimedDelivery,
        body: Vec<u8>,
        now: Timestamp,
    ) -> Result<Answer, HttpError> {
        let url = Url::parse(&claimed.url).map_err(|_| HttpError::Unusable("the url"))?;
        let secure = url.scheme() == "https";
        // Addresses are not looked up, so the resolver does not see them.
        let literal =
            url.host_str().and_then(|h| h.trim_matches(['[', ']']).parse::<IpAddr>().ok());
        if literal.is_some_and(|ip| !self.networks.may_reach(ip, secure)) {
            return Err(Forbidden.into());
        }
        let id = format!("msg_{}_{}", claimed.delivery.webhook, claimed.delivery.event);
        let timestamp_s = now.as_second();
        let signature = signature(&claimed.secret, &id, timestamp_s, &body)
            .ok_or(HttpError::Unusable("the secret"))?;
        let client = if secure { &self.secure } else { &self.plain };
        let client = client.as_ref().map_err(|e| HttpError::Client(e.clone()))?;
        let mut request = client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp_s)
            .header("webhook-signature", signature)
            .body(body);
        if let Some(authorization) = &claimed.authorization {
            let value = HeaderValue::from_str(authorization);
            let mut value = value.map_err(|_| HttpError::Unusable("the authorization"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let response = request.send().await.map_err(|e| unanswered(&e))?;
        let status = response.status().as_u16();
        let asked = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok());
        let retry_after = asked.and_then(|v| v.trim().parse().ok());
        drain(response).await;
        Ok(Answer { status, retry_after })
    }
}

fn builder() -> ClientBuilder {
    let agent = concat!("spillway/", env!("CARGO_PKG_VERSION"));
    Client::builder()
        .user_agent(agent)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .timeout(TIMEOUT)
}

async fn drain(mut response: Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > ANSWER_BYTES_MAX {
            return;
        }
    }
}

/// What went wrong, without the URL, which may hold a token.
fn unanswered(e: &reqwest::Error) -> HttpError {
    if e.is_timeout() {
        return HttpError::Unanswered(format!("no answer within {} s", TIMEOUT.as_secs()));
    }
    let mut source = e.source();
    let mut words = "cannot be reached".to_string();
    while let Some(cause) = source {
        if cause.is::<Forbidden>() {
            return Forbidden.into();
        }
        words += &format!(": {cause}");
        source = cause.source();
    }
    HttpError::Unanswered(words.chars().take(ERROR_CHARS_MAX).collect())
}
