//! `spillway simulate`, as typed.

use crate::tickets::Place;
use serde_json::Value;

fn json(place: &Place, args: &str) -> Vec<Value> {
    let printed = place.print(&format!("simulate --json {args}"));
    serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{e}: {printed}"))
}

#[test]
fn a_demand_as_table_and_as_json() {
    let place = Place::new();
    let asked = "--calls-per-day 8000 --calls-per-day 3000 --days 1 --burst 3x@10:00+30m --seed 7";
    let found = json(&place, asked);
    assert_eq!(found, json(&place, asked), "chance comes from the seed only");
    let [first, second] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&first["calls_per_day"], &first["known_as"]), (&8_000.into(), &Value::Null));
    // 110 of 1,000 calls in that hour, and as many again for each of its two quarters.
    assert_eq!((&first["busy_hour"], &first["busy_hour_calls"]), (&10.into(), &1_760.0.into()));
    let (lines, erlang_b) = (&first["lines"]["needed"], &first["lines"]["needed_erlang_b"]);
    assert!(lines.as_u64() > erlang_b.as_u64(), "{first:#}");
    assert!(first["lines"]["blocked"].as_f64() <= Some(0.01), "{first:#}");
    assert!(first["callbacks"]["in_time"].as_f64() >= Some(0.95), "{first:#}");
    assert!(second["lines"]["needed"].as_u64() < lines.as_u64(), "{second:#}");

    let told = place.print(&format!("simulate {asked}"));
    let row = told.lines().find(|line| line.starts_with("8000 ")).expect("its row");
    assert!(row.contains("1760 at 10:00") && row.contains(&format!("  {lines}  ")), "{told}");
    assert!(told.contains("FOR 1 DAY "), "{told}");
}

#[test]
fn the_house_that_there_is() {
    let place = Place::new();
    let found = json(&place, "--calls-per-day 3000 --days 1 --lines 5 --operators 2");
    let (lines, callbacks) = (&found[0]["lines"], &found[0]["callbacks"]);
    assert_eq!((&lines["lines"], &callbacks["operators"]), (&5.into(), &2.into()));
    assert!(lines["blocked"].as_f64() > Some(0.3), "{lines}");
    let told = place.print("simulate --calls-per-day 3000 --days 1 --lines 5 --operators 2");
    assert!(told.contains("% with 5") && told.contains("% with 2"), "{told}");
}

#[test]
fn the_simulation_beside_the_formulas() {
    let place = Place::new();
    let found = json(&place, "--calls-per-day 2000 --days 4 --stationary");
    for what in ["blocked", "abandoned"] {
        let compared = &found[0][what];
        let share = |of: &Value| of.as_f64().expect("a share");
        let interval = &compared["interval"];
        let formula = share(&compared["formula"]);
        let holds = share(&interval["low"]) <= formula && formula <= share(&interval["high"]);
        assert!(holds, "{what}: {compared}");
    }
    let told = place.print("simulate --calls-per-day 2000 --days 1 --stationary");
    assert!(told.contains("ERLANG B") && told.contains("ERLANG A"), "{told}");
}

#[test]
fn what_cannot_be_simulated_is_refused() {
    let place = Place::new();
    place.fails("simulate --burst 3@10", "'--burst <3x@10:00+30m>': is no burst; write 3x@10:00");
    place.fails("simulate --hours 20:00-08:00", "write 08:00-20:00, or 00:00-24:00");
    place.fails("simulate --retries 1", "must be from 0 to 0.99; where all call again");
    place.fails("simulate --blocking 0", "write 0.01 for one in a hundred");
    place.fails("simulate --profile 1,2,3", "write 24 numbers");
    place.fails("simulate --bot-call 2d", "is no time");
    place.fails("simulate --bot-call 25h", "must be from 1s to 24h");
    place.fails("simulate --calls-per-day 9000000", "choose fewer --days");
    let told = place.print("simulate --calls-per-day 1000 --days 1 --sla 1h");
    assert!(told.contains("no number of them keeps the promise"), "{told}");
}
