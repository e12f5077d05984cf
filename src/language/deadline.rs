//! A deadline in the caller's language: "before 5 PM today".

use jiff::civil::{Time, Weekday};
use serde::Deserialize;

/// How a language says by when. Blanks are `{hour}` (0 to 24), `{hour12}`, `{half}` and `{minute}`
/// in times, `{time}` and `{day}` in deadlines.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadlineWords {
    /// A full hour: "{hour12} {half}".
    pub hour: String,
    /// An hour and minutes: "{hour12}:{minute} {half}".
    pub minutes: String,
    /// `{half}` before noon and after, where the language counts to twelve.
    #[serde(default)]
    pub halves: [String; 2],
    /// "before {time} today".
    pub today: String,
    /// "before {time} tomorrow".
    pub tomorrow: String,
    /// "before {time} {day}".
    pub weekday: String,
    /// "on Monday" and the days after it.
    pub weekdays: [String; 7],
}

impl DeadlineWords {
    /// Today.
    pub fn today(&self, time: Time) -> String {
        self.today.replace("{time}", &self.time(time))
    }

    /// Tomorrow.
    pub fn tomorrow(&self, time: Time) -> String {
        self.tomorrow.replace("{time}", &self.time(time))
    }

    /// One of the days after.
    pub fn weekday(&self, day: Weekday, time: Time) -> String {
        let day = &self.weekdays[day.to_monday_zero_offset() as usize];
        self.weekday.replace("{time}", &self.time(time)).replace("{day}", day)
    }

    /// Midnight is the end of the day it is said with.
    fn time(&self, time: Time) -> String {
        let hour = if time == Time::midnight() { 24 } else { time.hour() };
        let half = &self.halves[usize::from((12..24).contains(&hour))];
        let words = if time.minute() == 0 { &self.hour } else { &self.minutes };
        words
            .replace("{hour}", &hour.to_string())
            .replace("{hour12}", &((hour + 11) % 12 + 1).to_string())
            .replace("{minute}", &format!("{:02}", time.minute()))
            .replace("{half}", half)
    }
}
