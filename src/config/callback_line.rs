//! The line by which operators call back: their telephone and the caller's, through the PBX.

use serde::Deserialize;

/// In an address, where the number goes.
const NUMBER: &str = "{number}";

/// How calls back are placed; without addresses the console offers none.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallbackLineConfig {
    /// SIP address of callers, with `{number}` (E.164): `sip:{number}@pbx.example`.
    pub caller: String,
    /// SIP address of operators' telephones, `{number}` being the extension.
    pub operator: String,
    /// The number that callers see: the hotline's own.
    pub from: String,
    /// How long either telephone rings, seconds.
    pub ring_s: u64,
}

impl Default for CallbackLineConfig {
    fn default() -> Self {
        let none = String::new;
        CallbackLineConfig { caller: none(), operator: none(), from: none(), ring_s: 45 }
    }
}

impl CallbackLineConfig {
    /// Calls back can be placed.
    pub fn is_there(&self) -> bool {
        !self.caller.is_empty()
    }

    /// The SIP address of a caller's `number`; `None` where that is no telephone number.
    pub fn caller_at(&self, number: &str) -> Option<String> {
        let digits = number.strip_prefix('+').unwrap_or(number);
        // E.164: at most fifteen digits; short numbers of the country may be called as well.
        let dialled =
            (2..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        (self.is_there() && dialled).then(|| self.caller.replace(NUMBER, number))
    }

    /// The SIP address of an operator's telephone.
    pub fn operator_at(&self, extension: &str) -> Option<String> {
        let part = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        let dialled = !extension.is_empty() && extension.chars().all(part);
        (self.is_there() && dialled).then(|| self.operator.replace(NUMBER, extension))
    }

    /// Key, what is wrong with it, and what to do.
    pub(super) fn problem(&self) -> Option<(&'static str, String, &'static str)> {
        let fix = "give a SIP address with {number}, such as \"sip:{number}@127.0.0.1:5060\"";
        for (key, address) in
            [("callback_line.caller", &self.caller), ("callback_line.operator", &self.operator)]
        {
            if address.is_empty() && self.caller.is_empty() && self.operator.is_empty() {
                continue;
            }
            if !address.starts_with("sip:") || address.matches(NUMBER).count() != 1 {
                return Some((key, format!("is {address:?}"), fix));
            }
        }
        let wrong = !(5..=180).contains(&self.ring_s);
        let ring = || ("callback_line.ring_s", format!("is {}", self.ring_s), "choose 5 to 180 s");
        wrong.then(ring)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> CallbackLineConfig {
        CallbackLineConfig {
            caller: "sip:{number}@pbx:5060".into(),
            operator: "sip:{number}@pbx".into(),
            ..CallbackLineConfig::default()
        }
    }

    #[test]
    fn only_telephone_numbers_are_called() {
        let check = |number: &str, want: Option<&str>| {
            assert_eq!(line().caller_at(number).as_deref(), want, "{number:?}");
        };
        check("+84901000001", Some("sip:+84901000001@pbx:5060"));
        check("112", Some("sip:112@pbx:5060"));
        for bad in ["", "+", "1", "0901 000", "1@evil", "+1234567890123456", "anonymous"] {
            check(bad, None);
        }
        assert_eq!(CallbackLineConfig::default().caller_at("+84901000001"), None);
        assert_eq!(line().operator_at("204").as_deref(), Some("sip:204@pbx"));
        assert_eq!((line().operator_at(""), line().operator_at("2@x")), (None, None));
    }

    #[test]
    fn half_a_line_is_refused() {
        let check = |config: CallbackLineConfig, want: Option<&str>| {
            assert_eq!(config.problem().map(|(key, ..)| key), want);
        };
        check(CallbackLineConfig::default(), None);
        check(line(), None);
        check(
            CallbackLineConfig { operator: String::new(), ..line() },
            Some("callback_line.operator"),
        );
        check(CallbackLineConfig { caller: "pbx".into(), ..line() }, Some("callback_line.caller"));
        check(CallbackLineConfig { ring_s: 0, ..line() }, Some("callback_line.ring_s"));
    }
}
