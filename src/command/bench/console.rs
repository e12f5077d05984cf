//! `spillway bench console`: from a ticket's save to its row in every open console.

use super::queue::open_ticket;
use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use spillway::access::{
    Access, AccessOptions, By, Client, Credentials, Hotlines, NewToken, Password, Permission,
    Profile, Role, UserName,
};
use spillway::config::{AccessConfig, Config, InForce};
use spillway::console::{Console, Shared};
use spillway::live::{Board, Doorway, Feed, Switchboard};
use spillway::replay::Replayer;
use spillway::store::{Archive, Stamps, StoreOptions, TicketStore};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// News that may wait for the one who counts.
const NEWS_MAX: usize = 65_536;
/// How long the last row may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Arguments of `spillway bench console`.
#[derive(clap::Args)]
#[command(after_help = "\
A console is served on loopback with a queue in a temporary folder, or, with --postgres, in that
database (an empty one: its tables are made and stay). So many clients follow its events over HTTP
as browsers do, tickets are saved as calls save them, and for each client and ticket is measured how
long after the database's word that the ticket is on disk its row was there.

Examples:
  spillway bench console
  spillway bench console --consoles 500 --json")]
pub struct Args {
    /// Open consoles.
    #[arg(long, value_name = "N", default_value_t = 150)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=5_000))]
    consoles: u32,
    /// Tickets saved.
    #[arg(long, value_name = "N", default_value_t = 200)]
    tickets: u64,
    /// Between two tickets, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 100)]
    every_ms: u64,
    /// A PostgreSQL instead of SQLite.
    #[arg(long, value_name = "ADDRESS")]
    postgres: Option<String>,
    /// Where the files are made [default: the temporary folder].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What was measured.
#[derive(Serialize)]
struct Measured {
    database: &'static str,
    consoles: u32,
    tickets: u64,
    rows: usize,
    missed: usize,
    row_ms_p50: f64,
    row_ms_p95: f64,
    row_ms_p99: f64,
}

/// Runs it.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let parent = args.dir.clone().unwrap_or_else(std::env::temp_dir);
    let dir = parent.join(format!("spillway-bench-{}", std::process::id()));
    let options = StoreOptions { address: args.postgres.clone(), ..StoreOptions::new(&dir) };
    std::fs::create_dir_all(&dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    let measured = runtime.block_on(measure(&options, args));
    std::fs::remove_dir_all(&dir).with_context(|| format!("{} stays behind", dir.display()))?;
    let m = measured?;
    let text = match args.json {
        true => serde_json::to_string_pretty(&m)? + "\n",
        false => format!(
            "{}: {} consoles, {} tickets: row there after p50 {:.0} ms, p95 {:.0} ms, \
             p99 {:.0} ms; {} of {} missed\n",
            m.database,
            m.consoles,
            m.tickets,
            m.row_ms_p50,
            m.row_ms_p95,
            m.row_ms_p99,
            m.missed,
            m.rows + m.missed,
        ),
    };
    super::super::print(&text)?;
    Ok(if m.missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure(options: &StoreOptions, args: &Args) -> anyhow::Result<Measured> {
    let store = TicketStore::open(options).await?;
    let access = Access::new(&store, AccessOptions::of(&AccessConfig::default()))?;
    let bearer = format!("Bearer {}", token(&access).await?);
    let stop = CancellationToken::new();
    let config = Config { data_dir: options.data_dir.clone(), ..Config::default() };
    let feed = Feed::default();
    let shared = Shared {
        store: store.clone(),
        access,
        archive: Archive::of(&config)?,
        feed: feed.clone(),
        switchboard: Switchboard::open(&config.callback_line, &config.sip).await?,
        board: Board::default(),
        replayer: Replayer::new(config.clone(), None),
        doorway: Doorway::default(),
        in_force: Arc::new(InForce::new(config, None)?),
        proxies: [].into(),
        stop: stop.clone(),
    };
    let console = Console::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), shared).await?;
    let events = format!("http://{}/api/v1/events", console.local_addr()?);
    let serving = tokio::spawn(console.run());
    let telling = tokio::spawn(feed.run(store.clone(), stop.clone()));
    // Refused where there is one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (tell, mut told) = mpsc::channel(NEWS_MAX);
    let mut open = Vec::new();
    for _ in 0..args.consoles {
        // Each its own connection, as each browser has.
        let client = reqwest::Client::new();
        let request = client.get(&events).header("authorization", &bearer);
        let stream = request.send().await?.error_for_status()?;
        open.push(tokio::spawn(follow(stream, tell.clone())));
    }
    drop(tell);
    let mut saved = Vec::new();
    let mut every = tokio::time::interval(Duration::from_millis(args.every_ms.max(1)));
    for n in 0..args.tickets {
        every.tick().await;
        let now = Timestamp::now();
        let ticket = open_ticket(n, now).ticket;
        let unix_ms = now.as_millisecond();
        let stamps = Stamps { created_unix_ms: unix_ms, updated_unix_ms: unix_ms };
        let number = store.save(&ticket, stamps).await?;
        saved.push((number.0, Instant::now()));
    }
    let expected = saved.len() * open.len();
    let mut took = Vec::with_capacity(expected);
    while took.len() < expected {
        let Ok(Some((number, at))) = tokio::time::timeout(PATIENCE, told.recv()).await else {
            break;
        };
        let at: Instant = at;
        if let Some((_, since)) = saved.iter().find(|(n, _)| *n == number) {
            took.push(at.saturating_duration_since(*since));
        }
    }
    stop.cancel();
    for task in open {
        task.abort();
    }
    telling.await?;
    serving.await??;
    store.close().await;
    Ok(summary(options, args, took, expected))
}

fn summary(
    options: &StoreOptions,
    args: &Args,
    mut took: Vec<Duration>,
    expected: usize,
) -> Measured {
    took.sort_unstable();
    let at = |share: f64| {
        let at = (took.len().saturating_sub(1) as f64 * share).round() as usize;
        took.get(at).map_or(f64::NAN, |d| d.as_secs_f64() * 1e3)
    };
    Measured {
        database: if options.address.is_some() { "postgres" } else { "sqlite" },
        consoles: args.consoles,
        tickets: args.tickets,
        rows: took.len(),
        missed: expected - took.len(),
        row_ms_p50: at(0.5),
        row_ms_p95: at(0.95),
        row_ms_p99: at(0.99),
    }
}

/// The secret of a token that sees rows.
async fn token(access: &Access) -> anyhow::Result<String> {
    let now = Timestamp::now();
    let name = UserName::parse("bench")?;
    let profile = Profile {
        display_name: "Bench".into(),
        role: Role::Operator,
        languages: BTreeSet::new(),
        hotlines: Hotlines::All,
        personal_data: false,
        extension: String::new(),
    };
    let (_, invitation) = access.add_user(By::Machine, &name, &profile, now).await?;
    let password = Password::new(&format!("{:032x}", rand::random::<u128>()));
    access.accept(&invitation, &password, now).await?;
    let (code, device, session) = (None, None, None);
    let given = Credentials { name: "bench", password: &password, code, device, session };
    let client = Client { address: Ipv4Addr::LOCALHOST.into(), agent: "bench" };
    let by = access.log_in(&given, &client, now).await?.principal;
    let new = NewToken {
        label: "bench".into(),
        scopes: BTreeSet::from([Permission::ReadTickets, Permission::SeePersonalData]),
        expires_at: now + SignedDuration::from_hours(1),
    };
    Ok(access.add_token(&by, &new, now).await?.1.text())
}

/// What of an event matters here.
#[derive(Deserialize)]
struct News {
    row: Option<NumberOnly>,
}

#[derive(Deserialize)]
struct NumberOnly {
    number: u64,
}

/// Tells each ticket's first row, with the moment it was there.
async fn follow(mut stream: reqwest::Response, tell: mpsc::Sender<(u64, Instant)>) {
    let (mut text, mut seen) = (Vec::new(), BTreeSet::new());
    while let Ok(Some(piece)) = stream.chunk().await {
        text.extend_from_slice(&piece);
        while let Some(end) = text.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            let Some(data) = line.strip_prefix(b"data: ") else { continue };
            let row = serde_json::from_slice::<News>(data).ok().and_then(|news| news.row);
            if let Some(row) = row.filter(|row| seen.insert(row.number))
                && tell.send((row.number, Instant::now())).await.is_err()
            {
                return;
            }
        }
    }
}
