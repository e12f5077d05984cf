//! Addresses of languages whose syllables are written apart and whose unit words stand before the
//! names, as in Vietnamese: "mười hai xuyệt năm đường lê lợi phường bến thành quận một".
//!
//! Any syllable may be a number, a part of a name, or talk, so more than elsewhere all readings are
//! weighed together; units of earlier days count as what has become of them.

mod house;
mod item;
mod path;
mod span;
mod text;

use super::Reading;
use super::item::Field;
use crate::language::Grammar;
use crate::language::gazetteer::UnitId;
use item::UnitSaid;
use path::Path;
pub(super) use span::Lookups;
use span::Spans;

/// The addresses `tokens` may hold, best first; `lookups` are of answers of the same grammar.
pub(super) fn readings(tokens: &[String], lookups: &Lookups, grammar: &Grammar) -> Vec<Reading> {
    let spans = Spans::new(tokens, lookups, grammar);
    let reading = |path: Path| {
        let (used, score) = (path.used, path.score);
        path.span?;
        Some(Reading { parts: parts(&path, grammar), used, evidence: score, score })
    };
    path::paths(&spans).into_iter().filter_map(reading).collect()
}

fn parts(path: &Path, grammar: &Grammar) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    let mut put = |name: &str, value: String| {
        if !value.is_empty() {
            parts.push((name.to_string(), value));
        }
    };
    put(Field::House.name(), house::write(&path.house));
    let mut hamlets = path.hamlets.to_vec();
    hamlets.sort_by_key(|h| h.0);
    let hamlets = hamlets.iter().map(|h| h.1.as_str()).collect::<Vec<_>>().join(" ");
    put(Field::Street.name(), path.street.as_ref().map_or(hamlets, |s| s.name.to_string()));
    for field in Field::UNITS {
        if let Some(unit) = path.units.iter().find(|u| u.field == field) {
            let (kind, name, code) = unit_name(unit, grammar);
            put(&format!("{}_kind", field.name()), kind);
            put(field.name(), name);
            put(&format!("{}_code", field.name()), code);
        }
    }
    parts
}

/// A unit's kind, official name and code of the grammar's date; as it was said where no unit of
/// that name is known. Of several units with that name none is meant more than the others: no
/// code. All empty where the date has no units of that level any more.
fn unit_name(said: &UnitSaid, grammar: &Grammar) -> (String, String, String) {
    let best = said.units.iter().map(|u| u.1).fold(0.0, f32::max);
    let (Some(places), true) = (grammar.places(), best > 0.0) else {
        let kind = said.kind.as_deref().unwrap_or_default().to_string();
        return (kind, said.said.to_string(), String::new());
    };
    let likeliest = said.units.iter().filter(|u| u.1 >= best);
    let mut today: Vec<UnitId> =
        likeliest.flat_map(|u| grammar.units_today(u.0)).map(|(unit, _)| unit).collect();
    today.dedup();
    let Some(&first) = today.first() else { return Default::default() };
    let unit = places.unit(first);
    let code = if today.len() == 1 { unit.code } else { "" };
    let name = grammar.name_of(first, &said.said).unwrap_or_default();
    (unit.kind.to_lowercase(), name, code.to_string())
}
