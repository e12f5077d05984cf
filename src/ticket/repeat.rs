//! Whether somebody calls again about what is on an open ticket already.

use super::plain::{even, is_number, words};
use super::policy::SlotNames;
use super::{Priority, SlotRecord, Ticket};
use crate::language::{fold, is_detail, without_marks};
use std::collections::BTreeSet;
use strsim::{jaro, osa_distance};

/// Words of names at least this alike (Jaro) are one name, heard twice; by the labelled pairs.
/// Jaro-Winkler and edit distances tell kin from errors less well: names of kin begin alike.
const ALIKE: f64 = 0.84;
/// One letter of so many may differ in a word of a name, and one in shorter words.
const LETTERS_FOR_EDIT: usize = 4;
/// Names of streets and units with at least this share of the same letters are one.
const SAME_PLACE: f64 = 0.84;
/// Likewise persons' names that are written in more words than the other.
const WRITTEN_TOGETHER: f64 = 0.9;

/// Spellings of sounds that callers or recognisers do not tell apart, by language.
const SOUNDS: &[(&str, &[(&str, &str)])] = &[
    ("vi", &[("tr", "ch"), ("gi", "d"), ("x", "s")]),
    ("en", &[("ph", "f"), ("ck", "k"), ("c", "k"), ("eau", "o"), ("ee", "i")]),
];

/// True when `later` is about the same case as `earlier`: the same hotline and number, and need,
/// name and address agree as far as both tickets hold them.
///
/// One of the three that differs makes another case. So a neighbour's ticket, a brother's claim
/// and a second need of one person stay apart, and so does the same person at another address:
/// they may call for their mother, and help sent to the wrong door is worse than a ticket too
/// many. Kin whose names differ in one sound only and who want the same at one address cannot be
/// told from one person heard twice. An emergency never goes into a ticket that is none,
/// and a trial of the bot stands for itself.
pub fn same_case(earlier: &Ticket, later: &Ticket, slots: &SlotNames) -> bool {
    let alarm = later.priority == Priority::Emergency && earlier.priority < later.priority;
    let language = later.language.as_str();
    !alarm
        && !earlier.is_trial()
        && !later.is_trial()
        && earlier.hotline == later.hotline
        && is_same_number(earlier, later)
        && is_same_need(need(earlier, slots), need(later, slots))
        && is_same_name(earlier.value(&slots.name), later.value(&slots.name), language)
        && is_same_address(earlier.slot(&slots.address), later.slot(&slots.address), language)
}

fn is_same_number(earlier: &Ticket, later: &Ticket) -> bool {
    let callback = |t: &Ticket| number(&t.callback_number);
    let reached = |t: &Ticket| callback(t).or_else(|| number(&t.caller_id));
    let given = callback(earlier).is_some() && callback(later).is_some();
    let same = |a: Option<String>, b: Option<String>| a.is_some() && a == b;
    same(reached(earlier), reached(later))
        || !given && same(number(&earlier.caller_id), number(&later.caller_id))
}

/// The digits of a telephone number; `None` for none, or a word for a withheld one.
fn number(text: &str) -> Option<String> {
    if text.contains(char::is_alphabetic) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

/// The category of need; `None` where it is not known.
fn need<'t>(ticket: &'t Ticket, slots: &SlotNames) -> Option<&'t str> {
    let category = slots.category(ticket);
    // Who only asks for a person has not said what about.
    (!matches!(category, "" | "OTHER" | "HUMAN")).then_some(category)
}

fn is_same_need(earlier: Option<&str>, later: Option<&str>) -> bool {
    earlier.is_none() || later.is_none() || earlier == later
}

fn is_same_name(earlier: &str, later: &str, language: &str) -> bool {
    let (mut a, mut b) = comparable(earlier, later);
    let sounds = SOUNDS.iter().find(|(l, _)| *l == language).map_or(&[][..], |(_, s)| s);
    for word in a.iter_mut().chain(&mut b) {
        *word = sounds.iter().fold(word.clone(), |w, (from, to)| w.replace(from, to));
    }
    let (whole_a, whole_b) = (a.concat(), b.concat());
    if a.is_empty() || b.is_empty() || whole_a == whole_b {
        return true;
    }
    // Korean names are one word, however they are written.
    if (whole_a.chars().chain(whole_b.chars())).all(|c| ('\u{1100}'..='\u{11ff}').contains(&c)) {
        return is_alike(&whole_a, &whole_b, language);
    }
    // A Vietnamese is called by the last word.
    if language == "vi" && !a.last().zip(b.last()).is_some_and(|(a, b)| is_alike(a, b, language)) {
        return false;
    }
    let together = a.len() != b.len() && share_same(&whole_a, &whole_b) >= WRITTEN_TOGETHER;
    together || all_alike(&a, &b, language)
}

/// The words of both, their marks even and `y` as it sounds.
fn comparable(a: &str, b: &str) -> (Vec<String>, Vec<String>) {
    let sounding = |text: &str| words(text).iter().map(|w| w.replace('y', "i")).collect::<Vec<_>>();
    even(&sounding(a), &sounding(b))
}

/// True when each word of the shorter has a partner in the other, in any order.
fn all_alike(a: &[String], b: &[String], language: &str) -> bool {
    let (short, long) = if (a.len(), a) <= (b.len(), b) { (a, b) } else { (b, a) };
    let mut pairs: Vec<(usize, usize, f64)> = Vec::new();
    for (i, one) in short.iter().enumerate() {
        pairs.extend(long.iter().enumerate().map(|(j, other)| (i, j, jaro(one, other))));
    }
    pairs.sort_by(|x, y| y.2.total_cmp(&x.2));
    let (mut taken_a, mut taken_b) = (BTreeSet::new(), BTreeSet::new());
    pairs.iter().all(|(i, j, _)| {
        if taken_a.contains(i) || taken_b.contains(j) {
            return true;
        }
        taken_a.insert(*i);
        taken_b.insert(*j);
        is_alike(&short[*i], &long[*j], language)
    })
}

/// True when two words may be one, heard twice. Kin have names that rhyme, or a man's and a
/// woman's.
fn is_alike(a: &str, b: &str, language: &str) -> bool {
    let sexes = language != "vi" && (is_female(a) && is_male(b) || is_male(a) && is_female(b));
    // Jaro may depend on the order.
    let (a, b) = if a <= b { (a, b) } else { (b, a) };
    let rhymes = a.chars().next() != b.chars().next();
    let (bare_a, bare_b) = (without_marks(a), without_marks(b));
    let letters = bare_a.chars().count().max(bare_b.chars().count());
    let far = osa_distance(&bare_a, &bare_b) > (letters / LETTERS_FOR_EDIT).max(1);
    a == b || !sexes && !rhymes && !far && jaro(a, b) >= ALIKE
}

fn is_female(name: &str) -> bool {
    without_marks(name).ends_with(['a', 'а', 'я'])
}

fn is_male(name: &str) -> bool {
    !without_marks(name).ends_with(|c| "aeiouаеиіоуыэюяє".contains(c))
}

/// The share of letters that two words have in common.
fn share_same(a: &str, b: &str) -> f64 {
    let letters = a.chars().count().max(b.chars().count()).max(1);
    1.0 - osa_distance(a, b) as f64 / letters as f64
}

fn is_same_address(
    earlier: Option<&SlotRecord>,
    later: Option<&SlotRecord>,
    language: &str,
) -> bool {
    let (Some(earlier), Some(later)) = (earlier, later) else { return true };
    if earlier.parts.is_empty() || later.parts.is_empty() {
        let (a, b) = comparable(&earlier.value, &later.value);
        let alike = all_alike(&letters(&a), &letters(&b), language);
        return alike && numbers_agree(&earlier.value, &later.value);
    }
    let named = earlier.parts.iter().filter(|(part, _)| !is_detail(part));
    named
        .flat_map(|(part, a)| {
            later.parts.iter().filter(move |l| l.0 == *part).map(move |l| (part, a, &l.1))
        })
        .all(|(part, a, b)| match part.as_str() {
            "house" => is_same_house(a, b, language),
            // A road is not its numbered lanes.
            "street" => numbers(a).is_empty() == numbers(b).is_empty() && is_same_place(a, b),
            _ => is_same_place(a, b),
        })
}

/// Streets and units: the same numbers and nearly the same letters, in their order (Bình Tân is
/// not Tân Bình), the one with more words around it than the other (`Masarykova třída`).
fn is_same_place(a: &str, b: &str) -> bool {
    let (a_words, b_words) = comparable(a, b);
    let (a_words, b_words) = (letters(&a_words), letters(&b_words));
    let (short, long) =
        if a_words.len() <= b_words.len() { (a_words, b_words) } else { (b_words, a_words) };
    let whole = short.concat();
    let near = |stretch: &[String]| share_same(&whole, &stretch.concat()) >= SAME_PLACE;
    if short.is_empty() {
        return numbers(a) == numbers(b);
    }
    let alike = near(&long) || long.windows(short.len()).any(near);
    alike && numbers_agree(a, b)
}

fn letters(words: &[String]) -> Vec<String> {
    words.iter().filter(|w| !is_number(w)).cloned().collect()
}

/// True when one has no number that the other lacks.
fn numbers_agree(a: &str, b: &str) -> bool {
    is_part(&numbers(a), &numbers(b))
}

fn numbers(text: &str) -> BTreeSet<String> {
    words(text).into_iter().filter(|w| is_number(w)).collect()
}

fn is_part(a: &BTreeSet<String>, b: &BTreeSet<String>) -> bool {
    a.is_subset(b) || b.is_subset(a)
}

/// House numbers with all below them: flats and alleys may be left out, the number not changed.
fn is_same_house(a: &str, b: &str, language: &str) -> bool {
    let ((first_a, all_a), (first_b, all_b)) = (house(a, language), house(b, language));
    if all_a.is_empty() && all_b.is_empty() {
        return is_same_place(a, b);
    }
    is_part(&first_a, &first_b) && is_part(&all_a, &all_b)
}

/// The number of the house, empty where it is not given, and all numbers: flats, alleys, blocks.
fn house(text: &str, language: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let text = fold(text);
    let mut parts = text.split(' ').peekable();
    let has_digit = |word: &str| word.contains(|c: char| c.is_ascii_digit());
    // `101동` is a block.
    let is_first = |word: &&str| has_digit(word) && !word.ends_with(|c| ('가'..='힣').contains(&c));
    // Czech houses have two numbers, either of which will do.
    let split = |word: &str| -> Vec<String> {
        let numbers = word.split(|c| c == '/' && language == "cs");
        numbers.map(str::to_string).collect()
    };
    let first = parts.peek().copied().filter(is_first).map(split).unwrap_or_default();
    let all = parts.filter(|word| has_digit(word)).flat_map(split).collect();
    (first.into_iter().collect(), all)
}

#[cfg(test)]
mod tests {
    use super::super::{CallId, Consent, SlotStatus, TicketStatus};
    use super::*;
    use proptest::prelude::*;

    const PAIRS: &str = include_str!("../../fixtures/callbacks/repeat_callers.tsv");

    fn slots() -> SlotNames {
        let [name, address, need] = ["name", "address", "need"].map(String::from);
        SlotNames { name, address, need }
    }

    fn slot(slot: &str, value: &str, parts: Vec<(String, String)>) -> SlotRecord {
        SlotRecord {
            slot: slot.into(),
            status: SlotStatus::Heard,
            value: value.into(),
            parts,
            heard: String::new(),
            confidence: 1.0,
            audio: Vec::new(),
        }
    }

    /// `address` is `house|street|locality|district|region`; without a bar only words.
    fn ticket(language: &str, name: &str, address: &str, need: &str) -> Ticket {
        let fields = ["house", "street", "locality", "district", "region"];
        let part = |(field, value): (&&str, &str)| (field.to_string(), value.to_string());
        let parts = fields.iter().zip(address.split('|')).filter(|(_, value)| !value.is_empty());
        let parts = if address.contains('|') { parts.map(part).collect() } else { Vec::new() };
        let category = vec![("category".to_string(), need.to_string())];
        Ticket {
            call_id: CallId("call".into()),
            revision: 1,
            hotline: "demo".into(),
            language: language.into(),
            caller_id: "+84903123456".into(),
            callback_number: "+84903123456".into(),
            consent: Consent::Given,
            priority: Priority::Normal,
            status: TicketStatus::Open,
            complete: true,
            to_be_transcribed: false,
            message: Vec::new(),
            rating: None,
            inquiry: None,
            facts: Vec::new(),
            slots: vec![
                slot("name", name, Vec::new()),
                slot("address", &address.replace('|', ", "), parts),
                slot("need", "in the caller's words", category),
            ],
        }
    }

    /// How many pairs of one half were rightly and wrongly held for one case, and not.
    #[derive(Debug, Default)]
    struct Count {
        same: usize,
        missed: usize,
        wrong: usize,
        different: usize,
    }

    fn count(half: &str) -> Count {
        let mut count = Count::default();
        let rows = PAIRS.lines().map(|row| row.split('\t').collect::<Vec<_>>());
        for c in rows.filter(|c| c[0] == half) {
            let earlier = ticket(c[1], c[3], c[4], c[5]);
            let later = ticket(c[1], c[6], c[7], c[8]);
            match (c[2], same_case(&earlier, &later, &slots())) {
                ("same", true) => count.same += 1,
                ("same", false) => count.missed += 1,
                (_, true) => count.wrong += 1,
                (_, false) => count.different += 1,
            }
        }
        count
    }

    #[test]
    fn callers_are_told_from_their_kin_and_neighbours() {
        // The rules were made with these.
        let fit = count("fit");
        assert!(fit.wrong == 0 && fit.different == 82, "{fit:?}");
        assert!(fit.same as f32 >= 0.85 * (fit.same + fit.missed) as f32, "{fit:?}");
        let check = count("check");
        assert!(check.wrong == 0 && check.different == 18, "{check:?}");
        assert!(check.same as f32 >= 0.9 * (check.same + check.missed) as f32, "{check:?}");
        // Kin who want the same at one address, their names chosen to be as like as kin's ever
        // are: how many are lost is a limit of the method, and must not grow.
        let kin = count("kin");
        assert!(kin.wrong <= 5 && kin.wrong + kin.different == 24, "{kin:?}");
    }

    #[test]
    fn the_telephone_decides_first() {
        let check = |earlier: [&str; 2], later: [&str; 2], want: bool| {
            let one = |[caller_id, callback]: [&str; 2]| Ticket {
                caller_id: caller_id.into(),
                callback_number: callback.into(),
                ..ticket("vi", "Nguyễn Văn An", "25|Lê Lợi||1", "FOOD")
            };
            let (earlier, later) = (one(earlier), one(later));
            assert_eq!(same_case(&earlier, &later, &slots()), want, "{earlier:?} {later:?}");
        };
        let (mobile, fixed) = ("+84903123456", "+842838123456");
        check([mobile, mobile], [mobile, mobile], true);
        check([mobile, mobile], [fixed, fixed], false);
        // From a neighbour's telephone.
        check([mobile, mobile], [fixed, mobile], true);
        check([fixed, mobile], [fixed, fixed], false);
        check([mobile, mobile], [mobile, ""], true);
        check([fixed, mobile], [fixed, ""], true);
        check([fixed, mobile], [mobile, ""], true);
        check([fixed, mobile], ["", fixed], false);
        check(["+84 903 123 456", ""], [mobile, ""], true);
        check(["", ""], ["", ""], false);
        check(["anonymous", "anonymous"], ["anonymous", "anonymous"], false);
        check(["sip:line1@pbx", ""], ["sip:line1@pbx", ""], false);
    }

    #[test]
    fn what_is_missing_speaks_against_nothing() {
        let check = |earlier: [&str; 3], later: [&str; 3], want: bool| {
            let one = |[name, address, need]: [&str; 3]| ticket("en", name, address, need);
            let (earlier, later) = (one(earlier), one(later));
            assert_eq!(same_case(&earlier, &later, &slots()), want, "{earlier:?} {later:?}");
            assert_eq!(same_case(&later, &earlier, &slots()), want, "{later:?} {earlier:?}");
        };
        let whole = ["Joan Ellis", "6|Reef Parade|Cairns", "FOOD"];
        check(whole, whole, true);
        check(whole, ["", "", ""], true);
        check(whole, ["", "", "OTHER"], true);
        check(whole, ["Joan Ellis", "", "HUMAN"], true);
        check(whole, ["Grace Ellis", "", ""], false);
        check(whole, ["", "7|Reef Parade|Cairns", ""], false);
        check(whole, ["", "", "TEST"], false);
        // Only words of an address.
        check(whole, ["Joan Ellis", "reef parade cairns number 6", "FOOD"], true);
        check(whole, ["Joan Ellis", "cairns reef parade 6", "FOOD"], true);
        check(whole, ["Joan Ellis", "cairns reef parade 8", "FOOD"], false);
        // Other parts of it.
        check(whole, ["Joan Ellis", "|||Cairns|Queensland", "FOOD"], true);
        check(whole, ["Joan Ellis", "12/6|Reef Parade|Cairns", "FOOD"], false);
    }

    #[test]
    fn other_hotlines_slots_and_alarms() {
        let open = ticket("vi", "Nguyễn Văn An", "25|Lê Lợi||1", "FOOD");
        let alarm = Ticket { priority: Priority::Emergency, ..open.clone() };
        let other = Ticket { hotline: "other".into(), ..open.clone() };
        let check = |earlier: &Ticket, later: &Ticket, slots: &SlotNames, want: bool| {
            assert_eq!(same_case(earlier, later, slots), want, "{earlier:?} {later:?}");
        };
        check(&open, &alarm, &slots(), false);
        check(&alarm, &alarm, &slots(), true);
        check(&alarm, &open, &slots(), true);
        check(&open, &other, &slots(), false);
        let wife = ticket("vi", "Trần Thị Hoa", "25|Lê Lợi||1", "FOOD");
        check(&open, &wife, &slots(), false);
        // A hotline that asks for no name.
        check(&open, &wife, &SlotNames { name: String::new(), ..slots() }, true);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_who_called_first(
            words in proptest::collection::vec("[a-dàạхаяў강ㄱ0-2]{1,4}", 8),
            language in "vi|cs|en|ko",
        ) {
            let one = |w: &[String]| {
                let address = format!("{}|{}", w[2], w[3]);
                ticket(&language, &w[..2].join(" "), &address, "FOOD")
            };
            let (a, b) = (one(&words[..4]), one(&words[4..]));
            prop_assert!(same_case(&a, &a, &slots()));
            prop_assert_eq!(same_case(&a, &b, &slots()), same_case(&b, &a, &slots()));
        }
    }
}
