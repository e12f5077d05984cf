//! A period's figures and callers' ratings.

use super::desk::{Desk, anna, hours, minutes, supervisor};
use super::{on_both, on_both_with};
use spillway::store::{ActError, AnsweredReport, StatisticsQuery};
use spillway::ticket::{
    Act, CallbackPolicy, Hours, HoursSpec, Policies, Priority, Refused, Statistics, StatisticsBy,
    StatisticsRow, TRIAL_BRANCH, TicketNumber, TicketStatus,
};
use std::sync::Arc;

async fn figures(desk: &Desk, by: StatisticsBy) -> Statistics {
    let query = StatisticsQuery { by, ..StatisticsQuery::default() };
    desk.store.statistics(&query, desk.now).await.expect("counted")
}

/// A whole call about `need`.
async fn call(desk: &mut Desk, n: u32, need: &str) -> TicketNumber {
    let number = desk.call(&format!("+8490100{n:04}"), &format!("Mary {n}"), need).await;
    let category = vec![("category".to_string(), need.to_string())];
    desk.tell(number, |t| t.slots[2].parts = category.clone()).await;
    number
}

/// Claims `number`, rings after `wait` and settles it five minutes later.
async fn settle(desk: &mut Desk, number: TicketNumber, wait: i64) {
    desk.at(minutes(wait));
    desk.does(number, Act::Claim, &anna()).await;
    desk.does(number, Act::Ring, &anna()).await;
    desk.at(minutes(5));
    desk.does(number, Act::Finish { disposition: "helped".into() }, &anna()).await;
}

fn row<'s>(statistics: &'s Statistics, key: &str) -> &'s StatisticsRow {
    let found = statistics.rows.iter().find(|r| r.key == key);
    found.unwrap_or_else(|| panic!("no {key} in {:?}", statistics.rows))
}

/// However they are grouped, the rows are parts of one whole.
async fn check_sums(desk: &Desk) {
    let whole = figures(desk, StatisticsBy::Need).await.total;
    for name in StatisticsBy::NAMES {
        let by = serde_json::from_value(name.into()).expect("a name");
        let statistics = figures(desk, by).await;
        assert_eq!(statistics.total, whole, "{name}");
        let sum = |figure: fn(&StatisticsRow) -> u64| statistics.rows.iter().map(figure).sum();
        let sums: [u64; 7] = [
            sum(|r| r.bot),
            sum(|r| r.done),
            sum(|r| r.open),
            sum(|r| r.merged),
            sum(|r| r.within_sla),
            sum(|r| r.ratings),
            sum(|r| r.bot_ratings),
        ];
        let want = [
            whole.bot,
            whole.done,
            whole.open,
            whole.merged,
            whole.within_sla,
            whole.ratings,
            whole.bot_ratings,
        ];
        assert_eq!(sums, want, "{name}");
    }
}

#[tokio::test]
async fn a_day_is_counted() {
    on_both(async |mut desk| {
        let food = call(&mut desk, 1, "FOOD").await;
        desk.tell(food, |t| t.rating = Some(4)).await;
        desk.hang_up(food).await;
        let slow = call(&mut desk, 2, "FOOD").await;
        desk.hang_up(slow).await;
        let fire = call(&mut desk, 3, "FIRE").await;
        desk.tell(fire, |t| t.priority = Priority::Emergency).await;
        desk.tell(fire, |t| t.facts = vec![("diversion".into(), "<sip:4001@pbx>".into())]).await;
        desk.hang_up(fire).await;
        let gone = call(&mut desk, 4, "FOOD").await;
        desk.tell(gone, |t| t.complete = false).await;
        desk.hang_up(gone).await;
        desk.does(gone, Act::Cancel, &supervisor()).await;
        let through = call(&mut desk, 5, "").await;
        desk.tell(through, |t| t.complete = false).await;
        desk.tell(through, |t| t.status = TicketStatus::Closed).await;
        let again = call(&mut desk, 2, "FOOD").await;
        desk.hang_up(again).await;
        assert_eq!(desk.callback(again).await.stage.name(), "merged");
        // Who tries the bot is no caller, whatever number they say.
        let trial = call(&mut desk, 2, "FOOD").await;
        desk.tell(trial, |t| t.facts = vec![("x-branch".into(), TRIAL_BRANCH.into())]).await;
        desk.hang_up(trial).await;
        assert_eq!(desk.callback(trial).await.stage.name(), "open");
        settle(&mut desk, food, 10).await;
        desk.does(fire, Act::Refer { office: "Ward 5".into() }, &supervisor()).await;
        settle(&mut desk, slow, 60 * 49).await;

        let needs = figures(&desk, StatisticsBy::Need).await;
        assert_eq!((needs.total.bot, needs.rows.len()), (0, 0), "nobody called today");
        let first_day = StatisticsQuery {
            from: Some("2026-03-02".parse().expect("a day")),
            to: Some("2026-03-03".parse().expect("a day")),
            ..StatisticsQuery::default()
        };
        let needs = desk.store.statistics(&first_day, desk.now).await.expect("counted");
        let t = &needs.total;
        assert_eq!([t.received, t.bot, t.partial, t.emergency, t.referred], [6, 6, 1, 1, 1]);
        assert_eq!([t.put_through, t.merged, t.done, t.cancelled, t.open], [1, 1, 2, 1, 1]);
        assert_eq!([t.overdue, t.within_sla, t.sla_of, t.unreached], [1, 1, 3, 0]);
        let waits = [t.callback_average_s, t.callback_median_s, t.callback_p95_s];
        let slow_s = (60 * 49 + 15) * 60;
        assert_eq!(waits, [Some((600 + slow_s) / 2), Some(600), Some(slow_s)]);
        assert_eq!((t.bot_ratings, t.bot_rating_average, t.answered), (1, Some(4.0), None));
        let keys: Vec<&str> = needs.rows.iter().map(|r| r.key.as_str()).collect();
        assert_eq!(keys, ["FOOD", "", "FIRE"], "from the most to the fewest");
        assert_eq!((row(&needs, "FOOD").done, row(&needs, "FIRE").overdue), (2, 1));

        let by = async |by| {
            let query = StatisticsQuery { by, ..first_day.clone() };
            desk.store.statistics(&query, desk.now).await.expect("counted")
        };
        assert_eq!(row(&by(StatisticsBy::Office).await, "Ward 5").emergency, 1);
        assert_eq!(row(&by(StatisticsBy::Branch).await, "4001").emergency, 1);
        assert_eq!(row(&by(StatisticsBy::Language).await, "en").bot, 6);
        assert_eq!(row(&by(StatisticsBy::Hour).await, "03").bot, 6);
        assert_eq!(row(&by(StatisticsBy::Day).await, "2026-03-02").bot, 6);
        let other = StatisticsQuery { hotline: Some("other".into()), ..first_day.clone() };
        assert_eq!(desk.store.statistics(&other, desk.now).await.expect("counted").total.bot, 0);
        let (from, to) = (first_day.to, first_day.from);
        let backwards = StatisticsQuery { from, to, ..first_day.clone() };
        let refused = desk.store.statistics(&backwards, desk.now).await.unwrap_err();
        assert!(refused.to_string().starts_with("to: is before `from`"), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn callers_rate_once_what_ended() {
    on_both(async |mut desk| {
        let number = call(&mut desk, 1, "FOOD").await;
        desk.hang_up(number).await;
        let early = desk.store.rate(number, 5, desk.now).await.unwrap_err();
        assert!(early.to_string().contains("open, so it takes no rate"), "{early}");
        settle(&mut desk, number, 10).await;
        assert!(desk.store.rate(number, 0, desk.now).await.is_err());
        assert_eq!(desk.store.rating(number).await.expect("read"), None);
        let rating = desk.store.rate(number, 2, desk.now).await.expect("rated");
        assert_eq!(desk.store.rating(number).await.expect("read"), Some(rating));
        let twice = desk.store.rate(number, 5, desk.now).await.unwrap_err();
        assert!(matches!(twice, ActError::Refused(Refused::Rated)), "{twice}");
        let nobody = desk.store.rate(TicketNumber(99), 5, desk.now).await.unwrap_err();
        assert!(matches!(nobody, ActError::NoSuchTicket(_)), "{nobody}");
        let total = figures(&desk, StatisticsBy::Need).await.total;
        assert_eq!((total.ratings, total.rating_average), (1, Some(2.0)));
        check_sums(&desk).await;
        desk.check_audit().await;
        let log = desk.store.events((0, 0), 100).await.expect("read");
        let rated = log.iter().find(|e| e.act == "rate").expect("in the log");
        assert_eq!((rated.actor.as_str(), rated.detail.as_str()), ("caller", "{\"score\":2}"));
    })
    .await;
}

/// A hotline in Prague, in the night its clocks are put forward.
fn prague() -> Arc<Policies> {
    let spec = HoursSpec { zone: Some("Europe/Prague".into()), ..HoursSpec::default() };
    let hours = Hours::new(&spec).expect("good hours");
    let policy = CallbackPolicy { hours, ..CallbackPolicy::default() };
    Arc::new(Policies::new([("demo".to_string(), Arc::new(policy))].into()))
}

#[tokio::test]
async fn hours_are_the_hotlines() {
    on_both_with(prague(), async |mut desk| {
        desk.now = "2026-03-28T22:50:00Z".parse().expect("a time");
        // 23:50, 00:50, 01:50, then 03:50.
        for n in 1..=4 {
            let number = call(&mut desk, n, "FOOD").await;
            desk.hang_up(number).await;
            desk.at(hours(1));
        }
        let query = |by| StatisticsQuery {
            from: Some("2026-03-28T23:00".parse().expect("a time")),
            hotline: Some("demo".into()),
            by,
            ..StatisticsQuery::default()
        };
        let report = |hour: &str, answered, abandoned| AnsweredReport {
            hotline: "demo".into(),
            hour: hour.parse().expect("a time"),
            answered,
            abandoned,
        };
        let store = &desk.store;
        for report in [
            report("2026-03-29T01:00:00Z", 7, 1),
            report("2026-03-29T01:00:00Z", 9, 2),
            report("2026-03-28T22:00:00Z", 5, 0),
            report("2026-03-28T21:00:00Z", 100, 100),
        ] {
            store.report_answered(&report).await.expect("kept");
        }
        let bad = report("2026-03-29T01:10:00Z", 7, 1);
        let refused = store.report_answered(&bad).await.unwrap_err();
        assert!(refused.to_string().starts_with("hour: "), "{refused}");

        let by = async |by| store.statistics(&query(by), desk.now).await.expect("counted");
        let all = by(StatisticsBy::Hour).await;
        assert_eq!(all.zone, "Europe/Prague");
        let got: Vec<_> =
            all.rows.iter().map(|r| (r.key.as_str(), r.bot, r.answered, r.received)).collect();
        let want = [("00", 1, None, 1), ("01", 1, None, 1), ("03", 1, Some(9), 10)];
        assert_eq!(got, [&want[..], &[("23", 1, Some(5), 6)]].concat());
        let days = by(StatisticsBy::Day).await;
        let got: Vec<_> = days.rows.iter().map(|r| (r.key.as_str(), r.bot, r.answered)).collect();
        assert_eq!(got, [("2026-03-28", 1, Some(5)), ("2026-03-29", 3, Some(9))]);
        let needs = by(StatisticsBy::Need).await;
        assert_eq!((needs.total.received, needs.total.abandoned), (18, Some(2)));
        assert_eq!((row(&needs, "FOOD").received, row(&needs, "FOOD").answered), (4, None));
    })
    .await;
}
