//! Places to choose from, for a person who completes an address.

use super::item::Field;
use crate::language::Grammar;
use crate::language::gazetteer::UnitId;

/// The units of the grammar's date whose name is like `said`, the likest first, `limit` at most.
pub fn units_like(said: &str, grammar: &Grammar, limit: usize) -> Vec<UnitId> {
    let Some(places) = grammar.places() else { return Vec::new() };
    let found = grammar.units_named(&grammar.tokens(said)).into_iter().map(|(unit, _)| unit);
    found.filter(|unit| places.exists(*unit, grammar.date)).take(limit).collect()
}

/// A unit and those it lies in, as the parts of an address, from the lowest up.
pub fn unit_parts(unit: UnitId, grammar: &Grammar) -> Vec<(String, String)> {
    let Some(places) = grammar.places() else { return Vec::new() };
    let mut parts: Vec<(String, String)> = Vec::new();
    let above = |unit: &UnitId| places.parent_on(*unit, grammar.date);
    for unit in std::iter::successors(Some(unit), above) {
        let (unit, name) = (places.unit(unit), Field::of(places.unit(unit).level).name());
        if parts.iter().any(|(part, _)| part == name) {
            continue;
        }
        let kind = if grammar.words.address.as_said { "" } else { unit.kind };
        let own = [
            (format!("{name}_kind"), kind.to_lowercase()),
            (name.to_string(), unit.name.to_string()),
            (format!("{name}_code"), unit.code.to_string()),
        ];
        parts.extend(own.into_iter().filter(|(_, value)| !value.is_empty()));
    }
    parts
}

/// A reading's parts, and those units its lowest one lies in that were not said.
pub fn with_units(mut parts: Vec<(String, String)>, grammar: &Grammar) -> Vec<(String, String)> {
    let said = |field: &Field| parts.iter().any(|(part, _)| part == field.name());
    let (said, unsaid): (Vec<Field>, Vec<Field>) = Field::UNITS.into_iter().partition(said);
    let code = said.first().map(|field| format!("{}_code", field.name()));
    let code = parts.iter().find(|(part, _)| Some(part) == code.as_ref()).map(|(_, code)| code);
    let unit = code.zip(grammar.places()).and_then(|(c, places)| places.with_code(c, grammar.date));
    let above = unit.map(|unit| unit_parts(unit, grammar)).unwrap_or_default();
    let of = |part: &str| unsaid.iter().any(|field| part.starts_with(field.name()));
    parts.extend(above.into_iter().filter(|(part, _)| of(part)));
    parts
}

/// A reading's house and street, in another unit.
pub fn in_unit(
    mut parts: Vec<(String, String)>,
    unit: UnitId,
    grammar: &Grammar,
) -> Vec<(String, String)> {
    parts.retain(|(part, _)| !Field::UNITS.iter().any(|field| part.starts_with(field.name())));
    parts.extend(unit_parts(unit, grammar));
    parts
}
