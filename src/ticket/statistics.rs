//! A period's figures: what was counted, made into rows that people and programs read.

use super::inert;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the rows of [`Statistics`] are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatisticsBy {
    /// Category of need.
    #[default]
    Need,
    /// Where in the PBX the call came from: [`super::Ticket::branch`].
    Branch,
    /// Responsible office.
    Office,
    /// Language of the call.
    Language,
    /// Hour of the day in the hotline's zone, 00 to 23.
    Hour,
    /// Day in the hotline's zone, as 2026-01-31.
    Day,
}

impl StatisticsBy {
    /// All names, as in JSON.
    pub const NAMES: [&str; 6] = ["need", "branch", "office", "language", "hour", "day"];

    /// Its name, as in JSON.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// The figures of a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Statistics {
    /// First instant of the period.
    pub from: Timestamp,
    /// First instant after it.
    pub to: Timestamp,
    /// The time zone whose hours and days were counted (IANA name).
    pub zone: String,
    /// The hotline; null for all.
    pub hotline: Option<String>,
    /// What the rows are grouped by.
    pub by: StatisticsBy,
    /// The whole period; its `key` is `total`.
    pub total: StatisticsRow,
    /// Hours and days in their order, others from the most calls to the fewest.
    pub rows: Vec<StatisticsRow>,
}

/// Figures of calls that came in during the period, as they stand now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StatisticsRow {
    /// The need, day, ... ; empty where it is not known.
    pub key: String,
    /// Calls: those the bot took and those agents answered.
    pub received: u64,
    /// Calls agents answered, by the PBX's reports; null where those do not tell, because they
    /// know the hotline and the hour only.
    pub answered: Option<u64>,
    /// Calls given up before anybody answered, by the PBX's reports; null as above.
    pub abandoned: Option<u64>,
    /// Calls the bot took.
    pub bot: u64,
    /// Of these: ended before the caller confirmed the whole form, and not put through.
    pub partial: u64,
    /// Emergencies.
    pub emergency: u64,
    /// Sent to the responsible office, at whatever time.
    pub referred: u64,
    /// Put through to a person during the call.
    pub put_through: u64,
    /// Repeat calls, merged into the caller's earlier ticket.
    pub merged: u64,
    /// Settled.
    pub done: u64,
    /// Rung as often as the hotline does, and never reached.
    pub unreached: u64,
    /// Withdrawn.
    pub cancelled: u64,
    /// Still owed a call.
    pub open: u64,
    /// Of the open: the promise is broken.
    pub overdue: u64,
    /// Callers reached by the time promised.
    pub within_sla: u64,
    /// Out of so many: the settled and the overdue.
    pub sla_of: u64,
    /// The share of these, 0 to 100; null out of none.
    pub sla_percent: Option<f64>,
    /// From the first call to the call that reached the caller, in seconds; null without any.
    pub callback_average_s: Option<u64>,
    /// Half waited no longer; to the minute, beyond two hours to a quarter of an hour.
    pub callback_median_s: Option<u64>,
    /// Of 20 callers 19 waited no longer; as exact as the median.
    pub callback_p95_s: Option<u64>,
    /// Callers who rated the help they got.
    pub ratings: u64,
    /// Their average, 1 to 5.
    pub rating_average: Option<f64>,
    /// Callers who rated the bot, at the end of the call.
    pub bot_ratings: u64,
    /// Their average, 1 to 5.
    pub bot_rating_average: Option<f64>,
}

impl Statistics {
    /// The rows and the total as CSV (RFC 4180), with a header line.
    pub fn to_csv(&self) -> String {
        let mut csv =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(vec![]);
        for row in self.rows.iter().chain([&self.total]) {
            let row = StatisticsRow { key: inert(&row.key), ..row.clone() };
            csv.serialize(row).unwrap_or_else(|e| unreachable!("plain values: {e}"));
        }
        let bytes = csv.into_inner().unwrap_or_else(|e| unreachable!("memory takes all: {e}"));
        String::from_utf8(bytes).unwrap_or_else(|e| unreachable!("made of text: {e}"))
    }
}

/// Tickets counted alike. Sums of cells are cells, whatever they are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Calls the bot took.
    pub bot: u64,
    /// As [`StatisticsRow::partial`].
    pub partial: u64,
    /// As [`StatisticsRow::emergency`].
    pub emergency: u64,
    /// As [`StatisticsRow::referred`].
    pub referred: u64,
    /// As [`StatisticsRow::put_through`].
    pub put_through: u64,
    /// As [`StatisticsRow::merged`].
    pub merged: u64,
    /// As [`StatisticsRow::done`].
    pub done: u64,
    /// As [`StatisticsRow::unreached`].
    pub unreached: u64,
    /// As [`StatisticsRow::cancelled`].
    pub cancelled: u64,
    /// As [`StatisticsRow::open`].
    pub open: u64,
    /// As [`StatisticsRow::overdue`].
    pub overdue: u64,
    /// As [`StatisticsRow::within_sla`].
    pub within_sla: u64,
    /// Ratings of the bot.
    pub bot_ratings: u64,
    /// Their sum.
    pub bot_rating_sum: u64,
}

/// Waits of about one length: how many, and their sum in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waits {
    /// How many.
    pub count: u64,
    /// Of how many milliseconds together.
    pub sum_ms: u64,
}

/// What was counted so far for one row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    counts: Counts,
    waits: BTreeMap<i64, Waits>,
    /// Answered and abandoned, once the PBX reported any.
    pbx: Option<(u64, u64)>,
    ratings: u64,
    rating_sum: u64,
}

impl Tally {
    /// Adds tickets.
    pub fn count(&mut self, c: &Counts) {
        let sums = &mut self.counts;
        sums.bot += c.bot;
        sums.partial += c.partial;
        sums.emergency += c.emergency;
        sums.referred += c.referred;
        sums.put_through += c.put_through;
        sums.merged += c.merged;
        sums.done += c.done;
        sums.unreached += c.unreached;
        sums.cancelled += c.cancelled;
        sums.open += c.open;
        sums.overdue += c.overdue;
        sums.within_sla += c.within_sla;
        sums.bot_ratings += c.bot_ratings;
        sums.bot_rating_sum += c.bot_rating_sum;
    }

    /// Adds all of another's.
    pub fn add(&mut self, other: &Tally) {
        self.count(&other.counts);
        for (bucket, waits) in &other.waits {
            self.wait(*bucket, *waits);
        }
        if let Some((answered, abandoned)) = other.pbx {
            self.pbx(answered, abandoned);
        }
        self.rated(other.ratings, other.rating_sum);
    }

    /// Adds waits; those of a higher `bucket` are longer.
    pub fn wait(&mut self, bucket: i64, waits: Waits) {
        let sums = self.waits.entry(bucket).or_default();
        sums.count += waits.count;
        sums.sum_ms += waits.sum_ms;
    }

    /// Adds what the PBX reported.
    pub fn pbx(&mut self, answered: u64, abandoned: u64) {
        let (a, b) = self.pbx.unwrap_or_default();
        self.pbx = Some((a + answered, b + abandoned));
    }

    /// Adds callers' ratings.
    pub fn rated(&mut self, ratings: u64, sum: u64) {
        self.ratings += ratings;
        self.rating_sum += sum;
    }

    /// The figures, under `key`.
    pub fn into_row(self, key: String) -> StatisticsRow {
        let c = &self.counts;
        let sla_of = c.done + c.overdue;
        let reached = self.waits.values().map(|w| w.count).sum();
        let waited_ms: u64 = self.waits.values().map(|w| w.sum_ms).sum();
        StatisticsRow {
            key,
            received: c.bot + self.pbx.map_or(0, |(answered, _)| answered),
            answered: self.pbx.map(|(answered, _)| answered),
            abandoned: self.pbx.map(|(_, abandoned)| abandoned),
            bot: c.bot,
            partial: c.partial,
            emergency: c.emergency,
            referred: c.referred,
            put_through: c.put_through,
            merged: c.merged,
            done: c.done,
            unreached: c.unreached,
            cancelled: c.cancelled,
            open: c.open,
            overdue: c.overdue,
            within_sla: c.within_sla,
            sla_of,
            sla_percent: ratio(100 * c.within_sla, sla_of),
            callback_average_s: waited_ms.checked_div(reached).map(|ms| ms / 1_000),
            callback_median_s: self.waited_at(reached, 50),
            callback_p95_s: self.waited_at(reached, 95),
            ratings: self.ratings,
            rating_average: ratio(self.rating_sum, self.ratings),
            bot_ratings: c.bot_ratings,
            bot_rating_average: ratio(c.bot_rating_sum, c.bot_ratings),
        }
    }

    /// How long `percent` of `of` waited at most, in seconds: the average of those who waited about
    /// as long (nearest rank).
    fn waited_at(&self, of: u64, percent: u64) -> Option<u64> {
        let rank = (of * percent).div_ceil(100).max(1);
        let mut passed = 0;
        let at = self.waits.values().find(|w| {
            passed += w.count;
            passed >= rank
        });
        at.and_then(|w| w.sum_ms.checked_div(w.count)).map(|ms| ms / 1_000)
    }
}

/// `sum` by `of`, to two digits.
fn ratio(sum: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| (sum as f64 * 100.0 / of as f64).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let check = |minutes: &[u64], average, median, p95| {
            let mut tally = Tally::default();
            for m in minutes {
                tally.wait(*m as i64, Waits { count: 1, sum_ms: m * 60_000 });
            }
            let row = tally.into_row("total".into());
            let got = [row.callback_average_s, row.callback_median_s, row.callback_p95_s];
            assert_eq!(got.map(|s| s.map(|s| s / 60)), [average, median, p95], "{minutes:?}");
        };
        check(&[], None, None, None);
        check(&[7], Some(7), Some(7), Some(7));
        check(&[1, 2], Some(1), Some(1), Some(2));
        check(&[10, 30, 20], Some(20), Some(20), Some(30));
        let twenty: Vec<u64> = (1..=20).collect();
        check(&twenty, Some(10), Some(10), Some(19));
        let many: Vec<u64> = (1..=100).collect();
        check(&many, Some(50), Some(50), Some(95));
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        let mut tally = Tally::default();
        let row = tally.clone().into_row(String::new());
        assert_eq!((row.sla_percent, row.rating_average, row.answered), (None, None, None));
        tally.count(&Counts { bot: 3, done: 2, within_sla: 1, overdue: 1, ..Counts::default() });
        tally.pbx(10, 4);
        tally.rated(3, 13);
        let row = tally.into_row(String::new());
        assert_eq!((row.received, row.answered, row.abandoned), (13, Some(10), Some(4)));
        assert_eq!((row.sla_of, row.sla_percent, row.rating_average), (3, Some(33.33), Some(4.33)));
    }

    #[test]
    fn a_table_runs_no_formula() {
        let row = |key: &str| Tally::default().into_row(key.into());
        let statistics = Statistics {
            from: Timestamp::UNIX_EPOCH,
            to: Timestamp::UNIX_EPOCH,
            zone: "UTC".into(),
            hotline: None,
            by: StatisticsBy::Office,
            total: row("total"),
            rows: ["=1+1", "-2", "@x", "+84901", "+1+2", "Ward \"5\", north", "line\nbreak"]
                .map(row)
                .to_vec(),
        };
        let text = statistics.to_csv();
        assert!(text.starts_with("key,received,answered,abandoned,bot,partial,"), "{text}");
        let mut read = csv::Reader::from_reader(text.as_bytes());
        let keys: Vec<String> = read.records().map(|r| r.unwrap()[0].to_string()).collect();
        let want =
            ["'=1+1", "'-2", "'@x", "+84901", "'+1+2", "Ward \"5\", north", "line\nbreak", "total"];
        assert_eq!(keys, want);
        let read: Vec<StatisticsRow> =
            csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect();
        assert_eq!(read.last(), Some(&statistics.total));
    }
}
