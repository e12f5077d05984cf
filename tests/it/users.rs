//! `spillway users`, as typed.

use crate::access::gate::{CHEAP, password};
use crate::tickets::Place;
use jiff::Timestamp;
use serde_json::Value;
use spillway::access::{Access, AccessOptions, Secret, SecretKind};
use spillway::config::AccessConfig;
use spillway::store::{StoreOptions, TicketStore};

/// The secret's user chooses a password.
async fn accept(place: &Place, secret: &str) {
    let store = TicketStore::open(&StoreOptions::new(&place.data_dir())).await.unwrap();
    let options = AccessOptions { cost: CHEAP, ..AccessOptions::of(&AccessConfig::default()) };
    let access = Access::new(&store, options).unwrap();
    let secret = Secret::parse(SecretKind::Invitation, secret).expect("a secret");
    access.accept(&secret, &password(), Timestamp::now()).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn users_come_and_go() {
    let place = Place::new();
    place.fails("users list", "tickets.db: there are no tables yet; run `spillway migrate`");
    place.print("migrate");
    assert!(place.print("users list").starts_with("no users in "));
    assert_eq!(place.print("users list --json"), "[]\n");

    let text = place.print("users add Boss --role administrator");
    assert!(text.starts_with("boss (administrator) is invited, once and until "), "{text}");
    let secret = text.lines().nth(1).expect("a secret").trim();
    assert!(text.contains("/api/v1/invitations/accept"), "{text}");
    accept(&place, secret).await;

    let add = "users add anna --role observer --display-name Anna --languages vi,en \
               --hotline demo-en --hotline flood --personal-data --json";
    let added: Value = serde_json::from_str(&place.print(add)).unwrap();
    assert_eq!(added["user"]["status"], "invited");
    let again = place.print("users invite anna --json");
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_ne!(again["secret"], added["secret"]);
    accept(&place, again["secret"].as_str().expect("a secret")).await;
    insta::assert_snapshot!("users", place.print("users list"));

    assert_eq!(place.print("users disable anna"), "anna is disabled\n");
    let listed: Value = serde_json::from_str(&place.print("users list --json")).unwrap();
    assert_eq!(listed[0]["status"], "disabled");
    assert_eq!(place.print("users enable anna"), "anna is enabled\n");
    let reset = place.print("users reset-second-factor anna");
    assert_eq!(reset, "anna has no second factor and is logged out\n");
    assert_eq!(place.print("users remove anna"), "anna is removed\n");

    place.fails("users add anna --role operator", "the name anna is taken");
    place.fails("users add n:b --role operator", "name: use 1 to 64 of a-z");
    place.fails("users add eva --role operator --languages eng", "languages: give codes");
    place.fails("users add eva --role boss", "possible values: operator, supervisor, observer");
    place.fails("users invite nobody", "there is no user of that name");
    place.fails("users remove boss", "this is the last administrator");

    let log = place.print("audit verify");
    assert!(log.contains("the audit log holds"), "{log}");
}
