//! Czech names in the nominative: "mluvíte s Miroslavem Dudkem" is Miroslav Dudek.

use super::Grammar;

/// `name` in the nominative where the words before it put it in the instrumental ("s", "se");
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
    if grammar.language != "cs" || !with {
        return None;
    }
    Some(name.iter().map(|word| instrumental(word, grammar)).collect())
}

fn instrumental(word: &str, grammar: &Grammar) -> String {
    let possible = possible(word);
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

/// The nominatives an instrumental may come from, the likeliest first.
fn possible(word: &str) -> Vec<String> {
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
            let fleeting = format!("{head}e{last}");
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
        check("jmenuju se hana šimková", "Hana Šimková");
    }
}
