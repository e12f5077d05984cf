//! Made-up days: callers who are answered, turned away and call again, and operators who call back.

use super::demand::{DAY_S, Demand, HOUR_S};
use super::plan::Settings;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// One who calls, and what their call will be like wherever it is answered. Drawn beforehand: two
/// houses simulated with the same callers differ by nothing but the houses (common random numbers).
#[derive(Debug, Clone, Copy)]
struct Caller {
    /// The first attempt.
    at_ms: u64,
    /// How long they talk to the bot.
    bot_ms: u32,
    /// How long they talk to an operator.
    operator_ms: u32,
    /// How long they would wait for one.
    patience_ms: u32,
    /// Whether their call to the bot makes a ticket.
    leaves_ticket: bool,
    /// What their later attempts are drawn from.
    luck: u64,
}

/// All who call during some days.
pub struct Traffic {
    /// By the time of their first attempt.
    callers: Vec<Caller>,
    /// The hour whose attempts are counted, 0 to 23; `None`: all but the first of all hours.
    busy_hour: Option<u32>,
    hours: usize,
}

fn exponential(chance: &mut StdRng, mean: f64) -> f64 {
    // 1 - [0, 1) is never 0.
    -mean * (1.0 - chance.random::<f64>()).ln()
}

impl Traffic {
    /// Draws the callers of `days` days. Of `stationary` demand every hour counts.
    pub fn draw(demand: &Demand, settings: &Settings, stationary: bool) -> Traffic {
        let mut chance = StdRng::seed_from_u64(settings.seed);
        let mut callers = Vec::new();
        for (from_s, to_s, rate) in demand.stretches(0, settings.days * DAY_S) {
            if rate <= 0.0 {
                continue;
            }
            // The process has no memory, so each stretch may begin anew.
            let mut at_s = f64::from(from_s) + exponential(&mut chance, 1.0 / rate);
            while at_s < f64::from(to_s) {
                let mut ms = |mean_s: f64| (1e3 * exponential(&mut chance, mean_s)) as u32;
                let (bot_ms, operator_ms) = (ms(settings.bot_call_s), ms(settings.operator_call_s));
                let patience_ms = ms(settings.patience_s);
                let leaves_ticket = chance.random::<f64>() < settings.tickets;
                let (at_ms, luck) = ((1e3 * at_s) as u64, chance.random());
                callers.push(Caller {
                    at_ms,
                    bot_ms,
                    operator_ms,
                    patience_ms,
                    leaves_ticket,
                    luck,
                });
                at_s += exponential(&mut chance, 1.0 / rate);
            }
        }
        let busy_hour = (!stationary).then(|| demand.busy_hour());
        Traffic { callers, busy_hour, hours: 24 * settings.days as usize }
    }

    /// First attempts.
    pub fn callers(&self) -> usize {
        self.callers.len()
    }

    /// Which hour, from the first midnight on, counts an attempt at `at_ms`.
    fn counted_hour(&self, at_ms: u64) -> Option<usize> {
        let hour = (at_ms / 1_000 / u64::from(HOUR_S)) as usize;
        let counts = match self.busy_hour {
            Some(busy) => hour % 24 == busy as usize,
            // At the first midnight the house is empty.
            None => hour > 0,
        };
        (counts && hour < self.hours).then_some(hour)
    }
}

/// Lines or operators, each busy until some time.
struct Busy {
    ends_ms: BinaryHeap<Reverse<u64>>,
    most: usize,
}

impl Busy {
    fn new(most: u32) -> Busy {
        Busy { ends_ms: BinaryHeap::new(), most: most as usize }
    }

    /// Takes a free one for `ms`, if there is one. `at_ms` never goes back.
    fn take(&mut self, at_ms: u64, ms: u32) -> bool {
        while self.ends_ms.peek().is_some_and(|end| end.0 <= at_ms) {
            self.ends_ms.pop();
        }
        let free = self.ends_ms.len() < self.most;
        if free {
            self.ends_ms.push(Reverse(at_ms + u64::from(ms)));
        }
        free
    }

    /// When the first of them is free, if they are all busy; that one is then taken off.
    fn next_free(&mut self) -> Option<u64> {
        (self.ends_ms.len() >= self.most).then(|| self.ends_ms.pop()).flatten().map(|end| end.0)
    }
}

/// Attempts, or callers, and how many of them came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Count {
    /// All.
    pub all: u32,
    /// Turned away, or gone before they were answered.
    pub lost: u32,
}

/// The callback somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ticket {
    /// The caller's first attempt, from which promises count.
    pub since_ms: u64,
    /// When the bot's call ended.
    pub ready_ms: u64,
    /// How long the callback takes.
    pub operator_ms: u32,
}

/// What became of the callers. Every one of them was answered or is gone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Overflow {
    /// Answered by an operator at once.
    pub live: u32,
    /// Answered by the bot.
    pub bot: u32,
    /// Turned away, and did not call again.
    pub gone: u32,
    /// All attempts, first and later ones.
    pub attempts: u32,
    /// The attempts to reach the bot in each hour that counts, `lost` those it turned away.
    pub busy: Vec<Count>,
    /// In the order in which the bot's calls ended.
    pub tickets: Vec<Ticket>,
}

impl Overflow {
    /// The share of the attempts to reach the bot that were turned away, in the hours that count.
    pub fn blocking(&self) -> f64 {
        share(&self.busy)
    }
}

/// The share lost of all; 0 of none.
pub(super) fn share(counts: &[Count]) -> f64 {
    let sum = |of: fn(&Count) -> u32| counts.iter().map(|count| f64::from(of(count))).sum::<f64>();
    sum(|count| count.lost) / sum(|count| count.all).max(1.0)
}

/// The share of `waits_ms` within `promise_s` seconds; 1 of none.
pub(super) fn share_in_time(waits_ms: &[u64], promise_s: u32) -> f64 {
    let late = waits_ms.iter().filter(|wait_ms| **wait_ms > u64::from(promise_s) * 1_000);
    1.0 - late.count() as f64 / waits_ms.len().max(1) as f64
}

/// Lets `traffic` call a house with `lines` lines for the bot: a caller gets a free operator, else
/// a line, else is turned away and calls again, or does not.
pub fn overflow(traffic: &Traffic, settings: &Settings, lines: u32) -> Overflow {
    let mut operators = Busy::new(settings.operators_live);
    let mut lines = Busy::new(lines);
    let mut fresh = traffic.callers.iter().enumerate().map(|(i, c)| (c.at_ms, i, 0_u32)).peekable();
    let mut again: BinaryHeap<Reverse<(u64, usize, u32)>> = BinaryHeap::new();
    let mut hours = vec![Count::default(); traffic.hours];
    let mut found = Overflow::default();
    loop {
        let first = match (fresh.peek(), again.peek()) {
            (Some(fresh), Some(again)) => *fresh <= again.0,
            (fresh, _) => fresh.is_some(),
        };
        let next = if first { fresh.next() } else { again.pop().map(|again| again.0) };
        let Some((at_ms, index, attempt)) = next else { break };
        let caller = &traffic.callers[index];
        found.attempts += 1;
        if operators.take(at_ms, caller.operator_ms) {
            found.live += 1;
            continue;
        }
        let answered = lines.take(at_ms, caller.bot_ms);
        if let Some(hour) = traffic.counted_hour(at_ms) {
            hours[hour].all += 1;
            hours[hour].lost += u32::from(!answered);
        }
        if answered {
            found.bot += 1;
            if caller.leaves_ticket {
                let ready_ms = at_ms + u64::from(caller.bot_ms);
                let (since_ms, operator_ms) = (caller.at_ms, caller.operator_ms);
                found.tickets.push(Ticket { since_ms, ready_ms, operator_ms });
            }
            continue;
        }
        let mut luck = StdRng::seed_from_u64(caller.luck.wrapping_add(u64::from(attempt)));
        if luck.random::<f64>() < settings.retries {
            let later_ms = 1e3 * exponential(&mut luck, settings.retry_after_s);
            again.push(Reverse((at_ms + later_ms as u64, index, attempt + 1)));
        } else {
            found.gone += 1;
        }
    }
    found.busy = hours.into_iter().filter(|hour| hour.all > 0).collect();
    found.tickets.sort_by_key(|ticket| ticket.ready_ms);
    found
}

/// When operators call back, every day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hours {
    /// Seconds since midnight.
    pub opens_s: u32,
    /// Seconds since midnight, after `opens_s`; a callback begun before goes on.
    pub closes_s: u32,
}

impl Hours {
    /// How long they work each day, seconds.
    pub fn open_s(&self) -> u32 {
        self.closes_s - self.opens_s
    }

    /// `at_ms`, or when they begin next.
    pub(super) fn from(&self, at_ms: u64) -> u64 {
        let day_ms = u64::from(DAY_S) * 1_000;
        let (day, of_day_ms) = (at_ms / day_ms, at_ms % day_ms);
        let [opens_ms, closes_ms] = [self.opens_s, self.closes_s].map(|s| u64::from(s) * 1_000);
        match of_day_ms {
            early if early < opens_ms => day * day_ms + opens_ms,
            late if late >= closes_ms => (day + 1) * day_ms + opens_ms,
            _ => at_ms,
        }
    }
}

/// Lets `operators` operators call back until no ticket is left, the oldest first; how long each
/// caller waited for it from their first attempt on, in milliseconds, in order of the tickets.
pub fn call_back(tickets: &[Ticket], operators: u32, hours: Hours) -> Vec<u64> {
    let mut busy = Busy::new(operators);
    let called = |ticket: &Ticket| {
        let free_ms = busy.next_free().unwrap_or(0);
        let at_ms = hours.from(ticket.ready_ms.max(free_ms));
        busy.ends_ms.push(Reverse(at_ms + u64::from(ticket.operator_ms)));
        at_ms - ticket.since_ms
    };
    tickets.iter().map(called).collect()
}

/// Lets `operators` operators answer `traffic` as it comes, without a bot: callers wait in order
/// and hang up when their patience ends. The callers of each hour that counts, `lost` those who
/// hung up.
pub(super) fn answer_live(traffic: &Traffic, operators: u32) -> Vec<Count> {
    let mut busy = Busy::new(operators);
    let mut hours = vec![Count::default(); traffic.hours];
    for caller in &traffic.callers {
        let free_ms = busy.next_free();
        let at_ms = caller.at_ms.max(free_ms.unwrap_or(0));
        let hung_up = at_ms - caller.at_ms > u64::from(caller.patience_ms);
        if hung_up {
            // Nobody was taken: who is free first stays so.
            busy.ends_ms.extend(free_ms.map(Reverse));
        } else {
            busy.ends_ms.push(Reverse(at_ms + u64::from(caller.operator_ms)));
        }
        if let Some(hour) = traffic.counted_hour(caller.at_ms) {
            hours[hour].all += 1;
            hours[hour].lost += u32::from(hung_up);
        }
    }
    hours.into_iter().filter(|hour| hour.all > 0).collect()
}
