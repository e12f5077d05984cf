//! Czech streets: callers decline them ("v Harantově", "na Masarykově náměstí", "z Budějovický
//! ulice"), tickets have the nominative ("Harantova", "Masarykovo náměstí", "Budějovická").

use super::item::{Item, Said};
use crate::language::Grammar;
use crate::language::text::{phrase_at, title_case};

/// Longest name, in tokens.
const NAME_TOKENS_MAX: usize = 4;

/// Prepositions before a street, and in the names of streets.
const PREPOSITIONS: &[&str] = &[
    "v", "ve", "na", "z", "ze", "u", "do", "od", "k", "ke", "po", "za", "pod", "nad", "před",
    "mezi", "při",
];

/// Words for "street" that are not written.
const STREET: &[&str] = &["ulice", "ulici", "ulicí", "ul", "vulice", "vulici"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gender {
    Feminine,
    Neuter,
    Masculine,
    Plural,
}

/// Kinds of streets that are written: nominative, gender, what callers say.
const KINDS: &[(&str, Gender, &[&str])] = &[
    ("třída", Gender::Feminine, &["třída", "třídě", "třídy", "třídu", "třídou"]),
    ("alej", Gender::Feminine, &["alej", "aleji", "alejí", "aleje"]),
    ("cesta", Gender::Feminine, &["cesta", "cestě", "cesty", "cestu"]),
    ("silnice", Gender::Feminine, &["silnice", "silnici"]),
    ("kolonie", Gender::Feminine, &["kolonie", "kolonii"]),
    ("stezka", Gender::Feminine, &["stezka", "stezce", "stezky"]),
    ("promenáda", Gender::Feminine, &["promenáda", "promenádě", "promenády"]),
    ("náměstí", Gender::Neuter, &["náměstí", "námětí", "náměstím"]),
    ("nábřeží", Gender::Neuter, &["nábřeží", "nábřežím"]),
    ("předměstí", Gender::Neuter, &["předměstí"]),
    ("stromořadí", Gender::Neuter, &["stromořadí"]),
    ("sídliště", Gender::Neuter, &["sídliště", "sídlišti"]),
    ("trh", Gender::Masculine, &["trh", "trhu"]),
    ("rynek", Gender::Masculine, &["rynek", "rynku"]),
    ("bulvár", Gender::Masculine, &["bulvár", "bulváru"]),
    ("okruh", Gender::Masculine, &["okruh", "okruhu"]),
    ("dvůr", Gender::Masculine, &["dvůr", "dvoře", "dvora"]),
    ("vrch", Gender::Masculine, &["vrch", "vrchu"]),
    ("kopec", Gender::Masculine, &["kopec", "kopci", "kopce"]),
    ("val", Gender::Masculine, &["val", "valu"]),
    ("sady", Gender::Plural, &["sady", "sadech", "sadů"]),
    ("domky", Gender::Plural, &["domky", "domkách", "domků"]),
];

/// Months of streets that bear a day: "17. listopadu".
const MONTHS: &[&str] = &[
    "ledna",
    "února",
    "března",
    "dubna",
    "května",
    "máje",
    "června",
    "července",
    "srpna",
    "září",
    "října",
    "listopadu",
    "prosince",
];

/// The streets that may begin at `at`.
pub(super) fn streets_at(tokens: &[String], at: usize, grammar: &Grammar, items: &mut Vec<Item>) {
    let declined = PREPOSITIONS.contains(&tokens[at].as_str());
    let name_at = at + usize::from(declined);
    let mut push = |to: usize, name: String, named: bool, score: f32| {
        items.push(Item { from: at, to, said: Said::Street { name, named }, score });
    };
    if declined {
        with_preposition(tokens, at, grammar, &mut push);
    }
    if name_at >= tokens.len() {
        return;
    }
    if STREET.contains(&tokens[name_at].as_str()) {
        behind_word(tokens, name_at + 1, grammar, &mut push);
        return;
    }
    if let Some((kind, _)) = kind_at(tokens, name_at) {
        if let Some((to, day)) = date(tokens, name_at + 1, grammar) {
            push(to, format!("{kind} {day}"), true, 2.2);
        }
        for to in name_ends(tokens, name_at + 1, grammar) {
            let rest = &tokens[name_at + 1..to];
            let name = format!("{kind} {}", title_case(&rest.join(" ")));
            let known = known(&name, grammar).is_some();
            let score = 1.7 + if known { 0.6 } else { 0.0 } - strange(rest, grammar);
            push(to, name, true, score - 0.15 * (to - name_at - 2) as f32);
        }
    }
    if let Some((to, name)) = date(tokens, name_at, grammar) {
        push(to, name, true, 1.8);
    }
    for to in name_ends(tokens, name_at, grammar) {
        let said = &tokens[name_at..to];
        if let Some((kind, gender)) = kind_at(tokens, to) {
            let name = format!("{} {kind}", agreeing(said, gender, declined));
            let known = known(&name, grammar).is_some();
            let score = 1.8 + if known { 0.6 } else { 0.0 } - strange(said, grammar);
            push(to + 1, name, true, score - 0.2 * (to - name_at - 1) as f32);
        }
        if tokens.get(to).is_some_and(|t| STREET.contains(&t.as_str())) {
            let (name, known) = plain(said, true, grammar);
            push(to + 1, name, true, 2.0 + 0.5 * known - strange(said, grammar));
        }
        let (name, known) = plain(said, declined, grammar);
        let shape = if said.len() == 1 { likeness(&said[0]) } else { 0.0 };
        // The house number follows, or a preposition leads.
        let house = phrase_at(tokens, to, &grammar.words.address.number).is_some()
            || !grammar.numbers_from(tokens, to).is_empty();
        let alone = if house || declined { 0.0 } else { 0.5 };
        let score = shape + 0.8 * known - strange(said, grammar) - alone;
        push(to, name, shape >= 0.6 || known > 0.0, score);
    }
}

/// "v ulici Na Poříčí", "ulice Jiráskova".
fn behind_word(
    tokens: &[String],
    name_at: usize,
    grammar: &Grammar,
    push: &mut impl FnMut(usize, String, bool, f32),
) {
    let Some(first) = tokens.get(name_at) else { return };
    if let Some((to, name)) = date(tokens, name_at, grammar) {
        push(to, name, true, 2.4);
    }
    let own = usize::from(PREPOSITIONS.contains(&first.as_str()));
    for to in name_ends(tokens, name_at + own, grammar) {
        let said = &tokens[name_at..to];
        let (name, known) =
            if own > 0 { (title_case(&said.join(" ")), 0.0) } else { plain(said, true, grammar) };
        let score = 2.0 + 0.5 * known - strange(&said[own..], grammar);
        push(to, name, true, score - 0.2 * (to - name_at - own - 1) as f32);
    }
}

/// "Na Příkopě", "U Stadionu": the preposition is part of the name, which is no adjective.
fn with_preposition(
    tokens: &[String],
    at: usize,
    grammar: &Grammar,
    push: &mut impl FnMut(usize, String, bool, f32),
) {
    for to in name_ends(tokens, at + 1, grammar) {
        let said = &tokens[at..to];
        let name = title_case(&said.join(" "));
        let known = known(&name, grammar);
        let adjective = said.len() == 2 && likeness(&said[1]) >= 0.3;
        let house = !grammar.numbers_from(tokens, to).is_empty();
        let score = match (&known, adjective) {
            (Some(_), _) => 1.5,
            (None, true) => continue,
            (None, false) => 0.15 + if house && said.len() == 2 { 0.3 } else { 0.0 },
        };
        let named = known.is_some();
        push(to, known.unwrap_or(name), named, score - strange(&said[1..], grammar));
    }
}

/// The ends of a name that begins at `at`: no numbers, no words of everyday talk, no other name's
/// preposition.
fn name_ends(tokens: &[String], at: usize, grammar: &Grammar) -> Vec<usize> {
    let free = |i: &usize| {
        let token = &tokens[*i];
        // "Beneše z Loun", "náměstí Jiřího z Poděbrad".
        let inside = token == "nad" || token == "pod" || *i > at && token == "z";
        (inside || !PREPOSITIONS.contains(&token.as_str()))
            && !grammar.words.stop_words.contains(token)
            && !STREET.contains(&token.as_str())
            && grammar.numbers_from(tokens, *i).is_empty()
            && kind_at(tokens, *i).is_none()
            && phrase_at(tokens, *i, &grammar.words.address.number).is_none()
    };
    let most = tokens.len().min(at + NAME_TOKENS_MAX);
    (at..most).take_while(free).map(|i| i + 1).collect()
}

fn kind_at(tokens: &[String], at: usize) -> Option<(&'static str, Gender)> {
    let token = tokens.get(at)?.as_str();
    let kind = KINDS.iter().find(|(_, _, said)| said.contains(&token))?;
    Some((kind.0, kind.1))
}

/// "sedmnáctého listopadu".
fn date(tokens: &[String], at: usize, grammar: &Grammar) -> Option<(usize, String)> {
    grammar.numbers_from(tokens, at).into_iter().find_map(|(to, digits)| {
        let month = tokens.get(to).filter(|t| MONTHS.contains(&t.as_str()))?;
        let day: u8 = digits.parse().ok().filter(|d| (1..=31).contains(d))?;
        Some((to + 1, format!("{day}. {month}")))
    })
}

fn strange(said: &[String], grammar: &Grammar) -> f32 {
    let odd = said.iter().filter(|t| grammar.is_common_word(t)).count();
    1.2 * odd as f32 / said.len().max(1) as f32
}

/// The street of the gazetteer that is written so.
fn known(name: &str, grammar: &Grammar) -> Option<String> {
    let streets = grammar.places()?.streets();
    let said: Vec<&str> = name.split(' ').collect();
    let best = streets.matches(&said).into_iter().next().filter(|m| m.similarity >= 0.98)?;
    Some(streets.text(best.name).to_string())
}

/// A street without a word for its kind, and how sure it is that there is one (0..=1).
fn plain(said: &[String], declined: bool, grammar: &Grammar) -> (String, f32) {
    let name = agreeing(said, Gender::Feminine, declined && said.len() == 1);
    if let Some(name) = known(&name, grammar) {
        return (name, 1.0);
    }
    match another_case(said, grammar).filter(|_| declined) {
        Some(name) => (name, 0.9),
        None => (name, 0.0),
    }
}

/// The street of the gazetteer of which `said` is another case: "v Latránu". Endings that no case
/// of a street's own name has are a genitive in it, or a soft adjective: "v ulici Borovského".
fn another_case(said: &[String], grammar: &Grammar) -> Option<String> {
    const KEPT: &[&str] = &["ého", "ího", "ní", "ší", "čí"];
    let streets = grammar.places()?.streets();
    let best = streets.matches(said).into_iter().next().filter(|m| m.similarity >= 0.92)?;
    let name = streets.text(best.name);
    let last = said.last()?;
    let other = KEPT.iter().any(|e| last.ends_with(e) && !name.ends_with(e));
    (name.split(' ').count() == said.len() && !other).then(|| name.to_string())
}

/// How much a word looks like a street's name, by its ending.
fn likeness(word: &str) -> f32 {
    let ends = |list: &[&str]| list.iter().any(|e| word.ends_with(e) && word.len() > e.len() + 2);
    if ends(&["ova", "ově", "ovy", "ovu"]) {
        0.8
    } else if ends(&["ská", "cká", "ské", "cké", "ský", "cký", "skou", "ckou"]) {
        0.6
    } else if ends(&["ového", "ského", "ckého", "ýho", "ého"]) {
        0.5
    } else if ends(&["ová"]) {
        // More often a woman.
        0.0
    } else if ends(&["á", "é", "ní", "ší", "í", "ého", "ých", "ý"]) {
        0.35
    } else {
        0.0
    }
}

/// The nominative of `said` that agrees with a word of `gender`; only what is `declined` changes.
fn agreeing(said: &[String], gender: Gender, declined: bool) -> String {
    let all: Vec<String> = said.iter().map(|w| adjective(w, gender, declined)).collect();
    title_case(&all.join(" "))
}

/// (ending, feminine, neuter, masculine, plural), longest first.
const POSSESSIVE: &[(&str, [&str; 4])] = &[
    ("ovým", ["ová", "ovo", "ův", "ovy"]),
    ("ových", ["ovy", "ovo", "ovy", "ovy"]),
    ("ově", ["ova", "ovo", "ův", "ovy"]),
    ("ovu", ["ova", "ovo", "ův", "ovy"]),
    ("ovy", ["ova", "ovo", "ův", "ovy"]),
];

fn adjective(word: &str, gender: Gender, declined: bool) -> String {
    let of = |forms: &[&str; 4]| match gender {
        Gender::Feminine => forms[0].to_string(),
        Gender::Neuter => forms[1].to_string(),
        Gender::Masculine => forms[2].to_string(),
        Gender::Plural => forms[3].to_string(),
    };
    let long_enough = |stem: &str| stem.chars().count() >= 2;
    let possessive = POSSESSIVE.iter().find_map(|(ending, forms)| {
        let stem = word.strip_suffix(ending).filter(|s| long_enough(s))?;
        Some(format!("{stem}{}", of(forms)))
    });
    let is_nominative = gender == Gender::Plural && word.ends_with("ovy");
    if let Some(name) = possessive.filter(|_| !is_nominative) {
        return name;
    }
    if gender == Gender::Neuter {
        // "z Karlova náměstí".
        if let Some(stem) = word.strip_suffix("ova").filter(|s| declined && long_enough(s)) {
            return format!("{stem}ovo");
        }
    }
    if !declined {
        return word.to_string();
    }
    let endings: &[&str] = match gender {
        Gender::Feminine => &["é", "ý", "ej", "ou"],
        Gender::Neuter => &["ém", "ým"],
        Gender::Masculine => &["ém", "ým", "ého"],
        Gender::Plural => &["ých", "ejch"],
    };
    let nominative = of(&["á", "é", "ý", "é"]);
    let hard = endings.iter().find_map(|e| word.strip_suffix(e).filter(|s| long_enough(s)));
    let soft = ["ím", "ího", "ích"].iter().find_map(|e| word.strip_suffix(e));
    match (hard, soft.filter(|s| long_enough(s) && gender != Gender::Feminine)) {
        (Some(stem), _) => format!("{stem}{nominative}"),
        (None, Some(stem)) => format!("{stem}í"),
        (None, None) => word.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use crate::language::tests::{grammar, heard};

    #[test]
    fn streets_in_the_nominative() {
        let grammar = grammar("cs", "CZ");
        let check = |text: &str, street: &str, house: &str| {
            let got = crate::language::addresses(&heard(text), &grammar);
            let part = |n: &str| got.first().map_or("", |a| a.part(n)).to_string();
            assert_eq!(
                (part("street").as_str(), part("house").as_str()),
                (street, house),
                "{text}"
            );
        };
        check("v harantově deset", "Harantova", "10");
        check("na masarykově náměstí šest", "Masarykovo náměstí", "6");
        check("z horního náměstí tři", "Horní náměstí", "3");
        check("z budějovický ulice sedm", "Budějovická", "7");
        check("ve vinohradské sto dvanáct", "Vinohradská", "112");
        check("v ulici na poříčí dvacet dva", "Na Poříčí", "22");
        check(
            "ulice československé armády dvě stě třicet lomeno sedm",
            "Československé Armády",
            "230/7",
        );
        check("na třídě tomáše bati sto šedesát tři", "třída Tomáše Bati", "163");
        check("třída sedmnáctého listopadu pět", "třída 17. listopadu", "5");
        check("ve slovanské aleji číslo osm", "Slovanská alej", "8");
        check("v husových sadech dva", "Husovy sady", "2");
        check("na zelném trhu čtyři", "Zelný trh", "4");
        check("v komenského vosumnáct", "Komenského", "18");
        check("číslo popisné sto třicet šest", "", "136");
        check("", "", "");
    }
}
