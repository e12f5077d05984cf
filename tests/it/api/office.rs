//! An office with a console: the real thing on loopback, users of every role, and their browsers.

use crate::access::gate::{CHEAP, name, password, profile};
use crate::callbacks::desk::Desk;
use crate::support::postgres::Postgres;
use crate::support::server::Here;
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use spillway::access::{Access, AccessOptions, By, Client, Credentials, Principal, Profile, Role};
use spillway::config::{AccessConfig, Cidr, Config, InForce};
use spillway::console::{Console, Shared};
use spillway::live::{Board, Doorway, Feed, Switchboard};
use spillway::replay::Replayer;
use spillway::store::{Archive, StoreOptions, TicketStore};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The console with its database.
pub struct Office {
    pub store: TicketStore,
    pub access: Access,
    pub address: String,
    pub data_dir: PathBuf,
    pub stop: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

/// Runs `story` in an office with each database.
pub async fn on_both(story: impl AsyncFn(Office)) {
    let dir = tempfile::tempdir().expect("a folder");
    let sqlite = StoreOptions::new(dir.path());
    story(Office::open(&sqlite).await).await;
    let Some(postgres) = Postgres::start() else { return };
    story(Office::open(&StoreOptions { address: Some(postgres.address()), ..sqlite }).await).await;
}

/// In a new folder, on SQLite.
pub async fn on_sqlite(story: impl AsyncFn(Office)) {
    let dir = tempfile::tempdir().expect("a folder");
    story(Office::open(&StoreOptions::new(dir.path())).await).await;
}

impl Office {
    pub async fn open(options: &StoreOptions) -> Office {
        Office::with(options, Config::default()).await
    }

    /// As `config` says beside where things are kept.
    pub async fn with(options: &StoreOptions, config: Config) -> Office {
        let store = TicketStore::open(options).await.expect("a database");
        let config = Config { data_dir: options.data_dir.clone(), ..config };
        let (feed, stop) = (Feed::default(), CancellationToken::new());
        let shared = Shared {
            access: Office::gate(&store),
            archive: Archive::of(&config).expect("an archive"),
            feed: feed.clone(),
            switchboard: Switchboard::open(&config.callback_line, &config.sip)
                .await
                .expect("a line"),
            board: Board::default(),
            replayer: Replayer::new(config.clone(), None),
            doorway: Doorway::default(),
            in_force: Arc::new(InForce::new(config.clone(), None).expect("good files")),
            proxies: [Cidr::LOOPBACK_V4].into(),
            stop: stop.clone(),
            store: store.clone(),
        };
        let mut office = Office::serve(shared, config.data_dir).await;
        office.running.push(tokio::spawn(feed.run(store, stop)));
        office
    }

    /// Beside a server that takes calls.
    pub async fn beside(server: &Here, data_dir: PathBuf) -> Office {
        let shared = Shared {
            store: server.store.clone(),
            access: Office::gate(&server.store),
            archive: server.archive.clone(),
            feed: server.feed.clone(),
            switchboard: server.switchboard.clone(),
            board: server.board.clone(),
            replayer: Replayer::new(Config::default(), None),
            doorway: server.doorway.clone(),
            in_force: server.in_force.clone(),
            proxies: [Cidr::LOOPBACK_V4].into(),
            stop: CancellationToken::new(),
        };
        Office::serve(shared, data_dir).await
    }

    fn gate(store: &TicketStore) -> Access {
        let options = AccessOptions { cost: CHEAP, ..AccessOptions::of(&AccessConfig::default()) };
        Access::new(store, options).expect("a gate")
    }

    async fn serve(shared: Shared, data_dir: PathBuf) -> Office {
        let (store, access, stop) =
            (shared.store.clone(), shared.access.clone(), shared.stop.clone());
        let anywhere = "127.0.0.1:0".parse().expect("an address");
        let console = Console::bind(anywhere, shared).await.expect("bound");
        let address = format!("http://{}", console.local_addr().expect("bound"));
        let serve = async move { console.run().await.expect("served") };
        let running = vec![tokio::spawn(serve)];
        Office { store, access, address, data_dir, stop, running }
    }

    /// Stops the console; its streams end.
    pub async fn close(self) {
        self.stop.cancel();
        for task in self.running {
            task.await.expect("in order");
        }
    }

    /// A queue whose clock is now.
    pub fn desk(&self) -> Desk {
        let mut desk = Desk::new(self.store.clone());
        desk.now = Timestamp::now();
        desk
    }

    /// A browser in which nobody is logged in.
    pub fn browser(&self) -> Browser {
        // Refused where another test was first, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::new();
        Browser { http, address: self.address.clone(), headers: vec![] }
    }

    /// Adds a user and logs in.
    pub async fn user(&self, user: &str, role: Role) -> Browser {
        self.user_of(user, profile(role)).await
    }

    pub async fn user_of(&self, user: &str, profile: Profile) -> Browser {
        let now = Timestamp::now();
        let added = self.access.add_user(By::Machine, &name(user), &profile, now).await;
        let (_, secret) = added.expect("added");
        self.access.accept(&secret, &password(), now).await.expect("accepted");
        self.login(user).await
    }

    /// A user who has logged in otherwise.
    pub async fn principal(&self, user: &str) -> Principal {
        let password = password();
        let (code, device, session) = (None, None, None);
        let credentials = Credentials { name: user, password: &password, code, device, session };
        let client = Client { address: [127, 0, 0, 1].into(), agent: "Test/1.0" };
        let now = Timestamp::now();
        self.access.log_in(&credentials, &client, now).await.expect("let in").principal
    }

    pub async fn login(&self, user: &str) -> Browser {
        let browser = self.browser();
        let given = json!({ "name": user, "password": "thirsty-lamp-41" });
        let answer = browser.post("/api/v1/session", &given).await;
        browser.took(&answer, &answer.ok())
    }
}

/// What one person, or one program, sends requests with.
#[derive(Clone)]
pub struct Browser {
    http: reqwest::Client,
    pub address: String,
    pub headers: Vec<(String, String)>,
}

impl Browser {
    /// The same with one more header, or without it.
    pub fn with(&self, name: &str, value: Option<&str>) -> Browser {
        let mut browser = self.clone();
        browser.headers.retain(|(n, _)| n != name);
        browser.headers.extend(value.map(|v| (name.to_string(), v.to_string())));
        browser
    }

    /// The same after `answer`, with its cookies beside those of before and the CSRF token of
    /// `session`, if there is one.
    pub fn took(&self, answer: &Answer, session: &Value) -> Browser {
        let before = self.headers.iter().filter(|(name, _)| name == "cookie");
        let before = before.flat_map(|(_, value)| value.split("; "));
        let set = answer.all("set-cookie");
        let set = set.iter().filter_map(|c| c.split(';').next());
        let cookies: BTreeMap<&str, &str> =
            before.chain(set).filter_map(|pair| pair.split_once('=')).collect();
        let cookies: Vec<String> = cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let browser = self.with("cookie", Some(&cookies.join("; ")));
        match session["csrf_token"].as_str() {
            Some(token) => browser.with("x-csrf-token", Some(token)),
            None => browser,
        }
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.address));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request
    }

    pub async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        Browser::answer(request).await
    }

    /// Sends a form of HTML.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let form = "application/x-www-form-urlencoded";
        Browser::answer(self.request("POST", path).header("content-type", form).body(body)).await
    }

    async fn answer(request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.expect("answered");
        let (status, headers) = (answer.status(), answer.headers().clone());
        Answer { status: status.as_u16(), headers, text: answer.text().await.expect("text") }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }

    /// Acts on a ticket.
    pub async fn act(&self, number: u64, act: Value) -> Answer {
        self.post(&format!("/api/v1/tickets/{number}/acts"), &act).await
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().expect("text"))
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|v| v.to_str().expect("text")).collect()
    }

    /// The body, where all went well.
    pub fn ok(&self) -> Value {
        let good = StatusCode::from_u16(self.status).expect("a status").is_success();
        assert!(good, "{}: {}", self.status, self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// The problem's name.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let kind = self.json()["type"].as_str().expect("a type").to_string();
        kind.strip_prefix("urn:spillway:problem:").expect("ours").to_string()
    }
}
