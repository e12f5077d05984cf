//! The hours as written in a hotline's file, and what can be wrong with them.

use super::{DAY_MIN, Hours, Roster, Window};
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::Deserialize;

/// Has a 29 February, so that a yearly holiday may fall on it.
const A_LEAP_YEAR: &str = "2000";

/// `[hours]` as written in a hotline's file; [`Hours::new`] checks it. Empty means always open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HoursSpec {
    /// IANA name of the zone all times are in; may be left out only when nothing else is given.
    pub zone: Option<String>,
    /// The week's working windows; left out: every hour of every day.
    pub open: Option<WeekSpec>,
    /// Days closed from the first window to the last: `2026-01-01`, or `09-02` of every year.
    pub holidays: Vec<String>,
    /// The window of each day in which nobody is rung, for example `21:00-08:00`.
    pub quiet: Option<String>,
}

/// Working windows of each weekday, for example `07:30-12:00 13:00-21:00`; left out: closed.
///
/// `24:00` may end a window. One over midnight, `22:00-06:00`, belongs to the day it begins on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WeekSpec {
    /// Monday.
    pub mon: Option<String>,
    /// Tuesday.
    pub tue: Option<String>,
    /// Wednesday.
    pub wed: Option<String>,
    /// Thursday.
    pub thu: Option<String>,
    /// Friday.
    pub fri: Option<String>,
    /// Saturday.
    pub sat: Option<String>,
    /// Sunday.
    pub sun: Option<String>,
}

/// See [`Hours::new`].
pub(super) fn check(spec: &HoursSpec) -> Result<Hours, Vec<(String, String)>> {
    let mut hours = Hours::default();
    let mut problems = Vec::new();
    let mut note = |key: &str, problem: String| problems.push((format!("hours.{key}"), problem));
    match read_zone(spec) {
        Ok(zone) => hours.zone = zone,
        Err(problem) => note("zone", problem),
    }
    if let Some(week) = &spec.open {
        read_week(week, &mut hours.open.week, &mut note);
    }
    for text in &spec.holidays {
        if let Some(date) = read_date(text) {
            hours.open.dates.insert(date);
        } else if let Some(day) = read_date(&format!("{A_LEAP_YEAR}-{text}")) {
            hours.open.every_year.insert((day.month(), day.day()));
        } else {
            let fix = "write 2026-01-01, or 09-02 for a day of every year";
            note("holidays", format!("\"{text}\" is no date; {fix}"));
        }
    }
    if let Some(text) = &spec.quiet {
        match read_window(text) {
            Ok(quiet) => hours.awake = Roster::daily(&outside(quiet)),
            Err(problem) => note("quiet", problem),
        }
    }
    if problems.is_empty() && !hours.ever_rings() {
        let problem = "covers all open hours: nobody could ever be rung; shorten it";
        problems.push(("hours.quiet".into(), problem.into()));
    }
    if problems.is_empty() { Ok(hours) } else { Err(problems) }
}

/// The day without `quiet`.
fn outside(quiet: Window) -> Vec<Window> {
    let over_midnight = (quiet.to - DAY_MIN).max(0);
    let all = [(over_midnight, quiet.from), (quiet.to, DAY_MIN)];
    all.into_iter().filter(|(from, to)| from < to).map(|(from, to)| Window { from, to }).collect()
}

fn read_zone(spec: &HoursSpec) -> Result<TimeZone, String> {
    let Some(name) = &spec.zone else {
        if spec.open.is_none() && spec.holidays.is_empty() && spec.quiet.is_none() {
            return Ok(TimeZone::UTC);
        }
        return Err("is missing; write the zone the hours are in, such as Europe/Kyiv".into());
    };
    // the zones inside the program: every machine answers alike, and no file is read
    let zone = TimeZoneDatabase::bundled().get(name);
    zone.map_err(|_| format!("\"{name}\" is no zone; write an IANA name such as Europe/Kyiv"))
}

fn read_week(spec: &WeekSpec, week: &mut [Vec<Window>; 7], note: &mut impl FnMut(&str, String)) {
    let WeekSpec { mon, tue, wed, thu, fri, sat, sun } = spec;
    let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let texts = [mon, tue, wed, thu, fri, sat, sun];
    if texts.iter().all(|text| text.is_none()) {
        note("open", "has no day; leave it out for always open".into());
    }
    for ((name, text), windows) in names.iter().zip(texts).zip(week) {
        windows.clear();
        let Some(text) = text else { continue };
        let key = format!("open.{name}");
        for word in text.split_whitespace() {
            match read_window(word) {
                Ok(window) => windows.push(window),
                Err(problem) => note(&key, problem),
            }
        }
        if text.trim().is_empty() {
            note(&key, "has no window; leave the day out when it is closed".into());
        }
        windows.sort();
        if windows.windows(2).any(|two| two[1].from < two[0].to) {
            note(&key, format!("\"{text}\" overlaps; write windows that follow one another"));
        }
    }
}

fn read_window(text: &str) -> Result<Window, String> {
    let Some((from, to)) = text.split_once('-') else {
        return Err(format!("\"{text}\" is no window; write it like 07:30-21:00"));
    };
    let (from, to) = (read_time(from)?, read_time(to)?);
    if from == DAY_MIN {
        return Err(format!("\"{text}\" begins at 24:00; write 00:00 on the next day"));
    }
    if from == to {
        return Err(format!("\"{text}\" is empty; write 00:00-24:00 for the whole day"));
    }
    Ok(Window { from, to: if to < from { to + DAY_MIN } else { to } })
}

/// Minutes after midnight, up to 24:00.
fn read_time(text: &str) -> Result<i32, String> {
    let two_digits = |t: &str| {
        let digits = t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit());
        t.parse::<i32>().ok().filter(|_| digits)
    };
    match text.split_once(':').map(|(h, m)| (two_digits(h), two_digits(m))) {
        Some((Some(h), Some(m))) if (h < 24 && m < 60) || (h, m) == (24, 0) => Ok(h * 60 + m),
        _ => Err(format!("\"{text}\" is no time; write it like 07:30")),
    }
}

/// A date written in full; jiff alone would also take `20260101` and more.
fn read_date(text: &str) -> Option<Date> {
    text.parse().ok().filter(|date: &Date| date.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(toml: &str) -> Vec<String> {
        let told = Hours::new(&toml::from_str(toml).unwrap()).err().unwrap_or_default();
        told.into_iter().map(|(key, problem)| format!("{key}: {problem}")).collect()
    }

    #[test]
    fn good_hours_are_taken() {
        fn check(toml: &str) {
            assert_eq!(problems(toml), Vec::<String>::new(), "{toml}");
        }
        check("");
        check("zone = 'Asia/Ho_Chi_Minh'");
        check("zone = 'Europe/Prague'\nopen = { mon = '08:00-16:30', sun = '22:00-06:00' }");
        check("zone = 'Europe/Kyiv'\nopen = { fri = '13:00-24:00  00:00-12:00 12:00-13:00' }");
        check("zone = 'UTC'\nholidays = ['2026-01-01', '02-29', '12-31', '2024-02-29']");
        check("zone = 'America/New_York'\nquiet = '21:00-08:00'");
        check("zone = 'America/New_York'\nquiet = '13:00-14:00'\nopen = { mon = '12:00-14:00' }");
        check("zone = 'UTC'\nquiet = '08:00-23:00'\nopen = { mon = '20:00-07:00' }");
        check("zone = 'UTC'\nquiet = '07:01-01:00'\nopen = { mon = '20:00-07:00' }");
    }

    #[test]
    fn every_problem_names_its_key_and_the_cure() {
        fn check(toml: &str, want: &[&str]) {
            assert_eq!(problems(toml), want, "{toml}");
        }
        let zone = "hours.zone: is missing; write the zone the hours are in, such as Europe/Kyiv";
        check("quiet = '21:00-08:00'", &[zone]);
        check("holidays = ['09-02']", &[zone]);
        check(
            "zone = 'Hanoi'\nopen = { mon = '7:3-12:00', wed = '9-5', thu = '08.00' }\n\
             holidays = ['2026-02-29', '31.12.']\nquiet = 'night'",
            &[
                "hours.zone: \"Hanoi\" is no zone; write an IANA name such as Europe/Kyiv",
                "hours.open.mon: \"7:3\" is no time; write it like 07:30",
                "hours.open.wed: \"9\" is no time; write it like 07:30",
                "hours.open.thu: \"08.00\" is no window; write it like 07:30-21:00",
                "hours.holidays: \"2026-02-29\" is no date; \
                 write 2026-01-01, or 09-02 for a day of every year",
                "hours.holidays: \"31.12.\" is no date; \
                 write 2026-01-01, or 09-02 for a day of every year",
                "hours.quiet: \"night\" is no window; write it like 07:30-21:00",
            ],
        );
        check("zone = 'UTC'\nopen = {}", &["hours.open: has no day; leave it out for always open"]);
        check(
            "zone = 'UTC'\nopen = { mon = ' ' }",
            &["hours.open.mon: has no window; leave the day out when it is closed"],
        );
        check(
            "zone = 'UTC'\nopen = { mon = '24:00-24:00 08:00-08:00 +8:00-09:00' }",
            &[
                "hours.open.mon: \"24:00-24:00\" begins at 24:00; write 00:00 on the next day",
                "hours.open.mon: \"08:00-08:00\" is empty; write 00:00-24:00 for the whole day",
                "hours.open.mon: \"+8:00\" is no time; write it like 07:30",
            ],
        );
        check(
            "zone = 'UTC'\nopen = { mon = '08:00-12:00 11:00-13:00' }",
            &["hours.open.mon: \"08:00-12:00 11:00-13:00\" overlaps; \
             write windows that follow one another"],
        );
        let never = "hours.quiet: covers all open hours: nobody could ever be rung; shorten it";
        check("zone = 'UTC'\nopen = { mon = '20:00-07:00' }\nquiet = '20:00-07:00'", &[never]);
        check("zone = 'UTC'\nquiet = '00:00-24:00'", &[never]);
    }

    #[test]
    fn unknown_keys_are_refused() {
        fn check(toml: &str) {
            assert!(toml::from_str::<HoursSpec>(toml).is_err(), "{toml}");
        }
        check("timezone = 'UTC'");
        check("open = { monday = '08:00-12:00' }");
    }
}
