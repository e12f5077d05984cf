//! `spillway load` against a server of its own, and what both tell.

use crate::support::house::House;
use crate::support::server::Served;
use spillway::caller::load::LoadReport;
use std::time::Duration;

const SCENARIO: &str = "
language = 'en'
[[turn]]
keys = '1'
[[turn]]
after = 'now'
wait_ms = 900
[[turn]]
after = 'now'
hang_up = true
[expect]
consent = 'given'
";

/// A house that serves `calls_max` callers with keys and tones, and `/metrics`.
fn house(calls_max: u32) -> House {
    let house = House::toned(&format!(
        "[engines]\nrecognizer = 'none'\n[metrics]\nlisten = '127.0.0.1:0'\n\
         [limits]\ncalls_max = {calls_max}\n"
    ));
    std::fs::write(house.path("keys.toml"), SCENARIO).expect("written");
    house
}

/// What three callers found there, and whether all were answered.
async fn load(house: &House, server: &Served, more: &[&str]) -> (LoadReport, bool) {
    let (uri, scenario) = (format!("sip:{}", server.sip), house.path("keys.toml"));
    let scenario = scenario.to_str().expect("utf-8");
    let mut args = vec!["load", &uri, "--calls", "3", "--scenario", scenario, "--json"];
    args.extend(["--ramp", "1s", "--duration", "9s"]);
    args.extend(more);
    let told = house.spillway(&args).await;
    let text = String::from_utf8_lossy(&told.stdout);
    let report = serde_json::from_str(&text);
    let report = report.unwrap_or_else(|e| {
        panic!("{e}: {text}{}", String::from_utf8_lossy(&told.stderr));
    });
    (report, told.status.success())
}

#[tokio::test]
async fn callers_and_server_tell_of_the_same_calls() {
    let house = house(10);
    let server = Served::start(&house).await;
    let metrics = format!("http://{}/metrics", server.metrics.as_deref().expect("served"));
    let (alone, all_answered) = load(&house, &server, &[]).await;
    assert!(all_answered && alone.served.is_none(), "{alone:?}");
    let file = house.path("alone.json");
    std::fs::write(&file, serde_json::to_string(&alone).expect("json")).expect("written");
    let baseline = ["--baseline", file.to_str().expect("utf-8"), "--metrics", &metrics];
    let (report, _) = load(&house, &server, &baseline).await;
    assert!(report.answered >= 3 && report.refused == 0, "{report:?}");
    let (right, judged) = report.as_right_as_alone.expect("compared");
    assert!(judged >= 2 && right == judged, "{report:?}");
    assert!(report.up_mean > 1.5 && report.callers_cores > 0.0, "{report:?}");
    let served = report.served.expect("asked");
    assert!(served.all_cores() > 0.0 && served.loaded_bytes > 1e6, "{served:?}");
    assert!(served.in_time.is_some_and(|share| share > 0.5), "{served:?}");
    server.terminate();
    assert!(server.ended(Duration::from_secs(25)).await.success());
}

#[tokio::test]
async fn who_is_refused_is_counted() {
    let house = house(1);
    let server = Served::start(&house).await;
    let (report, all_answered) = load(&house, &server, &[]).await;
    assert!(!all_answered && report.refused > 0 && report.answered > 0, "{report:?}");
    server.terminate();
    assert!(server.ended(Duration::from_secs(25)).await.success());
}
