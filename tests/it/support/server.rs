//! `spillway serve` in a process of its own, and a server in ours.

use super::house::House;
use spillway::config::InForce;
use spillway::engine::RecognizerPool;
use spillway::engine::announcer::Announcer;
use spillway::live::{Board, Doorway, Engines, Feed, Server, Switchboard};
use spillway::store::{Archive, TicketStore};
use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Loading three engines on a busy machine.
const READY: Duration = Duration::from_secs(60);

/// A child process; killed when dropped.
pub struct Served {
    child: Child,
    pub sip: SocketAddr,
    /// Where `/metrics` is, if it is anywhere.
    pub metrics: Option<String>,
}

impl Served {
    /// Starts it and waits for its `ready` line.
    pub async fn start(house: &House) -> Served {
        let log = house.path("serve.log");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).expect("a log");
        let mut child = Command::new(env!("CARGO_BIN_EXE_spillway"))
            .arg("--config")
            .arg(house.config_file())
            .arg("serve")
            .envs(house.env.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("spillway runs");
        let out = child.stdout.take().expect("piped");
        let mut lines = BufReader::new(out).lines();
        let line = timeout(READY, lines.next_line()).await;
        let line = line.expect("ready in time").expect("readable").unwrap_or_default();
        let sip = line.strip_prefix("ready sip:").and_then(|l| l.split(' ').next());
        let sip = sip.and_then(|addr| addr.parse().ok());
        let told = || std::fs::read_to_string(house.path("serve.log")).unwrap_or_default();
        let sip = sip.unwrap_or_else(|| panic!("not ready: {line:?}\n{}", told()));
        let metrics = line.split(" metrics:").nth(1).map(str::to_owned);
        Served { child, sip, metrics }
    }

    /// SIGKILL; it has no time for anything.
    pub async fn kill(mut self) {
        self.child.start_kill().expect("killed");
        self.child.wait().await.expect("waited for");
    }

    /// SIGTERM: it stops in order.
    pub fn terminate(&self) {
        let id = self.child.id().expect("running").to_string();
        let killed = std::process::Command::new("kill").args(["-TERM", &id]).status();
        assert!(killed.expect("kill runs").success());
    }

    /// Its end, which must come within `wait`.
    pub async fn ended(mut self, wait: Duration) -> ExitStatus {
        timeout(wait, self.child.wait()).await.expect("it ends in time").expect("waited for")
    }
}

/// A server in this process.
pub struct Here {
    pub sip: SocketAddr,
    pub audiosocket: SocketAddr,
    pub store: TicketStore,
    pub archive: Archive,
    pub feed: Feed,
    pub switchboard: Switchboard,
    pub board: Board,
    pub doorway: Doorway,
    pub in_force: Arc<InForce>,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Here {
    /// Starts one in `house` that hears by `recognizer` and speaks as the house's prompts say.
    pub async fn start(house: &House, recognizer: Option<RecognizerPool>) -> Here {
        Here::with_hotline(house, house.hotline(), recognizer).await
    }

    /// The same with a hotline made by hand.
    pub async fn with_hotline(
        house: &House,
        hotline: spillway::config::LoadedHotline,
        recognizer: Option<RecognizerPool>,
    ) -> Here {
        // Without a backtrace, as in the program: finding its names holds up the call.
        std::panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
        let config = house.config();
        let announcer =
            Announcer::start(&config.models_dir, &config.prompts_dir).expect("a voice speaks");
        let engines =
            Engines { recognizer: recognizer.map(Arc::new), announcer: Arc::new(announcer) };
        let in_force = InForce::new(config.clone(), Some(hotline.clone())).expect("good files");
        let in_force = Arc::new(in_force);
        let server = Server::start(config, hotline, engines).await.expect("started");
        let (sip, store, archive) = (server.sip_addr(), server.store(), server.archive());
        let (feed, board, doorway) = (server.feed(), server.board(), server.doorway());
        let switchboard = server.switchboard();
        let audiosocket = server.audiosocket_addr().expect("has AudioSocket");
        let stop = CancellationToken::new();
        let running = tokio::spawn(server.run(stop.clone()));
        Here {
            sip,
            audiosocket,
            store,
            archive,
            feed,
            switchboard,
            board,
            doorway,
            in_force,
            stop,
            running,
        }
    }

    /// Stops it; its calls must have ended.
    pub async fn stop(self) {
        self.stop.cancel();
        timeout(Duration::from_secs(5), self.running).await.expect("stops").expect("no panic");
    }
}

/// Speech of espeak-ng's, as telephones carry it.
pub fn speech(house: &House, text: &str) -> Vec<i16> {
    let config = house.config();
    let announcer =
        Announcer::start(&config.models_dir, &config.prompts_dir).expect("a voice speaks");
    announcer.say("en", text)
}
