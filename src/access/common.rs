//! Passwords that everybody tries first, by rule instead of by a long list.
//!
//! NIST SP 800-63B, 3.1.1.2 wants common, expected and context-specific passwords refused. Lists of
//! them are all words, runs of keys and repetitions, glued together; so we take those out and look
//! at what is left.

/// Fewer different things than this (words, runs, years, other characters) are too few.
const THINGS_MIN: usize = 6;
/// Shorter pieces are chance.
const PIECE_CHARS_MIN: usize = 3;

/// What passwords are made of, in the languages we ship, folded as by [`fold`].
const WORDS: &str = "\
    password passwort passwd pass heslo parol пароль matkhau 비밀번호 admin administrator root \
    user guest test login logon letmein welcome changeme default secret master access temp \
    hello iloveyou love monkey dragon princess sunshine shadow superman batman football \
    baseball freedom whatever trustno starwars pokemon computer internet spring summer autumn \
    winter january february march april june july august september october november december \
    monday tuesday wednesday thursday friday saturday sunday vietnam saigon hanoi korea seoul \
    praha prague kyiv ukraine england london spillway hotline operator supervisor observer \
    callcenter callcentre callback phone service office company number";

/// Rows and columns of keyboards, the alphabet and the digits: what fingers run along.
const ROWS: &str = "\
    abcdefghijklmnopqrstuvwxyz 01234567890 qwertyuiop qwertzuiop asdfghjkl zxcvbnm yxcvbnm \
    1qaz 2wsx 3edc 4rfv 5tgb 6yhn 7ujm йцукенгшщзхъ фывапролджэ ячсмитьбю";

/// Whether `password` is made of too little that is its own; `context` are words that whoever
/// attacks knows, such as the user's name.
pub(super) fn is_common(password: &str, context: &[&str]) -> bool {
    let plain: Vec<char> = password.chars().flat_map(char::to_lowercase).collect();
    let folded: Vec<char> = plain.iter().copied().map(fold).collect();
    let known = |word: &&str| word.chars().count() >= PIECE_CHARS_MIN;
    let parts = context.iter().flat_map(|c| c.split(|c: char| !c.is_alphanumeric()));
    let context: Vec<Vec<char>> = context
        .iter()
        .copied()
        .chain(parts)
        .filter(known)
        .map(|word| word.chars().flat_map(char::to_lowercase).map(fold).collect())
        .collect();
    let words: Vec<Vec<char>> = WORDS.split(' ').map(|w| w.chars().map(fold).collect()).collect();
    let mut things: Vec<&[char]> = Vec::new();
    let mut at = 0;
    while at < plain.len() {
        let word = words.iter().chain(&context).filter(|w| folded[at..].starts_with(w));
        let word = word.map(|w| w.len()).max().unwrap_or(0);
        let piece = word.max(run(&plain[at..])).max(year(&plain[at..])).max(1);
        things.push(&folded[at..at + piece]);
        at += piece;
    }
    things.sort_unstable();
    things.dedup();
    things.len() < THINGS_MIN
}

/// Letters for the characters that are written in their place.
fn fold(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        c => c,
    }
}

/// How many characters from the first on run along a row, either way, or are all the same.
fn run(chars: &[char]) -> usize {
    let same = chars.iter().take_while(|c| Some(*c) == chars.first()).count();
    let along = |row: &[char]| {
        let Some(start) = row.iter().position(|c| Some(c) == chars.first()) else { return 0 };
        chars.iter().zip(&row[start..]).take_while(|(a, b)| a == b).count()
    };
    let longest = |row: &str| {
        let mut row: Vec<char> = row.chars().collect();
        let forth = along(&row);
        row.reverse();
        forth.max(along(&row))
    };
    let run = ROWS.split(' ').map(longest).max().unwrap_or(0).max(same);
    if run >= PIECE_CHARS_MIN { run } else { 0 }
}

/// The length of a year of somebody's life at the start, or 0.
fn year(chars: &[char]) -> usize {
    let digits = chars.len() >= 4 && chars[..4].iter().all(char::is_ascii_digit);
    let century = digits && matches!(chars[..2], ['1', '9'] | ['2', '0']);
    if century { 4 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commonest() {
        let check = |password: &str, want: bool| {
            let common = is_common(password, &["anna.novak", "Anna Nováková"]);
            assert_eq!(common, want, "{password}");
        };
        for common in [
            "password1234",
            "P@ssw0rd2024",
            "passwordpassword",
            "Password123!",
            "123456789012",
            "098765432109",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "121212121212",
            "qwertyuiop12",
            "qwertyqwerty",
            "1qaz2wsx3edc",
            "asdfghjkl123",
            "iloveyou1234",
            "letmeinletmein",
            "Summer2025!!!",
            "welcome2026!",
            "administrator",
            "Administrator1",
            "spillway2026",
            "hotline-hotline",
            "annanovak1990",
            "anna.novak.1",
            "ANNA1234anna",
            "пароль123456",
            "йцукенгшщзхъ",
            "changeme1234",
            "secret-secret-1",
            "matkhau12345",
            "111222333444",
        ] {
            check(common, true);
        }
        for own in [
            "correct horse battery staple",
            "thirsty-lamp-41",
            "Tr0ub4dor&3xyz",
            "rybka pluje sama",
            "cá bơi ngược dòng",
            "зелена жаба співає",
            "n7Kq-xW2p-94Lm",
            "password of my own cat",
        ] {
            check(own, false);
        }
    }

    fn word() -> impl Strategy<Value = &'static str> {
        proptest::sample::select(WORDS.split(' ').collect::<Vec<_>>())
    }

    proptest! {
        #[test]
        fn words_and_runs_glued_are_common(
            a in word(),
            b in word(),
            year in 1900..2100,
            end in "[!.]{0,2}",
        ) {
            let password = format!("{a}{b}{year}{end}");
            prop_assert!(is_common(&password, &[]));
        }

        #[test]
        fn anything_may_come_in(password in ".{0,40}", name in ".{0,20}") {
            is_common(&password, &[&name]);
        }

        #[test]
        fn chance_is_not_common(bytes in proptest::array::uniform16(0u8..62)) {
            let alphabet: Vec<char> = ('a'..='z').chain('A'..='Z').chain('0'..='9').collect();
            let password: String = bytes.iter().map(|b| alphabet[usize::from(*b)]).collect();
            let mut different = bytes.to_vec();
            different.sort_unstable();
            different.dedup();
            prop_assume!(different.len() > 12);
            prop_assert!(!is_common(&password, &[]), "{}", password);
        }
    }
}
