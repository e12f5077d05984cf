//! How much a new caller can be asked: by the lines that are left, and by how late answers come.

use crate::dialogue::Form;
use std::time::Duration;

/// A form, the part of the lines that is left (one in so many) below which callers get it, and
/// the recogniser's queue from which on they do. A second's silence is what callers notice; after
/// `engine_ms_max`, four, the recogniser counts as lost.
const STEPS: [(Form, usize, Duration); 3] = [
    (Form::Number, 50, Duration::from_millis(1_200)),
    (Form::Keys, 20, Duration::from_millis(700)),
    (Form::Short, 10, Duration::from_millis(350)),
];

/// What a caller is asked when `left` of `calls_max` lines are free besides theirs, and streams
/// wait `queue` for the recogniser.
pub(super) fn form(left: usize, calls_max: usize, queue: Duration) -> Form {
    let step = STEPS.iter().find(|(_, one_in, long)| left < calls_max / one_in || queue >= *long);
    step.map_or(Form::Full, |(form, ..)| *form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fuller_the_less() {
        let check = |left: usize, calls_max: usize, queue_ms: u64, want: Form| {
            let got = form(left, calls_max, Duration::from_millis(queue_ms));
            assert_eq!(got, want, "{left} of {calls_max}, {queue_ms} ms");
        };
        check(59, 60, 0, Form::Full);
        check(6, 60, 0, Form::Full);
        check(5, 60, 0, Form::Short);
        check(2, 60, 0, Form::Keys);
        check(0, 60, 0, Form::Number);
        check(20, 201, 0, Form::Full);
        check(19, 201, 0, Form::Short);
        check(9, 201, 0, Form::Keys);
        check(3, 201, 0, Form::Number);
        // Of few lines none is kept for short calls.
        check(0, 4, 0, Form::Full);
        check(0, 1, 0, Form::Full);
        // However many lines there are, answers have to come.
        check(59, 60, 349, Form::Full);
        check(59, 60, 350, Form::Short);
        check(59, 60, 700, Form::Keys);
        check(59, 60, 1_200, Form::Number);
        check(2, 60, 350, Form::Keys);
    }
}
