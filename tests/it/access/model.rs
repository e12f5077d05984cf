//! Random lives of users against a model of a few lines: nobody disabled, demoted, logged out or
//! expired is ever let in, and everybody else is.

use super::gate::{Browser, Gate, OFFICE, name, on_both, password, profile, wrong};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use spillway::access::{AccessError, By, NewToken, Permission, Role, Secret};

const USERS: usize = 3;
const CASES: usize = 24;
const IDLE_S: i64 = 3_600;
const SESSION_S: i64 = 12 * 3_600;
/// A session's last use is written to the minute.
const SEEN_STEP_S: i64 = 60;

#[derive(Debug, Clone)]
enum Op {
    Login { user: usize, right: bool },
    Logout { session: usize },
    LogoutEverywhere { user: usize },
    Disable { user: usize },
    Enable { user: usize },
    Role { user: usize, role: usize },
    Invite { user: usize },
    AddToken { session: usize },
    Wait { s: i64 },
    Sweep,
}

fn op() -> impl Strategy<Value = Op> {
    let user = 0..USERS;
    prop_oneof![
        6 => (user.clone(), prop::bool::weighted(0.8))
            .prop_map(|(user, right)| Op::Login { user, right }),
        2 => (0usize..20).prop_map(|session| Op::Logout { session }),
        1 => user.clone().prop_map(|user| Op::LogoutEverywhere { user }),
        2 => user.clone().prop_map(|user| Op::Disable { user }),
        3 => user.clone().prop_map(|user| Op::Enable { user }),
        2 => (user.clone(), 0..Role::ALL.len()).prop_map(|(user, role)| Op::Role { user, role }),
        1 => user.prop_map(|user| Op::Invite { user }),
        2 => (0usize..20).prop_map(|session| Op::AddToken { session }),
        4 => prop_oneof![1i64..120, 60i64..4_000, 4_000i64..50_000].prop_map(|s| Op::Wait { s }),
        1 => Just(Op::Sweep),
    ]
}

struct KnownUser {
    name: String,
    active: bool,
    role: Role,
    browser: Browser,
}

struct KnownSession {
    user: usize,
    secret: Secret,
    opened: Timestamp,
    seen: Timestamp,
    ended: bool,
}

struct KnownToken {
    user: usize,
    secret: Secret,
    expires: Timestamp,
}

/// What ought to be.
struct Model {
    users: Vec<KnownUser>,
    sessions: Vec<KnownSession>,
    tokens: Vec<KnownToken>,
}

impl Model {
    fn end(&mut self, user: usize) {
        self.sessions.iter_mut().filter(|s| s.user == user).for_each(|s| s.ended = true);
    }

    fn lives(&self, session: &KnownSession, now: Timestamp) -> bool {
        let since = |t: Timestamp| now.duration_since(t).as_secs();
        !session.ended
            && self.users[session.user].active
            && since(session.opened) < SESSION_S
            && since(session.seen) < IDLE_S
    }

    async fn apply(&mut self, gate: &mut Gate, op: &Op) {
        let by = By::Machine;
        match *op {
            Op::Login { user, right } => self.log_in(gate, user, right).await,
            Op::Logout { session } => {
                let Some(session) = self.sessions.get_mut(session) else { return };
                gate.access.log_out(&session.secret, gate.now).await.expect("logged out");
                session.ended = true;
            }
            Op::LogoutEverywhere { user } => {
                let user_name = name(&self.users[user].name);
                gate.access.end_sessions(by, &user_name, gate.now).await.expect("ended");
                self.end(user);
            }
            Op::Disable { user } | Op::Enable { user } => {
                let disabled = matches!(op, Op::Disable { .. });
                let user_name = name(&self.users[user].name);
                gate.access.set_disabled(by, &user_name, disabled, gate.now).await.expect("set");
                self.users[user].active = !disabled;
                if disabled {
                    self.end(user);
                }
            }
            Op::Role { user, role } => {
                let (user_name, role) = (name(&self.users[user].name), Role::ALL[role]);
                let changed =
                    gate.access.change_user(by, &user_name, &profile(role), None, gate.now).await;
                changed.expect("changed");
                if self.users[user].role != role {
                    self.end(user);
                }
                self.users[user].role = role;
            }
            Op::Invite { user } => self.invite(gate, user).await,
            Op::AddToken { session } => self.add_token(gate, session).await,
            Op::Wait { s } => gate.wait(SignedDuration::from_secs(s)),
            Op::Sweep => {
                gate.access.sweep(gate.now).await.expect("swept");
            }
        }
    }

    async fn log_in(&mut self, gate: &Gate, user: usize, right: bool) {
        let known = &mut self.users[user];
        let typed = if right { password() } else { wrong() };
        let device = Browser { session: None, ..known.browser.clone() };
        let answer = gate.try_login(&known.name, &typed, None, &device, OFFICE).await;
        match answer {
            Ok(login) => {
                assert!(right && known.active, "let in: {}", known.name);
                assert_eq!(login.principal.user().profile.role, known.role);
                known.browser = Browser::took(&login);
                let (opened, seen, ended) = (gate.now, gate.now, false);
                let secret = login.session;
                self.sessions.push(KnownSession { user, secret, opened, seen, ended });
            }
            Err(AccessError::LoginRefused) => assert!(!(right && known.active), "{}", known.name),
            // When the throttle closes is told by its own tests; it never lets anybody in.
            Err(AccessError::Throttled { .. }) => {}
            Err(e) => panic!("{e}"),
        }
    }

    async fn invite(&mut self, gate: &Gate, user: usize) {
        let known = &mut self.users[user];
        let user_name = name(&known.name);
        let secret = gate.access.invite(By::Machine, &user_name, gate.now).await.expect("invited");
        match gate.access.accept(&secret, &password(), gate.now).await {
            Ok((_, device)) => {
                assert!(known.active, "disabled");
                known.browser = Browser { session: None, device: Some(device) };
                self.end(user);
            }
            Err(AccessError::BadInvitation) => assert!(!known.active),
            Err(e) => panic!("{e}"),
        }
    }

    async fn add_token(&mut self, gate: &Gate, session: usize) {
        let Some(known) = self.sessions.get(session) else { return };
        let Some(principal) = gate.who(&known.secret).await else { return };
        let expires = gate.now + SignedDuration::from_hours(20);
        let scopes = principal.permissions().clone();
        let new = NewToken { label: "t".into(), scopes, expires_at: expires };
        let (_, secret) = gate.access.add_token(&principal, &new, gate.now).await.expect("made");
        self.tokens.push(KnownToken { user: known.user, secret, expires });
    }

    /// Asks for every session and token there ever was.
    async fn check(&mut self, gate: &Gate) {
        for i in 0..self.sessions.len() {
            let want = self.lives(&self.sessions[i], gate.now);
            let session = &mut self.sessions[i];
            let principal = gate.who(&session.secret).await;
            assert_eq!(principal.is_some(), want, "session {i}");
            if let Some(principal) = principal {
                assert_eq!(principal.user().profile.role, self.users[session.user].role);
                if gate.now.duration_since(session.seen).as_secs() >= SEEN_STEP_S {
                    session.seen = gate.now;
                }
            }
        }
        for token in &self.tokens {
            let user = &self.users[token.user];
            let want = user.active && gate.now < token.expires;
            let principal = gate.access.token(&token.secret, gate.now).await;
            assert_eq!(principal.is_ok(), want, "token of {}", user.name);
            let allowed = |p: &Permission| user.role.permissions(false).contains(p);
            assert!(principal.is_ok_and(|p| p.permissions().iter().all(allowed)) || !want);
        }
    }
}

#[tokio::test]
async fn nobody_is_let_in_who_is_out() {
    on_both(async |mut gate| {
        // Whatever is demoted, somebody stays administrator.
        gate.add("root", Role::Administrator).await;
        let mut runner = TestRunner::new_with_rng(
            Config::default(),
            proptest::test_runner::TestRng::deterministic_rng(
                proptest::test_runner::RngAlgorithm::ChaCha,
            ),
        );
        let lives = proptest::collection::vec(op(), 1..60);
        for case in 0..CASES {
            let ops = lives.new_tree(&mut runner).expect("a life").current();
            let mut users = Vec::new();
            for user in 0..USERS {
                let (name, role) = (format!("user{case}-{user}"), Role::Operator);
                let browser = gate.add(&name, role).await;
                users.push(KnownUser { name, active: true, role, browser });
            }
            let mut model = Model { users, sessions: vec![], tokens: vec![] };
            for op in &ops {
                model.apply(&mut gate, op).await;
                model.check(&gate).await;
            }
        }
    })
    .await;
}
