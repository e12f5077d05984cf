//! How the bot's prompts are recognised in a scenario's `only_if_asked`.

use crate::dialogue::Hotline;

/// Any of the prompts `names` of `hotline`, whatever stands in their blanks.
pub(super) fn any_of(hotline: &Hotline, names: &[&str]) -> String {
    let texts: Vec<String> = names.iter().map(|name| pattern(text(hotline, name), ".*?")).collect();
    format!("regex:(?is){}", texts.join("|"))
}

/// The prompt `name` with `value` in its blank.
pub(super) fn with_value(hotline: &Hotline, name: &str, value: &str) -> String {
    format!("regex:(?is){}", pattern(text(hotline, name), &regex::escape(value)))
}

/// The prompt `name` with the digits of `number` in its blank, read one by one.
pub(super) fn with_digits(hotline: &Hotline, name: &str, number: &str) -> String {
    let digits: Vec<String> = number.chars().map(|c| c.to_string()).collect();
    format!("regex:(?is){}", pattern(text(hotline, name), &digits.join(r"\D*")))
}

/// A read-back of all of `values`, in this order.
pub(super) fn read_back(hotline: &Hotline, values: &[&str]) -> String {
    let values: Vec<String> = values.iter().map(|value| regex::escape(value)).collect();
    let end = pattern(text(hotline, "ask_right"), ".*?");
    format!("regex:(?is){}.*{end}", values.join(".*"))
}

fn text<'h>(hotline: &'h Hotline, name: &str) -> &'h str {
    hotline.texts.get(name).map_or("", String::as_str)
}

/// A prompt's text as a regex, `blank` for its first blank and anything for the others.
fn pattern(text: &str, blank: &str) -> String {
    let mut pieces = text.split('{');
    let mut out = regex::escape(pieces.next().unwrap_or("").trim_start());
    for (piece, n) in pieces.zip(0..) {
        let after = piece.split_once('}').map_or("", |(_, after)| after);
        out += if n == 0 { blank } else { ".*?" };
        out += &regex::escape(after);
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn blanks_become_what_stands_in_them() {
        assert_eq!(pattern("I have {value}. Right?", "a"), r"I have a\. Right\?");
        assert_eq!(pattern("{first} or {second}?", ".*?"), r".*? or .*?\?");
        assert_eq!(pattern("Hello.", "x"), r"Hello\.");
    }
}
