//! Figures of a period: counted in the database, over one index that holds all that is counted.

use super::intake::instant;
use super::queue::PENDING;
use super::rows::signed;
use super::{ActError, StoreError, TicketStore};
use crate::ticket::{Counts, Hours, Refused, Statistics, StatisticsBy, Tally, Waits};
use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, FromRow};
use std::collections::BTreeMap;

/// A report's hour begins at one of these, in milliseconds: so the hours of every zone do.
const QUARTER_MS: i64 = 15 * 60 * 1_000;
/// Hours one report's figures can be of.
const CALLS_MAX: u64 = 1_000_000_000;

/// Which period, of which hotline, grouped by what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StatisticsQuery {
    /// Its beginning, on the hotline's clock; by default the beginning of today.
    pub from: Option<DateTime>,
    /// Its end, which is no part of it; by default now.
    pub to: Option<DateTime>,
    /// Only this hotline's.
    pub hotline: Option<String>,
    /// What the rows are grouped by.
    pub by: StatisticsBy,
}

/// How many calls agents answered in an hour, as the PBX's statistics say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AnsweredReport {
    /// Of this hotline.
    #[schema(min_length = 1, max_length = 200)]
    pub hotline: String,
    /// The first instant of the hour.
    pub hour: Timestamp,
    /// Calls agents answered.
    #[schema(maximum = 1_000_000_000)]
    pub answered: u64,
    /// Calls given up before anybody answered, the bot included.
    #[schema(maximum = 1_000_000_000)]
    pub abandoned: u64,
}

/// Tickets of one key whose callers waited about as long; `bucket` is none for those not reached.
#[derive(Debug, FromRow)]
struct Cell {
    label: String,
    bucket: Option<i64>,
    bot: i64,
    partial: i64,
    emergency: i64,
    referred: i64,
    put_through: i64,
    merged: i64,
    done: i64,
    unreached: i64,
    cancelled: i64,
    open: i64,
    overdue: i64,
    within_sla: i64,
    bot_ratings: i64,
    bot_rating_sum: i64,
    waited_ms: i64,
}

/// Filters and figures; `$1` and `$2` are the period's ends, `$3` is now.
const FIGURES: &str = "count(*) AS bot, \
     count(*) FILTER (WHERE complete = 0 AND stage NOT IN ('taking', 'put_through')) AS partial, \
     count(*) FILTER (WHERE priority = 2) AS emergency, \
     count(referred_at) AS referred, \
     count(*) FILTER (WHERE stage = 'put_through') AS put_through, \
     count(*) FILTER (WHERE stage = 'merged') AS merged, \
     count(*) FILTER (WHERE stage = 'done') AS done, \
     count(*) FILTER (WHERE stage = 'unreached') AS unreached, \
     count(*) FILTER (WHERE stage = 'cancelled') AS cancelled, \
     count(*) FILTER (WHERE stage = 'done' AND reached_at <= due_at) AS within_sla, \
     count(bot_rating) AS bot_ratings, \
     CAST(coalesce(sum(bot_rating), 0) AS BIGINT) AS bot_rating_sum, \
     CAST(coalesce(sum(reached_at - received_at), 0) AS BIGINT) AS waited_ms";

/// Waits of about one length: a minute, beyond two hours a quarter of an hour.
const BUCKET: &str = "CASE WHEN reached_at - received_at < 7200000 \
     THEN (reached_at - received_at) / 60000 \
     ELSE 120 + (reached_at - received_at - 7200000) / 900000 END";

/// Whoever tries the bot is no caller ([`crate::ticket::TRIAL_BRANCH`]).
pub(super) const NO_TRIAL: &str = "branch <> 'try-it'";

/// A period with its zone.
struct Period<'q> {
    from: Timestamp,
    to: Timestamp,
    hours: &'q Hours,
    hotline: Option<&'q str>,
    by: StatisticsBy,
}

impl TicketStore {
    /// The figures of a period. Hours and days are those of the hotline's zone; of all hotlines,
    /// those of the zone they share, else of UTC.
    pub async fn statistics(
        &self,
        query: &StatisticsQuery,
        now: Timestamp,
    ) -> Result<Statistics, ActError> {
        let hours = match &query.hotline {
            Some(hotline) => self.policies.of(hotline).hours.clone(),
            None => self.policies.shared_hours(),
        };
        let period = Period::of(query, &hours, now)?;
        let mut tallies = BTreeMap::new();
        self.count_tickets(&period, now, &mut tallies).await?;
        self.count_ratings(&period, &mut tallies).await?;
        let mut total = Tally::default();
        self.count_answered(&period, &mut tallies, &mut total).await?;
        // The totals of one day are those of its needs: so each is counted once.
        for tally in tallies.values() {
            total.add(tally);
        }
        let mut rows: Vec<_> =
            tallies.into_iter().map(|(label, tally)| tally.into_row(period.key(label))).collect();
        match period.by {
            StatisticsBy::Hour | StatisticsBy::Day => rows.sort_by(|a, b| a.key.cmp(&b.key)),
            _ => rows.sort_by(|a, b| (b.received, &a.key).cmp(&(a.received, &b.key))),
        }
        let zone = hours.zone().iana_name().unwrap_or("UTC").to_string();
        let (from, to, hotline, by) = (period.from, period.to, query.hotline.clone(), query.by);
        Ok(Statistics { from, to, zone, hotline, by, total: total.into_row("total".into()), rows })
    }

    /// Keeps what the PBX reports of one hour; a later report of the same hour replaces it.
    pub async fn report_answered(&self, report: &AnsweredReport) -> Result<(), ActError> {
        let invalid =
            |field, problem: &str| Err(Refused::Invalid { field, problem: problem.into() });
        let hour = report.hour.as_millisecond();
        if hour % QUARTER_MS != 0 || hour < 0 {
            invalid("hour", "give the first instant of an hour, as 2026-01-31T08:00:00Z")?;
        }
        if report.hotline.is_empty() || report.hotline.chars().count() > 200 {
            invalid("hotline", "give its name, 1 to 200 characters")?;
        }
        if report.answered > CALLS_MAX || report.abandoned > CALLS_MAX {
            invalid("answered", "are more calls than an hour has room for")?;
        }
        let sql = "INSERT INTO answered_calls (hotline, hour, answered, abandoned) \
                   VALUES ($1, $2, $3, $4) ON CONFLICT (hotline, hour) DO UPDATE SET \
                   answered = excluded.answered, abandoned = excluded.abandoned";
        let run = async |change: &mut super::database::Change| {
            let query = sqlx::query(sql)
                .bind(report.hotline.replace('\0', "\u{fffd}"))
                .bind(hour)
                .bind(signed(report.answered))
                .bind(signed(report.abandoned));
            query.execute(change.connection()).await.map_err(|e| self.error(e))?;
            Ok::<(), StoreError>(())
        };
        Ok(self.database.change(run).await?)
    }

    async fn count_tickets(
        &self,
        period: &Period<'_>,
        now: Timestamp,
        tallies: &mut BTreeMap<String, Tally>,
    ) -> Result<(), StoreError> {
        let (label, filter) = (period.label("received_at"), period.filter("hotline = $4"));
        let sql = format!(
            "SELECT {label} AS label, {BUCKET} AS bucket, {FIGURES}, \
             count(*) FILTER (WHERE stage IN {PENDING}) AS open, \
             count(*) FILTER (WHERE stage IN {PENDING} AND due_at <= $3) AS overdue \
             FROM tickets \
             WHERE received_at >= $1 AND received_at < $2 AND {NO_TRIAL}{filter} GROUP BY 1, 2"
        );
        let query = sqlx::query_as::<_, Cell>(AssertSqlSafe(sql))
            .bind(period.from.as_millisecond())
            .bind(period.to.as_millisecond())
            .bind(now.as_millisecond());
        let query = match period.hotline {
            Some(hotline) => query.bind(hotline.to_string()),
            None => query,
        };
        for cell in query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))? {
            let (counts, waits) = (cell.counts(), cell.waits());
            let tally = tallies.entry(cell.label).or_default();
            tally.count(&counts);
            if let Some(bucket) = cell.bucket {
                tally.wait(bucket, waits);
            }
        }
        Ok(())
    }

    /// Ratings of the period's tickets.
    async fn count_ratings(
        &self,
        period: &Period<'_>,
        tallies: &mut BTreeMap<String, Tally>,
    ) -> Result<(), StoreError> {
        let (label, filter) = (period.label("received_at"), period.filter("hotline = $3"));
        let sql = format!(
            "SELECT {label} AS label, count(*) AS ratings, CAST(sum(score) AS BIGINT) AS total \
             FROM ratings JOIN tickets ON number = ticket \
             WHERE received_at >= $1 AND received_at < $2 AND {NO_TRIAL}{filter} GROUP BY 1"
        );
        let rows: Vec<(String, i64, i64)> = self.of_period(period, sql).await?;
        for (label, ratings, sum) in rows {
            let tally = tallies.entry(label).or_default();
            tally.rated(ratings.unsigned_abs(), sum.unsigned_abs());
        }
        Ok(())
    }

    /// What the PBX reported: by hour and day where that is asked for, else of the whole.
    async fn count_answered(
        &self,
        period: &Period<'_>,
        tallies: &mut BTreeMap<String, Tally>,
        total: &mut Tally,
    ) -> Result<(), StoreError> {
        let by_time = matches!(period.by, StatisticsBy::Hour | StatisticsBy::Day);
        let label = if by_time { period.label("hour") } else { "''".into() };
        let filter = period.filter("hotline = $3");
        let sql = format!(
            "SELECT {label} AS label, CAST(sum(answered) AS BIGINT) AS answered, \
             CAST(sum(abandoned) AS BIGINT) AS abandoned FROM answered_calls \
             WHERE hour >= $1 AND hour < $2{filter} GROUP BY 1"
        );
        let rows: Vec<(String, i64, i64)> = self.of_period(period, sql).await?;
        for (label, answered, abandoned) in rows {
            let tally = if by_time { tallies.entry(label).or_default() } else { &mut *total };
            tally.pbx(answered.unsigned_abs(), abandoned.unsigned_abs());
        }
        Ok(())
    }

    async fn of_period(
        &self,
        period: &Period<'_>,
        sql: String,
    ) -> Result<Vec<(String, i64, i64)>, StoreError> {
        let query = sqlx::query_as(AssertSqlSafe(sql))
            .bind(period.from.as_millisecond())
            .bind(period.to.as_millisecond());
        let query = match period.hotline {
            Some(hotline) => query.bind(hotline.to_string()),
            None => query,
        };
        query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))
    }
}

impl Cell {
    fn counts(&self) -> Counts {
        let of = i64::unsigned_abs;
        Counts {
            bot: of(self.bot),
            partial: of(self.partial),
            emergency: of(self.emergency),
            referred: of(self.referred),
            put_through: of(self.put_through),
            merged: of(self.merged),
            done: of(self.done),
            unreached: of(self.unreached),
            cancelled: of(self.cancelled),
            open: of(self.open),
            overdue: of(self.overdue),
            within_sla: of(self.within_sla),
            bot_ratings: of(self.bot_ratings),
            bot_rating_sum: of(self.bot_rating_sum),
        }
    }

    fn waits(&self) -> Waits {
        Waits { count: self.bot.unsigned_abs(), sum_ms: self.waited_ms.max(0).unsigned_abs() }
    }
}

impl<'q> Period<'q> {
    fn of(
        query: &'q StatisticsQuery,
        hours: &'q Hours,
        now: Timestamp,
    ) -> Result<Period<'q>, Refused> {
        let invalid = |field, problem: &str| Refused::Invalid { field, problem: problem.into() };
        let at = |field, clock: DateTime| {
            hours.instant(clock).ok_or_else(|| invalid(field, "is beyond all calendars"))
        };
        let today = hours.local(now).date().to_datetime(Time::midnight());
        let from = at("from", query.from.unwrap_or(today))?;
        let to = query.to.map_or(Ok(now), |to| at("to", to))?;
        if to < from {
            return Err(invalid("to", "is before `from`; give the later time as `to`"));
        }
        Ok(Period { from, to, hours, hotline: query.hotline.as_deref(), by: query.by })
    }

    /// More of the condition, where one hotline is asked for.
    fn filter(&self, condition: &str) -> String {
        self.hotline.map_or(String::new(), |_| format!(" AND {condition}"))
    }

    /// The SQL of the key, as text; `at` is the column that says when.
    fn label(&self, at: &str) -> String {
        let local = || self.local(at);
        match self.by {
            StatisticsBy::Need => "need".into(),
            StatisticsBy::Branch => "branch".into(),
            StatisticsBy::Office => "coalesce(office, '')".into(),
            StatisticsBy::Language => "language".into(),
            StatisticsBy::Hour => format!("CAST({} / 3600000 % 24 AS TEXT)", local()),
            StatisticsBy::Day => format!("CAST({} / 86400000 AS TEXT)", local()),
        }
    }

    /// What the hotline's clock shows at `at`, in milliseconds of its own: the databases know no
    /// common way to ask for zones, but the changes of a clock within the period are few.
    fn local(&self, at: &str) -> String {
        let zone = self.hours.zone();
        let offset_ms = |at: Timestamp| i64::from(zone.to_offset(at).seconds()) * 1_000;
        let changes = zone.following(self.from).map(|change| change.timestamp());
        let mut begins = self.from;
        let mut cases = String::new();
        for change in changes.take_while(|at| *at < self.to) {
            let until = change.as_millisecond();
            cases += &format!("WHEN {at} < {until} THEN {} ", offset_ms(begins));
            begins = change;
        }
        let last = offset_ms(begins);
        match cases.is_empty() {
            true => format!("({at} + {last})"),
            false => format!("({at} + CASE {cases}ELSE {last} END)"),
        }
    }

    /// The key as people read it.
    fn key(&self, label: String) -> String {
        match (self.by, label.parse::<i64>()) {
            (StatisticsBy::Hour, Ok(hour)) => format!("{hour:02}"),
            (StatisticsBy::Day, Ok(day)) => {
                let midnight = instant(day.saturating_mul(86_400_000));
                jiff::tz::TimeZone::UTC.to_datetime(midnight).date().to_string()
            }
            _ => label,
        }
    }
}
