//! Where an archive's objects are: in a directory, or in a bucket that speaks S3.

use super::archive::ArchiveError;
use crate::config::{RecordingsConfig, S3Config};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, Certificate, ClientOptions, ObjectStore, RetryConfig};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

const CONNECT: Duration = Duration::from_secs(5);
/// For one request; the largest carries 32 MiB.
const REQUEST: Duration = Duration::from_secs(120);
const RETRIES: usize = 3;
/// With all its retries; who listens waits for it.
const RETRYING: Duration = Duration::from_secs(20);

/// Where the files of calls that are over are kept.
#[derive(Debug, Clone)]
pub enum ArchivePlace {
    /// Where they were written, in the data directory.
    DataDir,
    /// In another directory: a larger disk, or one that several nodes mount.
    Directory(PathBuf),
    /// In a bucket.
    S3(S3Bucket),
}

impl ArchivePlace {
    /// What `config` says; the keys of a bucket are in the environment, see [`S3Keys::from_env`].
    pub fn of(config: &RecordingsConfig) -> Result<ArchivePlace, ArchiveError> {
        Ok(match (&config.directory, &config.s3) {
            (_, Some(s3)) => {
                ArchivePlace::S3(S3Bucket { at: s3.clone(), keys: S3Keys::from_env()? })
            }
            (Some(directory), None) => ArchivePlace::Directory(directory.clone()),
            (None, None) => ArchivePlace::DataDir,
        })
    }
}

/// A bucket, with the keys to it. Versioning must be off in it, or old versions expire by a rule of
/// its own: what is removed here must be gone. A second rule should abort multipart uploads that
/// are older than a day, which a death in the middle of a long recording leaves.
#[derive(Debug, Clone)]
pub struct S3Bucket {
    /// Where it is.
    pub at: S3Config,
    /// Who we are to the server.
    pub keys: S3Keys,
}

/// Who we are to the server.
#[derive(Clone)]
pub struct S3Keys {
    access_key_id: String,
    secret_access_key: Zeroizing<String>,
    session_token: Option<Zeroizing<String>>,
}

impl S3Keys {
    /// An access key and its secret, with the token of a temporary one.
    pub fn new(id: &str, secret: &str, session_token: Option<&str>) -> S3Keys {
        S3Keys {
            access_key_id: id.into(),
            secret_access_key: Zeroizing::new(secret.into()),
            session_token: session_token.map(|token| Zeroizing::new(token.into())),
        }
    }

    /// From `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, if there, `AWS_SESSION_TOKEN`.
    /// Nothing else is asked: without keys the library would look for a cloud's metadata server.
    pub fn from_env() -> Result<S3Keys, ArchiveError> {
        let read = |name: &'static str| {
            let value = std::env::var(name).ok().filter(|value| !value.is_empty());
            value.ok_or(ArchiveError::NoS3Keys { name })
        };
        let token = read("AWS_SESSION_TOKEN").ok();
        let (id, secret) = (read("AWS_ACCESS_KEY_ID")?, read("AWS_SECRET_ACCESS_KEY")?);
        Ok(S3Keys::new(&id, &secret, token.as_deref()))
    }
}

impl std::fmt::Debug for S3Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("S3Keys").field(&self.access_key_id).finish()
    }
}

/// A directory as a store: what it reports as written is on the disk.
pub(super) fn directory(path: &Path) -> Result<Arc<dyn ObjectStore>, ArchiveError> {
    let store = LocalFileSystem::new_with_prefix(path);
    let store = store.map_err(|e| ArchiveError::place(&path.display().to_string(), &e))?;
    Ok(Arc::new(store.with_fsync(true)))
}

impl S3Bucket {
    /// For people: the bucket's address, without keys.
    pub(super) fn name(&self) -> String {
        let server = self.at.endpoint.as_deref().unwrap_or("https://s3.amazonaws.com");
        let (server, slash) =
            (server.trim_end_matches('/'), if self.at.prefix.is_empty() { "" } else { "/" });
        format!("{server}/{}{slash}{}", self.at.bucket, self.at.prefix)
    }

    pub(super) fn connect(&self) -> Result<Arc<dyn ObjectStore>, ArchiveError> {
        // An error means that one is installed, and any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = self.at.http().map_err(|(problem, fix)| ArchiveError::Endpoint {
            endpoint: "recordings.s3.endpoint".into(),
            reason: format!("{problem}; {fix}"),
        })?;
        let mut client = ClientOptions::new()
            .with_connect_timeout(CONNECT)
            .with_timeout(REQUEST)
            .with_allow_http(http);
        if let Some(path) = &self.at.ca_file {
            client = client.with_root_certificate(self.certificate(path)?);
        }
        let retry = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: RETRIES,
            retry_timeout: RETRYING,
        };
        let S3Keys { access_key_id, secret_access_key, session_token } = &self.keys;
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&self.at.bucket)
            .with_region(&self.at.region)
            .with_access_key_id(access_key_id)
            .with_secret_access_key(secret_access_key.as_str())
            .with_client_options(client)
            .with_retry(retry);
        if let Some(token) = session_token {
            builder = builder.with_token(token.as_str());
        }
        if let Some(endpoint) = &self.at.endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
        }
        let store = builder.build().map_err(|e| ArchiveError::place(&self.name(), &e))?;
        if self.at.prefix.is_empty() {
            return Ok(Arc::new(store));
        }
        Ok(Arc::new(PrefixStore::new(store, self.at.prefix.as_str())))
    }

    fn certificate(&self, path: &Path) -> Result<Certificate, ArchiveError> {
        let refused =
            |reason| ArchiveError::Endpoint { endpoint: path.display().to_string(), reason };
        let pem = std::fs::read(path).map_err(|e| refused(e.to_string()))?;
        Certificate::from_pem(&pem).map_err(|e| refused(format!("is no certificate ({e})")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(endpoint: &str) -> S3Bucket {
        let at = S3Config {
            bucket: "calls".into(),
            endpoint: Some(endpoint.into()),
            region: "us-east-1".into(),
            prefix: String::new(),
            allow_http: false,
            ca_file: None,
        };
        S3Bucket { at, keys: S3Keys::new("id", "secret", None) }
    }

    #[tokio::test]
    async fn https_is_ready_and_says_what_is_wrong() {
        // Nobody listens on this port, and no name is asked for.
        let place = ArchivePlace::S3(bucket("https://127.0.0.1:1"));
        let data = tempfile::tempdir().unwrap();
        let archive = crate::store::Archive::open(data.path(), &place, None).unwrap();
        let refused = archive.list().await.unwrap_err().to_string();
        assert!(refused.starts_with("archive https://127.0.0.1:1/calls: "), "{refused}");
        assert!(!refused.contains("secret"), "{refused}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{:?}", bucket("https://s3.example.org/"));
        assert!(!shown.contains("secret"), "{shown}");
        let mut named = bucket("https://s3.example.org/");
        named.at.prefix = "a/b".into();
        assert_eq!(named.name(), "https://s3.example.org/calls/a/b");
    }
}
