//! Which office is responsible for a ticket: what is needed, where, and on which day.

use super::place::{UnitName, depth, units};
use crate::language::fold;
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeSet;

/// One `[[offices]]` row of a hotline's file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficeSpec {
    /// Its name, unique among the hotline's offices.
    pub name: String,
    /// Categories of need it is there for; empty: all.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Where: names of units, the larger first (`Quận 1/Phường Bến Nghé`), from any level down,
    /// with their unit words or without; empty: everywhere.
    #[serde(default)]
    pub places: Vec<String>,
    /// First day it is responsible.
    #[serde(default)]
    pub from: Option<Date>,
    /// Last day.
    #[serde(default)]
    pub until: Option<Date>,
    /// Shown to the operator.
    #[serde(default)]
    pub contact: Option<String>,
}

/// An office whose row is sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Office {
    /// Its name, unique among the hotline's offices.
    pub name: String,
    /// Shown to the operator.
    pub contact: Option<String>,
    needs: Vec<String>,
    paths: Vec<Vec<UnitName>>,
    from: Option<Date>,
    until: Option<Date>,
}

impl Office {
    fn is_open(&self, date: Date) -> bool {
        self.from.is_none_or(|first| first <= date) && self.until.is_none_or(|last| date <= last)
    }

    /// How well it fits, the best lowest: how large the place it is there for is, then whether it
    /// is there for all needs. `None` where it is not responsible.
    fn fit(&self, need: &str, units: &[UnitName], date: Date) -> Option<(usize, bool)> {
        let all_needs = self.needs.is_empty();
        if !self.is_open(date) || !all_needs && !self.needs.iter().any(|n| n == need) {
            return None;
        }
        let smallest = self.paths.iter().filter_map(|path| depth(path, units)).min();
        let everywhere = self.paths.is_empty().then_some(usize::MAX);
        Some((smallest.or(everywhere)?, all_needs))
    }
}

/// Who is responsible.
#[derive(Debug, Clone, PartialEq)]
pub enum Routed<'a> {
    /// No office.
    None,
    /// This one.
    One(&'a Office),
    /// All of these alike, in the order of the file: a supervisor decides.
    Several(Vec<&'a Office>),
}

/// The offices of a hotline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Offices {
    offices: Vec<Office>,
}

impl Offices {
    /// Checks all of `specs`. `known_needs` are the categories the hotline works with.
    ///
    /// # Errors
    ///
    /// Every problem: the key of the hotline's file and what is wrong with which office.
    pub fn new(
        specs: Vec<OfficeSpec>,
        known_needs: &[String],
    ) -> Result<Offices, Vec<(String, String)>> {
        let mut problems = Vec::new();
        let mut names = BTreeSet::new();
        let mut offices = Vec::with_capacity(specs.len());
        for spec in specs {
            let mut problem = |key: &str, what: String| {
                problems.push((format!("offices.{key}"), format!("\"{}\" {what}", spec.name)));
            };
            let name = fold(&spec.name);
            if name.is_empty() {
                problem("name", "is no name; give the office one".into());
            } else if !names.insert(name) {
                problem("name", "is there twice; give each office a name of its own".into());
            }
            for need in spec.needs.iter().filter(|need| !known_needs.contains(need)) {
                let known = known_needs.join(", ");
                problem("needs", format!("has \"{need}\", the hotline works with: {known}"));
            }
            if spec.from.zip(spec.until).is_some_and(|(first, last)| last < first) {
                problem("until", "ends before it begins; check from and until".into());
            }
            let mut paths = Vec::with_capacity(spec.places.len());
            for place in &spec.places {
                let path: Option<Vec<UnitName>> = place.split('/').map(UnitName::new).collect();
                if path.is_none() {
                    let what = "write names of units with / between them, the larger first";
                    problem("places", format!("has \"{place}\": {what}"));
                }
                paths.extend(path);
            }
            let OfficeSpec { name, needs, from, until, contact, .. } = spec;
            offices.push(Office { name, contact, needs, paths, from, until });
        }
        if problems.is_empty() { Ok(Offices { offices }) } else { Err(problems) }
    }

    /// Their names, in the file's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.offices.iter().map(|office| office.name.as_str())
    }

    /// Who is responsible on `date` for `need`, a category (empty: not known), at the address of
    /// `parts`, a ticket's. The smallest place wins, then a row that names the need.
    pub fn route(&self, need: &str, parts: &[(String, String)], date: Date) -> Routed<'_> {
        let units = units(parts);
        let fitting = self.offices.iter().filter_map(|o| Some((o.fit(need, &units, date)?, o)));
        let fitting: Vec<((usize, bool), &Office)> = fitting.collect();
        let best = fitting.iter().map(|(fit, _)| *fit).min();
        let mut offices: Vec<&Office> =
            fitting.into_iter().filter(|(fit, _)| Some(*fit) == best).map(|(_, o)| o).collect();
        match offices.len() {
            1 => offices.pop().map_or(Routed::None, Routed::One),
            0 => Routed::None,
            _ => Routed::Several(offices),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        offices: Vec<OfficeSpec>,
    }

    const SAIGON: &str = r#"
        [[offices]]
        name = "Ward office Ben Nghe"
        needs = ["FOOD", "ALLOWANCE"]
        places = ["Quận 1/Phường Bến Nghé", "Quận 3"]
        from = "2021-08-01"
        until = "2025-06-30"
        contact = "benNghe@example"
        [[offices]]
        name = "District 1"
        places = ["Quận 1"]
        until = "2025-06-30"
        [[offices]]
        name = "District 1 health"
        needs = ["MEDICAL", "TEST"]
        places = ["Quận 1"]
        until = "2025-06-30"
        [[offices]]
        name = "Charity"
        needs = ["FOOD"]
        places = ["Quận 3", "Quận 10"]
        [[offices]]
        name = "Saigon ward"
        places = ["Thành phố Hồ Chí Minh/Phường Sài Gòn"]
        from = "2025-07-01"
        [[offices]]
        name = "Labour office"
        needs = ["ALLOWANCE"]
        [[offices]]
        name = "City"
        places = ["TP Hồ Chí Minh"]
    "#;

    const NEEDS: [&str; 5] = ["FOOD", "ALLOWANCE", "MEDICAL", "TEST", "OTHER"];

    fn specs(file: &str) -> Vec<OfficeSpec> {
        toml::from_str::<File>(file).expect("offices").offices
    }

    fn needs() -> Vec<String> {
        NEEDS.iter().map(|need| need.to_string()).collect()
    }

    fn parts(ward: &str, district: &str) -> Vec<(String, String)> {
        let parts = [
            ("house", "25"),
            ("street", "Lê Lợi"),
            ("locality_kind", "phường"),
            ("locality", ward),
            ("district_kind", "quận"),
            ("district", district),
            ("region_kind", "thành phố"),
            ("region", "Hồ Chí Minh"),
        ];
        let said = parts.iter().filter(|(_, value)| !value.is_empty());
        said.map(|(part, value)| (part.to_string(), value.to_string())).collect()
    }

    fn names(routed: &Routed<'_>) -> String {
        match routed {
            Routed::None => "-".into(),
            Routed::One(office) => office.name.clone(),
            Routed::Several(offices) => {
                offices.iter().map(|o| o.name.as_str()).collect::<Vec<_>>().join(" | ")
            }
        }
    }

    #[test]
    fn the_smallest_place_then_the_need() {
        let offices = Offices::new(specs(SAIGON), &needs()).expect("sound");
        let check = |need: &str, ward: &str, district: &str, date: &str, want: &str| {
            let date = date.parse().expect("a date");
            let routed = offices.route(need, &parts(ward, district), date);
            assert_eq!(names(&routed), want, "{need} {ward} {district} {date}");
        };
        check("FOOD", "Bến Nghé", "1", "2021-09-01", "Ward office Ben Nghe");
        check("FOOD", "Bến Nghé", "1", "2021-08-01", "Ward office Ben Nghe");
        check("FOOD", "Bến Nghé", "1", "2021-07-31", "District 1");
        check("FOOD", "Bến Nghé", "1", "2025-06-30", "Ward office Ben Nghe");
        check("FOOD", "Bến Nghé", "1", "2025-07-01", "City");
        check("FOOD", "Bến Nghé", "10", "2021-09-01", "Charity");
        check("MEDICAL", "Bến Nghé", "1", "2021-09-01", "District 1 health");
        check("OTHER", "Bến Nghé", "1", "2021-09-01", "District 1");
        check("", "Bến Nghé", "1", "2021-09-01", "District 1");
        check("FOOD", "14", "3", "2021-09-01", "Ward office Ben Nghe | Charity");
        check("ALLOWANCE", "14", "3", "2021-09-01", "Ward office Ben Nghe");
        check("MEDICAL", "14", "3", "2021-09-01", "City");
        check("ALLOWANCE", "14", "5", "2021-09-01", "City");
        check("FOOD", "Sài Gòn", "", "2025-07-01", "Saigon ward");
        check("FOOD", "Sài Gòn", "", "2025-06-30", "City");
        let day = jiff::civil::date(2025, 1, 1);
        assert_eq!(names(&offices.route("ALLOWANCE", &[], day)), "Labour office");
        assert_eq!(offices.route("FOOD", &[], day), Routed::None);
        assert_eq!(Offices::default().route("FOOD", &parts("14", "3"), day), Routed::None);
        let Routed::One(office) = offices.route("FOOD", &parts("Bến Nghé", "1"), day) else {
            panic!("one office")
        };
        assert_eq!(office.contact.as_deref(), Some("benNghe@example"));
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let check = |file: &str, want: &[&str]| {
            let told = Offices::new(specs(file), &needs()).map(drop).err().unwrap_or_default();
            let told: Vec<String> = told.iter().map(|(k, p)| format!("{k}: {p}")).collect();
            assert_eq!(told, want, "{file}");
        };
        check(SAIGON, &[]);
        check("", &[]);
        let bad = r#"
            offices = [
                { name = "A", needs = ["FOD", "FOOD"], from = "2025-07-01", until = "2025-06-30" },
                { name = " a ", places = ["Quận 1/", "Quận 3", "quận", ""] },
                { name = "" },
            ]
        "#;
        let known = "the hotline works with: FOOD, ALLOWANCE, MEDICAL, TEST, OTHER";
        let place = "write names of units with / between them, the larger first";
        check(
            bad,
            &[
                &format!("offices.needs: \"A\" has \"FOD\", {known}"),
                "offices.until: \"A\" ends before it begins; check from and until",
                "offices.name: \" a \" is there twice; give each office a name of its own",
                &format!("offices.places: \" a \" has \"Quận 1/\": {place}"),
                &format!("offices.places: \" a \" has \"quận\": {place}"),
                &format!("offices.places: \" a \" has \"\": {place}"),
                "offices.name: \"\" is no name; give the office one",
            ],
        );
    }

    #[test]
    fn unknown_keys_and_days_that_are_none_are_refused() {
        let check = |row: &str, want: bool| {
            let file = format!("[[offices]]\nname = \"A\"\n{row}");
            assert_eq!(toml::from_str::<File>(&file).is_ok(), want, "{row}");
        };
        check("", true);
        check("from = \"2024-02-29\"", true);
        check("from = \"2025-02-29\"", false);
        check("place = [\"Quận 1\"]", false);
        check("needs = \"FOOD\"", false);
    }

    proptest! {
        #[test]
        fn the_order_of_rows_does_not_matter(
            need in 0..NEEDS.len(), district in 1..12u8, year in 2020i16..2027, turn in 0..7usize,
        ) {
            let forth = specs(SAIGON);
            let mut back = forth.clone();
            back.rotate_left(turn);
            let (forth, back) = (Offices::new(forth, &needs()), Offices::new(back, &needs()));
            let (forth, back) = (forth.expect("sound"), back.expect("sound"));
            let (parts, day) = (parts("14", &district.to_string()), jiff::civil::date(year, 3, 1));
            let sorted = |offices: &Offices| {
                let routed = names(&offices.route(NEEDS[need], &parts, day));
                routed.split(" | ").map(str::to_string).collect::<BTreeSet<_>>()
            };
            prop_assert_eq!(sorted(&forth), sorted(&back));
        }
    }
}
