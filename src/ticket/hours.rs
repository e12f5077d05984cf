//! When a hotline's operators work, and when callers may be rung.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};
use std::collections::BTreeSet;
use std::time::Duration;

mod spec;
pub use spec::{HoursSpec, WeekSpec};

/// How far ahead an opening is looked for. A hotline closed for longer than a year is closed.
const HORIZON_DAYS: i32 = 400;

const DAY_MIN: i32 = 24 * 60;

/// From and to, as minutes after midnight of the day it begins on. `to` is after `from`, and
/// above 1440 when the window goes over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Window {
    from: i32,
    to: i32,
}

/// A stretch of time: from its first instant to the first one after it.
type Span = (Timestamp, Timestamp);

/// The windows of each weekday, from Monday, and the days on which none begins.
#[derive(Debug, Clone, PartialEq)]
struct Roster {
    week: [Vec<Window>; 7],
    dates: BTreeSet<Date>,
    /// Month and day.
    every_year: BTreeSet<(i8, i8)>,
}

impl Roster {
    fn daily(windows: &[Window]) -> Roster {
        let week = std::array::from_fn(|_| windows.to_vec());
        Roster { week, dates: BTreeSet::new(), every_year: BTreeSet::new() }
    }

    fn on(&self, date: Date) -> &[Window] {
        if self.dates.contains(&date) || self.every_year.contains(&(date.month(), date.day())) {
            return &[];
        }
        &self.week[date.weekday().to_monday_zero_offset() as usize]
    }

    /// What is left from `at` on of the windows that begin until `last`: in order, none empty,
    /// none overlapping. Back-to-back windows stay two.
    fn spans<'a>(
        &'a self,
        zone: &'a TimeZone,
        at: Timestamp,
        last: Date,
    ) -> impl Iterator<Item = Span> + 'a {
        // yesterday's last window may go over midnight
        let first = zone.to_datetime(at).date().saturating_sub(1.day());
        let days = std::iter::successors(Some(first), |date| date.tomorrow().ok())
            .take_while(move |date| *date <= last);
        let mut told_until = at;
        days.flat_map(|date| self.on(date).iter().map(move |window| (date, window))).filter_map(
            move |(date, window)| {
                let midnight = date.to_datetime(Time::midnight());
                let clock = |min: i32| midnight.checked_add(min.minutes()).ok();
                let from = instant(zone, clock(window.from)?)?.max(told_until);
                let to = instant(zone, clock(window.to)?)?;
                told_until = told_until.max(to);
                (from < to).then_some((from, to))
            },
        )
    }
}

/// The first instant at which clocks in `zone` show `clock` or later; None beyond year 9999.
///
/// A time that daylight saving skips is the instant of the change, one shown twice its first
/// showing. So no two times swap their order, and where one window ends and the next begins at
/// one time, there is never an hour between them.
fn instant(zone: &TimeZone, clock: DateTime) -> Option<Timestamp> {
    let reading = zone.to_ambiguous_timestamp(clock);
    let earlier = reading.earlier().ok()?;
    if matches!(reading.offset(), AmbiguousOffset::Gap { .. }) {
        return zone.following(earlier).next().map(|change| change.timestamp());
    }
    Some(earlier)
}

/// When operators work and when callers may be rung, in the hotline's own zone.
///
/// Every method steps by windows, so its cost grows with the days passed over, never with the
/// minutes. What lies more than 400 days ahead is not looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Hours {
    zone: TimeZone,
    open: Roster,
    /// The hours outside quiet time; no holidays.
    awake: Roster,
}

impl Default for Hours {
    /// Always open, never quiet, UTC.
    fn default() -> Hours {
        let always = Roster::daily(&[Window { from: 0, to: DAY_MIN }]);
        Hours { zone: TimeZone::UTC, open: always.clone(), awake: always }
    }
}

impl Hours {
    /// Checks `spec`. The error is every problem found: the key, such as `hours.open.mon`, and
    /// what is wrong with its value and what to write.
    pub fn new(spec: &HoursSpec) -> Result<Hours, Vec<(String, String)>> {
        spec::check(spec)
    }

    /// Whether some open window has a minute outside quiet time; holidays do not count.
    fn ever_rings(&self) -> bool {
        let awake = self.awake.week.iter().flatten();
        self.open.week.iter().flatten().any(|open| {
            awake.clone().any(|w| {
                [0, DAY_MIN].iter().any(|day| w.from + day < open.to && open.from < w.to + day)
            })
        })
    }

    fn open_spans(&self, at: Timestamp) -> impl Iterator<Item = Span> {
        self.open.spans(&self.zone, at, self.horizon(at))
    }

    /// Open and not quiet.
    fn ring_spans(&self, at: Timestamp) -> impl Iterator<Item = Span> {
        let last = self.horizon(at);
        self.open_spans(at).flat_map(move |(from, to)| {
            let awake = self.awake.spans(&self.zone, from, last);
            awake.take_while(move |w| w.0 < to).map(move |w| (w.0, w.1.min(to)))
        })
    }

    fn horizon(&self, at: Timestamp) -> Date {
        self.local(at).date().saturating_add(HORIZON_DAYS.days())
    }

    /// Whether operators work at `at`. The closing minute itself is closed.
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.opens_at(at) == Some(at)
    }

    /// `at` itself when open, else the next opening; None when there is none within 400 days.
    pub fn opens_at(&self, at: Timestamp) -> Option<Timestamp> {
        self.open_spans(at).next().map(|span| span.0)
    }

    /// When the work that goes on at `at` ends: back-to-back windows are one. None when closed at
    /// `at`, or without a pause for 400 days.
    pub fn closes_at(&self, at: Timestamp) -> Option<Timestamp> {
        let mut spans = self.open_spans(at);
        let (_, mut end) = spans.next().filter(|span| span.0 == at)?;
        for (from, to) in spans {
            if from > end {
                return Some(end);
            }
            end = to;
        }
        (self.local(end).date() < self.horizon(at)).then_some(end)
    }

    /// Whether callers may be rung at `at`: open, and not quiet.
    pub fn may_ring(&self, at: Timestamp) -> bool {
        self.next_ring(at) == Some(at)
    }

    /// The earliest instant from `at` on at which callers may be rung; None within 400 days.
    pub fn next_ring(&self, at: Timestamp) -> Option<Timestamp> {
        self.ring_spans(at).next().map(|span| span.0)
    }

    /// When `time` of open time has passed since `at`: the first such instant, so it may be a
    /// closing. With no time, [`Hours::opens_at`]. None when that is more than 400 days ahead.
    pub fn add_open(&self, at: Timestamp, time: Duration) -> Option<Timestamp> {
        pass(self.open_spans(at), time)
    }

    /// As [`Hours::add_open`], of the time in which callers may be rung.
    pub fn add_ring(&self, at: Timestamp, time: Duration) -> Option<Timestamp> {
        pass(self.ring_spans(at), time)
    }

    /// The open time from `a` to `b`; negative when `b` is before `a`.
    pub fn open_between(&self, a: Timestamp, b: Timestamp) -> SignedDuration {
        if b < a {
            return -self.open_between(b, a);
        }
        // a clock put back over midnight shows yesterday's date again
        let last = self.local(b).date().saturating_add(1.day());
        let spans = self.open.spans(&self.zone, a, last).take_while(|span| span.0 < b);
        spans.map(|(from, to)| from.duration_until(to.min(b))).sum()
    }

    /// The hotline's zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// What the hotline's clock shows at `at`.
    pub fn local(&self, at: Timestamp) -> DateTime {
        self.zone.to_datetime(at)
    }

    /// The first instant at which the hotline's clock shows `clock` or later; None beyond the
    /// year 9999.
    pub fn instant(&self, clock: DateTime) -> Option<Timestamp> {
        instant(&self.zone, clock)
    }
}

/// The instant at which `spans` together have lasted `time`.
fn pass(mut spans: impl Iterator<Item = Span>, time: Duration) -> Option<Timestamp> {
    let mut left = SignedDuration::try_from(time).ok()?;
    spans.find_map(|(from, to)| {
        let lasts = from.duration_until(to);
        if left <= lasts {
            return from.checked_add(left).ok();
        }
        left -= lasts;
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HANOI: &str = r#"
        zone = "Asia/Ho_Chi_Minh"
        open = { mon = "07:30-12:00 12:00-13:00 14:00-21:00", fri = "22:00-06:00",
                 sat = "05:00-12:00", sun = "18:00-24:00" }
        holidays = ["2026-03-09", "02-29", "04-30"]
        quiet = "21:00-08:00""#;
    const KYIV_NIGHTS: &str = r#"
        zone = "Europe/Kyiv"
        open = { sat = "22:00-03:30", sun = "03:30-06:00" }"#;

    fn hours(toml: &str) -> Hours {
        Hours::new(&toml::from_str(toml).unwrap()).unwrap()
    }

    /// Local time, or an instant when it ends in Z.
    fn at(hours: &Hours, text: &str) -> Timestamp {
        text.parse().unwrap_or_else(|_| hours.instant(text.parse().unwrap()).unwrap())
    }

    #[test]
    fn opens_closes_and_rings() {
        /// `want` is opens_at, closes_at and next_ring; "=" is the instant itself, "" None.
        fn check(toml: &str, moment: &str, want: [&str; 3]) {
            let hours = hours(toml);
            let now = at(&hours, moment);
            let want = want.map(|text| match text {
                "" => None,
                "=" => Some(now),
                text => Some(at(&hours, text)),
            });
            assert_eq!([hours.opens_at(now), hours.closes_at(now), hours.next_ring(now)], want);
            assert_eq!(hours.is_open(now), want[0] == Some(now), "{moment}");
            assert_eq!(hours.may_ring(now), want[2] == Some(now), "{moment}");
        }
        // 2026-03-02 is a Monday
        check(HANOI, "2026-03-02T07:29:59", ["2026-03-02T07:30", "", "2026-03-02T08:00"]);
        check(HANOI, "2026-03-02T07:30", ["=", "2026-03-02T13:00", "2026-03-02T08:00"]);
        check(HANOI, "2026-03-02T12:00", ["=", "2026-03-02T13:00", "="]);
        check(HANOI, "2026-03-02T13:00", ["2026-03-02T14:00", "", "2026-03-02T14:00"]);
        check(HANOI, "2026-03-02T20:59:59.999", ["=", "2026-03-02T21:00", "="]);
        // Friday's night runs into Saturday's window
        check(HANOI, "2026-03-02T21:00", ["2026-03-06T22:00", "", "2026-03-07T08:00"]);
        check(HANOI, "2026-03-07T02:00", ["=", "2026-03-07T12:00", "2026-03-07T08:00"]);
        // Sunday ends at midnight, and the Monday after is a holiday
        check(HANOI, "2026-03-08T23:00", ["=", "2026-03-09T00:00", "2026-03-14T08:00"]);
        check(HANOI, "2026-03-09T00:00", ["2026-03-13T22:00", "", "2026-03-14T08:00"]);
        // 29 February 2032 is a Sunday; 2027 has none, and its 28 February is one
        check(HANOI, "2032-02-29T18:00", ["2032-03-01T07:30", "", "2032-03-01T08:00"]);
        check(HANOI, "2027-02-28T18:00", ["=", "2027-03-01T00:00", "="]);
        // the clock goes from 03:00 to 04:00: the window after 03:30 begins with the change
        check(KYIV_NIGHTS, "2026-03-29T00:59Z", ["=", "2026-03-29T06:00", "="]);
        check(KYIV_NIGHTS, "2026-03-29T01:00Z", ["=", "2026-03-29T06:00", "="]);
        // and back from 04:00 to 03:00: still one night
        check(KYIV_NIGHTS, "2026-10-25T01:10Z", ["=", "2026-10-25T06:00", "="]);
        check("", "2026-10-25T01:10Z", ["=", "", "="]);
        let cairo = "zone = 'Africa/Cairo'\nopen = { thu = '08:00-24:00', fri = '00:00-01:00' }";
        // 2026-04-24 in Cairo begins at 01:00, so Friday's hour does not exist
        check(cairo, "2026-04-23T23:59", ["=", "2026-04-23T22:00Z", "="]);
        // a day that Samoa left out is a day without windows
        let samoa = "zone = 'Pacific/Apia'\nopen = { thu = '22:00-06:00', fri = '08:00-12:00' }";
        check(samoa, "2011-12-29T23:00", ["=", "2011-12-30T10:00Z", "="]);
        check(samoa, "2011-12-31T00:00", ["2012-01-05T22:00", "", "2012-01-05T22:00"]);
        let once = "zone = 'UTC'\nopen = { mon = '08:00-09:00' }\nholidays = ['2026-01-05']";
        check(once, "2026-01-05T08:30", ["2026-01-12T08:00", "", "2026-01-12T08:00"]);
        check("", "9999-12-30T21:00Z", ["", "", ""]); // the calendar ends here
    }

    #[test]
    fn open_time_is_added_and_counted() {
        fn check(toml: &str, from: &str, open_min: u32, want: &str) {
            let hours = hours(toml);
            let (from, want) = (at(&hours, from), at(&hours, want));
            let time = Duration::from_secs(u64::from(open_min) * 60);
            assert_eq!(hours.add_open(from, time), Some(want), "{from}");
            let counted = SignedDuration::try_from(time).unwrap();
            assert_eq!(hours.open_between(from, want), counted);
            assert_eq!(hours.open_between(want, from), -counted);
        }
        check(HANOI, "2026-03-02T07:00", 0, "2026-03-02T07:30");
        check(HANOI, "2026-03-02T07:00", 330, "2026-03-02T13:00"); // a closing, not the opening
        check(HANOI, "2026-03-02T12:30", 31, "2026-03-02T14:01");
        check(HANOI, "2026-03-06T12:00", 14 * 60 + 1, "2026-03-08T18:01"); // the overlap once
        check(KYIV_NIGHTS, "2026-03-28T22:00", 7 * 60, "2026-03-29T06:00");
        check(KYIV_NIGHTS, "2026-10-24T22:00", 9 * 60, "2026-10-25T06:00");
        check(KYIV_NIGHTS, "2026-10-24T21:00", 16 * 60 + 1, "2026-11-01T05:01");
        check("", "2026-03-02T07:00Z", 2880, "2026-03-04T07:00Z");
        assert_eq!(hours("").add_open(at(&hours(""), "2026-03-02T07:00Z"), Duration::MAX), None);
    }

    proptest! {
        /// Against the plain reading of the wall clock, where no clock is changed in a window.
        #[test]
        fn as_the_wall_clock_says(
            week in proptest::array::uniform7(proptest::option::of((4..24_i32, 1..20_i32))),
            zone in prop::sample::select(vec!["Europe/Kyiv", "Asia/Ho_Chi_Minh", "America/Lima"]),
            minute in 0..1_000_000_i64,
            more_min in 0..3_000_u64,
        ) {
            let text = |w: (i32, i32)| format!("{:02}:00-{:02}:00", w.0, (w.0 + w.1.min(22)) % 24);
            let days = week.map(|day| day.map(text));
            let [mon, tue, wed, thu, fri, sat, sun] = days;
            let open = Some(WeekSpec { mon, tue, wed, thu, fri, sat, sun });
            prop_assume!(week.iter().any(|day| day.is_some()));
            let spec = HoursSpec { zone: Some(zone.into()), open, ..HoursSpec::default() };
            let hours = Hours::new(&spec).unwrap();
            let now = at(&hours, "2026-01-01T00:00:30Z") + SignedDuration::from_mins(minute);

            let clock = hours.local(now);
            prop_assume!(clock.hour() != 3);
            let on = |date: Date| week[date.weekday().to_monday_zero_offset() as usize];
            let hour = i32::from(clock.hour());
            let inside = |day: Option<(i32, i32)>, hour: i32| {
                day.is_some_and(|(from, length)| (from..from + length).contains(&hour))
            };
            let yesterday = clock.date().yesterday().unwrap();
            let want = inside(on(clock.date()), hour) || inside(on(yesterday), hour + 24);
            prop_assert_eq!(hours.is_open(now), want);

            let time = Duration::from_secs(more_min * 60);
            let then = hours.add_open(now, time).unwrap();
            let counted = SignedDuration::try_from(time).unwrap();
            prop_assert_eq!(hours.open_between(now, then), counted);
            prop_assert!(hours.opens_at(now).is_some_and(|at| at >= now && hours.is_open(at)));
            prop_assert!(hours.closes_at(now).is_none_or(|at| at > now && !hours.is_open(at)));
        }
    }
}
