//! The installed gazetteers beside official tables, and packs built of small packages.
//!
//! Tables are looked for in `$SPILLWAY_REFERENCE` or `../shared/data/reference`.

use jiff::civil::Date;
use spillway::language::gazetteer::{Gazetteer, Level, UnitId};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// An installed gazetteer; none, said aloud, where the pack is not there.
fn installed(country: &str) -> Option<Gazetteer> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join(format!("models/gazetteer-{country}/gazetteer.bin"));
    match std::fs::read(&path) {
        Ok(file) => Some(Gazetteer::from_bytes(&file).expect("run `make setup`")),
        Err(_) => {
            eprintln!("SKIPPED: no {}; run `make setup`", path.display());
            None
        }
    }
}

/// The lines of a reference table, each in its columns.
fn table(name: &str) -> Option<Vec<Vec<String>>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/reference");
    let dir = std::env::var_os("SPILLWAY_REFERENCE").map_or(beside, PathBuf::from);
    let Ok(text) = std::fs::read_to_string(dir.join(name)) else {
        eprintln!("SKIPPED: no {}; set SPILLWAY_REFERENCE", dir.join(name).display());
        return None;
    };
    let columns = |line: &str| line.split('\t').map(|c| c.trim().to_string()).collect();
    Some(text.lines().map(columns).collect())
}

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

/// The share of `rows` that `found` is true of; prints it with some that it is not true of.
fn share(what: &str, rows: &[Vec<String>], found: impl Fn(&[String]) -> bool) -> f64 {
    let missed: Vec<&Vec<String>> = rows.iter().filter(|row| !found(row)).collect();
    let share = 1.0 - missed.len() as f64 / rows.len() as f64;
    let some: Vec<String> = missed.iter().take(5).map(|row| row.join(" ")).collect();
    eprintln!(
        "{what}: {} of {} missed ({:.2} % there) {some:?}",
        missed.len(),
        rows.len(),
        100.0 * share
    );
    share
}

/// True when looking up `name` finds one of `units`.
fn is_found(gazetteer: &Gazetteer, name: &str, units: &[UnitId]) -> bool {
    let words: Vec<&str> = name.split_whitespace().collect();
    let matches = gazetteer.matches(&words);
    matches.iter().any(|m| gazetteer.units_ever(m.name).any(|unit| units.contains(&unit)))
}

/// The units of a day by level and code.
fn by_code(gazetteer: &Gazetteer, date: Date) -> HashMap<(Level, String), Vec<UnitId>> {
    let mut by_code: HashMap<(Level, String), Vec<UnitId>> = HashMap::new();
    for unit in gazetteer.units_on(date) {
        let known = gazetteer.unit(unit);
        by_code.entry((known.level, known.code.to_string())).or_default().push(unit);
    }
    by_code
}

#[test]
fn vietnam_has_the_official_units_of_each_time() {
    let Some(vn) = installed("vn") else { return };
    for (name, date) in [
        ("vn_2021-11.tsv", "2021-11-01"),
        ("vn_2025-06.tsv", "2025-06-01"),
        ("vn_2026-08.tsv", "2026-08-01"),
    ] {
        let Some(rows) = table(name) else { return };
        let units = by_code(&vn, day(date));
        let kinds = [
            "Tỉnh",
            "Thành phố",
            "Quận",
            "Huyện",
            "Thị xã",
            "Phường",
            "Xã",
            "xã",
            "Thị trấn",
            "Đặc khu",
        ];
        let there = share(name, &rows, |row| {
            let level = match row[0].as_str() {
                "P" => Level::Region,
                "D" => Level::District,
                _ => Level::Locality,
            };
            let kind = kinds.iter().find_map(|k| row[2].strip_prefix(k)).unwrap_or(&row[2]);
            let coded = units.get(&(level, row[1].clone()));
            coded.is_some_and(|units| is_found(&vn, kind.trim(), units))
        });
        assert!(there >= 0.999, "{name}: {there}");
    }
}

#[test]
fn vietnam_knows_what_became_of_each_ward() {
    let (Some(vn), Some(rows)) = (installed("vn"), table("vn_map_nso.tsv")) else { return };
    let units = by_code(&vn, day("2025-06-01"));
    let today = day("2026-08-01");
    let agrees = share("vn_map_nso.tsv", &rows, |row| {
        let old = units.get(&(Level::Locality, row[0].clone())).into_iter().flatten();
        let new = old.flat_map(|unit| vn.successors(*unit, today));
        new.into_iter().any(|(unit, _)| vn.unit(unit).code == row[1])
    });
    assert!(agrees >= 0.999, "{agrees}");
}

#[test]
fn the_other_countries_have_what_their_tables_have() {
    let today = day("2026-08-01");
    if let (Some(ua), Some(mut rows)) = (installed("ua"), table("ua_katottg.tsv")) {
        // Communities (H) are in no address.
        rows.retain(|row| row[1] != "H");
        let units = by_code(&ua, today);
        let of_code: HashMap<&str, &[UnitId]> =
            units.iter().map(|((_, code), units)| (code.as_str(), units.as_slice())).collect();
        let there = share("ua_katottg.tsv", &rows, |row| {
            let units = of_code.get(row[0].as_str());
            units.is_some_and(|units| is_found(&ua, &row[2], units))
        });
        assert!(there >= 0.98, "{there}");
    }
    if let (Some(kr), Some(rows)) = (installed("kr"), table("kr_emd.tsv")) {
        let units = by_code(&kr, today);
        let there = share("kr_emd.tsv", &rows, |row| {
            let units = units.get(&(Level::Locality, row[0].clone()));
            units.is_some_and(|units| is_found(&kr, &row[3], units))
        });
        assert!(there >= 0.90, "{there}");
    }
    let by_name = |country: &str, file: &str, least: f64, name: fn(&[String]) -> &str| {
        let (Some(places), Some(rows)) = (installed(country), table(file)) else { return };
        let there = share(file, &rows, |row| {
            let words: Vec<&str> = name(row).split_whitespace().collect();
            places.matches(&words).first().is_some_and(|m| m.similarity >= 0.95)
        });
        assert!(there >= least, "{file}: {there}");
    };
    // GeoNames has no villages below 500 inhabitants.
    by_name("cz", "cz_obce.tsv", 0.35, |row| &row[1]);
    by_name("ru", "ru_city.tsv", 0.90, |row| row[1].rsplit("г ").next().unwrap_or(&row[1]));
}
