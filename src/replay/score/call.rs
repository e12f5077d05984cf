//! How one call went: what was asked and heard, how often, and how long the caller waited.

use crate::language::tokens;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a call went, as its journal tells it; nothing that was said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct CallScore {
    /// Times the caller began to speak.
    pub turns: u32,
    /// From the end of the caller's speech to the first sample of the answer, in milliseconds, one
    /// for each turn that was answered; none without a recording.
    pub gaps_ms: Vec<u64>,
    /// Times the caller was told that nothing was heard.
    pub no_inputs: u32,
    /// Times nothing could be made of an answer.
    pub not_understood: u32,
    /// Times the caller spoke over a prompt.
    pub barge_ins: u32,
    /// Times a prompt was cut and no word was heard.
    #[serde(default)]
    pub false_barge_ins: u32,
    /// Times the caller went on speaking after we had decided that the turn was over.
    #[serde(default)]
    pub cut_offs: u32,
    /// The form's slots, in its order.
    pub slots: Vec<SlotScore>,
}

/// How one slot was found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct SlotScore {
    /// Its name in the hotline's file.
    pub slot: String,
    /// Times the caller was asked whether it is right, the read-back of the whole aside.
    pub confirmations: u32,
    /// The right value's best place among the readings of an answer to its question, from 1; null
    /// where it was in none.
    pub rank: Option<u32>,
}

/// Whether two values of a slot are the same to a person: case, punctuation and spaces aside.
pub fn is_same_value(a: &str, b: &str) -> bool {
    tokens(a) == tokens(b)
}

#[cfg(test)]
mod tests {
    use super::is_same_value;

    #[test]
    fn values_that_a_person_would_call_the_same() {
        let check = |a, b, want| assert_eq!(is_same_value(a, b), want, "{a} {b}");
        check("12 Garden Street", "12 garden street", true);
        check("12 Garden  Street,", "12 Garden Street", true);
        check("Lê Lợi", "lê lợi", true);
        check("Lê Lợi", "Lê Lai", false);
        check("", "", true);
        check("", "Mary", false);
    }
}
