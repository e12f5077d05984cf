//! One labelled case: what was said, and what the ticket should say.

/// A line of a case file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// ISO 639-1.
    pub lang: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// ISO 8601: the day whose units are meant.
    pub as_of: String,
    /// name, address, need, yesno, correction, number, phone or mixed.
    pub slot: String,
    /// Recogniser output.
    pub text: String,
    /// The label.
    pub expected: String,
}

/// Why a case file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct CaseError {
    /// 1 for the header.
    pub line: usize,
    /// What is wrong and what would be right.
    pub problem: String,
}

const COLUMNS: [&str; 7] = ["lang", "country", "as_of", "slot", "text", "expected", "note"];
/// The slots a case may be of.
pub(super) const SLOTS: [&str; 8] =
    ["name", "address", "need", "yesno", "correction", "number", "phone", "mixed"];

/// The cases of a tab-separated file with the header
/// `lang country as_of slot text expected note`; the note may be missing.
pub fn cases(file: &str) -> Result<Vec<Case>, CaseError> {
    let mut lines = file.lines().enumerate();
    let header = lines.next().map_or("", |(_, l)| l.trim_start_matches('\u{feff}'));
    let named: Vec<&str> = header.split('\t').map(str::trim).collect();
    if named.get(..6) != Some(&COLUMNS[..6]) {
        let problem = format!("the header must be the columns {}", COLUMNS.join(", "));
        return Err(CaseError { line: 1, problem });
    }
    let filled = lines.filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#'));
    filled
        .map(|(i, line)| case(line).map_err(|problem| CaseError { line: i + 1, problem }))
        .collect()
}

fn case(line: &str) -> Result<Case, String> {
    let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
    let [lang, country, as_of, slot, text, expected, ..] = fields.as_slice() else {
        return Err(format!("has {} columns; at least 6 are needed", fields.len()));
    };
    if !SLOTS.contains(slot) {
        return Err(format!("slot \"{slot}\" is none of {}", SLOTS.join(", ")));
    }
    let own = |s: &str| s.to_string();
    Ok(Case {
        lang: own(lang),
        country: own(country),
        as_of: own(as_of),
        slot: own(slot),
        text: own(text),
        expected: own(expected),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_and_bad_files() {
        let header = "lang\tcountry\tas_of\tslot\ttext\texpected\tnote\n";
        let good = format!("{header}vi\tVN\t2021-09-01\tname\ttôi tên hoa\tHoa\t\n\n");
        assert_eq!(cases(&good).map(|c| c.len()), Ok(1));
        let check = |file: &str, line: usize, words: &str| {
            let error = cases(file).expect_err(file);
            assert!(error.line == line && error.problem.contains(words), "{error}");
        };
        check("a\tb\n", 1, "header");
        check(&format!("{header}vi\tVN\n"), 2, "columns");
        check(&format!("{header}vi\tVN\tx\tshoe\ta\tb\t\n"), 2, "shoe");
    }
}
