//! `spillway bench queue`: operators at a long queue, beside the same statements without us.

use anyhow::Context;
use jiff::Timestamp;
use rand::Rng;
use serde::Serialize;
use spillway::store::{Pick, StoreOptions, StoredTicket, TicketStore};
use spillway::ticket::{
    Act, Actor, CallId, Callback, Consent, Priority, SlotRecord, SlotStatus, Stage, Standing,
    Ticket, TicketNumber, TicketStatus,
};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Tickets in one change while the queue is filled.
const BATCH: u64 = 2_000;
/// Claims of the plain loop and of the lone operator.
const LONE_CLAIMS: usize = 2_000;
const HOTLINE: &str = "bench";

/// Arguments of `spillway bench queue`.
#[derive(clap::Args)]
#[command(after_help = "\
A queue of open tickets is made in a temporary folder, and, with --postgres, in that database too:
give an empty one, its tables are made and stay. Then are measured, on each:

  plain      the queue's own statements in a loop, on one connection: what the database can do
  alone      one operator, without a pause
  paced      all operators, each with a pause of --think-ms between two changes
  rush       all operators, without a pause

An operator claims the next ticket, rings, and settles it. Times are from asking to the database's
word that it is on disk.

Examples:
  spillway bench queue
  spillway bench queue --tickets 10000 --seconds 5 --json
  spillway bench queue --postgres postgres://spillway@127.0.0.1/bench")]
pub struct Args {
    /// Open tickets in the queue.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    tickets: u64,
    /// Operators at work.
    #[arg(long, value_name = "N", default_value_t = 150)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=5_000))]
    operators: u32,
    /// Average pause of an operator between two changes, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 500)]
    think_ms: u64,
    /// Seconds each measurement takes.
    #[arg(long, value_name = "S", default_value_t = 20)]
    seconds: u64,
    /// A PostgreSQL to measure beside SQLite.
    #[arg(long, value_name = "ADDRESS")]
    postgres: Option<String>,
    /// Where SQLite's file is made: the disk that is measured [default: the temporary folder].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// One measurement.
#[derive(Serialize)]
struct Row {
    database: &'static str,
    what: &'static str,
    changes_per_s: f64,
    claim_ms_p50: f64,
    claim_ms_p99: f64,
    /// Ringing and settling; null for the plain loop, which only claims.
    update_ms_p50: Option<f64>,
    update_ms_p99: Option<f64>,
}

/// How long claims and updates took.
#[derive(Default)]
struct Times {
    claims: Vec<Duration>,
    updates: Vec<Duration>,
}

/// Runs it.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let rows = runtime.block_on(async {
        let parent = args.dir.clone().unwrap_or_else(std::env::temp_dir);
        let dir = parent.join(format!("spillway-bench-{}", std::process::id()));
        let options = StoreOptions::new(&dir);
        let mut rows = measured("sqlite", &options, args).await;
        let removed = std::fs::remove_dir_all(&dir);
        if let (Ok(rows), Some(address)) = (&mut rows, &args.postgres) {
            let options = StoreOptions { address: Some(address.clone()), ..options };
            rows.extend(measured("postgres", &options, args).await?);
        }
        removed.with_context(|| format!("{} stays behind", dir.display()))?;
        rows
    })?;
    let text = if args.json { serde_json::to_string_pretty(&rows)? + "\n" } else { text(&rows) };
    super::super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn measured(
    database: &'static str,
    options: &StoreOptions,
    args: &Args,
) -> anyhow::Result<Vec<Row>> {
    let store = TicketStore::open(options).await?;
    fill(&store, database, args.tickets).await?;
    let time = Duration::from_secs(args.seconds);
    let mut rows = Vec::new();
    let begun = Instant::now();
    let claims = store.plain_claims(HOTLINE, LONE_CLAIMS).await?;
    let took = begun.elapsed();
    rows.push(row(database, "plain", Times { claims, updates: vec![] }, took));
    let think = Duration::from_millis(args.think_ms);
    let shifts = [
        ("alone", 1, Duration::ZERO),
        ("paced", args.operators, think),
        ("rush", args.operators, Duration::ZERO),
    ];
    for (what, operators, pause) in shifts {
        let begun = Instant::now();
        let times = shift(&store, operators, pause, time).await?;
        rows.push(row(database, what, times, begun.elapsed()));
    }
    store.close().await;
    Ok(rows)
}

/// Puts `tickets` open tickets into the queue.
async fn fill(store: &TicketStore, database: &str, tickets: u64) -> anyhow::Result<()> {
    let bar = super::progress(&format!("filling {database}"), tickets as usize);
    let (by, now) = (Actor::Supervisor("bench".into()), Timestamp::now());
    let mut made = 0;
    while made < tickets {
        let batch = BATCH.min(tickets - made);
        let batch: Vec<StoredTicket> = (made..made + batch).map(|n| open_ticket(n, now)).collect();
        made += batch.len() as u64;
        let imported = store.import(&batch, &by, now).await?;
        anyhow::ensure!(
            imported.known == 0,
            "the database holds an earlier run; give an empty one"
        );
        bar.inc(batch.len() as u64);
    }
    while store.seal(now).await? > 0 {}
    store.analyze().await?;
    bar.finish_and_clear();
    Ok(())
}

/// One ticket of many: every fiftieth is an emergency.
pub(super) fn open_ticket(n: u64, now: Timestamp) -> StoredTicket {
    let slot = |slot: &str, value: String| SlotRecord {
        slot: slot.into(),
        status: SlotStatus::Confirmed,
        heard: value.to_lowercase(),
        value,
        parts: vec![],
        confidence: 0.9,
        audio: vec![],
    };
    let priority = if n.is_multiple_of(50) { Priority::Emergency } else { Priority::Normal };
    let from = format!("+8490{n:07}");
    let ticket = Ticket {
        call_id: CallId(format!("bench-{n}")),
        revision: 4,
        hotline: HOTLINE.into(),
        language: "vi".into(),
        caller_id: from.clone(),
        callback_number: from,
        consent: Consent::Given,
        priority,
        status: TicketStatus::Open,
        slots: vec![
            slot("name", format!("Nguyễn Văn {n}")),
            slot("address", format!("{n} Lê Lợi, Phường Bến Nghé, Quận 1")),
            slot("need", "Nhà tôi hết gạo từ hôm qua".into()),
        ],
        complete: true,
        to_be_transcribed: false,
        message: vec![],
        rating: None,
        inquiry: None,
        facts: vec![],
    };
    let received_at = now - jiff::SignedDuration::from_secs((n % 3_600) as i64);
    let callback =
        Callback { stage: Stage::Open, ..Callback::new(Standing { priority, received_at }) };
    let unix_ms = received_at.as_millisecond();
    StoredTicket {
        number: TicketNumber(0),
        created_unix_ms: unix_ms,
        updated_unix_ms: unix_ms,
        ended_unix_ms: Some(unix_ms),
        hangup_cause: None,
        duration_ms: Some(60_000),
        hold: None,
        files_gone_unix_ms: None,
        ticket,
        version: 1,
        callback,
    }
}

/// So many operators at work for `time`; the clock and the log's seals go on meanwhile, as in a
/// running server.
async fn shift(
    store: &TicketStore,
    operators: u32,
    pause: Duration,
    time: Duration,
) -> anyhow::Result<Times> {
    let until = Instant::now() + time;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..operators {
        tasks.spawn(operator(store.clone(), format!("operator-{n}"), pause, until));
    }
    let keeper = store.clone();
    let kept = tokio::spawn(async move {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        while Instant::now() < until {
            second.tick().await;
            keeper.sweep(Timestamp::now()).await?;
            while keeper.seal(Timestamp::now()).await? > 0 {}
            keeper.checkpoint().await?;
        }
        Ok::<(), spillway::store::StoreError>(())
    });
    let mut all = Times::default();
    while let Some(times) = tasks.join_next().await {
        let times = times??;
        all.claims.extend(times.claims);
        all.updates.extend(times.updates);
    }
    kept.await??;
    Ok(all)
}

async fn operator(
    store: TicketStore,
    name: String,
    pause: Duration,
    until: Instant,
) -> anyhow::Result<Times> {
    let pick = Pick { hotline: HOTLINE.into(), ..Pick::default() };
    let me = Actor::Operator(name.clone());
    let acts = [Act::Ring, Act::Finish { disposition: "helped".into() }];
    let mut times = Times::default();
    think(pause).await;
    while Instant::now() < until {
        let begun = Instant::now();
        let claimed = store.claim_next(&pick, &name, Timestamp::now()).await?;
        times.claims.push(begun.elapsed());
        let claimed = claimed.context("the queue is empty; give more --tickets")?;
        for act in &acts {
            think(pause).await;
            let begun = Instant::now();
            store.act(claimed.number, act, &me, None, Timestamp::now()).await?;
            times.updates.push(begun.elapsed());
        }
        think(pause).await;
    }
    Ok(times)
}

/// A pause of random length: people do not work in step.
async fn think(average: Duration) {
    if average.is_zero() {
        return;
    }
    let chance: f64 = rand::rng().random_range(f64::EPSILON..1.0);
    let pause = average.mul_f64(-chance.ln());
    let mut timer = tokio::time::interval_at(tokio::time::Instant::now() + pause, average);
    timer.tick().await;
}

fn row(database: &'static str, what: &'static str, mut times: Times, took: Duration) -> Row {
    let changes = times.claims.len() + times.updates.len();
    let mut at = |claims: bool, share: f64| {
        let of = if claims { &mut times.claims } else { &mut times.updates };
        of.sort_unstable();
        let at = (of.len().saturating_sub(1) as f64 * share).round() as usize;
        of.get(at).map(|d| d.as_secs_f64() * 1e3)
    };
    Row {
        database,
        what,
        changes_per_s: changes as f64 / took.as_secs_f64(),
        claim_ms_p50: at(true, 0.5).unwrap_or(f64::NAN),
        claim_ms_p99: at(true, 0.99).unwrap_or(f64::NAN),
        update_ms_p50: at(false, 0.5),
        update_ms_p99: at(false, 0.99),
    }
}

fn text(rows: &[Row]) -> String {
    let head = "database  what   changes/s  claim p50  claim p99  update p50  update p99\n";
    let ms = |value: Option<f64>| value.map_or("-".into(), |v| format!("{v:.2} ms"));
    let line = |r: &Row| {
        format!(
            "{:<8}  {:<5}  {:>9.0}  {:>9}  {:>9}  {:>10}  {:>10}\n",
            r.database,
            r.what,
            r.changes_per_s,
            ms(Some(r.claim_ms_p50)),
            ms(Some(r.claim_ms_p99)),
            ms(r.update_ms_p50),
            ms(r.update_ms_p99),
        )
    };
    let plain = |database: &str| {
        let of = |what| rows.iter().find(|r| r.database == database && r.what == what);
        let (plain, alone) = (of("plain")?.claim_ms_p50, of("alone")?.claim_ms_p50);
        let ratio = alone / plain;
        Some(format!("{database}: one operator's claim takes {ratio:.2} times the plain loop's\n"))
    };
    let ratios = ["sqlite", "postgres"].into_iter().filter_map(plain);
    [head.to_string()].into_iter().chain(rows.iter().map(line)).chain(ratios).collect()
}
