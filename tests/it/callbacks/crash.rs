//! Workers on one queue that die at any moment: nothing acknowledged is lost, nothing is given out
//! twice.
//!
//! A worker is this test binary again, in a process of its own (the test `works` when it is told
//! where). It prints one line for each change once the store has said that it is done.

use super::desk::ticket;
use crate::support::postgres::Postgres;
use crate::support::skipped;
use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use spillway::store::{Pick, Stamps, StoreOptions, TicketStore};
use spillway::ticket::{Act, Actor, CallbackPolicy, Policies, TicketNumber, TicketStatus};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where a worker finds its queue: `NAME DATA_DIR [ADDRESS]`.
const WORK: &str = "SPILLWAY_TEST_WORK";
/// Workers at once.
const WORKERS: usize = 3;
/// Deaths in `make test`; `make soak` asks for more by [`DEATHS`].
const DEATHS_DEFAULT: usize = 60;
const DEATHS: &str = "SPILLWAY_TEST_DEATHS";
/// A dead worker's tickets are back in the queue after this.
const LEASE: SignedDuration = SignedDuration::from_millis(1_500);

fn options(data_dir: &Path, address: Option<String>) -> StoreOptions {
    let policy = CallbackPolicy { lease: LEASE, ..CallbackPolicy::default() };
    let policies = Policies::new([("demo".to_string(), Arc::new(policy))].into());
    let policies = Arc::new(policies);
    StoreOptions { address, policies, ..StoreOptions::new(data_dir) }
}

/// One worker, until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn works() {
    let Ok(work) = std::env::var(WORK) else { return };
    let words: Vec<&str> = work.split(' ').collect();
    let (name, data_dir, address) = (words[0], Path::new(words[1]), words.get(2));
    let options = options(data_dir, address.map(|a| a.to_string()));
    let store = TicketStore::open(&options).await.expect("opened");
    let me = Actor::Operator(name.to_string());
    let pick = Pick { hotline: "demo".into(), ..Pick::default() };
    for n in 0.. {
        call(&store, &format!("{name}-{n}")).await;
        store.sweep(Timestamp::now()).await.expect("swept");
        store.seal(Timestamp::now()).await.expect("sealed");
        let claimed = store.claim_next(&pick, name, Timestamp::now()).await.expect("claimed");
        let Some(claimed) = claimed else { continue };
        tell("claim", claimed.number);
        for act in [Act::Ring, Act::Finish { disposition: "helped".into() }] {
            let done = store.act(claimed.number, &act, &me, None, Timestamp::now()).await;
            match done {
                Ok(_) => tell(act.name(), claimed.number),
                // Paused for longer than a lease: somebody else has it.
                Err(_) => break,
            }
        }
    }
}

async fn call(store: &TicketStore, call: &str) {
    let now = Timestamp::now().as_millisecond();
    let stamps = Stamps { created_unix_ms: now, updated_unix_ms: now };
    let mut told = ticket(call, &format!("+84{call}"), "Mary Johnson", "FOOD");
    store.save(&told, stamps).await.expect("saved");
    told.status = TicketStatus::Open;
    told.revision = 2;
    let number = store.save(&told, stamps).await.expect("saved");
    tell("receive", number);
}

fn tell(act: &str, number: TicketNumber) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "DONE {act} {number}").and_then(|()| out.flush()).expect("told");
}

/// A worker's process.
struct Worker {
    name: String,
    child: Child,
}

impl Worker {
    fn start(name: String, data_dir: &Path, address: Option<&str>) -> Worker {
        let work = format!("{name} {} {}", data_dir.display(), address.unwrap_or_default());
        let child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "callbacks::crash::works", "--nocapture"])
            .env(WORK, work.trim())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        Worker { name, child }
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().expect("kill").success());
    }

    /// Kills it, and adds what it was told to be done: (worker, act, ticket).
    fn kill(mut self, done: &mut Vec<(String, String, u64)>) {
        self.child.kill().expect("killed");
        self.child.wait().expect("waited for");
        let out = BufReader::new(self.child.stdout.take().expect("piped"));
        for line in out.lines().map_while(Result::ok) {
            // The last line may be cut off, and the harness prints words of its own.
            let Some((_, told)) = line.split_once("DONE ") else { continue };
            if let Some((act, number)) = told.split_once(' ')
                && let Ok(number) = number.parse()
            {
                done.push((self.name.clone(), act.to_string(), number));
            }
        }
    }
}

/// What was acknowledged is there, and each ticket went from hand to hand.
async fn check(store: &TicketStore, done: &[(String, String, u64)]) {
    while store.seal(Timestamp::now()).await.expect("sealed") > 0 {}
    let report = store.verify_audit(None).await.expect("read");
    assert_eq!((report.broken, report.unsealed), (None, 0));
    let (mut holder, mut logged, mut finished) =
        (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    let mut after = (0, 0);
    loop {
        let page = store.events(after, 1_000).await.expect("read");
        let Some(last) = page.last() else { break };
        after = (last.seal.expect("sealed"), last.id);
        for event in page {
            let ticket = event.ticket.expect("of a ticket");
            let worker = event.actor.strip_prefix("operator ").unwrap_or(&event.actor).to_string();
            match event.act.as_str() {
                "claim" => {
                    let before = holder.insert(ticket, worker.clone());
                    assert_eq!(before, None, "ticket {ticket} was claimed by two: {worker}");
                }
                "lapse" => assert!(holder.remove(&ticket).is_some(), "{ticket} was not held"),
                "ring" => assert_eq!(holder.get(&ticket), Some(&worker), "ticket {ticket}"),
                "finish" => {
                    assert_eq!(holder.remove(&ticket), Some(worker.clone()), "ticket {ticket}");
                    assert!(finished.insert(ticket), "ticket {ticket} was done twice");
                }
                _ => {}
            }
            logged.insert((worker, event.act, ticket as u64));
        }
    }
    for (worker, act, ticket) in done {
        let worker = if act == "receive" { "caller" } else { worker };
        let entry = (worker.to_string(), act.clone(), *ticket);
        assert!(logged.contains(&entry), "acknowledged and lost: {entry:?}");
        let stored = store.get(TicketNumber(*ticket)).await.expect("read").expect("there");
        assert!(act != "finish" || stored.callback.stage.name() == "done", "{entry:?}");
    }
}

/// Kills workers at random moments; returns how many acknowledged changes were checked.
async fn deaths(data_dir: &Path, address: Option<String>, deaths: usize) -> usize {
    let store = TicketStore::open(&options(data_dir, address.clone())).await.expect("opened");
    let mut done = Vec::new();
    let mut names = 0..;
    let mut start = || {
        let name = format!("w{}", names.next().expect("endless"));
        Worker::start(name, data_dir, address.as_deref())
    };
    let mut workers: Vec<Worker> = (0..WORKERS).map(|_| start()).collect();
    for _ in 0..deaths {
        let (victim, life_ms) = {
            let mut rng = rand::rng();
            (rng.random_range(0..workers.len()), rng.random_range(0..120))
        };
        tokio::time::sleep(Duration::from_millis(life_ms)).await;
        workers.swap_remove(victim).kill(&mut done);
        workers.push(start());
    }
    for worker in workers {
        worker.kill(&mut done);
    }
    check(&store, &done).await;
    done.len()
}

fn wanted() -> usize {
    std::env::var(DEATHS).ok().and_then(|n| n.parse().ok()).unwrap_or(DEATHS_DEFAULT)
}

#[tokio::test]
async fn killed_at_any_moment_with_sqlite() {
    let dir = tempfile::tempdir().expect("a folder");
    let done = deaths(dir.path(), None, wanted()).await;
    eprintln!("{} deaths, {done} acknowledged changes, none lost", wanted());
    assert!(done > wanted() / 4, "only {done} changes: the workers hardly ran");
}

#[tokio::test]
async fn killed_at_any_moment_with_postgres() {
    let Some(postgres) = Postgres::start() else { return };
    let dir = tempfile::tempdir().expect("a folder");
    let done = deaths(dir.path(), Some(postgres.address()), wanted()).await;
    eprintln!("{} deaths, {done} acknowledged changes, none lost", wanted());
    assert!(done > wanted() / 4, "only {done} changes: the workers hardly ran");
}

/// One node is killed, one stands still for longer than its leases and goes on.
#[tokio::test]
async fn three_nodes_one_killed_one_paused() {
    let Some(postgres) = Postgres::start() else { return skipped("needs PostgreSQL") };
    let dir = tempfile::tempdir().expect("a folder");
    let address = postgres.address();
    let store = TicketStore::open(&options(dir.path(), Some(address.clone()))).await.expect("open");
    let start = |name: &str| Worker::start(name.into(), dir.path(), Some(&address));
    let (first, second, third) = (start("first"), start("second"), start("third"));
    let mut done = Vec::new();
    wait_for_work(&store, 60).await;
    second.signal("-STOP");
    first.kill(&mut done);
    tokio::time::sleep(Duration::from_millis(2 * LEASE.as_millis() as u64)).await;
    // What the dead and the paused held is back in the queue, or somebody else's.
    store.sweep(Timestamp::now()).await.expect("swept");
    for name in ["first", "second"] {
        let held = store.list(&spillway::store::TicketFilter::default()).await.expect("listed");
        let held = held.iter().filter(|t| t.callback.stage.lease().is_some_and(|l| l.by == name));
        assert_eq!(held.count(), 0, "{name} still holds tickets");
    }
    second.signal("-CONT");
    let before = store.verify_audit(None).await.expect("read").events;
    wait_for_work(&store, before + 60).await;
    second.kill(&mut done);
    third.kill(&mut done);
    check(&store, &done).await;
}

/// Waits until `events` changes are in the log.
async fn wait_for_work(store: &TicketStore, events: i64) {
    let begun = Instant::now();
    while store.verify_audit(None).await.expect("read").events < events {
        assert!(begun.elapsed() < Duration::from_secs(60), "the workers do nothing");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
