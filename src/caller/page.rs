//! Lines on a terminal: columns, wrapping by display width, colours.

use unicode_width::UnicodeWidthStr;

/// Columns for the words; the whole line is below 100.
const WORDS_WIDTH: usize = 62;
/// Columns for who speaks.
const WHO_WIDTH: usize = 8;
/// Columns for the time.
const TIME_WIDTH: usize = 9;

/// Whether and how things are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// For files and pipes.
    Plain,
    /// For a terminal.
    Colour,
}

/// What a piece of text is, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What the bot says.
    Bot,
    /// What the caller says.
    Caller,
    /// Of lesser weight.
    Aside,
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// A heading.
    Heading,
}

impl Paint {
    /// Colours when standard output is a terminal and `NO_COLOR` is not set.
    pub fn for_stdout() -> Paint {
        use std::io::IsTerminal;
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        if wanted && std::io::stdout().is_terminal() { Paint::Colour } else { Paint::Plain }
    }

    /// `text` in the colour of `role` (ECMA-48 SGR).
    pub fn paint(self, role: Role, text: &str) -> String {
        let code = match role {
            _ if self == Paint::Plain || text.is_empty() => return text.to_owned(),
            Role::Bot => "36",
            Role::Caller => "32",
            Role::Aside => "2",
            Role::Good => "32",
            Role::Bad => "1;31",
            Role::Heading => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// `mm:ss.d` of a call's time.
pub fn clock(ms: u64) -> String {
    let tenths = ms / 100;
    format!("{:02}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

/// `1.23 s`.
pub fn seconds(ms: u64) -> String {
    format!("{:.2} s", ms as f64 / 1_000.0)
}

/// One entry of a conversation: when, who, the words wrapped, and at the right of the last line
/// a remark; each line ended.
pub fn entry(
    paint: Paint,
    at_ms: Option<u64>,
    who: (Role, &str),
    words: &str,
    remark: &str,
) -> String {
    let time = at_ms.map(clock).unwrap_or_default();
    let mut out = String::new();
    let lines = wrapped(words, WORDS_WIDTH);
    for (i, line) in lines.iter().enumerate() {
        let (time, name) = if i == 0 { (time.as_str(), who.1) } else { ("", "") };
        out.push_str(&paint.paint(Role::Aside, &padded(time, TIME_WIDTH)));
        out.push_str(&paint.paint(who.0, &padded(name, WHO_WIDTH)));
        let last = i + 1 == lines.len() && !remark.is_empty();
        let words = if last { padded(line, WORDS_WIDTH + 2) } else { line.clone() };
        out.push_str(&match who.0 {
            Role::Bot => words,
            Role::Caller => paint.paint(Role::Heading, &words),
            role => paint.paint(role, &words),
        });
        if last {
            out.push_str(remark);
        }
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
    out
}

/// `text` with blanks up to `width` columns.
pub fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{:missing$}", "")
}

/// `text` in lines of at most `width` columns, broken between words, and inside words that are
/// longer than a line; at least one line.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let room = width.saturating_sub(lines.last().map_or(0, |l| l.width()));
        let blank = usize::from(room < width);
        if word.width() + blank > room && blank == 1 {
            lines.push(String::new());
        } else if blank == 1 {
            lines.last_mut().into_iter().for_each(|l| l.push(' '));
        }
        for c in word.chars() {
            let full = lines.last().is_some_and(|l| {
                l.width() + unicode_width::UnicodeWidthChar::width(c).unwrap_or(0) > width
            });
            if full {
                lines.push(String::new());
            }
            lines.last_mut().into_iter().for_each(|l| l.push(c));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_by_the_columns_they_take() {
        fn check(text: &str, width: usize, want: &[&str]) {
            assert_eq!(wrapped(text, width), want, "{text}");
        }
        check("", 5, &[""]);
        check("one  two three", 7, &["one two", "three"]);
        check("abcdefgh ij", 3, &["abc", "def", "gh", "ij"]);
        // Each Hangul syllable takes two columns.
        check("배가 고파요", 6, &["배가", "고파요"]);
        check("배가고파요", 6, &["배가고", "파요"]);
    }

    #[test]
    fn an_entry_has_its_columns() {
        let plain = Paint::Plain;
        let got = entry(plain, Some(67_449), (Role::Caller, "caller"), "yes", "");
        assert_eq!(got, "01:07.4  caller  yes\n");
        let got = entry(plain, None, (Role::Aside, "heard"), "\"Yes.\" 0.97", "gap 0.42 s");
        let remark_at = TIME_WIDTH + WHO_WIDTH + WORDS_WIDTH + 2;
        assert_eq!(got.find("gap"), Some(remark_at));
        assert!(got.starts_with("         heard   \"Yes.\" 0.97 "), "{got}");
        let long = "word ".repeat(30);
        let got = entry(plain, Some(0), (Role::Bot, "bot"), &long, "");
        let lines: Vec<_> = got.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|l| l.width() < 100 && !l.ends_with(' ')), "{got}");
        assert!(lines[1].starts_with(&format!("{:17}word", "")), "{got}");
    }

    #[test]
    fn colours_only_where_wanted() {
        assert_eq!(Paint::Plain.paint(Role::Bad, "x"), "x");
        assert_eq!(Paint::Colour.paint(Role::Bad, "x"), "\x1b[1;31mx\x1b[0m");
        let got = entry(Paint::Colour, Some(0), (Role::Bot, "bot"), "hello", "");
        assert_eq!(got, "\x1b[2m00:00.0  \x1b[0m\x1b[36mbot     \x1b[0mhello\n");
    }
}
