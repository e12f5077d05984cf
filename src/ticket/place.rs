//! Where a ticket's address lies, against the names of places as the owner of a hotline writes
//! them: with the unit word or without it, with marks or without.

use super::plain::{even, is_number, words};
use crate::language::{fold, is_detail, without_marks};
use std::sync::LazyLock;

/// The levels of the address readers, smallest first, a bit each.
const LOCALITY: u8 = 1;
const DISTRICT: u8 = 2;
const REGION: u8 = 4;
const ANY: u8 = LOCALITY | DISTRICT | REGION;

/// Unit words that mean one kind of unit: the levels it may have, the words before the name and
/// those behind it. English cities are not among them: Kansas City lies in Missouri.
const KINDS: &[(u8, &[&str], &[&str])] = &[
    (LOCALITY, &["phường", "p", "f"], &[]),
    (LOCALITY, &["xã", "x"], &[]),
    (LOCALITY, &["thị trấn", "tt"], &[]),
    (LOCALITY, &["đặc khu"], &[]),
    (DISTRICT, &["quận", "q"], &[]),
    (DISTRICT, &["huyện", "h"], &[]),
    (DISTRICT, &["thị xã", "tx"], &[]),
    (DISTRICT | REGION, &["thành phố", "tp"], &[]),
    (REGION, &["tỉnh"], &[]),
    (LOCALITY, &["city of", "town of", "village of"], &[]),
    (DISTRICT, &["county", "county of", "co"], &["county", "parish", "borough"]),
    (REGION, &["state of", "province of"], &["state", "province", "territory"]),
    (LOCALITY | REGION, &["obec", "město", "městys", "městská část"], &[]),
    (DISTRICT, &["okres"], &[]),
    (REGION, &["kraj"], &["kraj"]),
    (LOCALITY | REGION, &["місто", "м", "город", "г"], &[]),
    (LOCALITY, &["село", "с"], &[]),
    (LOCALITY, &["деревня", "д"], &[]),
    (LOCALITY, &["селище", "смт", "селище міського типу"], &[]),
    (LOCALITY, &["посёлок", "пгт", "посёлок городского типа"], &[]),
    (LOCALITY, &["хутір", "хутор"], &[]),
    (LOCALITY, &["станица"], &[]),
    (LOCALITY, &["аул"], &[]),
    (LOCALITY | DISTRICT, &["район"], &["район", "р н"]),
    (REGION, &["область"], &["область", "обл"]),
    (REGION, &[], &["край"]),
    (REGION, &["республика", "республіка"], &["республика", "республіка"]),
    (REGION, &[], &["автономный округ"]),
];

/// Korean unit words, which are the end of the name; the longer before those they end with.
const ENDINGS: &[(u8, &[&str])] = &[
    (REGION, &["특별자치시", "특별자치도", "특별시", "광역시", "도"]),
    (DISTRICT, &["시"]),
    (DISTRICT, &["구"]),
    (DISTRICT, &["군"]),
    (LOCALITY, &["동"]),
    (LOCALITY, &["읍"]),
    (LOCALITY, &["면"]),
];

/// Cities called `시` for short that are regions. Not 광주 and 제주: other cities bear these names.
const METROPOLES: [&str; 7] = ["서울", "부산", "대구", "인천", "대전", "울산", "세종"];

/// The unit words of a row of [`KINDS`] as they compare.
struct UnitWords {
    before: Vec<Vec<String>>,
    behind: Vec<Vec<String>>,
}

static UNIT_WORDS: LazyLock<Vec<UnitWords>> = LazyLock::new(|| {
    let plain = |list: &[&str]| list.iter().map(|word| unmarked(&words(word))).collect();
    let row = |(_, before, behind): &(u8, &[&str], &[&str])| UnitWords {
        before: plain(before),
        behind: plain(behind),
    };
    KINDS.iter().map(row).collect()
});

/// A kind of unit: its row in [`KINDS`], or behind them in [`ENDINGS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind(usize);

impl Kind {
    fn levels(self) -> u8 {
        let mut rows = KINDS.iter().map(|row| row.0).chain(ENDINGS.iter().map(|row| row.0));
        rows.nth(self.0).unwrap_or(ANY)
    }

    /// The kind that `unit_word` alone means.
    fn of(unit_word: &[String]) -> Option<Kind> {
        let said = unmarked(unit_word);
        let row = UNIT_WORDS
            .iter()
            .position(|row| row.before.contains(&said) || row.behind.contains(&said));
        row.map(Kind)
    }
}

/// One way to take a name apart.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reading {
    kind: Option<Kind>,
    name: Vec<String>,
}

/// A unit's name as somebody wrote it, in every way it may be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnitName {
    readings: Vec<Reading>,
    levels: u8,
}

impl UnitName {
    /// The unit that `text` names; `None` where it holds no name, or a unit word alone.
    pub(super) fn new(text: &str) -> Option<UnitName> {
        UnitName::at(text, ANY)
    }

    fn at(text: &str, levels: u8) -> Option<UnitName> {
        let name = words(text);
        if name.is_empty() || Kind::of(&name).is_some() {
            return None;
        }
        let mut readings = vec![Reading { kind: None, name: name.clone() }];
        let plain = unmarked(&name);
        for (row, UnitWords { before, behind }) in UNIT_WORDS.iter().enumerate() {
            let started = before.iter().filter(|word| plain.starts_with(word));
            let ended = behind.iter().filter(|word| plain.ends_with(word));
            let rests = started.map(|word| &name[word.len()..]);
            let rests = rests.chain(ended.map(|word| &name[..name.len() - word.len()]));
            let shortest = rests.filter(|rest| !rest.is_empty()).min_by_key(|rest| rest.len());
            let reading = |rest: &[String]| Reading { kind: Some(Kind(row)), name: rest.to_vec() };
            readings.extend(shortest.map(reading));
        }
        readings.extend(korean(&fold(text)));
        Some(UnitName { readings, levels })
    }

    /// The unit `name` of the kind `kind`, as the address readers give them.
    fn of_kind(kind: &str, name: &str, levels: u8) -> Option<UnitName> {
        let Some(kind) = Kind::of(&words(kind)) else { return UnitName::at(name, levels) };
        let name = words(name);
        let reading = Reading { kind: Some(kind), name };
        (!reading.name.is_empty()).then(|| UnitName { readings: vec![reading], levels })
    }

    /// True when it may mean `unit`: the same name, and no unit word that says otherwise.
    fn may_be(&self, unit: &UnitName) -> bool {
        let mut pairs =
            self.readings.iter().flat_map(|a| unit.readings.iter().map(move |b| (a, b)));
        pairs.any(|(a, b)| {
            let kinds = match (a.kind, b.kind) {
                (Some(a), Some(b)) => a == b,
                (Some(kind), None) => kind.levels() & unit.levels != 0,
                (None, _) => true,
            };
            let (a, b) = even(&a.name, &b.name);
            kinds && a == b
        })
    }

    /// The city of a numbered quarter: `Praha` of `Praha 5`.
    fn city(&self) -> Option<UnitName> {
        let reading = self.readings.iter().min_by_key(|r| r.name.len())?;
        let (number, name) = reading.name.split_last()?;
        let numbered = is_number(number) && !name.is_empty();
        let reading = Reading { kind: None, name: name.to_vec() };
        numbered.then(|| UnitName { readings: vec![reading], levels: self.levels })
    }
}

fn unmarked(words: &[String]) -> Vec<String> {
    words.iter().map(|w| without_marks(w)).collect()
}

/// `종로` in `종로구`, `충북` in `충청북도`.
fn korean(text: &str) -> Vec<Reading> {
    let mut readings = Vec::new();
    let reading = |row: usize, stem: &str| {
        let kind = Some(Kind(KINDS.len() + row));
        Reading { kind, name: words(stem) }
    };
    for (row, (_, endings)) in ENDINGS.iter().enumerate() {
        let Some(stem) = endings.iter().find_map(|e| text.strip_suffix(e)) else { continue };
        let letters: Vec<char> = stem.chars().collect();
        // `중구` without its ending is no name.
        if letters.len() < 2 {
            continue;
        }
        readings.push(reading(row, stem));
        if let [first, _, last @ ('북' | '남')] = letters[..] {
            readings.push(reading(row, &format!("{first}{last}")));
        }
        if METROPOLES.contains(&stem) && row > 0 {
            readings.push(reading(0, stem));
        }
    }
    readings
}

/// The units an address lies in, smallest first.
pub(super) fn units(parts: &[(String, String)]) -> Vec<UnitName> {
    let mut units = Vec::new();
    let named = parts
        .iter()
        .filter(|(part, _)| !is_detail(part) && !matches!(part.as_str(), "house" | "street"));
    for (part, value) in named {
        let levels = match part.as_str() {
            "quarter" | "ward" | "locality" => LOCALITY,
            "district" | "county" => DISTRICT,
            "region" | "province" | "state" => REGION,
            _ => ANY,
        };
        let kind = parts.iter().find(|(p, _)| p.strip_suffix("_kind") == Some(part));
        let kind = kind.map_or("", |(_, kind)| kind.as_str());
        for name in value.split(',') {
            // `수원시 영통구`: the larger first.
            let korean =
                !name.is_ascii() && name.chars().all(|c| !c.is_alphabetic() || is_hangul(c));
            let names: Vec<&str> =
                if korean { name.split_whitespace().rev().collect() } else { vec![name] };
            for unit in names.iter().filter_map(|name| UnitName::of_kind(kind, name, levels)) {
                let city = unit.city();
                units.push(unit);
                units.extend(city);
            }
        }
    }
    units.sort_by_key(|unit| unit.levels);
    units
}

fn is_hangul(c: char) -> bool {
    ('가'..='힣').contains(&c)
}

/// Where in `units`, smallest first, the smallest of `path`, largest first, stands; `None` where
/// they do not lie in one another so.
pub(super) fn depth(path: &[UnitName], units: &[UnitName]) -> Option<usize> {
    let mut from = 0;
    let mut smallest = None;
    for name in path.iter().rev() {
        let at = from + units[from..].iter().position(|unit| name.may_be(unit))?;
        smallest = smallest.or(Some(at));
        from = at + 1;
    }
    smallest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(address: &str) -> Vec<(String, String)> {
        let pairs = address.split("; ").filter_map(|pair| pair.split_once('='));
        pairs.map(|(part, value)| (part.to_string(), value.to_string())).collect()
    }

    /// `address` is `part=value; part=value`; a `-` stands for no match.
    fn check(path: &str, address: &str, want: &str) {
        let path: Option<Vec<UnitName>> = path.split('/').map(UnitName::new).collect();
        let units = units(&parts(address));
        let got = depth(&path.expect("names"), &units);
        let got = got.map_or("-".to_string(), |at| at.to_string());
        assert_eq!(got, want, "{address}: {units:?}");
    }

    #[test]
    fn vietnam() {
        // As the readers write it.
        let read = "house=25; street=Lê Lợi; locality_kind=phường; locality=Bến Nghé; \
                    locality_code=26740; district_kind=quận; district=1; region_kind=thành phố; \
                    region=Hồ Chí Minh";
        check("Quận 1/Phường Bến Nghé", read, "0");
        check("Bến Nghé", read, "0");
        check("ben nghe", read, "0");
        check("P. Bến Nghé", read, "0");
        check("Xã Bến Nghé", read, "-");
        check("Bến Nghe", read, "-");
        check("Quận 1", read, "1");
        check("Q.1", read, "1");
        check("Q01", read, "1");
        check("Quận 10", read, "-");
        check("Quận 12", read, "-");
        check("Huyện 1", read, "-");
        check("TP. Hồ Chí Minh/Q1", read, "1");
        check("Thành phố Hồ Chí Minh/Phường Bến Nghé", read, "0");
        check("Phường Bến Nghé/Quận 1", read, "-");
        check("Quận 3/Phường Bến Nghé", read, "-");
        check("Lê Lợi", read, "-");
        check("25", read, "-");
        check("26740", read, "-");
        // As it might be handed over.
        let whole = "house=10; ward=Phường Bến Nghé, Quận 1; province=Thành phố Hồ Chí Minh";
        check("Bến Nghé", whole, "0");
        check("Quận 1", whole, "1");
        check("Hồ Chí Minh/Quận 1/Bến Nghé", whole, "0");
        check("Quận 10", "district=Quận 1", "-");
        check("Quận 1", "locality=Phường 1; district=Quận 10", "-");
        check("Quận 1", "locality=1; district=10", "-");
        check("Quận 1", "locality=10; district=1", "1");
        check("Bình Tân", "district_kind=quận; district=Tân Bình", "-");
        check("Vĩnh Lộc", "locality_kind=xã; locality=Vĩnh Lộc A", "-");
        check("Thanh Hoá", "region_kind=tỉnh; region=Thanh Hóa", "0");
    }

    #[test]
    fn english_and_czech() {
        let cork = "house=27; street=Harbour View; locality=Cobh; district_kind=county; \
                    district=Cork; region=Munster";
        check("County Cork", cork, "1");
        check("Co. Cork/Cobh", cork, "0");
        check("Cork", cork, "1");
        check("Orange County", "locality=Orange; region=New South Wales", "-");
        check("Kansas", "locality=Kansas City; region=Missouri", "-");
        check("York", "locality=New York; region=New York", "-");
        check("New York", "locality=New York; region=New York", "0");
        check("Washington State", "locality=Seattle; region=Washington", "1");
        check("City of Leeds", "locality=Leeds", "0");
        check("Praha", "street=Nádražní; locality=Praha 5", "1");
        check("Praha 5", "street=Nádražní; locality=Praha 5", "0");
        check("Praha 5", "street=Nádražní; locality=Praha", "-");
        check("Praha 1", "locality=Praha 10", "-");
        check("okres Šumperk", "locality=Vyšehoří; district_kind=okres; district=Šumperk", "1");
        check(
            "Jihomoravský kraj/Brno",
            "locality=Brno; region_kind=kraj; region=Jihomoravský",
            "0",
        );
        check("Brno", "locality=Mikulov; district=Brno-venkov", "-");
    }

    #[test]
    fn ukraine_russia_and_korea() {
        let hostomel = "street=Свято-Покровська; locality_kind=селище; locality=Гостомель; \
                        district_kind=район; district=Бучанський; region_kind=область; \
                        region=Київська";
        check("Київська область/Бучанський район", hostomel, "1");
        check("Бучанський р-н/смт Гостомель", hostomel, "0");
        check("Київська обл.", hostomel, "2");
        check("Київ", hostomel, "-");
        check("село Гостомель", hostomel, "-");
        check("м. Київ", "locality_kind=місто; locality=Київ", "0");
        check("Королев", "locality_kind=город; locality=Королёв; region=Московская", "0");
        check("Пермский край", "locality=Кунгур; region_kind=край; region=Пермский", "1");
        check("Ростов на Дону", "locality=Ростов-на-Дону", "0");
        let bundang = "street=정자일로; district=성남시 분당구; region=경기";
        check("분당구", bundang, "0");
        check("성남시/분당구", bundang, "0");
        check("경기도/성남시", bundang, "1");
        check("분당", bundang, "0");
        check("경기", bundang, "2");
        check("서울시/종로구", "locality=청운동; district=종로구; region=서울", "1");
        check("서울특별시", "district=종로구; region=서울", "1");
        check("중구", "district=중구; region=대전", "0");
        check("중구", "district=중랑구; region=서울", "-");
        check("광주시", "district=북구; region=광주", "-");
        check("제주시", "district=서귀포시; region=제주", "-");
        check("충청북도", "district=청주시; region=충북", "1");
    }

    #[test]
    fn a_unit_word_alone_is_no_name() {
        let check = |text: &str, want: bool| {
            assert_eq!(UnitName::new(text).is_some(), want, "{text}");
        };
        check("Quận 1", true);
        check("1", true);
        check("Quận", false);
        check("thành phố", false);
        check("район", false);
        check(" , ", false);
        check("", false);
    }
}
