//! Addresses and units to choose from.

use super::office::{Office, on_sqlite};
use crate::access::gate::profile;
use crate::support::skipped;
use serde_json::{Value, json};
use spillway::access::{Hotlines, Profile, Role};
use spillway::config::{Config, gazetteer_file};
use std::collections::BTreeSet;

const READINGS: &str = "/api/v1/hotlines/demo-vi/address-readings";
const UNITS: &str = "/api/v1/hotlines/demo-vi/units";

fn part<'v>(address: &'v Value, name: &str) -> &'v str {
    let parts = address["parts"].as_array().expect("parts");
    let part = parts.iter().find(|part| part["name"] == name);
    part.map_or("", |part| part["value"].as_str().expect("text"))
}

#[tokio::test]
async fn an_address_is_read_and_its_units_are_walked() {
    if !gazetteer_file(&Config::default(), "VN").is_file() {
        return skipped("gazetteer-vn is not installed; run: spillway models pull gazetteer-vn");
    }
    on_sqlite(async |office: Office| {
        let anna = office.user("anna", Role::Operator).await;
        let said = "số mười hai đường Lê Lợi phường Bến Thành";
        let read = anna.post(READINGS, &json!({ "said": said })).await.ok();
        let best = &read[0];
        let got = ["house", "street", "locality", "region"].map(|name| part(best, name));
        assert_eq!(got, ["12", "Lê Lợi", "Bến Thành", "Hồ Chí Minh"], "{read}");
        assert!(!part(best, "locality_code").is_empty());
        let ward = anna.get(&format!("{UNITS}?within={}", best["unit"])).await.ok();
        assert_eq!(part(&ward["path"][1], "locality"), "Bến Thành", "{ward}");
        // A name alone, without its accents: the unit, with what it lies in.
        let read = anna.post(READINGS, &json!({ "said": "ben thanh" })).await.ok();
        let named =
            |a: &Value| part(a, "locality") == "Bến Thành" && part(a, "region") == "Hồ Chí Minh";
        assert!(read.as_array().expect("a list").iter().any(named), "{read}");

        // The street stays, the ward is another.
        let moved = json!({ "said": said, "unit": ward["path"][0]["id"] });
        let moved = anna.post(READINGS, &moved).await.ok();
        assert_eq!((part(&moved[0], "street"), part(&moved[0], "locality")), ("Lê Lợi", ""));
        assert!(moved[0]["value"].as_str().expect("text").starts_with("12 Lê Lợi, "), "{moved}");

        let top = anna.get(UNITS).await.ok();
        assert_eq!(top["path"], json!([]));
        let top = top["units"].as_array().expect("units").clone();
        let city = top.iter().find(|unit| part(unit, "region") == "Hồ Chí Minh").expect("a city");
        let inside = anna.get(&format!("{UNITS}?within={}", city["id"])).await.ok();
        assert_eq!(inside["path"][0]["name"], city["name"]);
        let wards = inside["units"].as_array().expect("wards");
        assert_eq!(wards.len() as u64, city["units"].as_u64().expect("a count"));
        assert!(wards.iter().any(|ward| part(ward, "locality") == "Bến Thành"), "{wards:?}");
        assert_eq!(anna.get(&format!("{UNITS}?within=4294967295")).await.problem(404), "not-found");
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn who_asks_for_addresses_works_with_tickets_there() {
    on_sqlite(async |office: Office| {
        let anna = office.user("anna", Role::Operator).await;
        let long = json!({ "said": "a".repeat(401) });
        assert_eq!(anna.post(READINGS, &long).await.problem(422), "invalid");
        let none = "/api/v1/hotlines/none/address-readings";
        assert_eq!(anna.post(none, &json!({ "said": "a" })).await.problem(404), "not-found");
        let elsewhere = Hotlines::Only(BTreeSet::from(["flood".to_string()]));
        let eva = Profile { hotlines: elsewhere, ..profile(Role::Operator) };
        let eva = office.user_of("eva", eva).await;
        assert_eq!(eva.post(READINGS, &json!({ "said": "a" })).await.problem(404), "not-found");
        let otto = office.user("otto", Role::Observer).await;
        assert_eq!(otto.get(UNITS).await.problem(403), "denied");
        office.close().await;
    })
    .await;
}
