//! `spillway statistics`.

use super::tickets::table;
use jiff::Timestamp;
use jiff::civil::DateTime;
use spillway::config::Config;
use spillway::store::{StatisticsQuery, StoreOptions, TicketStore};
use spillway::ticket::{Statistics, StatisticsBy, StatisticsRow};
use std::path::Path;
use std::process::ExitCode;

/// Arguments of `spillway statistics`.
#[derive(clap::Args)]
#[command(after_help = "\
Counted are the calls that came in during the period, as their tickets stand now. Times are the
hotline's own (hours.zone in its file); for all hotlines, the zone they share, else UTC.

  CALLS     received: AGENTS answered by agents, which only the PBX knows and reports through the
            API (- where it does not tell), and BOT taken by the bot
  PARTIAL   of the bot's: ended before the form was confirmed
  EMERG.    emergencies
  REFERRED  sent to the responsible office
  DONE, OPEN, LATE  settled; still owed a call; of these beyond the promised time
  IN TIME   callers reached by the time promised, of the settled and the late
  MEDIAN, 95 %  from the first call to the call that reached the caller: half, and 19 of 20 waited
            no longer (hours:minutes)
  RATING    of the help, 1 to 5, and by how many

--csv and --json print more figures, by their full names.

Examples:
  spillway statistics
  spillway statistics --from 2026-03-01 --to 2026-04-01 --by office
  spillway statistics --from 2026-03-02T08:00 --by hour --hotline demo-en
  spillway statistics --from 2026-01-01 --by day --csv > days.csv")]
pub struct Args {
    /// The period's beginning, as 2026-03-01 or 2026-03-01T08:00 [default: today].
    #[arg(long, value_name = "WHEN")]
    from: Option<DateTime>,
    /// Its end, which is no part of it [default: now].
    #[arg(long, value_name = "WHEN")]
    to: Option<DateTime>,
    /// What the rows are grouped by.
    #[arg(long, value_name = "WHAT", default_value = "need")]
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(StatisticsBy::NAMES))]
    by: String,
    /// Only this hotline's.
    #[arg(long, value_name = "NAME")]
    hotline: Option<String>,
    /// Print CSV.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    let options = StoreOptions::of(&Config::load(config)?)?;
    let by: StatisticsBy = serde_json::from_value(args.by.into())?;
    let query = StatisticsQuery { from: args.from, to: args.to, hotline: args.hotline, by };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let statistics = runtime.block_on(async {
        let store = TicketStore::open_existing(&options).await?;
        let statistics = store.statistics(&query, Timestamp::now()).await;
        store.close().await;
        anyhow::Ok(statistics?)
    })?;
    let text = match (args.csv, args.json) {
        (true, _) => statistics.to_csv(),
        (_, true) => serde_json::to_string_pretty(&statistics)? + "\n",
        _ => text(&statistics),
    };
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn text(statistics: &Statistics) -> String {
    let zone = jiff::tz::TimeZone::get(&statistics.zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let local = |at: Timestamp| zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string();
    let (from, to) = (local(statistics.from), local(statistics.to));
    let hotline = statistics.hotline.as_deref().unwrap_or("all hotlines");
    let head = [
        "CALLS", "AGENTS", "BOT", "PARTIAL", "EMERG.", "REFERRED", "DONE", "OPEN", "LATE",
        "IN TIME", "MEDIAN", "95 %", "RATING",
    ];
    let by = statistics.by.name().to_uppercase();
    let mut rows = vec![[by.as_str()].into_iter().chain(head).map(String::from).collect()];
    rows.extend(statistics.rows.iter().chain([&statistics.total]).map(cells));
    format!("{hotline}, {from} to {to} {}\n\n{}", statistics.zone, table(&rows, ""))
}

fn cells(row: &StatisticsRow) -> Vec<String> {
    let or_dash = |figure: Option<String>| figure.unwrap_or_else(|| "-".into());
    let clock = |s: Option<u64>| or_dash(s.map(|s| format!("{}:{:02}", s / 3_600, s / 60 % 60)));
    let rating = row.rating_average.map(|average| format!("{average:.1} ({})", row.ratings));
    vec![
        if row.key.is_empty() { "-".into() } else { row.key.clone() },
        row.received.to_string(),
        or_dash(row.answered.map(|n| n.to_string())),
        row.bot.to_string(),
        row.partial.to_string(),
        row.emergency.to_string(),
        row.referred.to_string(),
        row.done.to_string(),
        row.open.to_string(),
        row.overdue.to_string(),
        or_dash(row.sla_percent.map(|percent| format!("{percent:.0} %"))),
        clock(row.callback_median_s),
        clock(row.callback_p95_s),
        or_dash(rating),
    ]
}
