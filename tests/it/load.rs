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
    let mut args = vec!["load", &uri, "--scenario", scenario, "--json", "--ramp", "1s"];
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
    let few = ["--calls", "3", "--duration", "9s"];
    let (alone, all_answered) = load(&house, &server, &few).await;
    assert!(all_answered && alone.steps[0].served.is_none(), "{alone:?}");
    let file = house.path("alone.json");
    std::fs::write(&file, serde_json::to_string(&alone).expect("json")).expect("written");
    let page = house.path("load.html");
    let [file, page_file] = [&file, &page].map(|file| file.to_str().expect("utf-8"));
    let compared = ["--baseline", file, "--metrics", &metrics, "--html", page_file];
    let more = [&["--calls", "2,3", "--duration", "6s"][..], &compared].concat();
    let (report, all_answered) = load(&house, &server, &more).await;
    assert!(all_answered && report.steps.len() == 2, "{report:?}");
    for (step, calls) in report.steps.iter().zip([2, 3]) {
        assert_eq!(step.calls_at_once, calls);
        assert!(step.answered >= calls - 1 && step.refused == 0, "{step:?}");
        assert!(step.up_mean > 1.0 && step.callers_cores > 0.0, "{step:?}");
        let served = step.served.as_ref().expect("asked");
        assert!(served.all_cores() > 0.0 && served.loaded_bytes > 1e6, "{served:?}");
        assert!(served.in_time.is_some_and(|share| share > 0.5), "{served:?}");
        assert!(served.forms["full"] > 0, "{served:?}");
        let (right, judged) = step.as_right_as_alone.expect("compared");
        assert!(judged >= 1 && right == judged, "{step:?}");
    }
    let page = std::fs::read_to_string(page).expect("a page");
    assert_eq!(page.matches("<svg").count(), 4, "{page}");
    server.terminate();
    assert!(server.ended(Duration::from_secs(25)).await.success());
}

#[tokio::test]
async fn who_is_refused_is_counted() {
    let house = house(1);
    let server = Served::start(&house).await;
    let more = ["--calls", "3", "--duration", "9s"];
    let (report, all_answered) = load(&house, &server, &more).await;
    let step = &report.steps[0];
    assert!(!all_answered && step.refused > 0 && step.answered > 0, "{step:?}");
    server.terminate();
    assert!(server.ended(Duration::from_secs(25)).await.success());
}
