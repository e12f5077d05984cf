//! A gate to knock at: users, a clock that is set by hand, and what they do.

use crate::support::postgres::Postgres;
use jiff::{SignedDuration, Timestamp};
use spillway::access::{
    Access, AccessError, AccessOptions, By, Client, Credentials, HashingCost, Hotlines, LoggedIn,
    Password, Principal, Profile, Role, Secret, User, UserName,
};
use spillway::config::AccessConfig;
use spillway::store::{AuditEvent, StoreOptions, TicketStore};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

/// What argon2 may cost where it is not argon2 that is tested.
pub const CHEAP: HashingCost = HashingCost { memory_kib: 64, passes: 1 };
/// The call centre's one address.
pub const OFFICE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// The password of every user.
pub fn password() -> Password {
    Password::new("thirsty-lamp-41")
}

pub fn wrong() -> Password {
    Password::new("thirsty-lamp-42")
}

pub fn name(name: &str) -> UserName {
    UserName::parse(name).expect("a name")
}

pub fn profile(role: Role) -> Profile {
    let (languages, hotlines) = (BTreeSet::new(), Hotlines::All);
    Profile {
        display_name: "Somebody".into(),
        role,
        languages,
        hotlines,
        personal_data: false,
        extension: String::new(),
    }
}

pub fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

/// The gate.
pub struct Gate {
    pub store: TicketStore,
    pub access: Access,
    pub now: Timestamp,
}

/// A browser with its two cookies.
#[derive(Clone, Default)]
pub struct Browser {
    pub session: Option<Secret>,
    pub device: Option<Secret>,
}

impl Browser {
    pub fn took(login: &LoggedIn) -> Browser {
        Browser { session: Some(login.session.clone()), device: Some(login.device.clone()) }
    }
}

pub fn options() -> AccessOptions {
    AccessOptions { cost: CHEAP, ..AccessOptions::of(&AccessConfig::default()) }
}

/// Runs `story` at a gate of each database.
pub async fn on_both(story: impl AsyncFn(Gate)) {
    let dir = tempfile::tempdir().expect("a folder");
    let sqlite = StoreOptions::new(dir.path());
    story(Gate::new(&sqlite).await).await;
    let Some(postgres) = Postgres::start() else { return };
    story(Gate::new(&StoreOptions { address: Some(postgres.address()), ..sqlite }).await).await;
}

impl Gate {
    pub async fn new(store: &StoreOptions) -> Gate {
        let store = TicketStore::open(store).await.expect("a database");
        let access = Access::new(&store, options()).expect("a gate");
        Gate { store, access, now: "2026-03-02T08:00:00Z".parse().expect("a time") }
    }

    pub fn wait(&mut self, duration: SignedDuration) {
        self.now += duration;
    }

    /// Adds a user with the usual password; gives the browser the password was chosen in.
    pub async fn add(&self, user: &str, role: Role) -> Browser {
        let profile = profile(role);
        let added = self.access.add_user(By::Machine, &name(user), &profile, self.now).await;
        let (_, secret) = added.expect("added");
        let accepted = self.access.accept(&secret, &password(), self.now).await;
        Browser { session: None, device: Some(accepted.expect("accepted").1) }
    }

    pub async fn try_login(
        &self,
        user: &str,
        password: &Password,
        code: Option<&str>,
        browser: &Browser,
        address: IpAddr,
    ) -> Result<LoggedIn, AccessError> {
        let (device, session) = (browser.device.as_ref(), browser.session.as_ref());
        let credentials = Credentials { name: user, password, code, device, session };
        let client = Client { address, agent: "Test/1.0" };
        self.access.log_in(&credentials, &client, self.now).await
    }

    /// With a new browser from the office.
    pub async fn login(&self, user: &str) -> LoggedIn {
        let browser = Browser::default();
        self.try_login(user, &password(), None, &browser, OFFICE).await.expect("let in")
    }

    pub async fn guess(&self, user: &str, browser: &Browser, address: IpAddr) -> AccessError {
        let answer = self.try_login(user, &wrong(), None, browser, address).await;
        answer.expect_err("a wrong password")
    }

    pub async fn who(&self, session: &Secret) -> Option<Principal> {
        match self.access.session(session, self.now).await {
            Ok(principal) => Some(principal),
            Err(AccessError::NotLoggedIn) => None,
            Err(e) => panic!("{e}"),
        }
    }

    pub async fn user(&self, user: &str) -> User {
        self.access.user(By::Machine, &name(user)).await.expect("a user")
    }

    /// The audit log so far; it must verify.
    pub async fn log(&self) -> Vec<AuditEvent> {
        while self.store.seal(self.now).await.expect("sealed") > 0 {}
        let report = self.store.verify_audit(None).await.expect("verified");
        assert_eq!(report.broken, None);
        self.store.events((0, 0), 10_000).await.expect("read")
    }
}
