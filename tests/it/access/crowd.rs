//! Many at once, and attackers.

use super::gate::{Browser, Gate, OFFICE, minutes, name, on_both, password, profile, wrong};
use jiff::SignedDuration;
use spillway::access::{AccessError, By, Client, Credentials, LoggedIn, Role};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use tokio::task::JoinSet;

/// An address of a botnet.
fn abroad(i: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(0xc633_6400 + i))
}

fn is_throttled(e: &AccessError) -> bool {
    matches!(e, AccessError::Throttled { .. })
}

/// Logs in as all of `names` at once, each with a new browser.
async fn at_once(
    gate: &Arc<Gate>,
    names: impl IntoIterator<Item = String>,
    right: bool,
    code: Option<&str>,
) -> Vec<Result<LoggedIn, AccessError>> {
    let mut tasks = JoinSet::new();
    for name in names {
        let (gate, code) = (gate.clone(), code.map(String::from));
        tasks.spawn(async move {
            let password = if right { password() } else { wrong() };
            let (name, password, code) = (name.as_str(), &password, code.as_deref());
            let credentials = Credentials { name, password, code, device: None, session: None };
            let client = Client { address: OFFICE, agent: "Test/1.0" };
            gate.access.log_in(&credentials, &client, gate.now).await
        });
    }
    tasks.join_all().await
}

#[tokio::test]
async fn guesses_at_once_count_one_by_one() {
    on_both(async |gate| {
        gate.add("anna", Role::Operator).await;
        let gate = Arc::new(gate);
        let answers = at_once(&gate, (0..30).map(|_| "anna".to_string()), false, None).await;
        let (mut refused, mut throttled) = (0, 0);
        for answer in answers {
            match answer.expect_err("wrong") {
                AccessError::LoginRefused => refused += 1,
                AccessError::Throttled { .. } => throttled += 1,
                e => panic!("{e}"),
            }
        }
        assert_eq!((refused, throttled), (5, 25));
        let noted = gate.log().await.into_iter().filter(|e| e.act == "login_refused").count();
        assert_eq!(noted, 5);
    })
    .await;
}

#[tokio::test]
async fn failures_of_one_address_are_all_counted() {
    on_both(async |gate| {
        let mut gate = Arc::new(gate);
        let spray = |n: usize, round: &str| -> Vec<String> {
            (0..n).map(|i| format!("user-{round}-{i}")).collect()
        };
        let answers = at_once(&gate, spray(99, "a"), false, None).await;
        assert!(answers.iter().all(|a| matches!(a, Err(AccessError::LoginRefused))));
        let hundredth = at_once(&gate, spray(1, "b"), false, None).await;
        assert!(matches!(hundredth[0], Err(AccessError::LoginRefused)));
        let next = at_once(&gate, spray(1, "c"), false, None).await;
        assert!(matches!(next[0], Err(AccessError::Throttled { wait_s: 1 })), "{next:?}");
        Arc::get_mut(&mut gate).unwrap().wait(SignedDuration::from_secs(1));
        let waited = at_once(&gate, spray(1, "c"), false, None).await;
        assert!(matches!(waited[0], Err(AccessError::LoginRefused)));
    })
    .await;
}

#[tokio::test]
async fn a_shift_begins_while_it_is_attacked() {
    on_both(async |mut gate| {
        let names: Vec<String> = (0..20).map(|i| format!("operator{i}")).collect();
        let mut browsers = Vec::new();
        for user in &names {
            browsers.push(gate.add(user, Role::Operator).await);
        }
        // A botnet tries every operator's name, somebody in the office one password with many.
        for (i, user) in names.iter().enumerate() {
            for guess in 0..8 {
                gate.guess(user, &Browser::default(), abroad(guess * 20 + i as u32)).await;
            }
        }
        for i in 0..120 {
            gate.guess(&format!("somebody{i}"), &Browser::default(), OFFICE).await;
        }
        let stranger = gate.guess("operator0", &Browser::default(), OFFICE).await;
        assert!(is_throttled(&stranger));
        // Known browsers do not notice; a mistyped password is no matter either.
        for (user, browser) in names.iter().zip(&mut browsers) {
            let mistyped = gate.guess(user, browser, OFFICE).await;
            assert!(matches!(mistyped, AccessError::LoginRefused), "{mistyped}");
            let login = gate.try_login(user, &password(), None, browser, OFFICE).await;
            *browser = Browser::took(&login.expect("let in"));
        }
        // A known browser is known for its own user only.
        let borrowed = gate.guess("operator1", &browsers[0], abroad(9_000)).await;
        assert!(is_throttled(&borrowed));
        // Who comes with a new browser gets in when the attack is over, without anybody's help.
        gate.wait(minutes(20));
        gate.login("operator2").await;
        // A stolen device's cookie gives few guesses.
        let stolen = gate.login("operator3").await;
        let browser = Browser { session: None, device: Some(stolen.device) };
        for _ in 0..5 {
            gate.guess("operator3", &browser, abroad(1)).await;
        }
        assert!(is_throttled(&gate.guess("operator3", &browser, abroad(2)).await));
        gate.login("operator3").await;
    })
    .await;
}

#[tokio::test]
async fn a_whole_shift_logs_in_at_once() {
    on_both(async |gate| {
        let names: Vec<String> = (0..150).map(|i| format!("operator{i}")).collect();
        for user in &names {
            gate.add(user, Role::Operator).await;
        }
        let gate = Arc::new(gate);
        let begun = std::time::Instant::now();
        let answers = at_once(&gate, names, true, None).await;
        println!("150 log-ins at once, cheap hashing: {:?}", begun.elapsed());
        let failed: Vec<_> = answers.iter().filter_map(|a| a.as_ref().err()).collect();
        assert!(failed.is_empty(), "{failed:?}");
        // Two at once with one name: two sessions.
        let twice = at_once(&gate, ["operator1".to_string(), "operator1".into()], true, None).await;
        let secrets: Vec<_> = twice.into_iter().map(|a| a.expect("let in").session).collect();
        assert_ne!(secrets[0].text(), secrets[1].text());
        for secret in &secrets {
            assert!(gate.who(secret).await.is_some());
        }
    })
    .await;
}

#[tokio::test]
async fn one_code_lets_one_in() {
    on_both(async |mut gate| {
        gate.add("anna", Role::Operator).await;
        let anna = gate.login("anna").await.principal;
        let begun = gate.access.begin_second_factor(&anna, &password(), gate.now).await.unwrap();
        let code = super::code(&begun.secret, &gate);
        gate.access.confirm_second_factor(&anna, &code, gate.now).await.unwrap();
        gate.wait(minutes(1));
        let code = super::code(&begun.secret, &gate);
        let gate = Arc::new(gate);
        let names = (0..5).map(|_| "anna".to_string());
        let answers = at_once(&gate, names, true, Some(&code)).await;
        assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 1, "{answers:?}");
    })
    .await;
}

#[tokio::test]
async fn administrators_do_not_remove_each_other() {
    on_both(async |gate| {
        for round in 0..5 {
            let pair = [format!("left{round}"), format!("right{round}")];
            for user in &pair {
                gate.add(user, Role::Administrator).await;
            }
            if round > 0 {
                let kept = gate.access.users(By::Machine).await.unwrap();
                let before = kept.iter().find(|u| !pair.contains(&u.name.to_string())).unwrap();
                gate.access.remove_user(By::Machine, &before.name, gate.now).await.unwrap();
            }
            let operator = profile(Role::Operator);
            let (left, right) = (name(&pair[0]), name(&pair[1]));
            let demote = gate.access.change_user(By::Machine, &left, &operator, None, gate.now);
            let remove = gate.access.remove_user(By::Machine, &right, gate.now);
            let (demoted, removed) = tokio::join!(demote, remove);
            let last = |e: Option<AccessError>| matches!(e, Some(AccessError::LastAdministrator));
            let failed = [last(demoted.err()), last(removed.err())];
            assert_eq!(failed.iter().filter(|f| **f).count(), 1, "{failed:?}");
            let users = gate.access.users(By::Machine).await.unwrap();
            let left: Vec<_> =
                users.iter().filter(|u| u.profile.role == Role::Administrator).collect();
            assert_eq!(left.len(), 1);
            for user in users.iter().filter(|u| u.profile.role != Role::Administrator) {
                gate.access.remove_user(By::Machine, &user.name, gate.now).await.unwrap();
            }
        }
    })
    .await;
}
