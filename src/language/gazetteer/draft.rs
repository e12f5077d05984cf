//! What a gazetteer is made of, as its builder gathers it and as the file keeps it.

use super::{Folding, GazetteerError, Level, Share};

/// First bytes of every file.
const MAGIC: &[u8; 4] = b"SPGZ";

/// Units above a unit, one within the other.
const DEPTH_MAX: usize = 6;

/// Units a unit lay in directly, over the years.
const PARENTS_MAX: usize = 6;

/// A gazetteer before it is indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// ISO 3166-1 alpha-2, lower case.
    pub country: String,
    /// How its names are folded.
    pub folding: Folding,
    /// Parents before their children.
    pub units: Vec<DraftUnit>,
    /// Other names and the place in `units` of what they name.
    pub aliases: Vec<(String, u32)>,
    /// Old unit, new unit, how much of the old one.
    pub successions: Vec<(u32, u32, Share)>,
    /// Name and how common it is (0 not known).
    pub given_names: Vec<(String, u32)>,
    /// Likewise.
    pub family_names: Vec<(String, u32)>,
    /// Middle names (vi) or patronymics (uk, ru).
    pub middle_names: Vec<(String, u32)>,
    /// Street names without the street word.
    pub streets: Vec<(String, u32)>,
}

/// A unit before it is indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftUnit {
    /// Without the unit word.
    pub name: String,
    /// How high it stands.
    pub level: Level,
    /// The unit word.
    pub kind: String,
    /// The official code.
    pub code: String,
    /// Places in `units`, all before this one.
    pub parents: Vec<u32>,
    /// First day as `20250701`, 0 not known.
    pub from: u32,
    /// Last day, 0 not over.
    pub to: u32,
    /// Inhabitants, 0 not known.
    pub population: u32,
}

impl Draft {
    /// Raised when the layout changes; files of another one are refused and built again.
    pub const LAYOUT: u32 = 1;

    /// An empty gazetteer of `country`.
    pub fn new(country: &str) -> Draft {
        Draft {
            country: country.into(),
            folding: Folding::of_country(country),
            units: vec![],
            aliases: vec![],
            successions: vec![],
            given_names: vec![],
            family_names: vec![],
            middle_names: vec![],
            streets: vec![],
        }
    }

    /// The file: magic, version, digest of the rest, then everything with numbers in LEB128 and
    /// texts with their length in front.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer(vec![]);
        out.text(&self.country);
        out.number(self.folding.code().into());
        let mut kinds: Vec<&str> = self.units.iter().map(|u| u.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        out.number(kinds.len() as u32);
        kinds.iter().for_each(|k| out.text(k));
        out.number(self.units.len() as u32);
        for unit in &self.units {
            out.text(&unit.name);
            out.number(unit.level as u32);
            out.number(kinds.binary_search(&unit.kind.as_str()).unwrap_or(0) as u32);
            out.text(&unit.code);
            out.number(unit.parents.len() as u32);
            unit.parents.iter().for_each(|p| out.number(*p));
            [unit.from, unit.to, unit.population].iter().for_each(|n| out.number(*n));
        }
        out.number(self.aliases.len() as u32);
        for (name, unit) in &self.aliases {
            out.text(name);
            out.number(*unit);
        }
        out.number(self.successions.len() as u32);
        for (old, new, share) in &self.successions {
            [*old, *new, *share as u32].iter().for_each(|n| out.number(*n));
        }
        for list in [&self.given_names, &self.family_names, &self.middle_names, &self.streets] {
            out.number(list.len() as u32);
            for (name, weight) in list {
                out.text(name);
                out.number(*weight);
            }
        }
        let mut file = MAGIC.to_vec();
        file.extend(Draft::LAYOUT.to_le_bytes());
        file.extend(digest(&out.0).to_le_bytes());
        file.extend(out.0);
        file
    }

    /// Reads [`Draft::to_bytes`] back; anything else is an error.
    pub fn from_bytes(file: &[u8]) -> Result<Draft, GazetteerError> {
        let (head, body) = file.split_at_checked(16).ok_or(GazetteerError::NotAGazetteer)?;
        if !head.starts_with(MAGIC) {
            return Err(GazetteerError::NotAGazetteer);
        }
        let found = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let wanted = Draft::LAYOUT;
        if found != wanted {
            return Err(GazetteerError::Version { found, wanted });
        }
        if head[8..] != digest(body).to_le_bytes() {
            return Err(GazetteerError::Corrupt("its digest is wrong"));
        }
        let mut file = Reader(body);
        let draft = file.draft()?;
        if file.0.is_empty() { Ok(draft) } else { Err(GazetteerError::Corrupt("it has a tail")) }
    }
}

/// FNV-1a, 64 bits: against damage, not against forgery (the pack's sha256 is for that).
pub(super) fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A forged file must not make the way up long.
fn check_depth(units: &[DraftUnit]) -> Read<()> {
    let mut depths: Vec<usize> = Vec::with_capacity(units.len());
    for unit in units {
        // Parents are known to come before.
        let depth = unit.parents.iter().map(|p| depths[*p as usize] + 1).max().unwrap_or(0);
        if depth > DEPTH_MAX || unit.parents.len() > PARENTS_MAX {
            return Err(GazetteerError::Corrupt("a unit lies in too many others"));
        }
        depths.push(depth);
    }
    Ok(())
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, mut number: u32) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u32);
        self.0.extend(text.as_bytes());
    }
}

struct Reader<'a>(&'a [u8]);

type Read<T> = Result<T, GazetteerError>;

impl Reader<'_> {
    fn draft(&mut self) -> Read<Draft> {
        let country = self.text()?;
        let folding = u8::try_from(self.number()?).ok().and_then(Folding::from_code);
        let folding = folding.ok_or(GazetteerError::Corrupt("unknown folding"))?;
        let kinds = self.many(1, |r, _| r.text())?;
        let units = self.many(8, |r, i| r.unit(i, &kinds))?;
        check_depth(&units)?;
        let count = units.len();
        let aliases = self.many(2, |r, _| Ok((r.text()?, r.below(count)?)))?;
        let successions = self.many(3, |r, _| {
            let (old, new) = (r.below(count)?, r.below(count)?);
            let share = match r.number()? {
                0 => Share::All,
                1 => Share::Part,
                _ => return Err(GazetteerError::Corrupt("unknown share")),
            };
            Ok((old, new, share))
        })?;
        let given_names = self.names()?;
        let family_names = self.names()?;
        let middle_names = self.names()?;
        let streets = self.names()?;
        Ok(Draft {
            country,
            folding,
            units,
            aliases,
            successions,
            given_names,
            family_names,
            middle_names,
            streets,
        })
    }

    fn unit(&mut self, place: usize, kinds: &[String]) -> Read<DraftUnit> {
        let name = self.text()?;
        let level = u8::try_from(self.number()?).ok().and_then(Level::from_code);
        let level = level.ok_or(GazetteerError::Corrupt("unknown level"))?;
        let kind = kinds[self.below(kinds.len())? as usize].clone();
        let code = self.text()?;
        let parents = self.many(1, |r, _| r.below(place))?;
        let (from, to, population) = (self.number()?, self.number()?, self.number()?);
        for day in [from, to] {
            super::unit::date(day).map_err(|()| GazetteerError::Corrupt("a day that is none"))?;
        }
        Ok(DraftUnit { name, level, kind, code, parents, from, to, population })
    }

    fn names(&mut self) -> Read<Vec<(String, u32)>> {
        self.many(2, |r, _| Ok((r.text()?, r.number()?)))
    }

    /// A list; `bytes_min` of each item keeps a forged length from taking memory.
    fn many<T>(
        &mut self,
        bytes_min: usize,
        mut one: impl FnMut(&mut Self, usize) -> Read<T>,
    ) -> Read<Vec<T>> {
        let count = self.number()? as usize;
        if count > self.0.len() / bytes_min || count >= 1 << 24 {
            return Err(GazetteerError::Corrupt("a list is longer than the file"));
        }
        (0..count).map(|i| one(self, i)).collect()
    }

    fn below(&mut self, limit: usize) -> Read<u32> {
        let number = self.number()?;
        if (number as usize) < limit {
            Ok(number)
        } else {
            Err(GazetteerError::Corrupt("a reference to nothing"))
        }
    }

    fn number(&mut self) -> Read<u32> {
        let mut number = 0u64;
        for shift in (0..35).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(GazetteerError::Corrupt("cut off"))?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(number)
                    .map_err(|_| GazetteerError::Corrupt("a number too large"));
            }
        }
        Err(GazetteerError::Corrupt("a number too long"))
    }

    fn text(&mut self) -> Read<String> {
        let length = self.number()? as usize;
        let (text, rest) =
            self.0.split_at_checked(length).ok_or(GazetteerError::Corrupt("cut off"))?;
        self.0 = rest;
        let text = std::str::from_utf8(text).map_err(|_| GazetteerError::Corrupt("no UTF-8"))?;
        Ok(text.to_string())
    }
}
