//! What formulas say of a steady load: Erlang B (who finds no line is gone) and Erlang A (callers
//! wait, as long as their patience lasts).

/// Parts of the time that [`Live::answered_within`] integrates over; even, for Simpson's rule.
const INTEGRATION_STEPS: u32 = 200;
/// What [`inverse_series`] leaves out, as a share of the whole.
const PRECISION: f64 = 1e-15;

/// The share of calls turned away by `lines` lines when `erlangs` are offered: Erlang B
/// (A. K. Erlang, Solution of some problems in the theory of probabilities of significance in
/// automatic telephone exchanges, 1917). It depends on the mean duration of calls only.
pub fn blocking(erlangs: f64, lines: u32) -> f64 {
    (1..=lines).fold(1.0, |blocking, n| {
        let carried = erlangs * blocking;
        carried / (f64::from(n) + carried)
    })
}

/// The fewest lines that turn away at most the share `target`, above 0, of `erlangs`.
pub fn lines_for(erlangs: f64, target: f64) -> u32 {
    let (mut lines, mut blocking) = (0, 1.0);
    while blocking > target {
        lines += 1;
        blocking = erlangs * blocking / (f64::from(lines) + erlangs * blocking);
    }
    lines
}

/// Operators who answer calls as they come, callers waiting in order and hanging up when their
/// exponential patience ends: Erlang A, M/M/n+M (C. Palm 1946; O. Garnett, A. Mandelbaum,
/// M. Reiman, Designing a Call Center with Impatient Customers, 2002).
#[derive(Debug, Clone, Copy)]
pub struct Live {
    /// Calls a second; above 0.
    pub calls_per_s: f64,
    /// Mean duration of a call, seconds; above 0.
    pub call_s: f64,
    /// Mean patience of a caller, seconds; above 0.
    pub patience_s: f64,
    /// At work at once; at least 1.
    pub operators: u32,
}

impl Live {
    /// What is offered, in erlangs.
    fn erlangs(&self) -> f64 {
        self.calls_per_s * self.call_s
    }

    /// Calls a second that all operators together come to an end with.
    fn served_per_s(&self) -> f64 {
        f64::from(self.operators) / self.call_s
    }

    /// The article's 1/A(x, y), by which all else is written.
    fn inverse(&self) -> f64 {
        let patience_s = self.patience_s;
        inverse_series(self.served_per_s() * patience_s, self.calls_per_s * patience_s)
    }

    /// The share of callers who find every operator busy.
    pub fn waiting(&self) -> f64 {
        let (blocking, inverse) = (blocking(self.erlangs(), self.operators), self.inverse());
        blocking / (inverse + (1.0 - inverse) * blocking)
    }

    /// The share of callers who hang up before they are answered.
    pub fn abandoned(&self) -> f64 {
        let load = self.erlangs() / f64::from(self.operators);
        // Where nearly nobody waits, rounding could make it negative.
        let of_waiting = (self.inverse() / load + 1.0 - 1.0 / load).max(0.0);
        self.waiting() * of_waiting
    }

    /// The share of the operators' time spent on calls.
    pub fn occupancy(&self) -> f64 {
        self.erlangs() * (1.0 - self.abandoned()) / f64::from(self.operators)
    }

    /// The share of callers who are answered within `within_s` seconds.
    ///
    /// The wait of a caller with endless patience has the density
    /// `P(wait) n/call_s / A exp(calls_per_s patience_s (1 - exp(-t/patience_s)) - t n/call_s)`
    /// (F. Baccelli, G. Hebuterne, On queues with impatient customers, 1981); of those whose turn
    /// comes at `t`, the share `exp(-t/patience_s)` is still there.
    pub fn answered_within(&self, within_s: f64) -> f64 {
        let (served_per_s, inverse) = (self.served_per_s(), self.inverse());
        if inverse == 0.0 {
            return 1.0 - self.waiting();
        }
        let answered_at = |t: f64| {
            let gone = -(-t / self.patience_s).exp_m1();
            let more = self.calls_per_s * self.patience_s * gone - served_per_s * t;
            (inverse.ln() + more - t / self.patience_s).exp()
        };
        let step_s = within_s / f64::from(INTEGRATION_STEPS);
        let weighed = |i: u32| {
            let weight = match i {
                0 | INTEGRATION_STEPS => 1.0,
                _ if i % 2 == 1 => 4.0,
                _ => 2.0,
            };
            weight * answered_at(f64::from(i) * step_s)
        };
        let sum: f64 = (0..=INTEGRATION_STEPS).map(weighed).sum();
        1.0 - self.waiting() + self.waiting() * served_per_s * sum * step_s / 3.0
    }

    /// The fewest operators, whatever `operators` says, who answer the share `share` of the callers
    /// within `within_s` seconds.
    pub fn operators_for(&self, share: f64, within_s: f64) -> u32 {
        let enough = |operators| Live { operators, ..*self }.answered_within(within_s) >= share;
        fewest(self.erlangs() as u32, enough)
    }
}

/// The fewest, at least 1, that are `enough`; `guess` is where the search begins.
pub(super) fn fewest(guess: u32, mut enough: impl FnMut(u32) -> bool) -> u32 {
    let guess = guess.max(1);
    let (mut too_few, mut many, mut step) = (0, guess, 1);
    if enough(guess) {
        while many > step && enough(many - step) {
            many -= step;
            step *= 2;
        }
        too_few = many.saturating_sub(step);
    } else {
        while !enough(many) {
            too_few = many;
            many += step;
            step *= 2;
        }
    }
    while many - too_few > 1 {
        let middle = too_few + (many - too_few) / 2;
        if enough(middle) {
            many = middle;
        } else {
            too_few = middle;
        }
    }
    many
}

/// `1 / A(x, y)`, where `A(x, y) = 1 + y/(x+1) + y^2/((x+1)(x+2)) + ..`; 0 where A is too large for
/// a number.
fn inverse_series(x: f64, y: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 1.0, 0.0);
    loop {
        k += 1.0;
        term *= y / (x + k);
        sum += term;
        if !f64::is_finite(sum) {
            return 0.0;
        }
        // Terms grow until k is y - x, and fall from there on ever faster.
        if x + k > y && term < sum * PRECISION {
            return 1.0 / sum;
        }
    }
}
