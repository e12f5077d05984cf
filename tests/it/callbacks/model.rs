//! Random operations on the queue, against a reference that knows the life cycle as one table.

use super::desk::{Desk, minutes};
use super::on_both;
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use spillway::ticket::{Act, Actor, Priority, TicketNumber};

/// Histories for each database.
const HISTORIES: u32 = 40;
const USERS: [&str; 3] = ["anna", "boris", "clara"];
/// The default policy, in its own words.
const LEASE_MIN: i64 = 10;
const RETRY_MIN: [i64; 2] = [30, 180];
const ATTEMPTS_MAX: usize = 3;

#[derive(Debug, Clone)]
enum Op {
    /// A whole call.
    Call(Priority),
    /// A user asks for the next ticket.
    Claim(usize),
    /// A user, or the supervisor, does something to some ticket.
    Act(usize, Option<usize>, Act),
    /// Time passes, then the clock does its work.
    Pass(i64),
}

fn op() -> impl Strategy<Value = Op> {
    let priority = prop_oneof![Just(Priority::Normal), Just(Priority::Emergency)];
    let act = prop_oneof![
        4 => Just(Act::Ring),
        3 => Just(Act::Miss),
        2 => Just(Act::Finish { disposition: "helped".into() }),
        2 => Just(Act::Claim),
        2 => Just(Act::Extend),
        1 => Just(Act::Release),
        1 => Just(Act::Refer { office: "Ward 5".into() }),
        1 => Just(Act::HandBack),
        1 => Just(Act::Cancel),
        1 => Just(Act::Reopen),
        1 => Just(Act::Lapse),
    ];
    prop_oneof![
        3 => priority.prop_map(Op::Call),
        6 => (0..USERS.len()).prop_map(Op::Claim),
        12 => (any::<usize>(), prop::option::weighted(0.8, 0..USERS.len()), act)
            .prop_map(|(ticket, user, act)| Op::Act(ticket, user, act)),
        3 => (1..45_i64).prop_map(Op::Pass),
    ]
}

#[derive(Debug, Clone, PartialEq)]
enum Place {
    Queue,
    With { user: String, until: Timestamp, ringing: bool },
    Later(Timestamp),
    Office,
    Ended(&'static str),
}

#[derive(Debug, Clone)]
struct Expected {
    number: TicketNumber,
    urgent: bool,
    place: Place,
    rung: usize,
}

impl Expected {
    /// Where `act` by `user` (`None`: the supervisor) leads; `None` where it is refused.
    fn after(&mut self, act: &Act, user: Option<&str>, now: Timestamp) -> Option<Place> {
        use Place::{Ended, Later, Office, Queue, With};
        let name = user.unwrap_or("sofia").to_string();
        let with = |ringing| With { user: name.clone(), until: now + minutes(LEASE_MIN), ringing };
        let (mine, over, ringing) = match &self.place {
            With { user, until, ringing } => (*user == name, *until <= now, *ringing),
            _ => (false, false, false),
        };
        let held = matches!(self.place, With { .. });
        let ended = matches!(self.place, Ended(_));
        Some(match (act.name(), &self.place) {
            ("claim", Queue) => with(false),
            ("claim", With { .. }) if mine || over => with(false),
            ("claim", Later(at)) if *at <= now => with(false),
            ("extend", With { .. }) if mine => with(ringing),
            ("release", With { .. }) if mine || user.is_none() => Queue,
            ("ring", With { ringing: false, .. }) if mine => {
                self.rung += 1;
                with(true)
            }
            ("miss", With { ringing: true, .. }) if mine => match self.rung {
                ATTEMPTS_MAX.. => Ended("unreached"),
                n => Later(now + minutes(RETRY_MIN[n.saturating_sub(1).min(1)])),
            },
            ("finish", With { .. }) if mine => Ended("done"),
            ("finish", Office) => Ended("done"),
            ("refer", _) if !ended && (!held || mine) => Office,
            ("hand_back", Office) => Queue,
            ("cancel", _) if !ended && (!held || mine) => Ended("cancelled"),
            ("reopen", Later(_) | Ended(_)) if user.is_none() => Queue,
            _ => return None,
        })
    }

    fn name(&self) -> &'static str {
        match self.place {
            Place::Queue => "open",
            Place::With { ringing: false, .. } => "claimed",
            Place::With { ringing: true, .. } => "calling",
            Place::Later(_) => "scheduled",
            Place::Office => "referred",
            Place::Ended(name) => name,
        }
    }
}

async fn history(desk: &mut Desk, ops: Vec<Op>) {
    let mut all: Vec<Expected> = Vec::new();
    for (i, op) in ops.into_iter().enumerate() {
        let told = format!("{}: operation {i}, {op:?}", desk.hotline);
        match op {
            Op::Call(priority) => {
                let from = format!("+8490{:07}", i);
                let number = desk.call(&from, "Mary Johnson", "FOOD").await;
                desk.tell(number, |t| t.priority = priority).await;
                desk.hang_up(number).await;
                let urgent = priority == Priority::Emergency;
                all.push(Expected { number, urgent, place: Place::Queue, rung: 0 });
            }
            Op::Claim(user) => {
                // Calls come in order of time, so the lowest number has waited longest.
                let waiting = all.iter_mut().filter(|t| t.place == Place::Queue);
                let next = waiting.min_by_key(|t| (!t.urgent, t.number));
                let claimed = desk.claim(&Actor::Operator(USERS[user].into())).await;
                assert_eq!(claimed, next.as_ref().map(|t| t.number), "{told}");
                if let Some(ticket) = next {
                    let place = ticket.after(&Act::Claim, Some(USERS[user]), desk.now);
                    ticket.place = place.expect("the model gives what waits");
                }
            }
            Op::Act(at, user, act) => {
                let Some(at) = at.checked_rem(all.len()) else { continue };
                let user = user.map(|u| USERS[u]);
                let by = match user {
                    Some(name) => Actor::Operator(name.into()),
                    None => Actor::Supervisor("sofia".into()),
                };
                let want = all[at].after(&act, user, desk.now);
                let got = desk.act(all[at].number, act, &by).await;
                assert_eq!(got.is_ok(), want.is_some(), "{told}: {got:?}, {:?}", all[at]);
                all[at].place = want.unwrap_or(all[at].place.clone());
            }
            Op::Pass(min) => {
                desk.at(minutes(min));
                while desk.sweep().await.more {}
                for ticket in &mut all {
                    let now = desk.now;
                    let due = match ticket.place {
                        Place::With { until, .. } => until <= now,
                        Place::Later(at) => at <= now,
                        _ => false,
                    };
                    if due {
                        ticket.place = Place::Queue;
                    }
                }
            }
        }
        for ticket in &all {
            let callback = desk.callback(ticket.number).await;
            let lease = callback.stage.lease().map(|l| (l.by.clone(), l.until));
            let want = match &ticket.place {
                Place::With { user, until, .. } => Some((user.clone(), *until)),
                _ => None,
            };
            let got = (callback.stage.name(), lease, callback.attempts.len());
            assert_eq!(got, (ticket.name(), want, ticket.rung), "{told}: ticket {ticket:?}");
            assert_eq!(callback.closed_at.is_some(), matches!(ticket.place, Place::Ended(_)));
        }
    }
}

#[tokio::test]
async fn any_history_goes_as_the_model_says() {
    on_both(async |desk| {
        let mut runner = TestRunner::new_with_rng(
            Config::default(),
            proptest::test_runner::TestRng::deterministic_rng(Default::default()),
        );
        for n in 0..HISTORIES {
            let ops = vec(op(), 1..80).new_tree(&mut runner).expect("a history").current();
            let mut desk = Desk::new(desk.store.clone());
            desk.hotline = format!("history-{n}");
            history(&mut desk, ops).await;
        }
    })
    .await;
}
