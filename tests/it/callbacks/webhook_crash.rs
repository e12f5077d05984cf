//! Senders of webhooks that are killed at any moment: every message arrives, and hardly one twice.
//!
//! A sender is this test binary again, in a process of its own (the test `sends` when it is told
//! where).

use super::on_both;
use super::webhooks::{Receiver, loopback, send};
use jiff::Timestamp;
use spillway::store::{StoreOptions, TicketStore};
use spillway::webhook::{self, Sender};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Where a sender finds its database: `DATA_DIR` or `ADDRESS`.
const WORK: &str = "SPILLWAY_TEST_SENDS";
const TICKETS: usize = 200;
const DEATHS: usize = 8;
/// Messages after which one dies.
const LIFE: usize = 20;
/// At one receiver at once: so many may have come when their sender died, and come again.
const SENDS_EACH: usize = 4;

/// One sender, until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sends() {
    let Ok(work) = std::env::var(WORK) else { return };
    let address = work.contains("://").then(|| work.clone());
    let options = StoreOptions { address, ..StoreOptions::new(Path::new(&work)) };
    let store = TicketStore::open(&options).await.expect("opened");
    webhook::run(store, &loopback(), Timestamp::now, CancellationToken::new()).await;
}

#[tokio::test]
async fn killed_senders_lose_nothing() {
    on_both(async |mut desk| {
        let receiver = Receiver::start().await;
        let spec = receiver.spec("crm", &["ticket.received"]);
        desk.now = Timestamp::now();
        desk.store.create_webhook(&spec, "administrator ada", desk.now).await.expect("made");
        for n in 0..TICKETS {
            desk.received(&format!("+8490{n:06}"), &format!("Ann {n}"), "FOOD").await;
        }
        while desk.store.seal(desk.now).await.expect("sealed") > 0 {}
        let name = desk.store.name().to_string();
        let work = name.strip_suffix("/tickets.db").unwrap_or(&name);
        for death in 1..=DEATHS {
            let mut sender = Command::new(std::env::current_exe().expect("this binary"))
                .args(["--exact", "callbacks::webhook_crash::sends"])
                .env(WORK, work)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("started");
            let lived = async {
                while receiver.seen().len() < death * LIFE {
                    tokio::task::yield_now().await;
                }
            };
            let lived = tokio::time::timeout(Duration::from_secs(60), lived).await;
            sender.kill().expect("killed");
            sender.wait().expect("waited for");
            lived.expect("it sends");
        }
        // Whatever the dead had taken over is free by then.
        desk.now = Timestamp::now() + super::desk::minutes(2);
        send(&desk, &mut Sender::new(desk.store.clone(), &loopback())).await;
        let seen = receiver.seen();
        let ids: BTreeSet<&str> = seen.iter().map(|s| s.header("webhook-id")).collect();
        let twice = seen.len() - ids.len();
        println!("{name}: {DEATHS} deaths, {TICKETS} messages, {twice} of them twice");
        assert_eq!(ids.len(), TICKETS);
        assert!(twice <= DEATHS * SENDS_EACH, "{twice} came twice");
    })
    .await;
}
