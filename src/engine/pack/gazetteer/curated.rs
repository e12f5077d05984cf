//! What we know ourselves of a country: `prompts/countries/<country>.toml`.

use super::{Built, push, unit};
use crate::language::gazetteer::{Draft, Level, Share};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

/// Our own knowledge of a country. A *place* is written as in an address, from small to large
/// and divided by commas, each with or without its unit word: `Quận 1, Hồ Chí Minh`. A region
/// may be written by its code: `region NY`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Curated {
    /// Another name -> the place it names; all places that fit get it.
    pub aliases: BTreeMap<String, Vec<String>>,
    /// First-level regions, where the packages have none: GeoNames code, unit word, name.
    pub regions: Vec<Region>,
    /// Where another source has the regions: GeoNames code -> the region's name, for populations.
    pub region_codes: BTreeMap<String, String>,
    /// A package's foreign name of a city -> its own.
    pub local_names: BTreeMap<String, String>,
    /// Korea: the first four digits of its districts' codes -> the city that the source leaves out.
    pub cities: BTreeMap<String, String>,
    /// Units that no package has.
    pub units: Vec<OwnUnit>,
    /// Districts that no package has: the place they lie in -> their names, each behind its unit
    /// word where it has one (in small letters: `okres Blansko`).
    pub districts: BTreeMap<String, Vec<String>>,
    /// Quarters likewise. A place that the package has as a locality becomes a quarter.
    pub quarters: BTreeMap<String, Vec<String>>,
    /// Common names of streets, the commonest first.
    pub streets: Vec<String>,
    /// Family names.
    pub family_names: Names,
    /// Middle names and patronymics.
    pub middle_names: Names,
    /// Given names.
    pub given_names: Names,
}

/// Names of one kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Names {
    /// Name -> people of a thousand that bear it.
    Counted(BTreeMap<String, u32>),
    /// The commonest first, where we know no numbers.
    Ranked(Vec<String>),
}

impl Default for Names {
    fn default() -> Names {
        Names::Ranked(vec![])
    }
}

impl Names {
    fn add_to(&self, list: &mut Vec<(String, u32)>) {
        match self {
            Names::Counted(names) => list.extend(names.iter().map(|(n, w)| (n.clone(), *w))),
            Names::Ranked(names) => list.extend(ranked(names)),
        }
    }
}

/// Weights that fall from the first to the last.
fn ranked(names: &[String]) -> impl Iterator<Item = (String, u32)> + '_ {
    names.iter().cloned().zip((1..=names.len() as u32).rev())
}

/// A first-level region.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// The code the package's cities use.
    pub code: String,
    /// Unit word.
    #[serde(default)]
    pub kind: String,
    /// Without the unit word.
    pub name: String,
}

/// A unit that no package has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnUnit {
    /// `region`, `district`, `locality` or `quarter`.
    pub level: String,
    /// Unit word.
    #[serde(default)]
    pub kind: String,
    /// Without the unit word.
    pub name: String,
    /// The place it lies in.
    #[serde(default, rename = "in")]
    pub within: String,
    /// First day, `20210101`; 0 where not known.
    #[serde(default)]
    pub from: u32,
    /// Last day; 0 where it is not over.
    #[serde(default)]
    pub to: u32,
    /// The place it became.
    #[serde(default)]
    pub became: String,
    /// Places that lay in it.
    #[serde(default)]
    pub had: Vec<String>,
}

impl Curated {
    /// Reads the file's text.
    pub fn parse(text: &str) -> Result<Curated, String> {
        toml::from_str(text).map_err(|e| e.to_string())
    }

    /// Adds everything; notes what names no place.
    pub(super) fn add(&self, built: &mut Built) {
        for own in &self.units {
            self.add_unit(own, built);
        }
        for (level, lists) in [("district", &self.districts), ("quarter", &self.quarters)] {
            for (within, names) in lists {
                add_all(level, within, names, built);
            }
        }
        let finder = Finder::new(&built.draft);
        let mut aliases = vec![];
        for (alias, places) in &self.aliases {
            for place in places {
                let found = finder.find(&built.draft, place);
                if found.is_empty() {
                    built.notes.push(format!("`{alias}` should name `{place}`, which is unknown"));
                }
                aliases.extend(found.into_iter().map(|unit| (alias.clone(), unit)));
            }
        }
        let draft = &mut built.draft;
        draft.aliases.append(&mut aliases);
        // Packages know some of our aliases.
        draft.aliases.sort_unstable();
        draft.aliases.dedup();
        draft.streets.extend(ranked(&self.streets));
        self.family_names.add_to(&mut draft.family_names);
        self.middle_names.add_to(&mut draft.middle_names);
        self.given_names.add_to(&mut draft.given_names);
    }

    fn add_unit(&self, own: &OwnUnit, built: &mut Built) {
        let finder = Finder::new(&built.draft);
        let mut find = |place: &str| {
            let found = if place.is_empty() { vec![] } else { finder.find(&built.draft, place) };
            if found.is_empty() && !place.is_empty() {
                built.notes.push(format!("`{place}` of `{}` is unknown", own.name));
            }
            found
        };
        let level = match own.level.as_str() {
            "region" => Level::Region,
            "district" => Level::District,
            "quarter" => Level::Quarter,
            _ => Level::Locality,
        };
        let (within, became) = (find(&own.within), find(&own.became));
        let had: Vec<u32> = own.had.iter().flat_map(|place| find(place)).collect();
        let mut row = unit(level, &own.kind, &own.name, "", within);
        (row.from, row.to) = (own.from, own.to);
        let draft = &mut built.draft;
        let id = push(draft, row);
        for child in had {
            let row = &mut draft.units[child as usize];
            // What lies in it may have begun with the mergers that ended it.
            if !row.parents.contains(&id) && child != id {
                row.parents.push(id);
            }
        }
        for new in became {
            draft.successions.push((id, new, Share::All));
        }
    }
}

/// Adds what lies in one place.
fn add_all(level: &str, within: &str, names: &[String], built: &mut Built) {
    let finder = Finder::new(&built.draft);
    let parents = finder.find(&built.draft, within);
    if parents.is_empty() {
        built.notes.push(format!("`{within}` is unknown, so nothing is added to it"));
        return;
    }
    let level = if level == "quarter" { Level::Quarter } else { Level::District };
    for text in names {
        let (kind, name) = match text.split_once(' ') {
            Some((kind, name)) if kind.chars().all(char::is_lowercase) => (kind, name),
            _ => ("", text.as_str()),
        };
        let draft = &mut built.draft;
        // The package knows suburbs of a city that is a region, as localities beside it.
        let known = finder.find(draft, name).into_iter().find(|unit| {
            let row = &draft.units[*unit as usize];
            let is_suburb = level == Level::Quarter && row.level == Level::Locality;
            let mut above = row.parents.iter();
            is_suburb && !parents.contains(unit) && above.any(|p| parents.contains(p))
        });
        match known {
            Some(unit) => {
                let row = &mut draft.units[unit as usize];
                (row.level, row.kind, row.parents) = (level, kind.into(), parents.clone());
            }
            None => {
                push(draft, unit(level, kind, name, "", parents.clone()));
            }
        }
    }
}

/// Finds places by their written names.
struct Finder(HashMap<String, Vec<u32>>);

impl Finder {
    fn new(draft: &Draft) -> Finder {
        let mut by_name: HashMap<String, Vec<u32>> = HashMap::new();
        for (id, unit) in (0u32..).zip(&draft.units) {
            let name = unit.name.to_lowercase();
            let kind = unit.kind.to_lowercase();
            by_name.entry(format!("{kind} {name}")).or_default().push(id);
            by_name.entry(format!("{name} {kind}")).or_default().push(id);
            by_name.entry(name).or_default().push(id);
            if unit.level == Level::Region && !unit.code.is_empty() {
                by_name.entry(format!("region {}", unit.code.to_lowercase())).or_default().push(id);
            }
        }
        Finder(by_name)
    }

    fn find(&self, draft: &Draft, place: &str) -> Vec<u32> {
        let mut parts = place.split(',').map(|p| p.trim().to_lowercase());
        let mut found = parts.next().and_then(|p| self.0.get(&p)).cloned().unwrap_or_default();
        for part in parts {
            let around = self.0.get(&part).map_or(&[][..], Vec::as_slice);
            found.retain(|unit| lies_in(draft, *unit, around, 6));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn lies_in(draft: &Draft, unit: u32, around: &[u32], left: u32) -> bool {
    let parents = &draft.units[unit as usize].parents;
    left > 0 && parents.iter().any(|p| around.contains(p) || lies_in(draft, *p, around, left - 1))
}
