//! Czech names in the nominative: "mluvíte s Miroslavem Dudkem" is Miroslav Dudek.

use super::{Grammar, ends_with_phrase};

/// `name` in the nominative where the words before it put it in the instrumental ("s", "se") or
/// the accusative ("napište to na");
/// `None` where nothing changes it.
pub(super) fn nominative(
    before: &[String],
    name: &[String],
    grammar: &Grammar,
) -> Option<Vec<String>> {
    // Behind titles too: "mluvíte s paní Novákovou".
    let titles = &grammar.words.titles;
    let mut rest = before.iter().rev().skip_while(|t| titles.contains(*t));
    let with = rest.next().is_some_and(|t| t == "s" || t == "se");
    let accused = || {
        let lists = grammar.words.person.oblique_lead_in.iter();
        lists.into_iter().any(|p| ends_with_phrase(before, p))
    };
    let said_in: fn(&str) -> Vec<String> = match (grammar.language.as_str(), with) {
        ("cs", true) => of_instrumental,
        ("cs", false) if accused() => of_accusative,
        _ => return None,
    };
    Some(name.iter().map(|word| likeliest(word, said_in(word), grammar)).collect())
}

fn likeliest(word: &str, possible: Vec<String>, grammar: &Grammar) -> String {
    // Of the nominatives it may come from, one that people bear.
    let borne = possible.iter().find(|name| {
        grammar.places().is_some_and(|p| {
            [p.given_names(), p.family_names()].into_iter().any(|list| {
                list.matches(&[name.as_str()]).first().is_some_and(|m| m.similarity >= 0.99)
            })
        })
    });
    borne.or(possible.first()).cloned().unwrap_or_else(|| word.to_string())
}

/// The nominatives an accusative may come from: "na Vítězslava Skálu".
fn of_accusative(word: &str) -> Vec<String> {
    const ENDINGS: &[(&str, &str)] = &[
        ("ého", "ý"),
        ("ího", "í"),
        ("ovou", "ová"),
        ("ou", "á"),
        ("ii", "ie"),
        ("ňka", "něk"),
        ("ka", "ek"),
        ("ce", "ec"),
        ("la", "el"),
        ("a", ""),
        ("u", "a"),
        ("e", ""),
        ("i", "e"),
    ];
    let nominative = |(from, to): &(&str, &str)| {
        let stem = word.strip_suffix(from).filter(|s| s.chars().count() >= 2)?;
        Some(format!("{stem}{to}"))
    };
    ENDINGS.iter().filter_map(nominative).collect()
}

/// The nominatives an instrumental may come from, the likeliest first.
fn of_instrumental(word: &str) -> Vec<String> {
    let cut = |ending: &str| word.strip_suffix(ending).filter(|s| s.chars().count() >= 2);
    let with = |stem: &str, ending: &str| format!("{stem}{ending}");
    if let Some(stem) = cut("ovou") {
        return vec![with(stem, "ová"), with(stem, "ova")];
    }
    if let Some(stem) = cut("ou") {
        return vec![with(stem, "a"), with(stem, "á"), with(stem, "o")];
    }
    if let Some(stem) = cut("ým") {
        return vec![with(stem, "ý")];
    }
    if let Some(stem) = cut("ím") {
        return vec![with(stem, "í")];
    }
    if let Some(stem) = cut("em") {
        let mut all = Vec::new();
        let letters: Vec<char> = stem.chars().collect();
        // A fleeting vowel: Dudek, Němec, Pavel.
        if let [.., before, last] = letters.as_slice()
            && "kclr".contains(*last)
            && !"aáeéěiíoóuúůyý".contains(*before)
        {
            let head: String = letters[..letters.len() - 1].iter().collect();
            // "Zdeňkem" is Zdeněk.
            let fleeting = match head.strip_suffix('ň') {
                Some(hard) => format!("{hard}ně{last}"),
                None => format!("{head}e{last}"),
            };
            let plain = stem.to_string();
            all.extend(if *last == 'r' { [plain, fleeting] } else { [fleeting, plain] });
        } else {
            all.push(stem.to_string());
        }
        all.push(with(stem, "e"));
        return all;
    }
    if let Some(stem) = cut("í").filter(|s| s.ends_with('i') || s.ends_with("ri")) {
        return vec![with(stem, "e")];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::super::names;
    use super::super::tests::{grammar, heard};

    #[test]
    fn names_in_the_nominative() {
        let grammar = grammar("cs", "CZ");
        let check = |text: &str, want: &str| {
            let got = names(&heard(text), &grammar);
            assert_eq!(got.first().map_or("", |n| n.value.as_str()), want, "{text}");
        };
        check("mluvíte s miroslavem dudkem", "Miroslav Dudek");
        check("mluvíte s paní hanou novákovou", "Hana Nováková");
        check("mluvíte s petrem novotným", "Petr Novotný");
        check("mluvíte s jiřím novákem", "Jiří Novák");
        check("napište to na evu černou", "Eva Černá");
        check("jmenuju se hana šimková", "Hana Šimková");
    }
}
