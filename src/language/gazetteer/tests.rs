//! A small country of each folding, looked up as callers say it.

use super::*;
use proptest::prelude::*;
use std::time::{Duration, Instant};

fn unit(level: Level, kind: &str, name: &str, parents: &[u32], days: (u32, u32)) -> DraftUnit {
    DraftUnit {
        name: name.into(),
        level,
        kind: kind.into(),
        code: String::new(),
        parents: parents.into(),
        from: days.0,
        to: days.1,
        population: 0,
    }
}

/// Vietnam in small: a district that ended twice, a ward that was renamed, one that was split.
fn vietnam() -> Draft {
    let mut draft = Draft::new("vn");
    let three_levels = (0, 20250630);
    draft.units = vec![
        unit(Level::Region, "Thành phố", "Hồ Chí Minh", &[], (0, 0)),
        unit(Level::District, "Quận", "2", &[0], (0, 20201231)),
        unit(Level::District, "Thành phố", "Thủ Đức", &[0], (20210101, 20250630)),
        unit(Level::District, "Quận", "1", &[0], three_levels),
        unit(Level::Locality, "Phường", "Bến Nghé", &[3], three_levels),
        unit(Level::Locality, "Phường", "Thảo Điền", &[2, 1], three_levels),
        unit(Level::Locality, "Phường", "Sài Gòn", &[0], (20250701, 0)),
        unit(Level::Locality, "Phường", "An Khánh", &[0], (20250701, 0)),
        unit(Level::Locality, "Phường", "Bến Thành", &[0], (20250701, 0)),
        unit(Level::Locality, "Phường", "Trảng Bàng", &[0], (0, 0)),
        unit(Level::Locality, "Phường", "Hoà Lợi", &[0], (0, 0)),
        unit(Level::Locality, "Phường", "6", &[0], (0, 0)),
        unit(Level::Locality, "Phường", "16", &[0], (0, 0)),
    ];
    draft.aliases = vec![("Sài Gòn".into(), 0), ("TP HCM".into(), 0)];
    draft.successions = vec![
        (1, 2, Share::All),
        (2, 7, Share::Part),
        (4, 6, Share::All),
        (4, 8, Share::Part),
        (5, 7, Share::All),
    ];
    draft.family_names = vec![("Nguyễn".into(), 380), ("Trần".into(), 110)];
    draft
}

fn of(country: &str, places: &[&str]) -> Gazetteer {
    let mut draft = Draft::new(country);
    let place = |name: &&str| unit(Level::Locality, "", name, &[], (0, 0));
    draft.units = places.iter().map(place).collect();
    Gazetteer::from_bytes(&draft.to_bytes()).expect("sound")
}

fn built() -> Gazetteer {
    Gazetteer::from_bytes(&vietnam().to_bytes()).expect("sound")
}

fn day(year: i16, month: i8, day: i8) -> Date {
    Date::new(year, month, day).expect("a day")
}

/// The best match of `said` must be `name` with about this similarity.
fn check(gazetteer: &Gazetteer, said: &str, name: &str, similarity: f32) {
    let tokens: Vec<&str> = said.split(' ').collect();
    let matches = gazetteer.matches(&tokens);
    let best = matches.first().unwrap_or_else(|| panic!("`{said}` matches nothing"));
    assert_eq!(gazetteer.places().text(best.name), name, "`{said}`");
    let error = (best.similarity - similarity).abs();
    assert!(error < 0.03, "`{said}`: {} is not about {similarity}", best.similarity);
    let spoken = gazetteer.spoken(&tokens);
    let again = gazetteer.places().similarity(&spoken, 0..tokens.len(), best.name);
    assert_eq!(again, best.similarity, "`{said}`");
}

#[test]
fn vietnamese_names_are_found_by_tone_dialect_and_spelling() {
    let vn = built();
    check(&vn, "bến nghé", "Bến Nghé", 1.0);
    check(&vn, "BẾN NGHÉ", "Bến Nghé", 1.0);
    check(&vn, "ben nghe", "Bến Nghé", 0.95);
    check(&vn, "bến nghẻ", "Bến Nghé", 0.96);
    check(&vn, "bếnnghé", "Bến Nghé", 0.93);
    check(&vn, "chảng bàng", "Trảng Bàng", 0.93);
    check(&vn, "trảng bàn", "Trảng Bàng", 0.93);
    check(&vn, "hòa lợi", "Hoà Lợi", 1.0);
    check(&vn, "hòa nợi", "Hoà Lợi", 0.93);
    check(&vn, "thảo đền", "Thảo Điền", 0.81);
    check(&vn, "06", "6", 1.0);
    check(&vn, "tp hcm", "TP HCM", 1.0);
}

#[test]
fn numbers_are_equal_or_different() {
    let vn = built();
    let six = vn.matches(&["6"]);
    assert_eq!(six.len(), 1);
    assert!(vn.matches(&["61"]).is_empty());
}

#[test]
fn inflected_slavic_names_are_found() {
    let ua = of("ua", &["Харків", "Київ", "Львів", "Сумська", "Біла Церква", "Кам'янське"]);
    check(&ua, "харькове", "Харків", 0.93);
    check(&ua, "харкові", "Харків", 0.93);
    check(&ua, "києві", "Київ", 0.93);
    check(&ua, "киев", "Київ", 0.93);
    check(&ua, "львові", "Львів", 0.93);
    check(&ua, "сумской", "Сумська", 0.93);
    check(&ua, "білій церкві", "Біла Церква", 0.93);
    check(&ua, "камянське", "Кам'янське", 1.0);
    let cz = of("cz", &["Praha", "Plzeň", "České Budějovice", "Ústí nad Labem"]);
    check(&cz, "praze", "Praha", 0.93);
    check(&cz, "plzni", "Plzeň", 0.93);
    check(&cz, "českých budějovicích", "České Budějovice", 0.93);
    check(&cz, "usti nad labem", "Ústí nad Labem", 0.98);
    let ru = of("ru", &["Москва", "Нижний Новгород", "Орёл"]);
    check(&ru, "москве", "Москва", 0.93);
    check(&ru, "нижнем новгороде", "Нижний Новгород", 0.93);
    check(&ru, "орле", "Орёл", 0.93);
}

#[test]
fn korean_and_english_names_are_found() {
    let kr = of("kr", &["역삼동", "강남구", "해운대구"]);
    check(&kr, "역 삼동", "역삼동", 1.0);
    check(&kr, "강냠구", "강남구", 0.81);
    check(&kr, "헤운대구", "해운대구", 0.93);
    let us = of("us", &["Springfield", "St. Louis", "Philadelphia"]);
    check(&us, "spring field", "Springfield", 0.98);
    check(&us, "filadelfia", "Philadelphia", 0.86);
    check(&us, "st louis", "St. Louis", 1.0);
}

#[test]
fn a_name_means_the_units_of_the_day() {
    let vn = built();
    let name = |said: &str| {
        let tokens: Vec<&str> = said.split(' ').collect();
        vn.matches(&tokens)[0].name
    };
    let kinds = |said: &str, date| -> Vec<String> {
        let told = |u| format!("{} {}", vn.unit(u).kind, vn.unit(u).name);
        vn.units(name(said), date).map(told).collect()
    };
    assert_eq!(kinds("sài gòn", day(2021, 9, 1)), ["Thành phố Hồ Chí Minh"]);
    let today = day(2026, 8, 1);
    assert_eq!(kinds("sài gòn", today), ["Thành phố Hồ Chí Minh", "Phường Sài Gòn"]);
    assert_eq!(kinds("bến nghé", day(2025, 6, 30)), ["Phường Bến Nghé"]);
    assert!(kinds("bến nghé", today).is_empty());
}

#[test]
fn old_units_lead_to_those_of_the_day_and_back() {
    let vn = built();
    let ever = |said: &str| {
        let tokens: Vec<&str> = said.split(' ').collect();
        vn.units_ever(vn.matches(&tokens)[0].name).next().expect("one")
    };
    let told = |units: Vec<(UnitId, Share)>| -> Vec<(String, Share)> {
        units.into_iter().map(|(u, share)| (vn.unit(u).name.to_string(), share)).collect()
    };
    let today = day(2026, 8, 1);
    let split = [("Sài Gòn".to_string(), Share::All), ("Bến Thành".to_string(), Share::Part)];
    assert_eq!(told(vn.successors(ever("bến nghé"), today)), split);
    assert_eq!(told(vn.as_of(ever("2"), day(2022, 1, 1))), [("Thủ Đức".into(), Share::All)]);
    assert_eq!(told(vn.as_of(ever("2"), today)), [("An Khánh".into(), Share::Part)]);
    let old = told(vn.predecessors(ever("an khánh"), day(2020, 1, 1)));
    let wanted = [("2".to_string(), Share::Part), ("Thảo Điền".to_string(), Share::All)];
    assert_eq!(old, [wanted[1].clone(), wanted[0].clone()]);
    assert!(vn.is_within(ever("thảo điền"), ever("2")));
    assert!(vn.is_within(ever("thảo điền"), ever("hồ chí minh")));
    assert!(!vn.is_within(ever("bến nghé"), ever("2")));
}

#[test]
fn lists_keep_their_weights() {
    let vn = built();
    let best = vn.family_names().matches(&["nguyên"])[0];
    assert_eq!(vn.family_names().text(best.name), "Nguyễn");
    assert_eq!(vn.family_names().weight(best.name), 380);
}

#[test]
fn a_file_of_another_version_or_kind_is_refused_with_the_reason() {
    let check = |file: &[u8], wanted: &str| {
        let error = Gazetteer::from_bytes(file).expect_err(wanted).to_string();
        assert!(error.contains(wanted), "{error}");
    };
    let file = vietnam().to_bytes();
    check(b"", "not a gazetteer");
    check(b"PK\x03\x04 something of another kind", "not a gazetteer");
    check(&[&file[..4], &[9, 0, 0, 0], &file[8..]].concat(), "layout 9");
    check(&file[..file.len() - 1], "digest");
    check(&[&file[..], b"x"].concat(), "digest");
}

/// Makes the digest right, as one who forges a file would.
fn forged(mut file: Vec<u8>) -> Vec<u8> {
    let digest = draft::digest(&file[16..]);
    file[8..16].copy_from_slice(&digest.to_le_bytes());
    file
}

proptest! {
    #[test]
    fn what_is_written_is_read(population in any::<u32>(), name in "\\PC{0,20}") {
        let mut draft = vietnam();
        draft.units[3].population = population;
        draft.streets.push((name, population));
        prop_assert_eq!(Draft::from_bytes(&draft.to_bytes()), Ok(draft));
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let head = &vietnam().to_bytes()[..16];
        let file = forged([head, bytes.as_slice()].concat());
        let _ = Gazetteer::from_bytes(&file);
        prop_assert!(Gazetteer::from_bytes(&bytes).is_err());
    }

    #[test]
    fn a_changed_file_is_refused_or_usable(
        changes in prop::collection::vec((16usize..500, any::<u8>()), 1..4),
    ) {
        let mut file = vietnam().to_bytes();
        for (at, byte) in changes {
            let at = 16 + (at - 16) % (file.len() - 16);
            file[at] = byte;
        }
        if let Ok(vn) = Gazetteer::from_bytes(&forged(file)) {
            let date = day(2026, 1, 1);
            for unit in vn.all_units() {
                vn.unit(unit);
                vn.as_of(unit, date);
                vn.is_within(unit, UnitId(0));
                vn.matches(&[vn.unit(unit).name]);
            }
        }
    }

    #[test]
    fn any_words_are_looked_up_quickly(words in prop::collection::vec("\\PC{0,80}", 0..30)) {
        for country in ["vn", "cz", "ua", "kr", "us"] {
            let gazetteer = of(country, &["Bến Nghé", "Praha", "Харків", "역삼동", "6"]);
            let start = Instant::now();
            gazetteer.matches(&words);
            let spoken = gazetteer.spoken(&words);
            for end in 1..=words.len() {
                gazetteer.matches_span(&spoken, end - 1..end);
                gazetteer.places().similarity(&spoken, 0..end, NameId(u32::MAX));
            }
            prop_assert!(start.elapsed() < Duration::from_millis(50));
        }
    }
}
