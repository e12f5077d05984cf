//! Secrets that we make and only their bearer keeps: 256 random bits, of which we keep a digest.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What a secret opens. Digests differ by it, so that one is never taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// A log-in's, in a cookie.
    Session,
    /// A browser's, in a cookie that outlives sessions.
    Device,
    /// To choose a password.
    Invitation,
    /// An API token.
    Token,
}

impl SecretKind {
    const fn label(self) -> &'static str {
        match self {
            SecretKind::Session => "session",
            SecretKind::Device => "device",
            SecretKind::Invitation => "invitation",
            SecretKind::Token => "token",
        }
    }

    /// Tokens end up in files and repositories: scanners find them by their prefix.
    const fn prefix(self) -> &'static str {
        match self {
            SecretKind::Token => "spw_",
            SecretKind::Session | SecretKind::Device | SecretKind::Invitation => "",
        }
    }
}

/// 256 random bits (OWASP asks for 64 at least of a session id). Guessing is hopeless, so a plain
/// SHA-256 keeps it as well as a slow hash would.
#[derive(Clone)]
pub struct Secret {
    kind: SecretKind,
    bytes: Zeroizing<[u8; 32]>,
}

impl Secret {
    /// A new one.
    pub(super) fn new(kind: SecretKind) -> Secret {
        Secret { kind, bytes: Zeroizing::new(rand::random()) }
    }

    /// Reads what [`Secret::text`] wrote.
    pub fn parse(kind: SecretKind, text: &str) -> Option<Secret> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.strip_prefix(kind.prefix())?).ok()?);
        let bytes = Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?);
        Some(Secret { kind, bytes })
    }

    /// What it opens.
    pub fn kind(&self) -> SecretKind {
        self.kind
    }

    /// For its bearer, once: 43 characters that fit into a cookie, a header and an address.
    pub fn text(&self) -> String {
        self.kind.prefix().to_string() + &URL_SAFE_NO_PAD.encode(self.bytes.as_slice())
    }

    /// What the database keeps.
    pub(super) fn digest(&self) -> String {
        hex::encode(self.hash(self.kind.label()))
    }

    /// The token that a page sends with each change, in the header `X-CSRF-Token`.
    ///
    /// OWASP's synchroniser token, computed instead of stored: a one-way function of the session's
    /// secret. Against double submission it needs no second cookie, which another host of the same
    /// domain or a plain-HTTP answer could plant, and it ends with its session.
    pub fn csrf_token(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.hash("csrf"))
    }

    /// Whether `given` is this session's token; takes as long whatever is wrong with it.
    pub fn is_csrf_token(&self, given: &str) -> bool {
        self.csrf_token().as_bytes().ct_eq(given.as_bytes()).into()
    }

    fn hash(&self, label: &str) -> [u8; 32] {
        hash(label, self.bytes.as_slice())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({})", self.kind.label())
    }
}

/// The digest of `text` as a `label`; for what need not be readable, such as a name that was typed
/// in (some type their password there).
pub(super) fn digest_of(label: &str, text: &str) -> String {
    hex::encode(hash(label, text.as_bytes()))
}

fn hash(label: &str, bytes: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update("spillway ")
        .chain_update(label)
        .chain_update([0])
        .chain_update(bytes)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KINDS: [SecretKind; 4] =
        [SecretKind::Session, SecretKind::Device, SecretKind::Invitation, SecretKind::Token];

    #[test]
    fn a_secret_reads_back_and_opens_one_thing() {
        for kind in KINDS {
            let secret = Secret::new(kind);
            let again = Secret::parse(kind, &secret.text()).unwrap();
            assert_eq!(again.digest(), secret.digest());
            assert_eq!(secret.digest().len(), 64);
            assert!(!format!("{secret:?}").contains(&secret.text()));
            let bare = secret.text().replace("spw_", "");
            for other in KINDS.into_iter().filter(|k| *k != kind) {
                let taken = Secret::parse(other, &(other.prefix().to_string() + &bare)).unwrap();
                assert_ne!(taken.digest(), secret.digest());
            }
            assert_ne!(Secret::new(kind).digest(), secret.digest());
        }
        assert!(Secret::new(SecretKind::Token).text().starts_with("spw_"));
    }

    #[test]
    fn a_csrf_token_is_of_one_session() {
        let (one, other) = (Secret::new(SecretKind::Session), Secret::new(SecretKind::Session));
        assert!(one.is_csrf_token(&one.csrf_token()));
        assert!(!one.is_csrf_token(&other.csrf_token()));
        assert!(!one.is_csrf_token(""));
        assert!(!one.is_csrf_token(&one.text()));
    }

    proptest! {
        #[test]
        fn anything_may_come_in(text in ".{0,80}") {
            for kind in KINDS {
                if let Some(secret) = Secret::parse(kind, &text) {
                    prop_assert_eq!(secret.text(), text.clone());
                }
            }
        }
    }
}
