//! Units of a country's division, and the days they exist.

use jiff::civil::Date;

/// A unit in a gazetteer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId(pub(super) u32);

impl UnitId {
    /// Its place in the file it was read from: another build of the file may give another.
    pub fn index(self) -> u32 {
        self.0
    }
}

/// How high a unit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Province, oblast, kraj, state, 시도.
    Region,
    /// Quận/huyện, район, okres, county, 시군구.
    District,
    /// Phường/xã, city or village, 읍면동.
    Locality,
    /// Part of a city (Praha 5, a city's район), 리.
    Quarter,
}

/// How much of an old unit went to a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Share {
    /// The whole.
    All,
    /// A part: the rest went elsewhere.
    Part,
}

/// What is known of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit<'g> {
    /// Its official name without the unit word (`Bến Nghé`, `1`).
    pub name: &'g str,
    /// How high it stands.
    pub level: Level,
    /// The unit word as officially written (`Phường`, `Quận`, `Thành phố`); may be empty.
    pub kind: &'g str,
    /// The official code where there is one.
    pub code: &'g str,
    /// First day, where known.
    pub valid_from: Option<Date>,
    /// Last day, where it is over.
    pub valid_to: Option<Date>,
    /// Inhabitants; 0 where not known.
    pub population: u32,
}

impl Level {
    pub(super) fn from_code(code: u8) -> Option<Level> {
        [Level::Region, Level::District, Level::Locality, Level::Quarter]
            .get(usize::from(code))
            .copied()
    }
}

/// Days as numbers that sort (`20250701`); 0 is not known or not over.
pub(super) fn day(date: Option<Date>) -> u32 {
    date.map_or(0, |d| {
        let year = u32::try_from(d.year()).unwrap_or(0);
        year * 10_000
            + u32::from(d.month().unsigned_abs()) * 100
            + u32::from(d.day().unsigned_abs())
    })
}

/// The day of such a number; an error for a number that is no day.
pub(super) fn date(day: u32) -> Result<Option<Date>, ()> {
    if day == 0 {
        return Ok(None);
    }
    let (year, month, of_month) = (day / 10_000, day / 100 % 100, day % 100);
    let year = i16::try_from(year).map_err(drop)?;
    Date::new(year, month as i8, of_month as i8).map(Some).map_err(drop)
}
