//! Cookies: the header that sets one, and finding one in a request.

use super::secret::{Secret, SecretKind};
use std::time::Duration;

/// How cookies are written (RFC 6265bis, OWASP "Session Management").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cookies {
    /// False where the console is reached by plain HTTP.
    pub secure: bool,
}

impl Cookies {
    /// `__Host-` binds a cookie to this very host, and browsers take it over TLS only.
    fn name(self, kind: SecretKind) -> &'static str {
        match (kind, self.secure) {
            (SecretKind::Device, true) => "__Host-spillway-device",
            (SecretKind::Device, false) => "spillway-device",
            (_, true) => "__Host-spillway",
            (_, false) => "spillway",
        }
    }

    /// The value of a `Set-Cookie` header that makes the browser keep `secret` for `keep`. Scripts
    /// do not see it, other sites' requests do not carry it.
    pub fn set(self, secret: &Secret, keep: Duration) -> String {
        self.header(secret.kind(), &secret.text(), keep)
    }

    /// The value of a `Set-Cookie` header that makes the browser forget it.
    pub fn clear(self, kind: SecretKind) -> String {
        self.header(kind, "", Duration::ZERO)
    }

    fn header(self, kind: SecretKind, value: &str, keep: Duration) -> String {
        let (name, seconds) = (self.name(kind), keep.as_secs());
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
    }

    /// The secret of `kind` in the values of a request's `Cookie` headers; none when it is there
    /// twice, for then one of them is somebody else's.
    pub fn find<'a>(
        self,
        kind: SecretKind,
        headers: impl IntoIterator<Item = &'a str>,
    ) -> Option<Secret> {
        let name = self.name(kind);
        let pairs =
            headers.into_iter().flat_map(|h| h.split(';')).filter_map(|p| p.split_once('='));
        let mut values = pairs.filter(|(n, _)| n.trim() == name).map(|(_, value)| value.trim());
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        Secret::parse(kind, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn the_header() {
        let secret = Secret::new(SecretKind::Session);
        let value = secret.text();
        assert_eq!(
            Cookies { secure: true }.set(&secret, HOUR),
            format!(
                "__Host-spillway={value}; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict; Secure"
            )
        );
        assert_eq!(
            Cookies { secure: false }.set(&secret, HOUR),
            format!("spillway={value}; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict")
        );
        assert_eq!(
            Cookies { secure: true }.clear(SecretKind::Device),
            "__Host-spillway-device=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure"
        );
    }

    #[test]
    fn finding() {
        let cookies = Cookies { secure: true };
        let (text, other) = (Secret::new(SecretKind::Session).text(), "x".repeat(43));
        let check = |headers: &[&str], want: bool| {
            let found = cookies.find(SecretKind::Session, headers.iter().copied());
            assert_eq!(found.map(|s| s.text()), want.then(|| text.clone()), "{headers:?}");
        };
        check(&[&format!("__Host-spillway={text}")], true);
        check(&[&format!("theme=dark; __Host-spillway={text}; a=b")], true);
        check(&["theme=dark", &format!("__Host-spillway={text}")], true);
        check(&[&format!("__Host-spillway={text}; __Host-spillway={other}")], false);
        check(&[&format!("spillway={text}")], false);
        check(&[&format!("__Host-spillway-device={text}")], false);
        check(&["__Host-spillway="], false);
        check(&["__Host-spillway", ";;=;"], false);
        check(&[], false);
    }

    proptest! {
        #[test]
        fn anything_may_come_in(header in "(__Host-spillway=?|[;= a-zA-Z0-9_-]|.){0,60}") {
            let found = Cookies { secure: true }.find(SecretKind::Session, [header.as_str()]);
            prop_assert!(found.is_none_or(|s| header.contains(&s.text())));
        }
    }
}
