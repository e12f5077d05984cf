//! Who calls when: calls a day, spread over its hours, and bursts.

/// Seconds of a day.
pub const DAY_S: u32 = 24 * HOUR_S;
/// Seconds of an hour.
pub(super) const HOUR_S: u32 = 3_600;
/// Most first attempts in one simulation: 32 bytes of memory each.
pub const CALLS_MAX: f64 = 10e6;

/// How a day's calls are spread over its hours, from midnight on, in thousandths.
///
/// An assumption of ours, not a measurement: a line open day and night that people call in office
/// hours, most from 10 to 11 and again in the afternoon. The busiest hour has 11 % of the day;
/// 10 to 12 % is what one usually plans with. Who has calls to count has something better.
pub const PROFILE: [f64; 24] = [
    8.0, 5.0, 4.0, 4.0, 5.0, 9.0, 18.0, 40.0, 75.0, 100.0, 110.0, 92.0, 58.0, 70.0, 88.0, 80.0,
    66.0, 48.0, 36.0, 30.0, 24.0, 16.0, 9.0, 5.0,
];

/// For some time each day, calls come more densely.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burst {
    /// How many times as many.
    pub factor: f64,
    /// When it begins, seconds since midnight.
    pub at_s: u32,
    /// How long it lasts, seconds; at most a day.
    pub lasts_s: u32,
}

impl Burst {
    /// Whether it is on at `s` seconds since the first midnight; one may last beyond midnight.
    fn is_on(&self, s: u32) -> bool {
        let since_s = (s % DAY_S + DAY_S - self.at_s) % DAY_S;
        // Nobody has called before the first midnight.
        since_s < self.lasts_s && s >= since_s
    }
}

/// What a hotline is called by.
#[derive(Debug, Clone, PartialEq)]
pub struct Demand {
    /// First attempts on a day without bursts; above 0.
    pub calls_per_day: f64,
    /// The share of each hour in it, in any unit.
    pub profile: [f64; 24],
    /// What comes on top, every day.
    pub bursts: Vec<Burst>,
}

impl Demand {
    /// The same all the time, as in the busiest hour.
    pub fn stationary(&self) -> Demand {
        let calls_per_day = 24.0 * self.calls_of_hour(self.busy_hour());
        Demand { calls_per_day, profile: [1.0; 24], bursts: vec![] }
    }

    /// First attempts a second, `s` seconds after the first midnight.
    fn rate(&self, s: u32) -> f64 {
        let whole: f64 = self.profile.iter().sum();
        let share = self.profile[(s % DAY_S / HOUR_S) as usize] / whole;
        let bursts = self.bursts.iter().filter(|b| b.is_on(s)).map(|b| b.factor);
        self.calls_per_day * share / f64::from(HOUR_S) * bursts.product::<f64>()
    }

    /// Stretches of one rate during `s` seconds from `from_s` on: beginning, end, rate.
    pub(super) fn stretches(&self, from_s: u32, s: u32) -> Vec<(u32, u32, f64)> {
        let end_s = from_s + s;
        let mut edges = vec![from_s, end_s];
        for day_s in (from_s / DAY_S * DAY_S..end_s).step_by(DAY_S as usize) {
            edges.extend((0..24).map(|hour| day_s + hour * HOUR_S));
            for burst in &self.bursts {
                let at_s = day_s + burst.at_s;
                edges.extend([at_s, at_s + burst.lasts_s]);
                // Yesterday's may end today.
                edges.extend((at_s + burst.lasts_s).checked_sub(DAY_S));
            }
        }
        edges.retain(|edge_s| (from_s..=end_s).contains(edge_s));
        edges.sort_unstable();
        edges.dedup();
        edges.windows(2).map(|edge| (edge[0], edge[1], self.rate(edge[0]))).collect()
    }

    /// First attempts expected during `s` seconds from `from_s` on.
    pub fn calls_between(&self, from_s: u32, s: u32) -> f64 {
        let stretches = self.stretches(from_s, s);
        stretches.iter().map(|(from_s, to_s, rate)| f64::from(to_s - from_s) * rate).sum()
    }

    /// First attempts expected in the clock hour `hour`, 0 to 23, of any day but the first.
    pub fn calls_of_hour(&self, hour: u32) -> f64 {
        // A burst of the first day may reach into the second, and none comes before the first.
        self.calls_between(DAY_S + hour * HOUR_S, HOUR_S)
    }

    /// The clock hour, 0 to 23, with the most calls; of equals the first.
    pub fn busy_hour(&self) -> u32 {
        let calls = |hour| self.calls_of_hour(hour);
        (1..24).fold(0, |busiest, hour| if calls(hour) > calls(busiest) { hour } else { busiest })
    }
}
