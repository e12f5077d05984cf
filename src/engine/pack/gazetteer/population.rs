//! Inhabitants of towns whose own source does not tell them, from GeoNames.

use super::{BuildError, Built, Curated, Read, geonames};
use crate::language::gazetteer::{Draft, Level};
use std::collections::HashMap;

/// Unit words of towns, the larger kind first; what bears none of them is a village.
const TOWNS: &[&str] = &["місто", "смт", "селище"];

/// Gives each locality that GeoNames has under its own name in the same region its inhabitants,
/// and Kyiv's region and the like those of their city. Of namesakes in one region the one of the
/// larger kind is meant; between villages nothing tells.
pub(super) fn add(built: &mut Built, read: Read, curated: &Curated) -> Result<(), BuildError> {
    let draft = &mut built.draft;
    let by_place = localities(draft);
    let regions: HashMap<&str, u32> = (0u32..)
        .zip(&draft.units)
        .filter(|(_, unit)| unit.level == Level::Region)
        .map(|(id, unit)| (unit.name.as_str(), id))
        .collect();
    let mut found: Vec<(u32, u32)> = vec![];
    for city in geonames::cities_of(&draft.country, read)? {
        let region = curated.region_codes.get(&city.admin1code);
        let Some(region) = region.and_then(|name| regions.get(name.as_str())) else { continue };
        let named = city.alternatenames.iter().filter_map(|n| by_place.get(&(*region, key(n))));
        let best = named.filter_map(|units| largest_kind(draft, units)).min();
        found.extend(best.map(|(_, unit)| (unit, city.population)));
    }
    for (unit, population) in found {
        let row = &mut draft.units[unit as usize];
        row.population = row.population.max(population);
    }
    Ok(())
}

/// Region and name -> localities.
fn localities(draft: &Draft) -> HashMap<(u32, String), Vec<u32>> {
    let mut by_place: HashMap<(u32, String), Vec<u32>> = HashMap::new();
    for (id, unit) in (0u32..).zip(&draft.units) {
        if unit.level != Level::Locality {
            continue;
        }
        let mut above = id;
        while let Some(parent) = draft.units[above as usize].parents.first() {
            above = *parent;
        }
        by_place.entry((above, key(&unit.name))).or_default().push(id);
    }
    by_place
}

/// The unit of the largest kind, and its rank; `None` where several are of it.
fn largest_kind(draft: &Draft, units: &[u32]) -> Option<(usize, u32)> {
    let rank = |unit: u32| {
        let kind = draft.units[unit as usize].kind.as_str();
        TOWNS.iter().position(|t| *t == kind).unwrap_or(TOWNS.len())
    };
    let best = units.iter().map(|u| (rank(*u), *u)).min()?;
    let rivals = units.iter().filter(|u| rank(**u) == best.0).count();
    (rivals == 1).then_some(best)
}

fn key(name: &str) -> String {
    name.to_lowercase().chars().filter(|c| c.is_alphabetic()).collect()
}
