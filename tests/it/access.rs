//! Who may do what, from outside: one story after another, on SQLite and on PostgreSQL.

mod crowd;
pub mod gate;
mod model;

use gate::{
    Browser, CHEAP, Gate, OFFICE, minutes, name, on_both, options, password, profile, wrong,
};
use spillway::access::{
    Access, AccessError, AccessOptions, By, HashingCost, NewToken, Password, Permission, Role,
    Secret, SecretKind, UserStatus, Via, WeakPassword,
};
use spillway::config::SecondFactorConfig;
use spillway::store::StoreOptions;
use std::collections::BTreeSet;
use std::path::Path;

#[tokio::test]
async fn the_first_administrator() {
    on_both(async |mut gate| {
        let access = &gate.access;
        let (boss, good, now) = (name("boss"), password(), gate.now);
        let secret = access.set_up_secret(now).await.unwrap().expect("a fresh database");
        let stranger = Secret::parse(SecretKind::Invitation, &"A".repeat(43)).unwrap();
        let make = async |secret: &Secret, password: &Password, now| {
            access.first_administrator(secret, &boss, "The Boss", password, now).await
        };
        let refused = make(&stranger, &good, now).await;
        assert!(matches!(refused, Err(AccessError::BadInvitation)));
        let weak = make(&secret, &Password::new("password1234"), now).await;
        assert!(matches!(weak, Err(AccessError::Weak(WeakPassword::Common))));
        let late = make(&secret, &good, now + minutes(96 * 60)).await;
        assert!(matches!(late, Err(AccessError::BadInvitation)));
        let other = access.set_up_secret(now).await.unwrap().expect("a second node");
        let user = make(&secret, &good, now).await.unwrap();
        assert_eq!((user.profile.role, user.status), (Role::Administrator, UserStatus::Active));
        assert!(access.set_up_secret(now).await.unwrap().is_none());
        assert!(matches!(make(&other, &good, now).await, Err(AccessError::BadInvitation)));

        let principal = gate.login("BOSS ").await.principal;
        assert!(principal.may(Permission::ManageUsers));
        let mut demoted = user.profile.clone();
        demoted.role = Role::Operator;
        let by = By::Principal(&principal);
        let last = |r: Result<_, AccessError>| matches!(r, Err(AccessError::LastAdministrator));
        assert!(last(access.change_user(by, &boss, &demoted, None, now).await.map(|_| ())));
        assert!(last(access.set_disabled(by, &boss, true, now).await.map(|_| ())));
        assert!(last(access.remove_user(by, &boss, now).await));
        // One who was invited and never came is nobody to rely on.
        let profile = profile(Role::Administrator);
        access.add_user(by, &name("heir"), &profile, now).await.unwrap();
        assert!(last(access.remove_user(by, &boss, now).await));
        gate.add("deputy", Role::Administrator).await;
        gate.access.remove_user(by, &boss, now).await.unwrap();
        gate.wait(minutes(1));
        let acts: Vec<String> = gate.log().await.into_iter().map(|e| e.act).collect();
        let want =
            ["user_added", "login", "user_added", "user_added", "password_chosen", "user_removed"];
        assert_eq!(acts, want);
    })
    .await;
}

#[tokio::test]
async fn a_user_comes_and_goes() {
    on_both(async |gate| {
        let (access, now) = (&gate.access, gate.now);
        gate.add("boss", Role::Administrator).await;
        let boss = gate.login("boss").await.principal;
        let by = By::Principal(&boss);
        let (anna, operator) = (name("anna"), profile(Role::Operator));
        let (user, secret) = access.add_user(by, &anna, &operator, now).await.unwrap();
        assert_eq!((user.status, user.version), (UserStatus::Invited, 1));
        let again = access.add_user(by, &anna, &operator, now).await;
        assert!(matches!(again, Err(AccessError::NameTaken(_))));
        let nobody = Browser::default();
        let early = gate.try_login("anna", &password(), None, &nobody, OFFICE).await;
        assert!(matches!(early, Err(AccessError::LoginRefused)));
        access.accept(&secret, &password(), now).await.unwrap();
        let used = access.accept(&secret, &password(), now).await;
        assert!(matches!(used, Err(AccessError::BadInvitation)));

        let first = gate.login("anna").await;
        assert!(!first.principal.may(Permission::ManageUsers));
        let by_anna = By::Principal(&first.principal);
        let denied = access.remove_user(by_anna, &name("boss"), now).await;
        assert!(matches!(denied, Err(AccessError::Denied(Permission::ManageUsers))));
        assert!(matches!(access.users(by_anna).await, Err(AccessError::Denied(_))));

        // Promoted: the session ends, the next one may more.
        let supervisor = profile(Role::Supervisor);
        let stale = access.change_user(by, &anna, &supervisor, Some(1), now).await;
        let version = gate.user("anna").await.version;
        assert!(matches!(stale, Err(AccessError::Changed { version: v }) if v == version));
        access.change_user(by, &anna, &supervisor, Some(version), now).await.unwrap();
        assert!(gate.who(&first.session).await.is_none());
        let second = gate.login("anna").await;
        assert!(second.principal.may(Permission::SuperviseTickets));
        let renamed = spillway::access::Profile { display_name: "Anna".into(), ..supervisor };
        access.change_user(by, &anna, &renamed, None, now).await.unwrap();
        assert!(gate.who(&second.session).await.is_some(), "a new name ends nothing");

        access.set_disabled(by, &anna, true, now).await.unwrap();
        assert!(gate.who(&second.session).await.is_none());
        let kept_out = gate.try_login("anna", &password(), None, &nobody, OFFICE).await;
        assert!(matches!(kept_out, Err(AccessError::LoginRefused)));
        access.set_disabled(by, &anna, false, now).await.unwrap();
        assert!(gate.who(&second.session).await.is_none(), "enabled is not logged in");
        gate.login("anna").await;

        access.remove_user(by, &anna, now).await.unwrap();
        let gone = gate.try_login("anna", &password(), None, &nobody, OFFICE).await;
        assert!(matches!(gone, Err(AccessError::LoginRefused)));
        assert!(matches!(access.user(by, &anna).await, Err(AccessError::NoSuch("user"))));
        let names: Vec<_> = access.users(by).await.unwrap().into_iter().map(|u| u.name).collect();
        assert_eq!(names, [name("boss")]);
        let reborn = access.add_user(by, &anna, &operator, now).await;
        assert!(matches!(reborn, Err(AccessError::NameTaken(_))));
    })
    .await;
}

#[tokio::test]
async fn sessions_end() {
    on_both(async |mut gate| {
        gate.add("anna", Role::Operator).await;
        let begun = gate.now;
        let login = gate.login("anna").await;
        for _ in 0..11 {
            gate.wait(minutes(59));
            assert!(gate.who(&login.session).await.is_some(), "in use");
        }
        gate.now = begun + minutes(12 * 60);
        assert!(gate.who(&login.session).await.is_none(), "twelve hours");
        let login = gate.login("anna").await;
        gate.wait(minutes(60));
        assert!(gate.who(&login.session).await.is_none(), "an hour idle");

        // A browser that logs in again leaves no session behind.
        let first = gate.login("anna").await;
        let browser = Browser::took(&first);
        let second = gate.try_login("anna", &password(), None, &browser, OFFICE).await.unwrap();
        assert_ne!(first.session.text(), second.session.text());
        assert!(gate.who(&first.session).await.is_none());
        let third = gate.login("anna").await;
        let anna = gate.who(&third.session).await.unwrap();
        let listed = gate.access.sessions(&anna, gate.now).await.unwrap();
        let own = match anna.via() {
            Via::Session(number) => number,
            Via::Token(_) => unreachable!(),
        };
        assert_eq!((listed.len(), listed[0].number), (2, own));
        assert_eq!(
            (listed[0].address.as_str(), listed[0].agent.as_str()),
            ("192.0.2.1", "Test/1.0")
        );
        gate.access.end_session(&anna, listed[1].number, gate.now).await.unwrap();
        assert!(gate.who(&second.session).await.is_none());
        let foreign = gate.access.end_session(&anna, listed[1].number, gate.now).await;
        assert!(matches!(foreign, Err(AccessError::NoSuch("session"))));
        gate.access.log_out(&third.session, gate.now).await.unwrap();
        assert!(gate.who(&third.session).await.is_none());

        let (one, other) = (gate.login("anna").await, gate.login("anna").await);
        let by = By::Principal(&one.principal);
        gate.access.end_sessions(by, &name("anna"), gate.now).await.unwrap();
        assert!(gate.who(&one.session).await.is_none());
        assert!(gate.who(&other.session).await.is_none());
        gate.login("anna").await;
        gate.wait(minutes(24 * 60 * 181));
        assert_eq!(gate.access.sweep(gate.now).await.unwrap(), 2, "a session and a device");
        assert_eq!(gate.access.sweep(gate.now).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn passwords_change() {
    on_both(async |gate| {
        gate.add("anna", Role::Operator).await;
        let (one, other) = (gate.login("anna").await, gate.login("anna").await);
        let new = Password::new("hungry-clock-17");
        let change = async |old: &Password, new: &Password| {
            gate.access.change_password(&one.principal, old, new, gate.now).await
        };
        assert!(matches!(change(&wrong(), &new).await, Err(AccessError::LoginRefused)));
        let weak = change(&password(), &Password::new("anna-anna-2026")).await;
        assert!(matches!(weak, Err(AccessError::Weak(WeakPassword::Common))));
        let rotated = change(&password(), &new).await.unwrap();
        assert!(gate.who(&rotated).await.is_some());
        assert!(gate.who(&one.session).await.is_none());
        assert!(gate.who(&other.session).await.is_none());
        let old = gate.try_login("anna", &password(), None, &Browser::default(), OFFICE).await;
        assert!(matches!(old, Err(AccessError::LoginRefused)));

        // Forgotten: an invitation; the one before it is void.
        let void = gate.access.invite(By::Machine, &name("anna"), gate.now).await.unwrap();
        let secret = gate.access.invite(By::Machine, &name("anna"), gate.now).await.unwrap();
        let refused = gate.access.accept(&void, &password(), gate.now).await;
        assert!(matches!(refused, Err(AccessError::BadInvitation)));
        gate.access.accept(&secret, &password(), gate.now).await.unwrap();
        assert!(gate.who(&rotated).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn tokens_never_do_more_than_their_owner() {
    on_both(async |mut gate| {
        gate.add("anna", Role::Supervisor).await;
        gate.add("boss", Role::Administrator).await;
        let login = gate.login("anna").await;
        let anna = &login.principal;
        let scopes = BTreeSet::from([Permission::ReadTickets, Permission::ExportTickets]);
        let expires_at = gate.now + minutes(60 * 24 * 30);
        let new = NewToken { label: "nightly export".into(), scopes, expires_at };
        let wide = NewToken { scopes: [Permission::ManageUsers].into(), ..new.clone() };
        let refused = gate.access.add_token(anna, &wide, gate.now).await;
        assert!(matches!(refused, Err(AccessError::ScopeTooWide(Permission::ManageUsers))));
        let eternal = NewToken { expires_at: gate.now + minutes(60 * 24 * 400), ..new.clone() };
        let refused = gate.access.add_token(anna, &eternal, gate.now).await;
        assert!(matches!(refused, Err(AccessError::Invalid { field: "expires_at", .. })));
        let (token, secret) = gate.access.add_token(anna, &new, gate.now).await.unwrap();
        assert_eq!((&secret.text()[..4], secret.text().len()), ("spw_", 47));

        let may = async |gate: &Gate| {
            let principal = gate.access.token(&secret, gate.now).await.ok()?;
            Some(principal.permissions().iter().map(|p| p.name()).collect::<Vec<_>>())
        };
        assert_eq!(may(&gate).await, Some(vec!["tickets:read", "tickets:export"]));
        let principal = gate.access.token(&secret, gate.now).await.unwrap();
        let more = gate.access.add_token(&principal, &new, gate.now).await;
        assert!(matches!(more, Err(AccessError::SessionNeeded)), "no token makes tokens");
        assert!(gate.who(&secret).await.is_none(), "no session");
        let listed = gate.access.tokens(By::Principal(anna), &name("anna")).await.unwrap();
        assert_eq!((listed[0].number, listed[0].used_at), (token.number, Some(gate.now)));

        // Demoted, disabled, enabled, expired.
        let operator = profile(Role::Operator);
        let by = By::Machine;
        gate.access.change_user(by, &name("anna"), &operator, None, gate.now).await.unwrap();
        assert_eq!(may(&gate).await, Some(vec!["tickets:read"]));
        gate.access.set_disabled(by, &name("anna"), true, gate.now).await.unwrap();
        assert_eq!(may(&gate).await, None);
        gate.access.set_disabled(by, &name("anna"), false, gate.now).await.unwrap();
        assert_eq!(may(&gate).await, Some(vec!["tickets:read"]));
        let now = std::mem::replace(&mut gate.now, expires_at);
        assert_eq!(may(&gate).await, None);
        gate.now = now;
        let boss = gate.login("boss").await.principal;
        let by = By::Principal(&boss);
        let number = token.number;
        gate.access.revoke_token(by, &name("anna"), number, gate.now).await.unwrap();
        assert_eq!(may(&gate).await, None);
        let again = gate.access.revoke_token(by, &name("anna"), number, gate.now).await;
        assert!(matches!(again, Err(AccessError::NoSuch("token"))));
    })
    .await;
}

/// The code that an app shows for `base32` at `gate.now`.
fn code(base32: &str, gate: &Gate) -> String {
    let secret = totp_rs::Secret::try_from_base32(base32).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).with_account_name("x").build().unwrap();
    totp.generate(gate.now.as_second() as u64).to_string()
}

#[tokio::test]
async fn a_second_factor() {
    on_both(async |mut gate| {
        let second_factor = SecondFactorConfig { operator: true, ..Default::default() };
        let demanding = AccessOptions { second_factor, ..options() };
        gate.access = Access::new(&gate.store, demanding).unwrap();
        gate.add("anna", Role::Operator).await;
        let login = gate.login("anna").await;
        assert!(login.principal.must_enrol() && login.principal.permissions().is_empty());
        let refused = login.principal.demand(Permission::ReadTickets);
        assert!(matches!(refused, Err(AccessError::EnrolFirst(Role::Operator))));
        let anna = &login.principal;
        let blind = gate.access.confirm_second_factor(anna, "000000", gate.now).await;
        assert!(matches!(blind, Err(AccessError::BadCode)));
        let begun = gate.access.begin_second_factor(anna, &password(), gate.now).await.unwrap();
        let url = format!("otpauth://totp/Spillway:anna?secret={}&issuer=Spillway", begun.secret);
        assert_eq!(begun.url, url);
        let shown = code(&begun.secret, &gate);
        let (session, recovery) =
            gate.access.confirm_second_factor(anna, &shown, gate.now).await.unwrap();
        assert!(gate.who(&login.session).await.is_none(), "rotated");
        assert!(gate.who(&session).await.unwrap().may(Permission::WorkTickets));

        let browser = Browser::default();
        let enter = async |gate: &Gate, code: Option<&str>| {
            gate.try_login("anna", &password(), code, &browser, OFFICE).await.map(|_| ())
        };
        assert!(matches!(enter(&gate, None).await, Err(AccessError::CodeNeeded)));
        let replayed = enter(&gate, Some(&shown)).await;
        assert!(matches!(replayed, Err(AccessError::LoginRefused)), "used to confirm");
        gate.wait(minutes(1));
        let shown = code(&begun.secret, &gate);
        enter(&gate, Some(&shown)).await.unwrap();
        let replayed = enter(&gate, Some(&shown)).await;
        assert!(matches!(replayed, Err(AccessError::LoginRefused)));
        let (first, typed) = (&recovery[0], recovery[1].to_lowercase().replace('-', ""));
        enter(&gate, Some(first)).await.unwrap();
        assert!(enter(&gate, Some(first)).await.is_err(), "good once");
        enter(&gate, Some(&typed)).await.unwrap();

        // A code is guessed as hardly as a password, even by who knows the password.
        let mut throttled = 0;
        for guess in 0..20 {
            let code = format!("{:06}", guess * 7);
            throttled += usize::from(matches!(
                enter(&gate, Some(&code)).await,
                Err(AccessError::Throttled { .. })
            ));
            assert!(matches!(
                enter(&gate, None).await,
                Err(AccessError::CodeNeeded | AccessError::Throttled { .. })
            ));
        }
        assert_eq!(throttled, 15);

        gate.access.reset_second_factor(By::Machine, &name("anna"), gate.now).await.unwrap();
        assert!(gate.who(&session).await.is_none());
        assert!(!gate.user("anna").await.second_factor);
        gate.wait(minutes(20));
        let login = gate.login("anna").await;
        assert!(login.principal.must_enrol());
    })
    .await;
}

#[tokio::test]
async fn a_second_factor_is_not_guessed_away() {
    on_both(async |gate| {
        gate.add("anna", Role::Operator).await;
        let anna = gate.login("anna").await.principal;
        let begun = gate.access.begin_second_factor(&anna, &password(), gate.now).await.unwrap();
        let shown = code(&begun.secret, &gate);
        let (session, recovery) =
            gate.access.confirm_second_factor(&anna, &shown, gate.now).await.unwrap();
        let anna = gate.who(&session).await.unwrap();
        let again = gate.access.begin_second_factor(&anna, &password(), gate.now).await;
        assert!(matches!(again, Err(AccessError::SecondFactorSetUp)), "nor replaced");
        let drop = async |code: &str, now| {
            gate.access.drop_second_factor(&anna, &password(), code, now).await
        };
        let mut looked_at = 0;
        for guess in 0..20 {
            let dropped = drop(&format!("{:06}", guess * 7), gate.now).await;
            looked_at += usize::from(matches!(dropped, Err(AccessError::BadCode)));
        }
        assert_eq!(looked_at, 5);
        drop(&recovery[0], gate.now + minutes(20)).await.unwrap();
        assert!(!gate.user("anna").await.second_factor);
    })
    .await;
}

/// The bytes of all files in `dir`.
fn files(dir: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(dir).unwrap();
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap_or_default()).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|w| w == text.as_bytes())
}

#[tokio::test]
async fn a_password_is_hashed_again_when_that_costs_more() {
    let dir = tempfile::tempdir().unwrap();
    let mut gate = Gate::new(&StoreOptions::new(dir.path())).await;
    gate.add("anna", Role::Operator).await;
    let passes = CHEAP.passes + 1;
    let cost = HashingCost { passes, ..CHEAP };
    let dearer = format!("$argon2id$v=19$m={},t={passes},p=1$", CHEAP.memory_kib);
    gate.login("anna").await;
    assert!(!holds(&files(dir.path()), &dearer));
    gate.access = Access::new(&gate.store, AccessOptions { cost, ..options() }).unwrap();
    gate.login("anna").await;
    assert!(holds(&files(dir.path()), &dearer));
    gate.login("anna").await;
}

#[tokio::test]
async fn nothing_that_opens_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Gate::new(&StoreOptions::new(dir.path())).await;
    let device = gate.add("anna", Role::Operator).await.device.unwrap();
    let login = gate.login("anna").await;
    let expires_at = gate.now + minutes(60);
    let new = NewToken { label: "x".into(), scopes: BTreeSet::new(), expires_at };
    let (_, token) = gate.access.add_token(&login.principal, &new, gate.now).await.unwrap();
    let invitation = gate.access.invite(By::Machine, &name("anna"), gate.now).await.unwrap();
    gate.try_login("hunter2-typed-here", &wrong(), None, &Browser::default(), OFFICE)
        .await
        .unwrap_err();
    let log = gate.log().await;
    let kept = [files(dir.path()), format!("{log:?}").into_bytes()].concat();
    let holds = |text: &str| holds(&kept, text);
    assert!(holds("anna") && holds("argon2id"), "the files were read");
    for secret in [&device, &login.session, &login.device, &token, &invitation] {
        assert!(!holds(secret.text().trim_start_matches("spw_")), "{secret:?}");
    }
    assert!(!holds(&login.session.csrf_token()));
    for typed in ["thirsty-lamp-41", "thirsty-lamp-42", "hunter2"] {
        assert!(!holds(typed), "{typed}");
    }
}
